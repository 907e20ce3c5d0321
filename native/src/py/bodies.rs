//! What Python sees of bodies before their calls are read.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::py::buffers::detached;
use crate::slice::{self, SliceBounds};
use crate::walk::{self, Fault};

/// So many bytes take about as long as a call.
const BYTES_OF_A_CALL: usize = 256;

/// What a fault is in Python: its name, the index of the element, and its place.
type Told = (&'static str, usize, usize);

fn told(fault: Fault) -> Told {
    (fault.why.name(), fault.index, fault.place)
}

#[derive(IntoPyObject)]
pub enum Or<T> {
    #[pyo3(transparent)]
    Fault(Told),
    #[pyo3(transparent)]
    Found(T),
}

#[pyfunction]
#[pyo3(signature = (body, *, most, lines, longest, size))]
pub fn bounds(
    py: Python<'_>,
    body: &Bound<'_, PyBytes>,
    most: usize,
    lines: usize,
    longest: usize,
    size: usize,
) -> PyResult<Vec<(usize, usize, usize)>> {
    if lines == 0 {
        return Err(PyValueError::new_err("a slice holds at least one line"));
    }
    let bytes = body.as_bytes();
    let within = SliceBounds { lines, bytes: size, longest };
    Ok(detached(py, bytes.len() / BYTES_OF_A_CALL, || slice::bounds(bytes, within, most)))
}

/// Where the list is that begins at `start`, which must hold a bracket.
fn list_at<'a>(body: &'a Bound<'_, PyBytes>, start: usize) -> PyResult<&'a [u8]> {
    let bytes = body.as_bytes();
    match bytes.get(start) {
        Some(b'[' | b'{') => Ok(bytes),
        _ => Err(PyValueError::new_err("no list begins there")),
    }
}

#[pyfunction]
pub fn array_lines<'py>(
    py: Python<'py>,
    body: &Bound<'py, PyBytes>,
    start: usize,
    most: usize,
) -> PyResult<Or<(Bound<'py, PyBytes>, usize)>> {
    let bytes = list_at(body, start)?;
    let mut walked = Ok(0);
    let lines = PyBytes::new_with(py, bytes.len() - start, |target| {
        let work = || walk::array_lines(bytes, start, most, target);
        walked = detached(py, bytes.len() / BYTES_OF_A_CALL, work);
        Ok(())
    })?;
    Ok(match walked {
        Ok(end) => Or::Found((lines, end)),
        Err(fault) => Or::Fault(told(fault)),
    })
}

type Places = (Vec<(usize, usize)>, usize);

#[pyfunction]
pub fn elements(
    py: Python<'_>,
    body: &Bound<'_, PyBytes>,
    start: usize,
    most: usize,
) -> PyResult<Or<Places>> {
    let bytes = list_at(body, start)?;
    let work = || walk::elements(bytes, start, most);
    Ok(match detached(py, bytes.len() / BYTES_OF_A_CALL, work) {
        Ok(found) => Or::Found(found),
        Err(fault) => Or::Fault(told(fault)),
    })
}

#[pyfunction]
pub fn end_of_list(py: Python<'_>, body: &Bound<'_, PyBytes>, start: usize) -> PyResult<Option<usize>> {
    let bytes = list_at(body, start)?;
    let work = || walk::end_of_list(bytes, start);
    Ok(detached(py, bytes.len() / BYTES_OF_A_CALL, work))
}

#[pyfunction]
pub fn past_blanks(py: Python<'_>, body: &Bound<'_, PyBytes>, start: usize) -> usize {
    let bytes = body.as_bytes();
    detached(py, bytes.len() / BYTES_OF_A_CALL, || walk::past_blanks(bytes, start))
}
