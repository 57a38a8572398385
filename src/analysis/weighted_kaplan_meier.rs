//! Difference of two weighted Kaplan–Meier curves at a time.

use crate::analysis::propensity::incidence::{Course, incidence};
use crate::analysis::propensity::{self, settings};
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::{Target, Tilt};
use crate::scenario::form::{Complaint, Form, Values};
use settings::{AT, CALIPER, STABILISED, STRATA, Settings, TRIM, TRUNCATE, VARIANCE, WEIGHTS, read_at};

/// Keys of `weighted-kaplan-meier`.
pub const FORM: Form = Form {
    name: "weighted-kaplan-meier",
    summary: "Difference of the arms' Kaplan–Meier estimates at a time under propensity weights; competing events censor",
    keys: &[AT, WEIGHTS, VARIANCE, STABILISED, TRIM, TRUNCATE, STRATA, CALIPER],
    example: "{ at = 24, weights = \"ate\" }",
};

/// S₁ − S₀ at a time, Kaplan–Meier estimates with weighted events and numbers at risk; influences w ∂S/∂w, those of
/// `survfit(robust = TRUE)`.
///
/// Competing events count as censored: the curve is that of a world without them. The figures of an arm beyond its
/// follow-up are [`Status::TooFew`], as with `kaplan-meier`. See [`crate::analysis::propensity`] for weights and variances.
///
/// Source: Xie, Liu, Statistics in Medicine 24 (2005) 3089.
#[derive(Clone, Copy, Debug)]
pub struct WeightedKaplanMeier {
    /// Months from entry.
    pub at: f64,
    /// Weights and variance.
    pub settings: Settings,
}

/// Builds the method from its keys.
///
/// # Errors
/// As [`Settings::read`]; `at` is missing, not finite, or not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(WeightedKaplanMeier { at: read_at(values)?, settings: Settings::read(values)? }))
}

impl Analysis for WeightedKaplanMeier {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn target(&self) -> Target {
        Target::Survival(self.at)
    }

    fn tilt(&self) -> Tilt {
        self.settings.tilt()
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Always
    }

    fn parts(&self) -> &'static [&'static str] {
        self.settings.parts()
    }

    fn weights(
        &self,
        data: &Dataset<'_>,
        rule: &Rule,
        scratch: &mut Scratch,
        out: &mut Vec<f64>,
    ) -> Result<(), Status> {
        propensity::weights(&self.settings, data, rule, scratch, out)
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let Response::Time { time, event, .. } = data.response else {
            return Estimate::failed(Status::NoVariation, data.arm.len());
        };
        let course = Course { time, event, competing: &[] };
        propensity::analyse(&self.settings, data, rule, scratch, self.at, |weight, scratch, influence| {
            let [control, experimental] = incidence(course, data.arm, weight, self.at, scratch, influence)?;
            for psi in influence {
                *psi = -*psi;
            }
            Ok(control - experimental)
        })
    }
}
