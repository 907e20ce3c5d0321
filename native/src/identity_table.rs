//! An exact hash table of 128-bit identities, as specified by `identity_table.IdentityTable`.

use crate::fetch::fetch;
use crate::identity_filter::Filter;

/// Slots of one bucket: their low halves fill one cache line.
pub const BUCKET: usize = 8;
const MAX_LOAD: f64 = 0.78;

/// How many identities ahead memory is prefetched.
const AHEAD: usize = 12;

/// A table's verdict on an identity.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Seen {
    New = 0,
    Same = 1,
    Other = 2,
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Bucket {
    low: [u64; BUCKET],
    high: [u64; BUCKET],
    digest: [u64; BUCKET],
}

const EMPTY: Bucket = Bucket { low: [0; BUCKET], high: [0; BUCKET], digest: [0; BUCKET] };

/// Open addressing over buckets: a bucket fills from its first slot, an identity is in the first bucket at or
/// after its own that had space, and nothing is ever deleted, so an empty last slot ends every search.
pub struct Table {
    /// Grows to its full length before the first identity is added, so that no batch waits for all of it.
    buckets: Vec<Bucket>,
    length: usize,
    capacity: usize,
    count: usize,
}

/// Identities as columns.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    pub high: &'a [u64],
    pub low: &'a [u64],
    pub digest: &'a [u64],
}

/// A full table, and a filter of its content, if there is one.
#[derive(Clone, Copy)]
pub struct Full<'a> {
    pub table: &'a Table,
    pub filter: Option<&'a Filter>,
}

impl Full<'_> {
    /// A filter's lines are closer together than the table's, so the table is rarely accessed.
    #[inline(always)]
    fn find(&self, high: u64, low: u64) -> Option<u64> {
        match self.filter {
            Some(filter) if !filter.may_hold(high, low) => None,
            _ => self.table.find(high, low),
        }
    }

    #[inline(always)]
    fn fetch_ahead(&self, calls: Columns<'_>, index: usize) {
        match self.filter {
            Some(filter) => calls.high.get(index + AHEAD).iter().for_each(|&&high| filter.fetch(high)),
            None => self.table.fetch_low_ahead(calls.low, index),
        }
    }
}

impl Table {
    /// None unless `slots` is a power of two of at least a bucket, and there is memory for it.
    pub fn new(slots: usize) -> Option<Self> {
        if slots < BUCKET || !slots.is_power_of_two() {
            return None;
        }
        let length = slots / BUCKET;
        let mut buckets = Vec::new();
        buckets.try_reserve_exact(length).ok()?;
        Some(Table { buckets, length, capacity: (slots as f64 * MAX_LOAD) as usize, count: 0 })
    }

    pub fn slots(&self) -> usize {
        self.length * BUCKET
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn room(&self) -> usize {
        self.capacity - self.count
    }

    /// Touches the memory of some more buckets.
    pub fn prefault(&mut self, buckets: usize) {
        let ready = self.length.min(self.buckets.len().saturating_add(buckets));
        self.buckets.resize(ready, EMPTY);
    }

    fn home(&self, low: u64) -> usize {
        low as usize & (self.length - 1)
    }

    /// The digest of an identity in the table.
    fn find(&self, high: u64, low: u64) -> Option<u64> {
        let mut at = self.home(low);
        loop {
            let bucket = self.buckets.get(at)?;
            if let Some(slot) = bucket.slot_of(high, low) {
                return Some(bucket.digest[slot]);
            }
            if bucket.low[BUCKET - 1] == 0 {
                return None;
            }
            at = (at + 1) & (self.length - 1);
        }
    }

    /// Adds an identity unless it is in the table. There must be space, and every bucket must be prefaulted.
    fn find_or_insert(&mut self, high: u64, low: u64, digest: u64) -> Seen {
        let mut at = self.home(low);
        loop {
            let bucket = &mut self.buckets[at];
            if let Some(slot) = bucket.slot_of(high, low) {
                return seen(bucket.digest[slot], digest);
            }
            if let Some(slot) = bucket.first_empty() {
                (bucket.low[slot], bucket.high[slot], bucket.digest[slot]) = (low, high, digest);
                self.count += 1;
                return Seen::New;
            }
            at = (at + 1) & (self.length - 1);
        }
    }

    /// Whether each identity is in the table, and its digest, 0 if not.
    pub fn find_all(&self, high: &[u64], low: &[u64]) -> (Vec<u8>, Vec<u64>) {
        let found = |index: usize| {
            self.fetch_ahead(low, index);
            self.find(high[index], low[index])
        };
        (0..low.len()).map(found).map(|digest| (u8::from(digest.is_some()), digest.unwrap_or(0))).unzip()
    }

    /// Adds identities; false, adding nothing, if they do not all fit.
    pub fn insert_all(&mut self, calls: Columns<'_>) -> bool {
        if calls.low.len() > self.room() {
            return false;
        }
        self.prefault(self.length);
        for index in 0..calls.low.len() {
            self.fetch_ahead(calls.low, index);
            self.find_or_insert(calls.high[index], calls.low[index], calls.digest[index]);
        }
        true
    }

    /// The verdict on each identity in order; new ones are added to the table.
    ///
    /// `others` may have identities that this table lacks; `stored` has the digest of each identity that is
    /// stored elsewhere. None, adding nothing, if they do not all fit.
    pub fn judge(
        &mut self,
        others: &[Full<'_>],
        calls: Columns<'_>,
        stored: Option<&[Option<u64>]>,
    ) -> Option<Vec<u8>> {
        if calls.low.len() > self.room() {
            return None;
        }
        self.prefault(self.length);
        let verdict = |index: usize| {
            self.fetch_ahead(calls.low, index);
            others.iter().for_each(|other| other.fetch_ahead(calls, index));
            let (high, low, digest) = (calls.high[index], calls.low[index], calls.digest[index]);
            let held = stored.and_then(|stored| stored[index]);
            match held.or_else(|| others.iter().find_map(|other| other.find(high, low))) {
                Some(known) => seen(known, digest) as u8,
                None => self.find_or_insert(high, low, digest) as u8,
            }
        };
        Some((0..calls.low.len()).map(verdict).collect())
    }

    /// All identities, each with its digest.
    pub fn rows(&self) -> impl Iterator<Item = [u64; 3]> + '_ {
        let of_bucket = |bucket: &'_ Bucket| {
            let bucket = *bucket;
            let held = bucket.first_empty().unwrap_or(BUCKET);
            (0..held).map(move |slot| [bucket.high[slot], bucket.low[slot], bucket.digest[slot]])
        };
        self.buckets.iter().flat_map(of_bucket)
    }

    /// The identities in some adjacent buckets.
    pub fn span(&self, first_bucket: usize, buckets: usize) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
        let end = self.buckets.len().min(first_bucket.saturating_add(buckets));
        let (mut high, mut low, mut digest) = (Vec::new(), Vec::new(), Vec::new());
        for bucket in self.buckets.get(first_bucket..end).unwrap_or_default() {
            let held = bucket.first_empty().unwrap_or(BUCKET);
            high.extend_from_slice(&bucket.high[..held]);
            low.extend_from_slice(&bucket.low[..held]);
            digest.extend_from_slice(&bucket.digest[..held]);
        }
        (high, low, digest)
    }

    #[inline(always)]
    fn fetch_ahead(&self, low: &[u64], index: usize) {
        if let Some(bucket) = self.ahead(low, index) {
            fetch(&bucket.low);
            fetch(&bucket.high);
            fetch(&bucket.digest);
        }
    }

    /// For a table that rarely has the identities looked up: then only the low halves are read.
    #[inline(always)]
    fn fetch_low_ahead(&self, low: &[u64], index: usize) {
        if let Some(bucket) = self.ahead(low, index) {
            fetch(&bucket.low);
        }
    }

    #[inline(always)]
    fn ahead(&self, low: &[u64], index: usize) -> Option<&Bucket> {
        low.get(index + AHEAD).and_then(|&low| self.buckets.get(self.home(low)))
    }
}

fn seen(known: u64, digest: u64) -> Seen {
    if known == digest { Seen::Same } else { Seen::Other }
}

impl Bucket {
    #[inline(always)]
    fn slot_of(&self, high: u64, low: u64) -> Option<usize> {
        let mut equal = 0u32;
        for slot in 0..BUCKET {
            equal |= u32::from(self.low[slot] == low) << slot;
        }
        while equal != 0 {
            let slot = equal.trailing_zeros() as usize;
            if self.high[slot] == high {
                return Some(slot);
            }
            equal &= equal - 1;
        }
        None
    }

    #[inline(always)]
    fn first_empty(&self) -> Option<usize> {
        self.low.iter().position(|&low| low == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity_filter::marked;

    #[test]
    fn slots_must_be_a_power_of_two() {
        assert!(Table::new(0).is_none() && Table::new(4).is_none() && Table::new(24).is_none());
        assert_eq!(Table::new(8).unwrap().capacity(), 6);
    }

    #[test]
    fn a_table_that_is_full_judges_nothing_and_keeps_what_it_has() {
        let mut table = Table::new(8).unwrap();
        let column: Vec<u64> = (1..=6).map(|number| number * 8).collect();
        let calls = Columns { high: &column, low: &column, digest: &column };
        assert_eq!(table.judge(&[], calls, None), Some(vec![0; 6]));
        assert_eq!(table.judge(&[], Columns { high: &[1], low: &[1], digest: &[1] }, None), None);
        assert_eq!((table.count(), table.room()), (6, 0));
        assert_eq!(table.find_all(&column, &column), (vec![1; 6], column.clone()));
    }

    #[test]
    fn an_identity_is_judged_against_its_first_copy_wherever_that_is() {
        let mut old = Table::new(8).unwrap();
        assert!(old.insert_all(Columns { high: &[1], low: &[1], digest: &[1] }));
        let filter = Filter::from_bytes(&marked(&[[1, 1, 1]], 0, 1, 1)).unwrap();
        for filter in [None, Some(&filter)] {
            let mut table = Table::new(64).unwrap();
            let stored = [None, None, None, Some(4), None];
            let calls = Columns { high: &[1, 2, 2, 4, 5], low: &[1, 1, 1, 4, 5], digest: &[1, 2, 3, 4, 5] };
            let verdicts = table.judge(&[Full { table: &old, filter }], calls, Some(&stored));
            assert_eq!(verdicts, Some(vec![1, 0, 2, 1, 0]));
            assert_eq!(table.count(), 2);
        }
    }

    #[test]
    fn a_table_is_copied_in_steps() {
        let mut old = Table::new(64).unwrap();
        let column: Vec<u64> = (1..=40).collect();
        assert!(old.insert_all(Columns { high: &column, low: &column, digest: &column }));
        let mut table = Table::new(128).unwrap();
        for bucket in 0..8 {
            let (high, low, digest) = old.span(bucket, 1);
            assert!(table.insert_all(Columns { high: &high, low: &low, digest: &digest }));
        }
        assert_eq!(table.count(), 40);
        assert_eq!(table.find_all(&column, &column).1, column);
    }
}
