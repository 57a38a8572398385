//! The Fleming–Harrington family of weighted log-rank tests.

use super::event_times::{arms, event_times};
use super::hazard::hazard_rule;
use super::wald::score_test;
use super::{Adjusts, Analysis, Better, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// `weighted-log-rank = { rho = 0, gamma = 1 }`
pub const FORM: Form = Form {
    name: "weighted-log-rank",
    summary: "Log-rank test with the weights of Fleming and Harrington; a test without an estimate.",
    keys: &[
        Key {
            name: "rho",
            kind: Kind::Number,
            required: false,
            doc: "Power of the pooled survival in the weights, 0 to 100: above 0 early events count more; default 0.",
        },
        Key {
            name: "gamma",
            kind: Kind::Number,
            required: false,
            doc: "Power of its complement, 0 to 100: above 0 late events count more; default 0.",
        },
    ],
    example: "{ rho = 0, gamma = 1 }",
};

/// Builds the method.
///
/// # Errors
/// A power is no number from 0 to 100.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let power = |key: &'static str| match values.number(key).unwrap_or(0.0) {
        x if is_power(x) => Ok(x),
        x => Err(Complaint {
            code: Code::OutOfDomain,
            key: Some(key),
            message: format!("`{key}` is {x}; it must lie between 0 and 100"),
            help: format!("{key} = 1"),
        }),
    };
    Ok(Box::new(WeightedLogRank { weight: FlemingHarrington { rho: power("rho")?, gamma: power("gamma")? } }))
}

/// Whether a number can be a power of the weights.
pub(super) fn is_power(x: f64) -> bool {
    (0.0..=100.0).contains(&x)
}

/// The weight S(t−)^ρ (1 − S(t−))^γ of an event at t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlemingHarrington {
    /// Power of the pooled survival.
    pub rho: f64,
    /// Power of its complement.
    pub gamma: f64,
}

impl FlemingHarrington {
    /// The weight where the pooled survival just before is `free`.
    #[must_use]
    pub fn at(&self, free: f64) -> f64 {
        let power = |x: f64, p: f64| match p {
            0.0 => 1.0,
            1.0 => x,
            _ => x.powf(p),
        };
        power(free, self.rho) * power(1.0 - free, self.gamma)
    }
}

/// The log-rank test with weights S(t−)^ρ (1 − S(t−))^γ, where S is the Kaplan–Meier estimate of both arms together: z = U/√V,
/// positive where the experimental arm has fewer events and later is better.
///
/// U = Σ w (d₁ − d r₁/r), V = Σ w² d (r₁/r)(1 − r₁/r)(r − d)/(r − 1) over event times, with d events among r at risk of whom d₁ and
/// r₁ are in the experimental arm. With strata S is each stratum's own, and U and V are added over strata. ρ = γ = 0 is the log-rank
/// test, ρ = 1, γ = 0 that of Peto and Prentice. No event of any weight while both arms are at risk is [`Status::NoVariation`].
///
/// Source: Fleming and Harrington, Counting Processes and Survival Analysis (1991), definition 7.2.1; Harrington and Fleming,
/// Biometrika 69 (1982) 553 (γ = 0).
#[derive(Clone, Copy, Debug)]
pub struct WeightedLogRank {
    /// The weight.
    pub weight: FlemingHarrington,
}

impl Analysis for WeightedLogRank {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn estimates(&self) -> bool {
        false
    }

    fn parts(&self) -> &'static [&'static str] {
        &["score", "variance"]
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let FlemingHarrington { rho, gamma } = self.weight;
        let weight = format!("s <- log_rank_scores(e, e$free^{rho} * (1 - e$free)^{gamma})");
        r::code(&["survival"], &["e <- event_table(d)", &weight, "tested(better * s$u / sqrt(drop(s$v)))"])
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        if arms(data).is_none() {
            return Estimate::failed(Status::EmptyArm, data.arm.len());
        }
        let (mut score, mut variance) = (0.0, 0.0);
        let events = event_times(data, scratch, |at| {
            let w = self.weight.at(at.free);
            score += w * at.excess;
            variance += w * w * at.variance;
        });
        let mut answer = score_test(score, variance, &hazard_rule(rule), data.arm.len(), events);
        answer.parts[..2].copy_from_slice(&[score, variance]);
        answer
    }
}
