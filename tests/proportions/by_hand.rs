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

/// Fisher's lady: 3 of 4 cups against 1 of 4.
fn lady() -> Rows {
    Rows::tables(&[[1, 4, 3, 4]])
}

#[test]
fn by_hand_fisher() {
    let fisher = method("fisher", &[]);
    let e = lady().analyse(&*fisher, &rule());
    close(e.p, 17.0 / 70.0, 1e-14);
    close(e.p_against(), 69.0 / 70.0, 1e-14);
    close(e.p_two_sided(), 34.0 / 70.0, 1e-14);
    assert!(e.z.is_nan());
    // weights 1, 16, 36, 16, 1 and mean 3: θ⁴ − 36θ² − 32θ − 3 = 0
    let theta = e.estimate.exp();
    close(theta.powi(4), 3.0 + 32.0 * theta + 36.0 * theta * theta, 1e-13);
    let weights = [1.0, 16.0, 36.0, 16.0, 1.0];
    let terms = |t: f64| -> Vec<f64> { (0..5).map(|k| weights[k] * t.powi(k as i32)).collect() };
    let (low, high) = (terms(e.lower.exp()), terms(e.upper.exp()));
    close((low[3] + low[4]) / low.iter().sum::<f64>(), 0.025, 1e-13);
    close(high[..4].iter().sum::<f64>() / high.iter().sum::<f64>(), 0.025, 1e-13);
    // four of four: nothing bounds the odds ratio above; lower is better
    let e = Rows::tables(&[[0, 4, 4, 4]]).analyse(&*fisher, &Rule { better: Better::Lower, ..rule() });
    assert_eq!((e.status, e.estimate, e.upper), (Status::Estimated, f64::INFINITY, f64::INFINITY));
    close(e.p_against(), 1.0 / 70.0, 1e-14);
    close(e.p, 1.0, 1e-15);
    // a margin of 2: weights 1, 32, 144, 128, 16
    let e = lady().analyse(&*fisher, &Rule { null: 2.0_f64.ln(), ..rule() });
    close(e.p, 144.0 / 321.0, 1e-14);
    close(e.p_two_sided(), 177.0 / 321.0, 1e-14);
}

#[test]
fn by_hand_clopper_pearson() {
    let m = method("clopper-pearson", &[("probability", super::number(0.5))]);
    // 4 of 4 experimental patients; the control arm does not count
    let e = Rows::tables(&[[7, 9, 4, 4]]).analyse(&*m, &rule());
    assert_eq!((e.estimate, e.n, e.events, e.parts[0]), (0.5, 4, 4, 1.0));
    close(e.p, 1.0 / 16.0, 1e-15);
    close(e.p_two_sided(), 2.0 / 16.0, 1e-15);
    close(e.p_against(), 1.0, 1e-15);
    close(e.lower, 0.025_f64.powf(0.25) - 0.5, 1e-13);
    assert_eq!(e.upper, 0.5);
    // at π + .25: P(X ≥ 3) = 4 · 27/256 + 81/256
    let e = Rows::tables(&[[0, 1, 3, 4]]).analyse(&*m, &Rule { null: 0.25, ..rule() });
    close(e.p, 189.0 / 256.0, 1e-14);
    let none = Rows::tables(&[[2, 4, 0, 0]]).analyse(&*m, &rule());
    assert_eq!(none.status, Status::EmptyArm);
    assert_eq!(lady().analyse(&*m, &Rule { null: 0.5, ..rule() }).status, Status::NoVariation);
}

#[test]
fn by_hand_mcnemar() {
    // 20 pairs: 6 the experimental alone, 2 the control alone
    let rows = Rows::pairs([5, 6, 2, 7]);
    let e = rows.analyse(&*method("mcnemar", &[]), &rule());
    assert_eq!((e.estimate, e.n, e.events), (0.2, 40, 18));
    assert_eq!(e.parts[..5], [20.0, 6.0, 2.0, 0.0, 0.2]);
    close(e.z, 4.0 / 8.0_f64.sqrt(), 1e-14);
    close(e.se, (8.0 - 0.8_f64).sqrt() / 20.0, 1e-14);
    close(e.upper, 0.2 + 1.959963984540054 * e.se, 1e-14);
    let yates = method("mcnemar", &[("continuity", patency::scenario::form::Value::Flag(true))]);
    close(rows.analyse(&*yates, &rule()).z, 3.0 / 8.0_f64.sqrt(), 1e-14);
    // a margin of −.1
    let margin = Rule { null: -0.1, ..rule() };
    close(rows.analyse(&*method("mcnemar", &[]), &margin).z, 0.3 / e.se, 1e-14);
    close(rows.analyse(&*yates, &margin).z, 0.25 / e.se, 1e-14);

    let exact = rows.analyse(&*method("mcnemar", &[("test", word("exact"))]), &rule());
    close(exact.estimate, 3.0_f64.ln(), 1e-15);
    close(exact.se, (2.0_f64 / 3.0).sqrt(), 1e-13);
    close(exact.p, 37.0 / 256.0, 1e-14);
    close(exact.p_two_sided(), 74.0 / 256.0, 1e-14);
    let mid = rows.analyse(&*method("mcnemar", &[("test", word("mid-p"))]), &rule());
    close(mid.p, 23.0 / 256.0, 1e-14);
    close(mid.p_two_sided(), 46.0 / 256.0, 1e-14);
    assert!(mid.lower > exact.lower && mid.upper < exact.upper);

    // those who are in no pair are left out
    let mut more = rows.clone();
    more.arm.extend([1, 0, 0, 1]);
    more.y.extend([1, 0, 1, 1]);
    more.strata.extend([20, 21, 21, 21]);
    let f = more.analyse(&*method("mcnemar", &[]), &rule());
    assert_eq!((f.z, f.estimate, f.n, f.parts[3]), (e.z, e.estimate, 40, 4.0));
    let tied = Rows::pairs([3, 0, 0, 2]).analyse(&*method("mcnemar", &[]), &rule());
    assert_eq!(tied.status, Status::NoVariation);
}

#[test]
fn by_hand_mantel_haenszel() {
    // one stratum: Woolf's odds ratio, Katz's risk ratio, the Wald difference
    let one = lady();
    let e = one.analyse(&*method("mantel-haenszel", &[]), &rule());
    close(e.estimate, 9.0_f64.ln(), 1e-14);
    close(e.se, (8.0_f64 / 3.0).sqrt(), 1e-14);
    let e = one.analyse(&*method("mantel-haenszel", &[("effect", word("risk-ratio"))]), &rule());
    close(e.estimate, 3.0_f64.ln(), 1e-14);
    close(e.se, (1.0 / 12.0 + 3.0 / 4.0_f64).sqrt(), 1e-14);
    // a second stratum: 2 of 2 against 1 of 2
    let two = Rows::tables(&[[1, 4, 3, 4], [1, 2, 2, 2]]);
    let e = two.analyse(&*method("mantel-haenszel", &[]), &rule());
    // R = 9/8 + 2/4, S = 1/8 + 0
    close(e.estimate, 13.0_f64.ln(), 1e-14);
    let (r, s): (f64, f64) = (13.0 / 8.0, 1.0 / 8.0);
    let pr = 0.75 * 9.0 / 8.0 + 0.75 * 0.5;
    let mixed = 0.75 * 0.125 + 0.25 * 9.0 / 8.0 + 0.25 * 0.5;
    close(e.se, (0.5 * (pr / (r * r) + mixed / (r * s) + 0.25 * 0.125 / (s * s))).sqrt(), 1e-14);
    let e = two.analyse(&*method("mantel-haenszel", &[("effect", word("risk-difference"))]), &rule());
    // weights 2 and 1, differences ½ and ½; P = (16 − 48)/64 + (4 − 8)/16, Q = (9 + 1)/16 + (2 + 0)/8
    close(e.estimate, 0.5, 1e-15);
    close(e.se, ((0.5 * -0.75 + 0.875) / 9.0_f64).sqrt(), 1e-14);
    let nobody = Rows::tables(&[[0, 4, 0, 4], [0, 2, 0, 3]]);
    for (effect, status) in [
        ("odds-ratio", Status::NoVariation),
        ("risk-ratio", Status::NoVariation),
        ("risk-difference", Status::NoVariation),
    ] {
        let m = method("mantel-haenszel", &[("effect", word(effect))]);
        assert_eq!(nobody.analyse(&*m, &rule()).status, status);
        assert_eq!(Rows::tables(&[[2, 4, 0, 0], [0, 0, 1, 3]]).analyse(&*m, &rule()).status, Status::EmptyArm);
    }
    let m = method("mantel-haenszel", &[]);
    assert_eq!(Rows::tables(&[[0, 4, 2, 4], [0, 2, 1, 3]]).analyse(&*m, &rule()).status, Status::Separation);
}

#[test]
fn by_hand_cmh() {
    let two = Rows::tables(&[[1, 4, 3, 4], [1, 2, 2, 2]]);
    let e = two.analyse(&*method("cmh", &[]), &rule());
    // a − E: 3 − 2, 2 − 3/2; V: 16 · 16/(64 · 7), 4 · 3/(16 · 3)
    assert_eq!(e.parts[..2], [5.0, 3.5]);
    close(e.parts[2], 4.0 / 7.0 + 0.25, 1e-15);
    close(e.z, 1.5 / (4.0 / 7.0 + 0.25_f64).sqrt(), 1e-14);
    assert!(e.estimate.is_nan() && e.status == Status::Estimated);
    let corrected = method("cmh", &[("continuity", patency::scenario::form::Value::Flag(true))]);
    close(two.analyse(&*corrected, &rule()).z, 1.0 / (4.0 / 7.0 + 0.25_f64).sqrt(), 1e-14);
    assert_eq!(Rows::tables(&[[0, 4, 0, 4], [2, 2, 3, 3]]).analyse(&*corrected, &rule()).status, Status::NoVariation);
    // a − E is a half either way, of 1/3 + 1/2 + 2/3 and of 2/3 + 1/2 + 1/3: corrected to nothing
    for halves in [[[0, 1, 1, 2], [1, 1, 0, 1], [1, 2, 0, 1]], [[1, 2, 0, 1], [0, 1, 1, 1], [0, 1, 1, 2]]] {
        close(Rows::tables(&halves).analyse(&*corrected, &rule()).z, 0.0, 1e-12);
    }
}

#[test]
fn by_hand_beta_binomial() {
    // 1 of 1 against 0 of 1: X of Beta(2, 1), Y of Beta(1, 2); means 2/3 and 1/3, both variances 1/18
    let rows = Rows::tables(&[[0, 1, 1, 1]]);
    let e = rows.analyse(&*method("beta-binomial", &[]), &rule());
    close(e.estimate, 1.0 / 3.0, 1e-14);
    close(e.se, 1.0 / 3.0, 1e-14);
    close(e.parts[2], 5.0 / 6.0, 1e-12);
    close(e.p, 1.0 / 6.0, 1e-12);
    close(e.p_against(), 5.0 / 6.0, 1e-12);
    close(e.p_two_sided(), 1.0 / 3.0, 1e-12);
    // 1 − X is distributed as Y, so P(X − Y > d) is P(Y + Y′ < t) at t = 1 − d: the integral of 4(1 − u)(1 − v) over u + v < t,
    // 2t² − 4t³/3 + t⁴/6 for t ≤ 1
    let cdf = |t: f64| 2.0 * t * t - 4.0 * t.powi(3) / 3.0 + t.powi(4) / 6.0;
    close(cdf(1.0), 5.0 / 6.0, 1e-14);
    close(cdf(1.0 - e.upper), 0.025, 1e-10);
    // lower is better, margin .2: no benefit is P(X − Y > .2)
    let f = rows.analyse(&*method("beta-binomial", &[]), &Rule { null: 0.2, better: Better::Lower, ..rule() });
    close(f.p, cdf(0.8), 1e-12);
    // a prior of its own for each arm: Beta(3, 1) against Beta(5, 1)
    let keys = [("prior-experimental", super::numbers(&[2.0, 1.0])), ("prior-control", super::numbers(&[5.0, 1.0e-9]))];
    let e = Rows::tables(&[[0, 1, 1, 1]]).analyse(&*method("beta-binomial", &keys), &rule());
    close(e.parts[2], 3.0 / 8.0, 1e-8);
}

#[test]
fn by_hand_normal_posterior() {
    // ln 9 with variance 8/3, prior N(0, 8/3): half of each
    let sd = (8.0_f64 / 3.0).sqrt();
    let keys = [("of", word("log-odds-ratio")), ("sd", super::number(sd))];
    let e = lady().analyse(&*method("normal-posterior", &keys), &rule());
    close(e.estimate, 3.0_f64.ln(), 1e-14);
    close(e.se, (4.0_f64 / 3.0).sqrt(), 1e-14);
    close(e.z, e.estimate / e.se, 1e-14);
    close(e.parts[0], 9.0_f64.ln(), 1e-14);
    close(e.parts[2], 0.5, 1e-14);
    let margin = Rule { null: 2.0_f64.ln(), better: Better::Lower, ..rule() };
    let e = lady().analyse(&*method("normal-posterior", &keys), &margin);
    close(e.z, -1.5_f64.ln() / e.se, 1e-13);
    // no events in one arm: the odds ratio has no estimate, nor has its posterior
    let e = Rows::tables(&[[0, 4, 3, 4]]).analyse(&*method("normal-posterior", &keys), &rule());
    assert_eq!(e.status, Status::Separation);
}
