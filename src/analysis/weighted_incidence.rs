//! Difference of two weighted cumulative incidences at a time.

use crate::analysis::hazard::hazard_rule;
use crate::analysis::propensity::incidence::{Course, incidence};
use crate::analysis::propensity::{self, settings};
use crate::analysis::{
    Adjusts, Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status,
};
use crate::estimand::{Target, Tilt};
use crate::scenario::form::{Complaint, Form, Values};
use settings::{AT, CALIPER, STABILISED, STRATA, Settings, TRIM, TRUNCATE, VARIANCE, WEIGHTS, read_at};

/// Keys of `weighted-incidence`.
pub const FORM: Form = Form {
    name: "weighted-incidence",
    summary: "Difference of the arms' cumulative incidences (Aalen–Johansen) at a time under propensity weights",
    keys: &[AT, WEIGHTS, VARIANCE, STABILISED, TRIM, TRUNCATE, STRATA, CALIPER],
    example: "{ at = 24, weights = \"ate\" }",
};

/// F₁ − F₀ at a time, Aalen–Johansen estimates of the incidence of the event before competing ones, with weighted events
/// and numbers at risk; influences w ∂F/∂w, those of a multi-state `survfit`.
///
/// A lower incidence is better where later is better. The figures of an arm beyond its follow-up are
/// [`Status::TooFew`]. See [`crate::analysis::propensity`] for weights and variances.
///
/// Source: Aalen, Johansen, Scandinavian Journal of Statistics 5 (1978) 141.
#[derive(Clone, Copy, Debug)]
pub struct WeightedIncidence {
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
    Ok(Box::new(WeightedIncidence { at: read_at(values)?, settings: Settings::read(values)? }))
}

impl Analysis for WeightedIncidence {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn target(&self) -> Target {
        Target::Incidence(self.at)
    }

    fn tilt(&self) -> Tilt {
        self.settings.tilt()
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
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
        let Response::Time { time, event, competing } = data.response else {
            return Estimate::failed(Status::NoVariation, data.arm.len());
        };
        let course = Course { time, event, competing };
        propensity::analyse(&self.settings, data, &hazard_rule(rule), scratch, self.at, |weight, scratch, influence| {
            let [control, experimental] = incidence(course, data.arm, weight, self.at, scratch, influence)?;
            Ok(experimental - control)
        })
    }
}
