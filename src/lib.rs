//! `patency`: a synthetic cohort simulator for trial design.
//!
//! ```text
//! population ─► eligibility ─► enrolment ─► allocation ─► outcome ─► observation ─► endpoint ─► analysis ─► decision
//! ```
//! Each stage reads what the stages before it wrote and nothing else; around one replicate sit only the engine, which carries out
//! replicates in parallel, and the summary, which turns their rows into operating characteristics.
//!
//! Symbols: n patients, t months since entry, c calendar months since the first site opened, d events, u uniform, z standard
//! normal. A month is 30.4375 days.
//!
//! Same binary, target, scenario and seed: the same bytes (timing aside), for any threads, order or shards. Across platforms: equal to
//! rounding.

pub mod allocation;
pub mod analysis;
pub mod calendar;
pub mod certify;
pub mod clock;
pub mod column;
pub mod command;
pub mod compare;
pub mod data;
pub mod decision;
pub mod distribution;
pub mod endpoint;
pub mod engine;
pub mod enrolment;
mod error;
pub mod estimand;
pub mod expr;
pub mod marginal;
pub mod math;
pub mod monitoring;
pub mod multiplicity;
pub mod observation;
pub mod pilot;
pub mod planning;
pub mod protocol;
pub mod random;
pub mod report;
pub mod result;
pub mod run;
pub mod scenario;
pub mod selection;
pub mod sequential;
pub mod size;
pub mod store;
pub mod summary;
pub mod sweep;
pub mod type_one;
pub mod validation;
pub mod workspace;

pub use error::Error;
