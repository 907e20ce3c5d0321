//! What Python sees. `calltally_native.pyi` has the words for it.

use std::collections::HashMap;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyIndexError, PyMemoryError, PyUnicodeDecodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyString};

use crate::dictionary::{Dictionary, Kind};
use crate::identity_key::Key;
use crate::identity_table::{Columns, Full, Table};
use crate::names::KnownNames;
use crate::record::Layout;
use crate::run_python::IdentityRun;
use crate::slice::{self, Admission, Row, Slice};
use crate::step::{self, Judged};
use crate::text::Source;

/// With fewer calls than this, letting other threads run would cost more than the work.
const WORTH_DETACHING: usize = 64;

pub fn detached<T: Send>(py: Python<'_>, calls: usize, work: impl FnOnce() -> T + Send) -> T {
    if calls < WORTH_DETACHING { work() } else { py.detach(work) }
}

fn le_bytes<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    values: impl ExactSizeIterator<Item = T>,
    bytes: impl Fn(T) -> [u8; N],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, values.len() * N, |target| {
        for (place, value) in target.chunks_exact_mut(N).zip(values) {
            place.copy_from_slice(&bytes(value));
        }
        Ok(())
    })
}

pub fn u64s<'py>(py: Python<'py>, values: &[u64]) -> PyResult<Bound<'py, PyBytes>> {
    le_bytes(py, values.iter().copied(), u64::to_le_bytes)
}

fn string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(PyString::new(py, text)),
        Err(error) => Err(PyUnicodeDecodeError::new_err_from_utf8(py, bytes, error)),
    }
}

#[pyfunction]
#[pyo3(signature = (body, start, end, *, organization, earliest_ms, latest_ms, max_call_bytes, scheme, key, derive_routes))]
#[allow(clippy::too_many_arguments)] // they are keywords
pub fn decode(
    py: Python<'_>,
    body: &Bound<'_, PyBytes>,
    start: usize,
    end: usize,
    organization: &str,
    earliest_ms: i64,
    latest_ms: i64,
    max_call_bytes: usize,
    scheme: &str,
    key: &[u8],
    derive_routes: bool,
) -> PyResult<Option<Decoded>> {
    let key =
        Key::of(scheme, key).ok_or_else(|| PyValueError::new_err("there is no such key of identities"))?;
    let admission =
        Admission { organization, earliest_ms, latest_ms, max_call_bytes, key: &key, derive_routes };
    let bytes = body.as_bytes();
    let work = || slice::decode(bytes, start, end, &admission);
    let slice = detached(py, end.saturating_sub(start) / 256, work);
    Ok(slice.map(|slice| Decoded { body: body.clone().unbind(), slice }))
}

#[pyclass(frozen, module = "calltally_native")]
pub struct Decoded {
    body: Py<PyBytes>,
    slice: Slice,
}

impl Decoded {
    fn source<'a>(&'a self, py: Python<'a>) -> Source<'a> {
        Source { body: self.body.as_bytes(py), unescaped: &self.slice.unescaped }
    }

    fn numbers<'py>(&self, py: Python<'py>, number: impl Fn(&Row) -> i64) -> PyResult<Bound<'py, PyBytes>> {
        le_bytes(py, self.slice.rows.iter().map(number), i64::to_le_bytes)
    }
}

#[pymethods]
impl Decoded {
    fn __len__(&self) -> usize {
        self.slice.rows.len()
    }

    #[getter]
    fn identity_high<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        u64s(py, &self.slice.high)
    }

    #[getter]
    fn identity_low<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        u64s(py, &self.slice.low)
    }

    #[getter]
    fn digest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        u64s(py, &self.slice.digest)
    }

    #[getter]
    fn time_ms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.numbers(py, |row| row.time_ms)
    }

    #[getter]
    fn earliest_ms(&self) -> i64 {
        self.slice.rows.iter().map(|row| row.time_ms).min().unwrap_or(i64::MAX)
    }

    #[getter]
    fn latest_ms(&self) -> i64 {
        self.slice.rows.iter().map(|row| row.time_ms).max().unwrap_or(i64::MIN)
    }

    #[getter]
    fn has_names(&self) -> bool {
        !self.slice.names.is_empty()
    }

    fn line<'py>(&self, py: Python<'py>, row: usize) -> PyResult<Bound<'py, PyBytes>> {
        let row = self.slice.rows.get(row).ok_or_else(|| PyIndexError::new_err("there is no such call"))?;
        Ok(PyBytes::new(py, &self.body.as_bytes(py)[row.start as usize..row.end as usize]))
    }
}

#[pyclass(module = "calltally_native")]
pub struct IdentityTable {
    pub table: Table,
}

/// Columns of identities that were copied out of buffers, so that nobody changes them meanwhile.
pub struct Given {
    high: Vec<u64>,
    low: Vec<u64>,
    digest: Vec<u64>,
}

impl Given {
    pub fn of(
        py: Python<'_>,
        high: &PyBuffer<u64>,
        low: &PyBuffer<u64>,
        digest: &PyBuffer<u64>,
    ) -> PyResult<Self> {
        let given = Given { high: high.to_vec(py)?, low: low.to_vec(py)?, digest: digest.to_vec(py)? };
        same_length(given.high.len(), given.low.len())?;
        same_length(given.digest.len(), given.low.len())?;
        Ok(given)
    }

    pub fn columns(&self) -> Columns<'_> {
        Columns { high: &self.high, low: &self.low, digest: &self.digest }
    }
}

pub fn same_length(one: usize, other: usize) -> PyResult<()> {
    if one == other {
        Ok(())
    } else {
        Err(PyValueError::new_err(format!("columns of {one} and {other} rows")))
    }
}

fn no_room(wanted: usize, room: usize) -> PyErr {
    PyValueError::new_err(format!("{wanted} identities do not fit into room for {room}"))
}

#[pymethods]
impl IdentityTable {
    #[new]
    fn new(slots: usize) -> PyResult<Self> {
        if slots < crate::identity_table::BUCKET || !slots.is_power_of_two() {
            return Err(PyValueError::new_err(format!(
                "slots must be a power of two of at least 8, got {slots}"
            )));
        }
        let table = Table::new(slots)
            .ok_or_else(|| PyMemoryError::new_err(format!("no memory for {slots} slots")))?;
        Ok(IdentityTable { table })
    }

    #[getter]
    fn slots(&self) -> usize {
        self.table.slots()
    }

    #[getter]
    fn capacity(&self) -> usize {
        self.table.capacity()
    }

    #[getter]
    fn count(&self) -> usize {
        self.table.count()
    }

    #[getter]
    fn room(&self) -> usize {
        self.table.room()
    }

    fn find<'py>(
        &self,
        py: Python<'py>,
        high: PyBuffer<u64>,
        low: PyBuffer<u64>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let (high, low) = (high.to_vec(py)?, low.to_vec(py)?);
        same_length(high.len(), low.len())?;
        let (present, digest) = detached(py, low.len(), || self.table.find_all(&high, &low));
        Ok((PyBytes::new(py, &present), u64s(py, &digest)?))
    }

    fn insert(
        &mut self,
        py: Python<'_>,
        high: PyBuffer<u64>,
        low: PyBuffer<u64>,
        digest: PyBuffer<u64>,
    ) -> PyResult<()> {
        let given = Given::of(py, &high, &low, &digest)?;
        let room = self.table.room();
        let table = &mut self.table;
        let done = detached(py, given.low.len(), || table.insert_all(given.columns()));
        if done { Ok(()) } else { Err(no_room(given.low.len(), room)) }
    }

    #[pyo3(signature = (others, high, low, digest, stored=None))]
    fn judge<'py>(
        &mut self,
        py: Python<'py>,
        others: Vec<(PyRef<'py, IdentityTable>, Option<PyRef<'py, IdentityRun>>)>,
        high: PyBuffer<u64>,
        low: PyBuffer<u64>,
        digest: PyBuffer<u64>,
        stored: Option<(PyBuffer<u8>, PyBuffer<u64>)>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let given = Given::of(py, &high, &low, &digest)?;
        let stored = match stored {
            None => None,
            Some((present, digest)) => {
                let (present, digest) = (present.to_vec(py)?, digest.to_vec(py)?);
                same_length(present.len(), given.low.len())?;
                same_length(digest.len(), given.low.len())?;
                let held = |(present, digest): (u8, u64)| (present != 0).then_some(digest);
                Some(present.into_iter().zip(digest).map(held).collect::<Vec<_>>())
            }
        };
        let mut full = Vec::with_capacity(others.len());
        for (table, run) in &others {
            full.push(Full { table: &table.table, filter: run.as_ref().and_then(|run| run.run.filter()) });
        }
        let room = self.table.room();
        let table = &mut self.table;
        let work = || table.judge(&full, given.columns(), stored.as_deref());
        let verdicts = detached(py, given.low.len(), work).ok_or_else(|| no_room(given.low.len(), room))?;
        Ok(PyBytes::new(py, &verdicts))
    }

    fn prefault(&mut self, buckets: usize) {
        self.table.prefault(buckets);
    }

    fn span<'py>(
        &self,
        py: Python<'py>,
        first_bucket: usize,
        buckets: usize,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let (high, low, digest) = self.table.span(first_bucket, buckets);
        Ok((u64s(py, &high)?, u64s(py, &low)?, u64s(py, &digest)?))
    }
}

type Unknowns<'py> = Vec<(Kind, Bound<'py, PyString>, bool)>;
type Names<'py> = Vec<(Kind, Bound<'py, PyString>, Bound<'py, PyString>)>;

#[pyclass(module = "calltally_native")]
pub struct Interner {
    interner: step::Interner,
}

#[pymethods]
impl Interner {
    #[new]
    fn new(columns: HashMap<String, (usize, usize)>, record_bytes: usize) -> PyResult<Self> {
        let layout = Layout::new(&columns, record_bytes).map_err(PyValueError::new_err)?;
        let (dictionary, names) = (Dictionary::default(), KnownNames::default());
        Ok(Interner { interner: step::Interner { dictionary, names, layout } })
    }

    fn learn(&mut self, kind: Kind, organization: i32, texts: Vec<PyBackedStr>, ids: Vec<i32>) {
        for (text, id) in texts.iter().zip(ids) {
            self.interner.dictionary.learn(kind, organization, text.as_bytes(), id);
        }
    }

    fn forget(&mut self) {
        self.interner.dictionary.clear();
        self.interner.names.clear();
    }

    fn forget_names(&mut self) {
        self.interner.names.clear();
    }

    fn knows(&self, py: Python<'_>, decoded: &Bound<'_, Decoded>, organization: i32) -> bool {
        let decoded = decoded.get();
        self.interner.knows(&decoded.slice, decoded.source(py), organization)
    }

    #[pyo3(signature = (records, decoded, verdicts, organization, other_route=None))]
    fn take<'py>(
        &mut self,
        py: Python<'py>,
        records: &mut Records,
        decoded: &Bound<'py, Decoded>,
        verdicts: &Bound<'py, PyBytes>,
        organization: i32,
        other_route: Option<i32>,
    ) -> PyResult<Taken<'py>> {
        let decoded = decoded.get();
        let (slice, source) = (&decoded.slice, decoded.source(py));
        same_length(verdicts.as_bytes().len(), slice.rows.len())?;
        let judged = Judged { slice, source, verdicts: verdicts.as_bytes(), organization, other_route };
        let (interner, records) = (&mut self.interner, &mut records.records);
        match detached(py, slice.rows.len(), || interner.take(&judged, records)) {
            Ok(accepted) => {
                let told = accepted.news.iter().map(|news| {
                    Ok((
                        news.kind,
                        string(py, source.bytes(news.thing))?,
                        string(py, source.bytes(news.name))?,
                    ))
                });
                Ok(Taken::Accepted((accepted.calls, told.collect::<PyResult<_>>()?)))
            }
            Err(unknown) => {
                let told = unknown.iter().map(|text| Ok((text.kind, string(py, &text.text)?, text.derived)));
                Ok(Taken::Unknown(told.collect::<PyResult<_>>()?))
            }
        }
    }
}

/// Either a list of texts that need ids, or how many calls were added, and names.
#[derive(IntoPyObject)]
pub enum Taken<'py> {
    #[pyo3(transparent)]
    Unknown(Unknowns<'py>),
    #[pyo3(transparent)]
    Accepted((usize, Names<'py>)),
}

#[pyclass(module = "calltally_native")]
#[derive(Default)]
pub struct Records {
    records: step::Records,
}

#[pymethods]
impl Records {
    #[new]
    fn new() -> Self {
        Records::default()
    }

    fn taken<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let step::Records { bytes, paths } = &self.records;
        let offsets = le_bytes(py, paths.offsets.iter().copied(), i64::to_le_bytes)?;
        Ok((PyBytes::new(py, bytes), offsets, PyBytes::new(py, &paths.data)))
    }
}
