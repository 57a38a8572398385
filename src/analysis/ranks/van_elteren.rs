//! Van Elteren's stratified rank-sum test.

use super::{key, values};
use crate::analysis::r;
use crate::analysis::wald::score_test;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `van-elteren`.
pub const FORM: Form = Form {
    name: "van-elteren",
    summary: "Stratified Wilcoxon test: rank sums within strata, weighted and added",
    keys: &[Key {
        name: "weights",
        kind: Kind::Word(&["n+1", "n0n1", "equal"]),
        required: false,
        doc: "Weight of a stratum's rank sum: 1/(n + 1), best where the shift is the same in all; 1/(n₀n₁), each stratum alike; or 1; default `n+1`.",
    }],
    example: "{ weights = \"n+1\" }",
};

/// Σ wₛ (Uₛ − n₁ₛn₀ₛ/2) over strata s with patients of both arms, over the root of Σ wₛ² Vₛ; Uₛ the Mann–Whitney statistic of the
/// stratum, Vₛ = n₁ₛn₀ₛ/12 · (nₛ + 1 − Σ(t³ − t)/(nₛ(nₛ − 1))) its variance under equal distributions with t tied patients. A test
/// without an estimate.
///
/// Source: van Elteren (1960), Bulletin of the International Statistical Institute 37:351; Lehmann (1975), Nonparametrics, 3.3.
#[derive(Clone, Copy, Debug)]
struct VanElteren {
    weights: Weights,
}

#[derive(Clone, Copy, Debug)]
enum Weights {
    LocallyBest,
    DesignFree,
    Equal,
}

/// Builds the method from its keys.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let weights = match values.text("weights") {
        Some("n0n1") => Weights::DesignFree,
        Some("equal") => Weights::Equal,
        _ => Weights::LocallyBest,
    };
    Ok(Box::new(VanElteren { weights }))
}

impl Analysis for VanElteren {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Score, ResponseKind::Ordinal, ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn estimates(&self) -> bool {
        false
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Always
    }

    fn parts(&self) -> &'static [&'static str] {
        &["strata"]
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let weight = match self.weights {
            Weights::LocallyBest => "1 / (n + 1)",
            Weights::DesignFree => "1 / (n1 * n0)",
            Weights::Equal => "1",
        };
        let weight = format!("  w <- {weight}");
        r::code(
            &[],
            &[
                "U <- 0; V <- 0",
                "for (s in levels(d$stratum)) {",
                "  x <- d[d$stratum == s, ]; n <- nrow(x); n1 <- sum(x$arm); n0 <- n - n1",
                "  if (n1 == 0 || n0 == 0) next",
                &weight,
                "  t <- as.numeric(table(x$y))",
                "  U <- U + w * (sum(rank(x$y)[x$arm == 1]) - n1 * (n1 + 1) / 2 - n1 * n0 / 2)",
                "  V <- V + w^2 * n1 * n0 / 12 * (n + 1 - sum(t^3 - t) / (n * (n - 1)))",
                "}",
                "tested(better * U / sqrt(V))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Scratch { real: [value, ..], order, .. } = scratch;
        let events = match values(&data.response, value) {
            Ok(events) => events,
            Err(status) => return Estimate::failed(status, rows),
        };
        let treated = data.arm.iter().filter(|a| **a != 0).count();
        if treated == 0 || treated == rows {
            return Estimate::failed(Status::EmptyArm, rows).counted(rows, events);
        }
        let place = |row: u32| (data.strata.of(row as usize), key(value[row as usize]));
        order.clear();
        order.extend(0..rows as u32);
        order.sort_unstable_by_key(|&row| place(row));
        let (mut score, mut variance, mut used) = (0.0, 0.0, 0_u32);
        for stratum in order.chunk_by(|&a, &b| place(a).0 == place(b).0) {
            // pairs won and half of those tied, counted double: whole
            let (mut below, mut twice_u, mut ties) = ([0_u64; 2], 0_u64, 0.0);
            for group in stratum.chunk_by(|&a, &b| place(a).1 == place(b).1) {
                let mut equal = [0_u64; 2];
                for &row in group {
                    equal[usize::from(data.arm[row as usize] != 0)] += 1;
                }
                twice_u += equal[1] * (2 * below[0] + equal[0]);
                below[0] += equal[0];
                below[1] += equal[1];
                let t = group.len() as f64;
                ties += t * (t * t - 1.0);
            }
            let pairs = below[0] * below[1];
            if pairs == 0 {
                continue;
            }
            used += 1;
            let (n, product) = (stratum.len() as f64, pairs as f64);
            let weight = match self.weights {
                Weights::LocallyBest => 1.0 / (n + 1.0),
                Weights::DesignFree => 1.0 / product,
                Weights::Equal => 1.0,
            };
            score += weight * 0.5 * (twice_u as f64 - product);
            // whole numbers: 0 where all are tied
            let spread = n * (n * n - 1.0) - ties;
            variance += weight * weight * product * spread / (12.0 * n * (n - 1.0));
        }
        let mut answer = score_test(score, variance, rule, rows, events);
        answer.parts[0] = f64::from(used);
        answer
    }
}
