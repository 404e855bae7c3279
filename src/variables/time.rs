//! Calendar time in UTC from milliseconds of the Unix epoch.

use std::fmt;

/// A moment in the proleptic Gregorian calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: i64,
    /// From 1.
    pub(crate) day: i64,
    /// From 1, which is Sunday.
    pub(crate) day_of_week: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) millisecond: i64,
}

/// The calendar moment of a time in milliseconds.
pub(crate) fn civil(ms: i64) -> Civil {
    let days = ms.div_euclid(86_400_000);
    let rest = ms.rem_euclid(86_400_000);
    // Days are counted from 1 March of year 0, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
        day_of_week: (days + 4).rem_euclid(7) + 1,
        hour: rest / 3_600_000,
        minute: rest / 60_000 % 60,
        second: rest / 1_000 % 60,
        millisecond: rest % 1_000,
    }
}

/// Days of the Unix epoch of a date; nothing when there is no such day.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    // A day too many would be one of the next month.
    let at = civil(days * 86_400_000);
    ((at.year, at.month, at.day) == (year, month, day)).then_some(days)
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl fmt::Display for Civil {
    /// As the vendors' runtime prints times, without the zone: `Wed, 02 Jan 2026 03:04:05`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |names: &[&'static str], at: i64| {
            usize::try_from(at - 1).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
        };
        write!(
            f,
            "{}, {:02} {} {} {:02}:{:02}:{:02}",
            name(&DAYS, self.day_of_week),
            self.day,
            name(&MONTHS, self.month),
            self.year,
            self.hour,
            self.minute,
            self.second
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(civil(0).to_string(), "Thu, 01 Jan 1970 00:00:00");
        assert_eq!(civil(951_782_400_000).to_string(), "Tue, 29 Feb 2000 00:00:00");
        assert_eq!(civil(-1).to_string(), "Wed, 31 Dec 1969 23:59:59");
        assert_eq!(civil(1_767_323_045_678).millisecond, 678);
        assert_eq!(days_from_civil(2000, 2, 29), Some(951_782_400 / 86_400));
        assert_eq!((days_from_civil(1970, 1, 1), days_from_civil(1969, 12, 31)), (Some(0), Some(-1)));
        assert_eq!((days_from_civil(2001, 2, 29), days_from_civil(2001, 13, 1)), (None, None));
    }
}
