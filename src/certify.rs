//! An upper confidence bound for the worst type I error over a box of nuisance parameters.
//!
//! *At a point* θ the share of replicates that reject is binomial; u(θ) is its exact upper bound (Clopper and Pearson 1934) at
//! confidence 1 − δ.
//!
//! *Around it.* Let θ′ be another value, R the event that the trial rejects, L the likelihood ratio of all that the parameter governs.
//! By Hölder's inequality, for every q > 1,
//!
//! P′(R) = E\[1(R) L\] ≤ P(R)^(1 − 1/q) · E\[L^q\]^(1/q).
//!
//! Where the parameter governs one independent draw a patient, and nothing else, E\[L^q\] is at most M(q)ⁿ, with M(q) the largest over
//! arms of E\[(dP′/dP)^q\] of one draw:
//!
//! - 1 with probability p: M = p^(1−q) p′^q + (1 − p)^(1−q) (1 − p′)^q;
//! - a time of hazard λ, seen up to τ: with r = λ′/λ and c = 1 + q (r − 1), M = r^q (1 − e^(−cλτ))/c + e^(−cλτ).
//!
//! Both families have monotone likelihood ratios, so that dM/dθ′ = q Cov′(L^(q−1), score′) has the sign of θ′ − θ: M grows in either
//! direction away from θ, and over an interval is largest at an end. So is the bound for every q, hence also the smallest over q. Draws
//! governed by different parameters are independent given what came before: their M multiply, and over a box the bound is largest at a
//! corner. M ≥ 1, so patients who never enrol or are not analysed only make the bound larger, and rejections depend on nothing else.
//!
//! *Over the box.* The worst θ lies in one tile, which is not random though it is not known. That tile's bound holds with probability
//! 1 − δ, and the largest bound of all tiles is at least that: no correction for the number of tiles is needed for the largest. For all
//! bounds to hold at once it is (δ divided by their number: Bonferroni).
//!
//! Where a parameter enters elsewhere the bound is for the points alone, and is called that.
//!
//! *Families.* That a family's procedure rejects any of a set of hypotheses is one more event of the same data, so all of this holds for
//! it, the set given. The familywise error is the probability of that event for the set of true null hypotheses, which may depend on θ.
//! Where it is declared, it does not. Else it is judged at the points, and what is not known to be false there is counted: the event then
//! holds the error, and its probability bounds it. Where all hypotheses are counted at every point no larger set can be true between
//! them; where some are not, they might be true there, and the bound is for the points alone.
//!
//! Source: Sklar M. Adaptive experiments and a rigorous framework for type I error verification and computational experiment design.
//! 2022, arXiv:2205.09369; the form with Hölder's inequality is the tilt bound of its software, imprint.

use statrs::function::beta::beta_reg;

use crate::Error;
use crate::analysis::Decision;
use crate::decision::Scratch;
use crate::distribution::{Distribution, Family};
use crate::expr::Expr;
use crate::protocol::Protocol;
use crate::run::{Batch, Fold};
use crate::scenario::{FamilyPlan, Marginal, Measure, Place, ReestimationPlan, Scenario, TierOf};
use crate::summary::verdict;

/// Upper end of the exact interval of a share, one-sided: the p at which `count` or fewer of `of` have probability `alpha`.
#[must_use]
pub fn upper(count: u64, of: u64, alpha: f64) -> f64 {
    if count >= of {
        return 1.0;
    }
    let (a, b) = (count as f64 + 1.0, (of - count) as f64);
    // P(X ≤ count; p) = 1 − I_p(count + 1, of − count), which falls with p
    let (mut low, mut high) = (count as f64 / of as f64, 1.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if 1.0 - beta_reg(a, b, middle) > alpha { low = middle } else { high = middle }
    }
    high
}

/// ln E\[(dP′/dP)^q\] of a flag with probability `p`, `other` under P′.
#[must_use]
pub fn log_moment_of_flag(p: f64, other: f64, q: f64) -> f64 {
    if p.total_cmp(&other).is_eq() {
        return 0.0;
    }
    let term = |p: f64, other: f64| {
        if other == 0.0 { f64::NEG_INFINITY } else { p.ln() + q * (other.ln() - p.ln()) }
    };
    // where P never draws what P′ draws the ratio is infinite
    if (p == 0.0 && other > 0.0) || (p == 1.0 && other < 1.0) {
        return f64::INFINITY;
    }
    let (a, b) = (term(p, other), term(1.0 - p, 1.0 - other));
    let top = a.max(b);
    (top + ((a - top).exp() + (b - top).exp()).ln()).max(0.0)
}

/// ln E\[(dP′/dP)^q\] of a time of hazard `rate`, `other` under P′, seen up to `until`.
#[must_use]
pub fn log_moment_of_time(rate: f64, other: f64, until: f64, q: f64) -> f64 {
    if rate.total_cmp(&other).is_eq() || until <= 0.0 {
        return 0.0;
    }
    if rate <= 0.0 {
        return f64::INFINITY;
    }
    let (r, x) = (other / rate, rate * until);
    let c = 1.0 + q * (r - 1.0);
    let power = r.powf(q);
    let value = if x.is_infinite() {
        if c > 0.0 { power / c } else { f64::INFINITY }
    } else if c.abs() * x < 1e-12 {
        power * x + 1.0
    } else {
        power * -(-c * x).exp_m1() / c + (-c * x).exp()
    };
    if value.is_nan() { f64::INFINITY } else { value.ln().max(0.0) }
}

/// What a parameter governs: one independent draw a patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    family: Family,
    /// The law's parameter in each arm.
    values: Vec<f64>,
    /// Months up to which a time is seen.
    until: f64,
    patients: f64,
}

impl Draw {
    /// The draw at a place of a scenario; or why it is none of which there is a bound.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn new(scenario: &Scenario, place: &Place, seen_in_full: bool) -> Result<Self, String> {
        let (family, value) = match place {
            Place::Outcome(name) => {
                let found = scenario.variables.iter().skip(scenario.population).find(|v| v.name == *name);
                let outcome = found.ok_or_else(|| format!("`{name}` is no outcome of this variant"))?;
                if outcome.marginal != Marginal::No {
                    return Err(format!("the scale of outcome `{name}` is solved for"));
                }
                of_law(outcome.law.as_ref()).ok_or_else(|| {
                    format!("it enters outcome `{name}`, which is neither a flag nor of constant hazard")
                })?
            }
            Place::Dropout => scenario
                .dropout
                .as_deref()
                .and_then(of_law)
                .ok_or_else(|| "it enters the time to loss, which is not of constant hazard".to_owned())?,
            Place::Missed(name) => {
                let found = scenario.visits.iter().find(|v| v.name == *name);
                let visit = found.ok_or_else(|| format!("`{name}` is no visit of this variant"))?;
                (Family::Probability, visit.missed.clone())
            }
            Place::Elsewhere(what) => return Err(format!("it enters {what}")),
        };
        let values = (0..scenario.arms.len()).map(|arm| value.specialise_arm(arm as u8).as_number());
        let values: Vec<f64> =
            values.collect::<Option<_>>().ok_or_else(|| format!("{} depends on the patient", words(place)))?;
        let until = if seen_in_full { f64::INFINITY } else { seen(scenario) };
        Ok(Self { family, values, until, patients: patients(scenario) as f64 })
    }

    /// ln of the bound of E\[L^q\] over all patients.
    #[must_use]
    pub fn log_moment(&self, other: &Draw, q: f64) -> f64 {
        let of = |(a, b): (&f64, &f64)| match self.family {
            Family::Probability => log_moment_of_flag(*a, *b, q),
            Family::Rate => log_moment_of_time(*a, *b, self.until.max(other.until), q),
        };
        self.patients * self.values.iter().zip(&other.values).map(of).fold(0.0, f64::max)
    }
}

fn of_law(law: &dyn Distribution) -> Option<(Family, Expr)> {
    let value = law.parameters().into_iter().next()?.value;
    Some((law.family()?, value))
}

/// A place in words.
#[must_use]
pub fn words(place: &Place) -> String {
    match place {
        Place::Outcome(name) => format!("outcome `{name}`"),
        Place::Dropout => "the time to loss".to_owned(),
        Place::Missed(name) => format!("the probability that visit `{name}` is missed"),
        Place::Elsewhere(what) => what.clone(),
    }
}

/// Most patients that the trial may have: a review may add some.
#[must_use]
pub fn patients(scenario: &Scenario) -> usize {
    let adds = scenario.reestimations.iter().filter(|r| !r.extends_follow_up() && !r.adds_events());
    adds.map(|r| r.most as usize).fold(scenario.n, usize::max)
}

/// Months from entry beyond which nothing that happens to a patient is seen.
fn seen(scenario: &Scenario) -> f64 {
    // a review may extend follow-up
    let longer = scenario.reestimations.iter().any(ReestimationPlan::extends_follow_up);
    let Some(horizon) = scenario.cut.horizon.filter(|_| !longer) else {
        return f64::INFINITY;
    };
    let visits = scenario.visits.iter().map(|v| v.window.1);
    let by = scenario.endpoints.iter().flat_map(|e| match &e.measure {
        Measure::Time { by, .. } => vec![*by],
        Measure::Hierarchical(tiers) => tiers
            .iter()
            .filter_map(|t| match &t.of {
                TierOf::Time { by, .. } | TierOf::Occurrence { by, .. } => Some(*by),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    });
    visits.chain(by.filter(|x| x.is_finite())).fold(horizon, f64::max)
}

/// The bound at another point: the smallest over q of u^(1 − 1/q) e^(K(q)/q), at most 1. Every q gives a bound, so that nothing depends on
/// how well the smallest is found.
pub fn tilted(u: f64, moment: impl Fn(f64) -> f64) -> f64 {
    if u <= 0.0 {
        return 0.0;
    }
    let at = |t: f64| {
        let q = 1.0 + t.exp();
        let log = (1.0 - 1.0 / q) * u.ln() + moment(q) / q;
        if log.is_nan() { f64::INFINITY } else { log }
    };
    let (low, high, steps) = (-6.0, 14.0, 80);
    let best = (0..=steps).map(|k| low + (high - low) * f64::from(k) / f64::from(steps));
    let best = best.min_by(|a, b| at(*a).total_cmp(&at(*b))).unwrap_or(0.0);
    let width = (high - low) / f64::from(steps);
    let (mut a, mut b) = (best - width, best + width);
    for _ in 0..40 {
        let (x, y) = (a + (b - a) * 0.382, a + (b - a) * 0.618);
        if at(x) < at(y) { b = y } else { a = x }
    }
    at(best).min(at(0.5 * (a + b))).exp().min(1.0)
}

/// The bound in a tile from that at its point: the largest over its corners. The draws of a corner stand in the order of those at the
/// point.
#[must_use]
pub fn in_tile(u: f64, point: &[Draw], corners: &[Vec<Draw>]) -> f64 {
    corners
        .iter()
        .map(|corner| tilted(u, |q| point.iter().zip(corner).map(|(a, b)| a.log_moment(b, q)).sum()))
        .fold(u, f64::max)
}

/// Where the tiles about points end: half-way between them, and at the ends of the box.
#[must_use]
pub fn tiles(points: &[f64], from: f64, to: f64) -> Vec<[f64; 2]> {
    let middle = |i: usize| 0.5 * (points[i] + points[i + 1]);
    (0..points.len())
        .map(|i| [if i == 0 { from } else { middle(i - 1) }, if i + 1 == points.len() { to } else { middle(i) }])
        .collect()
}

/// Counts the replicates in which each analysis rejects, and each family a hypothesis that is counted, either way.
#[derive(Debug)]
pub struct Tally<'s> {
    rules: Vec<(f64, bool)>,
    /// By analysis, then by family.
    pub rejections: Vec<u64>,
    /// Replicates.
    pub replicates: u64,
    families: &'s [FamilyPlan],
    /// By family, the set of hypotheses that are counted.
    counted: Vec<u64>,
    scratch: Scratch,
}

impl<'s> Tally<'s> {
    /// Nothing counted yet; `counted` has for each family the set of hypotheses whose rejection is an error, the j-th in bit j.
    #[must_use]
    pub fn new(protocol: &Protocol<'s>, counted: Vec<u64>) -> Self {
        let rules: Vec<(f64, bool)> = protocol.analyses.iter().map(|a| (a.rule.tail(), a.rule.sides == 2)).collect();
        let families = protocol.scenario.multiplicity.as_slice();
        let rejections = vec![0; rules.len() + families.len()];
        Self { rejections, rules, replicates: 0, families, counted, scratch: Scratch::default() }
    }
}

impl Fold for Tally<'_> {
    fn fold(&mut self, batch: &Batch) -> Result<(), Error> {
        for rows in batch.rows.chunks_exact(self.rules.len().max(1)) {
            for ((count, row), (tail, two_sided)) in self.rejections.iter_mut().zip(rows).zip(&self.rules) {
                *count += u64::from(row.decision(*tail, *two_sided) != Decision::Neither);
            }
            let counts = &mut self.rejections[self.rules.len()..];
            for ((count, family), counted) in counts.iter_mut().zip(self.families).zip(&self.counted) {
                *count += u64::from(verdict(family, rows, &mut self.scratch).rejected & counted != 0);
            }
        }
        self.replicates += batch.trials.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_exact_upper_limits() {
        // none of n: (1 − p)ⁿ = α; all but none: 1
        assert!((upper(0, 100, 0.05) - (1.0 - 0.05_f64.powf(0.01))).abs() < 1e-12);
        assert!((upper(1, 1, 0.05) - 1.0).abs() < 1e-15);
        // qbeta(.95, 51, 950) of R
        assert!((upper(50, 1000, 0.05) - 0.062_863_403_512_379_7).abs() < 1e-12);
    }

    #[test]
    fn by_hand_moments() {
        // q = 2: 1 + χ²
        let (p, o) = (0.4_f64, 0.45_f64);
        let chi = (o - p).powi(2) / p + (p - o).powi(2) / (1.0 - p);
        assert!((log_moment_of_flag(p, o, 2.0) - (1.0 + chi).ln()).abs() < 1e-14);
        assert_eq!(log_moment_of_flag(0.0, 0.1, 2.0), f64::INFINITY);
        assert!((log_moment_of_flag(0.5, 0.0, 2.0) - 2.0_f64.ln()).abs() < 1e-14);
        // a time seen in full: r^q / (1 + q (r − 1)); seen up to τ by Simpson's rule
        let (l, m, q) = (0.05_f64, 0.06_f64, 3.0_f64);
        assert!((log_moment_of_time(l, m, f64::INFINITY, q) - (1.2_f64.powi(3) / 1.6).ln()).abs() < 1e-14);
        let until = 7.0;
        let f = |t: f64| (m / l * (-(m - l) * t).exp()).powf(q) * l * (-l * t).exp();
        let steps = 2_000;
        let h = until / f64::from(steps);
        let simpson: f64 = (0..=steps)
            .map(|i| {
                let weight = if i == 0 || i == steps {
                    1.0
                } else if i % 2 == 1 {
                    4.0
                } else {
                    2.0
                };
                weight * f(f64::from(i) * h) * h / 3.0
            })
            .sum();
        let whole = simpson + (-(m - l) * until * q).exp() * (-l * until).exp();
        assert!((log_moment_of_time(l, m, until, q) - whole.ln()).abs() < 1e-12);
        // where c is 0
        let r = 1.0 - 1.0 / q;
        let zero = log_moment_of_time(0.1, 0.1 * r, 5.0, q);
        assert!((zero - log_moment_of_time(0.1, 0.1 * r + 1e-9, 5.0, q)).abs() < 1e-7, "{zero}");
    }

    #[test]
    fn by_hand_tiles() {
        assert_eq!(tiles(&[0.3, 0.4, 0.6], 0.25, 0.6), [[0.25, 0.35], [0.35, 0.5], [0.5, 0.6]]);
        assert_eq!(tiles(&[0.3], 0.3, 0.3), [[0.3, 0.3]]);
    }

    #[test]
    fn by_hand_no_distance_no_penalty() {
        assert!((tilted(0.05, |_| 0.0) - 0.05).abs() < 1e-6);
        assert_eq!(tilted(0.05, |_| f64::INFINITY), 1.0);
    }
}
