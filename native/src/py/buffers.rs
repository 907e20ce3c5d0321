//! Arguments from Python and results to it: buffers, bytes and texts.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyUnicodeDecodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::identity_table::Columns;

/// With fewer calls than this, letting other threads run would cost more than the work.
const WORTH_DETACHING: usize = 64;

pub fn detached<T: Send>(py: Python<'_>, calls: usize, work: impl FnOnce() -> T + Send) -> T {
    if calls < WORTH_DETACHING { work() } else { py.detach(work) }
}

pub fn le_bytes<'py, T: Copy, const N: usize>(
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

pub fn string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(PyString::new(py, text)),
        Err(error) => Err(PyUnicodeDecodeError::new_err_from_utf8(py, bytes, error)),
    }
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

    pub fn len(&self) -> usize {
        self.low.len()
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
