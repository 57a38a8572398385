//! The proportion of the experimental arm against a fixed probability, exactly.

use crate::analysis::exact::{Observed, p_values};
use crate::analysis::r;
use crate::analysis::table::Table;
use crate::analysis::wald::assemble;
use crate::analysis::{Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::math::discrete::Family;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `clopper-pearson`.
pub const FORM: Form = Form {
    name: "clopper-pearson",
    summary: "Proportion of the experimental arm minus a fixed probability, with the exact binomial test and Clopper and Pearson's interval",
    keys: &[Key {
        name: "probability",
        kind: Kind::Number,
        required: true,
        doc: "the probability that the proportion is compared with, above 0 and below 1",
    }],
    example: "{ probability = 0.3 }",
};

/// x/n − π for x responders among n patients of the experimental arm; standard error √(p(1 − p)/n); limits l − π and u − π where
/// P(X ≥ x) = tail at probability l and P(X ≤ x) = tail at u. The control arm is not looked at.
///
/// One-sided p-values are the binomial tails at π + null; the two-sided one is the probability of all counts that are no more likely than x
/// (to 1e-7 relative). A probability π + null that is not between 0 and 1 is [`Status::NoVariation`]. There is no z.
///
/// `Source`: Clopper, Pearson (1934), Biometrika 26:404; the figures of R's `binom.test`.
#[derive(Clone, Copy, Debug)]
struct ClopperPearson {
    probability: f64,
}

/// Builds the method from its keys.
///
/// # Errors
/// A probability that is not between 0 and 1.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let probability = values.number("probability").unwrap_or(f64::NAN);
    if !(probability > 0.0 && probability < 1.0) {
        return Err(Complaint {
            code: Code::OutOfDomain,
            key: Some("probability"),
            message: format!("`probability` is {probability}"),
            help: "allowed: above 0 and below 1".to_owned(),
        });
    }
    Ok(Box::new(ClopperPearson { probability }))
}

/// A probability from the logarithm of its odds.
fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

impl Analysis for ClopperPearson {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &["experimental"]
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let probability = format!("probability <- {}", self.probability);
        r::code(
            &[],
            &[
                &probability,
                "t <- binomial_table(d)",
                "p <- binom.test(t$x[2], t$n[2], probability + null, alternative = if (better > 0) \"greater\" else \"less\")$p.value",
                "c(estimate = t$p[2] - probability, se = sqrt(t$p[2] * (1 - t$p[2]) / t$n[2]), p = p)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, _: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Binary(y) = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        let table = Table::count(data.arm, y);
        let (patients, events) = (table.n[1] as usize, table.events[1] as usize);
        let failed = |status| Estimate::failed(status, patients).counted(patients, events);
        if patients == 0 {
            return failed(Status::EmptyArm);
        }
        let null = self.probability + rule.null;
        if !(null > 0.0 && null < 1.0) {
            return failed(Status::NoVariation);
        }
        let (x, n) = (f64::from(table.events[1]), f64::from(table.n[1]));
        let family = Family::Binomial { trials: n };
        let observed = Observed { x, null: (null / (1.0 - null)).ln(), mid_p: false };
        let [favour, against, both] = p_values(&family, &observed, rule);
        let tail = rule.tail();
        let limits =
            [family.lower(x, tail, 0.0), family.upper(x, tail, 0.0)].map(|l| probability(l) - self.probability);
        let p = x / n;
        let mut out =
            assemble(p - self.probability, (p * (1.0 - p) / n).sqrt(), limits, 0.0, favour).counted(patients, events);
        if out.status == Status::Estimated {
            out.z = f64::NAN;
            out.others = Some([against, both]);
        }
        out.parts[0] = p;
        out
    }
}
