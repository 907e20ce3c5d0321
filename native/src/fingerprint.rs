//! The 128-bit identity of a call and the 64-bit digest of its content, as `prepared_calls` computes them.

use crate::identity_key::{Columns, Hashing, Key};

/// The hash of the empty text, which is in most columns of most senders.
pub const HASH_OF_NOTHING: u64 = 0x2d06_8005_38d3_94c2;

/// The longest organization, origin or id; each is preceded by its length in two bytes.
const MOST_BYTES: usize = u16::MAX as usize;

/// Identities of calls of one organization, in the order of the calls.
///
/// The hashed bytes separate the three texts: each but the last is preceded by its length, and with BLAKE3
/// also the last, since zeros fill the last block.
pub struct Identities {
    is_former: bool,
    hashing: Hashing,
    buffer: Vec<u8>,
    organization_end: usize,
    origin_start: usize,
    origin_end: usize,
}

impl Identities {
    pub fn new(organization: &str, key: &Key) -> Self {
        let is_former = matches!(key, Key::Xxh3(_));
        let hashing = Hashing::new(key);
        let mut identities = Identities {
            is_former,
            hashing,
            buffer: Vec::new(),
            organization_end: 0,
            origin_start: 0,
            origin_end: 0,
        };
        identities.put(organization.as_bytes());
        identities.organization_end = identities.buffer.len();
        identities.take_origin(b"");
        identities
    }

    /// Adds the next call; its texts must be UTF-8. None if one is too long to be hashed.
    #[inline]
    pub fn add(&mut self, origin: &[u8], id: &[u8]) -> Option<()> {
        if origin != &self.buffer[self.origin_start..self.origin_end] {
            self.take_origin(origin);
        }
        self.buffer.truncate(self.origin_end);
        if !self.is_former {
            self.buffer.extend_from_slice(&(id.len() as u16).to_le_bytes());
        }
        self.buffer.extend_from_slice(id);
        if self.buffer.len() > MOST_BYTES {
            return None;
        }
        self.hashing.add(&self.buffer);
        Some(())
    }

    /// The identities of all added calls.
    pub fn finished(self) -> Columns {
        self.hashing.finished()
    }

    #[cold]
    fn take_origin(&mut self, origin: &[u8]) {
        self.buffer.truncate(self.organization_end);
        self.put(origin);
        self.origin_end = self.buffer.len();
        self.origin_start = self.origin_end - origin.len();
    }

    /// A text preceded by its length: two bytes, or, in the former scheme, its number of characters in
    /// digits.
    fn put(&mut self, text: &[u8]) {
        if self.is_former {
            let continues = |byte: &&u8| **byte & 0xc0 == 0x80;
            let characters = text.len() - text.iter().filter(continues).count();
            self.buffer.extend_from_slice(format!("{characters}:").as_bytes());
        } else {
            self.buffer.extend_from_slice(&(text.len() as u16).to_le_bytes());
        }
        self.buffer.extend_from_slice(text);
    }
}

/// Mixes one more column into the digest of the previous ones.
#[inline(always)]
pub fn mixed(digest: u64, column: u64) -> u64 {
    let mut mix = (digest ^ column).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mix = (mix ^ (mix >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mix = (mix ^ (mix >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mix ^ (mix >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nothing_is_that_of_the_empty_text() {
        assert_eq!(HASH_OF_NOTHING, xxhash_rust::xxh3::xxh3_64(b""));
    }

    fn identities(key: &Key, calls: &[(&str, &str)]) -> Vec<(u64, u64)> {
        let mut identities = Identities::new("äcme", key);
        for (origin, id) in calls {
            assert!(identities.add(origin.as_bytes(), id.as_bytes()).is_some());
        }
        let columns = identities.finished();
        columns.high.into_iter().zip(columns.low).collect()
    }

    #[test]
    fn an_identity_does_not_depend_on_the_one_before() {
        for key in [Key::Blake3([7; 32]), Key::Xxh3(17)] {
            let each = identities(&key, &[("", "1"), ("ö", "1"), ("", "1"), ("ö", "1")]);
            assert_eq!(each[..2], each[2..]);
            assert_ne!(each[0], each[1]);
        }
    }

    #[test]
    fn the_texts_are_hashed_behind_their_lengths() {
        let mut message = b"\x05\0\xc3\xa4cme\x02\0\xc3\xb6\x01\x001".to_vec();
        message.resize(64, 0);
        let hash = blake3::keyed_hash(&[7; 32], &message);
        let number = u128::from_be_bytes(*hash.as_bytes().first_chunk().unwrap());
        let expected = ((number >> 64) as u64, number as u64);
        assert_eq!(identities(&Key::Blake3([7; 32]), &[("ö", "1")]), vec![expected]);
        let hash = xxhash_rust::xxh3::xxh3_128_with_seed("4:äcme1:ö1".as_bytes(), 17);
        assert_eq!(identities(&Key::Xxh3(17), &[("ö", "1")]), vec![((hash >> 64) as u64, hash as u64)]);
    }

    #[test]
    fn texts_that_are_too_long_to_be_told_apart_are_declined() {
        let mut identities = Identities::new(&"x".repeat(70_000), &Key::Blake3([7; 32]));
        assert!(identities.add(b"", b"1").is_none());
    }
}
