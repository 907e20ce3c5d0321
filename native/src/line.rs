//! One call on one line: a flat JSON object with known keys, each at most once, and nothing else.
//!
//! No library for JSON is used: texts stay in place in the body, no value is built for a call, and anything
//! unusual is declined, since the reference decoder names the fault.

use crate::scan::end_of_run;
use crate::text::Text;

/// The fields of a call in the order of `calltally.call.Call`.
pub const FIELDS: [&str; 18] = [
    "id",
    "time",
    "origin",
    "organization",
    "client_id",
    "user_id",
    "source_id",
    "account_id",
    "method",
    "route",
    "path",
    "status",
    "duration_ms",
    "request_bytes",
    "response_bytes",
    "client_name",
    "source_name",
    "account_name",
];

pub const ID: usize = 0;
pub const TIME: usize = 1;
pub const ORIGIN: usize = 2;
pub const ORGANIZATION: usize = 3;
pub const CLIENT_ID: usize = 4;
pub const USER_ID: usize = 5;
pub const SOURCE_ID: usize = 6;
pub const ACCOUNT_ID: usize = 7;
pub const METHOD: usize = 8;
pub const ROUTE: usize = 9;
pub const PATH: usize = 10;
pub const STATUS: usize = 11;
pub const DURATION: usize = 12;
pub const RESPONSE: usize = 14;
pub const CLIENT_NAME: usize = 15;
pub const SOURCE_NAME: usize = 16;
pub const ACCOUNT_NAME: usize = 17;

/// The value of an absent measure.
pub const ABSENT: i64 = -1;

/// The longest text of each field in bytes; numbers have none, and instants are bounded by their form.
const LIMITS: [usize; FIELDS.len()] =
    [256, usize::MAX, 1024, 256, 256, 256, 256, 256, 64, 8192, 8192, 0, 0, 0, 0, 1024, 1024, 1024];

const KEY_BYTES: usize = 16;

/// A key with its closing quote, as the bytes of a number, and a mask of the significant ones.
#[derive(Clone, Copy)]
struct Key {
    bytes: u128,
    mask: u128,
    length: usize,
}

const KEYS: [Key; FIELDS.len()] = keys();

const fn keys() -> [Key; FIELDS.len()] {
    let mut keys = [Key { bytes: 0, mask: 0, length: 0 }; FIELDS.len()];
    let mut field = 0;
    while field < FIELDS.len() {
        let name = FIELDS[field].as_bytes();
        let (mut bytes, mut mask) = ([0u8; KEY_BYTES], [0u8; KEY_BYTES]);
        let mut index = 0;
        while index < name.len() {
            (bytes[index], mask[index]) = (name[index], 0xff);
            index += 1;
        }
        (bytes[index], mask[index]) = (b'"', 0xff);
        keys[field] =
            Key { bytes: u128::from_le_bytes(bytes), mask: u128::from_le_bytes(mask), length: index + 1 };
        field += 1;
    }
    keys
}

/// The content of one line.
pub struct Line {
    pub texts: [Text; FIELDS.len()],
    pub status: i64,
    pub measures: [i64; 3],
}

/// Reads lines. A line's keys are first compared with the order of keys in the previous line.
pub struct LineReader<'a> {
    body: &'a [u8],
    at: usize,
    order: [u8; FIELDS.len()],
    /// The texts that were written with escapes.
    pub unescaped: Vec<u8>,
    /// Whether any text of the body was not ASCII, so that its bytes must be checked to be UTF-8.
    pub beyond_ascii: bool,
}

impl<'a> LineReader<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        let order = std::array::from_fn(|index| index as u8);
        LineReader { body, at: 0, order, unescaped: Vec::new(), beyond_ascii: false }
    }

    /// The call whose line begins at `start`, and where the line ends; None if it is not clearly a call.
    pub fn read(&mut self, start: usize) -> Option<(Line, usize)> {
        self.at = start;
        let mut line = Line { texts: [Text::default(); FIELDS.len()], status: 0, measures: [ABSENT; 3] };
        let mut seen = 0u32;
        self.expect(b'{')?;
        for place in 0..FIELDS.len() {
            self.skip_space();
            self.expect(b'"')?;
            let field = self.key(place)?;
            if seen & (1 << field) != 0 {
                return None;
            }
            seen |= 1 << field;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            match field {
                STATUS => line.status = self.whole_number()?,
                DURATION..=RESPONSE => line.measures[field - DURATION] = self.measure()?,
                _ => line.texts[field] = self.text(LIMITS[field])?,
            }
            self.skip_space();
            match self.next()? {
                b',' => {}
                b'}' => return self.finished(line, seen),
                _ => return None,
            }
        }
        None
    }

    fn finished(&mut self, line: Line, seen: u32) -> Option<(Line, usize)> {
        const REQUIRED: u32 = 1 << ID | 1 << TIME;
        self.skip_space();
        let ended = self.body.get(self.at).is_none_or(|&byte| byte == b'\n');
        let whole = seen & REQUIRED == REQUIRED && !line.texts[ID].is_empty();
        let status = line.status == 0 || (100..=599).contains(&line.status);
        (ended && whole && status).then_some((line, self.at))
    }

    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        let byte = *self.body.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    #[inline(always)]
    fn skip_space(&mut self) {
        if self.body.get(self.at).is_none_or(|&byte| byte <= b' ') {
            self.skip_some_space();
        }
    }

    fn skip_some_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.body.get(self.at) {
            self.at += 1;
        }
    }

    /// The field whose key begins here; `place` is the index of the key in the line.
    #[inline(always)]
    fn key(&mut self, place: usize) -> Option<usize> {
        let here = self.key_bytes();
        let expected = usize::from(self.order[place]);
        let key = &KEYS[expected];
        let field = if here & key.mask == key.bytes { expected } else { self.unexpected_key(here, place)? };
        self.at += KEYS[field].length;
        Some(field)
    }

    #[inline(always)]
    fn key_bytes(&self) -> u128 {
        let rest = self.body.get(self.at..).unwrap_or_default();
        match rest.first_chunk::<KEY_BYTES>() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => {
                let mut padded = [0; KEY_BYTES];
                padded[..rest.len()].copy_from_slice(rest);
                u128::from_le_bytes(padded)
            }
        }
    }

    #[cold]
    fn unexpected_key(&mut self, here: u128, place: usize) -> Option<usize> {
        let field = KEYS.iter().position(|key| here & key.mask == key.bytes)?;
        self.order[place] = field as u8;
        Some(field)
    }

    fn measure(&mut self) -> Option<i64> {
        if self.body.get(self.at..)?.starts_with(b"null") {
            self.at += 4;
            return Some(ABSENT);
        }
        self.whole_number()
    }

    /// Digits only; the caller checks that the number ends after them.
    #[inline(always)]
    fn whole_number(&mut self) -> Option<i64> {
        const MOST_DIGITS: usize = 19;
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit @ 0..=9) = self.body.get(self.at).map(|byte| byte.wrapping_sub(b'0')) {
            if self.at - start == MOST_DIGITS {
                return None;
            }
            value = value * 10 + u64::from(digit);
            self.at += 1;
        }
        let digits = self.at - start;
        let leading_zero = digits > 1 && self.body[start] == b'0';
        if digits == 0 || leading_zero { None } else { i64::try_from(value).ok() }
    }

    #[inline(always)]
    fn text(&mut self, limit: usize) -> Option<Text> {
        self.expect(b'"')?;
        let start = self.at;
        let (end, beyond) = end_of_run(self.body, start);
        self.beyond_ascii |= beyond;
        let text = match self.body.get(end)? {
            b'"' => {
                self.at = end + 1;
                Text::in_body(start, end)
            }
            b'\\' => self.escaped_text(start, end)?,
            _ => return None,
        };
        (text.len() <= limit).then_some(text)
    }

    /// A text whose first part, without escapes, was already read.
    #[cold]
    fn escaped_text(&mut self, mut start: usize, mut end: usize) -> Option<Text> {
        let first = self.unescaped.len();
        loop {
            self.unescaped.extend_from_slice(&self.body[start..end]);
            self.at = end;
            match self.next()? {
                b'"' => return Text::among_unescaped(first, self.unescaped.len()),
                b'\\' => self.escape()?,
                _ => return None,
            }
            start = self.at;
            let beyond;
            (end, beyond) = end_of_run(self.body, start);
            self.beyond_ascii |= beyond;
        }
    }

    fn escape(&mut self) -> Option<()> {
        let byte = match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let character = self.escaped_character()?;
                let mut bytes = [0; 4];
                self.unescaped.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
                return Some(());
            }
            _ => return None,
        };
        self.unescaped.push(byte);
        Some(())
    }

    /// A character after `\u`; None for NUL and for a lone surrogate.
    fn escaped_character(&mut self) -> Option<char> {
        let mut code = self.four_hex_digits()?;
        if (0xd800..0xdc00).contains(&code) {
            self.expect(b'\\')?;
            self.expect(b'u')?;
            let low = self.four_hex_digits()?;
            if !(0xdc00..0xe000).contains(&low) {
                return None;
            }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        char::from_u32(code).filter(|&character| character != '\0')
    }

    fn four_hex_digits(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code * 16 + char::from(self.next()?).to_digit(16)?;
        }
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Source;

    fn read(body: &str) -> Option<(Vec<String>, i64, [i64; 3])> {
        let mut reader = LineReader::new(body.as_bytes());
        let (line, end) = reader.read(0)?;
        assert_eq!(end, body.len());
        let source = Source { body: body.as_bytes(), unescaped: &reader.unescaped };
        let texts = line.texts.map(|text| String::from_utf8(source.bytes(text).to_vec()).unwrap());
        Some((texts.into(), line.status, line.measures))
    }

    #[test]
    fn every_field_is_found_in_any_order() {
        let (texts, status, measures) = read(
            r#"{ "status" : 200 , "path":"/a\/b\u00e4\ud83e\udd86", "time":"t","duration_ms":null,"id":"1","response_bytes":7} "#,
        )
        .unwrap();
        assert_eq!((texts[ID].as_str(), texts[TIME].as_str(), texts[PATH].as_str()), ("1", "t", "/a/bä🦆"));
        assert_eq!((status, measures), (200, [ABSENT, ABSENT, 7]));
    }

    #[test]
    fn what_is_not_plainly_a_call_is_none() {
        for body in [
            "",
            "{",
            "{}",
            "[]",
            r#"{"id":"1"}"#,
            r#"{"id":"","time":"t"}"#,
            r#"{"id":"1","time":"t",}"#,
            r#"{"id":"1","time":"t"} x"#,
            r#"{"id":"1","time":"t"}{"#,
            r#"{"id":"1","id":"1","time":"t"}"#,
            r#"{"id":"1","time":"t","status":200.0}"#,
            r#"{"id":"1","time":"t","status":-0}"#,
            r#"{"id":"1","time":"t","status":0200}"#,
            r#"{"id":"1","time":"t","status":2e2}"#,
            r#"{"id":"1","time":"t","status":99}"#,
            r#"{"id":"1","time":"t","status":null}"#,
            r#"{"id":"1","time":"t","duration_ms":9223372036854775808}"#,
            r#"{"id":"1","time":"t","duration_ms":99999999999999999999}"#,
            r#"{"id":"1","time":"t","other":1}"#,
            r#"{"id":1,"time":"t"}"#,
            r#"{"id":"\u0000","time":"t"}"#,
            r#"{"id":"\ud800","time":"t"}"#,
            r#"{"id":"\ud800\u0041","time":"t"}"#,
            r#"{"id":"\udc00","time":"t"}"#,
            r#"{"id":"\x","time":"t"}"#,
            r#"{"id":"1","time":"t","path":{"a":[[]]}}"#,
            "{\"id\":\"a\tb\",\"time\":\"t\"}",
            r#"{"id":"1","time":"t"#,
            r#"{"id":"1","time":"t""#,
            r#"{"id":"1","time":"t\"#,
            r#"{"id":"1","time":"t\u00"#,
        ] {
            assert!(read(body).is_none(), "{body}");
        }
    }

    #[test]
    fn a_text_may_be_as_long_as_its_limit_and_no_longer() {
        let body = |length: usize| format!(r#"{{"id":"{}","time":"t"}}"#, "x".repeat(length));
        assert!(read(&body(256)).is_some());
        assert!(read(&body(257)).is_none());
    }
}
