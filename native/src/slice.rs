//! Decodes and checks a slice of lines of a body, and converts it to columns.

use memchr::{memchr, memchr2};
use xxhash_rust::xxh3::xxh3_64;

use crate::fingerprint::{HASH_OF_NOTHING, Identities, mixed};
use crate::identity_key::{Columns, Key};
use crate::instant::Instants;
use crate::line::{self, Line, LineReader};
use crate::text::{MAX_BODY, Source, Text};
use crate::walk::is_blank;

/// The texts that become dictionary ids or the path, in the order in which they are interned.
pub const TEXTS: usize = 8;
pub const ROUTE: usize = 6;
pub const PATH: usize = 7;

/// The texts that become dictionary ids: all but the path.
pub const IDS: usize = PATH;

const FIELD_OF_TEXT: [usize; TEXTS] = [
    line::ORIGIN,
    line::CLIENT_ID,
    line::USER_ID,
    line::SOURCE_ID,
    line::ACCOUNT_ID,
    line::METHOD,
    line::ROUTE,
    line::PATH,
];

/// One call. The path among its texts has no query string; `raw_path` is as received.
pub struct Row {
    pub time_ms: i64,
    pub status: i64,
    pub measures: [i64; 3],
    pub texts: [Text; TEXTS],
    pub hashes: [u64; TEXTS],
    pub raw_path: Text,
    pub start: u32,
    pub end: u32,
}

/// The names in a call: of its client, its source and its account.
pub struct Names {
    pub row: usize,
    pub texts: [Text; 3],
}

/// The calls of a slice. Columns of identities are separate, as tables need them.
#[derive(Default)]
pub struct Slice {
    pub rows: Vec<Row>,
    pub high: Vec<u64>,
    pub low: Vec<u64>,
    pub digest: Vec<u64>,
    pub names: Vec<Names>,
    pub unescaped: Vec<u8>,
}

/// The accepted calls: their organization, times and limits.
pub struct Admission<'a> {
    pub organization: &'a str,
    pub earliest_ms: i64,
    pub latest_ms: i64,
    pub max_call_bytes: usize,
    pub key: &'a Key,
    /// Whether a call may have only a path, from which its route is derived.
    pub derive_routes: bool,
}

/// The most lines and bytes of a slice, and the length from which a line has its own slice.
#[derive(Clone, Copy)]
pub struct SliceBounds {
    pub lines: usize,
    pub bytes: usize,
    pub longest: usize,
}

/// The bounds of slices, and their numbers of lines; blank lines are in none.
///
/// Stops with the slice that contains more than `most` lines in total.
pub fn bounds(body: &[u8], within: SliceBounds, most: usize) -> Vec<(usize, usize, usize)> {
    let mut slices = Vec::new();
    let (mut total, mut count, mut first, mut last) = (0, 0, 0, 0);
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        if is_blank(byte) {
            at += 1;
            continue;
        }
        let end = memchr(b'\n', &body[at..]).map_or(body.len(), |length| at + length);
        let long = end - at > within.longest;
        if count > 0 && (long || count == within.lines || end - first > within.bytes) {
            slices.push((first, last, count));
            count = 0;
        }
        if count == 0 {
            first = at;
        }
        (count, last, total) = (count + 1, end, total + 1);
        if long || total > most {
            slices.push((first, last, count));
            count = 0;
        }
        if total > most {
            break;
        }
        at = end + 1;
    }
    if count > 0 {
        slices.push((first, last, count));
    }
    slices
}

/// The calls from `start` to `end` of a body, which must be at line boundaries; None if any is not clearly
/// valid.
pub fn decode(body: &[u8], start: usize, end: usize, admission: &Admission<'_>) -> Option<Slice> {
    let body = body.get(..end)?;
    if start > end || end > MAX_BODY {
        return None;
    }
    let mut reader = LineReader::new(body);
    let identities = Identities::new(admission.organization, admission.key);
    let mut making = Making { slice: Slice::default(), instants: Instants::default(), identities, admission };
    let mut at = start;
    while at < end {
        if is_blank(body[at]) {
            at += 1;
            continue;
        }
        let (line, line_end) = reader.read(at)?;
        if line_end - at > admission.max_call_bytes {
            return None;
        }
        making.take(&line, Source { body, unescaped: &reader.unescaped }, at, line_end)?;
        at = line_end + 1;
    }
    if reader.beyond_ascii && std::str::from_utf8(&body[start..]).is_err() {
        return None;
    }
    let mut slice = making.slice;
    Columns { high: slice.high, low: slice.low } = making.identities.finished();
    slice.unescaped = reader.unescaped;
    Some(slice)
}

struct Making<'a> {
    slice: Slice,
    instants: Instants,
    identities: Identities,
    admission: &'a Admission<'a>,
}

impl Making<'_> {
    fn take(&mut self, line: &Line, source: Source<'_>, start: usize, end: usize) -> Option<()> {
        let admission = self.admission;
        let texts = &line.texts;
        let organization = texts[line::ORGANIZATION];
        if !organization.is_empty() && source.bytes(organization) != admission.organization.as_bytes() {
            return None;
        }
        let time_ms = self.instants.parse(source.bytes(texts[line::TIME]))?;
        if time_ms < admission.earliest_ms || time_ms > admission.latest_ms {
            return None;
        }
        let raw_path = texts[line::PATH];
        let mut row = Row {
            time_ms,
            status: line.status,
            measures: line.measures,
            texts: FIELD_OF_TEXT.map(|field| texts[field]),
            hashes: [HASH_OF_NOTHING; TEXTS],
            raw_path,
            start: start as u32,
            end: end as u32,
        };
        row.texts[PATH] = without_query(raw_path, source);
        if !admission.derive_routes && row.texts[ROUTE].is_empty() && !row.texts[PATH].is_empty() {
            return None;
        }
        for (hash, text) in row.hashes.iter_mut().zip(row.texts) {
            if !text.is_empty() {
                *hash = xxh3_64(source.bytes(text));
            }
        }
        self.identities.add(source.bytes(texts[line::ORIGIN]), source.bytes(texts[line::ID]))?;
        self.slice.digest.push(digest_of(&row));
        let names = [texts[line::CLIENT_NAME], texts[line::SOURCE_NAME], texts[line::ACCOUNT_NAME]];
        if names.iter().any(|name| !name.is_empty()) {
            self.slice.names.push(Names { row: self.slice.rows.len(), texts: names });
        }
        self.slice.rows.push(row);
        Some(())
    }
}

fn digest_of(row: &Row) -> u64 {
    let numbers = [row.time_ms, row.status, row.measures[0], row.measures[1], row.measures[2]];
    let digest = numbers.into_iter().fold(0, |digest, number| mixed(digest, number as u64));
    row.hashes[1..].iter().fold(digest, |digest, &hash| mixed(digest, hash))
}

fn without_query(path: Text, source: Source<'_>) -> Text {
    memchr2(b'?', b'#', source.bytes(path)).map_or(path, |length| path.first(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(max_call_bytes: usize) -> Admission<'static> {
        Admission {
            organization: "acme",
            earliest_ms: 0,
            latest_ms: i64::MAX,
            max_call_bytes,
            key: &Key::Blake3([7; 32]),
            derive_routes: true,
        }
    }

    fn slices(body: &[u8], most: usize) -> Vec<(usize, usize, usize)> {
        bounds(body, SliceBounds { lines: 2, bytes: 9, longest: 6 }, most)
    }

    #[test]
    fn slices_hold_so_many_lines_and_no_blank_ones() {
        assert_eq!(slices(b"", 9), []);
        assert_eq!(slices(b"\n\n", 9), []);
        assert_eq!(slices(b"a\n\nb\nc", 9), [(0, 4, 2), (5, 6, 1)]);
        assert_eq!(slices(b"\na\nb\n", 9), [(1, 4, 2)]);
        assert_eq!(slices(b"a\n \nb", 9), [(0, 5, 2)]);
        assert_eq!(slices(b" a\r\n\r\n\x0b", 9), [(1, 3, 1)]);
    }

    #[test]
    fn slices_hold_so_many_bytes_and_a_long_line_has_one_for_itself() {
        assert_eq!(slices(b"aaaaa\nbbb\nc", 9), [(0, 9, 2), (10, 11, 1)]);
        assert_eq!(slices(b"aaaaa\nbbbb\nc", 9), [(0, 5, 1), (6, 12, 2)]);
        assert_eq!(slices(b"aaaaaa\nb", 9), [(0, 8, 2)]);
        assert_eq!(slices(b"x\naaaaaaaaaa\nb", 9), [(0, 1, 1), (2, 12, 1), (13, 14, 1)]);
    }

    #[test]
    fn no_more_is_cut_than_one_line_more_than_allowed() {
        assert_eq!(slices(b"a\nb\nc\nd\ne", 3), [(0, 3, 2), (4, 7, 2)]);
        assert_eq!(slices(b"a\nb\nc", 3), [(0, 3, 2), (4, 5, 1)]);
    }

    #[test]
    fn a_call_may_be_as_long_as_allowed_and_no_longer() {
        let body = b"{\"id\":\"1\",\"time\":\"2026-01-01T00:00:00Z\"}\r\n";
        assert!(decode(body, 0, body.len(), &admission(body.len() - 1)).is_some());
        assert!(decode(body, 0, body.len(), &admission(body.len() - 2)).is_none());
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_not_taken() {
        let body = b"{\"id\":\"\xed\xa0\x80\",\"time\":\"2026-01-01T00:00:00Z\"}";
        assert!(decode(body, 0, body.len(), &admission(1000)).is_none());
    }
}
