//! Multiplicity: procedures that test several hypotheses at one familywise level.
//!
//! A procedure turns the p-values of its hypotheses into adjusted ones: the smallest familywise level at which each is rejected. So
//! "adjusted p ≤ α" is the decision at any level, and what is printed of real data is what is counted in simulated trials.
//!
//! Every procedure here is a closed test (Marcus, Peritz and Gabriel, Biometrika 1976;63:655): a hypothesis is rejected where every
//! intersection of hypotheses that holds it is rejected by a test of level α. [`Procedure::holds_for`] says for which joint
//! distributions of the p-values those tests have that level.

pub mod bonferroni;
pub mod fallback;
pub mod fixed_sequence;
pub mod gatekeeping;
pub mod graph;
pub mod hochberg;
pub mod holm;
pub mod hommel;

use std::fmt::Debug;

use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Member, Value, Values};

pub use graph::Graph;

/// The procedures, as they may be written under `[[multiplicity]]`.
#[rustfmt::skip]
pub const FAMILY: &[Member<dyn Procedure>] = &[
    Member { form: &bonferroni::FORM, build: bonferroni::build },
    Member { form: &holm::FORM, build: holm::build },
    Member { form: &hochberg::FORM, build: hochberg::build },
    Member { form: &hommel::FORM, build: hommel::build },
    Member { form: &fixed_sequence::FORM, build: fixed_sequence::build },
    Member { form: &fallback::FORM, build: fallback::build },
    Member { form: &gatekeeping::FORM, build: gatekeeping::build },
    Member { form: &graph::FORM, build: graph::build },
];

/// Most hypotheses of a family: sets of them are held in the bits of a word.
pub const MOST: usize = 64;

/// The key of the names of the hypotheses. They are put beside a procedure's own keys before it is built, so that it knows how many there
/// are, and which.
pub const HYPOTHESES: &str = "hypotheses";

/// Joint distributions of p-values under which a procedure keeps its familywise level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// All.
    Any,
    /// Those for which Simes' inequality holds: independent p-values, and positively dependent ones (Sarkar, Annals of Statistics
    /// 1998;26:494) such as one-sided ones of correlated normal estimates.
    Positive,
}

/// A multiple test procedure for a fixed number of hypotheses.
pub trait Procedure: Debug + Send + Sync {
    /// adjusted\[j\] = the smallest familywise level at which hypothesis j is rejected; 1 where there is none.
    ///
    /// `p` and `adjusted` have an entry a hypothesis; p-values lie in \[0, 1\]. Allocates nothing once `scratch` has grown.
    fn adjust(&self, p: &[f64], scratch: &mut Scratch, adjusted: &mut [f64]);

    /// For which p-values it keeps its level.
    fn holds_for(&self) -> Dependence {
        Dependence::Any
    }

    /// The graph of `count` hypotheses whose sequentially rejective test it is, where it is one: so it can be carried out look by look.
    fn graph(&self, _count: usize) -> Option<Graph> {
        None
    }
}

/// Memory that procedures reuse.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    order: Vec<usize>,
    real: Vec<f64>,
    graph: Graph,
}

/// The hypotheses in ascending order of a key; equal keys in their own order.
fn ascending(order: &mut Vec<usize>, count: usize, key: impl Fn(usize) -> f64) {
    order.clear();
    order.extend(0..count);
    // of equal keys the index decides, so that an unstable sort, which allocates nothing, gives one order
    order.sort_unstable_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
}

/// p over a weight; what has no weight is never rejected, not even at p = 0.
fn over(p: f64, weight: f64) -> f64 {
    if weight > 0.0 { p / weight } else { f64::INFINITY }
}

/// Names of the hypotheses.
fn hypotheses(values: &Values) -> Vec<&str> {
    let names = values.list(HYPOTHESES).iter();
    names.filter_map(|(value, _)| if let Value::Text(name) = value { Some(name.as_str()) } else { None }).collect()
}

/// Shares of the level at `weights`, one a hypothesis. `None` where they are not given.
fn weights(values: &Values, positive: bool) -> Result<Option<Vec<f64>>, Complaint> {
    const KEY: &str = "weights";
    if values.get(KEY).is_none() {
        return Ok(None);
    }
    let weights = values.numbers(KEY);
    let count = hypotheses(values).len();
    if weights.len() != count {
        return Err(Complaint {
            code: Code::WrongLength,
            key: Some(KEY),
            message: format!("{} weights for {count} hypotheses", weights.len()),
            help: "one for each hypothesis, in their order".to_owned(),
        });
    }
    let least = if positive { "above 0" } else { "0 or more" };
    if let Some(x) = weights.iter().find(|x| **x < 0.0 || (positive && **x == 0.0)) {
        return Err(out_of_domain(KEY, format!("a weight is {x}"), format!("allowed: {least}")));
    }
    at_most_one(KEY, "the weights sum", &weights)?;
    Ok(Some(weights))
}

/// Refuses shares that sum to more than 1; what rounding adds is let pass.
fn at_most_one(key: &'static str, what: &str, shares: &[f64]) -> Result<(), Complaint> {
    let sum: f64 = shares.iter().sum();
    if sum <= 1.0 + 1e-9 {
        return Ok(());
    }
    let help = "they are shares of the level, which would be exceeded: at most 1 in all".to_owned();
    Err(out_of_domain(key, format!("{what} to {sum}"), help))
}

fn out_of_domain(key: &'static str, message: String, help: String) -> Complaint {
    Complaint { code: Code::OutOfDomain, key: Some(key), message, help }
}
