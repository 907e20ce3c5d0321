//! What Python sees of runs of identities. `calltally_native.pyi` has the words for it.

use std::path::PathBuf;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::identity_filter::{Filter, marked};
use crate::identity_run::{Damaged, Run, find_in};
use crate::python::{Given, IdentityTable, detached, same_length, u64s};
use crate::sorted_identities::{BLOCK_BYTES, Block, Sorted};

type Three<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pyclass(frozen, module = "calltally_native")]
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

#[pyclass(frozen, module = "calltally_native")]
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
