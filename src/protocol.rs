//! The protocol: a scenario compiled once, so that a replicate only carries it out.
//!
//! Compiling fixes which columns anything needs (nothing else is drawn), the order in which they are drawn, the programs of all
//! expressions, the addresses of all random numbers, and integer cut points where parameters are constant or depend on the arm
//! alone.

mod columns;
mod draw;
mod measures;
mod prior;
mod strata;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::allocation::{self, Allocate};
use crate::analysis::root::Roots;
use crate::analysis::{Adjusts, Rule};
use crate::column::Kind;
use crate::distribution::Draw;
use crate::enrolment::{self, Arrive};
use crate::estimand::Tilt;
use crate::expr::{ColumnId, Expr, Program};
use crate::random::{Address, Replicate};
use crate::scenario::{Allocation, AnalysisPlan, Cut, Holds, Marginal, Per, RateOf, Scenario, Variable};

pub use columns::{ALLOCATION, Layout};
pub use draw::{Fault, Noise, Step};
pub(crate) use measures::better;
pub use measures::{FatePlan, MeasurePlan, Occurrence, TierMeasure, ValuePlan, VisitsPlan};
pub use prior::Prior;
pub use strata::Strata;

/// Candidates drawn and screened at once.
pub const BLOCK: usize = 1024;

/// Which columns are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that the analyses need.
    Analyses,
    /// All: the cohort is to be looked at.
    Everything,
}

/// A scenario ready to be carried out.
#[derive(Debug)]
pub struct Protocol<'s> {
    /// What was compiled.
    pub scenario: &'s Scenario,
    /// Seed of all addresses.
    pub seed: u64,
    /// Columns and their kinds.
    pub layout: Layout,
    /// Screening of a block of candidates, in order.
    pub screening: Vec<Screen>,
    /// Screened columns that are used after screening.
    pub carried: Vec<usize>,
    /// Baseline columns drawn for the enrolled only.
    pub baseline: Vec<Step<'s>>,
    /// Outcome columns.
    pub outcomes: Vec<Step<'s>>,
    /// Those of them that depend on the arm, directly or through others.
    pub by_arm: BTreeSet<usize>,
    /// Time to loss to follow-up.
    pub dropout: Option<Step<'s>>,
    /// Draws of the screening stage, by number in [`Screen::Draw`].
    pub draws: Vec<Step<'s>>,
    /// Arrivals; none where everyone enters at month 0.
    pub arrivals: Option<Box<dyn Arrive>>,
    /// Parameters that every replicate draws.
    pub priors: Vec<Prior<'s>>,
    /// Probability of each arm but the last, where clinicians choose; else empty.
    pub propensity: Vec<Program>,
    /// Strata of the allocation.
    pub strata: Strata,
    /// The allocation rule.
    pub allocation: Box<dyn Allocate>,
    /// Visits that an endpoint uses (by visit of the scenario).
    pub visits: Vec<Option<VisitPlan>>,
    /// Columns of deaths.
    pub deaths: Vec<usize>,
    /// Endpoints that an analysis (or the cut) uses.
    pub endpoints: Vec<Option<MeasurePlan>>,
    /// Rows of the analysis plan.
    pub analyses: Vec<Row>,
    /// Whether any patient can be lost to follow-up or cut off before an endpoint is known.
    pub incomplete: bool,
    /// Whether anything asks until when a patient is seen: not where everyone is followed to the end and endpoints are always known.
    pub reads_views: bool,
    /// Roots of the estimating equations of models with covariates, once the pilot has found them.
    pub roots: OnceLock<Roots>,
    /// Limits of fitted propensity scores by analysis, where the true score is none of theirs, once the pilot has found them.
    pub scores: OnceLock<Vec<Option<ScoreLimit>>>,
}

/// The large-sample limit of a fitted propensity score, on the logit.
#[derive(Debug)]
pub struct ScoreLimit {
    /// Intercept.
    pub intercept: f64,
    /// Slopes of the analysis's covariates, then of the site variables.
    pub slopes: Vec<f64>,
    /// Site variables that stand for the site.
    pub sites: Vec<ColumnId>,
}

/// A step of screening.
#[derive(Debug)]
pub enum Screen {
    /// Draw a column (number in [`Protocol::draws`]).
    Draw(usize),
    /// Ask a criterion.
    Ask {
        /// Number of the criterion.
        criterion: usize,
        /// How it is asked.
        question: Question,
    },
    /// Drop the excluded candidates' rows from these columns.
    Narrow(Vec<usize>),
}

/// How a criterion is asked.
#[derive(Debug)]
pub enum Question {
    /// An expression.
    When(Program),
    /// A share of candidates.
    Prevalence(Step<'static>),
}

/// A visit as carried out.
#[derive(Debug)]
pub struct VisitPlan {
    /// Address of the visit's day within its window.
    pub day: Address,
    /// Address of missed visits.
    pub miss: Address,
    /// Probability of missing it.
    pub missed: Program,
    /// Whether anyone can miss it.
    pub can_miss: bool,
    /// Window in months from entry.
    pub window: (f64, f64),
}

/// An analysis as carried out.
#[derive(Debug)]
pub struct Row {
    /// Patients analysed.
    pub subset: Option<Program>,
    /// The two groups of an interaction.
    pub interaction: Option<Program>,
    /// Baseline covariates.
    pub covariates: Vec<Program>,
    /// Strata.
    pub strata: Vec<Program>,
    /// Number of the first analysis with the same covariates.
    pub covariates_as: usize,
    /// Test and interval.
    pub rule: Rule,
    /// +1 where a larger estimate favours the experimental arm, else −1.
    pub orientation: f64,
    /// Number of the first analysis whose true value is the same: this one's where none before asks its question.
    pub same_as: usize,
    /// Resamples of a bootstrap, and where their random numbers live.
    pub bootstrap: Option<(u32, Address)>,
}

impl<'s> Protocol<'s> {
    /// Compiles a scenario.
    ///
    /// What only patients can show (a parameter outside its domain, a criterion that excludes everyone) is found by
    /// [`crate::pilot`]; compiling itself cannot fail on a resolved scenario.
    ///
    /// # Panics
    /// Where the scale of a marginal outcome is not solved: its times would not be what was written.
    #[must_use]
    pub fn compile(scenario: &'s Scenario, seed: u64, wanted: Wanted) -> Self {
        assert!(
            scenario.variables.iter().all(|v| v.marginal != Marginal::Wanted),
            "the scales of marginal outcomes are solved before a scenario is compiled"
        );
        let layout = Layout::new(scenario);
        let needs = columns::Needs::of(scenario, wanted);
        let compiler = draw::Compiler { scenario, seed, layout: &layout };

        let screened = needs.screened(&layout);
        let (screening, draws) = screening(scenario, &compiler, &layout, &screened);
        let later: BTreeSet<usize> = layout.closure(needs.later.iter().copied());
        let carried = carried(&screened, &later, wanted);
        let baseline = layout
            .order()
            .iter()
            .filter(|c| later.contains(c) && !screened.contains(c))
            .map(|&c| compiler.step(c))
            .collect();
        let outcomes = (scenario.population..scenario.variables.len())
            .filter(|c| later.contains(c))
            .map(|c| compiler.step(c))
            .collect();

        let propensity = match &scenario.allocation {
            Allocation::Observational { probabilities } => probabilities.iter().map(Program::compile).collect(),
            _ => Vec::new(),
        };
        let drawn = |v: &&'s Variable| v.per == Per::Replicate && v.law.draw() != Draw::Derived;
        let priors = scenario.variables.iter().filter(drawn).map(|v| Prior::new(v, seed)).collect();
        let strata = Strata::compile(scenario);
        let allocation = allocation::compile(scenario, seed, strata.labels());
        let used = measures::used_endpoints(scenario, wanted);
        let endpoints =
            scenario.endpoints.iter().zip(&used).map(|(e, &u)| u.then(|| MeasurePlan::compile(e, scenario)));
        let visits_used = measures::used_visits(scenario, &used, wanted);
        let visits = scenario.visits.iter().zip(&visits_used).map(|(v, &u)| {
            u.then(|| VisitPlan {
                day: Address::new(seed, "visit", &v.name, "day"),
                miss: Address::new(seed, "visit", &v.name, "missed"),
                can_miss: v.missed != Expr::Number(0.0),
                missed: Program::compile(&v.missed),
                window: v.window,
            })
        });
        let analyses = scenario.analyses.iter().enumerate().map(|(number, a)| {
            let better = measures::better(&scenario.endpoints[a.endpoint].measure);
            Row {
                subset: a.subset.as_ref().map(Program::compile),
                interaction: a.interaction.as_ref().map(Program::compile),
                covariates: a.covariates.iter().map(Program::compile).collect(),
                strata: a.strata.iter().map(Program::compile).collect(),
                covariates_as: with_covariates(scenario, number),
                rule: Rule { alpha: a.alpha, sides: a.sides, null: a.null, better, treated: a.treated },
                orientation: a.method.orientation(better),
                same_as: first_asking(scenario, number),
                bootstrap: a.bootstrap.map(|resamples| (resamples, Address::new(seed, "bootstrap", &a.name, ""))),
            }
        });
        let cut = &scenario.cut;
        let unlimited = matches!(cut, Cut { horizon: None, date: None, after_last_entry: None, events: None });
        Self {
            seed,
            screening,
            carried,
            baseline,
            outcomes,
            by_arm: by_arm(scenario),
            dropout: scenario.dropout.as_ref().map(|law| compiler.dropout(law.as_ref())),
            draws,
            arrivals: enrolment::compile(&scenario.enrolment, seed),
            priors,
            propensity,
            strata,
            allocation,
            visits: visits.collect(),
            deaths: scenario.deaths.iter().map(|c| c.0 as usize).collect(),
            endpoints: endpoints.collect(),
            analyses: analyses.collect(),
            incomplete: scenario.dropout.is_some()
                || !unlimited
                || scenario.visits.iter().any(|v| v.missed != Expr::Number(0.0)),
            reads_views: !unlimited
                || scenario.dropout.is_some()
                || !scenario.deaths.is_empty()
                || !scenario.looks.is_empty()
                || scenario.endpoints.iter().any(|e| measures::reads_fates(&e.measure)),
            roots: OnceLock::new(),
            scores: OnceLock::new(),
            layout,
            scenario,
        }
    }

    /// Whether rates count screened candidates: arrival k is candidate k.
    #[must_use]
    pub fn by_screening(&self) -> bool {
        self.arrivals.is_some() && self.scenario.enrolment.rate_of == RateOf::Screened
    }

    /// What a fault found while running is about, in words.
    #[must_use]
    pub fn explain(&self, fault: &Fault, replicate: Replicate) -> String {
        let drawn: Vec<String> = self.priors.iter().map(|p| format!("`{}` = {}", p.name, p.value(replicate))).collect();
        let drawn = if drawn.is_empty() {
            String::new()
        } else {
            let all = drawn.join(", ");
            format!("; this replicate drew {all}: a prior that reaches beyond what is allowed can be truncated")
        };
        format!(
            "{} of `{}` is {} for a patient, which is not allowed: it must be {}{drawn}",
            fault.parameter,
            self.layout.name(self.scenario, fault.column),
            fault.value,
            fault.domain
        )
    }
}

/// The first analysis that asks the question of analysis `number`: the same target, on the same endpoint, of the same patients.
fn first_asking(scenario: &Scenario, number: usize) -> usize {
    let plan = &scenario.analyses[number];
    let adjusted = |a: &AnalysisPlan| !a.covariates.is_empty() || a.site_factor;
    let same = |a: &AnalysisPlan| {
        (a.endpoint, a.arms, a.method.target(), a.method.tilt(), a.method.adjusts())
            == (plan.endpoint, plan.arms, plan.method.target(), plan.method.tilt(), plan.method.adjusts())
            && (a.treated, a.method.levels_arms()) == (plan.treated, plan.method.levels_arms())
            && a.subset == plan.subset
            && (&a.strata, a.site_stratum) == (&plan.strata, plan.site_stratum)
            && a.interaction == plan.interaction
    };
    // matched sets, and coefficients beside covariates, are each analysis's own
    let own = plan.method.tilt() == Tilt::Matched || (adjusted(plan) && plan.method.adjusts() == Adjusts::Optionally);
    let before = scenario.analyses[..number].iter();
    if own { number } else { before.clone().position(|a| same(a) && adjusted(a) == adjusted(plan)).unwrap_or(number) }
}

/// Outcomes that depend on the arm, directly or through others.
fn by_arm(scenario: &Scenario) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for c in scenario.population..scenario.variables.len() {
        let depends = |e: &Expr| e.reads_arm() || e.columns().iter().any(|c| found.contains(&usize::from(c.0)));
        if scenario.variables[c].law.parameters().iter().any(|p| depends(&p.value)) {
            found.insert(c);
        }
    }
    found
}

/// The first analysis with the covariates of analysis `number`.
fn with_covariates(scenario: &Scenario, number: usize) -> usize {
    let of = |a: &AnalysisPlan| (a.site_factor, a.covariates.clone());
    let own = of(&scenario.analyses[number]);
    scenario.analyses.iter().position(|a| of(a) == own).unwrap_or(number)
}

/// Columns of the screening stage that later stages read.
fn carried(screened: &BTreeSet<usize>, later: &BTreeSet<usize>, wanted: Wanted) -> Vec<usize> {
    screened.iter().copied().filter(|c| wanted == Wanted::Everything || later.contains(c)).collect()
}

/// Criteria in protocol order, each preceded by the draws that it needs and that are not there yet; rows are narrowed once or twice,
/// since compaction after every criterion costs more than it saves.
fn screening<'s>(
    scenario: &'s Scenario,
    compiler: &draw::Compiler<'s, '_>,
    layout: &Layout,
    screened: &BTreeSet<usize>,
) -> (Vec<Screen>, Vec<Step<'s>>) {
    let mut steps = Vec::new();
    let mut draws = Vec::new();
    let mut drawn = BTreeSet::new();
    let mut since = 0;
    for (number, criterion) in scenario.criteria.iter().enumerate() {
        let reads = match &criterion.holds {
            Holds::When(e) | Holds::Prevalence(e) => e.columns(),
        };
        let needed = layout.closure(reads.iter().map(|c| c.0 as usize));
        for &column in layout.order() {
            if needed.contains(&column) && screened.contains(&column) && drawn.insert(column) {
                steps.push(Screen::Draw(draws.len()));
                draws.push(compiler.step(column));
            }
        }
        let question = match &criterion.holds {
            Holds::When(e) => Question::When(Program::compile(e)),
            Holds::Prevalence(e) => Question::Prevalence(compiler.prevalence(&criterion.name, e)),
        };
        steps.push(Screen::Ask { criterion: number, question });
        since += 1;
        let left = scenario.criteria.len() - number - 1;
        let narrowed = steps.iter().any(|s| matches!(s, Screen::Narrow(_)));
        if since >= if narrowed { 12 } else { 5 } && left >= 4 {
            steps.push(Screen::Narrow(drawn.iter().copied().collect()));
            since = 0;
        }
    }
    (steps, draws)
}

/// Kind of column that a way of drawing fills.
#[must_use]
pub(crate) fn kind_of(draw: Draw) -> Kind {
    match draw {
        Draw::Code { .. } => Kind::Code,
        Draw::Quantile | Draw::Seeded | Draw::Derived => Kind::Real,
    }
}
