//! The win odds.

use super::pairs::{PARTS, Summary};
use super::wald::wald;
use super::{Adjusts, Analysis, Better, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::estimand::{PairScale, Target};
use crate::scenario::form::{Complaint, Form, Values};

/// `win-odds = {}`
pub const FORM: Form = Form {
    name: "win-odds",
    summary: "Win odds: as the win ratio, with half of the ties on either side.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(WinOdds))
}

/// The win odds on the log scale: a function of the net benefit, with its variance by the delta method.
///
/// With ties T: ln((W + T/2)/(L + T/2)) = ln((1 + NB)/(1 − NB)), standard error 2 se(NB)/(1 − NB²). Failures are those
/// of the net benefit.
///
/// Source: Brunner, Vandemeulebroecke and Mütze, Statistics in Medicine 40 (2021) 3367.
#[derive(Debug)]
pub struct WinOdds;

impl Analysis for WinOdds {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Hierarchical]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn parts(&self) -> &'static [&'static str] {
        PARTS
    }

    fn target(&self) -> Target {
        Target::Pairs(PairScale::LogWinOdds)
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn orientation(&self, _: Better) -> f64 {
        1.0
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        r::code(
            &[],
            &[
                &call.tier_list(),
                "with(net_benefit(d, tiers), wald(log((1 + estimate) / (1 - estimate)), 2 * se / (1 - estimate^2), null, better))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let summary = match Summary::of(data, scratch) {
            Ok(summary) => summary,
            Err(status) => return Estimate::failed(status, n),
        };
        let (benefit, variance) = summary.net_benefit;
        let mut answer = if variance > 0.0 {
            let estimate = benefit.ln_1p() - (-benefit).ln_1p();
            let se = 2.0 * variance.sqrt() / (1.0 - benefit * benefit);
            // wins are wins whichever direction of the endpoint is better
            let rule = Rule { better: Better::Higher, ..*rule };
            wald(estimate, se, &rule, n, 0)
        } else {
            Estimate::failed(Status::NoVariation, n)
        };
        answer.parts = summary.parts;
        answer
    }
}
