//! A group-sequential boundary and what it takes.

use schemars::JsonSchema;
use serde::Serialize;

/// A boundary and what it takes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BoundsResult {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Total significance level.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Power at the alternative.
    pub power: f64,
    /// How the bounds for rejection come about.
    pub efficacy: String,
    /// How the bounds for futility come about; `null` where there are none.
    pub futility: Option<String>,
    /// Whether the error holds only where futility is obeyed.
    pub binding: bool,
    /// Mean of the statistic at full information where the power is as wanted.
    pub drift: f64,
    /// Information at the last look as a multiple of that of the fixed test.
    pub inflation: f64,
    /// Mean information as a multiple of that of the fixed test: without effect, at half the effect, at the effect.
    pub expected_information: [f64; 3],
    /// Type I error, futility being obeyed.
    pub type_1_error: f64,
    /// Patients or events, where an effect is given.
    pub sizes: Option<Sizes>,
    /// One entry a look.
    pub looks: Vec<Look>,
}

/// Patients or events.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Sizes {
    /// `patients` or `events`.
    pub unit: &'static str,
    /// The alternative in words.
    pub alternative: String,
    /// Experimental patients for one control.
    pub ratio: f64,
    /// Of the fixed test.
    pub fixed: f64,
    /// At the last look.
    pub most: f64,
    /// Mean without effect, at half the effect, at the effect.
    pub expected: [f64; 3],
}

/// A look.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Look {
    /// Share of the information.
    pub information: f64,
    /// Patients or events.
    pub size: Option<f64>,
    /// Bound for rejection in favour; `null` where there is none.
    pub upper: Option<f64>,
    /// Its nominal one-sided p-value.
    pub p: Option<f64>,
    /// The estimate that reaches it.
    pub effect: Option<f64>,
    /// Bound for futility, or for rejection against.
    pub lower: Option<f64>,
    /// The estimate that reaches it.
    pub lower_effect: Option<f64>,
    /// Conditional power at the futility bound under the alternative.
    pub conditional_power: Option<f64>,
    /// Type I error spent in favour, cumulative, futility that is not binding being passed over; of both sides where the test is two-sided.
    pub alpha: f64,
    /// Probability of having rejected in favour at the alternative, cumulative.
    pub power: f64,
    /// Probability of stopping for futility at this look without effect, and at the alternative.
    pub futility: [f64; 2],
}

/// JSON schema of a [`BoundsResult`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(BoundsResult).to_value()
}
