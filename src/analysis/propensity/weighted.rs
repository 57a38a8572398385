//! What all weighted rows share: an effect, the weights that make its population, a variance.

use std::fmt::Debug;

use super::settings::Settings;
use crate::analysis::hazard::hazard_rule;
use crate::analysis::{Adjusts, Analysis, Better, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::{Target, Tilt};

/// An effect as a function of weighted data.
pub(crate) trait Effect: Debug + Send + Sync {
    /// Kinds of response it takes.
    const TAKES: &'static [ResponseKind];
    /// Scale of the estimate.
    const SCALE: Scale;
    /// Whether a lower value is better where later is.
    const HAZARD: bool;

    /// What is estimated.
    fn target(&self) -> Target;

    /// Month up to which events count.
    fn until(&self) -> f64 {
        f64::INFINITY
    }

    /// The effect θ under weights; writes ψᵢ = wᵢ ∂θ/∂wᵢ to `influence`, which holds zeros.
    ///
    /// # Errors
    /// Why there is none.
    fn effect(
        &self,
        data: &Dataset<'_>,
        weight: &[f64],
        scratch: &mut Scratch,
        influence: &mut [f64],
    ) -> Result<f64, Status>;
}

/// An effect with its weights and variance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighted<E> {
    pub(crate) effect: E,
    pub(crate) settings: Settings,
}

impl<E: Effect> Analysis for Weighted<E> {
    fn takes(&self) -> &'static [ResponseKind] {
        E::TAKES
    }

    fn scale(&self) -> Scale {
        E::SCALE
    }

    fn target(&self) -> Target {
        self.effect.target()
    }

    fn tilt(&self) -> Tilt {
        self.settings.tilt()
    }

    fn levels_arms(&self) -> bool {
        self.settings.levels_arms()
    }

    fn orientation(&self, better: Better) -> f64 {
        if E::HAZARD { -better.sign() } else { better.sign() }
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
        super::weights(&self.settings, data, rule, scratch, out)
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        if !E::TAKES.contains(&data.response.kind()) {
            return Estimate::failed(Status::NoVariation, data.arm.len());
        }
        let rule = if E::HAZARD { hazard_rule(rule) } else { *rule };
        super::analyse(&self.settings, data, &rule, scratch, self.effect.until(), |weight, scratch, influence| {
            self.effect.effect(data, weight, scratch, influence)
        })
    }
}
