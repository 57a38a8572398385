//! What a search for the sample size found.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Figure, Timing};

/// How many are needed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SizeResult {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The scenario's title.
    pub title: String,
    /// The variant.
    pub variant: String,
    /// The scenario file as it was read.
    pub scenario: String,
    /// Overrides given with `--set`.
    pub set: Vec<String>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// The analysis.
    pub analysis: String,
    /// How a larger trial comes about.
    pub accrual: &'static str,
    /// What is solved for: `n`, `events`, or a parameter.
    pub solved: String,
    /// Patients of the trial, where they are not what is solved for.
    pub patients: Option<usize>,
    /// Power asked for.
    pub power: f64,
    /// Confidence of the interval.
    pub confidence: f64,
    /// How near its ends were to lie to its middle, as a share of it.
    pub within: f64,
    /// The answer.
    pub size: Answer,
    /// Power at the sizes that were looked at.
    pub curve: Vec<Point>,
    /// The values that might have been the answer, fixed before the first replicate of the search, in the order in which power was
    /// expected to rise.
    pub grid: Vec<f64>,
    /// What they are multiples of, where the arms' ratio or whole events ask for it.
    pub unit: Option<f64>,
    /// The largest value that there can be, where there is one.
    pub most: Option<f64>,
    /// Limits and steps that were asked for and taken as others, in words.
    pub adjusted: Vec<String>,
    /// The first guess, about which they were laid; it has replicates of its own.
    pub guess: Option<f64>,
    /// Whether the search ended before the interval was as narrow as asked, and why.
    pub ended: &'static str,
    /// A smaller size that is known to have more power than a larger one, where there is one.
    pub reversal: Option<[f64; 2]>,
    /// What keeps larger values from having more power, where the scenario says so.
    pub ceiling: Option<String>,
    /// The planning formula's answer.
    pub planning: Option<Formula>,
    /// Why there is none, where there is a formula.
    pub no_planning: Option<&'static str>,
    /// What it cost.
    pub work: Work,
    /// Times: the only part that differs between two equal runs.
    pub timing: Timing,
}

/// The answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The point estimate: the first size of the grid at or above the crossing of the fitted curve; `null` where power does not get there.
    pub n: Option<f64>,
    /// Power at it by the fitted curve; `null` where that lies outside the band.
    pub power: Option<f64>,
    /// The answer lies above the first and not above the second, with the stated confidence; `null` where an end is not known.
    pub interval: [Option<f64>; 2],
}

/// Power at a size.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Point {
    /// The size.
    pub size: f64,
    /// Replicates.
    pub replicates: u64,
    /// Share that rejected in favour.
    pub power: f64,
    /// Its confidence sequence, simultaneous over the grid.
    pub interval: [f64; 2],
    /// By the fitted curve; `null` where that lies outside the band: it does not hold there.
    pub fitted: Option<f64>,
    /// Share of the replicates that enrolled as many patients, or saw as many events.
    pub reached: f64,
    /// `enough`, `too little` or `open`.
    pub verdict: &'static str,
}

/// The planning formula's answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Formula {
    /// The smallest size that keeps the arms' ratio and reaches the power by the formula.
    pub n: f64,
    /// The size before it is rounded up, with the Monte Carlo error of the pilot that gave effect and variance; 0 where these are known.
    pub size: Figure,
    /// Author and year.
    pub formula: &'static str,
    /// The formula's power at the point estimate.
    pub power: Figure,
    /// Other formulas' answers, where they have one.
    pub others: Vec<OtherFormula>,
    /// What it leaves out of this scenario: why its answer may differ from the simulated one.
    pub reasons: Vec<String>,
}

/// The answer of another formula to the same question.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OtherFormula {
    /// The smallest size that keeps the arms' ratio and reaches the power by it.
    pub n: f64,
    /// The size before it is rounded up.
    pub size: f64,
    /// Author and year.
    pub formula: &'static str,
}

/// What was computed.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Work {
    /// Trials generated, each at the largest of the sizes at which it was analysed.
    pub trials: u64,
    /// Those of them that the first guess took.
    pub guess_trials: u64,
    /// Patients generated and enrolled.
    pub patients: u64,
    /// Analyses, one a size of a trial.
    pub analyses: u64,
    /// Rows put in order of time for them.
    pub sorted_rows: u64,
}

/// The JSON schema of [`SizeResult`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(SizeResult).to_value()
}
