//! Tables and runs of identities, as Python sees them; `calltally/_native.pyi` documents it.

use std::path::PathBuf;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::identity_filter::{Filter, marked};
use crate::identity_run::{Damaged, Run, find_in};
use crate::identity_table::{BUCKET, Full, Table};
use crate::py::buffers::{Given, detached, same_length, u64s};
use crate::sorted_identities::{BLOCK_BYTES, Block, Sorted};

type Three<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pyclass(module = "calltally._native")]
pub struct IdentityTable {
    pub table: Table,
}

fn no_room(wanted: usize, room: usize) -> PyErr {
    PyValueError::new_err(format!("{wanted} identities do not fit into room for {room}"))
}

#[pymethods]
impl IdentityTable {
    #[new]
    fn new(slots: usize) -> PyResult<Self> {
        if slots < BUCKET || !slots.is_power_of_two() {
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
        let done = detached(py, given.len(), || table.insert_all(given.columns()));
        if done { Ok(()) } else { Err(no_room(given.len(), room)) }
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
                same_length(present.len(), given.len())?;
                same_length(digest.len(), given.len())?;
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
        let verdicts = detached(py, given.len(), work).ok_or_else(|| no_room(given.len(), room))?;
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

#[pyclass(frozen, module = "calltally._native")]
pub struct SortedIdentities {
    sorted: Sorted,
}

#[pymethods]
impl SortedIdentities {
    #[new]
    fn new(py: Python<'_>, high: PyBuffer<u64>, low: PyBuffer<u64>, digest: PyBuffer<u64>) -> PyResult<Self> {
        let given = Given::of(py, &high, &low, &digest)?;
        Ok(SortedIdentities { sorted: py.detach(|| Sorted::of_columns(given.columns())) })
    }

    #[staticmethod]
    fn of_table(py: Python<'_>, table: PyRef<'_, IdentityTable>) -> Self {
        let table = &table.table;
        SortedIdentities { sorted: py.detach(|| Sorted::of_table(table)) }
    }

    fn __len__(&self) -> usize {
        self.sorted.rows.len()
    }

    fn blocks<'py>(&self, py: Python<'py>, first: usize, count: usize) -> Bound<'py, PyBytes> {
        let bytes = py.detach(|| self.sorted.blocks(first, count));
        PyBytes::new(py, &bytes)
    }

    fn fences<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let fences = py.detach(|| self.sorted.fences());
        u64s(py, &fences)
    }

    fn filter<'py>(
        &self,
        py: Python<'py>,
        first: usize,
        lines: usize,
        total: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if first.checked_add(lines).is_none_or(|end| end > total) {
            return Err(PyValueError::new_err(format!("{lines} lines from {first} on of {total}")));
        }
        let bytes = py.detach(|| marked(&self.sorted.rows, first, lines, total));
        Ok(PyBytes::new(py, &bytes))
    }
}

#[pyfunction]
pub fn columns_of_blocks<'py>(py: Python<'py>, blocks: &Bound<'py, PyBytes>) -> PyResult<Option<Three<'py>>> {
    let bytes = blocks.as_bytes();
    let columns = py.detach(|| {
        let mut columns: [Vec<u64>; 3] = Default::default();
        for bytes in bytes.chunks(BLOCK_BYTES) {
            let block = Block::checked(bytes)?;
            for (column, values) in columns.iter_mut().enumerate() {
                values.extend((0..block.count).map(|row| block.row(row)[column]));
            }
        }
        Some(columns)
    });
    let Some([high, low, digest]) = columns else {
        return Ok(None);
    };
    Ok(Some((u64s(py, &high)?, u64s(py, &low)?, u64s(py, &digest)?)))
}

#[pyclass(frozen, module = "calltally._native")]
pub struct IdentityRun {
    pub run: Run,
}

#[pymethods]
impl IdentityRun {
    #[new]
    #[pyo3(signature = (path, blocks_start, fences, filter=None))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        blocks_start: u64,
        fences: PyBuffer<u64>,
        filter: Option<&Bound<'_, PyBytes>>,
    ) -> PyResult<Self> {
        let fences = fences.to_vec(py)?;
        let filter = filter.map(|bytes| {
            let bytes = bytes.as_bytes();
            py.detach(|| Filter::from_bytes(bytes)).ok_or_else(|| PyValueError::new_err("no whole lines"))
        });
        Ok(IdentityRun { run: Run::open(&path, blocks_start, fences, filter.transpose()?)? })
    }

    fn without_filter(&self) -> Self {
        IdentityRun { run: self.run.without_filter() }
    }
}

#[derive(IntoPyObject)]
pub enum FoundOrDamaged<'py> {
    #[pyo3(transparent)]
    Damaged(usize),
    #[pyo3(transparent)]
    Found((Bound<'py, PyBytes>, Bound<'py, PyBytes>)),
}

#[pyfunction]
pub fn find_in_runs<'py>(
    py: Python<'py>,
    runs: Vec<PyRef<'py, IdentityRun>>,
    high: PyBuffer<u64>,
    low: PyBuffer<u64>,
) -> PyResult<Option<FoundOrDamaged<'py>>> {
    let (high, low) = (high.to_vec(py)?, low.to_vec(py)?);
    same_length(high.len(), low.len())?;
    let runs: Vec<&Run> = runs.iter().map(|run| &run.run).collect();
    match detached(py, low.len(), || find_in(&runs, &high, &low)) {
        Err(Damaged(number)) => Ok(Some(FoundOrDamaged::Damaged(number))),
        Ok(None) => Ok(None),
        Ok(Some((present, digest))) => {
            Ok(Some(FoundOrDamaged::Found((PyBytes::new(py, &present), u64s(py, &digest)?))))
        }
    }
}
