//! RFC 3339 instants to whole milliseconds since 1970, as `instants.parse_instant` reads them.

const DAYS_IN_MONTH: [i64; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MINUTE_LENGTH: usize = "2026-03-01T10:15".len();
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// Parses instants; consecutive ones of the same minute are faster.
pub struct Instants {
    minute: [u8; MINUTE_LENGTH],
    minute_ms: i64,
}

impl Default for Instants {
    fn default() -> Self {
        Instants { minute: *b"1970-01-01T00:00", minute_ms: 0 }
    }
}

impl Instants {
    /// Milliseconds since 1970, finer digits truncated; None if it is not an instant.
    pub fn parse(&mut self, text: &[u8]) -> Option<i64> {
        let minute = text.first_chunk::<MINUTE_LENGTH>()?;
        let rest = &text[MINUTE_LENGTH..];
        if *minute != self.minute {
            self.minute_ms = parse_minute(minute)?;
            self.minute = *minute;
        }
        let Some((&[b':', tens, ones], rest)) = rest.split_first_chunk::<3>() else {
            return self.without_seconds(rest);
        };
        let second = two_digits(tens, ones)?;
        let (fraction, zone) = parse_fraction(rest)?;
        let minute_ms = self.minute_ms - parse_offset(zone)?;
        if second > 59 {
            return leap_second(minute_ms, second);
        }
        Some(minute_ms + second * 1000 + fraction)
    }

    #[cold]
    fn without_seconds(&self, zone: &[u8]) -> Option<i64> {
        Some(self.minute_ms - parse_offset(zone)?)
    }
}

/// 23:59:60 in UTC is the last millisecond before its end; nothing else is a leap second.
#[cold]
fn leap_second(minute_ms: i64, second: i64) -> Option<i64> {
    let end = minute_ms + MINUTE_MS;
    (second == 60 && end % DAY_MS == 0).then_some(end - 1)
}

fn parse_minute(text: &[u8; MINUTE_LENGTH]) -> Option<i64> {
    let [y1, y2, y3, y4, dash1, m1, m2, dash2, d1, d2, t, h1, h2, colon, n1, n2] = *text;
    if dash1 != b'-' || dash2 != b'-' || colon != b':' || !matches!(t, b'T' | b't' | b' ') {
        return None;
    }
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let (month, day) = (two_digits(m1, m2)?, two_digits(d1, d2)?);
    let (hour, minute) = (two_digits(h1, h2)?, two_digits(n1, n2)?);
    if year < 1 || !(1..=12).contains(&month) || hour > 23 || minute > 59 {
        return None;
    }
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last_day = DAYS_IN_MONTH[month as usize] + i64::from(month == 2 && leap);
    if !(1..=last_day).contains(&day) {
        return None;
    }
    // Days since 1970, counting years from March so that the leap day comes last.
    let shifted = year - i64::from(month <= 2);
    let era_days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400;
    let days = era_days + (153 * ((month + 9) % 12) + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * MINUTE_MS)
}

/// Milliseconds, and the rest after the fraction.
fn parse_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', digits)) = text.split_first() else {
        return Some((0, text));
    };
    let length = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    if length == 0 {
        return None;
    }
    let digit = |index: usize| {
        if index < length { i64::from(digits[index] - b'0') } else { 0 }
    };
    Some((digit(0) * 100 + digit(1) * 10 + digit(2), &digits[length..]))
}

fn parse_offset(text: &[u8]) -> Option<i64> {
    match *text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two_digits(h1, h2)?, two_digits(m1, m2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = (hours * 60 + minutes) * MINUTE_MS;
            Some(if sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
}

#[cfg(test)]
mod tests {
    use super::Instants;

    fn parse(text: &str) -> Option<i64> {
        Instants::default().parse(text.as_bytes())
    }

    #[test]
    fn an_instant_is_its_milliseconds_since_1970() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("1969-12-31T23:59:59.999Z"), Some(-1));
        assert_eq!(parse("2026-03-01T10:15:00.25Z"), Some(1_772_360_100_250));
        assert_eq!(parse("2026-03-01 10:15:00.9999z"), Some(1_772_360_100_999));
        assert_eq!(parse("2026-03-01T15:45:00+05:30"), Some(1_772_360_100_000));
        assert_eq!(parse("2024-02-29T00:00:00Z"), Some(1_709_164_800_000));
    }

    #[test]
    fn seconds_may_be_left_out() {
        assert_eq!(parse("2026-03-01T10:15Z"), Some(1_772_360_100_000));
        assert_eq!(parse("2026-03-01 15:45+05:30"), Some(1_772_360_100_000));
    }

    #[test]
    fn a_leap_second_is_the_last_millisecond_before_its_end() {
        assert_eq!(parse("2016-12-31T23:59:59.999Z"), Some(1_483_228_799_999));
        for text in [
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.0Z",
            "2016-12-31T23:59:60.9999Z",
            "2017-01-01T00:59:60+01:00",
            "2016-12-31T15:59:60-08:00",
        ] {
            assert_eq!(parse(text), Some(1_483_228_799_999), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "Z",
            "2026-03-01",
            "2026-03-01T10:15",
            "2026-03-01T10:15.5Z",
            "2026-03-01T10:15:Z",
            "2026-03-01T10:15:0Z",
            "2026-03-01T10:15:00",
            "2026-03-01T10:15:00.Z",
            "2026-03-01T10:15:00.1",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T23:58:60Z",
            "2026-01-01T22:59:60Z",
            "2026-01-01T23:59:61Z",
            "2026-01-01T23:59:60+01:00",
            "2026-01-01T23:59:60.Z",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+00:60",
            "2026-01-01T00:00:00Z ",
            "2026-01-01T00:00:00ZZ",
            "2026-01-01T00:00:00,5Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_broken_minute_leaves_the_one_before_known() {
        let mut instants = Instants::default();
        assert_eq!(instants.parse(b"1970-01-01T00:01:00Z"), Some(60_000));
        assert_eq!(instants.parse(b"1970-99-01T00:01:00Z"), None);
        assert_eq!(instants.parse(b"1970-01-01T00:01:01Z"), Some(61_000));
        assert_eq!(instants.parse(b"1970-99-01T00:01:00Z"), None);
    }
}
