//! What a comparison of designs found.

use schemars::JsonSchema;
use serde::Serialize;

use super::multiplicity::OfFamily;
use super::{Figure, Power, Timing};

/// Designs side by side.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Comparison {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Replicates that every design has.
    pub replicates: u64,
    /// Whether the comparison ended early.
    pub partial: bool,
    /// How a larger trial comes about: `same sites, longer` or `same period, faster`, of each scenario.
    pub accrual: Vec<String>,
    /// One entry a scenario, variant, size and analysis, and after these one a figure of each family of hypotheses.
    pub rows: Vec<Row>,
    /// Times: the only part that differs between two equal runs.
    pub timing: Timing,
}

/// One analysis of one design, or one figure of a family of its hypotheses.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// The scenario's file, without its extension.
    pub design: String,
    /// Its variant.
    pub variant: String,
    /// Patients to enrol.
    pub n: usize,
    /// Replicates of the design: fewer than of the comparison's others where it was interrupted.
    pub replicates: u64,
    /// Mean number of patients enrolled, where the trial may stop before its end or become larger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patients: Option<Figure>,
    /// The analysis; of a family `family:NAME/any`, `family:NAME/hypothesis:ANALYSIS`, ….
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// Rejections in favour of the experimental arm; `null` where the figure is not of these.
    pub power: Option<Power>,
    /// Mean estimate minus the limit (the true value where there is no limit); `null` without true values.
    pub bias: Option<Figure>,
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
    /// What it costs, where the scenario has prices.
    pub cost: Option<Cost>,
    /// Power (mean number of rejections) minus that of the first row of the same analysis; where that has no other, of the first row, of a
    /// family of the row that `beside` names.
    pub difference: Option<Difference>,
    /// Which figure of which family, where the row is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<OfFamily>,
    /// Row of the same design from which the difference is taken, where it is not from that of another design: of the first family of the
    /// same hypotheses, or of a hypothesis's analysis alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
}

/// Costs in the unit of the scenario's prices.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Cost {
    /// Of patients.
    pub patients: f64,
    /// Of open sites.
    pub sites: f64,
    /// Of events.
    pub events: f64,
    /// All.
    pub total: f64,
    /// Whether no other design of the comparison has more power for the same analysis at no higher cost, or as much at a lower one.
    pub efficient: bool,
}

/// A difference of two powers on the same replicates.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Difference {
    /// The difference.
    pub estimate: f64,
    /// Its Monte Carlo standard error, by the pairs of replicates.
    pub mcse: Option<f64>,
    /// Its 95 % interval.
    pub interval: [f64; 2],
    /// Share of replicates in which both decide alike.
    pub agreeing: f64,
    /// `more power`, `less power` or `not beyond Monte Carlo error`; of a number `more rejections`, `fewer rejections`.
    pub verdict: &'static str,
}

/// The JSON schema of [`Comparison`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Comparison).to_value()
}
