//! Endpoints compiled: their values as programs, their fates as rules.

use crate::analysis::Better;
use crate::distribution::Draw;
use crate::expr::{Expr, Program};
use crate::scenario::{
    BinaryOf, Dated, Endpoint, Fate, Intercurrent, IntercurrentFate, Measure, Scenario, TierOf, TierPlan, When,
};

use super::Wanted;

/// What is measured on each patient, ready to be evaluated.
#[derive(Debug)]
pub enum MeasurePlan {
    /// A state, true or false.
    State(Program, FatePlan),
    /// A flag as it was drawn, known in everyone: column and direction need no program.
    Flag(usize),
    /// An event by a time.
    Occurrence(Occurrence),
    /// An ordered category.
    Category(ValuePlan, FatePlan),
    /// A score with the value of the worst fate.
    Score(Program, FatePlan),
    /// The time to the first of some events.
    Time {
        /// Event columns.
        events: Vec<usize>,
        /// Columns of competing events.
        competing: Vec<usize>,
        /// Horizon (months).
        by: f64,
    },
    /// An event that only visits can find.
    Visits(VisitsPlan),
    /// Tiers in order.
    Tiers(Vec<TierMeasure>),
}

/// An event that only visits can find.
#[derive(Debug)]
pub struct VisitsPlan {
    /// Event columns.
    pub events: Vec<usize>,
    /// The visits that look for it, in order of their planned time.
    pub visits: Vec<usize>,
    /// Columns of events on whose day it becomes known.
    pub revealed_by: Vec<usize>,
    /// What the data set holds.
    pub dated: Dated,
}

/// An event by a time.
#[derive(Debug)]
pub struct Occurrence {
    /// Event columns.
    pub events: Vec<usize>,
    /// Months from entry.
    pub by: f64,
    /// Fate of patients in whom it is not known; `Tied` stands for as seen: no event seen is no event.
    pub missing: Fate,
    /// Direction of benefit.
    pub better: Better,
}

/// An ordered category: an expression cut at limits, or a category as it stands.
#[derive(Debug)]
pub struct ValuePlan {
    /// The value.
    pub program: Program,
    /// Lower limits of the second, third … category.
    pub cuts: Vec<f64>,
    /// Lowest code where there are no cuts.
    pub first: f64,
    /// Number of categories.
    pub levels: u8,
}

/// When a value is known and what stands in its place when not.
#[derive(Debug)]
pub struct FatePlan {
    /// The visit at which it is measured.
    pub visit: Option<usize>,
    /// Fate of patients in whom it is not known.
    pub missing: Fate,
    /// Events that decide the value: column and fate.
    pub intercurrent: Vec<(usize, IntercurrentFate)>,
    /// Direction of benefit.
    pub better: Better,
    /// Value of the worst fate (scores).
    pub worst: f64,
}

/// A tier of a hierarchical endpoint.
#[derive(Debug)]
pub enum TierMeasure {
    /// Event times.
    Time {
        /// Event columns.
        events: Vec<usize>,
        /// Horizon (months).
        by: f64,
    },
    /// An event by a time.
    Occurrence(Occurrence),
    /// An ordered category.
    Category(ValuePlan, FatePlan),
    /// A score; differences up to the threshold are ties.
    Score(Program, FatePlan, f64),
}

impl MeasurePlan {
    pub(super) fn compile(endpoint: &Endpoint, scenario: &Scenario) -> Self {
        let is_flag = |c: &crate::expr::ColumnId| {
            scenario.variables[usize::from(c.0)].law.draw() == Draw::Code { first: 0, levels: 2 }
        };
        match &endpoint.measure {
            Measure::Binary { of: BinaryOf::State { value: Expr::Column(c), visit: None }, intercurrent, .. }
                if intercurrent.is_empty() && is_flag(c) =>
            {
                MeasurePlan::Flag(usize::from(c.0))
            }
            Measure::Binary { of: BinaryOf::State { value, visit }, better, missing, intercurrent } => {
                MeasurePlan::State(Program::compile(value), fate(*visit, *missing, intercurrent, *better, None))
            }
            Measure::Binary { of: BinaryOf::Occurrence { events, by }, better, missing, .. } => {
                MeasurePlan::Occurrence(Occurrence {
                    events: numbers(events),
                    by: *by,
                    missing: *missing,
                    better: *better,
                })
            }
            Measure::Ordinal { value, cuts, levels, visit, better, missing, intercurrent } => MeasurePlan::Category(
                ValuePlan { program: Program::compile(value), cuts: cuts.clone(), first: levels.0, levels: levels.1 },
                fate(*visit, *missing, intercurrent, *better, None),
            ),
            Measure::Score { value, visit, better, worst, missing, intercurrent } => {
                MeasurePlan::Score(Program::compile(value), fate(*visit, *missing, intercurrent, *better, *worst))
            }
            Measure::Time { events, competing, by, .. } => {
                MeasurePlan::Time { events: numbers(events), competing: numbers(competing), by: *by }
            }
            Measure::Visits { events, visits, revealed_by, dated, .. } => MeasurePlan::Visits(VisitsPlan {
                events: numbers(events),
                visits: visits.clone(),
                revealed_by: numbers(revealed_by),
                dated: *dated,
            }),
            Measure::Hierarchical(tiers) => MeasurePlan::Tiers(tiers.iter().map(tier).collect()),
        }
    }
}

fn tier(t: &TierPlan) -> TierMeasure {
    match &t.of {
        TierOf::Time { events, by } => TierMeasure::Time { events: numbers(events), by: *by },
        TierOf::Occurrence { events, by } => TierMeasure::Occurrence(Occurrence {
            events: numbers(events),
            by: *by,
            missing: t.missing,
            better: Better::Lower,
        }),
        TierOf::Category { value, cuts, levels, better } => TierMeasure::Category(
            ValuePlan { program: Program::compile(value), cuts: cuts.clone(), first: levels.0, levels: levels.1 },
            fate(t.visit, t.missing, &t.intercurrent, *better, None),
        ),
        TierOf::Score { value, threshold, better, worst } => TierMeasure::Score(
            Program::compile(value),
            fate(t.visit, t.missing, &t.intercurrent, *better, *worst),
            *threshold,
        ),
    }
}

fn fate(
    visit: Option<usize>,
    missing: Fate,
    intercurrent: &[Intercurrent],
    better: Better,
    worst: Option<f64>,
) -> FatePlan {
    let intercurrent = intercurrent.iter().map(|i| (i.event.0 as usize, i.fate)).collect();
    FatePlan { visit, missing, intercurrent, better, worst: worst.unwrap_or(f64::NAN) }
}

fn numbers(columns: &[crate::expr::ColumnId]) -> Vec<usize> {
    columns.iter().map(|c| c.0 as usize).collect()
}

/// Direction of benefit of an endpoint; hierarchical ones have it in their tiers.
#[must_use]
pub(crate) fn better(measure: &Measure) -> Better {
    match measure {
        Measure::Binary { better, .. }
        | Measure::Ordinal { better, .. }
        | Measure::Score { better, .. }
        | Measure::Time { better, .. }
        | Measure::Visits { better, .. } => *better,
        Measure::Hierarchical(_) => Better::Higher,
    }
}

/// Which endpoints an analysis or the cut uses.
pub(super) fn used_endpoints(scenario: &Scenario, wanted: Wanted) -> Vec<bool> {
    let cut = scenario.cut.events.map(|(_, e)| e);
    let waited_for = |e: usize| {
        scenario.looks.iter().flat_map(|look| &look.when).any(|when| match when {
            When::Events { endpoint, .. } | When::Complete { endpoint, .. } => *endpoint == e,
            When::Enrolled(_) | When::Date(_) | When::FollowUp(_) => false,
        })
    };
    (0..scenario.endpoints.len())
        .map(|e| {
            wanted == Wanted::Everything
                || cut == Some(e)
                || waited_for(e)
                || scenario.analyses.iter().any(|a| a.endpoint == e)
        })
        .collect()
}

/// Which visits the used endpoints read.
pub(super) fn used_visits(scenario: &Scenario, used: &[bool], wanted: Wanted) -> Vec<bool> {
    let mut visits = vec![wanted == Wanted::Everything; scenario.visits.len()];
    for (endpoint, _) in scenario.endpoints.iter().zip(used).filter(|(_, u)| **u) {
        let mut mark = |v: &Option<usize>| {
            if let Some(v) = *v {
                visits[v] = true;
            }
        };
        match &endpoint.measure {
            Measure::Binary { of: BinaryOf::State { visit, .. }, .. }
            | Measure::Ordinal { visit, .. }
            | Measure::Score { visit, .. } => mark(visit),
            Measure::Hierarchical(tiers) => tiers.iter().for_each(|t| mark(&t.visit)),
            Measure::Visits { visits, .. } => visits.iter().for_each(|&v| mark(&Some(v))),
            Measure::Binary { .. } | Measure::Time { .. } => {}
        }
    }
    visits
}

/// Calls `see` with every expression of a measure.
pub(super) fn for_each_expr(measure: &Measure, see: &mut impl FnMut(&Expr)) {
    match measure {
        Measure::Binary { of: BinaryOf::State { value, .. }, .. }
        | Measure::Ordinal { value, .. }
        | Measure::Score { value, .. } => see(value),
        Measure::Binary { .. } | Measure::Time { .. } | Measure::Visits { .. } => {}
        Measure::Hierarchical(tiers) => tiers.iter().for_each(|t| match &t.of {
            TierOf::Category { value, .. } | TierOf::Score { value, .. } => see(value),
            TierOf::Time { .. } | TierOf::Occurrence { .. } => {}
        }),
    }
}

/// Calls `see` with every column that a measure reads as an event time.
pub(super) fn for_each_column(measure: &Measure, see: &mut impl FnMut(usize)) {
    let mut all = |columns: &[crate::expr::ColumnId]| columns.iter().for_each(|c| see(c.0 as usize));
    match measure {
        Measure::Binary { of, intercurrent, .. } => {
            if let BinaryOf::Occurrence { events, .. } = of {
                all(events);
            }
            intercurrent.iter().for_each(|i| all(&[i.event]));
        }
        Measure::Ordinal { intercurrent, .. } | Measure::Score { intercurrent, .. } => {
            intercurrent.iter().for_each(|i| all(&[i.event]));
        }
        Measure::Time { events, competing, .. } => {
            all(events);
            all(competing);
        }
        Measure::Visits { events, revealed_by, .. } => {
            all(events);
            all(revealed_by);
        }
        Measure::Hierarchical(tiers) => tiers.iter().for_each(|t| {
            if let TierOf::Time { events, .. } | TierOf::Occurrence { events, .. } = &t.of {
                all(events);
            }
            t.intercurrent.iter().for_each(|i| all(&[i.event]));
        }),
    }
}

/// Whether a measure depends on what is seen of a patient and when.
pub(super) fn reads_fates(measure: &Measure) -> bool {
    match measure {
        Measure::Binary { of: BinaryOf::State { visit, .. }, intercurrent, .. }
        | Measure::Ordinal { visit, intercurrent, .. }
        | Measure::Score { visit, intercurrent, .. } => visit.is_some() || !intercurrent.is_empty(),
        Measure::Binary { .. } | Measure::Time { .. } | Measure::Visits { .. } | Measure::Hierarchical(_) => true,
    }
}
