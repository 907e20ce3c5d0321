//! Calls from a body to records, as Python sees them; `calltally/_native.pyi` documents it.

use std::collections::HashMap;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyString};

use crate::dictionary::{Dictionary, Kind};
use crate::identity_key::Key;
use crate::names::KnownNames;
use crate::py::buffers::{detached, le_bytes, same_length, string, u64s};
use crate::record::Layout;
use crate::slice::{self, Admission, Row, Slice};
use crate::step::{self, Judged};
use crate::text::Source;

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

#[pyclass(frozen, module = "calltally._native")]
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

type Unknowns<'py> = Vec<(Kind, Bound<'py, PyString>, bool)>;
type Names<'py> = Vec<(Kind, Bound<'py, PyString>, Bound<'py, PyString>)>;

#[pyclass(module = "calltally._native")]
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

#[pyclass(module = "calltally._native")]
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
