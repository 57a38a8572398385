//! Difference of two proportions.

use crate::analysis::r;
use crate::analysis::table::Table;
use crate::analysis::wald::{assemble, critical_value};
use crate::analysis::{Analysis, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `difference-of-proportions`.
pub const FORM: Form = Form {
    name: "difference-of-proportions",
    summary: "Difference of two proportions, experimental − control, with its Wald interval",
    keys: &[
        Key {
            name: "test",
            kind: Kind::Word(&["pooled-z", "chi-square", "wald"]),
            required: false,
            doc: "standard error of the test: pooled over the arms (`pooled-z`; `chi-square` is its square, Pearson's test) or not (`wald`); default `pooled-z`",
        },
        Key {
            name: "continuity",
            kind: Kind::Flag,
            required: false,
            doc: "Yates's continuity correction of the test and the interval, default false",
        },
    ],
    example: "{ test = \"pooled-z\", continuity = false }",
};

/// p₁ − p₀, its unpooled standard error √(Σ pₐ(1 − pₐ)/nₐ), and limits p₁ − p₀ ∓ z₁₋ₜₐᵢₗ · se, cut to \[−1, 1\].
///
/// The statistic of `pooled-z` is (p₁ − p₀) / √(p̄(1 − p̄)(1/n₁ + 1/n₀)); that of `chi-square` is the signed root of
/// Pearson's χ², which is the same number; that of `wald` uses the unpooled error. Around a margin δ ≠ 0 the arms are not
/// equal under the null hypothesis and nothing is pooled: every test is then (p₁ − p₀ − δ) / se.
///
/// With `continuity`, Yates's correction takes up to ½(1/n₁ + 1/n₀) off the numerator, no further than 0, and adds
/// min(½(1/n₁ + 1/n₀), |p₁ − p₀|) to the half-width of the interval.
///
/// `Source`: Fleiss, Levin, Paik (2003), Statistical Methods for Rates and Proportions, eqs 3.4–3.9; the figures of R's
/// `prop.test`.
#[derive(Clone, Copy, Debug)]
struct DifferenceOfProportions {
    pooled: bool,
    continuity: bool,
}

/// Builds the method from its keys.
///
/// # Errors
/// None: any combination of keys is allowed.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(DifferenceOfProportions {
        pooled: values.text("test") != Some("wald"),
        continuity: values.flag("continuity").unwrap_or(false),
    }))
}

impl Analysis for DifferenceOfProportions {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &["control", "experimental"]
    }

    fn pools(&self) -> bool {
        self.pooled
    }

    fn corrects(&self) -> bool {
        self.continuity
    }

    fn target(&self) -> Target {
        Target::Mean
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let error = if self.pooled {
            "error <- if (null == 0) sqrt(mean(d$y) * (1 - mean(d$y)) * sum(1 / t$n)) else t$se"
        } else {
            "error <- t$se"
        };
        let correction = if self.continuity { "correction <- 0.5 * sum(1 / t$n)" } else { "correction <- 0" };
        r::code(
            &[],
            &[
                "t <- binomial_table(d)",
                error,
                correction,
                "distance <- t$p[2] - t$p[1] - null",
                "tested(better * sign(distance) * max(abs(distance) - correction, 0) / error, t$p[2] - t$p[1], t$se)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, _: &mut Scratch) -> Estimate {
        let Some(table) = Table::of(data) else {
            return Estimate::failed(Status::NoVariation, data.arm.len());
        };
        if table.lacks_an_arm() {
            return table.failed(Status::EmptyArm);
        }
        let (n, events) = (table.patients(), table.responses());
        if table.is_constant() {
            return table.failed(Status::NoVariation);
        }
        let [n0, n1] = table.n.map(f64::from);
        let [x0, x1] = table.events.map(f64::from);
        let (p0, p1) = (x0 / n0, x1 / n1);
        let sizes = 1.0 / n1 + 1.0 / n0;
        let estimate = p1 - p0;
        let se = (p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0).sqrt();
        let error = if self.pooled && rule.null == 0.0 {
            let p = (x0 + x1) / (n0 + n1);
            (p * (1.0 - p) * sizes).sqrt()
        } else {
            se
        };
        let distance = estimate - rule.null;
        let most = if self.continuity { 0.5 * sizes } else { 0.0 };
        let corrected = (distance.abs() - most).max(0.0).copysign(distance);
        let z = rule.better.sign() * corrected / error;
        let half = critical_value(rule.tail()) * se + most.min(estimate.abs());
        let limits = [(estimate - half).max(-1.0), (estimate + half).min(1.0)];
        let mut out = assemble(estimate, se, limits, z, normal_upper_tail(z)).counted(n, events);
        out.parts[0] = p0;
        out.parts[1] = p1;
        out
    }
}
