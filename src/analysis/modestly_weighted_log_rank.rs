//! The modestly weighted log-rank test.

use super::event_times::{arms, event_times};
use super::hazard::hazard_rule;
use super::kaplan_meier::month;
use super::wald::score_test;
use super::{Adjusts, Analysis, Better, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// `modestly-weighted-log-rank = { survival = 0.5 }`
pub const FORM: Form = Form {
    name: "modestly-weighted-log-rank",
    summary: "Log-rank test with weights that rise as survival falls, up to a limit; a test without an estimate.",
    keys: &[
        Key {
            name: "at",
            kind: Kind::Number,
            required: false,
            doc: "Months from entry after which the weight rises no further; above 0.",
        },
        Key {
            name: "survival",
            kind: Kind::Number,
            required: false,
            doc: "The pooled survival below which the weight rises no further, above 0 and at most 1; default 0.5 where `at` is not given.",
        },
    ],
    example: "{ at = 6 }",
};

/// Builds the method.
///
/// # Errors
/// `at` is no number of months above 0, `survival` does not lie in (0, 1], or both are given.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let complaint = |message: String, help: &str| Complaint {
        code: Code::OutOfDomain,
        key: Some("survival"),
        message,
        help: help.into(),
    };
    let limit = match (values.number("at"), values.number("survival")) {
        (Some(_), Some(_)) => {
            return Err(complaint("`at` and `survival` each limit the weight; only one may".into(), ""));
        }
        (Some(_), None) => Limit::At(month(values)?),
        (None, survival) => match survival.unwrap_or(0.5) {
            s if s > 0.0 && s <= 1.0 => Limit::Survival(s),
            s => {
                return Err(complaint(
                    format!("`survival` is {s}; it must be above 0 and at most 1"),
                    "survival = 0.5",
                ));
            }
        },
    };
    Ok(Box::new(ModestlyWeightedLogRank { limit }))
}

/// Where the weight stops rising.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// At a time (months).
    At(f64),
    /// At a value of the pooled survival.
    Survival(f64),
}

/// The log-rank test with weights 1/max(S(t−), S*), where S is the Kaplan–Meier estimate of both arms together and S* a limit,
/// S* = S(t*) where a time is given: z = U/√V, positive where the experimental arm has fewer events and later is better.
///
/// U = Σ w (d₁ − d r₁/r), V = Σ w² d (r₁/r)(1 − r₁/r)(r − d)/(r − 1) over event times, with d events among r at risk of whom d₁ and
/// r₁ are in the experimental arm. With strata S is each stratum's own, and U and V are added over strata. No event while both arms are
/// at risk is [`Status::NoVariation`].
///
/// Source: Magirr and Burman, Statistics in Medicine 38 (2019) 3782, section 2; the limit as a value of survival: Magirr,
/// Pharmaceutical Statistics 20 (2021) 512.
#[derive(Clone, Copy, Debug)]
pub struct ModestlyWeightedLogRank {
    /// Where the weight stops rising.
    pub limit: Limit,
}

impl Analysis for ModestlyWeightedLogRank {
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

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        if call.stratified {
            return None;
        }
        let least = match self.limit {
            Limit::At(at) => {
                format!("least <- if (any(e$t <= {at})) with(e[max(which(e$t <= {at})), ], free * (1 - d / r)) else 1")
            }
            Limit::Survival(s) => format!("least <- {s}"),
        };
        r::code(
            &["survival"],
            &[
                "e <- event_table(d)",
                &least,
                "s <- log_rank_scores(e, 1 / pmax(e$free, least))",
                "tested(better * s$u / sqrt(drop(s$v)))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        if arms(data).is_none() {
            return Estimate::failed(Status::EmptyArm, data.arm.len());
        }
        let (mut score, mut variance, mut lowest, mut risen) = (0.0, 0.0, 1.0, false);
        let events = event_times(data, scratch, |now| {
            risen &= !now.first;
            lowest = match self.limit {
                Limit::Survival(limit) => now.free.max(limit),
                // S just before the first event after t* is S(t*)
                Limit::At(_) if risen => lowest,
                Limit::At(limit) => {
                    risen = now.time > limit;
                    now.free
                }
            };
            let w = 1.0 / lowest;
            score += w * now.excess;
            variance += w * w * now.variance;
        });
        let mut answer = score_test(score, variance, &hazard_rule(rule), data.arm.len(), events);
        answer.parts[..2].copy_from_slice(&[score, variance]);
        answer
    }
}
