//! The journal's records of calls, in the layout of the journal's reader.

use std::collections::HashMap;

use crate::slice::{IDS, Row};

/// The layout of the columns of one record.
pub struct Layout {
    places: [usize; COLUMNS.len()],
    size: usize,
}

/// The written columns and their sizes; all other bytes of a record stay zero.
const COLUMNS: [(&str, usize); 17] = [
    ("identity_high", 8),
    ("identity_low", 8),
    ("digest", 8),
    ("time_ms", 8),
    ("duration_ms", 8),
    ("request_bytes", 8),
    ("response_bytes", 8),
    ("organization", 4),
    ("origin", 4),
    ("client", 4),
    ("user", 4),
    ("source", 4),
    ("account", 4),
    ("method", 4),
    ("route", 4),
    ("path", 4),
    ("status", 4),
];

/// The values of a record besides the row.
pub struct Ids {
    pub organization: i32,
    /// Origin, client, user, source, account, method and route.
    pub texts: [i32; IDS],
    pub path: i32,
}

impl Layout {
    /// Receives the offset and the size of each column. The error describes what does not fit.
    pub fn new(columns: &HashMap<String, (usize, usize)>, size: usize) -> Result<Self, String> {
        let mut places = [0; COLUMNS.len()];
        for (place, (name, bytes)) in places.iter_mut().zip(COLUMNS) {
            match columns.get(name) {
                Some(&(offset, length)) if length == bytes && offset.saturating_add(bytes) <= size => {
                    *place = offset
                }
                Some(_) => {
                    return Err(format!("column {name} must have {bytes} bytes within {size}"));
                }
                None => return Err(format!("column {name} is missing")),
            }
        }
        Ok(Layout { places, size })
    }

    pub fn size(&self) -> usize {
        self.size
    }

    /// Fills one record, which must be `size` zero bytes.
    pub fn write(&self, record: &mut [u8], row: &Row, identity: [u64; 3], ids: &Ids) {
        let [high, low, digest] = identity;
        let [duration, request, response] = row.measures.map(|measure| measure as u64);
        let wide = [high, low, digest, row.time_ms as u64, duration, request, response];
        let [origin, client, user, source, account, method, route] = ids.texts;
        let status = row.status as i32;
        let narrow =
            [ids.organization, origin, client, user, source, account, method, route, ids.path, status];
        for (&place, value) in self.places.iter().zip(wide) {
            record[place..place + 8].copy_from_slice(&value.to_le_bytes());
        }
        for (&place, value) in self.places[wide.len()..].iter().zip(narrow) {
            record[place..place + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_without_room_for_a_column_is_refused() {
        let mut columns: HashMap<String, (usize, usize)> = HashMap::new();
        let mut size = 0;
        for (name, bytes) in COLUMNS {
            columns.insert(name.to_string(), (size, bytes));
            size += bytes;
        }
        assert!(Layout::new(&columns, size).is_ok());
        assert!(Layout::new(&columns, size - 1).is_err());
        columns.insert("digest".to_string(), (0, 4));
        assert!(Layout::new(&columns, size).is_err());
        columns.remove("digest");
        assert!(Layout::new(&columns, size).is_err());
    }
}
