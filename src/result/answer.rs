//! What a scenario's analyses give on real data. `patency schema --data` publishes its JSON schema.

use schemars::JsonSchema;
use serde::Serialize;

use super::multiplicity::FamilyAnswer;

/// Everything that an analysis of data found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Answers {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The scenario's title.
    pub title: String,
    /// The scenario file as it was read.
    pub scenario: String,
    /// The data file.
    pub data: String,
    /// Its rows.
    pub rows: usize,
    /// Of these, rows without an arm: in no analysis.
    pub without_arm: usize,
    /// Interim rules of the scenario, which are not applied to data: the answers are those of a design without looks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules_not_applied: Vec<String>,
    /// One entry a row of the analysis plan.
    pub analyses: Vec<Answer>,
    /// Families of hypotheses that are tested together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub multiplicity: Vec<FamilyAnswer>,
}

/// What one row of the analysis plan gave.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Answer {
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
    /// Experimental arm and control.
    pub arms: [String; 2],
    /// `estimated`, or why there is no answer.
    pub status: &'static str,
    /// Experimental − control, or ln(experimental / control); `null` where there is none.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Confidence limits.
    pub interval: Option<[Option<f64>; 2]>,
    /// Their level.
    pub level: f64,
    /// Test statistic, positive in favour of the experimental arm; `null` where the method has none.
    pub statistic: Option<f64>,
    /// Degrees of freedom, where it is a t statistic.
    pub df: Option<f64>,
    /// Total significance level.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Null value on the scale of the estimate.
    pub null: f64,
    /// One-sided p-value in favour of the experimental arm.
    pub p_favour: Option<f64>,
    /// One-sided p-value against it.
    pub p_against: Option<f64>,
    /// Two-sided p-value.
    pub p_two_sided: Option<f64>,
    /// What the test decides: `favour`, `against`, `neither`; `null` without an answer.
    pub decision: Option<&'static str>,
    /// Patients analysed.
    pub patients: usize,
    /// Events (responders, deaths) used.
    pub events: u32,
    /// Who was left out, where the data are a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// The method's parts.
    pub parts: Vec<Part>,
    /// The bootstrap behind the standard error, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
}

/// Patients of the two arms who are not in an analysis.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LeftOut {
    /// Without a value of the endpoint.
    pub endpoint: usize,
    /// With one, and without a covariate, a stratum or what the subset asks.
    pub baseline: usize,
    /// With both, and outside the subset.
    pub subset: usize,
}

/// A part of a method's answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Option<f64>,
}

/// A bootstrap.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Bootstrap {
    /// Resamples asked for.
    pub resamples: u32,
    /// Resamples without an estimate.
    pub failed: u32,
}

/// The JSON schema of [`Answers`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Answers).to_value()
}
