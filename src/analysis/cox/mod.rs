//! Cox's proportional hazards model.

mod adjusted;
mod likelihood;
mod profile;
pub mod schoenfeld;
mod unadjusted;

use super::hazard::hazard_rule;
use super::time_order::last_event;
use super::wald::{assemble, critical_value, wald};
use super::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::Better;
use crate::analysis::r;
use crate::analysis::root::{self, Root};
use crate::estimand::Target;
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

use profile::{Point, Profile, limit, signed_root};

/// `cox = {}`
pub const FORM: Form = Form {
    name: "cox",
    summary: "Cox regression on arm and covariates: ln hazard ratio of the arm.",
    keys: &[
        TIES,
        Key {
            name: "test",
            kind: Kind::Word(&["wald", "score", "likelihood-ratio"]),
            required: false,
            doc: "The test of the arm; with `likelihood-ratio` the interval is that of the profile likelihood, else Wald's; default `wald`.",
        },
    ],
    example: "{}",
};

/// How ties are taken.
pub(super) const TIES: Key = Key {
    name: "ties",
    kind: Kind::Word(&["efron", "breslow"]),
    required: false,
    doc: "How events at the same time are taken; default `efron`.",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let test = match values.text("test") {
        Some("score") => Test::Score,
        Some("likelihood-ratio") => Test::LikelihoodRatio,
        _ => Test::Wald,
    };
    Ok(Box::new(Cox { efron: values.text("ties") != Some("breslow"), test }))
}

/// Which test of the arm is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Of the coefficient by its standard error.
    Wald,
    /// Of the likelihood's slope at the null value.
    Score,
    /// Of the likelihood's height at the null value.
    LikelihoodRatio,
}

/// Cox regression on arm and covariates by Newton's method to machine precision, stratified where there are strata; ties by Efron's or
/// Breslow's method.
///
/// The estimate is the coefficient of the experimental arm, its standard error from the inverse of the observed
/// information. At the null value β₀, other coefficients at their maximum given it, the score test's statistic is U(β₀)/√I(β₀) with I the
/// information left after the covariates, and that of the likelihood-ratio test ±√(2(ℓ(β̂) − ℓ(β₀))); the limits of the latter are where
/// the same distance from the maximum is the critical value.
///
/// Events that leave no finite maximum for the arm (in one arm only, or in one arm only while both are at
/// risk) or for a combination of covariates are [`Status::Separation`]; a constant or redundant covariate is
/// [`Status::Singular`]; no event while both arms are at risk is [`Status::NoVariation`].
///
/// Source: Cox, Journal of the Royal Statistical Society B 34 (1972) 187; Efron, Journal of the American Statistical
/// Association 72 (1977) 557, section 6; Breslow, Biometrics 30 (1974) 89; the tests: Therneau and Grambsch, Modeling Survival Data
/// (2000), section 3.4; profile limits: Venzon and Moolgavkar, Applied Statistics 37 (1988) 87.
#[derive(Clone, Copy, Debug)]
pub struct Cox {
    /// Whether ties are taken by Efron's method, else by Breslow's.
    pub efron: bool,
    /// The test.
    pub test: Test,
}

impl Cox {
    /// Efron's ties and Wald's test.
    pub const STANDARD: Self = Self { efron: true, test: Test::Wald };

    /// Test and interval for a fit.
    fn answer(&self, fit: &Fit, rule: &Rule, profile: &mut dyn Profile) -> Result<Estimate, Status> {
        let rule = hazard_rule(rule);
        let se = fit.variance.sqrt();
        let plain = wald(fit.coefficient, se, &rule, 0, 0);
        if self.test == Test::Wald || plain.status != Status::Estimated {
            return Ok(plain);
        }
        let null = profile.at(rule.null)?;
        if self.test == Test::Score {
            let z = rule.better.sign() * null.score / null.information.sqrt();
            return Ok(assemble(fit.coefficient, se, [plain.lower, plain.upper], z, normal_upper_tail(z)));
        }
        let most = profile.at(fit.coefficient)?.log;
        let z = rule.better.sign() * signed_root(fit, most, rule.null, null.log);
        let distance = critical_value(rule.tail());
        let limits = [limit(profile, fit, most, distance, -1.0)?, limit(profile, fit, most, distance, 1.0)?];
        Ok(assemble(fit.coefficient, se, limits, z, normal_upper_tail(z)))
    }
}

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

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn root(&self, data: &Dataset<'_>, weights: [f64; 2]) -> Result<Box<dyn Root>, Status> {
        root::cox(data, weights)
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let surv = call.formula("Surv(time, event)");
        let ties = if self.efron { "efron" } else { "breslow" };
        let fit = format!("fit <- coxph({surv}, data = d, ties = \"{ties}\", control = tight_cox)");
        let wald = "answer <- wald(coef(fit)[\"arm\"], sqrt(vcov(fit)[\"arm\", \"arm\"]), null, better)";
        if self.test == Test::Wald {
            return r::code(&["survival"], &[&fit, wald, "answer"]);
        }
        let restricted = surv.replacen("arm", "offset(null * arm)", 1);
        let others = if call.covariates > 0 {
            format!("others <- coef(coxph({restricted}, data = d, ties = \"{ties}\", control = tight_cox))")
        } else {
            "others <- NULL".to_owned()
        };
        let at = format!(
            "at <- coxph({surv}, data = d, ties = \"{ties}\", init = c(null, others), control = coxph.control(iter.max = 0, timefix = FALSE))"
        );
        let square = if self.test == Test::Score {
            "square <- at$score"
        } else {
            "square <- 2 * (fit$loglik[2] - at$loglik[1])"
        };
        r::code(
            &["survival"],
            &[
                &fit,
                wald,
                "# the likelihood where the arm's coefficient is the null value and the others are at their best",
                &others,
                &at,
                square,
                "tested(sign(answer[[\"z\"]]) * sqrt(square), answer[[\"estimate\"]], answer[[\"se\"]])",
            ],
        )
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
        let risk = if data.strata.levels > 1 {
            unadjusted::RiskSets::walk_strata(data, time, event, self.efron, scratch)
        } else {
            scratch.ascending(time, last);
            unadjusted::RiskSets::walk(time, event, data.arm, experimental, self.efron, scratch)
        };
        let answer = risk.estimable().and_then(|()| {
            if data.covariates.count == 0 {
                let fit = unadjusted::fit(&risk, scratch)?;
                self.answer(&fit, rule, &mut unadjusted::Arm { risk: &risk, scratch })
            } else {
                let mut model = adjusted::Model::new(data, time, event, last, self.efron, scratch)?;
                let fit = model.fit()?;
                self.answer(&fit, rule, &mut model)
            }
        });
        let mut answer = answer.unwrap_or_else(|status| Estimate::failed(status, n)).counted(n, risk.events);
        answer.parts[0] = risk.experimental as f64;
        answer.parts[1] = (risk.events - risk.experimental) as f64;
        answer
    }
}
