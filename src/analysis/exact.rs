//! From a discrete distribution with one parameter to an [`Estimate`]: exact test and interval of ln θ.

use crate::analysis::{Estimate, Rule, Status};
use crate::math::discrete::Family;

/// What was observed, and against what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed {
    /// The count.
    pub(super) x: f64,
    /// ln θ under the null hypothesis.
    pub(super) null: f64,
    /// Whether only half of the probability of x counts as being as extreme.
    pub(super) mid_p: bool,
}

/// ln θ of greatest likelihood, 1/√information, and limits at which a tail is the level's; p-values from the tails at the null value, the
/// two-sided one of all that is no more likely than x, with `mid_p` twice the smaller one-sided one.
///
/// At the ends of the range estimate, standard error and one limit are infinite. There is no z.
pub(super) fn exact(family: &Family, observed: &Observed, rule: &Rule) -> Estimate {
    let &Observed { x, null, mid_p } = observed;
    let share = if mid_p { 0.5 } else { 0.0 };
    let estimate = family.maximum(x);
    let variance = if estimate.is_finite() { family.tails(x, estimate.exp()).variance } else { 0.0 };
    let tail = rule.tail();
    let limits = [family.lower(x, tail, share), family.upper(x, tail, share)];
    let [favour, against, both] = p_values(family, observed, rule);
    if estimate.is_nan()
        || limits.iter().any(|x| x.is_nan())
        || !(favour + against + both).is_finite()
        || !null.is_finite()
    {
        return Estimate::failed(Status::NotConverged, 0);
    }
    Estimate {
        estimate,
        se: 1.0 / variance.sqrt(),
        lower: limits[0],
        upper: limits[1],
        p: favour,
        others: Some([against, both]),
        status: Status::Estimated,
        ..Estimate::failed(Status::Estimated, 0)
    }
}

/// The one-sided p-values in favour and against, and the two-sided one.
pub(super) fn p_values(family: &Family, observed: &Observed, rule: &Rule) -> [f64; 3] {
    let &Observed { x, null, mid_p } = observed;
    let tails = family.tails(x, null.exp());
    let at = if mid_p { 0.5 * tails.at } else { tails.at };
    let [larger, smaller] = [tails.above, tails.below].map(|p| (p + at).min(1.0));
    let both = if mid_p { (2.0 * larger.min(smaller)).min(1.0) } else { tails.no_more_likely };
    if rule.better.sign() > 0.0 { [larger, smaller, both] } else { [smaller, larger, both] }
}
