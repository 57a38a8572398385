//! What parameters declare beside a value: axes, null values, ranges; and where a parameter enters.

use patency::scenario::{Declared, Options, Place, declarations, entrance};

use super::{codes, good_with};

const TEXT: &str = r#"
title = "Declared"

[trial]
n = 40
arms = [{ name = "control" }, { name = "treatment" }]

[parameters]
p = { value = 0.4, range = { pessimistic = 0.3, optimistic = "p_high" }, source = "assumed" }
p_high = { value = 0.5, source = "assumed" }
effect = { value = 0.1, null = "0 * p", source = "assumed" }
treated = { value = "p + effect", source = "sum" }
rate = { value = 0.02, source = "assumed" }
over = { value = 12, source = "assumed" }

[[outcome]]
name = "response"
bernoulli = { probability = "if(treatment, treated, p)" }

[[outcome]]
name = "death"
exponential = { rate = "2 * rate" }

[enrolment]
uniform = { over = "over" }

[cut]
horizon = 12

[[endpoint]]
name = "response"
binary = { value = "response", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "response"
difference-of-proportions = {}

[variant.other]
parameters = { p = { value = [0.2, 0.3], null = 0.25, source = "assumed" } }
"#;

fn value(options: &Options<'_>, name: &str) -> f64 {
    let scenario = good_with(TEXT, options);
    scenario.parameters.iter().find(|p| p.name == name).unwrap().value
}

fn declared(name: &str, which: Declared) -> Vec<(String, Declared)> {
    vec![(name.to_owned(), which)]
}

#[test]
fn by_hand_declared_values_stand_in_place_of_the_expected_one() {
    let base = Options::default();
    assert_eq!(value(&base, "treated"), 0.5);
    let null = declared("effect", Declared::Null);
    let options = Options { declared: &null, ..base };
    assert_eq!((value(&options, "treated"), value(&options, "effect")), (0.4, 0.0));
    let scenario = good_with(TEXT, &options);
    assert_eq!(scenario.parameters[2].source, "null value, in place of: assumed");
    for (which, expected) in [(Declared::Pessimistic, 0.3), (Declared::Optimistic, 0.5)] {
        let end = declared("p", which);
        assert_eq!(value(&Options { declared: &end, ..base }, "p"), expected);
    }
    // the command line goes before
    let set = [("effect".to_owned(), "0.05".to_owned())];
    assert!((value(&Options { declared: &null, set: &set, ..base }, "treated") - 0.45).abs() < 1e-15);
}

#[test]
fn by_hand_declarations_of_a_variant() {
    let base = declarations(TEXT, None).unwrap();
    let of = |all: &[patency::scenario::Declaration], name: &str| all.iter().find(|d| d.name == name).unwrap().clone();
    assert!(base.iter().all(|d| d.axis.is_empty()));
    assert!(of(&base, "p").range && !of(&base, "p").null && of(&base, "effect").null);
    let other = declarations(TEXT, Some("other")).unwrap();
    assert_eq!(of(&other, "p").axis, ["0.2", "0.3"]);
    assert!(of(&other, "p").range && of(&other, "p").null);
    let set = [("p".to_owned(), "0.3".to_owned())];
    assert!(
        (value(&Options { variant: Some("other"), set: &set, ..Options::default() }, "treated") - 0.4).abs() < 1e-15
    );
    assert!(declarations(TEXT, Some("othr")).is_err());
}

#[test]
fn contract_mistakes_in_declared_values_are_found_though_not_asked_for() {
    for (from, to, code) in [
        ("null = \"0 * p\"", "null = \"0 * q\"", "unknown-name"),
        ("pessimistic = 0.3", "pessimistic = \"1 +\"", "bad-expression"),
        ("pessimistic = 0.3", "pessimistic = \"p_high\"", "contradiction"),
        ("pessimistic = 0.3, ", "", "missing-key"),
        ("pessimistic = 0.3", "pesimistic = 0.3", "unknown-key"),
        ("value = 0.4", "value = []", "wrong-length"),
        ("value = 0.4", "value = [0.4, \"nothing\"]", "unknown-name"),
        ("value = 0.4", "value = [0.4, true]", "wrong-type"),
        ("null = \"0 * p\"", "null = [0, 1]", "wrong-type"),
    ] {
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(text, TEXT, "{from}");
        assert!(codes(&text).contains(&code), "{to}: {:?}", codes(&text));
    }
    // one that is asked for is reported once
    let text = TEXT.replacen("null = \"0 * p\"", "null = \"1 / 0\"", 1);
    let null = declared("effect", Declared::Null);
    let report = patency::scenario::read(&text, &Options { declared: &null, ..Options::default() }).unwrap_err();
    assert_eq!(report.diagnostics.iter().filter(|d| d.message.contains("inf")).count(), 1, "{report:?}");
}

#[test]
fn by_hand_where_parameters_enter() {
    let at = |options: &Options<'_>, name: &str| entrance(TEXT, options, name).unwrap();
    let base = Options::default();
    let p = at(&base, "p");
    assert_eq!(p.places, [Place::Outcome("response".to_owned())]);
    assert!(p.monotone && p.read == ["response"]);
    let rate = at(&base, "rate");
    assert_eq!(rate.places, [Place::Outcome("death".to_owned())]);
    assert!(rate.monotone);
    assert_eq!(at(&base, "over").places, [Place::Elsewhere("`over` of [enrolment]".to_owned())]);
    assert!(at(&base, "p_high").places.is_empty());
    // the null value of `effect` reads `p`: through it p is still read at one place
    let null = declared("effect", Declared::Null);
    assert_eq!(at(&Options { declared: &null, ..base }, "p").places.len(), 1);
    // an expression that is not monotone, and a second place
    let bent = TEXT.replacen("\"p + effect\"", "\"p * (1 - p) + effect\"", 1);
    assert!(!entrance(&bent, &base, "p").unwrap().monotone);
    let twice = TEXT.replacen("rate = \"2 * rate\"", "rate = \"p * rate\"", 1);
    assert_eq!(entrance(&twice, &base, "p").unwrap().places.len(), 2);
}
