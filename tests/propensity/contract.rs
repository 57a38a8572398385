//! What every weighted method promises.

use allocation_counter::measure;
use patency::analysis::r::Call;
use patency::analysis::{Better, FAMILY, ResponseKind, Rule, Scratch, Status};
use proptest::prelude::*;

use super::{Patients, RULE, method, near};

const BINARY: [(&str, &str); 7] = [
    ("weighted-difference", "variance=stacked"),
    ("weighted-difference", "weights=att trim=0.05"),
    ("weighted-difference", "weights=att variance=stacked"),
    ("weighted-difference", "weights=ato variance=stacked"),
    ("weighted-difference", "weights=strata"),
    ("weighted-difference", "truncate=0.95 stabilised=false"),
    ("aipw", ""),
];

const TIMED: [(&str, &str); 8] = [
    ("weighted-cox", "variance=stacked"),
    ("weighted-cox", "weights=att variance=stacked"),
    ("weighted-cox", "weights=ato"),
    ("weighted-cox", "weights=strata strata=3"),
    ("weighted-kaplan-meier", "at=30 variance=stacked"),
    ("weighted-incidence", "at=30 weights=ato variance=stacked"),
    ("weighted-incidence", "at=30 weights=att trim=0.01"),
    ("aipw", "at=30"),
];

fn birthwt() -> Patients {
    Patients::read("birthwt", 1.0, "age+lwt+ht+ui")
}

fn rotterdam() -> Patients {
    Patients::read("rotterdam", 60.0, "age+large+nodes+grade")
}

fn cases() -> Vec<(Patients, &'static str, &'static str)> {
    let binary = BINARY.iter().map(|(name, written)| (birthwt(), *name, *written));
    let timed = TIMED.iter().map(|(name, written)| (rotterdam(), *name, *written));
    binary.chain(timed).collect()
}

#[test]
fn contract_swapped_arms() {
    for (data, name, written) in cases() {
        let one = data.analyse(name, written);
        let swapped = Patients { arm: data.arm.iter().map(|a| 1 - a).collect(), ..data.clone() };
        // the treated are the same people
        let rule = Rule { treated: 0, ..RULE };
        let other = swapped.analyse_with(&*method(name, written), &rule, &mut Scratch::default());
        assert_eq!(one.status, Status::Estimated, "{name} {written}");
        near(other.estimate, -one.estimate, 1e-9);
        near(other.se, one.se, 1e-9);
        near(other.z, -one.z, 1e-9);
        near(other.lower, -one.upper, 1e-9);
        near(other.p + one.p, 1.0, 1e-12);
    }
}

#[test]
fn contract_order_of_rows_and_units() {
    for (data, name, written) in cases() {
        let n = data.arm.len();
        let rows: Vec<usize> = (0..n).map(|i| (11 * i + 3) % n).collect();
        let codes = |from: &[u8]| rows.iter().filter_map(|&i| from.get(i).copied()).collect::<Vec<u8>>();
        let numbers = |from: &[f64]| rows.iter().filter_map(|&i| from.get(i).copied()).collect::<Vec<f64>>();
        let other = Patients {
            arm: codes(&data.arm),
            y: codes(&data.y),
            time: numbers(&data.time),
            event: codes(&data.event),
            competing: codes(&data.competing),
            // location and scale of a covariate are irrelevant, and which of them comes first
            x: data.x.iter().rev().map(|x| numbers(x).iter().map(|x| 100.0 - 7.0 * x).collect()).collect(),
        };
        let (one, other) = (data.analyse(name, written), other.analyse(name, written));
        near(other.estimate, one.estimate, 1e-8);
        near(other.se, one.se, 1e-8);
        for (a, b) in one.parts.iter().zip(&other.parts) {
            assert!((a - b).abs() <= 1e-8 * a.abs().max(1.0), "{name} {written}: {a} {b}");
        }
    }
}

#[test]
fn contract_orientation_margin_and_parts() {
    for (data, name, written) in cases() {
        let analysis = method(name, written);
        let found = data.analyse(name, written);
        let sign = analysis.orientation(Better::Higher);
        assert_eq!(analysis.orientation(Better::Lower), -sign);
        near(found.z, sign * found.estimate / found.se, 1e-13);
        let rule = Rule { better: Better::Lower, null: 0.1, ..RULE };
        let shifted = data.analyse_with(&*analysis, &rule, &mut Scratch::default());
        near(shifted.z, -sign * (found.estimate - 0.1) / found.se, 1e-13);
        assert!(analysis.parts().len() <= 8 && found.parts[analysis.parts().len()..].iter().all(|p| *p == 0.0));
        assert!((found.lower..=found.upper).contains(&found.estimate));
    }
}

#[test]
fn contract_score_at_hand_changes_nothing_and_nothing_is_allocated() {
    let mut scratch = Scratch::default();
    let cases = cases();
    let methods: Vec<_> = cases.iter().map(|(_, name, written)| method(name, written)).collect();
    for _ in 0..2 {
        for ((data, name, written), method) in cases.iter().zip(&methods) {
            let reused = data.analyse_with(&**method, &RULE, &mut scratch);
            assert_eq!(format!("{reused:?}"), format!("{:?}", data.analyse(name, written)));
        }
    }
    // matched rows as well
    let matched = method("weighted-cox", "weights=matched caliper=0.3");
    rotterdam().analyse_with(&*matched, &RULE, &mut scratch);
    for ((data, name, written), method) in cases.iter().zip(&methods) {
        data.with(|set| {
            method.analyse(set, &RULE, &mut scratch);
            let count = measure(|| {
                method.analyse(set, &RULE, &mut scratch);
            });
            assert_eq!(count.count_total, 0, "{name} {written}");
        });
    }
}

#[test]
fn contract_score_is_fitted_anew_for_other_data() {
    let mut scratch = Scratch::default();
    let analysis = method("weighted-difference", "variance=stacked");
    let data = birthwt();
    let mut other = data.clone();
    other.arm[0] = 1 - other.arm[0];
    let mut third = data.clone();
    third.x[2][7] += 1.0;
    for data in [&data, &other, &data, &third, &third] {
        let reused = data.analyse_with(&*analysis, &RULE, &mut scratch);
        assert_eq!(reused, data.analyse_with(&*analysis, &RULE, &mut Scratch::default()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn contract_estimates_are_finite_and_failures_are_not(
        rows in prop::collection::vec((0_u8..2, 0_u8..2, 1_u8..5, 0_u8..3, -1_i8..2, 0_u8..2), 1..25)
    ) {
        let data = Patients {
            arm: rows.iter().map(|p| p.0).collect(),
            y: rows.iter().map(|p| p.1).collect(),
            time: rows.iter().map(|p| f64::from(p.2)).collect(),
            event: rows.iter().map(|p| u8::from(p.3 == 1)).collect(),
            competing: rows.iter().map(|p| u8::from(p.3 == 2)).collect(),
            x: vec![rows.iter().map(|p| f64::from(p.4)).collect(), rows.iter().map(|p| f64::from(p.5)).collect()],
        };
        let timed = Patients { y: Vec::new(), ..data.clone() };
        let mut scratch = Scratch::default();
        let timed_rows = TIMED.iter().map(|(name, written)| (&timed, *name, written.replace("at=30", "at=3")));
        let matched = [
            (&data, "weighted-difference", "weights=matched".to_owned()),
            (&timed, "weighted-kaplan-meier", "weights=matched caliper=1 at=3".to_owned()),
        ];
        for (data, name, written) in
            BINARY.iter().map(|(name, written)| (&data, *name, (*written).to_owned())).chain(timed_rows).chain(matched)
        {
            let e = data.analyse_with(&*method(name, &written), &RULE, &mut scratch);
            let numbers = [e.estimate, e.se, e.lower, e.upper, e.z, e.p];
            if e.status == Status::Estimated {
                prop_assert!(numbers.iter().all(|x| x.is_finite()) && e.se > 0.0, "{name} {written}: {e:?}");
            } else {
                prop_assert!(numbers.iter().all(|x| x.is_nan()), "{name} {written}: {e:?}");
            }
            prop_assert!(e.parts.iter().all(|x| x.is_finite()), "{name} {written}: {e:?}");
        }
    }
}

#[test]
fn contract_r_code_says_what_its_settings_do() {
    let call = Call {
        kind: ResponseKind::Binary,
        better: Better::Higher,
        competing: false,
        covariates: 1,
        stratified: false,
        treated: 1,
        tiers: &[],
    };
    let code = |written: &str| method("weighted-difference", written).r(&call).map(|code| code.body);
    for weights in ["ate", "att", "ato", "strata"] {
        let body = code(&format!("weights={weights}")).unwrap();
        assert_eq!(body.contains("findInterval"), weights == "strata", "{body}");
        assert!(!body.contains("out <- e <") && !body.contains("cap <-"), "{body}");
        let body = code(&format!("weights={weights} trim=0.07 truncate=0.93")).unwrap();
        assert!(body.contains("out <- e < 0.07") && body.contains("== a], 0.93)"), "{body}");
    }
    assert_eq!(code("weights=matched"), None);
}

#[test]
fn contract_family_has_the_methods() {
    for name in ["weighted-difference", "weighted-kaplan-meier", "weighted-incidence", "weighted-cox", "aipw"] {
        assert_eq!(FAMILY.iter().filter(|m| m.form.name == name).count(), 1);
    }
}
