//! Endpoints: what the protocol measures on each patient.

pub mod hierarchical;
mod interval;
pub mod measured;
