//! The distinct paths of a slice.

use crate::hashing::Blinded;
use crate::slice::{PATH, Row, Slice};
use crate::text::{Source, Text};
use xxhash_rust::xxh3::xxh3_64;

const NONE: u32 = u32::MAX;

/// Each row's path as a number from 0, in the order in which the raw paths first appear.
pub struct PathCodes {
    pub of_row: Vec<u32>,
    /// The first row of each.
    pub first_row: Vec<u32>,
}

/// Paths in the journal's form: the empty one, then those of each slice.
pub struct PackedPaths {
    pub data: Vec<u8>,
    /// Where each begins, and where the last ends.
    pub offsets: Vec<i64>,
}

impl Default for PackedPaths {
    fn default() -> Self {
        PackedPaths { data: Vec::new(), offsets: vec![0, 0] }
    }
}

impl PathCodes {
    pub fn of(slice: &Slice, source: Source<'_>) -> Self {
        let rows = &slice.rows;
        let mut codes = PathCodes { of_row: Vec::with_capacity(rows.len()), first_row: Vec::new() };
        let places = (rows.len() * 2).next_power_of_two();
        let mut code_at = vec![NONE; places];
        let blinded = Blinded::default();
        for (index, row) in rows.iter().enumerate() {
            let path = source.bytes(row.raw_path);
            let mut at = blinded.blind(raw_hash(row, path)) as usize & (places - 1);
            loop {
                let code = code_at[at];
                if code == NONE {
                    code_at[at] = codes.first_row.len() as u32;
                    codes.of_row.push(code_at[at]);
                    codes.first_row.push(index as u32);
                    break;
                }
                let first: &Row = &rows[codes.first_row[code as usize] as usize];
                if source.bytes(first.raw_path) == path {
                    codes.of_row.push(code);
                    break;
                }
                at = (at + 1) & (places - 1);
            }
        }
        codes
    }

    pub fn len(&self) -> usize {
        self.first_row.len()
    }

    /// The row in which a path first appears.
    pub fn row<'s>(&self, slice: &'s Slice, code: usize) -> &'s Row {
        &slice.rows[self.first_row[code] as usize]
    }

    /// Appends the paths of the `used` rows, without query string, to the packed ones.
    ///
    /// Returns the index of each code; 0 also for codes of other rows.
    pub fn pack(
        &self,
        slice: &Slice,
        source: Source<'_>,
        used: impl Iterator<Item = usize>,
        packed: &mut PackedPaths,
    ) -> Vec<i32> {
        let mut index_of_code = vec![0; self.len()];
        let text = |code: usize| self.row(slice, code).texts[PATH];
        if (0..self.len()).all(|code| text(code).is_empty()) && self.len() < 2 {
            return index_of_code;
        }
        for row in used {
            index_of_code[self.of_row[row] as usize] = 1;
        }
        let first = packed.offsets.len() as i32 - 1;
        let mut empty_seen = false;
        let used = index_of_code.iter_mut().enumerate().filter(|(_, used)| **used != 0);
        for (index, (code, place)) in (first..).zip(used) {
            let path: Text = text(code);
            *place = if path.is_empty() && !empty_seen { 0 } else { index };
            empty_seen |= path.is_empty();
            packed.data.extend_from_slice(source.bytes(path));
            packed.offsets.push(packed.data.len() as i64);
        }
        index_of_code
    }
}

fn raw_hash(row: &Row, path: &[u8]) -> u64 {
    if row.raw_path.len() == row.texts[PATH].len() { row.hashes[PATH] } else { xxh3_64(path) }
}
