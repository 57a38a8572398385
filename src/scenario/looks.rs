//! Interim looks: when data are locked before the end of the trial, and by which rules it then stops.

use crate::sequential::reestimation::Held;
use crate::sequential::{Monitor, Plan, futility};

/// A look at the data before the end of the trial.
#[derive(Clone, Debug)]
pub struct LookPlan {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// What it waits for.
    pub when: Vec<When>,
    /// Whether the first of these suffices; else all are wanted.
    pub any: bool,
    /// Not before this month of the calendar.
    pub not_before: f64,
    /// At this month of the calendar whatever has happened by then.
    pub not_after: f64,
    /// Months after the look before it, at least.
    pub gap: f64,
    /// Months from the lock of the data to the decision.
    pub delay: f64,
}

impl LookPlan {
    /// When it is held, in words; `endpoint` gives the name of one.
    #[must_use]
    pub fn words<'e>(&self, endpoint: impl Fn(usize) -> &'e str) -> String {
        let amount = |a: &Amount| match a {
            Amount::Count(count) => count.to_string(),
            Amount::Share(share) => format!("{} % of the", 100.0 * share),
        };
        let of = |when: &When| match when {
            When::Events { count, endpoint: e } => format!("{count} events of {}", endpoint(*e)),
            When::Enrolled(a) => format!("{} patients enrolled", amount(a)),
            When::Complete { amount: a, endpoint: e } => format!("{} patients with {}", amount(a), endpoint(*e)),
            When::Date(month) => format!("month {month}"),
            When::FollowUp(months) => format!("{} after the last entry", in_months(*months)),
        };
        let all: Vec<String> = self.when.iter().map(of).collect();
        let mut words = format!("at {}", all.join(if self.any { " or " } else { " and " }));
        let mut add = |given: bool, text: String| {
            if given {
                words.push_str(&text);
            }
        };
        add(self.not_before > 0.0, format!("; not before month {}", self.not_before));
        add(self.not_after.is_finite(), format!("; not after month {}", self.not_after));
        add(self.gap > 0.0, format!("; {} after the look before", in_months(self.gap)));
        add(self.delay > 0.0, format!("; decision {} later", in_months(self.delay)));
        words
    }
}

fn in_months(months: f64) -> String {
    format!("{months} month{}", if months == 1.0 { "" } else { "s" })
}

/// What a look waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// Events of a time-to-event endpoint.
    Events {
        /// How many.
        count: u32,
        /// Index of the endpoint.
        endpoint: usize,
    },
    /// Patients enrolled.
    Enrolled(Amount),
    /// Patients in whom an endpoint is due and who were followed until then.
    Complete {
        /// How many.
        amount: Amount,
        /// Index of the endpoint.
        endpoint: usize,
    },
    /// A month of the calendar.
    Date(f64),
    /// Months after the entry of the last patient.
    FollowUp(f64),
}

/// A number of patients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// As it is.
    Count(u32),
    /// As a share of the patients to enrol.
    Share(f64),
}

impl Amount {
    /// The number in a trial of `n` patients.
    #[must_use]
    pub fn of(self, n: usize) -> usize {
        match self {
            Amount::Count(count) => count as usize,
            // a share that rounding puts just above a whole number means that number
            Amount::Share(share) => (share * n as f64 - 1e-9).ceil().max(1.0) as usize,
        }
    }
}

/// What is done at looks with the statistic of an analysis.
#[derive(Clone, Debug)]
pub struct RulePlan {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// Index of the analysis.
    pub analysis: usize,
    /// Indices of the looks at which it acts, ascending; bounds for rejection act at the end of the trial as well.
    pub looks: Vec<usize>,
    /// Bounds of a group-sequential test, where it has any for rejection.
    pub monitor: Option<Monitor>,
    /// What its bounds are made from.
    pub plan: Option<Plan>,
    /// Where its hypothesis shares a familywise level with others: index of the family, and of the hypothesis in it.
    pub family: Option<(usize, usize)>,
    /// When to stop without rejection.
    pub futility: Option<Futility>,
    /// The bound for rejection at full information of which conditional and predictive power are of: not lowered by binding futility.
    pub last: f64,
    /// Whether futility must be obeyed for the error to hold.
    pub binding: bool,
    /// Shares of the information planned at its looks and at the end.
    pub shares: Vec<f64>,
    /// What counts as information.
    pub information: Counted,
    /// Whether the error is spent by the information that there is, instead of that planned.
    pub observed: bool,
    /// Information planned for the end, in the analysis: events, patients, or 1/SE²; 1 where nothing says how much.
    pub planned: f64,
    /// So many of so many of the trial's patients are planned to be in the analysis; none where `planned` counts them.
    pub patients: Option<[f64; 2]>,
    /// Whether the statistic's increments may depend on each other, so that bounds may not hold and its correlations are wanted.
    pub correlated: bool,
    /// Whether the trial goes on once the hypothesis is rejected.
    pub goes_on: bool,
    /// The bounds in words.
    pub words: [Option<String>; 2],
}

impl RulePlan {
    /// Patients of the analysis at the end of a trial that was planned with so many, and as reviews have left it is planned with `now`: a
    /// number that is given grows as the trial does.
    #[must_use]
    pub fn patients_of(&self, [first, now]: [usize; 2]) -> f64 {
        let now = now as f64;
        self.patients.map_or_else(|| self.planned * now / first as f64, |[of, all]| now * of / all)
    }

    /// Information at the end of such a trial; more patients are no more events where these end it, and no more 1/SE² where they make up
    /// for a larger variance.
    #[must_use]
    pub fn information_of(&self, planned: [usize; 2]) -> f64 {
        if self.information == Counted::Patients { self.patients_of(planned) } else { self.planned }
    }
}

/// A review of the sample size at a look.
#[derive(Clone, Debug)]
pub struct ReestimationPlan {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// Index of the look.
    pub look: usize,
    /// Index of the analysis for which the trial is sized.
    pub analysis: usize,
    /// Most patients (or events).
    pub most: u32,
    /// Type II error wanted.
    pub beta: f64,
    /// Size of the group-sequential test of the analysis over that of the fixed one, where rules make it one.
    pub inflation: f64,
    /// Difference that the analysis is held against, of proportions or means.
    pub margin: f64,
    /// How the new size comes about.
    pub by: Review,
}

impl ReestimationPlan {
    /// Whether follow-up is extended, and nobody added.
    #[must_use]
    pub fn extends_follow_up(&self) -> bool {
        matches!(self.by, Review::FollowUp(..))
    }

    /// Whether events are added in place of patients.
    #[must_use]
    pub fn adds_events(&self) -> bool {
        matches!(self.by, Review::Zone { events: true, .. })
    }
}

/// How a new size comes about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Review {
    /// By the pooled proportion, the planned effect held.
    Rate(Held),
    /// By the pooled variance, the planned difference of means held.
    Variance(f64),
    /// By the pooled event rate: events wanted, by a month from entry.
    Events(u32, f64),
    /// By the events so far: fewer than this, and every cut of the data is so many months later.
    FollowUp(u32, f64),
    /// By conditional power; with the rule that tests the analysis, and its place among the rule's looks.
    Zone {
        /// Conditional power from which, and below which, it is promising.
        zone: [f64; 2],
        /// Index of the rule.
        rule: usize,
        /// Place of the look among those of the rule.
        place: usize,
        /// Whether events are added in place of patients.
        events: bool,
    },
}

/// What counts as information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Events of the analysis.
    Events,
    /// Patients in the analysis.
    Patients,
    /// 1/SE² of the estimate.
    Precision,
}

/// When to stop without rejection, a value a look.
#[derive(Clone, Debug, PartialEq)]
pub enum Futility {
    /// By the bounds of the group-sequential test: spent, or given as z.
    Bounds,
    /// Statistic below this z.
    Statistic(Vec<f64>),
    /// Estimate less favourable than this, on its scale.
    Effect(Vec<f64>),
    /// Conditional power below this: under the current trend, or at the drift of the plan.
    Conditional {
        /// By look.
        power: Vec<f64>,
        /// Mean of the statistic at full information; none is the current trend.
        drift: Option<f64>,
    },
    /// Predictive power without prior knowledge below this.
    Predictive(Vec<f64>),
    /// Predictive probability that the posterior probability will reach its bound at the end below this.
    Success(Vec<f64>),
}

impl Futility {
    /// The estimate less favourable than which the trial stops at the rule's look `j`, where that is the rule.
    #[must_use]
    pub fn effect(&self, j: usize) -> Option<f64> {
        match self {
            Futility::Effect(values) => values.get(j).copied(),
            _ => None,
        }
    }

    /// The predictive probability of success below which the trial stops at the rule's look `j`, where that is the rule.
    #[must_use]
    pub fn probability(&self, j: usize) -> Option<f64> {
        match self {
            Futility::Success(values) => values.get(j).copied(),
            _ => None,
        }
    }

    /// The bound in z at the rule's look `j` with a share `t` of the information, where `last` is the bound at the end; none where the
    /// group-sequential test has it, or it is one of the estimate.
    #[must_use]
    pub fn bound(&self, j: usize, t: f64, last: f64) -> Option<f64> {
        let at = |values: &[f64]| values.get(j).copied();
        match self {
            Futility::Bounds | Futility::Effect(_) | Futility::Success(_) => None,
            Futility::Statistic(z) => at(z),
            Futility::Conditional { power, drift: None } => Some(futility::of_conditional_power(at(power)?, t, last)),
            Futility::Conditional { power, drift: Some(theta) } => {
                Some(futility::of_conditional_power_at(at(power)?, t, last, *theta))
            }
            Futility::Predictive(power) => Some(futility::of_predictive_power(at(power)?, t, last)),
        }
    }
}
