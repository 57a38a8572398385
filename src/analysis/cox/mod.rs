//! Cox's proportional hazards model.

mod adjusted;
mod likelihood;
mod unadjusted;

use super::hazard::hazard_rule;
use super::time_order::{ascending, last_event};
use super::wald::wald;
use super::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::Better;
use crate::analysis::root::{self, Root};
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Values};

/// `cox = {}`
pub const FORM: Form = Form {
    name: "cox",
    summary: "Cox regression on arm and covariates: ln hazard ratio of the arm, ties by Efron's method.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Cox))
}

/// Cox regression on arm and covariates by Newton's method to machine precision, ties by Efron's method.
///
/// The estimate is the coefficient of the experimental arm, its standard error from the inverse of the observed
/// information. Events that leave no finite maximum for the arm (in one arm only, or in one arm only while both are at
/// risk) or for a combination of covariates are [`Status::Separation`]; a constant or redundant covariate is
/// [`Status::Singular`]; no event while both arms are at risk is [`Status::NoVariation`].
///
/// Source: Cox, Journal of the Royal Statistical Society B 34 (1972) 187; Efron, Journal of the American Statistical
/// Association 72 (1977) 557, section 6.
#[derive(Debug)]
pub struct Cox;

/// A maximum of the partial likelihood: coefficient of the arm and its variance.
struct Fit {
    coefficient: f64,
    variance: f64,
}

impl Analysis for Cox {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn parts(&self) -> &'static [&'static str] {
        &["events-experimental", "events-control"]
    }

    fn target(&self) -> Target {
        Target::Hazard
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn root(&self, data: &Dataset<'_>, weights: [f64; 2]) -> Result<Box<dyn Root>, Status> {
        root::cox(data, weights)
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if experimental == 0 || experimental == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let Response::Time { time, event, .. } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let last = last_event(time, event, f64::INFINITY);
        ascending(time, last, &mut scratch.keys, &mut scratch.order);
        let risk = unadjusted::RiskSets::walk(time, event, data.arm, experimental, scratch);
        let fit = risk.estimable().and_then(|()| {
            if data.covariates.count == 0 {
                unadjusted::fit(&risk, scratch)
            } else {
                adjusted::fit(data, time, event, last, scratch)
            }
        });
        let mut answer = match fit {
            Ok(fit) => wald(fit.coefficient, fit.variance.sqrt(), &hazard_rule(rule), n, risk.events),
            Err(status) => Estimate::failed(status, n),
        };
        answer.events = risk.events as u32;
        answer.parts[0] = risk.experimental as f64;
        answer.parts[1] = (risk.events - risk.experimental) as f64;
        answer
    }
}
