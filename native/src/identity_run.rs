//! Runs of sorted identities in files, as specified by `identity_run.IdentityRun`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::identity_filter::Filter;
use crate::sorted_identities::{BLOCK_BYTES, Block};

/// How many identities ahead memory is prefetched.
const AHEAD: usize = 16;

/// The part of a run in memory: its filter, unless there is no memory for it, and where each block begins.
pub struct Run {
    file: Arc<File>,
    blocks_start: u64,
    fences: Arc<[u64]>,
    filter: Option<Filter>,
}

/// Which identities were found, and their digests, 0 if not found.
pub type Found = (Vec<u8>, Vec<u64>);

/// The run whose file is damaged or unreadable.
#[derive(Debug, PartialEq)]
pub struct Damaged(pub usize);

impl Run {
    pub fn open(
        path: &Path,
        blocks_start: u64,
        fences: Vec<u64>,
        filter: Option<Filter>,
    ) -> io::Result<Self> {
        Ok(Run { file: Arc::new(File::open(path)?), blocks_start, fences: fences.into(), filter })
    }

    /// The same without a filter; the file is not opened again, since it may have been unlinked.
    pub fn without_filter(&self) -> Self {
        Run {
            file: Arc::clone(&self.file),
            blocks_start: self.blocks_start,
            fences: Arc::clone(&self.fences),
            filter: None,
        }
    }

    /// None if there is no memory for it.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// The digest of an identity in the run; an error for a damaged block.
    fn find(&self, high: u64, low: u64, buffer: &mut [u8; BLOCK_BYTES]) -> Result<Option<u64>, ()> {
        let last = self.fences.partition_point(|&fence| fence <= high);
        let first = self.fences.partition_point(|&fence| fence < high).saturating_sub(1);
        for number in first..last {
            let place = self.blocks_start + (number * BLOCK_BYTES) as u64;
            self.file.read_exact_at(buffer, place).map_err(drop)?;
            let block = Block::checked(buffer).ok_or(())?;
            if let Some(digest) = block.find(high, low) {
                return Ok(Some(digest));
            }
        }
        Ok(None)
    }

    fn find_all(&self, high: &[u64], low: &[u64], found: &mut Option<Found>) -> Result<(), ()> {
        let mut buffer = [0; BLOCK_BYTES];
        for index in 0..low.len() {
            if let Some(filter) = &self.filter {
                high.get(index + AHEAD).iter().for_each(|&&high| filter.fetch(high));
                if !filter.may_hold(high[index], low[index]) {
                    continue;
                }
            }
            if let Some(digest) = self.find(high[index], low[index], &mut buffer)? {
                let (present, digests) =
                    found.get_or_insert_with(|| (vec![0; low.len()], vec![0; low.len()]));
                (present[index], digests[index]) = (1, digest);
            }
        }
        Ok(())
    }
}

/// The identities that runs contain; None if there are none. The digest is that of the first such run.
pub fn find_in(runs: &[&Run], high: &[u64], low: &[u64]) -> Result<Option<Found>, Damaged> {
    let mut found = None;
    for (number, run) in runs.iter().enumerate().rev() {
        run.find_all(high, low, &mut found).map_err(|()| Damaged(number))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity_filter::marked;
    use crate::identity_table::Columns;
    use crate::sorted_identities::Sorted;

    fn written(name: &str, damage: Option<usize>, lines: usize) -> (Run, Vec<u64>) {
        let column: Vec<u64> = (1..=500u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let sorted = Sorted::of_columns(Columns { high: &column, low: &column, digest: &column });
        let mut bytes = sorted.blocks(0, 99);
        if let Some(place) = damage {
            bytes[place] ^= 1;
        }
        let path = std::env::temp_dir().join(format!("{name}-{}.ids", std::process::id()));
        std::fs::write(&path, &bytes).unwrap();
        let filter = (lines > 0).then(|| Filter::from_bytes(&marked(&sorted.rows, 0, lines, lines)).unwrap());
        let run = Run::open(&path, 0, sorted.fences(), filter).unwrap();
        std::fs::remove_file(path).unwrap();
        (run, column)
    }

    #[test]
    fn every_identity_of_a_run_is_found_with_a_filter_and_without() {
        for lines in [0, 12] {
            let (run, column) = written("found", None, lines);
            assert_eq!(find_in(&[&run], &column, &column), Ok(Some((vec![1; 500], column.clone()))));
            let others: Vec<u64> = column.iter().map(|low| !low).collect();
            assert_eq!(find_in(&[&run], &column, &others), Ok(None));
        }
    }

    #[test]
    fn a_damaged_block_is_never_believed() {
        let (sound, column) = written("sound", None, 12);
        let (damaged, _) = written("damaged", Some(5000), 12);
        assert_eq!(find_in(&[&sound, &damaged], &column, &column), Err(Damaged(1)));
    }
}
