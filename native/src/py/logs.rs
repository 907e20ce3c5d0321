//! What Python sees of logs. `calltally/_native.pyi` documents it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::lines;
use crate::log_calls::{Caller, LogReader};

#[pyclass(module = "calltally._native")]
pub struct AccessLogReader {
    reader: LogReader,
}

type OddLines = Vec<(usize, usize, usize, u32)>;

#[pymethods]
impl AccessLogReader {
    #[new]
    fn new(origin: &[u8], client_id: &Bound<'_, PyAny>, user_id: &Bound<'_, PyAny>) -> PyResult<Self> {
        let reader = LogReader::new(origin, caller(client_id)?, caller(user_id)?);
        Ok(AccessLogReader { reader })
    }

    fn take<'py>(
        &mut self,
        py: Python<'py>,
        lines: &Bound<'py, PyBytes>,
    ) -> PyResult<(Bound<'py, PyBytes>, usize, OddLines)> {
        let text = lines.as_bytes();
        if !text.is_empty() && !text.ends_with(b"\n") {
            return Err(PyValueError::new_err("the last line has no end"));
        }
        let reader = &mut self.reader;
        let found = py.detach(|| reader.take(text));
        let odd = found.odd.iter().map(|odd| (odd.index, odd.start, odd.end, odd.ordinal)).collect();
        Ok((PyBytes::new(py, &found.calls), found.lines, odd))
    }
}

fn caller(given: &Bound<'_, PyAny>) -> PyResult<Caller> {
    if let Ok(json) = given.cast::<PyBytes>() {
        return Ok(Caller::Always(json.as_bytes().to_vec()));
    }
    match given.extract::<&str>()? {
        "address" => Ok(Caller::Address),
        "user" => Ok(Caller::User),
        other => Err(PyValueError::new_err(format!("a line has no field {other:?}"))),
    }
}

#[pyfunction]
pub fn pieces(
    py: Python<'_>,
    lines: &Bound<'_, PyBytes>,
    size: usize,
    longest: usize,
) -> PyResult<Option<Vec<(usize, usize, usize)>>> {
    if size == 0 {
        return Err(PyValueError::new_err("a piece holds at least one line"));
    }
    let text = lines.as_bytes();
    Ok(py.detach(|| lines::pieces(text, size, longest)))
}
