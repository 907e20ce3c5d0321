//! Finds the end of a JSON text, sixteen bytes at a time.

/// The bytes examined at once.
const STEP: usize = 16;

/// Which of sixteen bytes end or interrupt a text, and which are not ASCII, one bit per byte.
struct Marks {
    stops: u32,
    beyond_ascii: u32,
}

/// Finds the first quote, backslash or control character at or after `from`.
///
/// Returns its place, or the end of the bytes, and whether any byte before it is not ASCII.
#[inline(always)]
pub fn end_of_run(bytes: &[u8], from: usize) -> (usize, bool) {
    let mut at = from;
    let mut beyond = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) {
        let marks = marks_of(chunk);
        if marks.stops != 0 {
            let before = marks.stops.trailing_zeros();
            beyond |= marks.beyond_ascii & ((1 << before) - 1);
            return (at + before as usize, beyond != 0);
        }
        beyond |= marks.beyond_ascii;
        at += STEP;
    }
    while let Some(&byte) = bytes.get(at) {
        if is_stop(byte) {
            break;
        }
        beyond |= u32::from(byte >> 7);
        at += 1;
    }
    (at, beyond != 0)
}

#[inline(always)]
fn is_stop(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(unsafe_code)]
fn marks_of(chunk: &[u8; STEP]) -> Marks {
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
    };
    // SAFETY: every x86-64 processor has SSE2, and the load reads exactly the sixteen bytes of the array,
    // at any alignment.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
        let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
        let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        let stops = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
        Marks { stops: _mm_movemask_epi8(stops) as u32, beyond_ascii: _mm_movemask_epi8(bytes) as u32 }
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn marks_of(chunk: &[u8; STEP]) -> Marks {
    let mut marks = Marks { stops: 0, beyond_ascii: 0 };
    for (index, &byte) in chunk.iter().enumerate() {
        marks.stops |= u32::from(is_stop(byte)) << index;
        marks.beyond_ascii |= u32::from(byte >> 7) << index;
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::end_of_run;

    #[test]
    fn every_stop_is_found_wherever_it_stands() {
        for length in 0..70 {
            for stop in [b'"', b'\\', 0, b'\n', 0x1f] {
                let mut bytes = vec![b'x'; length];
                bytes.push(stop);
                bytes.extend_from_slice(b"\"\"\"");
                assert_eq!(end_of_run(&bytes, 0), (length, false));
            }
        }
    }

    #[test]
    fn a_run_without_end_ends_with_the_bytes() {
        assert_eq!(end_of_run(b"abc", 0), (3, false));
        assert_eq!(end_of_run(b"abc", 3), (3, false));
        assert_eq!(end_of_run(b"abc", 9), (9, false));
    }

    #[test]
    fn bytes_beyond_ascii_count_before_the_stop_only() {
        assert_eq!(end_of_run("ä\"".as_bytes(), 0), (2, true));
        assert_eq!(end_of_run("x\"ääääääääääääääääääää".as_bytes(), 0), (1, false));
        assert_eq!(end_of_run("xxxxxxxxxxxxxxxxxxxxxä\"".as_bytes(), 0), (23, true));
    }
}
