//! Splits complete lines into pieces, for `ndjson_log.NdjsonLog`.

use memchr::memchr_iter;

/// The start, the end and the number of lines of pieces of at most `size` complete lines.
///
/// None if a line is longer than `longest`, or may be blank: the reference decides which lines count then.
pub fn pieces(text: &[u8], size: usize, longest: usize) -> Option<Vec<(usize, usize, usize)>> {
    let mut pieces = Vec::with_capacity(text.len() / (size * 64).max(1) + 1);
    let (mut first, mut count, mut start) = (0, 0, 0);
    for end in memchr_iter(b'\n', text) {
        if end - start > longest || !text[start].is_ascii_graphic() {
            return None;
        }
        count += 1;
        start = end + 1;
        if count == size {
            pieces.push((first, start, count));
            (first, count) = (start, 0);
        }
    }
    if count > 0 {
        pieces.push((first, start, count));
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_hold_so_many_lines_in_their_order() {
        assert_eq!(pieces(b"", 2, 9), Some(vec![]));
        assert_eq!(pieces(b"a\nb\nc\n", 2, 9), Some(vec![(0, 4, 2), (4, 6, 1)]));
        assert_eq!(pieces(b"a\nb\n", 2, 9), Some(vec![(0, 4, 2)]));
        assert_eq!(pieces(b"a\nb\nunfinished", 3, 9), Some(vec![(0, 4, 2)]));
    }

    #[test]
    fn blank_and_long_lines_are_not_taken() {
        for odd in [&b"a\n\nb\n"[..], b"\n", b" \n", b"\r\n", b"a\n\x0b\n", b"1234567890\n"] {
            assert_eq!(pieces(odd, 2, 9), None);
        }
        assert_eq!(pieces(b"123456789\n", 2, 9), Some(vec![(0, 10, 1)]));
    }
}
