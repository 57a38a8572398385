//! Proportions of two arms by maximum likelihood where their difference, or their ratio, is given.

use std::f64::consts::PI;

/// Most Newton steps: from the closed form one or two are enough, bisection would need 60.
const STEPS: usize = 80;

/// (p₀, p₁) with p₁ − p₀ = `difference` of the greatest likelihood, for x responders among n in the control and the experimental arm.
///
/// `Numerics`: the closed form of the cubic equation, then Newton's method on the score, kept in a bracket: where two roots of the cubic
/// meet, the closed form has half the digits.
///
/// `Source`: Miettinen, Nurminen (1985), Statistics in Medicine 4:213, appendix I.
pub(crate) fn by_difference(x: [f64; 2], n: [f64; 2], difference: f64) -> [f64; 2] {
    let (low, high) = ((-difference).max(0.0), (1.0 - difference).min(1.0));
    let (total, responders) = (n[0] + n[1], x[0] + x[1]);
    let scale = 3.0 * total;
    let square = ((n[1] + 2.0 * n[0]) * difference - total - responders) / scale;
    let linear = ((n[0] * difference - total - 2.0 * x[0]) * difference + responders) / scale;
    let constant = x[0] * difference * (1.0 - difference) / scale;
    let q = square * square * square - 1.5 * linear * square + 1.5 * constant;
    let p = (square * square - linear).max(0.0).sqrt().copysign(q);
    let cosine = (q / (p * p * p)).clamp(-1.0, 1.0);
    let start = 2.0 * p * ((PI + cosine.acos()) / 3.0).cos() - square;
    let groups =
        [(x[1], difference, 1.0), (n[1] - x[1], 1.0 - difference, -1.0), (x[0], 0.0, 1.0), (n[0] - x[0], 1.0, -1.0)];
    let control = polish(&groups, start, [low, high]);
    [control, (control + difference).clamp(0.0, 1.0)]
}

/// Counts of patients with the same probability; it, as constant + rate · p₀.
type Group = (f64, f64, f64);

/// The slope of the log likelihood in p₀, and its own.
fn score(groups: &[Group; 4], p: f64) -> [f64; 2] {
    let mut sums = [0.0; 2];
    for &(count, constant, rate) in groups {
        // nobody there: nothing, even where the probability is 0
        if count > 0.0 {
            // adding 0 makes it the positive one
            let probability = (constant + rate * p).max(0.0) + 0.0;
            let share = rate / probability;
            sums[0] += count * share;
            sums[1] -= count * share * share;
        }
    }
    sums
}

/// The zero of the score, which falls throughout, between `low` and `high`; the end at which the likelihood is greatest if there is none.
fn polish(groups: &[Group; 4], start: f64, [mut low, mut high]: [f64; 2]) -> f64 {
    if score(groups, low)[0] <= 0.0 {
        return low;
    }
    if score(groups, high)[0] >= 0.0 {
        return high;
    }
    let mut p = if start > low && start < high { start } else { 0.5 * (low + high) };
    for _ in 0..STEPS {
        let [slope, curvature] = score(groups, p);
        if slope > 0.0 {
            low = p;
        } else {
            high = p;
        }
        let next = p - slope / curvature;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        let moved = (next - p).abs();
        p = next;
        if moved <= 4.0 * f64::EPSILON * p {
            break;
        }
    }
    p
}

/// (p₀, p₁) with p₁ / p₀ = `ratio` of the greatest likelihood.
///
/// `Numerics`: as [`by_difference`], from the quadratic equation.
///
/// `Source`: Miettinen, Nurminen (1985), Statistics in Medicine 4:213, equation 12.
pub(super) fn by_ratio(x: [f64; 2], n: [f64; 2], ratio: f64) -> [f64; 2] {
    let responders = x[0] + x[1];
    let b = n[1] * ratio + x[1] + n[0] + x[0] * ratio;
    // where rounding leaves no root there is no start, which will do
    let root = (b * b - 4.0 * (n[0] + n[1]) * ratio * responders).sqrt();
    let groups = [(responders, 0.0, 1.0), (n[1] - x[1], 1.0, -ratio), (n[0] - x[0], 1.0, -1.0), (0.0, 0.0, 0.0)];
    let control = polish(&groups, 2.0 * responders / (b + root), [0.0, (1.0 / ratio).min(1.0)]);
    [control, (ratio * control).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The greatest likelihood by golden section.
    fn slow(x: [f64; 2], n: [f64; 2], low: f64, high: f64, other: impl Fn(f64) -> f64) -> f64 {
        let part = |k: f64, p: f64| if k == 0.0 { 0.0 } else { k * p.ln() };
        let value = |p: f64| {
            let q = other(p);
            part(x[0], p) + part(n[0] - x[0], 1.0 - p) + part(x[1], q) + part(n[1] - x[1], 1.0 - q)
        };
        let (mut a, mut b) = (low, high);
        for _ in 0..200 {
            let (c, d) = (b - 0.6180339887498949 * (b - a), a + 0.6180339887498949 * (b - a));
            if value(c) >= value(d) { b = d } else { a = c }
        }
        0.5 * (a + b)
    }

    #[test]
    fn twin_restricted_maxima_are_the_greatest_likelihood() {
        for n0 in [1.0, 3.0, 10.0] {
            for n1 in [1.0, 4.0, 7.0] {
                for (x0, x1) in (0..=n0 as i32).flat_map(|a| (0..=n1 as i32).map(move |b| (f64::from(a), f64::from(b))))
                {
                    let (x, n) = ([x0, x1], [n0, n1]);
                    for difference in [-0.9, -0.3, 0.0, 0.1, 0.5, 0.99] {
                        let [p, q] = by_difference(x, n, difference);
                        let (low, high) = (f64::max(0.0, -difference), f64::min(1.0, 1.0 - difference));
                        let other = slow(x, n, low, high, |p| (p + difference).clamp(0.0, 1.0));
                        assert!((p - other).abs() < 1e-6, "{x:?} {n:?} {difference}: {p} {other}");
                        assert!((q - p - difference).abs() < 1e-15);
                    }
                    for ratio in [0.2, 1.0, 1.5, 9.0] {
                        let [p, q] = by_ratio(x, n, ratio);
                        let other = slow(x, n, 0.0, f64::min(1.0, 1.0 / ratio), |p| (p * ratio).min(1.0));
                        assert!((p - other).abs() < 1e-6, "{x:?} {n:?} {ratio}: {p} {other}");
                        assert!((q - ratio * p).abs() < 1e-15);
                    }
                }
            }
        }
    }

    #[test]
    fn by_hand_equal_proportions_are_pooled() {
        let [p, q] = by_difference([3.0, 8.0], [10.0, 12.0], 0.0);
        assert!((p - 0.5).abs() < 5e-16 && p == q);
        assert!((by_ratio([3.0, 8.0], [10.0, 12.0], 1.0)[0] - 0.5).abs() < 5e-16);
        // nobody responds: all of the difference is in one arm
        assert_eq!(by_difference([0.0, 0.0], [10.0, 10.0], 0.25), [0.0, 0.25]);
        assert_eq!(by_difference([0.0, 0.0], [10.0, 10.0], -0.25), [0.25, 0.0]);
        assert_eq!(by_difference([10.0, 10.0], [10.0, 10.0], 0.25), [0.75, 1.0]);
    }
}
