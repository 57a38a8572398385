//! Enrolment: a stream of arrivals k = 0, 1, 2, … (date, site) that does not depend on the size of the trial.
//!
//! *Rate-driven* models (sites, piecewise rates, a ramp) ascend in calendar time; *window-driven* ones (uniform) draw each entry by
//! itself, so that index order is not calendar order. Both are prefix-true: the arrivals of a trial of 300 are the first 300
//! of the trial of 578.

mod piecewise;
mod ramp;
mod sites;
mod uniform;

use crate::random::Replicate;
use crate::scenario::{Accrual, Enrolment, RateOf};

/// Dates (months since the first site opened) and sites of arrivals, in index order.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// Entry dates.
    pub date: Vec<f64>,
    /// Index of each arrival's site; empty where there are no sites.
    pub site: Vec<u16>,
    sorted: Vec<(f64, u16)>,
}

/// A source of arrivals.
pub trait Arrive: std::fmt::Debug + Send + Sync {
    /// Writes at least `count` arrivals, or all there will ever be where that is fewer.
    fn arrive(&self, replicate: Replicate, count: usize, out: &mut Arrivals);

    /// Expected number of arrivals by month `t`, where the model has rates.
    fn expected(&self, t: f64) -> Option<f64>;
}

/// The stream of arrivals of a scenario; `None` where everyone enters at month 0.
#[must_use]
pub fn compile(enrolment: &Enrolment, seed: u64) -> Option<Box<dyn Arrive>> {
    match &enrolment.accrual {
        Accrual::AtOnce => None,
        Accrual::Uniform { over } => Some(Box::new(uniform::Uniform::new(seed, *over))),
        Accrual::Piecewise { rates, from } => Some(Box::new(piecewise::Piecewise::new(seed, rates, from))),
        Accrual::Ramp { rate, over } => Some(Box::new(ramp::Ramp::new(seed, *rate, *over))),
        // with rates of screened candidates the caps count the enrolled, so they are applied after screening
        Accrual::Sites(sites) => Some(Box::new(sites::Sites::new(seed, sites, enrolment.rate_of == RateOf::Enrolled))),
    }
}
