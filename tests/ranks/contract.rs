//! What every method of these tests promises, on generated and on degenerate data.

use patency::analysis::pairs::Gathered;
use patency::analysis::{
    Adjusts, Analysis, Better, Covariates, Dataset, Estimate, FAMILY, Response, ResponseKind, Rule, Scratch, Status,
    Strata,
};
use patency::endpoint::hierarchical::{Comparison, Tier};
use proptest::collection::vec as many;
use proptest::prelude::*;

use super::{Rows, Y, method, rule};

/// Every method of these tests with its variations.
fn methods() -> Vec<Box<dyn Analysis>> {
    let mut all = vec![
        method("wilcoxon", &[("p", "exact")], &[]),
        method("wilcoxon", &[], &[("continuity", true)]),
        method("signed-rank", &[], &[]),
        method("signed-rank", &[("p", "exact"), ("zeros", "pratt")], &[]),
        method("signed-rank", &[], &[("continuity", true)]),
        method("hodges-lehmann", &[], &[]),
        method("hodges-lehmann", &[("interval", "exact")], &[]),
        method("hodges-lehmann", &[], &[("continuity", true)]),
        method("anhecova", &[], &[]),
        method("modified-poisson", &[], &[]),
    ];
    for weights in ["n+1", "n0n1", "equal"] {
        all.push(method("van-elteren", &[("weights", weights)], &[]));
    }
    for effect in ["risk-difference", "risk-ratio", "odds-ratio"] {
        for variance in ["influence", "ye", "ge", "ge-model"] {
            for heterogeneous in [false, true] {
                let words = [("effect", effect), ("variance", variance)];
                all.push(method("standardisation", &words, &[("heterogeneous", heterogeneous)]));
            }
        }
    }
    for name in ["win-ratio", "net-benefit", "win-odds", "win-ratio-ipcw", "finkelstein-schoenfeld"] {
        all.push(method(name, &[], &[]));
    }
    all.push(method("door", &[("interval", "logit")], &[]));
    all.push(method("door", &[], &[]));
    all
}

/// Runs a method on every kind of response that it takes; a hierarchy is made of the score.
fn answers(rows: &Rows, analysis: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Vec<Estimate> {
    let covariates = rows.covariates.concat();
    let Y::Score(y) = &rows.y else { return Vec::new() };
    let code: Vec<u8> = y.iter().map(|y| (y.abs().min(3.0)) as u8).collect();
    let event: Vec<u8> = code.iter().map(|c| u8::from(*c > 1)).collect();
    let time: Vec<f64> = y.iter().map(|y| 4.0 + y.max(-4.0)).collect();
    let tiers = Comparison::new(&[Tier::Time { time: &time, event: &event }, Tier::Code { code: &code, levels: 4 }]);
    let look = |response| Dataset {
        arm: &rows.arm,
        response,
        covariates: Covariates { values: &covariates, count: rows.covariates.len() },
        strata: Strata { code: &rows.strata, levels: rows.strata.iter().max().map_or(0, |s| *s as usize + 1) },
    };
    (analysis.takes().iter())
        .map(|kind| match kind {
            ResponseKind::Binary => analysis.analyse(&look(Response::Binary(&event)), rule, scratch),
            ResponseKind::Ordinal => {
                analysis.analyse(&look(Response::Ordinal { code: &code, levels: 4 }), rule, scratch)
            }
            ResponseKind::Hierarchical => analysis.analyse(&look(Response::Hierarchical(tiers)), rule, scratch),
            _ => analysis.analyse(&look(Response::Score(y)), rule, scratch),
        })
        .collect()
}

/// No number is wrong: finite where there is an answer, none where there is not.
fn sound(analysis: &dyn Analysis, e: &Estimate, n: usize) -> Result<(), TestCaseError> {
    let tails = [e.p, e.p_against(), e.p_two_sided()];
    let of_estimate = [e.estimate, e.se, e.lower, e.upper];
    if e.status == Status::Estimated {
        prop_assert!(tails.iter().all(|p| (0.0..=1.0).contains(p)), "{analysis:?} {e:?}");
        prop_assert!(e.z.is_finite());
        if analysis.estimates() {
            prop_assert!(of_estimate.iter().all(|x| x.is_finite()), "{analysis:?} {e:?}");
            prop_assert!(e.se >= 0.0 && e.lower <= e.estimate && e.estimate <= e.upper, "{analysis:?} {e:?}");
        } else {
            prop_assert!(of_estimate.iter().all(|x| x.is_nan()), "{analysis:?} {e:?}");
        }
    } else {
        prop_assert!(of_estimate.iter().chain([&e.z, &e.p]).all(|x| x.is_nan()), "{analysis:?} {e:?}");
    }
    prop_assert!(e.parts.iter().all(|x| x.is_finite()), "{analysis:?} {e:?}");
    prop_assert!(e.n as usize <= n && analysis.parts().len() <= e.parts.len());
    Ok(())
}

/// Small data full of ties, with strata and one covariate.
fn rows() -> impl Strategy<Value = Rows> {
    (0_usize..30).prop_flat_map(|n| {
        let score = prop_oneof![many(-3_i8..4, n), many(Just(2_i8), n)];
        (many(0_u8..2, n), score, many(-2_i8..3, n), many(0_u32..4, n)).prop_map(|(arm, y, x, strata)| {
            let numbers = |x: Vec<i8>| x.into_iter().map(f64::from).collect::<Vec<f64>>();
            Rows::new(&arm, Y::Score(numbers(y))).with(&numbers(x)).within(&strata)
        })
    })
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-7 * (1.0 + a.abs().max(b.abs())) || a.is_nan() && b.is_nan()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn contract_no_answer_is_wrong(rows in rows()) {
        let mut scratch = Scratch::default();
        for analysis in methods() {
            for e in answers(&rows, &*analysis, &rule(&*analysis), &mut scratch) {
                sound(&*analysis, &e, rows.arm.len())?;
            }
        }
    }

    #[test]
    fn contract_swapping_arms_turns_the_answer(rows in rows()) {
        let mut swapped = rows.clone();
        for a in &mut swapped.arm {
            *a = 1 - *a;
        }
        let mut scratch = Scratch::default();
        for analysis in methods() {
            let rule = rule(&*analysis);
            let all = answers(&rows, &*analysis, &rule, &mut scratch).into_iter();
            for (e, f) in all.zip(answers(&swapped, &*analysis, &rule, &mut scratch)) {
                // of two faults the arms' order decides which is named
                let answered = [e, f].map(|e| e.status == Status::Estimated);
                prop_assert_eq!(answered[0], answered[1], "{:?}", analysis);
                if answered[0] {
                    prop_assert!(near(e.estimate, 2.0 * rule.null - f.estimate), "{analysis:?} {e:?} {f:?}");
                    prop_assert!(near(e.se, f.se) && near(e.z, -f.z), "{analysis:?} {e:?} {f:?}");
                    prop_assert!(near(e.p, f.p_against()) && near(e.p_two_sided(), f.p_two_sided()), "{analysis:?} {e:?} {f:?}");
                    prop_assert!(near(e.lower, 2.0 * rule.null - f.upper));
                }
            }
        }
    }

    #[test]
    fn contract_order_of_rows_is_irrelevant(rows in rows(), seed in 1_usize..1000) {
        let n = rows.arm.len();
        let mut place: Vec<usize> = (0..n).collect();
        place.sort_by_key(|i| (i * seed + seed) % 31);
        let Y::Score(y) = &rows.y else { unreachable!() };
        let other = Rows {
            arm: place.iter().map(|&i| rows.arm[i]).collect(),
            y: Y::Score(place.iter().map(|&i| y[i]).collect()),
            covariates: rows.covariates.iter().map(|x| place.iter().map(|&i| x[i]).collect()).collect(),
            strata: place.iter().map(|&i| rows.strata[i]).collect(),
        };
        let mut scratch = Scratch::default();
        for analysis in methods() {
            let rule = rule(&*analysis);
            let all = answers(&rows, &*analysis, &rule, &mut scratch).into_iter();
            for (e, f) in all.zip(answers(&other, &*analysis, &rule, &mut scratch)) {
                prop_assert_eq!(e.status, f.status);
                prop_assert!(near(e.estimate, f.estimate) && near(e.z, f.z) && near(e.p, f.p), "{analysis:?}");
            }
        }
    }

    #[test]
    fn contract_margin_moves_the_test_alone(rows in rows(), margin in -0.3_f64..0.3) {
        let mut scratch = Scratch::default();
        for analysis in methods().iter().filter(|m| m.estimates()) {
            let plain = rule(&**analysis);
            let moved = Rule { null: plain.null + margin, ..plain };
            let all = answers(&rows, &**analysis, &plain, &mut scratch).into_iter();
            for (e, f) in all.zip(answers(&rows, &**analysis, &moved, &mut scratch)) {
                if e.status == Status::Estimated && f.status == Status::Estimated {
                    prop_assert_eq!((e.estimate, e.se, e.lower, e.upper), (f.estimate, f.se, f.lower, f.upper));
                    // further up, less in favour
                    prop_assert!(margin <= 0.0 || f.z <= e.z + 1e-9 || format!("{analysis:?}").starts_with("Wilcoxon"), "{analysis:?} {e:?} {f:?}");
                }
            }
        }
    }
}

#[test]
fn contract_hodges_lehmann_margin_is_a_shift() {
    let (x, y) = ([1.0, 4.0, 6.5, 7.25], [0.5, 2.0, 2.75, 5.0]);
    let moved: Vec<f64> = x.iter().map(|x| x - 1.25).collect();
    for (interval, continuity) in [("normal", false), ("normal", true), ("exact", false)] {
        let shift = method("hodges-lehmann", &[("interval", interval)], &[("continuity", continuity)]);
        let margin = Rule { null: 1.25, ..rule(&*shift) };
        let e = Rows::scores(&x, &y).analyse(&*shift, &margin);
        let f = Rows::scores(&moved, &y).analyse(&*shift, &rule(&*shift));
        assert_eq!((e.z, e.p, e.others, e.estimate), (f.z, f.p, f.others, f.estimate + 1.25));
    }
}

#[test]
fn contract_degenerate_data_have_a_status() {
    let mut scratch = Scratch::default();
    let cases = [
        Rows::scores(&[], &[]),
        Rows::scores(&[1.0], &[]),
        Rows::scores(&[], &[1.0, 2.0]),
        Rows::scores(&[1.0], &[2.0]),
        Rows::scores(&[1.0, 1.0], &[1.0, 1.0]),
        Rows::scores(&[f64::NAN, 1.0, 2.0], &[1.0, 3.0, 0.5]),
        Rows::scores(&[f64::INFINITY, 1.0, 2.0], &[1.0, 3.0, 0.5]),
        Rows::scores(&[1e308, 1.0, 2.0], &[-1e308, 3.0, 0.5]),
        Rows::scores(&[1.0, 1.0, 1.0, 1.0], &[3.0, 3.0, 3.0, 3.0]),
    ];
    for rows in cases {
        let n = rows.arm.len();
        for constant in [true, false] {
            let x: Vec<f64> = (0..n).map(|i| if constant { 1.0 } else { (i * i) as f64 }).collect();
            let own: Vec<u32> = (0..n as u32).collect();
            for strata in [Vec::new(), vec![0; n], own] {
                let rows = rows.clone().with(&x).within(&strata);
                for analysis in methods() {
                    for better in [Better::Higher, Better::Lower] {
                        let rule = Rule { better, ..rule(&*analysis) };
                        for e in answers(&rows, &*analysis, &rule, &mut scratch) {
                            sound(&*analysis, &e, n).unwrap();
                        }
                    }
                }
            }
        }
    }
    // a covariate that tells responders apart, and an arm without events
    let apart = Rows::new(&[1, 1, 1, 0, 0, 0], Y::Binary(vec![0, 1, 1, 0, 0, 1]));
    let none = Rows::new(&[1, 1, 1, 0, 0, 0], Y::Binary(vec![0, 1, 1, 0, 0, 0]));
    for (rows, x) in [(apart, [0.0, 2.0, 3.0, 0.0, 1.0, 2.5]), (none, [0.0, 2.0, 3.0, 0.0, 1.0, 2.0])] {
        let rows = rows.with(&x);
        for name in ["standardisation", "modified-poisson"] {
            let analysis = method(name, &[], &[]);
            let e = rows.analyse(&*analysis, &rule(&*analysis));
            let expected = name == "standardisation" || rows.covariates[0][5] == 2.0;
            assert_eq!(e.status == Status::Separation, expected, "{name} {e:?}");
        }
    }
}

#[test]
fn contract_nothing_is_allocated_once_the_scratch_has_grown() {
    let n = 60;
    let arm: Vec<u8> = (0..n).map(|i| (i % 2) as u8).collect();
    let y: Vec<f64> = (0..n).map(|i| f64::from((i * 37 % 23) as u8) - 11.0).collect();
    let x: Vec<f64> = (0..n).map(|i| f64::from((i * 29 % 17) as u8)).collect();
    let strata: Vec<u32> = (0..n as u32).map(|i| i / 2).collect();
    let wide: Vec<u32> = (0..n as u32).map(|i| i / 20).collect();
    let mut scratch = Scratch::default();
    for strata in [strata, wide] {
        let rows = Rows::new(&arm, Y::Score(y.clone())).with(&x).within(&strata);
        let covariates = rows.covariates.concat();
        let code: Vec<u8> = y.iter().map(|y| (y.abs() / 4.0) as u8).collect();
        let event: Vec<u8> = code.iter().map(|c| u8::from(*c > 1)).collect();
        let tiers = Comparison::new(&[
            Tier::Time { time: &x, event: &event },
            Tier::Code { code: &code, levels: 4 },
            Tier::Score { value: &y, threshold: 2.0 },
        ]);
        for analysis in methods() {
            for kind in analysis.takes() {
                let response = match kind {
                    ResponseKind::Binary => Response::Binary(&event),
                    ResponseKind::Ordinal => Response::Ordinal { code: &code, levels: 4 },
                    ResponseKind::Hierarchical => Response::Hierarchical(tiers),
                    _ => Response::Score(&y),
                };
                let data = Dataset {
                    arm: &arm,
                    response,
                    covariates: Covariates { values: &covariates, count: 1 },
                    strata: Strata { code: &strata, levels: strata[n - 1] as usize + 1 },
                };
                let rule = rule(&*analysis);
                let first = analysis.analyse(&data, &rule, &mut scratch);
                let allocated = allocation_counter::measure(|| {
                    std::hint::black_box(analysis.analyse(&data, &rule, &mut scratch));
                });
                assert_eq!(allocated.count_total, 0, "{analysis:?} {kind:?} {:?}", first.status);
            }
        }
    }
}

#[test]
fn contract_methods_say_what_they_use() {
    let uses = |name: &str| {
        let m = FAMILY.iter().find(|m| m.form.name == name).unwrap();
        let built = (m.build)(&Default::default()).unwrap();
        (built.stratifies(), built.adjusts(), built.estimates())
    };
    assert_eq!(uses("signed-rank"), (Adjusts::Always, Adjusts::Never, false));
    assert_eq!(uses("van-elteren"), (Adjusts::Always, Adjusts::Never, false));
    assert_eq!(uses("standardisation"), (Adjusts::Never, Adjusts::Always, true));
    assert_eq!(uses("win-ratio"), (Adjusts::Optionally, Adjusts::Never, true));
    assert_eq!(uses("finkelstein-schoenfeld"), (Adjusts::Optionally, Adjusts::Never, false));
    assert!(format!("{:?}", Gathered::default()).starts_with("Gathered"));
}
