//! The win ratio.

use super::pairs::{PARTS, Summary};
use super::wald::wald;
use super::{Adjusts, Analysis, Better, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::estimand::{PairScale, Target};
use crate::scenario::form::{Complaint, Form, Values};

/// `win-ratio = {}`
pub const FORM: Form = Form {
    name: "win-ratio",
    summary: "Win ratio: pairs won over pairs lost by the experimental arm, all pairs compared tier by tier.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(WinRatio))
}

/// The unmatched win ratio on the log scale, with the variance of its U-statistics by the first-order projection.
///
/// With W and L pairs won and lost, of which wᵢ and lᵢ with patient i: ln(W/L), variance Σ (wᵢ/W − lᵢ/L)² over the
/// patients of both arms. No wins or no losses: [`Status::NoVariation`]; an arm of one patient: [`Status::TooFew`].
///
/// With strata patients are compared within them: ln(Σ Wₛ/nₛ over Σ Lₛ/nₛ), n patients in stratum s, and the variance is that of the
/// projections within strata (Dong et al., Journal of Biopharmaceutical Statistics 28 (2018) 778). Strata without patients of one arm
/// tell nothing; an arm of one patient in another: [`Status::TooFew`]. The parts are shares of all pairs within strata.
///
/// Source: Pocock et al., European Heart Journal 33 (2012) 176; Bebu and Lachin, Biostatistics 17 (2016) 178; the
/// variance is that of BuyseTest with `order.Hprojection = 1`.
#[derive(Debug)]
pub struct WinRatio;

impl Analysis for WinRatio {
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
        Target::Pairs(PairScale::LogWinRatio)
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
                "with(pairs_of(d, tiers), wald(log(wins / losses), sqrt(ww / wins^2 + ll / losses^2 - 2 * wl / (wins * losses)), null, better))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let summary = match Summary::of(data, scratch) {
            Ok(summary) => summary,
            Err(status) => return Estimate::failed(status, n),
        };
        let mut answer = match summary.log_win_ratio {
            Some((estimate, variance)) if variance > 0.0 => {
                // wins are wins whichever direction of the endpoint is better
                let rule = Rule { better: Better::Higher, ..*rule };
                wald(estimate, variance.sqrt(), &rule, n, 0)
            }
            _ => Estimate::failed(Status::NoVariation, n),
        };
        answer.parts = summary.parts;
        answer
    }
}
