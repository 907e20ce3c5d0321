//! Hash maps over hashes that senders could choose.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A map from 64-bit hashes that were computed before.
pub type HashedMap<V> = HashMap<u64, V, Blinded>;

/// Blinds hashes with secret numbers of this process, so that nobody can choose texts that crowd one place.
#[derive(Clone)]
pub struct Blinded {
    mask: u64,
    factor: u64,
}

impl Default for Blinded {
    fn default() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Blinded { mask: random(), factor: random() | 1 }
    }
}

impl Blinded {
    #[inline(always)]
    pub fn blind(&self, hash: u64) -> u64 {
        let product = u128::from(hash ^ self.mask) * u128::from(self.factor);
        (product >> 64) as u64 ^ product as u64
    }
}

impl BuildHasher for Blinded {
    type Hasher = BlindedHasher;

    fn build_hasher(&self) -> BlindedHasher {
        BlindedHasher { blinded: self.clone(), hash: 0 }
    }
}

/// Takes one number.
pub struct BlindedHasher {
    blinded: Blinded,
    hash: u64,
}

impl Hasher for BlindedHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.hash.rotate_left(8) ^ u64::from(byte));
        }
    }

    #[inline(always)]
    fn write_u64(&mut self, hash: u64) {
        self.hash = self.blinded.blind(hash);
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}
