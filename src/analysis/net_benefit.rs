//! The net benefit.

use super::pairs::{PARTS, Summary};
use super::wald::wald;
use super::{Adjusts, Analysis, Better, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::estimand::{PairScale, Target};
use crate::scenario::form::{Complaint, Form, Values};

/// `net-benefit = {}`
pub const FORM: Form = Form {
    name: "net-benefit",
    summary: "Net benefit: share of pairs won minus share of pairs lost by the experimental arm, all pairs compared tier by tier.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(NetBenefit))
}

/// The net benefit (proportion in favour of treatment), with the variance of its U-statistic by the first-order
/// projection.
///
/// P(win) − P(loss), variance Σ ((wᵢ − lᵢ)/m − NB)²/n² over the patients of both arms, n patients in the patient's arm
/// and m in the other. A variance of 0 (all pairs tied, or all won): [`Status::NoVariation`]; an arm of one
/// patient: [`Status::TooFew`]. With strata the mean of theirs, weighted by n₁n₀/n, as of the stratified win ratio.
///
/// Source: Buyse, Statistics in Medicine 29 (2010) 3245; the variance is that of BuyseTest with
/// `order.Hprojection = 1`.
#[derive(Debug)]
pub struct NetBenefit;

impl Analysis for NetBenefit {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Hierarchical]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        PARTS
    }

    fn target(&self) -> Target {
        Target::Pairs(PairScale::NetBenefit)
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn orientation(&self, _: Better) -> f64 {
        1.0
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        r::code(&[], &[&call.tier_list(), "with(net_benefit(d, tiers), wald(estimate, se, null, better))"])
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let summary = match Summary::of(data, scratch) {
            Ok(summary) => summary,
            Err(status) => return Estimate::failed(status, n),
        };
        let (estimate, variance) = summary.net_benefit;
        let mut answer = if variance > 0.0 {
            // wins are wins whichever direction of the endpoint is better
            let rule = Rule { better: Better::Higher, ..*rule };
            wald(estimate, variance.sqrt(), &rule, n, 0)
        } else {
            Estimate::failed(Status::NoVariation, n)
        };
        answer.parts = summary.parts;
        answer
    }
}
