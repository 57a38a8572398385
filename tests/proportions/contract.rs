//! What every method here promises.

use allocation_counter::measure;
use patency::analysis::{Analysis, Better, Estimate, Rule, Scale, Scratch, Status};
use patency::scenario::form::Value;
use proptest::prelude::*;

use super::{Rows, method, number, numbers, rule, word};

/// Every method with its variations.
fn methods() -> Vec<Box<dyn Analysis>> {
    let flag = || Value::Flag(true);
    let mut all = vec![
        method("newcombe", &[]),
        method("farrington-manning", &[]),
        method("fisher", &[]),
        method("clopper-pearson", &[("probability", number(0.4))]),
        method("mcnemar", &[]),
        method("mcnemar", &[("continuity", flag())]),
        method("mcnemar", &[("test", word("exact"))]),
        method("mcnemar", &[("test", word("mid-p"))]),
        method("cmh", &[]),
        method("cmh", &[("continuity", flag())]),
        method("beta-binomial", &[]),
        method("beta-binomial", &[("prior", numbers(&[0.5, 0.5]))]),
        method("normal-posterior", &[("of", word("log-odds-ratio")), ("sd", number(0.5))]),
        method("normal-posterior", &[("of", word("difference-of-proportions")), ("sd", number(0.2))]),
    ];
    for scale in ["difference", "ratio"] {
        for weights in ["mn", "mh"] {
            all.push(method("miettinen-nurminen", &[("scale", word(scale)), ("weights", word(weights))]));
        }
    }
    for effect in ["odds-ratio", "risk-ratio", "risk-difference"] {
        all.push(method("mantel-haenszel", &[("effect", word(effect))]));
    }
    all
}

/// Those whose test is the inverse of their interval.
fn inverting() -> Vec<Box<dyn Analysis>> {
    let ratio = [("scale", word("ratio"))];
    vec![
        method("newcombe", &[]),
        method("farrington-manning", &[]),
        method("miettinen-nurminen", &[]),
        method("miettinen-nurminen", &ratio),
        method("fisher", &[]),
        method("clopper-pearson", &[("probability", number(0.4))]),
        method("mcnemar", &[("test", word("exact"))]),
        method("mcnemar", &[("test", word("mid-p"))]),
        method("beta-binomial", &[]),
        method("normal-posterior", &[("of", word("log-odds-ratio")), ("sd", number(0.5))]),
    ]
}

/// Small strata, some without an arm, or pairs.
fn rows() -> impl Strategy<Value = Rows> {
    let table = (0_usize..7, 0_usize..7, 0.0_f64..=1.0, 0.0_f64..=1.0)
        .prop_map(|(n0, n1, a, b)| [(a * n0 as f64).round() as usize, n0, (b * n1 as f64).round() as usize, n1]);
    prop_oneof![
        proptest::collection::vec(table, 1..5).prop_map(|t| Rows::tables(&t)),
        proptest::array::uniform4(0_usize..5).prop_map(Rows::pairs),
    ]
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-8 * (1.0 + a.abs().max(b.abs()))
}

/// Whether an answer is one: numbers in order, or none at all.
fn check(analysis: &dyn Analysis, e: &Estimate) -> Result<(), TestCaseError> {
    if e.status != Status::Estimated {
        prop_assert!([e.estimate, e.se, e.lower, e.upper, e.z, e.p].iter().all(|x| x.is_nan()), "{analysis:?} {e:?}");
        return Ok(());
    }
    let p = [e.p, e.p_against(), e.p_two_sided()];
    prop_assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "{analysis:?} {e:?}");
    prop_assert!(e.parts.iter().all(|x| x.is_finite()), "{analysis:?} {e:?}");
    if analysis.estimates() {
        prop_assert!(e.lower <= e.estimate && e.estimate <= e.upper && e.se >= 0.0, "{analysis:?} {e:?}");
        let open = analysis.scale() == Scale::LogRatio;
        prop_assert!(open || [e.estimate, e.se, e.lower, e.upper].iter().all(|x| x.is_finite()), "{analysis:?} {e:?}");
        prop_assert!(e.lower < f64::INFINITY && e.upper > f64::NEG_INFINITY, "{analysis:?} {e:?}");
    }
    prop_assert!(e.others.is_some() == e.z.is_nan(), "{analysis:?} {e:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn contract_answers_are_numbers_in_order_or_none(rows in rows(), null in -0.5_f64..0.5) {
        for analysis in methods() {
            for null in [0.0, null] {
                check(&*analysis, &rows.analyse(&*analysis, &Rule { null, ..rule() }))?;
            }
        }
    }

    #[test]
    fn contract_better_exchanges_the_tails(rows in rows()) {
        for analysis in methods() {
            let e = rows.analyse(&*analysis, &rule());
            let f = rows.analyse(&*analysis, &Rule { better: Better::Lower, ..rule() });
            prop_assert_eq!(e.status, f.status);
            if e.status == Status::Estimated {
                prop_assert!(near(e.p, f.p_against()) && near(e.p_against(), f.p) && near(e.p_two_sided(), f.p_two_sided()));
                prop_assert!((e.estimate, e.lower, e.upper) == (f.estimate, f.lower, f.upper) || !analysis.estimates());
            }
        }
    }

    #[test]
    fn contract_swapping_arms_flips(rows in rows()) {
        let mut swapped = rows.clone();
        swapped.arm.iter_mut().for_each(|a| *a = 1 - *a);
        for analysis in methods().into_iter().filter(|m| !format!("{m:?}").starts_with("ClopperPearson")) {
            let (e, f) = (rows.analyse(&*analysis, &rule()), swapped.analyse(&*analysis, &rule()));
            prop_assert_eq!(e.status, f.status, "{:?}", analysis);
            if e.status == Status::Estimated {
                prop_assert!(near(e.p, f.p_against()) && near(e.p_two_sided(), f.p_two_sided()), "{analysis:?} {e:?} {f:?}");
                if analysis.estimates() {
                    prop_assert!(near(e.estimate, -f.estimate) && near(e.lower, -f.upper) && near(e.upper, -f.lower), "{analysis:?} {e:?} {f:?}");
                }
            }
        }
    }

    #[test]
    fn contract_the_interval_is_what_the_test_does_not_reject(rows in rows()) {
        for analysis in inverting() {
            let e = rows.analyse(&*analysis, &rule());
            if e.status != Status::Estimated {
                continue;
            }
            for (limit, upper) in [(e.lower, false), (e.upper, true)] {
                let f = rows.analyse(&*analysis, &Rule { null: limit, ..rule() });
                // limits at the end of what is possible are no roots
                let end = limit.is_infinite() || (analysis.scale() == Scale::Difference && (limit.abs() > 0.999_999 || f.status != Status::Estimated));
                if !end {
                    let p = if upper { f.p_against() } else { f.p };
                    prop_assert!((p - 0.025).abs() < 1e-8, "{analysis:?} {limit} {e:?} {f:?}");
                }
            }
        }
    }
}

#[test]
fn contract_degenerate_data() {
    let shapes: &[&[[usize; 4]]] = &[
        &[[0, 0, 0, 0]],
        &[[0, 1, 0, 0]],
        &[[0, 0, 1, 1]],
        &[[0, 1, 1, 1]],
        &[[1, 1, 1, 1]],
        &[[0, 9, 0, 9]],
        &[[9, 9, 9, 9]],
        &[[0, 9, 9, 9]],
        &[[0, 1, 1, 1], [1, 1, 0, 1]],
        &[[3, 3, 0, 0], [0, 0, 2, 4]],
        &[[0, 5000, 5000, 5000]],
        &[[2500, 5000, 2501, 5000]],
    ];
    for analysis in methods() {
        for tables in shapes {
            let rows = Rows::tables(tables);
            for null in [0.0, 0.2, -0.2, 1.0, -1.0, 5.0] {
                let e = rows.analyse(&*analysis, &Rule { null, ..rule() });
                check(&*analysis, &e).unwrap();
            }
        }
        assert_ne!(Rows::tables(&[[0, 0, 0, 0]]).analyse(&*analysis, &rule()).status, Status::Estimated);
    }
    // 5,000 of 5,000 against none: the probability is 1/C(10000, 5000), below what a double can hold
    let e = Rows::tables(&[[0, 5000, 5000, 5000]]).analyse(&*method("fisher", &[]), &rule());
    assert_eq!((e.p, e.p_against(), e.estimate), (0.0, 1.0, f64::INFINITY));
}

#[test]
fn contract_one_stratum_is_none() {
    let (one, none) = (Rows::tables(&[[0, 0, 0, 0], [3, 9, 7, 11]]), Rows::tables(&[[3, 9, 7, 11]]));
    for analysis in methods().into_iter().filter(|m| !format!("{m:?}").starts_with("McNemar")) {
        let (e, f) = (one.analyse(&*analysis, &rule()), none.analyse(&*analysis, &rule()));
        assert_eq!((e.status, e.p, e.lower.to_bits()), (f.status, f.p, f.lower.to_bits()), "{analysis:?}");
    }
}

#[test]
fn contract_nothing_is_allocated() {
    let data = [Rows::tables(&[[3, 9, 7, 11], [2, 8, 5, 8], [0, 4, 3, 4]]), Rows::pairs([5, 6, 2, 7])];
    for analysis in methods() {
        let mut scratch = Scratch::default();
        for rows in &data {
            rows.analyse_in(&*analysis, &rule(), &mut scratch);
        }
        for rows in &data {
            let found = measure(|| {
                std::hint::black_box(rows.analyse_in(&*analysis, &rule(), &mut scratch));
            });
            assert_eq!(found.count_total, 0, "{analysis:?}");
        }
    }
}

#[test]
fn contract_bad_keys_are_refused() {
    use patency::analysis::FAMILY;
    use patency::scenario::form::Values;
    let refused = |name: &str, keys: &[(&'static str, Value)]| {
        let entries = keys.iter().map(|(k, v)| (*k, v.clone(), 0..0)).collect();
        let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
        (member.build)(&Values { entries, span: 0..0 }).is_err()
    };
    for p in [0.0, 1.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused("clopper-pearson", &[("probability", number(p))]));
    }
    for prior in [&[][..], &[1.0], &[1.0, 0.0], &[1.0, -1.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY], &[1.0; 3]] {
        for key in ["prior", "prior-control", "prior-experimental"] {
            assert!(refused("beta-binomial", &[(key, numbers(prior))]), "{prior:?}");
        }
    }
    for sd in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused("normal-posterior", &[("of", word("log-odds-ratio")), ("sd", number(sd))]));
    }
    let nan = [("of", word("log-odds-ratio")), ("sd", number(1.0)), ("mean", number(f64::NAN))];
    assert!(refused("normal-posterior", &nan));
    assert!(refused("mcnemar", &[("test", word("exact")), ("continuity", Value::Flag(true))]));
}
