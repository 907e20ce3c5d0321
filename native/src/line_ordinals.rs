//! Which of several identical lines of a log a line is, as `calltally.ingest.decoders.line_ordinals` counts.

use crate::fetch::fetch;
use crate::hashing::Blinded;

const SMALLEST: usize = 1 << 12;
/// Of this many tenths of its places a table is full.
const MOST_TENTHS: usize = 8;
/// Tables of more places than this grow by half instead of to the double, to spare memory.
const LARGE: usize = 1 << 22;
const AHEAD: usize = 8;

/// A digest and how many lines had it; none for an empty place. In parts of four bytes, so that there is no gap.
#[derive(Clone, Copy)]
struct Entry {
    digest: [u32; 4],
    count: u32,
}

const EMPTY: Entry = Entry { digest: [0; 4], count: 0 };

/// Numbers identical lines 0, 1, 2, … in the order of the log; exact on 128-bit digests.
///
/// 25 to 50 bytes for each distinct line, and the old table besides while it grows.
pub struct LineOrdinals {
    entries: Vec<Entry>,
    distinct: usize,
    blinded: Blinded,
}

impl Default for LineOrdinals {
    fn default() -> Self {
        LineOrdinals { entries: vec![EMPTY; SMALLEST], distinct: 0, blinded: Blinded::default() }
    }
}

impl LineOrdinals {
    /// The ordinals of the log's next lines by their digests.
    pub fn take(&mut self, digests: &[u128]) -> Vec<u32> {
        self.make_room(digests.len());
        let mut ordinals = Vec::with_capacity(digests.len());
        for (index, &digest) in digests.iter().enumerate() {
            if let Some(&ahead) = digests.get(index + AHEAD) {
                fetch(&self.entries[self.home(ahead)]);
            }
            let place = self.place(digest);
            let entry = &mut self.entries[place];
            if entry.count == 0 {
                self.distinct += 1;
            }
            ordinals.push(entry.count);
            *entry = Entry { digest: parts(digest), count: entry.count.saturating_add(1) };
        }
        ordinals
    }

    /// Grows the table where so many new lines could fill it too far.
    fn make_room(&mut self, more: usize) {
        let needed = (self.distinct + more) * 10 / MOST_TENTHS + 1;
        let places = self.entries.len();
        if needed <= places {
            return;
        }
        let larger = if places < LARGE { places * 2 } else { places + places / 2 };
        let old = std::mem::replace(&mut self.entries, vec![EMPTY; needed.max(larger)]);
        for (index, entry) in old.iter().enumerate() {
            if let Some(ahead) = old.get(index + AHEAD) {
                fetch(&self.entries[self.home(whole(ahead.digest))]);
            }
            if entry.count > 0 {
                let place = self.place(whole(entry.digest));
                self.entries[place] = *entry;
            }
        }
    }

    #[inline(always)]
    fn home(&self, digest: u128) -> usize {
        let blind = self.blinded.blind((digest >> 64) as u64 ^ (digest as u64).rotate_left(32));
        ((u128::from(blind) * self.entries.len() as u128) >> 64) as usize
    }

    /// Where a digest is, or would be.
    #[inline(always)]
    fn place(&self, digest: u128) -> usize {
        let wanted = parts(digest);
        let mut at = self.home(digest);
        loop {
            let entry = &self.entries[at];
            if entry.count == 0 || entry.digest == wanted {
                return at;
            }
            at += 1;
            if at == self.entries.len() {
                at = 0;
            }
        }
    }
}

fn parts(digest: u128) -> [u32; 4] {
    [digest as u32, (digest >> 32) as u32, (digest >> 64) as u32, (digest >> 96) as u32]
}

fn whole(parts: [u32; 4]) -> u128 {
    parts.into_iter().rev().fold(0, |digest, part| digest << 32 | u128::from(part))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn identical_lines_are_numbered_in_their_order() {
        let mut ordinals = LineOrdinals::default();
        assert_eq!(ordinals.take(&[7, 8, 7, 7, 0]), [0, 0, 1, 2, 0]);
        assert_eq!(ordinals.take(&[8, 9, 7, 0]), [1, 0, 3, 1]);
        assert_eq!(ordinals.take(&[]), [0; 0]);
    }

    #[test]
    fn digests_that_differ_in_any_bit_are_different_lines() {
        let digests: Vec<u128> = (0..128).map(|bit| 1 << bit).collect();
        let mut ordinals = LineOrdinals::default();
        assert!(ordinals.take(&digests).iter().all(|&ordinal| ordinal == 0));
        assert!(ordinals.take(&digests).iter().all(|&ordinal| ordinal == 1));
    }

    #[test]
    fn ordinals_equal_a_naive_count_while_the_table_grows() {
        let mut ordinals = LineOrdinals::default();
        let mut naive: HashMap<u128, u32> = HashMap::new();
        let mut state = 1u64;
        for size in (0..60).map(|round| round * 37) {
            let digests: Vec<u128> = (0..size)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    u128::from(state >> 44) << 70
                })
                .collect();
            let expected: Vec<u32> = digests
                .iter()
                .map(|&digest| {
                    let count = naive.entry(digest).or_default();
                    *count += 1;
                    *count - 1
                })
                .collect();
            assert_eq!(ordinals.take(&digests), expected);
        }
        assert!(naive.len() > SMALLEST);
    }
}
