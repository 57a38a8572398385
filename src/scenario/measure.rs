//! What is measured on a patient, and the fate of those in whom it is not known.

use crate::analysis::Better;
use crate::expr::{ColumnId, Expr};

/// What is measured on a patient.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// What is measured.
    pub measure: Measure,
}

/// Fate of a patient whose value is not observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Left out of the analysis (hierarchical tiers: of the whole endpoint).
    Excluded,
    /// Counted as the unfavourable value.
    Worst,
    /// Counted as the favourable value.
    Best,
    /// Hierarchical tiers only: tied with everyone at this tier.
    Tied,
}

/// An event that changes what is measured afterwards.
#[derive(Clone, Debug)]
pub struct Intercurrent {
    /// The outcome: a time from entry.
    pub event: ColumnId,
    /// What becomes of a patient who has it before the measurement, and in whom it was seen.
    pub fate: IntercurrentFate,
}

/// What becomes of a patient after an intercurrent event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntercurrentFate {
    /// The unfavourable value from then on.
    Worst,
    /// As a missing value.
    Missing,
    /// Treatment policy: measured as if nothing had happened.
    Policy,
}

/// What is measured.
#[derive(Debug)]
pub enum Measure {
    /// A state at a visit, or an event by a time.
    Binary {
        /// What is asked.
        of: BinaryOf,
        /// Which is better: having it (higher) or not (lower).
        better: Better,
        /// Fate of patients in whom it is not known.
        missing: Fate,
        /// Events that decide the value.
        intercurrent: Vec<Intercurrent>,
    },
    /// An ordered category at a visit.
    Ordinal {
        /// The column or expression measured.
        value: Expr,
        /// Lower limits of the second, third … category; empty where `value` is a category already.
        cuts: Vec<f64>,
        /// Lowest code and number of categories.
        levels: (f64, u8),
        /// The visit (index), or none where it is always known.
        visit: Option<usize>,
        /// Direction of benefit.
        better: Better,
        /// Fate of patients in whom it is not known.
        missing: Fate,
        /// Events that decide the value.
        intercurrent: Vec<Intercurrent>,
    },
    /// A score at a visit, or its change.
    Score {
        /// The value measured (minus the baseline where a change was asked for).
        value: Expr,
        /// The visit, or none where it is always known.
        visit: Option<usize>,
        /// Direction of benefit.
        better: Better,
        /// Value given to patients whose fate is the worst.
        worst: Option<f64>,
        /// Fate of patients in whom it is not known.
        missing: Fate,
        /// Events that decide the value.
        intercurrent: Vec<Intercurrent>,
    },
    /// The time to the first of some events.
    Time {
        /// Event times.
        events: Vec<ColumnId>,
        /// Events after which those cannot happen any more.
        competing: Vec<ColumnId>,
        /// Horizon in months from entry; infinite where none.
        by: f64,
        /// Later is better (higher), or earlier is (lower).
        better: Better,
    },
    /// The time to the first of some events that only visits can find.
    Visits {
        /// Event times.
        events: Vec<ColumnId>,
        /// The visits that look for it, in order of their planned time.
        visits: Vec<usize>,
        /// Events on whose day it becomes known whether those have happened.
        revealed_by: Vec<ColumnId>,
        /// What the data set holds.
        dated: Dated,
        /// Later is better (higher), or earlier is (lower).
        better: Better,
    },
    /// Tiers compared in order.
    Hierarchical(Vec<TierPlan>),
}

/// How an event that only visits can find is dated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dated {
    /// Between the last visit without it and the first with it: interval-censored.
    Between,
    /// At the visit that found it, up to a horizon (months from entry): the usual shortcut.
    AtVisit(f64),
}

/// What a binary endpoint asks.
#[derive(Clone, Debug)]
pub enum BinaryOf {
    /// Whether an expression is true, at a visit or always known.
    State {
        /// The condition.
        value: Expr,
        /// The visit.
        visit: Option<usize>,
    },
    /// Whether the first of some events has happened by a time.
    Occurrence {
        /// Event times.
        events: Vec<ColumnId>,
        /// Months from entry.
        by: f64,
    },
}

/// One tier of a hierarchical endpoint.
#[derive(Clone, Debug)]
pub struct TierPlan {
    /// Its name in the table of decided pairs.
    pub name: String,
    /// What is compared.
    pub of: TierOf,
    /// The visit at which it is observed; none is `observed = "always"`.
    pub visit: Option<usize>,
    /// Fate of patients in whom it is not known.
    pub missing: Fate,
    /// Events that decide the value.
    pub intercurrent: Vec<Intercurrent>,
}

/// What is compared at a tier.
#[derive(Clone, Debug)]
pub enum TierOf {
    /// The time to the first of some events, up to a horizon: later is better.
    Time {
        /// Event times.
        events: Vec<ColumnId>,
        /// Horizon in months from entry; infinite where none.
        by: f64,
    },
    /// Whether the first of some events has been seen by a time: not having it is better.
    Occurrence {
        /// Event times.
        events: Vec<ColumnId>,
        /// Months from entry.
        by: f64,
    },
    /// An ordered category.
    Category {
        /// The column or expression.
        value: Expr,
        /// Lower limits of the second, third … category; empty where `value` is a category already.
        cuts: Vec<f64>,
        /// Lowest code and number of categories.
        levels: (f64, u8),
        /// Direction of benefit.
        better: Better,
    },
    /// A score: a pair is decided where it differs by more than `threshold`.
    Score {
        /// The column or expression.
        value: Expr,
        /// Largest difference that is a tie.
        threshold: f64,
        /// Direction of benefit.
        better: Better,
        /// Value given to patients whose fate is the worst.
        worst: Option<f64>,
    },
}
