//! Posterior of a difference of proportions with beta priors.

use crate::analysis::r;
use crate::analysis::table::Table;
use crate::analysis::wald::assemble;
use crate::analysis::{Analysis, Better, Dataset, Estimate, Prior, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::beta::{Beta, exceeds};
use crate::math::root::zero;
use crate::math::special::normal_quantile;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `beta-binomial`.
pub const FORM: Form = Form {
    name: "beta-binomial",
    summary: "Posterior of the difference of two proportions, experimental − control, with a beta prior for each arm",
    keys: &[
        Key {
            name: "prior",
            kind: Kind::List(&Kind::Number),
            required: false,
            doc: "shapes of the beta prior of both arms: responders and others of an imagined trial; default `[1, 1]`, all proportions alike",
        },
        Key {
            name: "prior-experimental",
            kind: Kind::List(&Kind::Number),
            required: false,
            doc: "those of the experimental arm, in place of `prior`",
        },
        Key {
            name: "prior-control",
            kind: Kind::List(&Kind::Number),
            required: false,
            doc: "those of the control arm, in place of `prior`",
        },
    ],
    example: "{ prior = [1, 1] }",
};

/// With x responders among n and a prior Beta(α, β) the proportion of an arm has the posterior Beta(α + x, β + n − x), independent of the
/// other's. The estimate is the posterior mean of p₁ − p₀, the standard error its posterior standard deviation, the limits cut off a
/// posterior probability of tail on either side.
///
/// p is the posterior probability that there is no benefit beyond the null value, so that the row rejects where the probability of benefit
/// is at least 1 − tail; there is no z. The part `benefit` is the probability of benefit.
///
/// `Source`: Berry (1996), Statistics: a Bayesian Perspective, chapter 8; Cook (2005), Exact calculation of beta inequalities.
#[derive(Clone, Copy, Debug)]
struct BetaBinomial {
    /// Control, experimental.
    priors: [[f64; 2]; 2],
}

/// Builds the method from its keys.
///
/// # Errors
/// A prior that is not two numbers above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let prior = |key: &'static str| match *values.numbers(key) {
        _ if values.get(key).is_none() => Ok(None),
        [a, b] if a > 0.0 && b > 0.0 && (a + b).is_finite() => Ok(Some([a, b])),
        _ => Err(Complaint {
            code: Code::OutOfDomain,
            key: Some(key),
            message: format!("`{key}` is not a beta prior"),
            help: format!("two numbers above 0: {key} = [1, 1]"),
        }),
    };
    let both = prior("prior")?.unwrap_or([1.0, 1.0]);
    let [control, experimental] = [prior("prior-control")?, prior("prior-experimental")?];
    Ok(Box::new(BetaBinomial { priors: [control.unwrap_or(both), experimental.unwrap_or(both)] }))
}

/// Most secant steps before bisection is trusted more; four are the rule.
const STEPS: usize = 12;

/// d with P(X − Y > d) = `tail`.
fn limit(x: &Beta, y: &Beta, tail: f64) -> f64 {
    let (mean, sd) = (x.mean() - y.mean(), (x.variance() + y.variance()).sqrt());
    let target = normal_quantile(tail);
    // on the scale of normal scores the tail is nearly a line of slope −1/sd
    let distance = |d: f64| normal_quantile(exceeds(x, y, d)) - target;
    let start = (mean - target * sd).clamp(-1.0, 1.0);
    let (mut at, mut value, mut slope) = (start, distance(start), -1.0 / sd);
    for _ in 0..STEPS {
        let next = (at - value / slope).clamp(-1.0, 1.0);
        // the step after one this small is below rounding
        if (next - at).abs() <= 1e-9 * sd {
            return next;
        }
        let found = distance(next);
        slope = (found - value) / (next - at);
        (at, value) = (next, found);
        // also where it is not a number
        if !(slope < 0.0 && slope.is_finite()) {
            break;
        }
    }
    zero(-1.0, 1.0, distance)
}

impl Analysis for BetaBinomial {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn tests(&self) -> bool {
        false
    }

    fn prior(&self) -> Option<Prior> {
        Some(Prior::Proportions(self.priors))
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &["control", "experimental", "benefit"]
    }

    fn target(&self) -> Target {
        Target::Mean
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let [a, b] = [0, 1].map(|i| self.priors.map(|prior| prior[i]));
        let shapes = format!("a <- t$x + c({}, {}); b <- t$n - t$x + c({}, {})", a[0], a[1], b[0], b[1]);
        r::code(
            &[],
            &[
                "t <- binomial_table(d)",
                &shapes,
                "mean <- a / (a + b); variance <- a * b / ((a + b)^2 * (a + b + 1))",
                "# the posterior probability that there is no benefit",
                "below <- function(x) dbeta(x, a[2], b[2]) * pbeta(x - null, a[1], b[1], lower.tail = better < 0)",
                "centre <- mean[2]; reach <- 12 * sqrt(variance[2])",
                "p <- integrate(below, max(0, centre - reach), min(1, centre + reach), rel.tol = 1e-11, subdivisions = 1000)$value",
                "c(estimate = mean[2] - mean[1], se = sqrt(sum(variance)), p = p)",
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
        let posterior = |arm: usize| {
            let [a, b] = self.priors[arm];
            Beta::new(a + f64::from(table.events[arm]), b + f64::from(table.n[arm] - table.events[arm]))
        };
        let (Some(control), Some(experimental)) = (posterior(0), posterior(1)) else {
            return table.failed(Status::NotConverged);
        };
        let larger = exceeds(&experimental, &control, rule.null);
        let smaller = exceeds(&control, &experimental, -rule.null);
        let [benefit, none] = if rule.better == Better::Higher { [larger, smaller] } else { [smaller, larger] };
        let tail = rule.tail();
        let limits = [-limit(&control, &experimental, tail), limit(&experimental, &control, tail)];
        let sd = (control.variance() + experimental.variance()).sqrt();
        let mut out = assemble(experimental.mean() - control.mean(), sd, limits, 0.0, none).counted(n, events);
        if out.status != Status::Estimated {
            return table.failed(Status::NotConverged);
        }
        out.z = f64::NAN;
        out.others = Some([benefit, (2.0 * benefit.min(none)).min(1.0)]);
        out.parts[..3].copy_from_slice(&[control.mean(), experimental.mean(), benefit]);
        out
    }
}
