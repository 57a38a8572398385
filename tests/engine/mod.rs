//! Covers: the engine from scenario to operating characteristics. Same bytes for any threads and shards; a trial is a prefix of a
//! larger one; no allocation in the hot loop; powers and sizes known from elsewhere; true values in closed form; cuts and caps.

mod adjusted;
mod allocation;
mod bits;
mod bootstrap;
mod calibration;
pub(crate) mod common;
mod competing;
mod cut;
mod defier;
mod ending;
mod failures;
mod identity;
pub(crate) mod looks;
mod looks_futility;
mod looks_review;
mod marginal;
mod margins;
mod no_estimate;
mod null;
mod observational;
mod planning;
mod prefix;
mod priors;
mod ramp;
mod sites;
mod truth;
mod yardsticks;
