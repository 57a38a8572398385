//! Ways of quoting, hazard ratios, events that never come.

use super::{build, close, parameters, quantile};

const U: [f64; 5] = [1e-6, 0.05, 0.3, 0.5, 0.99];

fn same(member: &str, tables: &[&str]) {
    let first = quantile(build(member, tables[0]).as_ref(), &U, 0);
    for table in &tables[1..] {
        let other = quantile(build(member, table).as_ref(), &U, 0);
        for (a, b) in first.iter().zip(other) {
            assert!(close(b, *a, 1e-12), "{member} = {table}: {b}, wanted {a}");
        }
    }
}

#[test]
fn by_hand_ways_of_quoting_agree() {
    // median 10: rate ln 2 / 10, and half have had it by 10, three quarters by 20.
    same(
        "exponential",
        &[
            "{ median = 10 }",
            "{ rate = 0.06931471805599453 }",
            "{ risk = 0.5, by = 10 }",
            "{ risk = 0.75, by = 20 }",
            "{ median = 5, hazard-ratio = 0.5 }",
            "{ rate = 0.03465735902799726, hazard-ratio = 2 }",
        ],
    );
    // k = 2: S(t) = ½^((t/10)²), so S(20) = 1/16; a hazard ratio of 4 halves all times.
    same(
        "weibull",
        &[
            "{ shape = 2, median = 10 }",
            "{ shape = 2, scale = 12.011224087864498 }",
            "{ shape = 2, risk = 0.9375, by = 20 }",
            "{ shape = 2, median = 20, hazard-ratio = 4 }",
        ],
    );
    // a = .1: H(t) = 10b(e^(t/10) − 1), so S(10 ln 2) = e^(−10b) = ½ and S(10 ln 3) = ¼.
    same(
        "gompertz",
        &[
            "{ shape = 0.1, rate = 0.06931471805599453 }",
            "{ shape = 0.1, median = 6.931471805599453 }",
            "{ shape = 0.1, risk = 0.75, by = 10.98612288668110 }",
            "{ shape = 0.1, rate = 0.03465735902799726, hazard-ratio = 2 }",
        ],
    );
    same("gompertz", &["{ shape = 0, rate = 0.1 }", "{ shape = 0, risk = 0.5, by = 6.931471805599453 }"]);
    // k = 2: the odds of the event are (t/10)², 9 by month 30.
    same(
        "log-logistic",
        &["{ shape = 2, scale = 10 }", "{ shape = 2, median = 10 }", "{ shape = 2, risk = 0.9, by = 30 }"],
    );
    same(
        "lognormal",
        &[
            "{ median = 7.389056098930650, sigma = 0.5 }",
            "{ mean-log = 2, sd-log = 0.5 }",
            // mean e^(2 + ⅛), sd = mean · √(e^¼ − 1)
            "{ mean = 8.372897488127265, sd = 4.462254918069333 }",
        ],
    );
    // One rate in three pieces is one rate; a Weibull of shape 1 is exponential.
    same(
        "piecewise-exponential",
        &[
            "{ rates = [0.1], from = [0] }",
            "{ rates = [0.1, 0.1, 0.1], from = [0, 3, 8] }",
            "{ rates = [0.2, 0.2], from = [0, 1], hazard-ratio = 0.5 }",
        ],
    );
    let scales = ["{ shape = 2, rate = 0.25 }", "{ shape = 2, scale = 4 }", "{ shape = 2, mean = 8 }"];
    for table in scales {
        assert_eq!(parameters(build("gamma", table).as_ref(), 0), [2.0, 4.0], "{table}");
    }
}

#[test]
fn by_hand_quoted_figures_come_back() {
    let risk = build("exponential", "{ risk = 0.05, by = 12 }");
    assert!(close(1.0 - risk.survival(12.0, &parameters(risk.as_ref(), 0)), 0.05, 1e-13));
    let risk = build("weibull", "{ shape = 1.4, risk = 0.3, by = 9 }");
    assert!(close(1.0 - risk.survival(9.0, &parameters(risk.as_ref(), 0)), 0.3, 1e-13));
    let median = build("weibull", "{ shape = 1.4, median = 9 }");
    assert!(close(quantile(median.as_ref(), &[0.5], 0)[0], 9.0, 1e-14));
    // Hazards .1 to month 5, .2 to month 10, then .05: H = .5, 1.5, then 1.5 + .05(t − 10).
    let pieces = build("piecewise-exponential", "{ rates = [0.1, 0.2, 0.05], from = [0, 5, 10] }");
    let u: Vec<f64> = [0.25_f64, 0.5, 1.0, 1.5, 2.0].iter().map(|h| 1.0 - (-h).exp()).collect();
    for (t, wanted) in quantile(pieces.as_ref(), &u, 0).iter().zip([2.5, 5.0, 7.5, 10.0, 20.0]) {
        assert!(close(*t, wanted, 1e-14), "{t}, wanted {wanted}");
    }
    let p = parameters(pieces.as_ref(), 0);
    for (t, h) in [(2.5, 0.25_f64), (5.0, 0.5), (7.5, 1.0), (20.0, 2.0)] {
        assert!(close(pieces.survival(t, &p), (-h).exp(), 1e-15));
    }
    assert_eq!(pieces.survival(0.0, &p), 1.0);
    assert_eq!(pieces.survival(f64::INFINITY, &p), 0.0);
    // Odds of exceeding 1, 2, 3: 3/2, 3/7, 1/9, times 2.
    let ordinal = build("ordinal", "{ probabilities = [0.4, 0.3, 0.2, 0.1], odds-ratio = 2 }");
    let p = parameters(ordinal.as_ref(), 0);
    for (k, wanted) in [(1.0, 3.0 / 4.0), (2.0, 6.0 / 13.0), (3.0, 2.0 / 11.0)] {
        assert!(close(ordinal.survival(k, &p), wanted, 1e-14));
    }
}

/// h acts as S(t)^h: t = F⁻¹(1 − (1 − u)^(1/h)).
#[test]
fn by_hand_hazard_ratio_is_a_power_of_survival() {
    let quoted = [
        ("exponential", "risk = 0.05, by = 12"),
        ("weibull", "shape = 0.7, median = 30"),
        ("gompertz", "shape = 0.08, rate = 0.01"),
        ("gompertz", "shape = -0.002, risk = 0.3, by = 12"),
        ("log-logistic", "shape = 0.7, median = 30"),
        ("log-logistic", "shape = 2, risk = 0.3, by = 12"),
        ("piecewise-exponential", "rates = [0.02, 0.1, 0.05], from = [0, 6, 18]"),
    ];
    for (member, keys) in quoted {
        let base = build(member, &format!("{{ {keys} }}"));
        let changed = build(member, &format!("{{ {keys}, hazard-ratio = \"if(treatment, 0.6, 1)\" }}"));
        let moved: Vec<f64> = U.iter().map(|u| 1.0 - (1.0 - u).powf(1.0 / 0.6)).collect();
        let wanted = quantile(base.as_ref(), &moved, 0);
        let (p0, p1) = (parameters(base.as_ref(), 0), parameters(changed.as_ref(), 1));
        for (t, wanted) in quantile(changed.as_ref(), &U, 1).into_iter().zip(wanted) {
            // 1 − (1 − 1e-6)^(1/.6) itself holds ten digits.
            assert!(close(t, wanted, 1e-9), "{member}: {t}, wanted {wanted}");
            assert!(close(changed.survival(t, &p1), base.survival(t, &p0).powf(0.6), 1e-13), "{member}");
        }
        assert_eq!(quantile(changed.as_ref(), &U, 0), quantile(base.as_ref(), &U, 0), "{member}");
    }
}

#[test]
fn by_hand_never() {
    let tables = [
        ("exponential", "{ rate = 0 }"),
        ("exponential", "{ risk = 0, by = 12 }"),
        ("exponential", "{ median = 6, hazard-ratio = 0 }"),
        ("exponential", r#"{ rate = "if(treatment, 0, 0.01)" }"#),
        ("exponential", r#"{ rate = "if(treatment, -0, 0.01)" }"#),
        ("exponential", r#"{ risk = "if(treatment, 0, 0.01)", by = 6 }"#),
        ("weibull", "{ shape = 1.5, risk = 0, by = 12 }"),
        ("weibull", r#"{ shape = 0.5, scale = 3, hazard-ratio = "if(treatment, 0, 1)" }"#),
        ("gompertz", "{ shape = 0.1, rate = 0 }"),
        ("gompertz", "{ shape = -0.1, risk = 0, by = 12 }"),
        ("gompertz", r#"{ shape = 0, median = 6, hazard-ratio = "if(treatment, 0, 1)" }"#),
        ("log-logistic", "{ shape = 2, risk = 0, by = 12 }"),
        ("log-logistic", r#"{ shape = 2, scale = 12, hazard-ratio = "if(treatment, -0, 1)" }"#),
        ("piecewise-exponential", "{ rates = [0, 0], from = [0, 3] }"),
        ("piecewise-exponential", "{ rates = [0.1, 2], from = [0, 3], hazard-ratio = 0 }"),
    ];
    for (member, table) in tables {
        let law = build(member, table);
        assert_eq!(quantile(law.as_ref(), &U, 1), [f64::INFINITY; 5], "{member} = {table}");
        assert_eq!(law.survival(1e9, &parameters(law.as_ref(), 1)), 1.0, "{member} = {table}");
    }
    // A plateau: with H = .3 by month 3 and no hazard afterwards, 1 − e^(−.3) = 26% ever have it.
    let plateau = build("piecewise-exponential", "{ rates = [0.1, 0], from = [0, 3] }");
    let t = quantile(plateau.as_ref(), &[0.25, 0.26], 0);
    assert!(t[0] < 3.0 && t[1] == f64::INFINITY, "{t:?}");
    // b/|a| = ln 2: half never have it, S(10 ln 2) = e^(−½ ln 2), and a hazard ratio of 2 leaves a quarter.
    let cured =
        build("gompertz", "{ shape = -0.1, rate = 0.06931471805599453, hazard-ratio = \"if(treatment, 2, 1)\" }");
    let t = quantile(cured.as_ref(), &[0.3, 0.4999999, 0.5000001, 0.74], 0);
    assert!(t[1] > 100.0 && t[1].is_finite() && t[2..] == [f64::INFINITY; 2], "{t:?}");
    assert!(close(quantile(cured.as_ref(), &[1.0 - 0.5_f64.sqrt()], 0)[0], 10.0 * std::f64::consts::LN_2, 1e-12));
    let [p0, p1] = [0, 1].map(|arm| parameters(cured.as_ref(), arm));
    assert!(close(cured.survival(f64::INFINITY, &p0), 0.5, 1e-14));
    assert!(close(cured.survival(f64::INFINITY, &p1), 0.25, 1e-14));
    assert!(quantile(cured.as_ref(), &[0.74], 1)[0].is_finite());
    // A gap: nobody has it between months 1 and 5.
    let gap = build("piecewise-exponential", "{ rates = [0.1, 0, 0.1], from = [0, 1, 5] }");
    let below = 1.0 - (-0.1_f64).exp();
    let t = quantile(gap.as_ref(), &[below - 1e-9, below + 1e-9], 0);
    assert!(t[0] < 1.0 && t[0] > 0.999 && t[1] > 5.0 && t[1] < 5.001, "{t:?}");
}

/// What was quoted, of arm 0 and of a patient whose hazard ratio is 1; and all hazards half as large.
#[test]
fn by_hand_quoted_points_and_scaled_hazards() {
    let ln2 = std::f64::consts::LN_2;
    let h = -(0.7_f64.ln());
    let cases = [
        ("exponential", r#"{ risk = "if(treatment, 0.1, 0.3)", by = 12, hazard-ratio = 3 }"#, Some([h, 12.0])),
        ("exponential", "{ rate = 0.05, hazard-ratio = 3 }", Some([ln2, ln2 / 0.05])),
        ("exponential", "{ rate = 0 }", None),
        ("weibull", "{ shape = 2, median = 9 }", Some([ln2, 9.0])),
        ("weibull", "{ shape = 2, scale = 9 }", Some([1.0, 9.0])),
        ("gompertz", "{ shape = 0.1, rate = 0.06931471805599453, hazard-ratio = 3 }", Some([ln2, 10.0 * ln2])),
        ("gompertz", "{ shape = -0.1, rate = 0.01 }", None),
        ("gompertz", "{ shape = -0.1, risk = 0.3, by = 12 }", Some([h, 12.0])),
        ("log-logistic", "{ shape = 2, scale = 9 }", Some([ln2, 9.0])),
        ("log-logistic", "{ shape = 2, risk = 0.3, by = 12 }", Some([h, 12.0])),
        (
            "piecewise-exponential",
            "{ rates = [0.1, 0.05], from = [0, 5], hazard-ratio = 3 }",
            Some([ln2, 5.0 + (ln2 - 0.5) / 0.05]),
        ),
        ("piecewise-exponential", "{ rates = [0.1, 0], from = [0, 5] }", None),
        ("lognormal", "{ median = 2, sigma = 1 }", None),
    ];
    for (member, table, wanted) in cases {
        let law = build(member, table);
        let found = law.quoted(0).map(|q| [q.hazard, q.time]);
        let same = match (found, wanted) {
            (Some(f), Some(w)) => close(f[0], w[0], 1e-14) && close(f[1], w[1], 1e-14),
            (f, w) => f == w,
        };
        assert!(same, "{member} = {table}: {found:?}");
        let scaled = law.scaled(0.5);
        assert_eq!(scaled.is_some(), law.is_event_time(), "{member}");
        if let Some(scaled) = scaled {
            for t in [0.5, 3.0, 20.0] {
                let half = scaled.survival(t, &parameters(scaled.as_ref(), 1));
                let whole = law.survival(t, &parameters(law.as_ref(), 1));
                assert!(close(half * half, whole, 1e-13), "{member} = {table} at {t}: {half} and {whole}");
            }
        }
    }
}

#[test]
fn by_hand_derived() {
    let law = build("derived", r#"{ value = "if(treatment, 70 + 25 * 1.5 ^ 2, 1)" }"#);
    let p = parameters(law.as_ref(), 1);
    assert_eq!(p, [126.25]);
    assert_eq!([law.survival(126.0, &p), law.survival(126.25, &p)], [1.0, 0.0]);
    assert_eq!(law.draw(), patency::distribution::Draw::Derived);
}
