//! The texts that have ids, a mirror of `calltally.dictionary.Dictionary` for looking up bytes.

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
        let entry = Entry {
            id,
            length: text.len() as u32,
            start: self.bytes.len(),
        };
        self.bytes.extend_from_slice(text);
        self.by_hash.insert(hash, entry);
    }
}

/// All texts that have ids, as far as they were loaded.
#[derive(Default)]
pub struct Dictionary {
    texts: HashMap<(Kind, i32), Texts>,
    derived_routes: HashMap<i32, usize>,
    nothing: Texts,
}

impl Dictionary {
    /// Takes an entry; one that is known already is passed over.
    pub fn load(&mut self, kind: Kind, organization: i32, id: i32, text: &[u8], derived: bool) {
        let texts = self.texts.entry((kind, organization)).or_default();
        let hash = xxh3_64(text);
        if texts.find(text, hash).is_some() {
            return;
        }
        texts.insert(text, hash, id);
        if derived {
            *self.derived_routes.entry(organization).or_default() += 1;
        }
    }

    pub fn texts(&self, kind: Kind, organization: i32) -> &Texts {
        self.texts
            .get(&(kind, organization))
            .unwrap_or(&self.nothing)
    }

    /// How many routes of an organization were made from paths.
    pub fn derived_routes(&self, organization: i32) -> usize {
        self.derived_routes.get(&organization).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_in_its_kind_and_organization_only() {
        let mut dictionary = Dictionary::default();
        dictionary.load(CLIENT, 1, 7, b"a", false);
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
        assert_eq!(
            [b"a", b"b", b"c"].map(|text| texts.find(text, 5)),
            [Some(1), Some(2), None]
        );
    }

    #[test]
    fn a_derived_route_is_counted_once() {
        let mut dictionary = Dictionary::default();
        dictionary.load(ROUTE, 1, 1, b"/a", true);
        dictionary.load(ROUTE, 1, 1, b"/a", true);
        dictionary.load(ROUTE, 1, 2, b"/b", false);
        assert_eq!(
            (dictionary.derived_routes(1), dictionary.derived_routes(2)),
            (1, 0)
        );
    }
}
