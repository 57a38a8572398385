//! The Hodges–Lehmann shift.

use super::{CONTINUITY, Reference, corrected, exact, key, value_of};
use crate::analysis::r;
use crate::analysis::wald::{assemble, critical_value};
use crate::analysis::{Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

const INTERVAL: Key = Key {
    name: "interval",
    kind: Kind::Word(&["normal", "exact"]),
    required: false,
    doc: "Whether limits and p come from the normal distribution of the rank sum or from its exact one; default `normal`.",
};

/// Keys of `hodges-lehmann`.
pub const FORM: Form = Form {
    name: "hodges-lehmann",
    summary: "Shift between the arms: the median of all differences, experimental − control, with its rank-sum test and limits",
    keys: &[INTERVAL, CONTINUITY],
    example: "{ interval = \"exact\" }",
};

/// Δ, the median of the n₁n₀ differences D₍₁₎ ≤ D₍₂₎ ≤ … of an experimental and a control patient; limits D₍ₖ₎ and D₍ₙ₁ₙ₀₊₁₋ₖ₎; z and
/// p are those of the Wilcoxon test of the experimental values less the null value. The standard error is the width of the interval
/// over 2 z₁₋ₜₐᵢₗ.
///
/// `normal`: k = ⌊n₁n₀/2 − c − z₁₋ₜₐᵢₗ σ⌋ + 1, at least 1, where the standardised rank sum of the shifted values crosses z₁₋ₜₐᵢₗ, as in
/// R's `wilcox.test(exact = FALSE, conf.int = TRUE)`; σ² = n₁n₀/12 · (n + 1 − Σ(t³ − t)/(n(n − 1))) with the ties within arms, which
/// remain when one arm is shifted; c = ½ with `continuity`, else 0.
///
/// `exact`: k is the smallest u with P(U ≤ u) ≥ tail for arms of distinct values, at least 1; p as of `wilcoxon = { p = "exact" }`.
/// Beyond its sizes limits and p are the normal ones and part `exact` is 0.
///
/// `Numerics`: D₍ₖ₎ by bisection on the bits of a double, each step counting the differences below it in one pass over both sorted
/// arms: no table of pairs.
///
/// Source: Hodges, Lehmann (1963), Annals of Mathematical Statistics 34:598; Moses (1953); Bauer (1972), JASA 67:687.
#[derive(Clone, Copy, Debug)]
struct HodgesLehmann {
    reference: Reference,
}

/// Builds the method from its keys.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let reference = match (values.text("interval"), values.flag("continuity")) {
        (Some("exact"), _) => Reference::Exact,
        (_, Some(true)) => Reference::Corrected,
        _ => Reference::Normal,
    };
    Ok(Box::new(HodgesLehmann { reference }))
}

/// Number of differences x − y up to `limit`; both ascend.
fn count_up_to(x: &[f64], y: &[f64], limit: f64) -> u64 {
    // rounding is monotone: the differences of a later x begin to exceed the limit at a later y
    let (mut start, mut count) = (0, 0);
    for &x in x {
        while start < y.len() && x - y[start] > limit {
            start += 1;
        }
        count += (y.len() - start) as u64;
        if start == y.len() {
            break;
        }
    }
    count
}

/// The k-th smallest difference x − y, k = 1, 2, …; both ascend.
fn difference(x: &[f64], y: &[f64], k: u64) -> f64 {
    let (mut low, mut high) = (key(x[0] - y[y.len() - 1]), key(x[x.len() - 1] - y[0]));
    while low < high {
        let middle = low + (high - low) / 2;
        if count_up_to(x, y, value_of(middle)) >= k {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    value_of(low)
}

/// Σ(t³ − t) over runs of equal values.
fn ties(sorted: &[f64]) -> f64 {
    sorted.chunk_by(|a, b| a == b).map(|run| run.len() as f64).map(|t| t * (t * t - 1.0)).sum()
}

/// Twice U of the experimental values less `shift`, and the groups of equals.
fn rank_sum(x: &[f64], y: &[f64], shift: f64, groups: &mut Vec<u32>) -> u64 {
    groups.clear();
    let (mut i, mut j, mut twice_u) = (0, 0, 0);
    loop {
        let next = match (x.get(i), y.get(j)) {
            (Some(x), Some(y)) => (x - shift).min(*y),
            (Some(x), None) => x - shift,
            (None, Some(y)) => *y,
            (None, None) => return twice_u,
        };
        let equal_x = x[i..].iter().take_while(|x| **x - shift == next).count();
        let equal_y = y[j..].iter().take_while(|y| **y == next).count();
        twice_u += equal_x as u64 * (2 * j as u64 + equal_y as u64);
        groups.push((equal_x + equal_y) as u32);
        i += equal_x;
        j += equal_y;
    }
}

impl Analysis for HodgesLehmann {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Score]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        match self.reference {
            Reference::Exact => &["exact"],
            _ => &[],
        }
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        if self.reference != Reference::Normal {
            return None;
        }
        r::code(
            &[],
            &[
                "# the standard error is the width of the interval: see wilcox.test(conf.int = TRUE, exact = FALSE, correct = FALSE)",
                "x <- d$y[d$arm == 1] - null; y <- d$y[d$arm == 0]; n1 <- as.numeric(length(x)); n0 <- as.numeric(length(y))",
                "t <- as.numeric(table(c(x, y))); n <- n1 + n0",
                "sigma <- sqrt(n1 * n0 / 12 * (n + 1 - sum(t^3 - t) / (n * (n - 1))))",
                "U <- unname(wilcox.test(x, y, exact = FALSE)$statistic)",
                "tested(better * (U - n1 * n0 / 2) / sigma, median(outer(x, y, \"-\")) + null)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Score(value) = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        if !value.iter().all(|v| v.is_finite()) {
            return Estimate::failed(Status::Singular, rows);
        }
        let Scratch { real: [x, y, table, ..], order: groups, keys, .. } = scratch;
        for (arm, to) in [(1, &mut *x), (0, &mut *y)] {
            to.clear();
            // no −0: differences are found by their bits
            to.extend(value.iter().zip(data.arm).filter(|(_, a)| **a == arm).map(|(v, _)| v + 0.0));
            to.sort_unstable_by(f64::total_cmp);
        }
        if x.is_empty() || y.is_empty() {
            return Estimate::failed(Status::EmptyArm, rows);
        }
        let span = x[x.len() - 1] - y[0];
        if !(span.is_finite() && (x[0] - y[y.len() - 1]).is_finite()) {
            return Estimate::failed(Status::Singular, rows);
        }
        let [n1, n0] = [x.len() as f64, y.len() as f64];
        let n = n1 + n0;
        let pairs = x.len() as u64 * y.len() as u64;
        let middle = [pairs.div_ceil(2), pairs / 2 + 1].map(|k| difference(x, y, k));
        let estimate = if middle[0] == middle[1] { middle[0] } else { 0.5 * (middle[0] + middle[1]) };

        let half = 0.5 * n1 * n0;
        let variance = |ties: f64| n1 * n0 / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
        let critical = critical_value(rule.tail());
        let correction = if self.reference == Reference::Corrected { 0.5 } else { 0.0 };
        // both arms constant, each at its value: limits at the shift
        let sigma = variance(ties(x) + ties(y)).max(0.0).sqrt();
        let mut k = (half - correction - critical * sigma).floor().max(0.0) as u64 + 1;
        let mut is_exact = 0.0;
        let twice_u = rank_sum(x, y, rule.null, groups);
        let total_ties: f64 = groups.iter().map(|&t| f64::from(t)).map(|t| t * (t * t - 1.0)).sum();
        let distance = 0.5 * (twice_u as f64 - n1 * n0);
        if total_ties >= n * (n * n - 1.0) {
            return Estimate::failed(Status::NoVariation, rows);
        }
        let sd = variance(total_ties).sqrt();
        let z = rule.better.sign() * distance / sd;
        let mut tails = (self.reference == Reference::Corrected).then(|| corrected(distance, sd));
        if self.reference == Reference::Exact {
            let sizes = [y.len(), x.len()];
            let observed = twice_u + (x.len() * (x.len() + 1)) as u64;
            if let Some([lower, upper, both]) = exact::rank_sum(groups, sizes, observed, table, keys) {
                tails = Some([upper, lower, both]);
                k = exact::rank_sum_quantile(sizes, rule.tail(), table).max(1);
                is_exact = 1.0;
            }
        }
        let k = k.min(pairs.div_ceil(2));
        let limits = [k, pairs + 1 - k].map(|k| difference(x, y, k));
        let se = (limits[1] - limits[0]) / (2.0 * critical);
        let mut answer = assemble(estimate, se, limits, z, normal_upper_tail(z)).counted(rows, 0);
        if let (Some([higher, lower, both]), Status::Estimated) = (tails, answer.status) {
            let [favour, against] = if rule.better == Better::Higher { [higher, lower] } else { [lower, higher] };
            answer.p = favour;
            answer.others = Some([against, both]);
            answer.parts[0] = is_exact;
        }
        answer
    }
}
