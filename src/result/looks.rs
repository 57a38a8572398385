//! Interim looks: when they are held, what their rules decide, and what that saves or costs.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Against, Figure, Quantile};

/// What looking before the end does to a trial.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Monitoring {
    /// Probability that the trial stops before its end.
    pub stops: Figure,
    /// Patients enrolled.
    pub patients: Option<Spread>,
    /// Patients who would have been enrolled in the trials that stop, and are not.
    pub spared: Option<Figure>,
    /// Patients beyond the planned number, by reviews of the sample size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<Figure>,
    /// Months from month 0 to the end of the trial; `null` where some trials have none.
    pub months: Option<Spread>,
    /// Probability that the number of events that ends the trial is never reached, where one does.
    pub short: Option<Figure>,
    /// Probability that a trial has no end: nothing stops it, and nothing ends follow-up.
    pub endless: Figure,
    /// Each look.
    pub looks: Vec<Look>,
    /// Each rule.
    pub rules: Vec<Rule>,
    /// Each review of the sample size.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<Review>,
}

/// A review of the sample size.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Review {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// Name of its look.
    pub look: String,
    /// What it may add: `patients`, `events` or `months` of follow-up.
    pub counts: &'static str,
    /// Probability that it is held.
    pub held: Figure,
    /// Probability that the trial becomes larger by it.
    pub larger: Figure,
    /// Probability that it becomes as large as it may.
    pub most: Figure,
    /// Patients or events planned after it; `null` where it adds months.
    pub size: Option<Figure>,
}

/// How a number is distributed over trials.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Spread {
    /// Its mean.
    pub mean: Figure,
    /// Its standard deviation.
    pub sd: Option<f64>,
    /// Its quantiles: the smallest value that this share of the trials do not exceed (months to a tenth).
    pub quantiles: Vec<Quantile>,
}

/// A look.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Look {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// Probability that it is held.
    pub held: Figure,
    /// Probability that what it waits for has not happened by the end of the trial.
    pub late: Figure,
    /// Probability that at its date the look before it had already taken place.
    pub overtaken: Figure,
    /// Month of the lock of the data, where it is held.
    pub month: Option<Figure>,
    /// Patients enrolled by then.
    pub enrolled: Option<Figure>,
    /// Patients enrolled between the lock of the data and the decision, where that takes time.
    pub overrun: Option<Figure>,
    /// Probability that the trial stops after it.
    pub stops: Figure,
}

/// A rule.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// Name of the analysis that it looks at.
    pub analysis: String,
    /// Scale of the analysis's estimate.
    pub scale: &'static str,
    /// How bounds for rejection come about.
    pub efficacy: Option<String>,
    /// How bounds for futility come about.
    pub futility: Option<String>,
    /// Whether futility must be obeyed.
    pub binding: bool,
    /// Whether the error is spent by the `planned` or the `observed` information.
    pub spends_by: &'static str,
    /// Whether the statistic's increments may depend on each other: bounds then need not hold.
    pub dependent: bool,
    /// Events of its analysis when the trial ends, where its endpoint has any.
    pub events: Option<Spread>,
    /// What it does at each of its looks, and at the end.
    pub at: Vec<At>,
    /// The median-unbiased estimate by the stage-wise ordering, with its interval; `null` where no test is stopped.
    pub median_unbiased: Option<MedianUnbiased>,
}

/// A rule at a look, or at the end.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct At {
    /// Name of the look; `end`.
    pub look: String,
    /// As planned, where the rule is a group-sequential test.
    pub planned: Option<Planned>,
    /// Probability that the rule looks.
    pub seen: Figure,
    /// Share of the planned information by which bounds are made.
    pub share: Option<Figure>,
    /// Share of the planned information that there is; `null` where nothing says how much is planned.
    pub information: Option<Figure>,
    /// Bound for rejection in z.
    pub z: Option<Figure>,
    /// Bound for futility in z.
    pub futility_z: Option<Figure>,
    /// Estimate less favourable than which the trial stops, on its scale (the log of a ratio), where that is the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub futility_effect: Option<f64>,
    /// Predictive probability of success below which the trial stops, where that is the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub futility_probability: Option<f64>,
    /// Estimate at the bound for rejection.
    pub effect: Option<Figure>,
    /// Probability of rejecting in favour here.
    pub efficacy: Figure,
    /// Probability of having rejected in favour by now.
    pub rejected: Figure,
    /// Probability of rejecting against the experimental arm here.
    pub harm: Figure,
    /// Probability of stopping for futility here.
    pub futility: Figure,
    /// Trials in which the method had no answer.
    pub failed: u64,
    /// Patients in the analysis.
    pub patients: Option<Figure>,
    /// Events in it.
    pub events: Option<Figure>,
    /// Events between the lock of the data and the decision where the trial stops here, where that takes time.
    pub overrun: Option<Figure>,
    /// Mean estimate of the trials that end here.
    pub estimate: Option<Figure>,
    /// The same minus the limit (the true value where there is none).
    pub bias: Option<Figure>,
    /// Correlation of the statistic with that at the end, where increments may depend on each other.
    pub correlation: Option<Correlation>,
}

/// A bound as planned.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Planned {
    /// Share of the information.
    pub share: f64,
    /// Bound for rejection in z.
    pub z: Option<f64>,
    /// The same as a one-sided p-value.
    pub p: Option<f64>,
    /// Bound for futility in z.
    pub futility_z: Option<f64>,
    /// Level spent by now, of all sides; futility is obeyed where it is binding.
    pub alpha: f64,
    /// Power by now at the effect of the planned power.
    pub power: f64,
}

/// A correlation of statistics.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Correlation {
    /// As simulated, of the first replicates, none of which is stopped for it.
    pub estimate: f64,
    /// That of independent increments with as much information.
    pub expected: f64,
}

/// The estimate adjusted for stopping.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MedianUnbiased {
    /// Share of the trials that have one: not where the trial ends before the rule has looked, or the method has no answer.
    pub of: Figure,
    /// Share of them that lie below true value and limit: one half.
    pub below: Against,
    /// Its mean.
    pub mean: Option<Figure>,
    /// Its mean minus true value and limit.
    pub bias: Against,
    /// Coverage of its interval.
    pub coverage: Against,
}
