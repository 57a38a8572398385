//! What a method is given: the patients of one analysis, and the rule by which it decides.

use super::ResponseKind;
use crate::endpoint::hierarchical::Comparison;

/// Which direction of an endpoint favours a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Larger values, later events, more responses are better.
    Higher,
    /// Smaller values, fewer events are better.
    Lower,
}

impl Better {
    /// +1 for higher, −1 for lower.
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Better::Higher => 1.0,
            Better::Lower => -1.0,
        }
    }
}

/// The endpoint's observed values, one entry a patient.
#[derive(Clone, Copy, Debug)]
pub enum Response<'a> {
    /// 1 when the event or state occurred.
    Binary(&'a [u8]),
    /// Ordered categories coded 0 … levels − 1, in ascending order of the scale (not of goodness).
    Ordinal {
        /// The category of each patient.
        code: &'a [u8],
        /// Number of categories.
        levels: u8,
    },
    /// A measured score or change.
    Score(&'a [f64]),
    /// Time from entry to event or censoring (months) and the event indicator.
    Time {
        /// Follow-up time.
        time: &'a [f64],
        /// 1 event, 0 censored; a competing event is a 0.
        event: &'a [u8],
        /// 1 where follow-up ended in a competing event; empty where the endpoint has none. Methods that do not read it take
        /// competing events as censored: they speak of the cause-specific hazard.
        competing: &'a [u8],
    },
    /// The event happened after `left` and not after `right` (months); equal: on that day. `right` is infinite where it was not seen.
    Interval {
        /// Last time at which the patient was known to be free of the event.
        left: &'a [f64],
        /// First time at which the event was known to have happened.
        right: &'a [f64],
    },
    /// Tiers compared in order.
    Hierarchical(Comparison<'a>),
}

impl Response<'_> {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> ResponseKind {
        match self {
            Response::Binary(_) => ResponseKind::Binary,
            Response::Ordinal { .. } => ResponseKind::Ordinal,
            Response::Score(_) => ResponseKind::Score,
            Response::Time { .. } => ResponseKind::Time,
            Response::Interval { .. } => ResponseKind::Interval,
            Response::Hierarchical(_) => ResponseKind::Hierarchical,
        }
    }
}

/// Covariates, column after column.
#[derive(Clone, Copy, Debug, Default)]
pub struct Covariates<'a> {
    /// Column-major values: column j is `values[j * n..(j + 1) * n]`.
    pub values: &'a [f64],
    /// Number of columns.
    pub count: usize,
}

impl<'a> Covariates<'a> {
    /// Column `j` of a data set with `n` rows.
    #[must_use]
    pub fn column(&self, j: usize, n: usize) -> &'a [f64] {
        &self.values[j * n..(j + 1) * n]
    }
}

/// The stratum of each patient, coded 0 … levels − 1 in the order of the values that define it; levels without patients do not occur.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strata<'a> {
    /// Code of each patient's stratum; empty where the analysis is not stratified.
    pub code: &'a [u32],
    /// Number of strata; 0 where the analysis is not stratified.
    pub levels: usize,
}

impl Strata<'_> {
    /// The stratum of a patient; 0 where the analysis is not stratified.
    #[must_use]
    pub fn of(&self, row: usize) -> usize {
        self.code.get(row).map_or(0, |&s| s as usize)
    }

    /// Number of strata, one where the analysis is not stratified.
    #[must_use]
    pub fn count(&self) -> usize {
        self.levels.max(1)
    }
}

/// The locked data that an analysis may see: patients of two arms whose endpoint is observed, in index order.
#[derive(Clone, Copy, Debug)]
pub struct Dataset<'a> {
    /// 1 experimental, 0 control. Length n.
    pub arm: &'a [u8],
    /// The endpoint, n entries.
    pub response: Response<'a>,
    /// Baseline covariates, n rows.
    pub covariates: Covariates<'a>,
    /// Strata of the analysis.
    pub strata: Strata<'a>,
}

/// What the protocol fixes for an analysis.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Significance level of the test, in total over its sides.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Value of the estimate under the null hypothesis on the scale of the estimate (0, or the non-inferiority margin).
    pub null: f64,
    /// Direction of benefit of the endpoint. Win statistics ignore it.
    pub better: Better,
    /// The arm of the *treated* where the effect in the treated is estimated: 1 experimental, 0 control. Others ignore it.
    pub treated: u8,
}

impl Rule {
    /// Level in each tested tail: α for one-sided tests, α/2 for two-sided.
    #[must_use]
    pub fn tail(&self) -> f64 {
        self.alpha / f64::from(self.sides)
    }
}
