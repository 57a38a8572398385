//! What all weighted rows share: an effect, the weights that make its population, a variance.

use std::fmt::Debug;

use super::settings::{Scheme, Settings};
use crate::analysis::hazard::hazard_rule;
use crate::analysis::r;
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

    /// R code that leaves θ in `theta` and ψ in `psi`, from the patients `d` whose weight `w` is not 0.
    fn r(&self, call: &r::Call<'_>) -> r::Code;

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

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let weights = self.settings.r(call)?;
        let effect = self.effect.r(call);
        let own: Vec<String> = effect.body.lines().map(|line| format!("  {line}")).collect();
        let se = match (self.settings.stacked, self.settings.scheme == Scheme::Everyone && self.settings.stabilised) {
            (false, _) => "se <- influence_se(influences)",
            (true, false) => "se <- influence_se(influences, score, arm, slope)",
            (true, true) => "se <- influence_se(influences, score, arm, slope, share = TRUE)",
        };
        let lines = [
            &weights,
            "estimate <- function(d, w) {",
            &own.join("\n"),
            "  list(theta = theta, psi = psi)",
            "}",
            "found <- estimate(d[w > 0, ], w[w > 0])",
            "influences <- replace(0 * w, which(w > 0), found$psi)",
            se,
            "wald(found$theta, se, null, better)",
        ];
        r::code(effect.packages, &lines)
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
