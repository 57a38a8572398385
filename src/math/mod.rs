//! Numeric kernels; they know nothing of trials.

pub mod beta;
pub mod discrete;
pub mod elementary;
pub mod exact;
pub mod linalg;
pub mod multivariate_normal;
pub mod root;
pub mod sequence;
pub mod share;
pub mod special;
pub mod tail;
pub(crate) mod wide;
