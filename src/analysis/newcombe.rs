//! Newcombe's hybrid score interval of a difference of proportions.

use crate::analysis::r;
use crate::analysis::table::Table;
use crate::analysis::wald::{assemble, critical_value};
use crate::analysis::{Analysis, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::root::zero;
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Complaint, Form, Values};

/// `newcombe = {}`
pub const FORM: Form = Form {
    name: "newcombe",
    summary: "Difference of two proportions, experimental − control, with Newcombe's hybrid score interval and the test that inverts it",
    keys: &[],
    example: "{}",
};

/// Statistics end there: 1 − Φ(40) is 0 in double precision.
const FARTHEST: f64 = 40.0;

/// p₁ − p₀ with limits p₁ − p₀ − √((p₁ − l₁)² + (u₀ − p₀)²) and p₁ − p₀ + √((u₁ − p₁)² + (p₀ − l₀)²) from the Wilson limits l, u of
/// each arm; standard error √(Σ pₐ(1 − pₐ)/nₐ).
///
/// The test inverts the interval: z is the normal quantile at which the limit on the side of the null value reaches it, at most 40 in
/// size. So the test rejects exactly where the interval leaves the null value out. Arms without any response, or with nothing else,
/// have an interval all the same.
///
/// `Source`: Newcombe (1998), Statistics in Medicine 17:873, method 10; Wilson (1927), JASA 22:209.
#[derive(Clone, Copy, Debug)]
struct Newcombe;

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Newcombe))
}

/// The distances from x/n to Wilson's lower and upper limit at a normal quantile.
fn wilson(x: f64, n: f64, z: f64) -> [f64; 2] {
    let (p, square) = (x / n, z * z);
    let shift = 0.5 - p;
    let root = z * (n * p * (1.0 - p) + 0.25 * square).sqrt();
    // (n + z²) times the distance is √… ∓ z² (½ − p); by products where that would cancel
    let product = square * n * p * (1.0 - p) + square * square * p * (1.0 - p);
    let (down, up) = (root - square * shift, root + square * shift);
    let distances = if shift > 0.0 { [product / up, up] } else { [down, product / down] };
    distances.map(|d| if z > 0.0 { d / (n + square) } else { 0.0 })
}

/// How far the limits are from the estimate, lower and upper, at a normal quantile.
fn reaches(table: &Table, z: f64) -> [f64; 2] {
    let [c, e] = [0, 1].map(|arm| wilson(f64::from(table.events[arm]), f64::from(table.n[arm]), z));
    [e[0].hypot(c[1]), e[1].hypot(c[0])]
}

impl Analysis for Newcombe {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &["control", "experimental"]
    }

    fn target(&self) -> Target {
        Target::Mean
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        r::code(
            &[],
            &[
                "t <- binomial_table(d)",
                "wilson <- function(z) cbind(t$x + z^2 / 2 - z * sqrt(t$x * (1 - t$p) + z^2 / 4), t$x + z^2 / 2 + z * sqrt(t$x * (1 - t$p) + z^2 / 4)) / (t$n + z^2)",
                "distance <- t$p[2] - t$p[1] - null",
                "# the limit on the side of the null value, as far away as the null value is",
                "reach <- function(z) if (distance > 0) sqrt((t$p[2] - wilson(z)[2, 1])^2 + (wilson(z)[1, 2] - t$p[1])^2) else sqrt((wilson(z)[2, 2] - t$p[2])^2 + (t$p[1] - wilson(z)[1, 1])^2)",
                "z <- uniroot(function(z) reach(z) - abs(distance), c(0, 40), tol = 1e-14, maxiter = 10000)$root",
                "tested(better * sign(distance) * z, t$p[2] - t$p[1], t$se)",
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
        let [p0, p1] = [0, 1].map(|arm| f64::from(table.events[arm]) / f64::from(table.n[arm]));
        let variance = |arm: usize, p: f64| p * (1.0 - p) / f64::from(table.n[arm]);
        let se = (variance(1, p1) + variance(0, p0)).sqrt();
        let estimate = p1 - p0;
        let [down, up] = reaches(&table, critical_value(rule.tail()));
        let distance = estimate - rule.null;
        // the limit that lies on the side of the null value
        let side = usize::from(distance < 0.0);
        let beyond = |z: f64| reaches(&table, z)[side] - distance.abs();
        let size = match distance {
            0.0 => 0.0,
            _ if beyond(FARTHEST) <= 0.0 => FARTHEST,
            _ => zero(0.0, FARTHEST, beyond),
        };
        let z = rule.better.sign() * size.copysign(distance);
        let mut out =
            assemble(estimate, se, [estimate - down, estimate + up], z, normal_upper_tail(z)).counted(n, events);
        out.parts[0] = p0;
        out.parts[1] = p1;
        out
    }
}
