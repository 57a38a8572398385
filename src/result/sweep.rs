//! What a sweep over many worlds of one scenario found.

use schemars::JsonSchema;
use serde::Serialize;

use super::compare::Difference;
use super::multiplicity::OfFamily;
use super::{Figure, Power, Rejects, Timing};

/// Every cell of a grid, or the worlds between pessimistic and optimistic.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Sweep {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The scenario's title.
    pub title: String,
    /// The scenario file as it was read.
    pub scenario: String,
    /// Overrides given with `--set`.
    pub set: Vec<String>,
    /// Whether parameters took their null values.
    pub null: bool,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Replicates of each cell.
    pub replicates: u64,
    /// Whether the sweep ended early: cells are missing.
    pub partial: bool,
    /// Parameters whose values differ, in the order of `values` of a row.
    pub parameters: Vec<String>,
    /// One entry a cell and analysis, and after the analyses of a cell one a figure of each family of hypotheses.
    pub rows: Vec<Row>,
    /// One parameter at a time between its ends, the widest first; empty where a grid was swept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tornado: Vec<Bar>,
    /// Times: the only part that differs between two equal sweeps.
    pub timing: Timing,
}

/// One analysis in one cell, or one figure of a family of hypotheses.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// What the world is called: empty in a grid, else `expected`, `pessimistic`, `optimistic`, or a parameter and its end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub world: String,
    /// Values of the parameters.
    pub values: Vec<f64>,
    /// The variant.
    pub variant: String,
    /// Patients to enrol.
    pub n: usize,
    /// The analysis; of a family `family:NAME/any`, `family:NAME/hypothesis:ANALYSIS`, ….
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// Rejections in favour of the experimental arm; `null` where the figure is not of these.
    pub power: Option<Power>,
    /// Rejections against it, and all; `null` where the row is not of one test.
    pub rejects: Option<Rejects>,
    /// Mean estimate; ratios on the log scale.
    pub mean: Option<Figure>,
    /// Mean estimate minus the limit (the true value where there is no limit); `null` without true values.
    pub bias: Option<Figure>,
    /// Share of intervals that contain it; with a prior, that contain the value given the parameters that their replicate drew.
    pub coverage: Option<Figure>,
    /// Replicates without an estimate.
    pub failures: u64,
    /// Mean number of events, where the endpoint has any.
    pub events: Option<f64>,
    /// Months until the last entry.
    pub enrolment_months: Option<Figure>,
    /// Share of replicates that reach n.
    pub reached: Figure,
    /// Months until the data are complete; `null` where some trials have no known end.
    pub duration: Option<Figure>,
    /// Months under observation, over all patients, where follow-up is limited in every trial.
    pub patient_months: Option<f64>,
    /// Share of pairs tied on all tiers.
    pub ties: Option<f64>,
    /// Power (mean number of rejections) minus that of the first row of the same analysis (of the expected world of its variant and size), by
    /// the pairs of replicates.
    pub difference: Option<Difference>,
    /// Whether the null hypothesis is `true` by true values, `false` or `unknown`; none where the row is of a family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null: Option<&'static str>,
    /// Which figure of which family, where the row is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<OfFamily>,
}

/// One parameter at its two ends, all others as expected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Bar {
    /// The parameter.
    pub parameter: String,
    /// The variant.
    pub variant: String,
    /// Patients to enrol.
    pub n: usize,
    /// The analysis.
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// The parameter's values: pessimistic, expected, optimistic.
    pub values: [f64; 3],
    /// Power there.
    pub power: [f64; 3],
    /// Power at the pessimistic end minus that expected.
    pub pessimistic: Difference,
    /// Power at the optimistic end minus that expected.
    pub optimistic: Difference,
    /// Power at the optimistic end minus that at the pessimistic one: the bars are in the order of its size.
    pub span: Difference,
}

/// The JSON schema of [`Sweep`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Sweep).to_value()
}
