//! Texts of one kind and organization with their ids, in a hash table made for looking up many in a row.

use std::collections::HashMap;

use crate::fetch::fetch;
use crate::hashing::Blinded;

const SMALLEST: usize = 16;

/// The bytes of a text in its entry; longer texts are stored separately.
const HEAD: usize = 16;

/// The id of the empty text, and of an empty entry.
const NOTHING: i32 = 0;

#[derive(Clone, Copy)]
#[repr(align(32))]
struct Entry {
    hash: u64,
    id: i32,
    length: u32,
    /// The text, or where it begins among the long ones.
    head: [u8; HEAD],
}

const EMPTY: Entry = Entry { hash: 0, id: NOTHING, length: 0, head: [0; HEAD] };

#[derive(Default)]
pub struct Texts {
    /// A power of two, at least half of them empty; none before the first text.
    entries: Vec<Entry>,
    count: usize,
    blinded: Blinded,
    long: Vec<u8>,
    /// Texts whose hash another one already has; creating such texts on purpose gains nothing.
    colliding: HashMap<Box<[u8]>, i32>,
}

impl Texts {
    /// The id of a text with its hash; 0 is that of the empty one.
    #[inline(always)]
    pub fn find(&self, text: &[u8], hash: u64) -> Option<i32> {
        if text.is_empty() {
            return Some(NOTHING);
        }
        let entry = self.entries.get(self.place(hash)?)?;
        if entry.id == NOTHING {
            None
        } else if self.is_text(entry, text) {
            Some(entry.id)
        } else {
            self.colliding.get(text).copied()
        }
    }

    /// Prefetches the entry of a hash.
    #[inline(always)]
    pub fn fetch(&self, hash: u64) {
        if let Some(entry) = self.entries.get(self.home(hash)) {
            fetch(entry);
        }
    }

    /// Adds a text unless it exists.
    pub fn insert(&mut self, text: &[u8], hash: u64, id: i32) {
        if self.find(text, hash).is_some() || id == NOTHING {
            return;
        }
        if self.count * 2 >= self.entries.len() {
            self.grow();
        }
        let Some(place) = self.place(hash) else {
            return;
        };
        if self.entries[place].id != NOTHING {
            self.colliding.insert(text.into(), id);
            return;
        }
        let mut head = [0; HEAD];
        if text.len() <= HEAD {
            head[..text.len()].copy_from_slice(text);
        } else {
            head[..8].copy_from_slice(&(self.long.len() as u64).to_le_bytes());
            self.long.extend_from_slice(text);
        }
        self.entries[place] = Entry { hash, id, length: text.len() as u32, head };
        self.count += 1;
    }

    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        self.blinded.blind(hash) as usize & self.entries.len().wrapping_sub(1)
    }

    /// Where the entry of a hash is, or would be; None in a table without entries.
    #[inline(always)]
    fn place(&self, hash: u64) -> Option<usize> {
        let mut at = self.home(hash);
        loop {
            let entry = self.entries.get(at)?;
            if entry.hash == hash || entry.id == NOTHING {
                return Some(at);
            }
            at = (at + 1) & (self.entries.len() - 1);
        }
    }

    #[inline(always)]
    fn is_text(&self, entry: &Entry, text: &[u8]) -> bool {
        let length = entry.length as usize;
        if length != text.len() {
            return false;
        }
        if length <= HEAD {
            return begins_with(&entry.head, text);
        }
        let [a, b, c, d, e, f, g, h, ..] = entry.head;
        let start = u64::from_le_bytes([a, b, c, d, e, f, g, h]) as usize;
        self.long[start..start + length] == *text
    }

    #[cold]
    fn grow(&mut self) {
        let slots = SMALLEST.max(self.entries.len() * 2);
        let old = std::mem::replace(&mut self.entries, vec![EMPTY; slots]);
        for entry in old.into_iter().filter(|entry| entry.id != NOTHING) {
            if let Some(place) = self.place(entry.hash) {
                self.entries[place] = entry;
            }
        }
    }
}

/// Whether a head begins with a text that is no longer, without a call for a few bytes.
#[inline(always)]
fn begins_with(head: &[u8; HEAD], text: &[u8]) -> bool {
    const HALF: usize = HEAD / 2;
    match (text.first_chunk::<HALF>(), text.last_chunk::<HALF>()) {
        (Some(first), Some(last)) => {
            let end = text.len() - HALF;
            head[..HALF] == *first && head[end..end + HALF] == *last
        }
        _ => head.iter().zip(text).all(|(one, other)| one == other),
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;

    #[test]
    fn texts_of_one_hash_are_told_apart() {
        let mut texts = Texts::default();
        texts.insert(b"a", 5, 1);
        texts.insert(b"b", 5, 2);
        texts.insert(b"b", 5, 3);
        assert_eq!([b"a", b"b", b"c"].map(|text| texts.find(text, 5)), [Some(1), Some(2), None]);
    }

    #[test]
    fn short_and_long_texts_are_found_while_the_table_grows() {
        let mut texts = Texts::default();
        let text = |id: i32| format!("{}{id}", "x".repeat(id as usize % 40)).into_bytes();
        for id in 1..5000 {
            assert_eq!(texts.find(&text(id), id as u64), None);
            texts.insert(&text(id), id as u64, id);
        }
        assert!((1..5000).all(|id| texts.find(&text(id), id as u64) == Some(id)));
    }

    #[test]
    fn a_text_that_differs_in_any_byte_is_another() {
        for length in 1..30 {
            let text = vec![b'x'; length];
            let mut texts = Texts::default();
            texts.insert(&text, 5, 1);
            assert_eq!(texts.find(&text, 5), Some(1));
            assert_eq!(
                (texts.find(&text[1..], 5), texts.find(&[b'x'; 40], 5)),
                ((length == 1).then_some(0), None)
            );
            for place in 0..length {
                let mut other = text.clone();
                other[place] = b'y';
                assert_eq!(texts.find(&other, 5), None);
            }
        }
    }

    #[test]
    fn a_hash_of_zero_is_a_hash_like_others() {
        let mut texts = Texts::default();
        assert_eq!(texts.find(b"a", 0), None);
        texts.insert(b"a", 0, 1);
        assert_eq!((texts.find(b"a", 0), texts.find(b"b", 0), texts.find(b"", 0)), (Some(1), None, Some(0)));
    }
}
