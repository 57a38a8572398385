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
mod data;
mod design;
pub mod difference_of_proportions;
mod estimate;
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

use crate::estimand::{Target, Tilt};
use crate::scenario::form::Member;

pub use data::{Better, Covariates, Dataset, Response, Rule, Strata};
pub use estimate::{Decision, Estimate, Status};
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

/// What a method that gives a posterior probability knows beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prior {
    /// Shapes of beta priors of proportions: control, experimental.
    Proportions([[f64; 2]; 2]),
    /// Mean and standard deviation of a normal prior of the effect.
    Normal([f64; 2]),
}

/// Methods whose statistics, seen at several looks, need not have independent increments: what they compare, or by which weights, changes
/// as patients are followed (win statistics of times: Mao and Wang 2024; weighted and restricted ones: Murray and Tsiatis 1999).
const DEPENDENT: &[&str] = &[
    "win-ratio",
    "win-odds",
    "net-benefit",
    "finkelstein-schoenfeld",
    "win-ratio-ipcw",
    "door",
    "max-combo",
    "weighted-difference",
    "weighted-kaplan-meier",
    "weighted-incidence",
    "weighted-cox",
    "aipw",
    "restricted-mean",
    "median-survival",
    "gray",
    "fine-gray",
    "turnbull",
    "interval-log-rank",
];

/// Whether the statistic of a method, by its key, has asymptotically independent increments: group-sequential bounds then hold.
#[must_use]
pub fn independent_increments(method: &str) -> bool {
    !DEPENDENT.contains(&method)
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

    /// What is known beforehand where `p` is a posterior probability, for the probability that it will be small enough at the end.
    fn prior(&self) -> Option<Prior> {
        None
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

    /// Whether its test takes one variance for both arms, which planning formulas then do too.
    fn pools(&self) -> bool {
        true
    }

    /// Whether its test is corrected for continuity, which planning formulas then are too.
    fn corrects(&self) -> bool {
        false
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

impl Scale {
    /// The estimate where the arms do not differ.
    #[must_use]
    pub fn no_effect(self) -> f64 {
        if self == Scale::Probability { 0.5 } else { 0.0 }
    }
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
