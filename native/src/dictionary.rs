//! A cache of the ids in `calltally.dictionary.Dictionary`, looked up by bytes.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::texts::Texts;

/// A kind of text; the numbers are those of `calltally.dictionary.Kind`.
pub type Kind = u8;

pub const ORIGIN: Kind = 1;
pub const CLIENT: Kind = 2;
pub const SOURCE: Kind = 4;
pub const ACCOUNT: Kind = 5;
pub const ROUTE: Kind = 7;

/// The cached ids. Missing ones can be added at any time.
#[derive(Default)]
pub struct Dictionary {
    texts: HashMap<(Kind, i32), Texts>,
    nothing: Texts,
}

impl Dictionary {
    /// Adds the id of a text; an existing text is ignored.
    pub fn learn(&mut self, kind: Kind, organization: i32, text: &[u8], id: i32) {
        self.texts.entry((kind, organization)).or_default().insert(text, xxh3_64(text), id);
    }

    /// Removes every text; required before one is renamed.
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
}
