//! Covers: the planning formulas beside the simulated power, against figures worked out elsewhere.

use super::common::{P1, P2, P4, Run, assert_calibrated};

/// R 4.2.2: `power.prop.test(n = 150, p1 = .35, p2 = .5, strict = FALSE)`; `pnorm(-log(.75) * sqrt(354.3 / 4) - 1.96)` with the Peto limit
/// −.28828 of P2 in place of ln .75; Yu and Ganju's variance 16/3 (1 + t)/(1 − t)/300 at P4's closed-form .49919 and .35635.
#[test]
fn reference_formulas_at_the_yardsticks() {
    for (name, text, expected) in [("Fleiss", P1, 0.75037), ("Schoenfeld", P2, 0.7743), ("Yu and Ganju", P4, 0.5894)] {
        let design = Run { truth: true, ..Run::new(text, 4_000, name) }.go().design;
        let a = &design.analyses[0];
        let planning = a.planning.as_ref().expect("a formula exists");
        assert!(planning.formula.starts_with(name), "{}", planning.formula);
        // the formula inherits the error of the limit: at most the normal density's height a standard error
        let limit = a.estimand.limit.expect("a limit").mcse.expect("an error");
        let error = 0.4 * limit / a.estimate.model_se.expect("a standard error").estimate;
        assert_calibrated(name, planning.power, expected, error.max(0.0005), 0.05);
    }
}
