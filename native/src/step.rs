//! Converts a decoded slice to the journal's records, or returns the texts that have no id yet.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use crate::dictionary::{Dictionary, Kind, ORIGIN, ROUTE};
use crate::names::{KnownNames, News};
use crate::path_list::{PackedPaths, PathCodes};
use crate::record::{Ids, Layout};
use crate::route::derive;
use crate::slice::{self, PATH, Row, Slice};
use crate::text::Source;
use crate::texts::Texts;

/// The columns of texts before the route; their kinds are consecutive from the origin's on.
const PLAIN: usize = slice::ROUTE;
const ACCEPTED: u8 = 0;

/// How many calls ahead memory is prefetched.
const AHEAD: usize = 4;

/// A text that needs an id before the records can be built.
#[derive(Debug, PartialEq)]
pub struct Unknown {
    pub kind: Kind,
    pub text: Vec<u8>,
    pub derived: bool,
}

/// The accepted calls of some slices, ready for the journal.
#[derive(Default)]
pub struct Records {
    pub bytes: Vec<u8>,
    pub paths: PackedPaths,
}

/// The result for a slice: the number of accepted calls, and the new names.
pub struct Accepted {
    pub calls: usize,
    pub news: Vec<News>,
}

/// A slice, and the verdicts on its calls.
pub struct Judged<'a> {
    pub slice: &'a Slice,
    pub source: Source<'a>,
    pub verdicts: &'a [u8],
    pub organization: i32,
    /// The substitute for derived routes without an id, once their limit is reached.
    pub other_route: Option<i32>,
}

/// Converts slices to records.
pub struct Interner {
    pub dictionary: Dictionary,
    pub names: KnownNames,
    pub layout: Layout,
}

impl Interner {
    /// Whether the ids of all texts of a slice are cached, except derived routes.
    pub fn knows(&self, slice: &Slice, source: Source<'_>, organization: i32) -> bool {
        let texts: [&Texts; slice::IDS] =
            std::array::from_fn(|column| self.dictionary.texts(kind_of(column), organization));
        slice.rows.iter().all(|row| {
            (0..slice::IDS).all(|column| {
                texts[column].find(source.bytes(row.texts[column]), row.hashes[column]).is_some()
            })
        })
    }

    /// Adds the accepted calls to the records; or, adding nothing, returns the texts that need ids first, in
    /// the order in which they must get them.
    pub fn take(&mut self, judged: &Judged<'_>, records: &mut Records) -> Result<Accepted, Vec<Unknown>> {
        let codes = PathCodes::of(judged.slice, judged.source);
        let Some(ids) = self.ids(judged, &codes) else {
            return Err(self.unknown(judged, &codes));
        };
        let accepted = || (0..judged.slice.rows.len()).filter(|&row| judged.is_accepted(row));
        let index_of_code = codes.pack(judged.slice, judged.source, accepted(), &mut records.paths);
        let start = records.bytes.len();
        records.bytes.resize(start + ids.len() * self.layout.size(), 0);
        let added = records.bytes[start..].chunks_exact_mut(self.layout.size());
        for ((record, row), texts) in added.zip(accepted()).zip(&ids) {
            let slice = judged.slice;
            let identity = [slice.high[row], slice.low[row], slice.digest[row]];
            let path = index_of_code[codes.of_row[row] as usize];
            let ids = Ids { organization: judged.organization, texts: *texts, path };
            self.layout.write(record, &slice.rows[row], identity, &ids);
        }
        let news = self.names.news(judged.slice, judged.source, accepted().zip(&ids));
        Ok(Accepted { calls: ids.len(), news })
    }

    /// The ids of the texts of each accepted call; None if any is missing.
    fn ids(&self, judged: &Judged<'_>, codes: &PathCodes) -> Option<Vec<[i32; slice::IDS]>> {
        let texts: [&Texts; PLAIN] = std::array::from_fn(|column| self.texts(judged, column));
        let routes = self.texts(judged, slice::ROUTE);
        let mut route_of_code: Vec<Option<i32>> = vec![None; codes.len()];
        let mut derived = Vec::new();
        let mut all = Vec::with_capacity(judged.slice.rows.len());
        for (index, row) in judged.slice.rows.iter().enumerate() {
            if let Some(ahead) = judged.slice.rows.get(index + AHEAD) {
                texts.iter().zip(ahead.hashes).for_each(|(texts, hash)| texts.fetch(hash));
                routes.fetch(ahead.hashes[slice::ROUTE]);
            }
            if !judged.is_accepted(index) {
                continue;
            }
            let bytes = |column: usize| judged.source.bytes(row.texts[column]);
            let mut ids = [0; slice::IDS];
            for column in 0..PLAIN {
                ids[column] = texts[column].find(bytes(column), row.hashes[column])?;
            }
            ids[slice::ROUTE] = if needs_route(row) {
                let known = &mut route_of_code[codes.of_row[index] as usize];
                match *known {
                    Some(id) => id,
                    None => {
                        derive(bytes(PATH), &mut derived);
                        *known.insert(routes.find(&derived, xxh3_64(&derived)).or(judged.other_route)?)
                    }
                }
            } else {
                routes.find(bytes(slice::ROUTE), row.hashes[slice::ROUTE])?
            };
            all.push(ids);
        }
        Some(all)
    }

    /// The texts missing in `ids`, by column, each column in the order in which its texts first appear in the
    /// slice, if an accepted call uses them.
    #[cold]
    fn unknown(&self, judged: &Judged<'_>, codes: &PathCodes) -> Vec<Unknown> {
        let mut unknown = Vec::new();
        for column in 0..=slice::ROUTE {
            self.unknown_of_column(judged, column, &mut unknown);
        }
        self.unknown_derived(judged, codes, &mut unknown);
        unknown
    }

    fn unknown_of_column(&self, judged: &Judged<'_>, column: usize, unknown: &mut Vec<Unknown>) {
        let known = self.texts(judged, column);
        let mut place_of: HashMap<&[u8], usize> = HashMap::new();
        let mut used: Vec<(&[u8], bool)> = Vec::new();
        for (index, row) in judged.slice.rows.iter().enumerate() {
            let text = judged.source.bytes(row.texts[column]);
            if known.find(text, row.hashes[column]).is_none() {
                let place = *place_of.entry(text).or_insert(used.len());
                if place == used.len() {
                    used.push((text, false));
                }
                used[place].1 |= judged.is_accepted(index);
            }
        }
        let kind = kind_of(column);
        let missing = used.into_iter().filter(|(_, used)| *used);
        unknown.extend(missing.map(|(text, _)| Unknown { kind, text: text.to_vec(), derived: false }));
    }

    fn unknown_derived(&self, judged: &Judged<'_>, codes: &PathCodes, unknown: &mut Vec<Unknown>) {
        let routes = self.texts(judged, slice::ROUTE);
        let mut used = vec![false; codes.len()];
        for (index, row) in judged.slice.rows.iter().enumerate() {
            used[codes.of_row[index] as usize] |= judged.is_accepted(index) && needs_route(row);
        }
        let named = unknown.iter().filter(|text| text.kind == ROUTE).map(|route| route.text.clone());
        let mut told: HashSet<Vec<u8>> = named.collect();
        let mut made = Vec::new();
        for code in (0..codes.len()).filter(|&code| used[code]) {
            derive(judged.source.bytes(codes.row(judged.slice, code).texts[PATH]), &mut made);
            if routes.find(&made, xxh3_64(&made)).is_none() && told.insert(made.clone()) {
                unknown.push(Unknown { kind: ROUTE, text: made.clone(), derived: true });
            }
        }
    }

    fn texts(&self, judged: &Judged<'_>, column: usize) -> &Texts {
        self.dictionary.texts(kind_of(column), judged.organization)
    }
}

impl Judged<'_> {
    fn is_accepted(&self, row: usize) -> bool {
        self.verdicts.get(row) == Some(&ACCEPTED)
    }
}

fn kind_of(column: usize) -> Kind {
    ORIGIN + column as Kind
}

fn needs_route(row: &Row) -> bool {
    row.texts[slice::ROUTE].is_empty() && !row.texts[PATH].is_empty()
}
