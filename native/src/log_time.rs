//! The time of an access log's line, as `calltally.ingest.decoders.log_time` reads it.

use std::ops::RangeInclusive;

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS_IN_MONTH: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Years that stay within range with any offset.
const YEARS: RangeInclusive<i64> = 2..=9998;
const MINUTES_PER_DAY: i64 = 24 * 60;

const MINUTE: usize = "10/Oct/2000:13:55".len();
const ZONE: usize = " -0700".len();

/// The length of a logged time: `10/Oct/2000:13:55:36 -0700`.
pub const LOGGED: usize = MINUTE + ":36".len() + ZONE;
/// The length of an instant: `2000-10-10T20:55:36Z`.
pub const INSTANT: usize = UTC_MINUTE + ":36Z".len();
const UTC_MINUTE: usize = "2000-10-10T20:55".len();

/// Converts logged times to instants in UTC; consecutive ones of the same minute are faster.
pub struct LogTimes {
    minute: [u8; MINUTE],
    zone: [u8; ZONE],
    utc: [u8; UTC_MINUTE],
}

impl Default for LogTimes {
    fn default() -> Self {
        LogTimes { minute: *b"01/Jan/1970:00:00", zone: *b" +0000", utc: *b"1970-01-01T00:00" }
    }
}

impl LogTimes {
    /// The instant of a logged time; None if it is invalid, and for the first and the last year.
    #[inline]
    pub fn instant(&mut self, logged: &[u8; LOGGED]) -> Option<[u8; INSTANT]> {
        let (minute, rest) = logged.split_first_chunk::<MINUTE>()?;
        let (&[colon, tens, ones], rest) = rest.split_first_chunk::<3>()?;
        let zone = rest.first_chunk::<ZONE>()?;
        let second = number(&[tens, ones])?;
        if colon != b':' {
            return None;
        }
        if *minute != self.minute || *zone != self.zone {
            self.utc = utc_minute(minute, zone)?;
            (self.minute, self.zone) = (*minute, *zone);
        }
        if second > 59 && !self.is_leap_second(second) {
            return None;
        }
        let mut instant = *b"0000-00-00T00:00:00Z";
        instant[..UTC_MINUTE].copy_from_slice(&self.utc);
        (instant[UTC_MINUTE + 1], instant[UTC_MINUTE + 2]) = (tens, ones);
        Some(instant)
    }

    /// Whether a second of 60 is valid for `instant::Instants`.
    #[cold]
    fn is_leap_second(&self, second: i64) -> bool {
        second == 60 && self.utc.ends_with(b"T23:59")
    }
}

fn utc_minute(logged: &[u8; MINUTE], zone: &[u8; ZONE]) -> Option<[u8; UTC_MINUTE]> {
    let [d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', h1, h2, b':', n1, n2] = *logged else {
        return None;
    };
    let [b' ', sign @ (b'+' | b'-'), o1, o2, o3, o4] = *zone else {
        return None;
    };
    let month = MONTHS.iter().position(|name| **name == [m1, m2, m3])? as i64 + 1;
    let (day, year) = (number(&[d1, d2])?, number(&[y1, y2, y3, y4])?);
    let (hour, minute) = (number(&[h1, h2])?, number(&[n1, n2])?);
    let (offset_hours, offset_minutes) = (number(&[o1, o2])?, number(&[o3, o4])?);
    let days = days_in_month(year, month);
    if !YEARS.contains(&year) || !(1..=days).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    if offset_hours > 23 || offset_minutes > 59 {
        return None;
    }
    let offset = offset_hours * 60 + offset_minutes;
    let of_day = hour * 60 + minute - if sign == b'-' { -offset } else { offset };
    let (year, month, day) = match of_day.div_euclid(MINUTES_PER_DAY) {
        -1 => day_before(year, month, day),
        1 => day_after(year, month, day),
        _ => (year, month, day),
    };
    Some(written(year, month, day, of_day.rem_euclid(MINUTES_PER_DAY)))
}

fn written(year: i64, month: i64, day: i64, of_day: i64) -> [u8; UTC_MINUTE] {
    let mut text = *b"0000-00-00T00:00";
    let parts =
        [(0, year / 100), (2, year % 100), (5, month), (8, day), (11, of_day / 60), (14, of_day % 60)];
    for (at, part) in parts {
        (text[at], text[at + 1]) = (b'0' + (part / 10) as u8, b'0' + (part % 10) as u8);
    }
    text
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    DAYS_IN_MONTH[(month - 1) as usize] + i64::from(month == 2 && leap)
}

fn day_before(year: i64, month: i64, day: i64) -> (i64, i64, i64) {
    match (month, day) {
        (1, 1) => (year - 1, 12, 31),
        (_, 1) => (year, month - 1, days_in_month(year, month - 1)),
        _ => (year, month, day - 1),
    }
}

fn day_after(year: i64, month: i64, day: i64) -> (i64, i64, i64) {
    match (month, day == days_in_month(year, month)) {
        (12, true) => (year + 1, 1, 1),
        (_, true) => (year, month + 1, 1),
        _ => (year, month, day + 1),
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| value * 10 + i64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(logged: &str) -> Option<String> {
        let logged = logged.as_bytes().try_into().unwrap();
        LogTimes::default().instant(logged).map(|instant| String::from_utf8(instant.to_vec()).unwrap())
    }

    #[test]
    fn a_logged_time_is_an_instant_in_utc() {
        for (logged, expected) in [
            ("10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"),
            ("01/Jan/2026:00:10:59 +0530", "2025-12-31T18:40:59Z"),
            ("29/Feb/2024:23:59:59 +0000", "2024-02-29T23:59:59Z"),
            ("28/Feb/2024:23:59:59 -0001", "2024-02-29T00:00:59Z"),
            ("28/Feb/2023:23:59:59 -0001", "2023-03-01T00:00:59Z"),
            ("01/Mar/2000:00:00:00 +2359", "2000-02-29T00:01:00Z"),
            ("31/Dec/2025:22:00:00 -0330", "2026-01-01T01:30:00Z"),
            ("01/Jan/1970:00:00:07 +0000", "1970-01-01T00:00:07Z"),
            ("31/Dec/2016:15:59:60 -0800", "2016-12-31T23:59:60Z"),
        ] {
            assert_eq!(instant(logged).as_deref(), Some(expected), "{logged}");
        }
    }

    #[test]
    fn what_no_calendar_or_clock_shows_is_none() {
        for logged in [
            "31/Feb/2026:00:00:00 +0000",
            "29/Feb/2100:00:00:00 +0000",
            "00/Jan/2026:00:00:00 +0000",
            "10/Okt/2026:00:00:00 +0000",
            "10/Oct/2026:24:00:00 +0000",
            "10/Oct/2026:00:60:00 +0000",
            "31/Dec/2016:23:59:61 +0000",
            "31/Dec/2016:23:59:60 +0100",
            "10/Oct/2026:00:00:00 +2400",
            "10/Oct/2026:00:00:00 +0060",
            "10/Oct/2026:00:00:00 *0000",
            "10/Oct/2026:00:00:00:+0000",
            "10/Oct/2026:00:00.00 +0000",
            "10-Oct/2026:00:00:00 +0000",
            "1a/Oct/2026:00:00:00 +0000",
            "10/Oct/0001:00:00:00 +0000",
            "10/Oct/9999:00:00:00 +0000",
        ] {
            assert_eq!(instant(logged), None, "{logged}");
        }
    }

    #[test]
    fn a_broken_time_leaves_the_minute_before_known() {
        let mut times = LogTimes::default();
        let mut instant = |logged: &[u8; LOGGED]| times.instant(logged);
        assert_eq!(instant(b"10/Oct/2000:13:55:36 -0700"), Some(*b"2000-10-10T20:55:36Z"));
        assert_eq!(instant(b"10/Oct/2000:13:55:36 -0760"), None);
        assert_eq!(instant(b"10/Oct/2000:13:55:37 -0700"), Some(*b"2000-10-10T20:55:37Z"));
        assert_eq!(instant(b"10/Oct/2000:13:55:37 +0700"), Some(*b"2000-10-10T06:55:37Z"));
    }
}
