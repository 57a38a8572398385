//! Monitoring: what looks at the data of one trial find, and what their rules make of it.

use crate::analysis::{Better, Prior};
use crate::math::special::normal_cdf;
use crate::multiplicity::Graph;
use crate::observation::View;
use crate::protocol::better;
use crate::scenario::{Futility, RulePlan, Scenario};
use crate::sequential::predictive::Proportions;
use crate::sequential::{self, Monitor, Plan};

/// What became of a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// The trial had stopped before.
    #[default]
    Never,
    /// It was held.
    Yes,
    /// What it waits for had not happened by the end of the trial.
    Late,
    /// The look before it had already taken place at its date.
    Overtaken,
}

/// A look of one trial.
#[derive(Clone, Copy, Debug, Default)]
pub struct LookRecord {
    /// What became of it.
    pub held: Held,
    /// Month of the calendar at which the data were locked.
    pub date: f64,
    /// Patients enrolled by then.
    pub enrolled: u32,
    /// Patients enrolled from the lock of the data to the decision.
    pub more_patients: u32,
    /// Patients (or events) planned from then on, where the sample size was reviewed; else 0.
    pub reviewed: u32,
}

/// What a rule made of its statistic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crossed {
    /// It did not look: the look was not held, the rule does not act there, or its hypothesis had been rejected before.
    #[default]
    Unseen,
    /// No bound.
    Neither,
    /// The bound for rejection, in favour of the experimental arm.
    Efficacy,
    /// The bound for rejection against it (two-sided tests).
    Harm,
    /// The bound for futility.
    Futility,
    /// The method had no answer: no bound is crossed.
    Failed,
}

/// What a rule saw at a look, or at the end.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// What it made of it.
    pub crossed: Crossed,
    /// The statistic on the scale of z, oriented in favour.
    pub z: f64,
    /// The statistic of all data, before stages are combined with the weights of the plan.
    pub raw: f64,
    /// Share of the planned information.
    pub share: f64,
    /// The information: events, patients, or 1/SE².
    pub information: f64,
    /// Bounds for futility and for rejection.
    pub bounds: [f64; 2],
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
    /// Patients in the analysis.
    pub patients: u32,
    /// Events in it.
    pub events: u32,
    /// Events that came between the lock of the data and the decision, where the trial stopped.
    pub more_events: u32,
    /// Where the rule saw its last: lower limit, median-unbiased estimate, upper limit.
    pub adjusted: [f64; 3],
    /// The statistic where nothing had stopped before: kept of the first replicates alone, of statistics whose increments may depend on
    /// each other.
    pub free: f64,
}

impl Mark {
    /// Nothing seen.
    pub const EMPTY: Self = Self {
        crossed: Crossed::Unseen,
        z: f64::NAN,
        raw: f64::NAN,
        share: f64::NAN,
        information: f64::NAN,
        bounds: [f64::NAN; 2],
        estimate: f64::NAN,
        se: f64::NAN,
        patients: 0,
        events: 0,
        more_events: 0,
        adjusted: [f64::NAN; 3],
        free: f64::NAN,
    };
}

/// Memory of a trial that is looked at before its end.
#[derive(Debug, Default)]
pub struct Watch {
    /// Each look.
    pub looks: Vec<LookRecord>,
    /// What each rule saw, look after look and the end, rule after rule.
    pub marks: Vec<Mark>,
    /// The bounds of each rule.
    pub monitors: Vec<Option<Monitor>>,
    /// By rule, what predicts success of proportions with beta priors.
    pub predictors: Vec<Option<Proportions>>,
    /// By family, the state of its graph.
    pub graphs: Vec<Graph>,
    /// By rule, bounds for rejection at the levels that its family has given it.
    pub levels: Vec<Vec<(f64, Vec<f64>)>>,
    /// By rule, whether its hypothesis has been rejected.
    pub rejected: Vec<bool>,
    /// Patients to enrol: at the start, and as reviews have left it.
    pub planned: [usize; 2],
    /// Interruptions of enrolment before reviews made the trial larger: the first patient after each, and its months.
    pub pauses: Vec<(usize, f64)>,
    /// Months by which a look has extended follow-up.
    pub more_months: f64,
    /// Whether the trial stopped before its end, the data locked as it then was.
    pub stopped: bool,
    /// Ends of follow-up at a lock of the data.
    pub end: Vec<f64>,
    /// What a locked data set holds.
    pub view: View,
    /// Dates of events, or of what else a look waits for.
    pub dates: Vec<f64>,
    /// Places in the dates of events: none before one of them is later than any behind it.
    pub parted: [usize; 2],
    /// By endpoint, whether it has been measured on the locked data.
    pub measured: Vec<bool>,
    /// By analysis, whether it has been carried out on the locked data.
    pub analysed: Vec<bool>,
}

impl Watch {
    /// Memory for a scenario's looks.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            looks: vec![LookRecord::default(); scenario.looks.len()],
            marks: vec![Mark::EMPTY; marks(scenario)],
            monitors: scenario.rules.iter().map(|r| r.monitor.clone()).collect(),
            predictors: scenario.rules.iter().map(|r| predictor(scenario, r)).collect(),
            graphs: scenario.multiplicity.iter().map(|f| f.graph.clone().unwrap_or_default()).collect(),
            levels: vec![Vec::new(); scenario.rules.len()],
            rejected: vec![false; scenario.rules.len()],
            measured: vec![false; scenario.endpoints.len()],
            analysed: vec![false; scenario.analyses.len()],
            ..Self::default()
        }
    }

    /// A new trial of `planned` patients.
    pub fn begin(&mut self, scenario: &Scenario, planned: usize) {
        self.planned = [planned; 2];
        self.pauses.clear();
        for (state, family) in self.graphs.iter_mut().zip(&scenario.multiplicity) {
            family.graph.iter().for_each(|graph| state.copy_from(graph));
        }
        (self.more_months, self.stopped) = (0.0, false);
        self.looks.fill(LookRecord::default());
        self.marks.fill(Mark::EMPTY);
        self.rejected.fill(false);
        self.monitors.iter_mut().flatten().for_each(Monitor::begin);
    }

    /// The bound for rejection of rule `r` at its look `j`, at the level that its family gives it now; infinite where it has none.
    pub fn bound_at_level(&mut self, rule: &RulePlan, r: usize, j: usize, level: f64) -> f64 {
        let known = self.levels[r].iter().position(|(l, _)| *l == level);
        let place = known.unwrap_or_else(|| {
            let plan =
                rule.plan.as_ref().map(|p| Plan { alpha: level, futility: sequential::Futility::Never, ..p.clone() });
            let upper = plan.and_then(|p| p.solve().ok()).map(|b| b.upper);
            // a level too small to have bounds rejects nothing
            self.levels[r].push((level, upper.unwrap_or_else(|| vec![f64::INFINITY; rule.shares.len()])));
            self.levels[r].len() - 1
        });
        self.levels[r][place].1[j]
    }
}

/// The arm that is to have the larger proportion stands first.
fn predictor(scenario: &Scenario, rule: &RulePlan) -> Option<Proportions> {
    let (Some(Futility::Success(_)), Some(monitor)) = (&rule.futility, &rule.monitor) else { return None };
    let plan = &scenario.analyses[rule.analysis];
    let Some(Prior::Proportions([control, experimental])) = plan.method.prior() else { return None };
    let bound = normal_cdf(*monitor.planned().upper.last()?);
    match better(&scenario.endpoints[plan.endpoint].measure) {
        Better::Higher => Proportions::new([experimental, control], plan.null, bound),
        Better::Lower => Proportions::new([control, experimental], -plan.null, bound),
    }
}

/// Marks of one trial: each rule at each look and at the end.
#[must_use]
pub fn marks(scenario: &Scenario) -> usize {
    scenario.rules.len() * (scenario.looks.len() + 1)
}
