//! Time in the notation of `java.text.SimpleDateFormat`, in UTC and English.
//!
//! `timeFormat` and `timeFormatMs` gave the gateway's local time once; the vendor calls that deprecated and says UTC now.

use super::{Prepare, Prepared};
use crate::template::render::{Call, Output, RenderError};

/// The format is the first argument.
pub(super) const CONSTANT: (usize, Prepare) = (0, |text, _, _| Ok(Prepared::Time(Format::parse(text)?)));

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// `timeFormat(format,seconds)` and `timeFormatUTC(format,seconds)`.
pub(super) fn format_seconds(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    format(call, 1_000, out)
}

/// `timeFormatMs(format,milliseconds)` and `timeFormatUTCMs(format,milliseconds)`.
pub(super) fn format_millis(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    format(call, 1, out)
}

fn format(call: &Call<'_>, unit: i64, out: &mut Output) -> Result<(), RenderError> {
    let time = call.integer(1)?.unwrap_or(0).checked_mul(unit).ok_or_else(|| call.fail("the time is out of range"))?;
    match call.prepared() {
        Some(Prepared::Time(format)) => format.write(time, out),
        _ => Format::parse(call.text(0)).map_err(|problem| call.fail(problem))?.write(time, out),
    }
}

/// A parsed format.
#[derive(Debug, PartialEq)]
pub(in crate::template) struct Format(Vec<Item>);

#[derive(Debug, PartialEq)]
enum Item {
    Literal(char),
    /// A letter and how often it is repeated.
    Field(char, usize),
}

impl Format {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut items = Vec::new();
        let mut quoted = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '\'' {
                if chars.next_if_eq(&'\'').is_some() {
                    items.push(Item::Literal('\''));
                } else {
                    quoted = !quoted;
                }
            } else if quoted || !c.is_ascii_alphabetic() {
                items.push(Item::Literal(c));
            } else if "GyYMLwWDdFEuaHkKhmsSzZX".contains(c) {
                let mut count = 1;
                while chars.next_if_eq(&c).is_some() {
                    count += 1;
                }
                if c == 'X' && count > 3 {
                    return Err("a time format repeats `X` more than three times");
                }
                items.push(Item::Field(c, count));
            } else {
                return Err("a time format has a letter that stands for nothing");
            }
        }
        if quoted { Err("a time format has an unclosed quote") } else { Ok(Self(items)) }
    }

    fn write(&self, millis: i64, out: &mut Output) -> Result<(), RenderError> {
        let date = Date::of(millis.div_euclid(86_400_000));
        let time = millis.rem_euclid(86_400_000);
        let hour = time / 3_600_000;
        // From one to twelve, or from one to twenty-four, where others count from zero.
        let from_one = |n: i64, most: i64| if n == 0 { most } else { n };
        let short = |name: &'static str| name.get(..3).unwrap_or(name);
        for item in &self.0 {
            let (letter, count) = match *item {
                Item::Literal(c) => {
                    out.push(c)?;
                    continue;
                }
                Item::Field(letter, count) => (letter, count),
            };
            match letter {
                'G' => out.push_str(if date.year > 0 { "AD" } else { "BC" })?,
                'y' | 'Y' => {
                    let year = if letter == 'y' { date.year } else { date.week().0 };
                    let year = if year > 0 { year } else { 1 - year };
                    pad(if count == 2 { year % 100 } else { year }, count, out)?;
                }
                'M' | 'L' if count > 2 => {
                    let name = usize::try_from(date.month - 1).ok().and_then(|at| MONTHS.get(at)).unwrap_or(&"");
                    out.push_str(if count == 3 { short(name) } else { name })?;
                }
                'M' | 'L' => pad(date.month, count, out)?,
                'w' => pad(date.week().1, count, out)?,
                'W' => pad(week_of(date.day, date.weekday), count, out)?,
                'D' => pad(date.day_of_year, count, out)?,
                'd' => pad(date.day, count, out)?,
                'F' => pad((date.day - 1) / 7 + 1, count, out)?,
                'E' => {
                    let name = usize::try_from(date.weekday).ok().and_then(|at| DAYS.get(at)).unwrap_or(&"");
                    out.push_str(if count > 3 { name } else { short(name) })?;
                }
                'u' => pad(from_one(date.weekday, 7), count, out)?,
                'a' => out.push_str(if hour < 12 { "AM" } else { "PM" })?,
                'H' => pad(hour, count, out)?,
                'k' => pad(from_one(hour, 24), count, out)?,
                'K' => pad(hour % 12, count, out)?,
                'h' => pad(from_one(hour % 12, 12), count, out)?,
                'm' => pad(time / 60_000 % 60, count, out)?,
                's' => pad(time / 1_000 % 60, count, out)?,
                'S' => pad(time % 1_000, count, out)?,
                'z' => out.push_str(if count > 3 { "Coordinated Universal Time" } else { "UTC" })?,
                'Z' => out.push_str("+0000")?,
                _ => out.push('Z')?,
            }
        }
        Ok(())
    }
}

/// A number with leading zeros.
fn pad(number: i64, width: usize, out: &mut Output) -> Result<(), RenderError> {
    let digits = number.to_string();
    for _ in digits.len()..width {
        out.push('0')?;
    }
    out.push_str(&digits)
}

/// A day of the Gregorian calendar, which here reaches back without end; the vendors' platform goes over to the Julian
/// calendar before October 1582.
struct Date {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: i64,
    /// Sunday is zero.
    weekday: i64,
}

impl Date {
    /// The date of a day counted from 1970; years are taken to begin in March, so that a leap day is a year's last.
    fn of(days: i64) -> Self {
        let shifted = days + 719_468;
        let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let march_day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * march_day + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let leap = i64::from(is_leap(year));
        let day_of_year = if month <= 2 { march_day - 305 } else { march_day + 60 + leap };
        let day = march_day - (153 * march_month + 2) / 5 + 1;
        Self { year, month, day, day_of_year, weekday: (days + 4).rem_euclid(7) }
    }

    /// Week year and week; weeks begin on Sunday, and the first week of a year is the one with its first day.
    fn week(&self) -> (i64, i64) {
        if self.day_of_year + 6 - self.weekday > 365 + i64::from(is_leap(self.year)) {
            return (self.year + 1, 1);
        }
        (self.year, week_of(self.day_of_year, self.weekday))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The week of a day of a month or year, counted from the week with its first day.
fn week_of(day: i64, weekday: i64) -> i64 {
    let first = (weekday - (day - 1)).rem_euclid(7);
    (day - 1 + first) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(format: &str, millis: i64) -> String {
        let mut out = Output::new(1_000, 1_000);
        Format::parse(format).unwrap().write(millis, &mut out).unwrap();
        out.into_text()
    }

    #[test]
    fn letters() {
        let time = 1_494_390_266_007;
        assert_eq!(at("G y yy yyy yyyy yyyyy YYYY", time), "AD 2017 17 2017 2017 02017 2017");
        assert_eq!(at("M MM MMM MMMM L LLLL d dd D DDD F", time), "5 05 May May 5 May 10 10 130 130 2");
        assert_eq!(at("E EEE EEEE u w ww W", time), "Wed Wed Wednesday 3 19 19 2");
        assert_eq!(at("H HH k K KK h hh a m mm s S SSS SSSSS", time), "4 04 4 4 04 4 04 AM 24 24 26 7 007 00007");
        assert_eq!(at("z zzzz Z X XX XXX", time), "UTC Coordinated Universal Time +0000 Z Z Z");
        assert_eq!(at("H k K h a", 0), "0 24 0 12 AM");
        assert_eq!(at("H k K h a", 43_200_000), "12 12 0 12 PM");
        assert_eq!(at("yyyy-MM-dd'T'HH:mm:ss.SSS'o''clock' ''", -1), "1969-12-31T23:59:59.999o'clock '");
    }

    #[test]
    fn weeks_at_the_turn_of_a_year() {
        // 31 December 2017 is the Sunday that begins the week of 1 January 2018.
        assert_eq!(at("YYYY w", 1_514_678_400_000), "2018 1");
        assert_eq!(at("YYYY w", 1_514_592_000_000), "2017 52");
        // 31 December 2016 is a Saturday.
        assert_eq!(at("YYYY w", 1_483_142_400_000), "2016 53");
        assert_eq!(at("yyyy G", i64::MIN), "292275056 BC");
        assert_eq!(at("yyyy G", i64::MAX), "292278994 AD");
    }

    #[test]
    fn bad_formats() {
        for format in ["b", "'", "yyyy'", "XXXX", "''' "] {
            assert!(Format::parse(format).is_err(), "{format}");
        }
    }

    #[test]
    fn every_day_of_eight_centuries() {
        let lengths = |year| [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        // 1 January 1600 was a Saturday.
        let (mut day, mut weekday) = (-135_140, 6);
        for year in 1600..2400 {
            let mut day_of_year = 1;
            for (month, length) in (1..).zip(lengths(year)) {
                for of_month in 1..=length {
                    let date = Date::of(day);
                    assert_eq!((date.year, date.month, date.day), (year, month, of_month));
                    assert_eq!((date.day_of_year, date.weekday), (day_of_year, weekday));
                    (day, weekday, day_of_year) = (day + 1, (weekday + 1) % 7, day_of_year + 1);
                }
            }
        }
    }
}
