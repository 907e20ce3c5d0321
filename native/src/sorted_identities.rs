//! Identities in the order of runs, and the blocks of a run.

use xxhash_rust::xxh3::xxh3_64;

use crate::identity_table::{Columns, Table};

pub const BLOCK_BYTES: usize = 4096;
/// Identities of a full block: the space besides its checksum and their number.
pub const ROWS: usize = (BLOCK_BYTES - 16) / 24;

/// About how many identities are sorted at a time, to fit the processor's cache.
const TOGETHER: usize = 1024;

/// High half, low half and digest of each identity, ascending.
pub struct Sorted {
    pub rows: Vec<[u64; 3]>,
}

impl Sorted {
    /// The content of a table.
    pub fn of_table(table: &Table) -> Self {
        Sorted { rows: sorted(table.count(), || table.rows()) }
    }

    pub fn of_columns(columns: Columns<'_>) -> Self {
        let row = |index: usize| [columns.high[index], columns.low[index], columns.digest[index]];
        let count = columns.low.len();
        Sorted { rows: sorted(count, || (0..count).map(row)) }
    }

    pub fn blocks(&self, first: usize, count: usize) -> Vec<u8> {
        let rows = self.rows.get(first.saturating_mul(ROWS)..).unwrap_or_default();
        let mut bytes = Vec::new();
        for rows in rows.chunks(ROWS).take(count) {
            let start = bytes.len();
            bytes.extend_from_slice(&[0; 8]);
            bytes.extend_from_slice(&(rows.len() as u64).to_le_bytes());
            for column in 0..3 {
                rows.iter().for_each(|row| bytes.extend_from_slice(&row[column].to_le_bytes()));
                bytes.resize(start + 16 + (column + 1) * ROWS * 8, 0);
            }
            let checksum = xxh3_64(&bytes[start + 8..]).to_le_bytes();
            bytes[start..start + 8].copy_from_slice(&checksum);
        }
        bytes
    }

    /// The high half of the first identity of each block.
    pub fn fences(&self) -> Vec<u64> {
        self.rows.chunks(ROWS).map(|rows| rows[0][0]).collect()
    }
}

/// Sorts rows that can be iterated twice in the same order: distributes them by the first bits in which they
/// differ, then sorts each part.
fn sorted<I: Iterator<Item = [u64; 3]>>(count: usize, rows: impl Fn() -> I) -> Vec<[u64; 3]> {
    let bits = (count / TOGETHER).checked_ilog2().unwrap_or(0).min(16);
    let (least, most) =
        rows().fold((u64::MAX, 0), |(least, most), [high, ..]| (least.min(high), most.max(high)));
    let shift = (64 - most.saturating_sub(least).leading_zeros()).saturating_sub(bits);
    let deal = |row: &[u64; 3]| (row[0] - least).checked_shr(shift).unwrap_or(0) as usize;
    let mut ends = vec![0; 1 << bits];
    rows().for_each(|row| ends[deal(&row)] += 1);
    let mut total = 0;
    for end in &mut ends {
        (*end, total) = (total, total + *end);
    }
    let mut all = vec![[0; 3]; total];
    for row in rows() {
        let place = &mut ends[deal(&row)];
        all[*place] = row;
        *place += 1;
    }
    let mut start = 0;
    for end in ends {
        all[start..end].sort_unstable();
        start = end;
    }
    all
}

/// A block with a verified checksum.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    bytes: &'a [u8],
    pub count: usize,
}

impl<'a> Block<'a> {
    /// None unless the bytes are an undamaged block.
    pub fn checked(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() != BLOCK_BYTES {
            return None;
        }
        let block = Block { bytes, count: 0 };
        let count = block.word(1) as usize;
        (block.word(0) == xxh3_64(&bytes[8..]) && count <= ROWS).then_some(Block { bytes, count })
    }

    /// The digest of an identity that is in the block.
    pub fn find(&self, high: u64, low: u64) -> Option<u64> {
        let (mut from, mut to) = (0, self.count);
        while from < to {
            let middle = (from + to) / 2;
            if self.row(middle)[0] < high { from = middle + 1 } else { to = middle }
        }
        let same = |&row: &usize| self.row(row)[0] == high;
        (from..self.count).take_while(same).find_map(|row| {
            let [_, its_low, digest] = self.row(row);
            (its_low == low).then_some(digest)
        })
    }

    pub fn row(&self, row: usize) -> [u64; 3] {
        std::array::from_fn(|column| self.word(2 + column * ROWS + row))
    }

    fn word(&self, number: usize) -> u64 {
        let bytes = &self.bytes[number * 8..number * 8 + 8];
        u64::from_le_bytes(bytes.try_into().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: u64) -> Sorted {
        let column: Vec<u64> = (1..=count).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        Sorted::of_columns(Columns { high: &column, low: &column, digest: &column })
    }

    #[test]
    fn rows_ascend_however_many_they_are() {
        for count in [0, 1, 170, 171, 5000] {
            let sorted = some(count);
            assert_eq!(sorted.rows.len() as u64, count);
            assert!(sorted.rows.is_sorted());
        }
    }

    #[test]
    fn every_identity_is_found_in_its_block_and_no_other() {
        let sorted = some(341);
        let bytes = sorted.blocks(0, 9);
        let blocks: Vec<_> = bytes.chunks(BLOCK_BYTES).map(|bytes| Block::checked(bytes).unwrap()).collect();
        assert_eq!(blocks.iter().map(|block| block.count).collect::<Vec<_>>(), [170, 170, 1]);
        for (index, [high, low, digest]) in sorted.rows.iter().enumerate() {
            assert_eq!(blocks[index / ROWS].find(*high, *low), Some(*digest));
            assert_eq!(blocks[index / ROWS].find(*high, !*low), None);
        }
        assert_eq!(sorted.fences().len(), 3);
    }

    #[test]
    fn a_block_that_was_changed_is_no_block() {
        let bytes = some(170).blocks(0, 1);
        for place in [0, 8, 16, 4095] {
            let mut broken = bytes.clone();
            broken[place] ^= 1;
            assert!(Block::checked(&broken).is_none());
        }
    }
}
