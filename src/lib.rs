//! `patency`: a synthetic cohort simulator for trial design.

pub mod analysis;
pub mod distribution;
pub mod endpoint;
pub mod expr;
pub mod math;
pub mod scenario;
