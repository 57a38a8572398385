//! The limit of a covariate-adjusted coefficient: a pilot's root, and one Newton step from it in every replicate.
//!
//! Before a run some thousand patients of pilot replicates, each once in either arm, give the root β₀ of the model's estimating equation
//! and its information I₀ a replicate. In a replicate the score U at β₀ on its own patients, each once in either arm, gives the replicate's
//! target β₀ + (I₀⁻¹ U)ₐᵣₘ; its mean over replicates is the root of the summed equation but for the square of the pilot's error. Arms count as
//! they are allocated.

use crate::analysis::root::{Root, Roots};
use crate::analysis::{Covariates, Dataset, Response};
use crate::estimand::Target;
use crate::protocol::{Fault, Protocol};
use crate::random::{Replicate, TRUTH_REPLICATES};
use crate::workspace::Workspace;

use super::truth::{both_arms, potential_endpoints, target};

/// First replicate of the pilot.
const FIRST: Replicate = 2 * TRUTH_REPLICATES;

/// Patients of the pilot: the square of its error is then far below the Monte Carlo error of a run of thousands of replicates.
const PATIENTS: usize = 1 << 15;

/// The patients of one analysis, group and view, replicate after replicate.
#[derive(Debug, Default)]
struct Pooled {
    arm: Vec<u8>,
    code: Vec<u8>,
    levels: u8,
    time: Vec<f64>,
    columns: Vec<Vec<f64>>,
}

impl Pooled {
    fn add(&mut self, data: &Dataset<'_>) {
        let n = data.arm.len();
        self.arm.extend_from_slice(data.arm);
        match data.response {
            Response::Binary(y) => self.code.extend_from_slice(y),
            Response::Ordinal { code, levels } => {
                self.code.extend_from_slice(code);
                self.levels = levels;
            }
            Response::Time { time, event, .. } => {
                self.time.extend_from_slice(time);
                self.code.extend_from_slice(event);
            }
            _ => {}
        }
        self.columns.resize_with(data.covariates.count, Vec::new);
        for (j, column) in self.columns.iter_mut().enumerate() {
            column.extend_from_slice(data.covariates.column(j, n));
        }
    }
}

/// Carries the pilot out where an analysis needs it; a root that does not exist (events in one arm only, a constant covariate) is
/// none, and the row then has no limit.
///
/// # Errors
/// A parameter outside its domain for some patient, with the replicate.
pub fn pilot_roots(protocol: &Protocol<'_>) -> Result<(), (Replicate, Fault)> {
    let plans = &protocol.scenario.analyses;
    let wanted: Vec<usize> = (0..plans.len()).filter(|&a| target(&plans[a]) == Target::Coefficient).collect();
    if wanted.is_empty() || protocol.roots.get().is_some() {
        return Ok(());
    }
    let replicates = PATIENTS.div_ceil(protocol.scenario.n.max(1)).clamp(1, 1024);
    let views = if protocol.incomplete { 2 } else { 1 };
    let mut work = Workspace::new(protocol);
    let mut funnel = vec![0; protocol.scenario.criteria.len()];
    let mut pooled: Vec<[[Pooled; 2]; 2]> = wanted.iter().map(|_| Default::default()).collect();
    for replicate in FIRST..FIRST + replicates as u64 {
        let failed = |fault| (replicate, fault);
        let mut trial = super::enrol(protocol, replicate, &mut work, &mut funnel).map_err(failed)?;
        super::follow(protocol, replicate, &mut work, &mut trial).map_err(failed)?;
        potential_endpoints(protocol, replicate, &mut work).map_err(failed)?;
        if work.cohort.rows == 0 {
            continue;
        }
        for (&number, pooled) in wanted.iter().zip(&mut pooled) {
            for (seen, pooled) in pooled.iter_mut().enumerate().take(views) {
                for (g, group) in super::truth::groups(protocol, number).iter().enumerate() {
                    let potential = std::mem::take(&mut work.potential);
                    let arms = super::truth::compared(protocol, number, &potential, seen);
                    both_arms(protocol, number, *group, arms, true, &mut work);
                    pooled[g].add(&work.selection.dataset(arms[0]));
                    work.potential = potential;
                }
            }
        }
    }
    let mut roots: Roots = plans.iter().map(|_| Default::default()).collect();
    for (&number, pooled) in wanted.iter().zip(&pooled) {
        for (seen, pooled) in pooled.iter().enumerate().take(views) {
            for (g, data) in pooled.iter().enumerate().take(super::truth::groups(protocol, number).len()) {
                roots[number][seen][g] = root(protocol, number, data).map(|r| (r, replicates as f64));
            }
        }
    }
    // another thread cannot have been first with anything else: the pilot is a function of the protocol
    let _ = protocol.roots.set(roots);
    Ok(())
}

fn root(protocol: &Protocol<'_>, number: usize, data: &Pooled) -> Option<Box<dyn Root>> {
    let response = if !data.time.is_empty() {
        Response::Time { time: &data.time, event: &data.code, competing: &[] }
    } else if data.levels > 0 {
        Response::Ordinal { code: &data.code, levels: data.levels }
    } else {
        Response::Binary(&data.code)
    };
    let covariates = data.columns.concat();
    let data = Dataset {
        arm: &data.arm,
        response,
        covariates: Covariates { values: &covariates, count: data.columns.len() },
        strata: Default::default(),
    };
    let root = protocol.scenario.analyses[number].method.root(&data, weights(protocol, number)).ok()?;
    root.value().is_finite().then_some(root)
}

/// Weights of control and experimental arm: as they are allocated, 1 on average.
fn weights(protocol: &Protocol<'_>, number: usize) -> [f64; 2] {
    let [e, c] = protocol.scenario.analyses[number].arms.map(|a| f64::from(protocol.scenario.arms[a].ratio));
    [2.0 * c / (c + e), 2.0 * e / (c + e)]
}

/// The target of a replicate from its patients in either arm; NaN where there is no root.
pub(super) fn coefficient(protocol: &Protocol<'_>, [number, seen, g]: [usize; 3], data: &Dataset<'_>) -> f64 {
    match protocol.roots.get().and_then(|roots| roots[number][seen][g].as_ref()) {
        Some((root, replicates)) => root.value() + replicates * root.step(data, weights(protocol, number)),
        None => f64::NAN,
    }
}
