//! One trial, carried out again.

use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::multiplicity::FamilyAnswer;

/// Everything of one trial.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Replayed {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The scenario's title.
    pub title: String,
    /// The variant.
    pub variant: String,
    /// Patients to enrol.
    pub n: usize,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Number of the trial.
    pub replicate: u64,
    /// Values of the parameters that replicates draw from priors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drawn: Vec<Drawn>,
    /// How it went, as in `trials.parquet`.
    pub trial: Trial,
    /// Candidates that each criterion excluded, in protocol order.
    pub screening: Vec<Excluded>,
    /// Interim looks, and the end where rules act at it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<Looked>,
    /// The analyses, as in `replicates.parquet`.
    pub analyses: Vec<Row>,
    /// What families of hypotheses decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub multiplicity: Vec<FamilyAnswer>,
    /// The enrolled patients, an object each.
    pub patients: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// A parameter's value in this trial.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Drawn {
    /// Its name.
    pub parameter: String,
    /// Its value.
    pub value: f64,
}

/// How a trial went.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Trial {
    /// Candidates screened up to the last enrolment.
    pub screened: u32,
    /// Patients enrolled.
    pub enrolled: u32,
    /// Whether as many as planned.
    pub reached: bool,
    /// Name of the look at which the trial stopped, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Date of the last entry (months).
    pub last_entry: f64,
    /// Date of the data cut (months), where there is a calendar cut.
    pub cut: Option<f64>,
    /// Mean follow-up (months), where it is limited.
    pub follow_up: Option<f64>,
    /// Candidates turned away because their site was full.
    pub site_full: u32,
}

/// A look at this trial, or its end.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Looked {
    /// Name of the look; `end`.
    pub look: String,
    /// `held`, `too late` (what it waits for had not happened by the end), `overtaken` (by the look before), or `not reached`.
    pub held: &'static str,
    /// Month of the lock of the data.
    pub month: Option<f64>,
    /// Patients enrolled by then.
    pub enrolled: Option<u32>,
    /// Patients (or events) planned from then on, where the sample size was reviewed.
    pub reviewed: Option<u32>,
    /// What rules saw and decided.
    pub rules: Vec<Saw>,
}

/// What a rule saw.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Saw {
    /// Its name.
    pub rule: String,
    /// Name of the analysis that it looks at.
    pub analysis: String,
    /// Its statistic in z.
    pub z: Option<f64>,
    /// Bound for rejection.
    pub upper: Option<f64>,
    /// Bound for futility.
    pub lower: Option<f64>,
    /// Estimate less favourable than which the trial stops, on its scale (the log of a ratio), where that is the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub futility_effect: Option<f64>,
    /// Predictive probability of success below which the trial stops, where that is the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub futility_probability: Option<f64>,
    /// `efficacy`, `harm`, `futility`, `none`, or `no answer`.
    pub crossed: &'static str,
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
    /// Candidates excluded.
    pub excluded: u32,
}

/// The median-unbiased estimate by the stage-wise ordering.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Adjusted {
    /// The estimate.
    pub estimate: f64,
    /// Its limits, at the level of the analysis's own interval; `null` where infinite.
    pub interval: [Option<f64>; 2],
}

/// What an analysis gave.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// Its answer.
    #[serde(flatten)]
    pub answer: Answer,
    /// The estimate adjusted for stopping, where a rule with bounds for rejection looked at the analysis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_unbiased: Option<Adjusted>,
    /// +1 where it rejects in favour of the experimental arm, −1 against it, 0 where it does not reject.
    pub rejects: i32,
    /// The method on the trial's own potential outcomes, everyone followed to the end.
    #[serde(rename = "true")]
    pub truth: Option<f64>,
    /// The same as the trial would see them.
    pub limit: Option<f64>,
}
