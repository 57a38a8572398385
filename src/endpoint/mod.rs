//! Endpoints: what the protocol measures on each patient.

pub mod hierarchical;
pub mod measured;
