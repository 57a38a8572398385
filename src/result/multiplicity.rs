//! What families of hypotheses are worth, and what they decide on real data.

use schemars::JsonSchema;
use serde::Serialize;

use super::Figure;

/// A family of hypotheses, tested together at one familywise level.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// The procedure's key, as `fixed-sequence`.
    pub procedure: &'static str,
    /// Whether it keeps its level only where p-values are independent or positively dependent.
    pub positive_dependence: bool,
    /// Familywise level, in total over the sides.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Its hypotheses, in their order.
    pub hypotheses: Vec<Hypothesis>,
    /// Share of replicates that reject at least one hypothesis in favour of the experimental arm.
    pub any: Figure,
    /// Share of replicates that reject all in favour.
    pub all: Figure,
    /// Mean number of hypotheses rejected in favour.
    pub rejections: Figure,
    /// What it rejects more than the first family of the same hypotheses, replicate by replicate; none for that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<More>,
    /// Share of replicates that reject at least one true null hypothesis, in either direction; `null` where none is true, or where it is
    /// not known which are.
    pub familywise_error: Option<Figure>,
    /// How often each set of hypotheses is what is rejected in favour, the most frequent first; at most 32.
    pub sets: Vec<RejectedSet>,
}

/// Differences between two families of the same hypotheses on the same replicates.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct More {
    /// The other family.
    pub than: String,
    /// Of the shares that reject at least one.
    pub any: Figure,
    /// Of the shares that reject all.
    pub all: Figure,
    /// Of the mean numbers rejected.
    pub rejections: Figure,
}

/// A hypothesis of a family.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Hypothesis {
    /// The analysis.
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// Share of replicates in which the procedure rejects it in favour of the experimental arm.
    pub power: Figure,
    /// Share in which it rejects it against it (two-sided tests).
    pub against: Figure,
    /// Share in which the test alone rejects it in favour at the familywise level: what multiplicity costs is the difference.
    pub alone: Figure,
    /// Whether its null hypothesis is true in this world: `true`, `false` or `unknown`.
    pub null: &'static str,
    /// How that is known: `declared`, or by the `true value` or the `limit`.
    pub null_by: Option<&'static str>,
    /// Whether it is declared and the true value says otherwise.
    pub null_contradicted: bool,
    /// Replicates without a p-value: not rejected.
    pub missing: u64,
}

/// A set of hypotheses.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RejectedSet {
    /// Their analyses; empty: none is rejected.
    pub analyses: Vec<String>,
    /// Share of replicates in which they are rejected in favour, and no others.
    pub share: Figure,
}

/// What a family decides on real data.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FamilyAnswer {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// The procedure's key, as `fixed-sequence`.
    pub procedure: &'static str,
    /// Whether it keeps its level only where p-values are independent or positively dependent.
    pub positive_dependence: bool,
    /// Familywise level, in total over the sides.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Its hypotheses, in their order.
    pub hypotheses: Vec<HypothesisAnswer>,
}

/// What is decided of a hypothesis.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HypothesisAnswer {
    /// The analysis.
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// Its p-value, one-sided in favour of the experimental arm or two-sided; `null` where there is none.
    pub p: Option<f64>,
    /// The smallest familywise level at which it is rejected.
    pub adjusted: Option<f64>,
    /// `favour`, `against` or `neither`; `null` without a p-value.
    pub decision: Option<&'static str>,
}
