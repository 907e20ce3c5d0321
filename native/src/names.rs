//! The names that were told last, so that a name which every call repeats is told once.

use std::collections::HashMap;

use crate::dictionary::{ACCOUNT, CLIENT, Kind, SOURCE};
use crate::slice::{Slice, TEXTS};
use crate::text::{Source, Text};

/// The kinds of things that have names, and which of a row's texts is the thing.
const NAMED: [(Kind, usize); 3] = [(CLIENT, 1), (SOURCE, 3), (ACCOUNT, 4)];

const MOST_KNOWN: usize = 1_000_000;

/// A thing: its kind and its id in the dictionary.
type Thing = (Kind, i32);

/// A name that is news: the kind of the thing, the thing's text, and the name.
pub struct News {
    pub kind: Kind,
    pub thing: Text,
    pub name: Text,
}

/// What was told last of each thing.
#[derive(Default)]
pub struct KnownNames {
    known: HashMap<Thing, Box<[u8]>>,
}

impl KnownNames {
    /// Remembers a name that was told otherwise.
    pub fn learn(&mut self, kind: Kind, id: i32, name: &[u8]) {
        self.known.insert((kind, id), name.into());
    }

    /// The news of some rows; of several names for one thing the last. They are known from then on.
    ///
    /// `ids` gives the dictionary ids of a row's texts, or None for a row whose names do not count.
    pub fn news<F>(&mut self, slice: &Slice, source: Source<'_>, ids: F) -> Vec<News>
    where
        F: Fn(usize) -> Option<[i32; TEXTS - 1]>,
    {
        if slice.names.is_empty() {
            return Vec::new();
        }
        if self.known.len() > MOST_KNOWN {
            self.known.clear();
        }
        let told = || {
            slice
                .names
                .iter()
                .filter_map(|names| Some((names, ids(names.row)?)))
                .flat_map(|(names, ids)| {
                    let name_of = move |(index, (kind, text)): (usize, (Kind, usize))| {
                        let news = News {
                            kind,
                            thing: slice.rows[names.row].texts[text],
                            name: names.texts[index],
                        };
                        ((kind, ids[text]), news)
                    };
                    NAMED.into_iter().enumerate().map(name_of)
                })
                .filter(|((_, id), news)| *id != 0 && !news.name.is_empty())
        };
        let known = |thing: &Thing, name: Text| {
            self.known
                .get(thing)
                .is_some_and(|known| **known == *source.bytes(name))
        };
        if told().all(|(thing, news)| known(&thing, news.name)) {
            return Vec::new();
        }
        let mut place_of: HashMap<Thing, usize> = HashMap::new();
        let mut last: Vec<(Thing, News)> = Vec::new();
        for (thing, news) in told() {
            let place = *place_of.entry(thing).or_insert(last.len());
            match last.get_mut(place) {
                Some((_, earlier)) => earlier.name = news.name,
                None => last.push((thing, news)),
            }
        }
        last.retain(|(thing, news)| !known(thing, news.name));
        for ((kind, id), news) in &last {
            self.learn(*kind, *id, source.bytes(news.name));
        }
        last.into_iter().map(|(_, news)| news).collect()
    }
}
