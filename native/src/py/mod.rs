//! What Python sees. Knows all the other modules, and none of them knows it.

pub mod bodies;
mod buffers;
pub mod calls;
pub mod identities;
pub mod logs;
