//! The last reported names, so that a name that every call repeats is reported once.

use std::collections::HashMap;

use crate::dictionary::{ACCOUNT, CLIENT, Kind, SOURCE};
use crate::slice::{IDS, Slice};
use crate::text::{Source, Text};

/// The kinds of things with names, and the index of the thing among a row's texts.
const NAMED: [(Kind, usize); 3] = [(CLIENT, 1), (SOURCE, 3), (ACCOUNT, 4)];

/// The most memory of names, with their overhead; beyond it all are dropped.
const MOST_BYTES: usize = 128 << 20;
const BYTES_PER_NAME: usize = 64;

/// A thing: its kind and its id in the dictionary.
type Thing = (Kind, i32);

/// A new name: the kind of the thing, the thing's text, and the name.
#[derive(Clone, Copy)]
pub struct News {
    pub kind: Kind,
    pub thing: Text,
    pub name: Text,
}

/// The last reported name of each thing.
#[derive(Default)]
pub struct KnownNames {
    known: HashMap<Thing, Box<[u8]>>,
    /// Includes replaced names.
    bytes: usize,
}

impl KnownNames {
    /// Drops all names, so that each counts as new again.
    pub fn clear(&mut self) {
        self.known.clear();
        self.bytes = 0;
    }

    /// The new names of some rows, given with the ids of their texts; of several names for one thing, the
    /// last. They are recorded as reported.
    pub fn news<'i>(
        &mut self,
        slice: &Slice,
        source: Source<'_>,
        rows: impl Iterator<Item = (usize, &'i [i32; IDS])>,
    ) -> Vec<News> {
        if slice.names.is_empty() {
            return Vec::new();
        }
        if self.bytes > MOST_BYTES {
            self.clear();
        }
        let told = told(slice, rows);
        if told.iter().all(|(thing, news)| self.knows(thing, source.bytes(news.name))) {
            return Vec::new();
        }
        let mut place_of: HashMap<Thing, usize> = HashMap::new();
        let mut last: Vec<(Thing, News)> = Vec::new();
        for (thing, news) in told {
            let place = *place_of.entry(thing).or_insert(last.len());
            match last.get_mut(place) {
                Some((_, earlier)) => earlier.name = news.name,
                None => last.push((thing, news)),
            }
        }
        last.retain(|(thing, news)| !self.knows(thing, source.bytes(news.name)));
        for (thing, news) in &last {
            let name = source.bytes(news.name);
            self.bytes += BYTES_PER_NAME + name.len();
            self.known.insert(*thing, name.into());
        }
        last.into_iter().map(|(_, news)| news).collect()
    }

    fn knows(&self, thing: &Thing, name: &[u8]) -> bool {
        self.known.get(thing).is_some_and(|known| **known == *name)
    }
}

/// Every name in the rows, with its thing.
fn told<'i>(slice: &Slice, rows: impl Iterator<Item = (usize, &'i [i32; IDS])>) -> Vec<(Thing, News)> {
    let mut told = Vec::new();
    let mut names = slice.names.iter().peekable();
    for (row, ids) in rows {
        while names.next_if(|names| names.row < row).is_some() {}
        let Some(names) = names.next_if(|names| names.row == row) else {
            continue;
        };
        for ((kind, column), name) in NAMED.into_iter().zip(names.texts) {
            if ids[column] != 0 && !name.is_empty() {
                let thing = slice.rows[row].texts[column];
                told.push(((kind, ids[column]), News { kind, thing, name }));
            }
        }
    }
    told
}
