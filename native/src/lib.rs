//! The hot ingest path of Calltally, compiled: bytes in, columns and the journal's records out.
//!
//! Everything here promises what a module of `calltally.ingest` promises, on the inputs it takes; what it does
//! not take it declines, and the module decides. No Python object stands for a single call.

mod dictionary;
mod fetch;
mod fingerprint;
mod hashing;
mod identity_filter;
mod identity_key;
mod identity_run;
mod identity_table;
mod instant;
mod line;
mod line_ordinals;
mod lines;
mod log_calls;
mod log_line;
mod log_time;
mod names;
mod path_list;
mod py;
mod record;
mod route;
mod scan;
mod slice;
mod sorted_identities;
mod step;
mod text;
mod texts;
mod walk;

#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::py::calls::{Decoded, Interner, Records, decode};

    #[pymodule_export]
    use crate::py::bodies::{array_lines, bounds, elements, end_of_list, past_blanks};

    #[pymodule_export]
    use crate::py::logs::{AccessLogReader, pieces};

    #[pymodule_export]
    use crate::py::identities::{
        IdentityRun, IdentityTable, SortedIdentities, columns_of_blocks, find_in_runs,
    };
}
