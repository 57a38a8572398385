//! Estimands in words.

use crate::analysis::{Adjusts, ResponseKind};
use crate::engine::target;
use crate::estimand::{self, Target, Tilt};
use crate::protocol::Protocol;
use crate::scenario::Measure;

/// The estimand in words: population, scale, horizon, rule.
pub(super) fn describe(protocol: &Protocol<'_>, a: usize) -> String {
    let plan = &protocol.scenario.analyses[a];
    let endpoint = &protocol.scenario.endpoints[plan.endpoint];
    let [e, c] = plan.arms.map(|k| protocol.scenario.arms[k].label.as_str());
    let what = match target(plan) {
        Target::Mean => match plan.method.takes() {
            [ResponseKind::Binary, ..] => "risk difference",
            _ => "difference of means",
        },
        Target::LogOdds => "log odds ratio",
        Target::LogRisk => "log risk ratio",
        Target::Pairs(scale) => match scale {
            estimand::PairScale::LogWinRatio => "log win ratio",
            estimand::PairScale::NetBenefit => "net benefit",
            estimand::PairScale::LogWinOdds => "log win odds",
            estimand::PairScale::Probability => "probability of a better value, ties half",
        },
        Target::CommonOdds => "log common odds ratio of a higher category",
        Target::Hazard => "log hazard ratio",
        Target::Peto => "(O − E)/V, the Peto log hazard ratio",
        Target::Survival(_) => "difference of survival",
        Target::Incidence(_) => "difference of cumulative incidence",
        Target::RestrictedMean(_) => "difference of restricted mean survival",
        Target::Subdistribution => "log subdistribution hazard ratio",
        Target::Undefined if !plan.method.estimates() => "test without an estimate",
        Target::Coefficient | Target::Undefined => match plan.method.target() {
            Target::LogOdds => "log odds ratio given the covariates",
            Target::CommonOdds => "log common odds ratio of a higher category given the covariates",
            Target::Hazard if plan.covariates.is_empty() && !plan.site_factor => "log hazard ratio within strata",
            Target::Hazard => "log hazard ratio given the covariates",
            Target::Peto => "(O − E)/V within strata, the Peto log hazard ratio",
            _ if plan.covariates.is_empty() && !plan.site_factor => {
                "the method's own estimand, whose true value is not computed,"
            }
            _ => "coefficient of the arm, adjusted for covariates",
        },
    };
    let treated = protocol.scenario.arms[plan.arms[usize::from(plan.treated == 0)]].label.as_str();
    let averaged = match plan.method.tilt() {
        Tilt::Everyone if plan.method.adjusts() == Adjusts::Always => " (ATE)".to_owned(),
        Tilt::Everyone => String::new(),
        Tilt::Treated => format!(", averaged over those like the treated (ATT, treated: {treated})"),
        Tilt::Overlap => ", averaged over those who might have got either (ATO)".to_owned(),
        Tilt::Matched => format!(", averaged over the matched treated of each trial (treated: {treated})"),
    };
    let population = match (&plan.subset, &plan.interaction) {
        (_, Some(_)) => "the enrolled: effect where the condition holds minus where it does not",
        (Some(_), None) => "the enrolled of the subset",
        (None, None) => "the enrolled",
    };
    let at = match target(plan) {
        Target::Survival(at) | Target::RestrictedMean(at) => Some((at, ", death and competing events switched off")),
        Target::Incidence(at) => Some((at, ", competing events at work")),
        _ => None,
    };
    let horizon = match (at, &endpoint.measure) {
        (Some((at, rule)), _) => format!(", at {at} months{rule}"),
        (None, Measure::Time { by, .. }) if by.is_finite() => format!(", to {by} months"),
        _ => String::new(),
    };
    format!("{what} of {} ({e} v {c}) in {population}{averaged}{horizon}", endpoint.label)
}
