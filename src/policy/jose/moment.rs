//! Durations and dates as the JWT policies write them.

use crate::variables::days_from_civil;

/// Milliseconds of a text such as `10s`, `60m`, `12h`, `5d` or `100ms`; `bare` is what a number without unit counts.
pub(crate) fn duration(text: &str, bare: i64) -> Option<i64> {
    let text = text.trim();
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let factor = match unit.trim() {
        "" => bare,
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

/// Milliseconds of the Unix epoch of a date: ISO 8601, RFC 1123, RFC 850 or as ANSI C prints it.
pub(crate) fn date(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return iso(text);
    }
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let (day, time, zone) = match *words.as_slice() {
        [_, day, month, year, time, zone] => (day_of(year, month, day)?, time, zone),
        [_, date, time, zone] => {
            let mut parts = date.split('-');
            let (day, month, year, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
                return None;
            };
            (day_of(year, month, day)?, time, zone)
        }
        [_, month, day, time, year] => (day_of(year, month, day)?, time, "UTC"),
        _ => return None,
    };
    let ms = time_of_day(time)?;
    Some(day * 86_400_000 + ms - offset(zone)?)
}

fn iso(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', ' '])?;
    let mut parts = date.split('-');
    let (year, month, day, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let day = days_from_civil(number(year)?, number(month)?, number(day)?)?;
    let end = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(end)?;
    Some(day * 86_400_000 + time_of_day(time)? - offset(if zone.is_empty() { "Z" } else { zone })?)
}

fn number(digits: &str) -> Option<i64> {
    (digits.len() <= 4 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

fn day_of(year: &str, month: &str, day: &str) -> Option<i64> {
    const MONTHS: &str = "janfebmaraprmayjunjulaugsepoctnovdec";
    let month = month.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.find(&month).filter(|at| at % 3 == 0)?;
    let year = match (number(year)?, year.len()) {
        // Of the 1900s are those that RFC 850 could not mean to be to come.
        (year, 2) => year + if year < 70 { 2_000 } else { 1_900 },
        (year, _) => year,
    };
    days_from_civil(year, i64::try_from(month / 3).ok()? + 1, number(day)?)
}

fn time_of_day(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (second, None) = (parts.next().map_or(Some(0), number)?, parts.next()) else { return None };
    if hour > 23 || minute > 59 || second > 60 || fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let millis: String = fraction.chars().chain("00".chars()).take(3).collect();
    Some(((hour * 60 + minute) * 60 + second) * 1_000 + millis.parse::<i64>().ok()?)
}

/// Milliseconds a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    const HOUR: i64 = 3_600_000;
    Some(match zone {
        "Z" | "UTC" | "GMT" => 0,
        "EDT" => -4 * HOUR,
        "EST" | "CDT" => -5 * HOUR,
        "CST" | "MDT" => -6 * HOUR,
        "MST" | "PDT" => -7 * HOUR,
        "PST" => -8 * HOUR,
        _ => {
            let sign = match zone.get(..1)? {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            let digits = zone.get(1..)?.replace(':', "");
            let (hours, minutes) = (number(digits.get(..2)?)?, number(digits.get(2..)?)?);
            if digits.len() != 4 || hours > 14 || minutes > 59 {
                return None;
            }
            sign * (hours * HOUR + minutes * 60_000)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, want) in [
            ("10s", Some(10_000)),
            ("60m", Some(3_600_000)),
            ("1h", Some(3_600_000)),
            ("2d", Some(172_800_000)),
            ("100ms", Some(100)),
            ("7", Some(7_000)),
            ("", None),
            ("s", None),
            ("-1s", None),
            ("1w", None),
            ("99999999999999999999s", None),
            ("9223372036854775807d", None),
        ] {
            assert_eq!(duration(text, 1_000), want, "{text}");
        }
    }

    #[test]
    fn dates_of_every_listed_format_are_the_same() {
        for text in [
            "2017-08-14T11:00:21-07:00",
            "2017-08-14T18:00:21Z",
            "2017-08-14T18:00:21.000Z",
            "2017-08-14 18:00:21",
            "Mon, 14 Aug 2017 11:00:21 PDT",
            "Monday, 14-Aug-17 11:00:21 PDT",
            "Mon Aug 14 18:00:21 2017",
        ] {
            assert_eq!(date(text), Some(1_502_733_621_000), "{text}");
        }
        for text in
            ["", "soon", "2017-02-30T00:00:00Z", "2017-08-14T25:00:00Z", "2017-08-14", "Mon, 14 Aug 2017 11:00:21 X"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9]{0,5}[-: T,]?[A-Za-z0-9:.,+ -]{0,30}") {
            let _ = (date(&text), duration(&text, 1), date(&near), duration(&near, 1));
        }
    }
}
