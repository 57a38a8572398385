//! The DOOR probability.

use super::{PARTS, Summary};
use crate::analysis::r;
use crate::analysis::wald::{assemble, critical_value, oriented};
use crate::analysis::{
    Adjusts, Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status,
};
use crate::endpoint::hierarchical::{Comparison, Tier};
use crate::estimand::{PairScale, Target};
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `door`.
pub const FORM: Form = Form {
    name: "door",
    summary: "DOOR probability: that an experimental patient fares better than a control, ties half",
    keys: &[Key {
        name: "interval",
        kind: Kind::Word(&["wald", "logit"]),
        required: false,
        doc: "Whether limits and test are found on the scale of the probability or of its logit; default `wald`.",
    }],
    example: "{ interval = \"logit\" }",
};

/// Builds the method from its keys.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Door { logit: values.text("interval") == Some("logit") }))
}

/// θ = P(win) + ½P(tie) = ½(1 + NB), NB the net benefit, with half its standard error; no effect is ½. Categories of an ordinal
/// endpoint are ranked by its `better`.
///
/// `wald`: z = (θ − null)/se, limits θ ∓ z₁₋ₜₐᵢₗ se cut to \[0, 1\]. `logit`: z = (logit θ − logit null) θ(1 − θ)/se, limits back from
/// the logit scale. Failures, strata and parts are those of the net benefit.
///
/// Source: Evans et al. (2015), Clinical Infectious Diseases 61:800; Brunner, Munzel (2000), Biometrical Journal 42:17; the variance is
/// that of BuyseTest with `order.Hprojection = 1`.
#[derive(Debug)]
struct Door {
    logit: bool,
}

impl Analysis for Door {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Hierarchical, ResponseKind::Ordinal]
    }

    fn scale(&self) -> Scale {
        Scale::Probability
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn parts(&self) -> &'static [&'static str] {
        PARTS
    }

    fn target(&self) -> Target {
        Target::Pairs(PairScale::Probability)
    }

    fn orientation(&self, _: Better) -> f64 {
        1.0
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let test = if self.logit {
            "z <- (qlogis(theta) - qlogis(null)) * theta * (1 - theta) / se"
        } else {
            "z <- (theta - null) / se"
        };
        r::code(
            &[],
            &[
                &call.tier_list(),
                "b <- net_benefit(d, tiers); theta <- (1 + b$estimate) / 2; se <- b$se / 2",
                test,
                "tested(better * z, theta, se)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let (whole, turned) = match data.response {
            Response::Ordinal { code, levels } => {
                let tiers = Comparison::new(&[Tier::Code { code, levels }]);
                (Dataset { response: Response::Hierarchical(tiers), ..*data }, rule.better == Better::Lower)
            }
            _ => (*data, false),
        };
        let Summary { net_benefit: (mut benefit, variance), mut parts, .. } = match Summary::of(&whole, scratch) {
            Ok(summary) => summary,
            Err(status) => return Estimate::failed(status, n),
        };
        if turned {
            benefit = -benefit;
            parts.swap(0, 1);
        }
        let (estimate, se) = (0.5 * (1.0 + benefit), 0.5 * variance.sqrt());
        let rule = Rule { better: Better::Higher, ..*rule };
        let half = critical_value(rule.tail()) * se;
        let (z, limits) = if self.logit {
            let logit = |p: f64| (p / (1.0 - p)).ln();
            let slope = estimate * (1.0 - estimate);
            let back = |x: f64| 1.0 / (1.0 + (-x).exp());
            let at = logit(estimate);
            ((at - logit(rule.null)) * slope / se, [back(at - half / slope), back(at + half / slope)])
        } else {
            (oriented(estimate, se, &rule), [(estimate - half).max(0.0), (estimate + half).min(1.0)])
        };
        let mut answer = if variance > 0.0 {
            assemble(estimate, se, limits, z, normal_upper_tail(z)).counted(n, 0)
        } else {
            Estimate::failed(Status::NoVariation, n)
        };
        answer.parts = parts;
        answer
    }
}
