//! Orientation of hazard ratios.

use super::{Better, Rule};

/// The rule for an estimate on the hazard scale: a time endpoint is `better = "higher"` when later is better, and then
/// a *lower* hazard is better, so z of a ln hazard ratio has the sign −`better`.
#[must_use]
pub(crate) fn hazard_rule(rule: &Rule) -> Rule {
    Rule {
        better: match rule.better {
            Better::Higher => Better::Lower,
            Better::Lower => Better::Higher,
        },
        ..*rule
    }
}
