//! Analyses: a method applied to one locked data set gives an [`Estimate`].
//!
//! # The sign convention, stated once
//! Estimates are experimental − control, or ln(experimental / control), and are never flipped. Only z and the one-sided
//! p-value are oriented: by the endpoint's `better`, so that z > 0 favours the experimental arm. Win statistics count a
//! win where the experimental patient fares better, so `better` is already in them and they are oriented as they stand.
//!
//! An analysis sees a [`Dataset`] and nothing else: not the scenario, not the noise, not the truth. So it runs unchanged on
//! real data.

pub mod adjusted;
pub mod aipw;
pub mod ancova;
pub mod beta_binomial;
pub mod clopper_pearson;
pub mod cmh;
pub mod cox;
pub mod cumulative_incidence;
mod design;
pub mod difference_of_proportions;
mod event_times;
mod exact;
mod failures;
pub mod fine_gray;
pub mod fisher;
pub mod gray;
mod hazard;
pub mod indicators;
pub mod interval_log_rank;
pub mod kaplan_meier;
pub mod log_rank;
pub mod logistic;
mod logistic_fit;
pub mod mantel_haenszel;
pub mod max_combo;
pub mod mcnemar;
pub mod median_survival;
pub mod modestly_weighted_log_rank;
pub mod net_benefit;
pub mod newcombe;
pub mod normal_posterior;
pub mod npmle;
pub mod pairs;
pub mod propensity;
pub mod proportional_odds;
pub mod r;
pub mod ranks;
pub mod ratio_of_proportions;
pub mod restricted_mean;
pub mod root;
pub mod score;
pub mod t_test;
pub mod table;
pub mod time_order;
pub mod turnbull;
pub mod wald;
pub mod weighted_cox;
pub mod weighted_difference;
pub mod weighted_incidence;
pub mod weighted_kaplan_meier;
pub mod weighted_log_rank;
pub mod wilcoxon;
pub mod win_odds;
pub mod win_ratio;

use std::fmt::Debug;

use crate::endpoint::hierarchical::Comparison;
use crate::estimand::{Target, Tilt};
use crate::scenario::form::Member;

use root::Root;

/// The methods, as they may be written under `[[analysis]]`.
#[rustfmt::skip]
pub const FAMILY: &[Member<dyn Analysis>] = &[
    Member { form: &difference_of_proportions::FORM, build: difference_of_proportions::build },
    Member { form: &ratio_of_proportions::FORM, build: ratio_of_proportions::build },
    Member { form: &newcombe::FORM, build: newcombe::build },
    Member { form: &score::miettinen_nurminen::FORM, build: score::miettinen_nurminen::build },
    Member { form: &score::farrington_manning::FORM, build: score::farrington_manning::build },
    Member { form: &fisher::FORM, build: fisher::build },
    Member { form: &clopper_pearson::FORM, build: clopper_pearson::build },
    Member { form: &mcnemar::FORM, build: mcnemar::build },
    Member { form: &mantel_haenszel::FORM, build: mantel_haenszel::build },
    Member { form: &cmh::FORM, build: cmh::build },
    Member { form: &beta_binomial::FORM, build: beta_binomial::build },
    Member { form: &normal_posterior::FORM, build: normal_posterior::build },
    Member { form: &logistic::FORM, build: logistic::build },
    Member { form: &proportional_odds::FORM, build: proportional_odds::build },
    Member { form: &wilcoxon::FORM, build: wilcoxon::build },
    Member { form: &t_test::FORM, build: t_test::build },
    Member { form: &ancova::FORM, build: ancova::build },
    Member { form: &kaplan_meier::FORM, build: kaplan_meier::build },
    Member { form: &log_rank::FORM, build: log_rank::build },
    Member { form: &weighted_log_rank::FORM, build: weighted_log_rank::build },
    Member { form: &modestly_weighted_log_rank::FORM, build: modestly_weighted_log_rank::build },
    Member { form: &max_combo::FORM, build: max_combo::build },
    Member { form: &cox::FORM, build: cox::build },
    Member { form: &cox::schoenfeld::FORM, build: cox::schoenfeld::build },
    Member { form: &weighted_difference::FORM, build: weighted_difference::build },
    Member { form: &weighted_kaplan_meier::FORM, build: weighted_kaplan_meier::build },
    Member { form: &weighted_incidence::FORM, build: weighted_incidence::build },
    Member { form: &weighted_cox::FORM, build: weighted_cox::build },
    Member { form: &aipw::FORM, build: aipw::build },
    Member { form: &restricted_mean::FORM, build: restricted_mean::build },
    Member { form: &median_survival::FORM, build: median_survival::build },
    Member { form: &cumulative_incidence::FORM, build: cumulative_incidence::build },
    Member { form: &gray::FORM, build: gray::build },
    Member { form: &fine_gray::FORM, build: fine_gray::build },
    Member { form: &turnbull::FORM, build: turnbull::build },
    Member { form: &interval_log_rank::FORM, build: interval_log_rank::build },
    Member { form: &win_ratio::FORM, build: win_ratio::build },
    Member { form: &net_benefit::FORM, build: net_benefit::build },
    Member { form: &win_odds::FORM, build: win_odds::build },
    Member { form: &pairs::finkelstein_schoenfeld::FORM, build: pairs::finkelstein_schoenfeld::build },
    Member { form: &pairs::ipcw::FORM, build: pairs::ipcw::build },
    Member { form: &pairs::door::FORM, build: pairs::door::build },
    Member { form: &ranks::signed_rank::FORM, build: ranks::signed_rank::build },
    Member { form: &ranks::hodges_lehmann::FORM, build: ranks::hodges_lehmann::build },
    Member { form: &ranks::van_elteren::FORM, build: ranks::van_elteren::build },
    Member { form: &adjusted::standardisation::FORM, build: adjusted::standardisation::build },
    Member { form: &adjusted::anhecova::FORM, build: adjusted::anhecova::build },
    Member { form: &adjusted::modified_poisson::FORM, build: adjusted::modified_poisson::build },
];

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

/// Why a method gave no estimate: reported and counted, never dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
#[non_exhaustive]
pub enum Status {
    /// An estimate was obtained.
    Estimated = 0,
    /// An arm has no patients.
    EmptyArm = 1,
    /// No events, or no variation in the response: nothing can be compared.
    NoVariation = 2,
    /// The fit did not converge.
    NotConverged = 3,
    /// A coefficient runs to infinity (separation, or events in one arm only).
    Separation = 4,
    /// The design or information matrix is singular.
    Singular = 5,
    /// Fewer patients than the method needs.
    TooFew = 6,
    /// A coefficient of the propensity score runs to infinity: covariates tell the arms apart.
    ScoreSeparation = 7,
    /// The weights explode or no patients are left: the arms do not overlap.
    NoOverlap = 8,
    /// More than a tenth of a bootstrap's resamples have no estimate.
    Resampling = 9,
}

impl Status {
    /// It in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Status::Estimated => "estimated",
            Status::EmptyArm => "an arm has no patients",
            Status::NoVariation => "no events or no variation",
            Status::NotConverged => "the fit did not converge",
            Status::Separation => "a coefficient runs to infinity",
            Status::Singular => "the design is singular",
            Status::TooFew => "too few patients",
            Status::ScoreSeparation => "the propensity score separates the arms",
            Status::NoOverlap => "the arms do not overlap",
            Status::Resampling => "more than a tenth of the resamples have no estimate",
        }
    }
}

/// One method's answer on one data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Experimental − control, or ln(experimental/control). NaN where there is none.
    pub estimate: f64,
    /// Its standard error (model-based).
    pub se: f64,
    /// Lower confidence limit at level 1 − 2·tail.
    pub lower: f64,
    /// Upper confidence limit.
    pub upper: f64,
    /// Test statistic on the standard normal scale where the method has one (t statistics stay t), oriented by `better`; NaN where it
    /// has none (exact tests, posterior probabilities).
    pub z: f64,
    /// One-sided p-value in favour of the experimental arm.
    pub p: f64,
    /// Degrees of freedom of a t statistic; infinite where z is normal.
    pub df: f64,
    /// The one-sided p-value against the experimental arm and the two-sided one, where they do not follow from `p` by the symmetry of
    /// z: exact tests, tests whose statistic has a direction of its own.
    pub others: Option<[f64; 2]>,
    /// Patients used.
    pub n: u32,
    /// Events used (responders, deaths; patients above the lowest category for ordinal endpoints; 0 where meaningless).
    pub events: u32,
    /// Method-specific parts, in the order of [`Analysis::parts`]; 0 beyond them.
    pub parts: [f64; 8],
    /// Whether an estimate was obtained.
    pub status: Status,
}

impl Estimate {
    /// A data set on which the method has no answer.
    #[must_use]
    pub fn failed(status: Status, n: usize) -> Self {
        Self {
            estimate: f64::NAN,
            se: f64::NAN,
            lower: f64::NAN,
            upper: f64::NAN,
            z: f64::NAN,
            p: f64::NAN,
            df: f64::INFINITY,
            others: None,
            n: n as u32,
            events: 0,
            parts: [0.0; 8],
            status,
        }
    }
}

/// What a test decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The null hypothesis is rejected in favour of the experimental arm.
    Favour,
    /// It is rejected against the experimental arm.
    Against,
    /// It is not rejected.
    Neither,
}

impl Estimate {
    /// The one-sided p-value against the experimental arm.
    #[must_use]
    pub fn p_against(&self) -> f64 {
        match self.others {
            Some([against, _]) => against,
            // the complement would round a small one away
            None if self.p > 0.5 && self.z.is_finite() => wald::upper_tail(-self.z, self.df),
            None => 1.0 - self.p,
        }
    }

    /// The two-sided p-value: twice the smaller of the one-sided ones unless the method has its own.
    #[must_use]
    pub fn p_two_sided(&self) -> f64 {
        match self.others {
            Some([_, both]) => both,
            None => (2.0 * self.p.min(self.p_against())).min(1.0),
        }
    }

    /// What the test decides at this level in each tail.
    #[must_use]
    pub fn decision(&self, tail: f64, two_sided: bool) -> Decision {
        if self.status != Status::Estimated {
            return Decision::Neither;
        }
        match self.others {
            Some([against, both]) if two_sided => match both <= 2.0 * tail {
                true if self.p <= against => Decision::Favour,
                true => Decision::Against,
                false => Decision::Neither,
            },
            _ if self.p <= tail => Decision::Favour,
            _ if two_sided && 1.0 - self.p <= tail => Decision::Against,
            _ => Decision::Neither,
        }
    }
}

/// A statistical method.
pub trait Analysis: Debug + Send + Sync {
    /// Kinds of response it takes, in words for messages.
    fn takes(&self) -> &'static [ResponseKind];

    /// Scale of the estimate.
    fn scale(&self) -> Scale;

    /// The method applied to one data set. Allocates nothing once `scratch` has grown to the data.
    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate;

    /// +1 where a larger estimate favours the experimental arm, else −1: the one place where a method departs from the endpoint's
    /// `better` (hazard ratios, where later is better; win statistics, which have it in them).
    fn orientation(&self, better: Better) -> f64 {
        better.sign()
    }

    /// Whether there is an estimate beside the test; where not, estimate, standard error and limits are NaN and the status of a test
    /// that was made is [`Status::Estimated`] all the same.
    fn estimates(&self) -> bool {
        true
    }

    /// Whether `p` is a p-value: not where it is a posterior probability.
    fn tests(&self) -> bool {
        true
    }

    /// What is estimated, for true values and limits; none for methods adjusted for covariates.
    fn target(&self) -> Target {
        Target::Undefined
    }

    /// Over whom the effect is averaged.
    fn tilt(&self) -> Tilt {
        Tilt::Everyone
    }

    /// Whether the method's weights give both arms the same total, so that hazards weigh the arms alike; else each by its patients.
    fn levels_arms(&self) -> bool {
        self.tilt() != Tilt::Everyone
    }

    /// Whether the method uses covariates.
    fn adjusts(&self) -> Adjusts {
        Adjusts::Never
    }

    /// Whether the method uses strata.
    fn stratifies(&self) -> Adjusts {
        Adjusts::Never
    }

    /// Weights that the method gives the patients, where it gives any.
    ///
    /// # Errors
    /// Why there are none.
    fn weights(&self, data: &Dataset<'_>, _: &Rule, _: &mut Scratch, out: &mut Vec<f64>) -> Result<(), Status> {
        out.clear();
        out.resize(data.arm.len(), 1.0);
        Ok(())
    }

    /// The root of the method's estimating equation on a pilot of many replicates' patients, those of an arm (control, experimental)
    /// weighted alike; for methods whose limit with covariates is such a root.
    ///
    /// # Errors
    /// Why there is none.
    fn root(&self, _: &Dataset<'_>, _: [f64; 2]) -> Result<Box<dyn Root>, Status> {
        Err(Status::NotConverged)
    }

    /// How its row is computed in R; none where there are no packages or few lines that give the same figures.
    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        None
    }

    /// Names of the parts that the method stores in [`Estimate::parts`].
    fn parts(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Whether a method uses covariates, or strata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjusts {
    /// It cannot.
    Never,
    /// Where they are given.
    Optionally,
    /// It is nothing without.
    Always,
}

/// Kinds of response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseKind {
    /// [`Response::Binary`]
    Binary,
    /// [`Response::Ordinal`]
    Ordinal,
    /// [`Response::Score`]
    Score,
    /// [`Response::Time`]
    Time,
    /// [`Response::Hierarchical`]
    Hierarchical,
    /// [`Response::Interval`]
    Interval,
}

/// Scale of an estimate: how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// A difference; no effect is 0.
    Difference,
    /// The logarithm of a ratio; shown back-transformed, no effect is ln 1 = 0.
    LogRatio,
    /// A probability with no effect at ½ (Wilcoxon).
    Probability,
}

/// Memory that one worker's analyses reuse; grows to the largest data set and is never freed.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Sort keys.
    pub keys: Vec<u64>,
    /// Orders.
    pub order: Vec<u32>,
    /// The order of the last times.
    pub sorted: time_order::Sorted,
    /// Counts.
    pub counts: Vec<u32>,
    /// Flags or codes.
    pub codes: Vec<u8>,
    /// Ranks for the comparison of pairs, narrow and wide.
    pub ranks: (Vec<i16>, Vec<i32>),
    /// Working vectors.
    pub real: [Vec<f64>; 8],
    /// Small matrices.
    pub matrix: [Vec<f64>; 4],
    /// Columns of a design that take two values.
    pub indicators: indicators::Indicators,
    /// The maximum likelihood estimate of interval-censored data.
    pub npmle: npmle::Npmle,
    /// Degrees of freedom and tail of the last t quantile, and the quantile: t tests of one plan nearly always share it.
    pub t_quantile: (f64, f64, f64),
    /// The last propensity score and what was made of it: rows of one plan nearly always share it.
    pub propensity: propensity::Memory,
    /// Event times of weighted curves.
    pub steps: propensity::Steps,
    /// Rows of a hierarchical endpoint gathered for comparison.
    pub gathered: pairs::Gathered,
}

impl Scratch {
    /// As [`time_order::ascending`], into `order`.
    pub(crate) fn ascending(&mut self, time: &[f64], last: f64) {
        self.sorted.ascending(time, last, &mut self.keys, &mut self.order);
    }

    /// As [`time_order::ascending`] up to the latest event, into `order`; `false` where no two of these times are equal.
    pub(crate) fn until_last_event(&mut self, time: &[f64], event: &[u8]) -> bool {
        self.sorted.until_last_event(time, event, &mut self.keys, &mut self.order)
    }
}
