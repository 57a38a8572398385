//! Posterior of an effect from a normal prior and another method's estimate.

use crate::analysis::r;
use crate::analysis::wald::{assemble, critical_value};
use crate::analysis::{
    Analysis, Better, Covariates, Dataset, Estimate, Prior, ResponseKind, Rule, Scale, Scratch, Status, Strata,
};
use crate::analysis::{cox, difference_of_proportions, logistic, t_test};
use crate::estimand::Target;
use crate::math::tail::normal_upper_tail;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `normal-posterior`.
pub const FORM: Form = Form {
    name: "normal-posterior",
    summary: "Posterior of an effect with a normal prior, the likelihood taken as normal around another method's estimate",
    keys: &[
        Key {
            name: "of",
            kind: Kind::Word(&[
                "log-hazard-ratio",
                "log-odds-ratio",
                "difference-of-proportions",
                "difference-of-means",
            ]),
            required: true,
            doc: "the effect, estimated as by `cox`, `logistic`, `difference-of-proportions` or `t-test` (Welch), without covariates",
        },
        Key {
            name: "mean",
            kind: Kind::Number,
            required: false,
            doc: "prior mean of the effect (of a ratio: of its logarithm); default 0",
        },
        Key { name: "sd", kind: Kind::Number, required: true, doc: "prior standard deviation of the effect" },
    ],
    example: "{ of = \"log-hazard-ratio\", mean = 0, sd = 0.5 }",
};

/// With prior N(m, s²) and estimate N(θ, se²) the posterior is normal with precision 1/s² + 1/se² and mean (m/s² + θ̂/se²) over it. The
/// estimate is the posterior mean, the standard error its standard deviation, the limits cut off a posterior probability of tail on either
/// side.
///
/// p is the posterior probability that there is no benefit beyond the null value, z its normal score. The parts are the estimate of the
/// data alone, its standard error, and the prior's share in the posterior mean. Where the method of the estimate fails, so does this.
///
/// `Source`: Spiegelhalter, Freedman, Parmar (1994), JRSS A 157:357, section 3.
#[derive(Debug)]
struct NormalPosterior {
    estimator: Box<dyn Analysis>,
    mean: f64,
    sd: f64,
}

/// Builds the method from its keys.
///
/// # Errors
/// A prior mean that is not finite, or a standard deviation that is not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let (mean, sd) = (values.number("mean").unwrap_or(0.0), values.number("sd").unwrap_or(f64::NAN));
    let complain = |key: &'static str, x: f64, help: &str| Complaint {
        code: Code::OutOfDomain,
        key: Some(key),
        message: format!("`{key}` is {x}"),
        help: help.to_owned(),
    };
    if !mean.is_finite() {
        return Err(complain("mean", mean, "allowed: any finite number"));
    }
    if !(sd > 0.0 && sd.is_finite()) {
        return Err(complain("sd", sd, "allowed: above 0"));
    }
    let plain = Values::default();
    let estimator = match values.text("of") {
        Some("log-hazard-ratio") => cox::build(&plain),
        Some("log-odds-ratio") => logistic::build(&plain),
        Some("difference-of-means") => t_test::build(&plain),
        _ => difference_of_proportions::build(&plain),
    }?;
    Ok(Box::new(NormalPosterior { estimator, mean, sd }))
}

impl Analysis for NormalPosterior {
    fn takes(&self) -> &'static [ResponseKind] {
        self.estimator.takes()
    }

    fn tests(&self) -> bool {
        false
    }

    fn prior(&self) -> Option<Prior> {
        Some(Prior::Normal([self.mean, self.sd]))
    }

    fn scale(&self) -> Scale {
        self.estimator.scale()
    }

    fn orientation(&self, better: Better) -> f64 {
        self.estimator.orientation(better)
    }

    fn target(&self) -> Target {
        self.estimator.target()
    }

    fn parts(&self) -> &'static [&'static str] {
        &["data-estimate", "data-se", "prior-share"]
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let inner = self.estimator.r(call)?;
        let prior = format!("prior <- c({}, {})", self.mean, self.sd);
        r::code(
            inner.packages,
            &[
                "answer <- (function() {",
                &inner.body,
                "})()",
                &prior,
                "precision <- 1 / c(prior[2], answer[[\"se\"]])^2",
                "wald(sum(precision * c(prior[1], answer[[\"estimate\"]])) / sum(precision), 1 / sqrt(sum(precision)), null, better)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let plain = Dataset { covariates: Covariates::default(), strata: Strata::default(), ..*data };
        let found = self.estimator.analyse(&plain, &Rule { null: 0.0, ..*rule }, scratch);
        let (n, events) = (found.n as usize, found.events as usize);
        if found.status != Status::Estimated {
            return Estimate::failed(found.status, n).counted(n, events);
        }
        if found.se <= 0.0 {
            return Estimate::failed(Status::NoVariation, n).counted(n, events);
        }
        // share of the prior: (1/s²) / (1/s² + 1/se²)
        let ratio = self.sd / found.se;
        let share = 1.0 / (1.0 + ratio * ratio);
        let mean = share * self.mean + (1.0 - share) * found.estimate;
        let sd = self.sd * share.sqrt();
        let z = self.orientation(rule.better) * (mean - rule.null) / sd;
        let half = critical_value(rule.tail()) * sd;
        let mut out = assemble(mean, sd, [mean - half, mean + half], z, normal_upper_tail(z)).counted(n, events);
        if out.status != Status::Estimated {
            return Estimate::failed(out.status, n).counted(n, events);
        }
        out.parts[..3].copy_from_slice(&[found.estimate, found.se, share]);
        out
    }
}
