//! The Wilcoxon–Mann–Whitney test and its probability.

use crate::analysis::r;
use crate::analysis::ranks::{self, Reference, key};
use crate::analysis::table::{Table, count_categories};
use crate::analysis::wald::{assemble, critical_value, oriented};
use crate::analysis::{Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::{PairScale, Target};
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `wilcoxon`.
pub const FORM: Form = Form {
    name: "wilcoxon",
    summary: "Wilcoxon–Mann–Whitney test; the estimate is P(X > Y) + ½P(X = Y), X experimental, Y control",
    keys: &[ranks::P, ranks::CONTINUITY],
    example: "{ p = \"exact\" }",
};

/// θ = P(X > Y) + ½P(X = Y) for X experimental and Y control: the Mann–Whitney statistic U over n₁n₀; no effect is ½.
///
/// The standard error is that of the placements (the share of the other arm that a patient exceeds, ties counting half):
/// √(S₁²/n₁ + S₀²/n₀) with S² their sample variances; limits θ ∓ z₁₋ₜₐᵢₗ · se, cut to \[0, 1\].
///
/// z is U's distance from n₁n₀/2 over its standard deviation under equal distributions, with the correction for ties:
/// n₁n₀/12 · (n + 1 − Σ(t³ − t)/(n(n − 1))), as R's `wilcox.test(exact = FALSE, correct = FALSE)`. Where the null value is
/// not ½ the arms differ under the null hypothesis, and z = (θ − null)/se.
///
/// With `continuity` U moves by ½ towards n₁n₀/2 for p (not for z). With `p = "exact"` p is that of all permutations of the
/// observed values, ties included; two-sided, that of a rank sum as far from its mean. It is the normal one where the null value is
/// not ½, beyond 1000 patients or 200 in the smaller arm, and with ties beyond about m²M = 8 million for arms of m ≤ M: part `exact`
/// is 1 where it was found.
///
/// `Source`: Mann, Whitney (1947), Ann Math Stat 18:50; DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44:837, eqs 4–6;
/// Streitberg, Röhmel (1986), Statistical Software Newsletter 12:10.
#[derive(Clone, Copy, Debug)]
struct Wilcoxon {
    reference: Reference,
}

/// Builds the method from its keys.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Wilcoxon { reference: Reference::read(values) }))
}

/// Sums over groups of equal values, taken in ascending order. Placements are counted double and so stay whole: the sums
/// do not depend on the order of rows.
struct Placements {
    /// Patients of each arm: control, experimental.
    n: [u64; 2],
    below: [u64; 2],
    /// Σ and Σ² of twice the number of patients of the other arm that are exceeded.
    sum: [u128; 2],
    squares: [u128; 2],
    /// Σ(t³ − t) over groups of t equal values.
    ties: f64,
}

impl Placements {
    fn new(n: [u64; 2]) -> Self {
        Self { n, below: [0; 2], sum: [0; 2], squares: [0; 2], ties: 0.0 }
    }

    /// The next group: `equal` patients of each arm.
    #[inline]
    fn group(&mut self, equal: [u64; 2]) {
        for arm in 0..2 {
            let exceeded = u128::from(2 * self.below[1 - arm] + equal[1 - arm]);
            let weighted = u128::from(equal[arm]) * exceeded;
            self.sum[arm] += weighted;
            self.squares[arm] += weighted * exceeded;
        }
        let t = (equal[0] + equal[1]) as f64;
        self.ties += t * (t * t - 1.0);
        self.below[0] += equal[0];
        self.below[1] += equal[1];
    }

    /// Variance of the mean placement of one arm.
    fn variance(&self, arm: usize) -> f64 {
        let n = u128::from(self.n[arm]);
        let squares = (n * self.squares[arm]).saturating_sub(self.sum[arm] * self.sum[arm]);
        let (n, other) = (n as f64, self.n[1 - arm] as f64);
        squares as f64 / (4.0 * n * n * (n - 1.0) * other * other)
    }

    /// Variance of U where the distributions are equal.
    fn null_variance(&self) -> f64 {
        let [n0, n1] = self.n.map(|n| n as f64);
        let n = n0 + n1;
        n0 * n1 / 12.0 * (n + 1.0 - self.ties / (n * (n - 1.0)))
    }

    fn estimate(&self, rule: &Rule) -> Estimate {
        let total = self.n[0] + self.n[1];
        let [n0, n1] = self.n.map(|n| n as f64);
        let n = n0 + n1;
        let pairs = n0 * n1;
        let estimate = self.sum[1] as f64 / (2.0 * pairs);
        let null_variance = self.null_variance();
        if self.ties >= n * (n * n - 1.0) {
            return Estimate::failed(Status::NoVariation, total as usize);
        }
        let se = (self.variance(0) + self.variance(1)).sqrt();
        let z = if rule.null == 0.5 {
            // U − n₁n₀/2 from whole numbers: exactly 0 where the arms balance
            let distance = 0.5 * (self.sum[1] as f64 - pairs);
            rule.better.sign() * distance / null_variance.sqrt()
        } else {
            oriented(estimate, se, rule)
        };
        let half = critical_value(rule.tail()) * se;
        let limits = [(estimate - half).max(0.0), (estimate + half).min(1.0)];
        assemble(estimate, se, limits, z, normal_upper_tail(z))
    }
}

/// Length of the run of equal keys with which `keys` begins.
#[inline]
fn run(keys: &[u64], value: u64) -> usize {
    keys.iter().take_while(|k| **k == value).count()
}

fn by_score(arm: &[u8], value: &[f64], n: [u64; 2], scratch: &mut Scratch) -> Option<Placements> {
    if value.iter().any(|v| v.is_nan()) {
        return None;
    }
    let keys = &mut scratch.keys;
    keys.clear();
    keys.resize(arm.len(), 0);
    let (control, treated) = keys.split_at_mut(n[0] as usize);
    let (mut i, mut j) = (0, 0);
    for (a, v) in arm.iter().zip(value) {
        if *a == 0 {
            control[i] = key(*v);
            i += 1;
        } else {
            treated[j] = key(*v);
            j += 1;
        }
    }
    control.sort_unstable();
    treated.sort_unstable();
    let (mut control, mut treated) = (&control[..], &treated[..]);
    let mut placements = Placements::new(n);
    loop {
        let value = match (control.first(), treated.first()) {
            (Some(a), Some(b)) => *a.min(b),
            (Some(a), None) | (None, Some(a)) => *a,
            (None, None) => return Some(placements),
        };
        let equal = [run(control, value), run(treated, value)];
        control = &control[equal[0]..];
        treated = &treated[equal[1]..];
        placements.group(equal.map(|e| e as u64));
    }
}

impl Analysis for Wilcoxon {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Score, ResponseKind::Ordinal, ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::Probability
    }

    fn parts(&self) -> &'static [&'static str] {
        match self.reference {
            Reference::Exact => &["exact"],
            _ => &[],
        }
    }

    fn target(&self) -> Target {
        Target::Pairs(PairScale::Probability)
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        if self.reference == Reference::Exact {
            return None;
        }
        let p = if self.reference == Reference::Corrected {
            "moved <- sign(U - n1 * n0 / 2) * max(abs(U - n1 * n0 / 2) - 0.5, 0); p <- pnorm(better * moved / sigma, lower.tail = FALSE)"
        } else {
            "p <- pnorm(z, lower.tail = FALSE)"
        };
        r::code(
            &[],
            &[
                "x <- d$y[d$arm == 1]; y <- d$y[d$arm == 0]; n1 <- as.numeric(length(x)); n0 <- as.numeric(length(y))",
                "U <- unname(wilcox.test(x, y, exact = FALSE)$statistic)",
                "placements <- function(x, y) vapply(x, function(x) mean((x > y) + 0.5 * (x == y)), 0)",
                "se <- sqrt(var(placements(x, y)) / n1 + var(placements(y, x)) / n0)",
                "t <- as.numeric(table(d$y)); n <- n1 + n0",
                "sigma <- sqrt(n1 * n0 / 12 * (n + 1 - sum(t^3 - t) / (n * (n - 1))))",
                "if (null != 0.5) return(wald(U / (n1 * n0), se, null, better))",
                "z <- better * (U - n1 * n0 / 2) / sigma",
                p,
                "c(estimate = U / (n1 * n0), se = se, z = z, p = p)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let treated = data.arm.iter().filter(|a| **a != 0).count();
        let n = [(rows - treated) as u64, treated as u64];
        if n[0] == 0 || n[1] == 0 {
            return Estimate::failed(Status::EmptyArm, rows);
        }
        if n[0] < 2 || n[1] < 2 {
            return Estimate::failed(Status::TooFew, rows);
        }
        let (placements, events) = match data.response {
            Response::Binary(y) => {
                let table = Table::count(data.arm, y);
                let [e0, e1] = table.events.map(u64::from);
                let mut placements = Placements::new(n);
                placements.group([n[0] - e0, n[1] - e1]);
                placements.group([e0, e1]);
                (Some(placements), (e0 + e1) as usize)
            }
            Response::Ordinal { code, levels } => {
                count_categories(data.arm, code, usize::from(levels), &mut scratch.counts);
                let mut placements = Placements::new(n);
                let mut lowest = 0;
                for (category, cell) in scratch.counts.chunks_exact(2).enumerate() {
                    placements.group([u64::from(cell[0]), u64::from(cell[1])]);
                    if category == 0 {
                        lowest = (cell[0] + cell[1]) as usize;
                    }
                }
                (Some(placements), rows - lowest)
            }
            Response::Score(value) => (by_score(data.arm, value, n, scratch), 0),
            _ => (None, 0),
        };
        match placements {
            Some(placements) => {
                let answer = placements.estimate(rule);
                if self.reference == Reference::Normal || answer.status != Status::Estimated || rule.null != 0.5 {
                    answer
                } else {
                    self.refer(answer, &placements, data, rule, scratch)
                }
            }
            None => Estimate::failed(Status::Singular, rows),
        }
        .counted(rows, events)
    }
}

impl Wilcoxon {
    /// The same with p from another distribution.
    fn refer(
        &self,
        mut answer: Estimate,
        placements: &Placements,
        data: &Dataset<'_>,
        rule: &Rule,
        scratch: &mut Scratch,
    ) -> Estimate {
        let tails = if self.reference == Reference::Exact {
            let Scratch { keys, order: groups, counts, real: [table, ..], .. } = scratch;
            groups.clear();
            match data.response {
                Response::Binary(y) => {
                    let events = y.iter().map(|y| u32::from(*y != 0)).sum::<u32>();
                    groups.extend([y.len() as u32 - events, events]);
                }
                Response::Ordinal { .. } => groups.extend(counts.chunks_exact(2).map(|cell| cell[0] + cell[1])),
                _ => {
                    keys.sort_unstable();
                    groups.extend(keys.chunk_by(|a, b| a == b).map(|group| group.len() as u32));
                }
            }
            let n = placements.n.map(|n| n as usize);
            // 2U and twice the least sum of ranks
            let observed = placements.sum[1] as u64 + placements.n[1] * (placements.n[1] + 1);
            ranks::exact::rank_sum(groups, n, observed, table, keys).map(|[lower, upper, both]| [upper, lower, both])
        } else {
            let pairs = placements.n[0] as f64 * placements.n[1] as f64;
            let distance = 0.5 * (placements.sum[1] as f64 - pairs);
            Some(ranks::corrected(distance, placements.null_variance().sqrt()))
        };
        let Some([higher, lower, both]) = tails else { return answer };
        let [favour, against] = if rule.better == Better::Higher { [higher, lower] } else { [lower, higher] };
        answer.p = favour;
        answer.others = Some([against, both]);
        answer.parts[0] = f64::from(u8::from(self.reference == Reference::Exact));
        answer
    }
}
