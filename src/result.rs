//! What comes out: one plain structure, many renderers. `patency schema --result` publishes its JSON schema.
//!
//! Figures with Monte Carlo error are `{estimate, mcse}`; what does not exist is `null`, never 0. Ratios stay on the log scale.

pub mod answer;
mod assurance;
pub mod bounds;
pub mod certify;
pub mod compare;
pub mod looks;
pub mod multiplicity;
pub mod replay;
pub mod size;
pub mod sweep;
pub mod validation;

use schemars::JsonSchema;
use serde::Serialize;

pub use assurance::{Assurance, Assured, PowerDistribution, PowerQuantile, Prior, Region};

/// A figure with its Monte Carlo standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Figure {
    /// The figure.
    pub estimate: f64,
    /// Its Monte Carlo standard error; `null` where it cannot be computed (one replicate).
    pub mcse: Option<f64>,
}

/// Everything that a run found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunResult {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The scenario's title.
    pub title: String,
    /// The scenario file as it was read, so that the result can be reproduced from itself.
    pub scenario: String,
    /// Overrides given with `--set`.
    pub set: Vec<String>,
    /// Whether parameters took the null values that they declare.
    #[serde(skip_serializing_if = "is_false")]
    pub null: bool,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Number of the first replicate.
    #[serde(skip_serializing_if = "is_zero")]
    pub first_replicate: u64,
    /// Replicates asked for.
    pub replicates: u64,
    /// Number of the first truth-only replicate, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub first_truth_replicate: u64,
    /// Truth-only replicates asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub truth_replicates: u64,
    /// Whether the run ended early: fewer replicates were computed than asked for.
    pub partial: bool,
    /// One entry a variant and size.
    pub designs: Vec<Design>,
    /// Times: the only part that differs between two equal runs.
    pub timing: Timing,
}

/// A variant at a size.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Design {
    /// The variant; `base` is the file as written.
    pub variant: String,
    /// Patients to enrol.
    pub n: usize,
    /// Replicates computed.
    pub replicates: u64,
    /// Truth-only replicates computed.
    #[serde(skip_serializing_if = "is_zero")]
    pub truth_replicates: u64,
    /// Parameters with their values in this variant and their sources.
    pub parameters: Vec<Parameter>,
    /// What priors make of power, where parameters have any: power is then assurance, the mean over the prior.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assurance: Option<Assurance>,
    /// The rows of the analysis plan.
    pub analyses: Vec<Analysis>,
    /// How precise the power of one of them is, where replicates were simulated until it is precise enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    /// Families of hypotheses that are tested together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub multiplicity: Vec<multiplicity::Family>,
    /// Interim looks, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<looks::Monitoring>,
    /// The screening funnel, as if no trial had stopped before its end.
    pub screening: Screening,
    /// How enrolment went.
    pub enrolment: Enrolment,
}

/// How precise a power is that decided when to stop.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Precision {
    /// Name of the analysis.
    pub analysis: String,
    /// Monte Carlo standard error asked for.
    pub asked: f64,
    /// Whether it is that small for every power of the confidence sequence.
    pub reached: bool,
    /// The largest Monte Carlo standard error of any power of the confidence sequence.
    pub largest_se: f64,
    /// 95% confidence sequence of the power: it holds whenever one stops.
    pub sequence: [f64; 2],
}

/// A named number of the scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value; `null` where every replicate draws its own.
    pub value: Option<f64>,
    /// The prior in words, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<String>,
    /// A reference, or `assumed`.
    pub source: String,
}

/// What one row of the analysis plan is worth.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Analysis {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// The method's key.
    pub method: &'static str,
    /// `difference`, `log-ratio` or `probability`.
    pub scale: &'static str,
    /// Total significance level.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Null value on the scale of the estimate.
    pub null: f64,
    /// Limits of equivalence on the scale of the estimate, where that is tested.
    pub equivalence: Option<[f64; 2]>,
    /// What is tested in a protocol's words, margins on the natural scale.
    pub hypothesis: String,
    /// What is estimated.
    pub estimand: Estimand,
    /// Rejections in favour of the experimental arm, of all replicates.
    pub power: Power,
    /// Rejections against it, and all.
    pub rejects: Rejects,
    /// What is to be said of all rejections as type I errors, where parameters took their null values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_one: Option<TypeOne>,
    /// The estimates.
    pub estimate: Estimates,
    /// Means of the method's parts over replicates with an estimate.
    pub parts: Vec<Part>,
    /// What the choice of the arm depends on and the row's covariates leave out, where clinicians choose and the row adjusts for that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Pairs of a hierarchical endpoint.
    pub pairs: Option<Pairs>,
    /// The planning formula's power.
    pub planning: Option<Planning>,
    /// Mean number of patients analysed.
    pub patients: f64,
    /// Mean number of events (responders, deaths) used.
    pub events: f64,
    /// The bootstrap behind the standard error, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
    /// Replicates without an estimate, by reason.
    pub failures: Failures,
}

/// What is estimated.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Estimand {
    /// In words.
    pub description: String,
    /// Its value when everyone is followed to the end.
    #[serde(rename = "true")]
    pub truth: Option<Figure>,
    /// What the estimator converges to under the scenario's own loss and cut.
    pub limit: Option<Figure>,
}

/// Power.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Power {
    /// Share of replicates that reject in favour.
    pub estimate: f64,
    /// Its Monte Carlo standard error.
    pub mcse: Option<f64>,
    /// Wilson 95% interval.
    pub interval: [f64; 2],
}

/// Rejections.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Rejects {
    /// Against the experimental arm (two-sided tests).
    pub against: Figure,
    /// Both: under the null, the type I error.
    pub total: Figure,
}

/// Rejections where the treatment does nothing.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TypeOne {
    /// All rejections.
    pub rejects: Figure,
    /// Total significance level.
    pub level: f64,
    /// Size by enumeration, of tests of two proportions.
    pub enumerated: Option<f64>,
    /// Whether the test rejects as often as it may, to 5 Monte Carlo standard errors; `null` where rejections are no type I errors.
    pub holds: Option<bool>,
    /// In words.
    pub verdict: String,
}

/// Performance of the estimator over replicates with an estimate (Morris, White and Crowther 2019).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Estimates {
    /// Mean.
    pub mean: Option<Figure>,
    /// Mean minus the true value, and minus the limit.
    pub bias: Against,
    /// Standard deviation of the estimates.
    pub empirical_se: Option<Figure>,
    /// Root mean square of the standard errors.
    pub model_se: Option<Figure>,
    /// Share of intervals that contain the true value, and the limit.
    pub coverage: Against,
    /// Mean squared error about the true value.
    pub mse: Option<f64>,
    /// Quantiles of the estimates.
    pub quantiles: Vec<Quantile>,
    /// The estimate nearest to the null value that was significant in favour.
    pub smallest_significant: Option<f64>,
    /// Share of replicates whose estimate beats the stated relevant value.
    pub beats_relevant: Option<Figure>,
    /// That value.
    pub relevant: Option<f64>,
}

/// Against the true value and against the limit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Against {
    /// Against the true value.
    #[serde(rename = "true")]
    pub truth: Option<Figure>,
    /// Against the limit.
    pub limit: Option<Figure>,
}

/// A quantile of the estimates.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Quantile {
    /// Probability.
    pub p: f64,
    /// Estimate.
    pub value: f64,
}

/// Mean of a method's part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its mean.
    pub mean: f64,
}

/// Pairs of a hierarchical endpoint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Pairs {
    /// Share won by the experimental arm.
    pub wins: f64,
    /// Share lost.
    pub losses: f64,
    /// Share tied on all tiers.
    pub ties: f64,
    /// Share decided at each tier.
    pub decided: Vec<Part>,
}

/// The planning formula.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Planning {
    /// Author and year.
    pub formula: &'static str,
    /// Its power at the estimator's limit and the mean numbers analysed.
    pub power: f64,
    /// Why it differs from the simulated power.
    pub note: &'static str,
}

/// The bootstrap behind a standard error.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Bootstrap {
    /// Resamples of a replicate.
    pub resamples: u32,
    /// Mean number of them without an estimate.
    pub failed: f64,
}

/// Replicates without an estimate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Failures {
    /// All.
    pub total: u64,
    /// By reason.
    pub reasons: Vec<Failure>,
}

/// A reason for having no estimate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Failure {
    /// In words.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
    /// The first replicate in which it showed.
    pub first: u64,
}

/// The screening funnel (means a trial).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Screening {
    /// Candidates screened.
    pub screened: Figure,
    /// Share of them that enrolled.
    pub acceptance: f64,
    /// Exclusions by criterion, in protocol order: each candidate counts at the first that excludes.
    pub criteria: Vec<Excluded>,
    /// Candidates turned away because their site was full.
    pub site_full: f64,
}

/// Exclusions by one criterion.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Excluded {
    /// Its name.
    pub name: String,
    /// The protocol's words.
    pub label: String,
    /// `inclusion` or `exclusion`.
    pub kind: &'static str,
    /// Mean number excluded a trial.
    pub excluded: f64,
    /// Share of those who reached the criterion.
    pub share: f64,
}

/// How enrolment went.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Enrolment {
    /// Mean patients enrolled.
    pub enrolled: Figure,
    /// Share of replicates that reach n, or as many as a review of the sample size asks for, or stop at a look before.
    pub reached: Figure,
    /// Mean date of the last entry (months since the first site opened).
    pub last_entry: Option<Figure>,
    /// The same as a calendar date, where the scenario has one.
    pub last_entry_date: Option<String>,
    /// What the calendar implies for the planned follow-up, where the scenario plans any.
    pub calendar: Option<Calendar>,
    /// Mean date of the data cut (months), where every trial has a calendar cut.
    pub cut: Option<Figure>,
    /// Months until the data are complete: to the data cut, else to the horizon of the last patient; to the end where looks may stop the
    /// trial. `null` where some trials have no known end.
    pub complete: Option<Figure>,
    /// Mean follow-up (months), where it is limited in every trial.
    pub follow_up: Option<Figure>,
}

/// What the calendar implies for the planned follow-up.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Calendar {
    /// Planned end of the study (months since the first site opened).
    pub planned_end: f64,
    /// The same as a calendar date, where the scenario has one.
    pub planned_end_date: Option<String>,
    /// Months for which each patient should be followed.
    pub follow_up: f64,
    /// Mean share of the enrolled whose follow-up is complete at the planned end.
    pub followed: Option<Figure>,
    /// Mean month by which all are followed.
    pub all_followed: Option<Figure>,
    /// The same as a calendar date, where the scenario has one.
    pub all_followed_date: Option<String>,
}

/// Times.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Timing {
    /// Wall time of everything (s).
    pub seconds: f64,
    /// Generation and analysis (s), summed over threads.
    pub simulation_seconds: f64,
    /// True values and limits (s), summed over threads.
    pub truth_seconds: f64,
    /// Patients enrolled a second of generation and analysis on one thread.
    pub patients_per_second: f64,
    /// Trials a second of generation and analysis on one thread.
    pub trials_per_second: f64,
    /// Threads.
    pub threads: usize,
}

fn is_zero(x: &u64) -> bool {
    *x == 0
}

fn is_false(x: &bool) -> bool {
    !x
}

/// JSON schema of a [`RunResult`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RunResult).to_value()
}
