//! Families of distributions on the integers with one parameter: P(K = k) ∝ c(k)·θᵏ.

use crate::math::root::zero;

/// Beyond these logarithms of θ nothing is told from 0 and infinity.
const FARTHEST: f64 = 700.0;

/// Probabilities as likely as the observed one, to this relative difference, count as no more likely.
const TIE: f64 = 1.0 + 1e-7;

/// The smallest probability that is added, as a share of the observed one.
const NEGLIGIBLE: f64 = 1e-22;

/// Which coefficients the members of a family have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Family {
    /// The binomial distribution of n trials; θ is the odds.
    Binomial {
        /// n.
        trials: f64,
    },
    /// Fisher's noncentral hypergeometric distribution of the responders of the first of two arms, given those of both; θ is the odds ratio.
    Hypergeometric {
        /// Patients of the first and the second arm.
        patients: [f64; 2],
        /// Responders of both.
        responders: f64,
    },
}

/// What a member of a family says of an observation x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tails {
    /// P(K < x).
    pub below: f64,
    /// P(K = x).
    pub at: f64,
    /// P(K > x).
    pub above: f64,
    /// P(P(K) ≤ P(x)): the probability of what is no more likely than x.
    pub no_more_likely: f64,
    /// The mean of K.
    pub mean: f64,
    /// The variance of K.
    pub variance: f64,
}

impl Family {
    /// The least and the greatest value of K.
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        match *self {
            Family::Binomial { trials } => [0.0, trials],
            Family::Hypergeometric { patients: [first, second], responders } => {
                [(responders - second).max(0.0), responders.min(first)]
            }
        }
    }

    /// c(k + 1) / c(k).
    fn ratio(&self, k: f64) -> f64 {
        match *self {
            Family::Binomial { trials } => (trials - k) / (k + 1.0),
            Family::Hypergeometric { patients: [first, second], responders } => {
                (first - k) / (k + 1.0) * ((responders - k) / (second - responders + k + 1.0))
            }
        }
    }

    /// The most likely value: the first from which on probabilities do not rise.
    fn mode(&self, theta: f64) -> f64 {
        let [mut low, mut high] = self.range();
        while low < high {
            let middle = (0.5 * (low + high)).floor();
            if self.ratio(middle) * theta > 1.0 { low = middle + 1.0 } else { high = middle }
        }
        low
    }

    /// The probabilities around x for a finite positive θ.
    ///
    /// `Numerics`: probabilities are products of ratios from the mode outwards, so every tail has full relative precision, as far as
    /// 1e-300.
    #[must_use]
    pub fn tails(&self, x: f64, theta: f64) -> Tails {
        let [low, high] = self.range();
        let mode = self.mode(theta);
        let at = self.relative(x, mode, theta);
        let mut tails = Tails { below: 0.0, at, above: 0.0, no_more_likely: 0.0, mean: 0.0, variance: 0.0 };
        let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
        let mut add = |k: f64, term: f64| {
            total += term;
            first += term * (k - mode);
            second += term * (k - mode) * (k - mode);
            if k < x {
                tails.below += term;
            } else if k > x {
                tails.above += term;
            }
            if term <= at * TIE {
                tails.no_more_likely += term;
            }
        };
        add(mode, 1.0);
        // what is left beyond x and below this changes no digit of any sum
        let least = NEGLIGIBLE * at;
        let (mut k, mut term) = (mode, 1.0);
        while k < high && term > 0.0 && (k <= x || term > least) {
            term *= self.ratio(k) * theta;
            k += 1.0;
            add(k, term);
        }
        (k, term) = (mode, 1.0);
        while k > low && term > 0.0 && (k >= x || term > least) {
            k -= 1.0;
            term /= self.ratio(k) * theta;
            add(k, term);
        }
        let centre = first / total;
        Tails {
            below: tails.below / total,
            at: at / total,
            above: tails.above / total,
            no_more_likely: (tails.no_more_likely / total).min(1.0),
            mean: mode + centre,
            variance: (second / total - centre * centre).max(0.0),
        }
    }

    /// P(K = x) / P(K = mode).
    fn relative(&self, x: f64, mode: f64, theta: f64) -> f64 {
        let (mut k, mut term) = (mode, 1.0);
        while k < x && term > 0.0 {
            term *= self.ratio(k) * theta;
            k += 1.0;
        }
        while k > x && term > 0.0 {
            k -= 1.0;
            term /= self.ratio(k) * theta;
        }
        term
    }

    /// ln θ of the greatest likelihood, where the mean is x; infinite at the ends of the range.
    #[must_use]
    pub fn maximum(&self, x: f64) -> f64 {
        let [low, high] = self.range();
        if x <= low {
            return f64::NEG_INFINITY;
        }
        if x >= high {
            return f64::INFINITY;
        }
        if let Family::Binomial { trials } = *self {
            return (x / (trials - x)).ln();
        }
        self.solve(|tails| x - tails.mean, x)
    }

    /// ln θ at which P(K ≥ x) = `tail`, less `share` of P(K = x): the lower limit; −∞ at the lower end of the range.
    #[must_use]
    pub fn lower(&self, x: f64, tail: f64, share: f64) -> f64 {
        if x <= self.range()[0] {
            return f64::NEG_INFINITY;
        }
        self.solve(|t| (tail / (t.above + (1.0 - share) * t.at)).ln(), x)
    }

    /// ln θ at which P(K ≤ x) = `tail`, less `share` of P(K = x): the upper limit; ∞ at the upper end of the range.
    #[must_use]
    pub fn upper(&self, x: f64, tail: f64, share: f64) -> f64 {
        if x >= self.range()[1] {
            return f64::INFINITY;
        }
        self.solve(|t| ((t.below + (1.0 - share) * t.at) / tail).ln(), x)
    }

    /// ln θ where a function of the tails, falling in θ, is 0.
    fn solve(&self, f: impl Fn(Tails) -> f64, x: f64) -> f64 {
        let value = |log: f64| f(self.tails(x, log.exp()));
        let (mut low, mut high) = (-1.0, 1.0);
        while value(low) < 0.0 && low > -FARTHEST {
            low *= 2.0;
        }
        while value(high) > 0.0 && high < FARTHEST {
            high *= 2.0;
        }
        zero(low.max(-FARTHEST), high.min(FARTHEST), value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-13 * b.abs(), "{a:e} {b:e}");
    }

    #[test]
    fn by_hand_binomial() {
        let family = Family::Binomial { trials: 4.0 };
        let t = family.tails(3.0, 1.0);
        close(t.below, 11.0 / 16.0);
        close(t.at, 4.0 / 16.0);
        close(t.above, 1.0 / 16.0);
        close(t.no_more_likely, 10.0 / 16.0);
        close(t.mean, 2.0);
        close(t.variance, 1.0);
        // all of four: p⁴ = .025
        let p = 0.025_f64.powf(0.25);
        close(family.lower(4.0, 0.025, 0.0), (p / (1.0 - p)).ln());
        assert_eq!(family.upper(4.0, 0.025, 0.0), f64::INFINITY);
        // half of the one probability: p⁴ = .05
        let p = 0.05_f64.powf(0.25);
        close(family.lower(4.0, 0.025, 0.5), (p / (1.0 - p)).ln());
        // 2⁻¹⁰⁰⁰ is told from 0
        close(Family::Binomial { trials: 1000.0 }.tails(1000.0, 1.0).at, 2.0_f64.powi(-1000));
    }

    #[test]
    fn by_hand_hypergeometric() {
        // Fisher's lady: 3 of 4 cups of tea
        let family = Family::Hypergeometric { patients: [4.0, 4.0], responders: 4.0 };
        let t = family.tails(3.0, 1.0);
        close(t.at, 16.0 / 70.0);
        close(t.above, 1.0 / 70.0);
        close(t.no_more_likely, 34.0 / 70.0);
        close(t.mean, 2.0);
        close(t.variance, 4.0 / 7.0);
        // weights 1, 16, 36, 16, 1: θ² = 2
        let t = family.tails(1.0, 2.0);
        close(t.at, 32.0 / (1.0 + 32.0 + 144.0 + 128.0 + 16.0));
        close(family.tails(3.0, family.maximum(3.0).exp()).mean, 3.0);
        assert_eq!(family.maximum(4.0), f64::INFINITY);
        assert_eq!(family.maximum(0.0), f64::NEG_INFINITY);
    }

    #[test]
    fn twin_a_large_second_arm_is_binomial() {
        let (binomial, other) = (Family::Binomial { trials: 30.0 }, 1e13);
        // responders as likely as not in the second arm
        let family = Family::Hypergeometric { patients: [30.0, other], responders: 0.5 * other };
        for x in [0.0, 7.0, 15.0, 30.0] {
            let (a, b) = (family.tails(x, 0.7), binomial.tails(x, 0.7));
            for (a, b) in [(a.below, b.below), (a.at, b.at), (a.above, b.above), (a.variance, b.variance)] {
                assert!((a - b).abs() <= 1e-9 * b, "{a} {b}");
            }
        }
    }
}
