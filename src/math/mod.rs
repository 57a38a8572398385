//! Numeric kernels; they know nothing of trials.

pub mod special;
