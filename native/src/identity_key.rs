//! Keys of identities: `calltally.identity_key` computes the same bits.
//!
//! BLAKE3 of one short text is a chain of dependent steps, at 140 ns. Its own code for long inputs processes
//! as many chunks at once as the processor has lanes; texts padded to whole blocks can be passed to it as
//! chunks, at 30 ns each. That entry point is public and undocumented, so the crate's version is pinned and
//! the tests compare it with the documented one.

use blake3::IncrementCounter;
use blake3::platform::{Platform, words_from_le_bytes_32};
use xxhash_rust::xxh3::xxh3_128_with_seed;

const BLOCK: usize = 64;
const KEY: usize = 32;
const OUT: usize = 32;

/// Messages hashed at once: the most lanes of any processor.
const LANES: usize = 16;

/// The flags of a message that is one chunk of a keyed hash, as BLAKE3 defines them.
const KEYED_HASH: u8 = 1 << 4;
const CHUNK_START: u8 = 1;
const CHUNK_END_AND_ROOT: u8 = 1 << 1 | 1 << 3;

/// A key with its scheme.
#[derive(Clone, PartialEq)]
pub enum Key {
    Blake3([u8; KEY]),
    /// The seed of stores that were created before keys were recorded.
    Xxh3(u64),
}

impl Key {
    /// None if there is no such scheme, or the key's length is wrong.
    pub fn of(scheme: &str, secret: &[u8]) -> Option<Key> {
        match scheme {
            "blake3" => secret.try_into().ok().map(Key::Blake3),
            "xxh3" => secret.try_into().ok().map(|bytes| Key::Xxh3(u64::from_be_bytes(bytes))),
            _ => None,
        }
    }
}

/// Identities as columns. The low half is never zero, which marks an empty slot.
#[derive(Default)]
pub struct Columns {
    pub high: Vec<u64>,
    pub low: Vec<u64>,
}

impl Columns {
    fn put(&mut self, row: usize, hash: &[u8]) {
        let half = |at: usize| u64::from_be_bytes(*hash[at..].first_chunk().expect("16 bytes of a hash"));
        (self.high[row], self.low[row]) = (half(0), half(8).max(1));
    }

    fn push_place(&mut self) -> usize {
        self.high.push(0);
        self.low.push(0);
        self.high.len() - 1
    }
}

/// Hashes messages, as many at once as is efficient.
pub struct Hashing {
    hasher: Hasher,
    columns: Columns,
}

enum Hasher {
    Blake3(Box<Blake3>),
    Xxh3(u64),
}

impl Hashing {
    pub fn new(key: &Key) -> Self {
        let hasher = match key {
            Key::Blake3(bytes) => Hasher::Blake3(Box::new(Blake3::new(bytes))),
            Key::Xxh3(seed) => Hasher::Xxh3(*seed),
        };
        Hashing { hasher, columns: Columns::default() }
    }

    /// Adds the next message.
    #[inline]
    pub fn add(&mut self, message: &[u8]) {
        let row = self.columns.push_place();
        match &mut self.hasher {
            Hasher::Blake3(blake3) => blake3.add(message, row, &mut self.columns),
            Hasher::Xxh3(seed) => {
                self.columns.put(row, &xxh3_128_with_seed(message, *seed).to_be_bytes());
            }
        }
    }

    /// The identities of all messages.
    pub fn finished(mut self) -> Columns {
        if let Hasher::Blake3(blake3) = &mut self.hasher {
            blake3.one_block.hash(&blake3.lanes, &mut self.columns);
            blake3.two_blocks.hash(&blake3.lanes, &mut self.columns);
        }
        self.columns
    }
}

struct Blake3 {
    key: [u8; KEY],
    lanes: Lanes,
    one_block: Waiting<BLOCK>,
    two_blocks: Waiting<{ 2 * BLOCK }>,
}

impl Blake3 {
    fn new(key: &[u8; KEY]) -> Self {
        let lanes = Lanes { platform: Platform::detect(), key: words_from_le_bytes_32(key) };
        Blake3 { key: *key, lanes, one_block: Waiting::new(), two_blocks: Waiting::new() }
    }

    #[inline]
    fn add(&mut self, message: &[u8], row: usize, columns: &mut Columns) {
        if message.len() <= BLOCK {
            self.one_block.add(message, row, &self.lanes, columns);
        } else if message.len() <= 2 * BLOCK {
            self.two_blocks.add(message, row, &self.lanes, columns);
        } else {
            let mut filled = message.to_vec();
            filled.resize(message.len().next_multiple_of(BLOCK), 0);
            columns.put(row, blake3::keyed_hash(&self.key, &filled).as_bytes());
        }
    }
}

struct Lanes {
    platform: Platform,
    key: [u32; KEY / 4],
}

/// Messages of `BYTES` bytes that wait to be hashed together, and their rows.
struct Waiting<const BYTES: usize> {
    messages: [[u8; BYTES]; LANES],
    rows: [usize; LANES],
    count: usize,
}

impl<const BYTES: usize> Waiting<BYTES> {
    fn new() -> Self {
        Waiting { messages: [[0; BYTES]; LANES], rows: [0; LANES], count: 0 }
    }

    #[inline]
    fn add(&mut self, message: &[u8], row: usize, lanes: &Lanes, columns: &mut Columns) {
        let place = &mut self.messages[self.count];
        place[..message.len()].copy_from_slice(message);
        place[message.len()..].fill(0);
        self.rows[self.count] = row;
        self.count += 1;
        if self.count == LANES {
            self.hash(lanes, columns);
        }
    }

    fn hash(&mut self, lanes: &Lanes, columns: &mut Columns) {
        let messages: [&[u8; BYTES]; LANES] = std::array::from_fn(|lane| &self.messages[lane]);
        let mut hashes = [0; OUT * LANES];
        lanes.platform.hash_many(
            &messages[..self.count],
            &lanes.key,
            0,
            IncrementCounter::No,
            KEYED_HASH,
            CHUNK_START,
            CHUNK_END_AND_ROOT,
            &mut hashes,
        );
        for (&row, hash) in self.rows[..self.count].iter().zip(hashes.chunks_exact(OUT)) {
            columns.put(row, hash);
        }
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; KEY] = [7; KEY];

    fn halves(hash: &[u8; OUT]) -> (u64, u64) {
        let number = u128::from_be_bytes(*hash.first_chunk().unwrap());
        ((number >> 64) as u64, number as u64)
    }

    #[test]
    fn messages_hashed_at_once_have_the_hashes_of_each_alone() {
        for count in [0, 1, 3, 8, 15, 16, 17, 100] {
            let mut hashing = Hashing::new(&Key::Blake3(SECRET));
            let messages: Vec<Vec<u8>> = (0..count)
                .map(|number| vec![number as u8 + 1; [9, 64, 65, 128, 129, 1500][number % 6]])
                .collect();
            messages.iter().for_each(|message| hashing.add(message));
            let found = hashing.finished();
            for (row, message) in messages.iter().enumerate() {
                let mut filled = message.clone();
                filled.resize(message.len().next_multiple_of(BLOCK), 0);
                let hash = blake3::keyed_hash(&SECRET, &filled);
                assert_eq!((found.high[row], found.low[row]), halves(hash.as_bytes()));
            }
            assert_eq!(found.high.len(), count);
        }
    }

    #[test]
    fn former_stores_keep_their_hashes() {
        let mut hashing = Hashing::new(&Key::of("xxh3", &17u64.to_be_bytes()).unwrap());
        hashing.add(b"4:acme0:1");
        let hash = xxh3_128_with_seed(b"4:acme0:1", 17);
        let found = hashing.finished();
        assert_eq!((found.high, found.low), (vec![(hash >> 64) as u64], vec![hash as u64]));
    }

    #[test]
    fn a_low_half_is_never_zero() {
        let mut columns = Columns::default();
        let row = columns.push_place();
        columns.put(row, &[0; OUT]);
        assert_eq!((columns.high[row], columns.low[row]), (0, 1));
    }

    #[test]
    fn a_key_has_the_length_of_its_scheme() {
        assert!(Key::of("blake3", &[1; 32]).is_some() && Key::of("xxh3", &[1; 8]).is_some());
        assert!(Key::of("blake3", &[1; 8]).is_none() && Key::of("xxh3", &[1; 32]).is_none());
        assert!(Key::of("", &[1; 32]).is_none());
    }
}
