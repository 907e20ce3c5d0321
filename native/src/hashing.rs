//! Protection of hash tables against hashes chosen by senders.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Blinds hashes with secret numbers of this process, so that texts cannot be chosen to collide.
#[derive(Clone, Copy)]
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
    pub fn blind(self, hash: u64) -> u64 {
        let product = u128::from(hash ^ self.mask) * u128::from(self.factor);
        (product >> 64) as u64 ^ product as u64
    }
}
