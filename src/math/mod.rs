//! Numeric kernels; they know nothing of trials.

pub mod elementary;
pub mod linalg;
pub mod multivariate_normal;
pub mod special;
pub mod tail;
