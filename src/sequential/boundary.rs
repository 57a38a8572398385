//! Boundaries: where a group-sequential test stops, and what that is worth.

use super::{Spending, Walk};
use crate::math::root;
use crate::math::special::{normal_quantile, normal_tail};

/// Largest |Z| that is looked for: beyond it a bound is none.
const LARGEST: f64 = 12.0;
/// Most secant steps before bisection is trusted more; four are the rule.
const STEPS: usize = 12;

/// How the bounds for rejection come about.
#[derive(Clone, Debug, PartialEq)]
pub enum Efficacy {
    /// By an error-spending function.
    Spending(Spending),
    /// z = c t^(Δ − ½), c from the error (Wang and Tsiatis, Biometrics 1987;43:193): Δ = 0 is O'Brien and Fleming's, Δ = ½ Pocock's.
    WangTsiatis(f64),
    /// This z at every look but the last, which has what is left of the error (Haybittle 1971, Peto and others 1976).
    HaybittlePeto(f64),
    /// As given, whatever error that is; none where infinite.
    Given(Vec<f64>),
}

/// How the bounds for stopping without rejection come about.
#[derive(Clone, Debug, PartialEq)]
pub enum Futility {
    /// None.
    Never,
    /// By spending the type II error at the drift of the wanted power.
    Spending(Spending),
    /// On the scale of z, one a look but the last; none where infinite.
    Given(Vec<f64>),
}

/// What a boundary is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Shares of the information at the looks, ascending; the last is 1.
    pub looks: Vec<f64>,
    /// Total significance level.
    pub alpha: f64,
    /// 1 or 2; two-sided bounds are symmetric.
    pub sides: u8,
    /// Type II error at the alternative.
    pub beta: f64,
    /// Bounds for rejection.
    pub efficacy: Efficacy,
    /// Bounds for stopping without rejection (one-sided tests).
    pub futility: Futility,
    /// Whether the error holds only where futility is obeyed: bounds for rejection then are lower.
    pub binding: bool,
}

/// Why there is no boundary.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unsolvable {
    /// Looks that do not ascend to 1.
    #[error("shares of the information must ascend from above 0 to 1, not {0:?}")]
    Looks(Vec<f64>),
    /// A probability that is none.
    #[error("{0} is {1}; it must lie between 0 and {2}")]
    Probability(&'static str, f64, f64),
    /// Lists of unlike length.
    #[error("{0} for {1} looks: one each is wanted")]
    Length(usize, usize),
    /// A table that falls, or does not end at 1.
    #[error("shares of a spent error must not fall, and end at 1")]
    Table,
    /// Given or fixed bounds that spend more than there is.
    #[error("the bounds before the last spend {0} of an error of {1}: nothing is left for the last look")]
    Overspent(f64, f64),
    /// No drift has the power.
    #[error("no effect has a power of {0} with these bounds")]
    Power(f64),
    /// Futility beside a two-sided test.
    #[error("a two-sided test has no bounds for futility here: make it one-sided at half the level")]
    TwoSided,
}

/// A boundary, and the drift at which it has its power.
#[derive(Clone, Debug, PartialEq)]
pub struct Boundary {
    /// Shares of the information at the looks.
    pub looks: Vec<f64>,
    /// Bounds for rejection in favour; infinite where a look has none.
    pub upper: Vec<f64>,
    /// Bounds for stopping without rejection (one-sided), or for rejection against (two-sided); −∞ where a look has none.
    pub lower: Vec<f64>,
    /// 1 or 2.
    pub sides: u8,
    /// Mean of Z at full information where the power is as wanted.
    pub drift: f64,
}

/// Probabilities of stopping at each look.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossing {
    /// At the upper bound.
    pub upper: Vec<f64>,
    /// At the lower bound; at the last look all that have not rejected in favour, where the test is one-sided and has futility bounds.
    pub lower: Vec<f64>,
}

impl Plan {
    /// The boundary.
    ///
    /// # Errors
    /// See [`Unsolvable`].
    pub fn solve(&self) -> Result<Boundary, Unsolvable> {
        self.check()?;
        let none = vec![f64::NEG_INFINITY; self.looks.len()];
        let spends = match &self.futility {
            Futility::Never => None,
            Futility::Given(lower) => {
                let mut lower = lower.clone();
                let last = self.looks.len() - 1;
                lower.resize(last, f64::NEG_INFINITY);
                lower.push(f64::INFINITY);
                let acting = if self.binding { &lower } else { &none };
                let upper = self.upper(acting)?;
                lower[last] = upper[last];
                return self.with_drift(upper, lower);
            }
            Futility::Spending(spending) => Some(spending),
        };
        let Some(spending) = spends else {
            let upper = self.upper(&none)?;
            let lower = if self.sides == 2 { upper.iter().map(|u| -u).collect() } else { none };
            return self.with_drift(upper, lower);
        };
        // the drift at which the last bounds meet: there power and type II error add up to 1
        let both = |theta: f64| self.both(spending, theta);
        let last = self.looks.len() - 1;
        let gap = |theta: f64| {
            both(theta).map_or(f64::NAN, |(upper, lower)| {
                // a walk that is spent has nothing left to meet
                if lower[last].is_finite() { lower[last] - upper[last] } else { LARGEST }
            })
        };
        let start = normal_quantile(1.0 - self.alpha) + normal_quantile(1.0 - self.beta);
        let (mut low, mut high) = (0.9 * start, 1.2 * start.max(0.1));
        for _ in 0..40 {
            if gap(low) > 0.0 {
                low *= 0.8;
            } else if gap(high) < 0.0 {
                high *= 1.2;
            } else {
                break;
            }
        }
        let drift = root::zero(low, high, gap);
        let (upper, mut lower) = both(drift).ok_or(Unsolvable::Power(1.0 - self.beta))?;
        if !drift.is_finite() {
            return Err(Unsolvable::Power(1.0 - self.beta));
        }
        lower[last] = upper[last];
        Ok(Boundary { looks: self.looks.clone(), upper, lower, sides: 1, drift })
    }

    fn check(&self) -> Result<(), Unsolvable> {
        let looks = &self.looks;
        let ascend = looks.windows(2).all(|w| w[0] < w[1]) && looks.first().is_some_and(|&t| t > 0.0);
        if !ascend || looks.last() != Some(&1.0) {
            return Err(Unsolvable::Looks(looks.clone()));
        }
        let most = if self.sides == 2 { 1.0 } else { 0.5 };
        if !(self.alpha > 0.0 && self.alpha < most) {
            return Err(Unsolvable::Probability("alpha", self.alpha, most));
        }
        let room = 1.0 - self.alpha / f64::from(self.sides);
        if !(self.beta > 0.0 && self.beta < room) {
            return Err(Unsolvable::Probability("the type II error", self.beta, room));
        }
        let table = |s: &Spending| match s {
            Spending::Table(shares) if shares.len() != looks.len() => {
                Err(Unsolvable::Length(shares.len(), looks.len()))
            }
            Spending::Table(shares)
                if shares.windows(2).any(|w| w[1] < w[0]) || shares[0] < 0.0 || shares[shares.len() - 1] != 1.0 =>
            {
                Err(Unsolvable::Table)
            }
            _ => Ok(()),
        };
        match &self.efficacy {
            Efficacy::Spending(s) => table(s)?,
            Efficacy::Given(z) if z.len() != looks.len() => return Err(Unsolvable::Length(z.len(), looks.len())),
            _ => {}
        }
        match &self.futility {
            Futility::Spending(s) => table(s)?,
            Futility::Given(z) if z.len() + 1 != looks.len() => {
                return Err(Unsolvable::Length(z.len(), looks.len() - 1));
            }
            _ => {}
        }
        if self.sides == 2 && self.futility != Futility::Never {
            return Err(Unsolvable::TwoSided);
        }
        Ok(())
    }

    /// Share of the information at the look after look `k`.
    fn next(&self, k: usize) -> f64 {
        next(&self.looks, k)
    }

    /// Bounds for rejection, given the lower ones that act under the null.
    fn upper(&self, lower: &[f64]) -> Result<Vec<f64>, Unsolvable> {
        match &self.efficacy {
            Efficacy::Given(z) => Ok(z.clone()),
            Efficacy::Spending(spending) => {
                let mut upper = Vec::with_capacity(self.looks.len());
                let mut walk = Walk::new(0.0);
                let mut before = 0.0;
                for (k, &t) in self.looks.iter().enumerate() {
                    let bound = self.spend(spending, &walk, k, &mut before);
                    upper.push(bound);
                    let low = if self.sides == 2 { -bound } else { lower[k] };
                    walk.go_on(t, low, bound, self.next(k));
                }
                Ok(upper)
            }
            Efficacy::WangTsiatis(delta) => {
                let bounds = |c: f64| -> Vec<f64> { self.looks.iter().map(|t| c * t.powf(delta - 0.5)).collect() };
                let c = root::zero(0.0, LARGEST, |c| self.error(&bounds(c), lower) - self.alpha);
                Ok(bounds(c))
            }
            Efficacy::HaybittlePeto(z) => {
                let last = self.looks.len() - 1;
                let mut upper = vec![*z; last];
                upper.push(f64::INFINITY);
                let before = self.error(&upper, lower);
                if before >= self.alpha {
                    return Err(Unsolvable::Overspent(before, self.alpha));
                }
                let bounds = |c: f64| {
                    let mut all = upper.clone();
                    all[last] = c;
                    all
                };
                let c = root::zero(0.0, LARGEST, |c| self.error(&bounds(c), lower) - self.alpha);
                Ok(bounds(c))
            }
        }
    }

    /// The bound at look `k` that spends what has come to be spent since the look before.
    fn spend(&self, spending: &Spending, walk: &Walk, k: usize, before: &mut f64) -> f64 {
        let sides = f64::from(self.sides);
        let spent = sides * spending.spent(k, self.looks[k], self.alpha / sides);
        let wanted = (spent - *before) / sides;
        *before = spent;
        solve_above(walk, self.looks[k], wanted)
    }

    /// Type I error of bounds for rejection.
    fn error(&self, upper: &[f64], lower: &[f64]) -> f64 {
        let mut walk = Walk::new(0.0);
        let mut total = 0.0;
        for (k, &t) in self.looks.iter().enumerate() {
            total += walk.above(t, upper[k]);
            let low = if self.sides == 2 {
                total += walk.below(t, -upper[k]);
                -upper[k]
            } else {
                lower[k]
            };
            walk.go_on(t, low, upper[k], self.next(k));
        }
        total
    }

    /// Both bounds where the type II error is spent at a drift.
    fn both(&self, spending: &Spending, theta: f64) -> Option<(Vec<f64>, Vec<f64>)> {
        let mut lower = Vec::with_capacity(self.looks.len());
        let mut upper = if self.binding {
            Vec::with_capacity(self.looks.len())
        } else {
            self.upper(&vec![f64::NEG_INFINITY; self.looks.len()]).ok()?
        };
        let (mut null, mut alternative) = (Walk::new(0.0), Walk::new(theta));
        let (mut before, mut spent) = (0.0, 0.0);
        for (k, &t) in self.looks.iter().enumerate() {
            if self.binding {
                let Efficacy::Spending(s) = &self.efficacy else { return None };
                upper.push(self.spend(s, &null, k, &mut before));
            }
            let beta = spending.spent(k, t, self.beta);
            let wanted = beta - spent;
            spent = beta;
            let low = if wanted > 0.0 { solve_below(&alternative, t, wanted) } else { f64::NEG_INFINITY };
            // bounds that cross before the last look leave no room to go on
            lower.push(if k + 1 < self.looks.len() { low.min(upper[k]) } else { low });
            null.go_on(t, lower[k], upper[k], self.next(k));
            alternative.go_on(t, lower[k], upper[k], self.next(k));
        }
        Some((upper, lower))
    }

    fn with_drift(&self, upper: Vec<f64>, lower: Vec<f64>) -> Result<Boundary, Unsolvable> {
        let mut found = Boundary { looks: self.looks.clone(), upper, lower, sides: self.sides, drift: f64::NAN };
        let wanted = 1.0 - self.beta;
        let power = |theta: f64| found.crossing(theta).upper.iter().sum::<f64>() - wanted;
        let drift = root::zero(0.0, 3.0 * LARGEST, power);
        if !drift.is_finite() {
            return Err(Unsolvable::Power(wanted));
        }
        found.drift = drift;
        Ok(found)
    }
}

fn next(looks: &[f64], k: usize) -> f64 {
    looks.get(k + 1).copied().unwrap_or(2.0 * looks[k])
}

/// z with P(going on to t, Z > z) = wanted; infinite where that is no probability to speak of.
pub(super) fn solve_above(walk: &Walk, t: f64, wanted: f64) -> f64 {
    if wanted <= 1e-16 {
        return f64::INFINITY;
    }
    // on the scale of normal scores the probability is nearly a line of slope −1
    let target = normal_quantile(wanted);
    let distance = |z: f64| target - normal_quantile(walk.above(t, z));
    let (mut at, mut slope) = (-target, 1.0);
    let mut value = distance(at);
    for _ in 0..STEPS {
        let next = at - value / slope;
        // the step after one this small is below rounding; also where it is not a number
        if !next.is_finite() || (next - at).abs() < 1e-8 {
            break;
        }
        let found = distance(next);
        slope = (found - value) / (next - at);
        (at, value) = (next, found);
        if slope.is_nan() || slope < 0.1 {
            break;
        }
    }
    let next = at - value / slope;
    if slope >= 0.1 && (next - at).abs() < 1e-8 {
        return next;
    }
    let z = root::zero(-LARGEST, LARGEST, |z| (walk.above(t, z) / wanted).ln());
    if z.is_nan() { f64::NEG_INFINITY } else { z }
}

pub(super) fn solve_below(walk: &Walk, t: f64, wanted: f64) -> f64 {
    let z = root::zero(-LARGEST, 2.0 * LARGEST, |z| (walk.below(t, z).max(1e-300) / wanted).ln());
    if z.is_nan() { f64::INFINITY } else { z }
}

impl Boundary {
    /// Probabilities of stopping at a drift.
    #[must_use]
    pub fn crossing(&self, theta: f64) -> Crossing {
        let mut walk = Walk::new(theta);
        let mut found = Crossing { upper: Vec::new(), lower: Vec::new() };
        for (k, &t) in self.looks.iter().enumerate() {
            found.upper.push(walk.above(t, self.upper[k]));
            found.lower.push(if self.lower[k] == f64::NEG_INFINITY { 0.0 } else { walk.below(t, self.lower[k]) });
            if k + 1 < self.looks.len() {
                walk.go_on(t, self.lower[k], self.upper[k], next(&self.looks, k));
            }
        }
        found
    }

    /// The bounds for rejection alone.
    #[must_use]
    pub fn without_futility(&self) -> Self {
        Self { lower: vec![f64::NEG_INFINITY; self.lower.len()], ..self.clone() }
    }

    /// Power in favour at a drift.
    #[must_use]
    pub fn power(&self, theta: f64) -> f64 {
        self.crossing(theta).upper.iter().sum()
    }

    /// Mean share of the information at which the trial stops.
    #[must_use]
    pub fn expected_information(&self, theta: f64) -> f64 {
        let crossing = self.crossing(theta);
        let mut left = 1.0;
        let mut mean = 0.0;
        for (k, &t) in self.looks.iter().enumerate() {
            let stops = if k + 1 < self.looks.len() { crossing.upper[k] + crossing.lower[k] } else { left };
            mean += t * stops;
            left -= stops;
        }
        mean
    }

    /// Information at the last look as a multiple of that of the fixed test of the same level and power.
    #[must_use]
    pub fn inflation(&self, alpha: f64, beta: f64) -> f64 {
        let fixed = normal_quantile(1.0 - alpha / f64::from(self.sides)) + normal_quantile(1.0 - beta);
        (self.drift / fixed).powi(2)
    }

    /// Nominal one-sided p-values of the upper bounds.
    #[must_use]
    pub fn nominal(&self) -> Vec<f64> {
        self.upper.iter().map(|&z| normal_tail(z)).collect()
    }
}
