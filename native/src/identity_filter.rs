//! A Bloom filter that avoids nearly all useless lookups in a run.

use crate::fetch::fetch;

/// Bits that an identity sets in its line. Nine bits of its low half select each.
const PROBES: usize = 7;
pub const LINE_BYTES: usize = 64;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u64; 8]);

/// A blocked Bloom filter: each identity has its bits in one cache line, selected by its high half, so that
/// lines are in the order of sorted identities.
pub struct Filter {
    lines: Vec<Line>,
}

impl Filter {
    /// None unless the bytes are complete lines, at least one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() || bytes.len() % LINE_BYTES != 0 {
            return None;
        }
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        let line = |bytes: &[u8]| Line(std::array::from_fn(|at| word(&bytes[at * 8..at * 8 + 8])));
        Some(Filter { lines: bytes.chunks_exact(LINE_BYTES).map(line).collect() })
    }

    #[inline(always)]
    pub fn fetch(&self, high: u64) {
        if let Some(line) = self.lines.get(place(high, self.lines.len())) {
            fetch(line);
        }
    }

    #[inline(always)]
    pub fn may_hold(&self, high: u64, low: u64) -> bool {
        let Some(Line(words)) = self.lines.get(place(high, self.lines.len())) else {
            return true;
        };
        let mut all = 1;
        for probe in 0..PROBES {
            let bit = low >> (9 * probe);
            all &= words[(bit >> 6 & 7) as usize] >> (bit & 63);
        }
        all & 1 == 1
    }
}

/// The line of an identity, of `lines` lines (less than 2^32).
#[inline(always)]
fn place(high: u64, lines: usize) -> usize {
    (((high >> 32) * lines as u64) >> 32) as usize
}

/// The bytes of the lines from `first` on, out of `total`, with the bits of the identities in those lines.
pub fn marked(rows: &[[u64; 3]], first: usize, lines: usize, total: usize) -> Vec<u8> {
    let mut bytes = vec![0; lines * LINE_BYTES];
    for [high, low, _] in rows {
        let Some(line) = place(*high, total).checked_sub(first).filter(|&line| line < lines) else {
            continue;
        };
        for probe in 0..PROBES {
            let bit = (low >> (9 * probe) & 511) as usize;
            bytes[line * LINE_BYTES + bit / 8] |= 1 << (bit % 8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_marked_may_be_held_and_hardly_anything_else() {
        let rows: Vec<[u64; 3]> = (1..=4000u64)
            .map(|n| [n.wrapping_mul(0x9e37_79b9_7f4a_7c15), n.wrapping_mul(0xd1b5_4a32_d192_ed03), n])
            .collect();
        let lines = 4000 * 12 / 512;
        let mut bytes = marked(&rows, 0, 50, lines);
        bytes.extend(marked(&rows, 50, lines - 50, lines));
        let filter = Filter::from_bytes(&bytes).unwrap();
        assert!(rows.iter().all(|[high, low, _]| filter.may_hold(*high, *low)));
        let wrong = rows.iter().filter(|[high, low, _]| filter.may_hold(*high, !*low)).count();
        assert!(wrong < 80, "{wrong} of 4000");
    }

    #[test]
    fn a_filter_is_made_of_whole_lines() {
        assert!(Filter::from_bytes(&[]).is_none() && Filter::from_bytes(&[0; 65]).is_none());
        assert!(!Filter::from_bytes(&[0; 128]).unwrap().may_hold(7, 7));
    }
}
