//! Student's and Welch's t tests.

use crate::analysis::r;
use crate::analysis::wald::student;
use crate::analysis::{Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `t-test`.
pub const FORM: Form = Form {
    name: "t-test",
    summary: "Difference of two means, experimental − control, by Student's t",
    keys: &[Key {
        name: "variance",
        kind: Kind::Word(&["welch", "pooled"]),
        required: false,
        doc: "whether each arm has its own variance (`welch`) or both share one (`pooled`); default `welch`",
    }],
    example: "{ variance = \"welch\" }",
};

/// ȳ₁ − ȳ₀ with standard error √(s₁²/n₁ + s₀²/n₀) and Satterthwaite's degrees of freedom, or with the pooled variance and
/// n − 2. z is the t statistic, p and the limits are those of Student's t.
///
/// `Source`: Welch (1947), Biometrika 34:28; the figures of R's `t.test`.
#[derive(Clone, Copy, Debug)]
struct TTest {
    pooled: bool,
}

/// Builds the method from its keys.
///
/// # Errors
/// None: any combination of keys is allowed.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(TTest { pooled: values.text("variance") == Some("pooled") }))
}

/// Sums over the control and the experimental arm of f(y), each in four fixed lanes.
#[inline(always)]
fn sums(arm: &[u8], y: &[f64], f: impl Fn(f64, bool) -> f64) -> [f64; 2] {
    let mut lanes = [[0.0; 4]; 2];
    for (arm, y) in arm.chunks(4).zip(y.chunks(4)) {
        for (l, (a, y)) in arm.iter().zip(y).enumerate() {
            let treated = *a != 0;
            let value = f(*y, treated);
            lanes[0][l] += if treated { 0.0 } else { value };
            lanes[1][l] += if treated { value } else { 0.0 };
        }
    }
    lanes.map(|l| (l[0] + l[1]) + (l[2] + l[3]))
}

impl Analysis for TTest {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Score]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &["control", "experimental", "df"]
    }

    fn pools(&self) -> bool {
        self.pooled
    }

    fn target(&self) -> Target {
        Target::Mean
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let test = format!(
            "test <- t.test(d$y[d$arm == 1], d$y[d$arm == 0], var.equal = {})",
            if self.pooled { "TRUE" } else { "FALSE" }
        );
        r::code(
            &[],
            &[&test, "wald(test$estimate[1] - test$estimate[2], test$stderr, null, better, unname(test$parameter))"],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let Response::Score(y) = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let treated = data.arm.iter().filter(|a| **a != 0).count();
        let sizes = [n - treated, treated];
        if sizes[0] == 0 || sizes[1] == 0 {
            return Estimate::failed(Status::EmptyArm, n);
        }
        if n < 3 || (!self.pooled && (sizes[0] < 2 || sizes[1] < 2)) {
            return Estimate::failed(Status::TooFew, n);
        }
        let [n0, n1] = sizes.map(|n| n as f64);
        let totals = sums(data.arm, y, |y, _| y);
        let (m0, m1) = (totals[0] / n0, totals[1] / n1);
        let [s0, s1] = sums(data.arm, y, |y, treated| {
            let d = y - if treated { m1 } else { m0 };
            d * d
        });
        let (se, df) = if self.pooled {
            let df = n0 + n1 - 2.0;
            (((s0 + s1) / df * (1.0 / n0 + 1.0 / n1)).sqrt(), df)
        } else {
            let (v0, v1) = (s0 / (n0 - 1.0) / n0, s1 / (n1 - 1.0) / n1);
            let v = v0 + v1;
            // shares of the variance: its square may underflow
            let (c0, c1) = (v0 / v, v1 / v);
            let df = 1.0 / (c0 * c0 / (n0 - 1.0) + c1 * c1 / (n1 - 1.0));
            (v.sqrt(), df)
        };
        // constant arms leave rounding errors, not zero
        if se <= 10.0 * f64::EPSILON * m0.abs().max(m1.abs()) {
            return Estimate::failed(Status::NoVariation, n);
        }
        let mut out = student(m1 - m0, se, df, rule, scratch).counted(n, 0);
        if out.status == Status::Estimated {
            out.parts[..3].copy_from_slice(&[m0, m1, df]);
        }
        out
    }
}
