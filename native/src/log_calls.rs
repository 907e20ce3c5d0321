//! Whole lines of an access log to calls in JSON, one on a line, as `access_log.AccessLog` tells them.

use memchr::memchr;
use xxhash_rust::xxh3::xxh3_128;

use crate::line_ordinals::LineOrdinals;
use crate::log_line::{self, LoggedRequest};
use crate::log_time::LogTimes;

/// Longer lines are not calls.
const MAX_LINE: usize = 64 * 1024;
/// About how many bytes longer than its line a call is.
const MORE_THAN_A_LINE: usize = 160;
const FEWEST_BYTES_OF_A_LINE: usize = 60;

/// The caller: a field of the line, or a JSON text for all lines, with its quotes.
#[derive(Clone)]
pub enum Caller {
    Address,
    User,
    Always(Vec<u8>),
}

/// A line that is not clearly a call: the number of lines before it, its place without its ending, and its
/// ordinal among identical lines.
pub struct OddLine {
    pub index: usize,
    pub start: usize,
    pub end: usize,
    pub ordinal: u32,
}

/// The calls of some consecutive lines.
#[derive(Default)]
pub struct LogCalls {
    pub lines: usize,
    /// Each plain line's call, followed by a line break.
    pub calls: Vec<u8>,
    pub odd: Vec<OddLine>,
}

/// Reads one log from its first line on.
pub struct LogReader {
    /// The field with its key, in JSON; empty if the text is empty.
    origin: Vec<u8>,
    client: Caller,
    user: Caller,
    times: LogTimes,
    ordinals: LineOrdinals,
}

struct Line {
    start: usize,
    end: usize,
    digest: u128,
}

impl LogReader {
    /// Takes the origin as JSON.
    pub fn new(origin: &[u8], client: Caller, user: Caller) -> Self {
        let mut field = Vec::new();
        append_text(&mut field, b",\"origin\":", origin);
        let (times, ordinals) = (LogTimes::default(), LineOrdinals::default());
        LogReader { origin: field, client, user, times, ordinals }
    }

    /// The calls of the log's next lines, each of which must end with a line break.
    pub fn take(&mut self, text: &[u8]) -> LogCalls {
        let lines = lines_of(text);
        let digests: Vec<u128> = lines.iter().map(|line| line.digest).collect();
        let ordinals = self.ordinals.take(&digests);
        let room = text.len() + lines.len() * MORE_THAN_A_LINE;
        let mut found =
            LogCalls { lines: lines.len(), calls: Vec::with_capacity(room), ..LogCalls::default() };
        for (index, (line, ordinal)) in lines.iter().zip(ordinals).enumerate() {
            let line_text = &text[line.start..line.end];
            let plain = if line_text.len() > MAX_LINE { None } else { log_line::read(line_text) };
            let written =
                plain.and_then(|request| self.write(&mut found.calls, &request, line.digest, ordinal));
            if written.is_none() {
                found.odd.push(OddLine { index, start: line.start, end: line.end, ordinal });
            }
        }
        found
    }

    /// Appends a call; None, appending nothing, if its time is not plain.
    fn write(
        &mut self,
        calls: &mut Vec<u8>,
        request: &LoggedRequest<'_>,
        digest: u128,
        ordinal: u32,
    ) -> Option<()> {
        let time = self.times.instant(request.time)?;
        calls.extend_from_slice(b"{\"id\":\"");
        append_hex(calls, digest);
        calls.push(b'-');
        append_number(calls, ordinal);
        calls.extend_from_slice(b"\",\"time\":\"");
        calls.extend_from_slice(&time);
        calls.push(b'"');
        calls.extend_from_slice(&self.origin);
        append_caller(calls, b",\"client_id\":", &self.client, request);
        append_caller(calls, b",\"user_id\":", &self.user, request);
        calls.extend_from_slice(b",\"method\":\"");
        calls.extend_from_slice(request.method);
        calls.extend_from_slice(b"\",\"path\":\"");
        calls.extend_from_slice(request.path);
        calls.extend_from_slice(b"\",\"status\":");
        calls.extend_from_slice(request.status);
        if !request.size.is_empty() {
            calls.extend_from_slice(b",\"response_bytes\":");
            calls.extend_from_slice(request.size);
        }
        calls.extend_from_slice(b"}\n");
        Some(())
    }
}

/// The lines without their endings, which may have a carriage return.
fn lines_of(text: &[u8]) -> Vec<Line> {
    let mut lines = Vec::with_capacity(text.len() / FEWEST_BYTES_OF_A_LINE);
    let mut start = 0;
    while let Some(length) = memchr(b'\n', &text[start..]) {
        let line = &text[start..start + length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        lines.push(Line { start, end: start + line.len(), digest: xxh3_128(line) });
        start += length + 1;
    }
    lines
}

fn append_caller(calls: &mut Vec<u8>, key: &[u8], caller: &Caller, request: &LoggedRequest<'_>) {
    let word = match caller {
        Caller::Address => request.address,
        Caller::User => request.user,
        Caller::Always(json) => return append_text(calls, key, json),
    };
    if !word.is_empty() {
        calls.extend_from_slice(key);
        calls.push(b'"');
        calls.extend_from_slice(word);
        calls.push(b'"');
    }
}

/// A field whose text is already JSON; nothing if it is empty.
fn append_text(calls: &mut Vec<u8>, key: &[u8], json: &[u8]) {
    if json != b"\"\"" {
        calls.extend_from_slice(key);
        calls.extend_from_slice(json);
    }
}

fn append_hex(calls: &mut Vec<u8>, digest: u128) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 32];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest.to_be_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    calls.extend_from_slice(&hex);
}

fn append_number(calls: &mut Vec<u8>, number: u32) {
    if number < 10 {
        calls.push(b'0' + number as u8);
    } else {
        calls.extend_from_slice(number.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.0" 200 2326"#;

    fn reader() -> LogReader {
        LogReader::new(br#""web-1""#, Caller::Address, Caller::User)
    }

    fn calls(found: &LogCalls) -> Vec<&str> {
        std::str::from_utf8(&found.calls).unwrap().lines().collect()
    }

    #[test]
    fn a_line_is_a_call_in_json() {
        let found = reader().take(format!("{LINE}\n").as_bytes());
        let digest = xxh3_128(LINE.as_bytes());
        let expected = format!(
            r#"{{"id":"{digest:032x}-0","time":"2000-10-10T20:55:36Z","origin":"web-1","client_id":"127.0.0.1","user_id":"frank","method":"GET","path":"/a","status":200,"response_bytes":2326}}"#
        );
        assert_eq!((calls(&found), found.lines), (vec![expected.as_str()], 1));
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let line = "- - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 -\n";
        let mut reader = LogReader::new(br#""""#, Caller::User, Caller::Always(br#""""#.to_vec()));
        let found = reader.take(line.as_bytes());
        assert!(calls(&found)[0].ends_with(r#"Z","method":"GET","path":"/","status":200}"#));
    }

    #[test]
    fn identical_lines_are_told_apart_over_all_of_the_log_and_whatever_ends_them() {
        let mut reader = reader();
        let first = reader.take(format!("{LINE}\n{LINE}\r\n").as_bytes());
        let second = reader.take(format!("{LINE}\n").repeat(10).as_bytes());
        let ordinal = |call: &str| call[40..].split('"').next().unwrap().to_owned();
        let all = calls(&first).into_iter().chain(calls(&second)).map(ordinal).collect::<Vec<_>>();
        assert_eq!(all, (0..12).map(|number: u32| number.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn odd_lines_are_left_to_others_with_their_places_and_ordinals() {
        let text = format!(
            "{LINE}\nodd\r\n\n{LINE}\nodd\n{}\n",
            LINE.to_owned() + " " + &"x".repeat(MAX_LINE - LINE.len())
        );
        let found = reader().take(text.as_bytes());
        let odd: Vec<_> =
            found.odd.iter().map(|odd| (odd.index, &text[odd.start..odd.end], odd.ordinal)).collect();
        assert_eq!(odd[..3], [(1, "odd", 0), (2, "", 0), (4, "odd", 1)]);
        assert_eq!((odd[3].0, odd[3].1.len(), found.lines), (5, MAX_LINE + 1, 6));
        assert_eq!(calls(&found).len(), 2);
    }

    #[test]
    fn a_line_whose_time_is_not_plain_is_odd() {
        let line = LINE.replace("13:55:36", "13:55:60");
        let found = reader().take(format!("{line}\n").as_bytes());
        assert_eq!((found.calls.len(), found.odd.len()), (0, 1));
    }
}
