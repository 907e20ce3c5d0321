//! The 128 bits that name a call and the 64 bits of its content, as `prepared_calls` computes them.

use xxhash_rust::xxh3::xxh3_128_with_seed;

/// The hash of the empty text, which most columns of most senders hold.
pub const HASH_OF_NOTHING: u64 = 0x2d06_8005_38d3_94c2;

/// Hashes of identities of one organization.
pub struct Identities {
    seed: u64,
    buffer: Vec<u8>,
    organization_end: usize,
    origin_start: usize,
    origin_end: usize,
}

impl Identities {
    pub fn new(organization: &str, seed: u64) -> Self {
        let mut buffer = format!("{}:{organization}", organization.chars().count()).into_bytes();
        let organization_end = buffer.len();
        buffer.extend_from_slice(b"0:");
        let origin_end = buffer.len();
        Identities { seed, buffer, organization_end, origin_start: origin_end, origin_end }
    }

    /// High and low half; the low one is never zero, which marks an empty slot. The origin must be UTF-8.
    #[inline]
    pub fn identity(&mut self, origin: &[u8], id: &[u8]) -> (u64, u64) {
        if origin != &self.buffer[self.origin_start..self.origin_end] {
            self.take_origin(origin);
        }
        self.buffer.truncate(self.origin_end);
        self.buffer.extend_from_slice(id);
        let hash = xxh3_128_with_seed(&self.buffer, self.seed);
        ((hash >> 64) as u64, (hash as u64).max(1))
    }

    #[cold]
    fn take_origin(&mut self, origin: &[u8]) {
        let continues = |byte: &&u8| **byte & 0xc0 == 0x80;
        let characters = origin.len() - origin.iter().filter(continues).count();
        self.buffer.truncate(self.organization_end);
        self.buffer.extend_from_slice(format!("{characters}:").as_bytes());
        self.origin_start = self.buffer.len();
        self.buffer.extend_from_slice(origin);
        self.origin_end = self.buffer.len();
    }
}

/// Mixes one more column into what the ones before gave.
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

    #[test]
    fn an_identity_does_not_depend_on_the_one_before() {
        let mut identities = Identities::new("äcme", 17);
        let first = identities.identity(b"", b"1");
        let other = identities.identity("ö".as_bytes(), b"1");
        assert_eq!(identities.identity(b"", b"1"), first);
        assert_eq!(identities.identity("ö".as_bytes(), b"1"), other);
        let hash = xxh3_128_with_seed("4:äcme1:ö1".as_bytes(), 17);
        assert_eq!(other, ((hash >> 64) as u64, hash as u64));
    }
}
