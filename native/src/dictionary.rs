//! What is known of the ids in `calltally.dictionary.Dictionary`, looked up by bytes.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::hashing::HashedMap;

/// A kind of text; the numbers are those of `calltally.dictionary.Kind`.
pub type Kind = u8;

pub const ORIGIN: Kind = 1;
pub const CLIENT: Kind = 2;
pub const SOURCE: Kind = 4;
pub const ACCOUNT: Kind = 5;
pub const ROUTE: Kind = 7;

const NOTHING: i32 = 0;

#[derive(Clone, Copy)]
struct Entry {
    id: i32,
    length: u32,
    start: usize,
}

/// The texts of one kind and organization.
#[derive(Default)]
pub struct Texts {
    by_hash: HashedMap<Entry>,
    /// Texts whose hash another one has already; whoever makes such texts on purpose gains nothing.
    colliding: HashMap<Box<[u8]>, i32>,
    bytes: Vec<u8>,
}

impl Texts {
    /// The id of a text whose hash is given; 0 is the empty one's.
    #[inline]
    pub fn find(&self, text: &[u8], hash: u64) -> Option<i32> {
        if text.is_empty() {
            return Some(NOTHING);
        }
        let entry = self.by_hash.get(&hash)?;
        if self.bytes[entry.start..entry.start + entry.length as usize] == *text {
            return Some(entry.id);
        }
        self.colliding.get(text).copied()
    }

    fn insert(&mut self, text: &[u8], hash: u64, id: i32) {
        if self.find(text, hash).is_some() {
            return;
        }
        if self.by_hash.contains_key(&hash) {
            self.colliding.insert(text.into(), id);
            return;
        }
        let entry = Entry { id, length: text.len() as u32, start: self.bytes.len() };
        self.bytes.extend_from_slice(text);
        self.by_hash.insert(hash, entry);
    }
}

/// The ids that were learned so far. What is missing can be learned at any time.
#[derive(Default)]
pub struct Dictionary {
    texts: HashMap<(Kind, i32), Texts>,
    nothing: Texts,
}

impl Dictionary {
    /// Takes the id of a text; one that is known already is passed over.
    pub fn learn(&mut self, kind: Kind, organization: i32, text: &[u8], id: i32) {
        self.texts.entry((kind, organization)).or_default().insert(text, xxh3_64(text), id);
    }

    /// Forgets every text, as must be done before one is renamed.
    pub fn clear(&mut self) {
        self.texts.clear();
    }

    pub fn texts(&self, kind: Kind, organization: i32) -> &Texts {
        self.texts.get(&(kind, organization)).unwrap_or(&self.nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_in_its_kind_and_organization_only() {
        let mut dictionary = Dictionary::default();
        dictionary.learn(CLIENT, 1, b"a", 7);
        let hash = xxh3_64(b"a");
        assert_eq!(dictionary.texts(CLIENT, 1).find(b"a", hash), Some(7));
        assert_eq!(dictionary.texts(CLIENT, 2).find(b"a", hash), None);
        assert_eq!(dictionary.texts(SOURCE, 1).find(b"a", hash), None);
        assert_eq!(dictionary.texts(SOURCE, 1).find(b"", xxh3_64(b"")), Some(0));
    }

    #[test]
    fn texts_of_one_hash_are_told_apart() {
        let mut texts = Texts::default();
        texts.insert(b"a", 5, 1);
        texts.insert(b"b", 5, 2);
        texts.insert(b"b", 5, 3);
        assert_eq!([b"a", b"b", b"c"].map(|text| texts.find(text, 5)), [Some(1), Some(2), None]);
    }
}
