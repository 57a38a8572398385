//! Score tests of a difference or a ratio of proportions, and the intervals that invert them.

pub mod farrington_manning;
pub mod miettinen_nurminen;
pub(crate) mod restricted;

use crate::analysis::r;
use crate::analysis::table::{Table, count_strata, tables};
use crate::analysis::wald::{assemble, critical_value};
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::root::zero;
use crate::math::tail::normal_upper_tail;

/// How strata are weighted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weights {
    /// Mantel and Haenszel's n₁n₀/n.
    MantelHaenszel,
    /// Miettinen and Nurminen's.
    MiettinenNurminen,
}

/// Iterations of Miettinen and Nurminen's weights: each depends on the others through the mean proportions.
const ITERATIONS: usize = 100;

/// T(θ) = Σ wₖ(p₁ₖ − p₀ₖ − θ) / √(Σ wₖ²Vₖ(θ)) for a difference θ, Vₖ = (p̃₁q̃₁/n₁ + p̃₀q̃₀/n₀)·nₖ/(nₖ − 1) with p̃ of the greatest
/// likelihood under θ; for a ratio φ, p₁ₖ − φp₀ₖ and p̃₁q̃₁/n₁ + φ²p̃₀q̃₀/n₀ in their places, and ln φ for θ. Without strata there is one.
/// Strata in which an arm has no patient say nothing and are left out.
///
/// z is T at the null value, the estimate the root of T, the limits are where T = ±z₁₋ₜₐᵢₗ, the standard error that of T at the estimate.
#[derive(Clone, Copy, Debug)]
struct ScoreTest {
    /// The factor n/(n − 1).
    unbiased: bool,
    ratio: bool,
    weights: Weights,
    stratified: bool,
}

/// Responders and patients (control, experimental) of a stratum with both arms.
fn informative(counts: &[u32]) -> impl Iterator<Item = ([f64; 2], [f64; 2])> + Clone {
    tables(counts).filter(|t| t.n[0] > 0 && t.n[1] > 0).map(|t: Table| (t.events.map(f64::from), t.n.map(f64::from)))
}

/// The weight of a stratum, 1/(s₁/n₁ + s₀/n₀) with shares s of the arms.
fn weight(shares: [f64; 2], n: [f64; 2]) -> f64 {
    1.0 / (shares[1] / n[1] + shares[0] / n[0])
}

/// Numerator and variance of T, Σw and Σwp₀.
struct Sums {
    numerator: f64,
    variance: f64,
    weight: f64,
    control: f64,
}

impl ScoreTest {
    fn restricted(&self, x: [f64; 2], n: [f64; 2], value: f64) -> [f64; 2] {
        if self.ratio { restricted::by_ratio(x, n, value) } else { restricted::by_difference(x, n, value) }
    }

    /// The factor of the control's proportion: 1 for a difference.
    fn factor(&self, value: f64) -> f64 {
        if self.ratio { value } else { 1.0 }
    }

    /// Shares of the arms (control, experimental) in the variances of a patient's response, which Miettinen and Nurminen's weights need;
    /// `value` is the difference or the ratio.
    fn shares(&self, counts: &[u32], value: f64) -> [f64; 2] {
        let mut shares = [0.5; 2];
        for _ in 0..ITERATIONS {
            let mut sums = [0.0; 4];
            for (x, n) in informative(counts) {
                let [p0, p1] = self.restricted(x, n, value);
                let w = weight(shares, n);
                // complements for themselves: a mean of ones is 1 to rounding only
                for (sum, p) in sums.iter_mut().zip([p0, 1.0 - p0, p1, 1.0 - p1]) {
                    *sum += w * p;
                }
            }
            let [p0, q0, p1, q1] = sums;
            let [control, experimental] = if self.ratio { [value * q0, q1] } else { [p0 * q0, p1 * q1] };
            let next = experimental / (control + experimental);
            // neither arm varies
            if !next.is_finite() {
                return [0.5; 2];
            }
            let moved = (next - shares[1]).abs();
            shares = [control / (control + experimental), next];
            if moved <= 2.0 * f64::EPSILON {
                break;
            }
        }
        shares
    }

    fn sums(&self, counts: &[u32], value: f64) -> Sums {
        let strata = informative(counts).take(2).count();
        let shares = match self.weights {
            Weights::MiettinenNurminen if strata > 1 => self.shares(counts, value),
            _ => [0.5; 2],
        };
        let factor = self.factor(value);
        let mut sums = Sums { numerator: 0.0, variance: 0.0, weight: 0.0, control: 0.0 };
        for (x, n) in informative(counts) {
            let w = if strata > 1 { weight(shares, n) } else { 1.0 };
            let [p0, p1] = self.restricted(x, n, value);
            let unbiased = if self.unbiased { (n[0] + n[1]) / (n[0] + n[1] - 1.0) } else { 1.0 };
            let variance = p1 * (1.0 - p1) / n[1] + factor * factor * p0 * (1.0 - p0) / n[0];
            let distance =
                if self.ratio { x[1] / n[1] - value * x[0] / n[0] } else { x[1] / n[1] - x[0] / n[0] - value };
            sums.numerator += w * distance;
            sums.variance += w * w * variance * unbiased;
            sums.weight += w;
            sums.control += w * x[0] / n[0];
        }
        sums
    }

    /// T, falling in its argument: a difference, or the logarithm of a ratio.
    fn statistic(&self, counts: &[u32], theta: f64) -> f64 {
        let value = if self.ratio { theta.exp() } else { theta };
        let sums = self.sums(counts, value);
        // at the estimate of arms that do not vary only rounding is left
        let rounding = 16.0 * f64::EPSILON * sums.weight * self.factor(value).max(1.0);
        if sums.numerator == 0.0 || (sums.variance == 0.0 && sums.numerator.abs() <= rounding) {
            return 0.0;
        }
        sums.numerator / sums.variance.sqrt()
    }

    /// θ with T(θ) = `level` between two points; the end where T stays on one side of it.
    fn solve(&self, counts: &[u32], level: f64, [low, high]: [f64; 2]) -> f64 {
        let beyond = |theta: f64| self.statistic(counts, theta) - level;
        if beyond(low) <= 0.0 {
            return low;
        }
        if beyond(high) >= 0.0 {
            return high;
        }
        zero(low, high, beyond)
    }

    /// The range in which θ is sought.
    fn range(&self) -> [f64; 2] {
        // ratios of 10^130 say what infinity says, and their squares are still numbers
        if self.ratio { [-300.0, 300.0] } else { [-1.0, 1.0] }
    }

    /// The root of T: closed where the weights do not depend on it.
    fn estimate(&self, counts: &[u32]) -> f64 {
        let mut sums = [0.0; 3];
        for (x, n) in informative(counts) {
            let w = n[0] * n[1] / (n[0] + n[1]);
            for (sum, term) in sums.iter_mut().zip([w * x[0] / n[0], w * x[1] / n[1], w]) {
                *sum += term;
            }
        }
        let [control, experimental, weight] = sums;
        let closed = self.weights == Weights::MantelHaenszel || informative(counts).take(2).count() < 2;
        match (self.ratio, closed) {
            (true, _) if control == 0.0 => f64::INFINITY,
            (true, _) if experimental == 0.0 => f64::NEG_INFINITY,
            (true, true) => (experimental / control).ln(),
            (false, true) => (experimental - control) / weight,
            (_, false) => self.solve(counts, 0.0, self.range()),
        }
    }

    /// Estimate, standard error, limits and the statistic at the null value.
    fn fit(&self, counts: &[u32], rule: &Rule) -> Result<(f64, f64, [f64; 2], f64), Status> {
        if informative(counts).next().is_none() {
            return Err(Status::EmptyArm);
        }
        if self.ratio && informative(counts).all(|(x, _)| x == [0.0; 2]) {
            return Err(Status::NoVariation);
        }
        let [low, high] = self.range();
        let estimate = self.estimate(counts);
        let inside = estimate.clamp(low, high);
        let critical = critical_value(rule.tail());
        let limits = [self.solve(counts, critical, [low, inside]), self.solve(counts, -critical, [inside, high])];
        let open = |x: f64| if self.ratio && x.abs() >= high { x * f64::INFINITY } else { x };
        let at = self.sums(counts, if self.ratio { inside.exp() } else { inside });
        let slope = if self.ratio { inside.exp() * at.control } else { at.weight };
        let se = if estimate.is_finite() { at.variance.sqrt() / slope } else { f64::INFINITY };
        Ok((estimate, se, limits.map(open), self.statistic(counts, rule.null)))
    }
}

impl Analysis for ScoreTest {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        if self.ratio { Scale::LogRatio } else { Scale::Difference }
    }

    fn stratifies(&self) -> Adjusts {
        if self.stratified { Adjusts::Optionally } else { Adjusts::Never }
    }

    fn parts(&self) -> &'static [&'static str] {
        &["control", "experimental"]
    }

    fn target(&self) -> Target {
        if self.ratio { Target::LogRisk } else { Target::Mean }
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        if self.stratified && call.stratified || self.ratio {
            return None;
        }
        r::code(
            &[],
            &[
                "t <- binomial_table(d)",
                "# variance at the proportions of greatest likelihood that differ by delta",
                "variance <- function(delta) {",
                "  slope <- function(p0) sum(t$x / c(p0, p0 + delta) - (t$n - t$x) / (1 - c(p0, p0 + delta)))",
                "  p0 <- uniroot(slope, c(max(0, -delta) + 1e-12, min(1, 1 - delta) - 1e-12), tol = 1e-15, maxiter = 10000)$root",
                if self.unbiased {
                    "  sum(c(p0, p0 + delta) * (1 - c(p0, p0 + delta)) / t$n) * sum(t$n) / (sum(t$n) - 1)"
                } else {
                    "  sum(c(p0, p0 + delta) * (1 - c(p0, p0 + delta)) / t$n)"
                },
                "}",
                "estimate <- t$p[2] - t$p[1]",
                "tested(better * (estimate - null) / sqrt(variance(null)), estimate, sqrt(variance(estimate)))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let Response::Binary(y) = data.response else {
            return Estimate::failed(Status::NoVariation, data.arm.len());
        };
        count_strata(data, y, &mut scratch.counts);
        let all = Table::count(data.arm, y);
        let n = (all.n[0] + all.n[1]) as usize;
        let events = (all.events[0] + all.events[1]) as usize;
        let (estimate, se, limits, statistic) = match self.fit(&scratch.counts, rule) {
            Ok(fit) => fit,
            Err(status) => return Estimate::failed(status, n).counted(n, events),
        };
        let z = rule.better.sign() * statistic;
        let p = normal_upper_tail(z);
        let mut out = if estimate.is_finite() && limits.iter().all(|x| x.is_finite()) {
            assemble(estimate, se, limits, z, p)
        } else {
            let checked = assemble(0.0, 0.0, [0.0; 2], z, p);
            Estimate { estimate, se, lower: limits[0], upper: limits[1], ..checked }
        };
        if out.status != Status::Estimated {
            return Estimate::failed(out.status, n).counted(n, events);
        }
        out.parts[..2].copy_from_slice(&[0, 1].map(|arm| f64::from(all.events[arm]) / f64::from(all.n[arm])));
        out.counted(n, events)
    }
}
