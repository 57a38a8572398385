//! What every method promises, on generated data.

use patency::analysis::{Analysis, Better, Estimate, FAMILY, Rule, Scale, Status};
use proptest::prelude::*;

use super::{Rows, Y, method, rule};

/// Small data full of ties; one covariate or none.
fn rows() -> impl Strategy<Value = Rows> {
    (4_usize..40, 0_u8..4, 0_usize..2).prop_flat_map(|(n, kind, covariates)| {
        let y = match kind {
            0 => proptest::collection::vec(0_u8..2, n).prop_map(Y::Binary).boxed(),
            1 => proptest::collection::vec(0_u8..4, n).prop_map(|y| Y::Ordinal(y, 5)).boxed(),
            2 => proptest::collection::vec(-3_i8..4, n)
                .prop_map(|y| Y::Score(y.into_iter().map(f64::from).collect()))
                .boxed(),
            _ => proptest::collection::vec(-50.0_f64..50.0, n).prop_map(Y::Score).boxed(),
        };
        let column =
            proptest::collection::vec(-2_i8..3, n).prop_map(|x| x.into_iter().map(f64::from).collect::<Vec<f64>>());
        (proptest::collection::vec(0_u8..2, n), y, proptest::collection::vec(column, covariates))
            .prop_map(|(arm, y, covariates)| Rows { arm, y, covariates })
    })
}

/// The methods of these tests that take the response, each with its variations.
fn methods(rows: &Rows) -> Vec<Box<dyn Analysis>> {
    let proportions = "difference-of-proportions";
    match rows.y {
        Y::Binary(_) => vec![
            method(proportions, &[("test", "pooled-z")], &[]),
            method(proportions, &[("test", "chi-square")], &["continuity"]),
            method(proportions, &[("test", "wald")], &[]),
            method("ratio-of-proportions", &[], &[]),
            method("logistic", &[], &[]),
            method("wilcoxon", &[], &[]),
        ],
        Y::Ordinal(..) => vec![method("proportional-odds", &[], &[]), method("wilcoxon", &[], &[])],
        Y::Score(_) => vec![
            method("t-test", &[("variance", "welch")], &[]),
            method("t-test", &[("variance", "pooled")], &[]),
            method("ancova", &[], &[]),
            method("wilcoxon", &[], &[]),
        ],
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-8 * (1.0 + a.abs().max(b.abs()))
}

/// The same rows in another order.
fn shuffled(rows: &Rows, step: usize) -> Rows {
    let n = rows.arm.len();
    let step = (1..).map(|k| step + k).find(|k| gcd(*k, n) == 1).unwrap();
    let place: Vec<usize> = (0..n).map(|i| (i * step + 1) % n).collect();
    let y = match &rows.y {
        Y::Binary(y) => Y::Binary(place.iter().map(|&i| y[i]).collect()),
        Y::Ordinal(y, k) => Y::Ordinal(place.iter().map(|&i| y[i]).collect(), *k),
        Y::Score(y) => Y::Score(place.iter().map(|&i| y[i]).collect()),
    };
    Rows {
        arm: place.iter().map(|&i| rows.arm[i]).collect(),
        y,
        covariates: (rows.covariates.iter()).map(|x| place.iter().map(|&i| x[i]).collect()).collect(),
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn contract_estimates_are_finite_and_failures_are_not(rows in rows()) {
        for analysis in methods(&rows) {
            let e = rows.analyse(&*analysis, &rule(&*analysis));
            let numbers = [e.estimate, e.se, e.lower, e.upper, e.z, e.p];
            if e.status == Status::Estimated {
                prop_assert!(numbers.iter().all(|x| x.is_finite()), "{analysis:?} {e:?}");
                prop_assert!(e.se >= 0.0 && e.lower <= e.estimate && e.estimate <= e.upper);
                prop_assert!((0.0..=1.0).contains(&e.p));
                prop_assert!((e.p < 0.5) == (e.z > 0.0) || e.z.abs() < 1e-15);
            } else {
                prop_assert!(numbers.iter().all(|x| x.is_nan()), "{analysis:?} {e:?}");
            }
            prop_assert!(e.parts.iter().all(|x| x.is_finite()));
            prop_assert_eq!(e.n as usize, rows.arm.len());
            prop_assert!(analysis.parts().len() <= e.parts.len());
        }
    }

    #[test]
    fn contract_swapping_arms_flips_estimate_and_z(rows in rows()) {
        let mut swapped = rows.clone();
        for a in &mut swapped.arm {
            *a = 1 - *a;
        }
        for analysis in methods(&rows) {
            let rule = rule(&*analysis);
            let (e, f) = (rows.analyse(&*analysis, &rule), swapped.analyse(&*analysis, &rule));
            prop_assert_eq!(e.status, f.status);
            if e.status == Status::Estimated {
                let whole = if analysis.scale() == Scale::Probability { 1.0 } else { 0.0 };
                prop_assert!(near(e.estimate, whole - f.estimate), "{analysis:?} {e:?} {f:?}");
                prop_assert!(near(e.se, f.se) && near(e.z, -f.z) && near(e.p, 1.0 - f.p));
                prop_assert!(near(e.lower, whole - f.upper) && near(e.upper, whole - f.lower));
                prop_assert_eq!(e.events, f.events);
            }
        }
    }

    #[test]
    fn contract_better_turns_z_and_p_only(rows in rows()) {
        for analysis in methods(&rows) {
            let rule = rule(&*analysis);
            let e = rows.analyse(&*analysis, &rule);
            let f = rows.analyse(&*analysis, &Rule { better: Better::Lower, ..rule });
            prop_assert_eq!(e.status, f.status);
            if e.status == Status::Estimated {
                prop_assert_eq!(e.z, -f.z);
                prop_assert!((e.p + f.p - 1.0).abs() < 1e-12);
                let same = |e: Estimate| (e.estimate, e.se, e.lower, e.upper, e.parts);
                prop_assert_eq!(same(e), same(f));
            }
        }
    }

    #[test]
    fn contract_order_of_rows_is_irrelevant(rows in rows(), step in 0_usize..40) {
        let other = shuffled(&rows, step);
        for analysis in methods(&rows) {
            let rule = rule(&*analysis);
            let (e, f) = (rows.analyse(&*analysis, &rule), other.analyse(&*analysis, &rule));
            let counted = match rows.y {
                Y::Binary(_) | Y::Ordinal(..) => rows.covariates.is_empty(),
                Y::Score(_) => format!("{analysis:?}").starts_with("Wilcoxon"),
            };
            prop_assert_eq!(e.status, f.status);
            if e.status == Status::Estimated && counted {
                prop_assert_eq!(e, f);
            } else if e.status == Status::Estimated {
                prop_assert!(near(e.estimate, f.estimate) && near(e.se, f.se) && near(e.z, f.z));
            }
        }
    }

    #[test]
    fn contract_margin_is_the_origin_of_z(rows in rows(), margin in -0.4_f64..0.4) {
        for analysis in methods(&rows) {
            let plain = rule(&*analysis);
            let null = plain.null + margin;
            let e = rows.analyse(&*analysis, &Rule { null, ..plain });
            if e.status == Status::Estimated && margin != 0.0 && e.se > 0.0 {
                let corrected = format!("{analysis:?}").contains("continuity: true");
                let z = (e.estimate - null) / e.se;
                prop_assert!(near(e.z, z) || corrected && e.z.abs() <= z.abs() && e.z * z >= 0.0);
            }
        }
    }
}

#[test]
fn contract_level_of_the_interval() {
    let rows = Rows::new(&[1, 1, 1, 1, 0, 0, 0, 0], Y::Binary(vec![1, 1, 1, 0, 1, 0, 0, 0]));
    let logistic = method("logistic", &[], &[]);
    for (alpha, sides, z) in [
        (0.05, 2, 1.959963984540054),
        (0.025, 1, 1.959963984540054),
        (0.1, 1, 1.2815515655446004),
        (0.05, 1, 1.6448536269514722),
    ] {
        let plain = rule(&*logistic);
        let e = rows.analyse(&*logistic, &Rule { alpha, sides, ..plain });
        super::close((e.upper - e.estimate) / e.se, z, 1e-14);
        super::close((e.estimate - e.lower) / e.se, z, 1e-14);
    }
}

#[test]
fn contract_family_has_unique_names_and_examples_of_its_own() {
    let names: Vec<&str> = FAMILY.iter().map(|m| m.form.name).collect();
    for (i, member) in FAMILY.iter().enumerate() {
        assert!(!names[..i].contains(&member.form.name));
        let example: toml::Table = format!("{} = {}", member.form.name, member.form.example).parse().unwrap();
        let keys = example[member.form.name].as_table().unwrap();
        for key in keys.keys() {
            assert!(member.form.keys.iter().any(|k| k.name == key), "{key}");
        }
    }
}
