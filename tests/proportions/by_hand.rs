//! Closed forms and published figures.

use patency::analysis::{Better, Rule, Status};

use super::{Rows, close, method, rule, word};

/// 56 of 70 against 48 of 80: Newcombe (1998), table II, example a.
fn newcombe_a() -> Rows {
    Rows::tables(&[[48, 80, 56, 70]])
}

#[test]
fn by_hand_newcombe() {
    let newcombe = method("newcombe", &[]);
    let e = newcombe_a().analyse(&*newcombe, &rule());
    close(e.estimate, 0.2, 1e-15);
    assert_eq!((e.n, e.events, e.status), (150, 104, Status::Estimated));
    assert_eq!(format!("{:.4} {:.4}", e.lower, e.upper), "0.0524 0.3339");
    // the other examples of the table: 10/10 and 0/20; 0/10 and 0/10; 10/10 and 0/10
    for (table, limits) in [
        ([0, 20, 10, 10], "0.6791 1.0000"),
        ([0, 20, 0, 10], "-0.1611 0.2775"),
        ([0, 10, 10, 10], "0.6075 1.0000"),
        ([3, 10, 9, 10], "0.1705 0.8090"),
    ] {
        let e = Rows::tables(&[table]).analyse(&*newcombe, &rule());
        assert_eq!(format!("{:.4} {:.4}", e.lower, e.upper), limits, "{table:?}");
    }
    // nobody responds: no effect is in the middle of the interval
    let e = Rows::tables(&[[0, 20, 0, 20]]).analyse(&*newcombe, &rule());
    assert_eq!((e.estimate, e.z, e.p, e.se), (0.0, 0.0, 0.5, 0.0));
    // 1 of 1 against 0 of 1 with limits l = 1/(1 + z²), u = z²/(1 + z²): reach √2 z²/(1 + z²) = 1 at z² = 1/(√2 − 1)
    let e = Rows::tables(&[[0, 1, 1, 1]]).analyse(&*newcombe, &rule());
    close(e.z, (1.0 / (2.0_f64.sqrt() - 1.0)).sqrt(), 1e-14);
}

#[test]
fn by_hand_score_tests() {
    let mn = method("miettinen-nurminen", &[]);
    let fm = method("farrington-manning", &[]);
    let e = newcombe_a().analyse(&*mn, &rule());
    // Newcombe's table, methods 6 and 5
    assert_eq!(format!("{:.4} {:.4}", e.lower, e.upper), "0.0528 0.3382");
    let f = newcombe_a().analyse(&*fm, &rule());
    assert_eq!(format!("{:.4} {:.4}", f.lower, f.upper), "0.0533 0.3377");
    // no margin: pooled, p̄ = 104/150
    let pooled = 0.2 / (104.0 / 150.0 * 46.0 / 150.0 * (1.0 / 70.0 + 1.0 / 80.0_f64)).sqrt();
    close(f.z, pooled, 1e-14);
    close(e.z, pooled * (149.0_f64 / 150.0).sqrt(), 1e-14);
    close(f.se, (0.8 * 0.2 / 70.0 + 0.6 * 0.4 / 80.0_f64).sqrt(), 1e-14);
    // nobody responds, margin .1, lower is better: all of it in the experimental arm, p̃₁ = .1
    let margin = Rule { null: 0.1, better: Better::Lower, ..rule() };
    let e = Rows::tables(&[[0, 30, 0, 40]]).analyse(&*fm, &margin);
    close(e.z, 0.1 / (0.1 * 0.9 / 40.0_f64).sqrt(), 1e-14);
    let e = Rows::tables(&[[0, 30, 0, 40]]).analyse(&*fm, &rule());
    assert_eq!((e.estimate, e.z, e.p), (0.0, 0.0, 0.5));
    // limits there: δ/√(δ(1 − δ)/40) = z, so δ = z²/(40 + z²)
    let square = 1.959963984540054_f64.powi(2);
    close(e.upper, square / (40.0 + square), 1e-13);
    close(e.lower, -square / (30.0 + square), 1e-13);
}

#[test]
fn by_hand_score_test_of_a_ratio() {
    let ratio = method("miettinen-nurminen", &[("scale", word("ratio"))]);
    let e = newcombe_a().analyse(&*ratio, &rule());
    close(e.estimate, (4.0_f64 / 3.0).ln(), 1e-14);
    let unbiased = (150.0_f64 / 149.0).sqrt();
    close(e.se, unbiased * (14.0 / (56.0 * 70.0) + 32.0 / (48.0 * 80.0_f64)).sqrt(), 1e-13);
    let difference = newcombe_a().analyse(&*method("miettinen-nurminen", &[]), &rule());
    close(e.z, difference.z, 1e-14);
    // no responder in the control arm: the ratio is infinite, the test and the lower limit are not
    let e = Rows::tables(&[[0, 10, 5, 10]]).analyse(&*ratio, &rule());
    assert_eq!((e.status, e.estimate, e.upper), (Status::Estimated, f64::INFINITY, f64::INFINITY));
    close(e.z, 0.5 / (0.25 * 0.75 * 0.2 * 20.0 / 19.0_f64).sqrt(), 1e-14);
    assert!(e.lower.is_finite() && e.lower > 0.0);
    assert_eq!(Rows::tables(&[[0, 10, 0, 10]]).analyse(&*ratio, &rule()).status, Status::NoVariation);
}

#[test]
fn by_hand_strata_of_one_shape_are_one_stratum_more() {
    // two strata with the same figures: the estimate of one, and √2 times its statistic
    for scale in ["difference", "ratio"] {
        for weights in ["mn", "mh"] {
            let m = method("miettinen-nurminen", &[("scale", word(scale)), ("weights", word(weights))]);
            let one = Rows::tables(&[[3, 10, 9, 12]]).analyse(&*m, &rule());
            let two = Rows::tables(&[[3, 10, 9, 12], [3, 10, 9, 12]]).analyse(&*m, &rule());
            close(two.estimate, one.estimate, 1e-14);
            close(two.z, 2.0_f64.sqrt() * one.z, 1e-14);
            close(two.se, one.se / 2.0_f64.sqrt(), 1e-13);
            // a stratum without control patients says nothing
            let more = Rows::tables(&[[3, 10, 9, 12], [0, 0, 4, 5]]).analyse(&*m, &rule());
            close(more.z, one.z, 1e-14);
            close(more.lower, one.lower, 1e-13);
        }
    }
}
