//! Good scenarios resolve to what they say.

use patency::analysis::Better;
use patency::distribution::Draw;
use patency::expr::{ColumnId, Expr, Function};
use patency::scenario::{
    Accrual, Allocation, BinaryOf, Fate, Holds, Measure, Options, RateOf, Scenario, TEMPLATE, TrueValue, variants,
};

use super::{P1, codes, folder, good, good_with, scenarios};

const SURVIVAL: &str = include_str!("../scenarios/good/survival.toml");
const SMALLEST: &str = include_str!("../scenarios/good/smallest.toml");

fn variant(text: &str, name: &str) -> Scenario {
    good_with(text, &Options { variant: Some(name), ..Options::default() })
}

#[test]
fn contract_the_smallest_scenario_is_15_lines() {
    let lines = SMALLEST.lines().filter(|l| !l.trim().is_empty()).count();
    assert_eq!(lines, 15);
    good(SMALLEST);
}

#[test]
fn contract_all_good_scenarios_resolve() {
    for (name, text) in scenarios("good") {
        for variant in variants(&text).unwrap() {
            let options = Options { variant: Some(&variant), ..Options::default() };
            assert_eq!(good_with(&text, &options).variant, variant, "{name}");
        }
    }
}

/// The scenarios that the project comes with, in all their variants.
#[test]
fn contract_the_projects_scenarios_resolve() {
    let mut folders = vec![folder("../../scenarios")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                for name in variants(&text).unwrap() {
                    variant(&text, &name);
                    count += 1;
                }
            }
        }
    }
    assert!(count >= 9, "{count} scenarios and variants");
}

#[test]
fn by_hand_p1() {
    let scenario = good(P1);
    assert_eq!(scenario.title, "P1");
    assert_eq!(scenario.variant, "base");
    assert_eq!((scenario.n, scenario.control, scenario.population), (300, 0, 0));
    assert!(
        matches!(&scenario.allocation, Allocation::Blocks { sizes, strata, by_site: false } if sizes == &[2] && strata.is_empty())
    );
    assert!(matches!(scenario.enrolment.accrual, Accrual::AtOnce));
    let probability = &scenario.variables[0].law.parameters()[0].value;
    let expected = Expr::Call(Function::If, vec![Expr::Arm(1), Expr::Number(0.5), Expr::Number(0.35)]);
    assert_eq!(*probability, expected);
    let Measure::Binary { of: BinaryOf::State { value, visit: None }, better, missing, intercurrent } =
        &scenario.endpoints[0].measure
    else {
        panic!("{:?}", scenario.endpoints[0]);
    };
    assert_eq!((value, *better, *missing), (&Expr::Column(ColumnId(0)), Better::Higher, Fate::Excluded));
    assert!(intercurrent.is_empty());
    let plan = &scenario.analyses[0];
    assert_eq!((plan.arms, plan.alpha, plan.sides, plan.null), ([1, 0], 0.025, 1, 0.0));
    assert_eq!((plan.name.as_str(), plan.method_name), ("primary", "difference-of-proportions"));
}

#[test]
fn by_hand_dates_become_months() {
    let scenario = good(SURVIVAL);
    assert_eq!(scenario.enrolment.start.as_deref(), Some("2023-01-06"));
    assert_eq!(scenario.enrolment.rate_of, RateOf::Screened);
    let Accrual::Sites(sites) = &scenario.enrolment.accrual else {
        panic!("{:?}", scenario.enrolment);
    };
    // 25 days of January, 28 of February, 1 of March; two years and two days later, one of them a leap year.
    assert_eq!(sites[0].opens, 54.0 / 30.4375);
    assert_eq!(sites[0].closes, 731.0 / 30.4375);
    assert_eq!((sites[0].rate, sites[0].cap), (4.0, Some(150)));
    assert_eq!((sites[1].rate, sites[1].opens, sites[1].cap), (3.5, 0.0, None));
    assert_eq!(sites[1].closes, f64::INFINITY);
    assert_eq!((sites[0].name.as_str(), sites[1].name.as_str()), ("St. Gallen (KSSG)", "Genève"));
    assert_eq!(scenario.cut.date, Some(1096.0 / 30.4375));
    assert_eq!(scenario.cut.after_last_entry, Some(18.0));
    assert_eq!(scenario.cut.events, Some((200, 0)));
    assert_eq!(scenario.cut.horizon, None);
}

#[test]
fn by_hand_parameters_read_each_other_in_any_order() {
    let scenario = good(SURVIVAL);
    let [hr, log_hr, strength] = scenario.parameters.as_slice() else {
        panic!("{:?}", scenario.parameters);
    };
    assert_eq!((hr.name.as_str(), log_hr.value, strength.value), ("hr", -0.25, 1.0));
    assert!((hr.value - (-0.25_f64).exp()).abs() < 1e-15);
    assert_eq!(strength.source, "Smith 2020, Table 2");
}

#[test]
fn by_hand_a_variant_and_the_command_line_override_parameters() {
    let null = variant(SURVIVAL, "null");
    assert_eq!(null.parameters[0].value, 1.0);
    assert_eq!(null.parameters[1].source, "null");
    assert_eq!(null.parameters[2].value, 0.0);
    assert_eq!(null.parameters[2].source, "variant null, in place of: Smith 2020, Table 2");
    let set = [("strength".to_owned(), "2".to_owned()), ("hr".to_owned(), "strength / 4".to_owned())];
    let options = Options { variant: Some("null"), set: &set, n: Some(277), ..Options::default() };
    let scenario = good_with(SURVIVAL, &options);
    assert_eq!(scenario.n, 277);
    assert_eq!((scenario.parameters[2].value, scenario.parameters[0].value), (2.0, 0.5));
    assert!(scenario.parameters[2].source.starts_with("--set, in place of: variant null"));
}

#[test]
fn by_hand_null_values_are_on_the_scale_of_the_estimate() {
    let scenario = good(SURVIVAL);
    let [cox, curves, rank, by_sex] = scenario.analyses.as_slice() else {
        panic!("{:?}", scenario.analyses);
    };
    assert_eq!(cox.null, 1.3_f64.ln());
    assert_eq!(cox.relevant, Some(0.8_f64.ln()));
    assert!(matches!(cox.estimand, Some(TrueValue::Number(x)) if (x + 0.25).abs() < 1e-15));
    assert_eq!(cox.covariates, [Expr::Column(ColumnId(0)), Expr::Column(ColumnId(1))]);
    assert_eq!((curves.null, curves.sides, curves.alpha), (-0.1, 1, 0.025));
    assert_eq!(by_sex.interaction, Some(Expr::Column(ColumnId(1))));
    assert_eq!((rank.null, rank.sides, rank.alpha), (0.5, 2, 0.05));
    assert_eq!(rank.label, "Quality of life");
    // The control is the second arm: the only other arm is compared with it, unless the analysis says otherwise.
    assert_eq!((cox.arms, rank.arms), ([0, 1], [1, 0]));
}

#[test]
fn by_hand_endpoints() {
    let scenario = good(SURVIVAL);
    // In the order of their time, not of the file.
    let names: Vec<&str> = scenario.visits.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["early", "late"]);
    assert_eq!((scenario.visits[0].window, scenario.visits[1].window), ((3.0, 3.0), (11.0, 14.0)));
    assert_eq!(scenario.deaths, [ColumnId(2)]);
    assert_eq!(scenario.population, 2);
    let laws: Vec<Draw> = scenario.variables.iter().map(|v| v.law.draw()).collect();
    assert_eq!(laws[2..4], [Draw::Quantile, Draw::Derived]);
    let measures: Vec<&Measure> = scenario.endpoints.iter().map(|e| &e.measure).collect();
    assert!(
        matches!(measures[0], Measure::Time { events, by, better: Better::Higher, .. } if events == &[ColumnId(2), ColumnId(3)] && *by == 24.0)
    );
    assert!(matches!(measures[1], Measure::Ordinal { cuts, levels: (1.0, 3), visit: Some(0), .. } if cuts.is_empty()));
    assert!(
        matches!(measures[2], Measure::Ordinal { cuts, levels: (0.0, 4), visit: Some(1), missing: Fate::Worst, .. } if cuts == &[40.0, 50.0, 60.0])
    );
    let change = Expr::Call(Function::Subtract, vec![Expr::Column(ColumnId(5)), Expr::Column(ColumnId(0))]);
    assert!(matches!(measures[3], Measure::Score { value, worst: None, .. } if *value == change));
    assert!(matches!(measures[4], Measure::Ordinal { levels: (0.0, 2), visit: None, .. }));
}

#[test]
fn by_hand_criteria_are_asked_inclusions_first() {
    let scenario = good(SURVIVAL);
    let names: Vec<(&str, bool)> = scenario.criteria.iter().map(|c| (c.name.as_str(), c.inclusion)).collect();
    assert_eq!(names, [("adult", true), ("consent", true), ("too-old", false)]);
    assert_eq!(scenario.criteria[0].label, "Age ≥ 18 years");
    assert!(matches!(scenario.criteria[1].holds, Holds::Prevalence(_)));
    assert!(matches!(scenario.criteria[2].holds, Holds::When(_)));
}

#[test]
fn by_hand_a_variant_replaces_and_switches_off() {
    let scenario = variant(SURVIVAL, "old-people");
    assert_eq!(scenario.variables[0].label, "age");
    assert_eq!(scenario.variables[0].law.parameters()[0].value, Expr::Number(80.0));
    assert_eq!(scenario.criteria.len(), 2);
    assert_eq!(scenario.analyses.len(), 3);
    assert!(matches!(&scenario.enrolment.accrual, Accrual::Sites(sites) if sites.len() == 1));
    assert_eq!(variants(SURVIVAL).unwrap(), ["base", "null", "old-people"]);
}

#[test]
fn contract_what_refers_to_an_entry_that_is_off_is_a_mistake() {
    let text = format!("{SURVIVAL}\n[variant.broken]\noff = [\"late\", \"os\", \"age\"]\n");
    good(&text);
    let options = Options { variant: Some("broken"), ..Options::default() };
    let report = patency::scenario::read(&text, &options).unwrap_err();
    let shown = report.render(&text, "a.toml", false);
    let codes: Vec<&str> = report.codes().iter().map(|c| c.as_str()).collect();
    for code in ["unknown-visit", "unknown-endpoint", "unknown-name"] {
        assert!(codes.contains(&code), "{shown}");
    }
    assert!(shown.contains("the variant switches `late` off"), "{shown}");
}

#[test]
fn contract_mistakes_in_variants_are_found_whichever_is_read() {
    let text = format!("{P1}\n[variant.null]\noff = [\"nothing\"]\nparameters = {{ p = 1 }}\n");
    assert_eq!(codes(&text), ["unknown-off", "unknown-parameter"]);
    let base = format!("{P1}\n[variant.base]\nsummary = \"taken\"\n");
    assert_eq!(codes(&base), ["bad-name"]);
}

/// The bytes of the file that a single mistake is marked at.
fn marked(text: &str) -> String {
    let report = patency::scenario::read(text, &Options::default()).unwrap_err();
    assert_eq!(report.diagnostics.len(), 1, "{}", report.render(text, "a.toml", false));
    let (span, _) = report.diagnostics[0].primary.clone().unwrap();
    text[span].to_owned()
}

#[test]
fn contract_positions_in_expressions_are_positions_in_the_file() {
    let with = |expression: &str| P1.replace("\"if(treatment, 0.50, 0.35)\"", expression);
    assert_eq!(marked(&with("\"if(treated, 0.50, 0.35)\"")), "treated");
    assert_eq!(marked(&with("'if(treated, 0.50, 0.35)'")), "treated");
    assert_eq!(marked(&with("'''if(treated, 0.50, 0.35)'''")), "treated");
    assert_eq!(marked(&with("\"\"\"\nif(treated, 0.50, 0.35)\"\"\"")), "treated");
    // With escapes the text is not that of the file: the whole string is marked.
    let escaped = "\"if(treate\\u0064, 0.50, 0.35)\"";
    assert_eq!(marked(&with(escaped)), escaped);
    let folded = "\"\"\"if(treated, \\\n  0.50, 0.35)\"\"\"";
    assert_eq!(marked(&with(folded)), folded);
    assert_eq!(marked(&with("'if(treatment, 0.50, 0.35) + μ'")), "μ");
}

#[test]
fn contract_line_endings_and_byte_order_marks_do_not_matter() {
    let crlf = P1.replace('\n', "\r\n");
    good(&crlf);
    let wrong = crlf.replace("treatment, 0.50", "treated, 0.50");
    assert_eq!(marked(&wrong), "treated");
    let report = patency::scenario::read(&wrong, &Options::default()).unwrap_err();
    assert!(!report.render(&wrong, "a.toml", false).contains('\r'));
    good(&format!("\u{feff}{P1}"));
}

#[test]
fn contract_mistakes_are_reported_in_the_order_of_the_file() {
    let text = TEMPLATE
        .replace("effect * drug", "efect * drug")
        .replace("pain_0 >= 40", "pain_0 >= fourty")
        .replace("value = \"impression\", visit", "value = \"impresion\", visit")
        .replace("endpoint = \"rescue\"\ncox", "endpoint = \"rescu\"\ncox");
    let report = patency::scenario::read(&text, &Options::default()).unwrap_err();
    let places: Vec<usize> = report.diagnostics.iter().map(|d| d.primary.as_ref().unwrap().0.start).collect();
    assert_eq!(places.len(), 4);
    assert!(places.is_sorted());
}

/// Mistakes beside those that have a file each: what is found, by its code.
#[test]
fn contract_further_mistakes_are_found() {
    let survival = |from: &str, to: &str| {
        assert!(SURVIVAL.contains(from), "{from}");
        SURVIVAL.replacen(from, to, 1)
    };
    let template = |from: &str, to: &str| {
        assert!(TEMPLATE.contains(from), "{from}");
        TEMPLATE.replacen(from, to, 1)
    };
    for (text, code) in [
        (survival("margin = 1.3", "margin = -0.1"), "out-of-domain"),
        (survival("wilcoxon = {}", "wilcoxon = {}\nmargin = 1.3"), "out-of-domain"),
        (survival("alpha = 0.025", "alpha = 0.6"), "out-of-domain"),
        (survival("missed = 0.1", "missed = 1.1"), "out-of-domain"),
        (survival("0.9 - 0.1 * sex", "1.2"), "out-of-domain"),
        (survival("rate = 3.5", "rate = 0"), "out-of-domain"),
        (survival("opens = \"2023-03-01\"", "opens = \"2022-03-01\""), "out-of-domain"),
        (survival("after-last-entry = 18", "after-last-entry = -1"), "out-of-domain"),
        (survival("rate = 3.5", "rate = \"hr * sex\""), "hidden-name"),
        (survival("'sex', ", "'grade', "), "hidden-name"),
        (survival("'sex', ", "'new', "), "hidden-name"),
        (survival("covariates = [\"age\", \"sex\"]", "covariates = [\"new\"]"), "hidden-name"),
        (survival("interaction = \"sex\"", "interaction = \"grade > 1\""), "hidden-name"),
        (survival("value = \"exp(log_hr)\"", "value = \"exp(age)\""), "hidden-name"),
        (survival("derived = \"0.5 * death\"", "derived = \"quality\""), "hidden-name"),
        (survival("derived = \"0.5 * death\"", "derived = \"relapse + 1\""), "hidden-name"),
        (survival("name = \"Genève\"\nrate = 3.5", "name = \"Genève\"\nrate = 3.5\ncap = 100"), "unreachable"),
        (survival("count = 200", "count = 401"), "unreachable"),
        (survival("endpoint = \"os\" }", "endpoint = \"grade\" }"), "not-an-event"),
        (survival("death = \"death\"", "death = \"age\""), "unknown-event"),
        (survival("death = \"death\"", "death = [\"death\", \"death\"]"), "duplicate-name"),
        (survival("[\"death\", \"relapse\"]", "[]"), "wrong-length"),
        (survival("control = \"new\"", "control = \"sex\""), "unknown-arm"),
        (survival("arms = [\"new\", \"old\"]", "arms = [\"new\", \"new\"]"), "contradiction"),
        (survival("arms = [\"new\", \"old\"]", "arms = [\"new\"]"), "wrong-length"),
        (
            survival("label = \"New drug\" }", "label = \"New drug\" }, { name = \"third\", ratio = 3 }")
                .replace("sizes = [3, 6]", "sizes = [6]"),
            "missing-key",
        ),
        (survival("name = \"Genève\"", "name = \"St. Gallen (KSSG)\""), "duplicate-name"),
        (survival("name = \"consent\"", "name = \"adult\""), "duplicate-name"),
        (
            survival("[[inclusion]]", "[[variable]]\nname = \"hr\"\npoisson = { mean = 2 }\n\n[[inclusion]]"),
            "duplicate-name",
        ),
        (
            survival("[[inclusion]]", "[[variable]]\nname = \"exp\"\npoisson = { mean = 2 }\n\n[[inclusion]]"),
            "bad-name",
        ),
        (survival("name = \"Genève\"", "name = \" \""), "bad-name"),
        (format!("{P1}\n[enrolment]\nstart = 0\nuniform = {{ over = 6 }}\n"), "wrong-type"),
        (survival("start = \"2023-01-06\"\n", ""), "missing-start"),
        (survival("cuts = [40, 50, 60]", "cuts = [40, 40, 60]"), "not-ascending"),
        (survival("value = \"grade\", visit", "value = \"grade + 1\", visit"), "not-a-category"),
        (template("observed = \"at-visit\", visit = \"month-6\" },", "observed = \"at-visit\" },"), "contradiction"),
        (
            template(
                "occurrence = { event = \"rescue\", by = 6 }, observed = \"always\"",
                "occurrence = { event = \"rescue\", by = 6 }, observed = \"at-visit\", visit = \"month-6\"",
            ),
            "contradiction",
        ),
        (
            template("by = 12 }, observed = \"always\"", "by = 12 }, observed = \"always\", visit = \"month-6\""),
            "contradiction",
        ),
        (
            template("binary = { value = \"pain_6 <= 0.7 * pain_0\", visit", "binary = { event = \"rescue\", visit"),
            "contradiction",
        ),
        (
            template("binary = { value = \"pain_6 <= 0.7 * pain_0\", visit = \"month-6\", ", "binary = { "),
            "contradiction",
        ),
        (
            template(
                "binary = { value = \"pain_6 <= 0.7 * pain_0\", visit = \"month-6\", ",
                "binary = { event = \"rescue\", ",
            ),
            "missing-key",
        ),
        (
            template(
                "binary = { value = \"pain_6 <= 0.7 * pain_0\", visit = \"month-6\", ",
                "binary = { event = \"rescue\", by = 18, ",
            ),
            "unreachable",
        ),
        (template("worst = 100 }", "}"), "missing-worst"),
        (
            template(
                "event = \"rescue\", fate = \"worst\" }, { event = \"death\"",
                "event = \"rescue\", fate = \"worst\" }, { event = \"rescue\"",
            ),
            "contradiction",
        ),
        (template("covariates = [\"baseline\"]", ""), "wrong-covariates"),
        (template("between = [\"age\", \"pain_0\"]", "between = [\"age\", \"age\"]"), "contradiction"),
        (template("between = [\"age\", \"pain_0\"]", "between = [\"age\"]"), "wrong-length"),
        (template("value = 0.1  ", "value = -1.5  "), "out-of-domain"),
        (
            template("[[inclusion]]", "[[correlation]]\nbetween = [\"pain_0\", \"age\"]\nvalue = 0.2\n\n[[inclusion]]"),
            "contradiction",
        ),
        (template("value = 0.1  ", "value = 1  "), "not-positive-definite"),
        (
            template(
                "[cut]                                     # when the data are locked: the earliest of these; absent: never\nhorizon = 12",
                "[cut]",
            ),
            "missing-key",
        ),
        (format!("{P1}\n[[endpoint]]\nname = \"tiers\"\nhierarchical = {{ tiers = [] }}\n"), "wrong-length"),
        (
            P1.replace("allocation.blocks = { sizes = [2] }", "allocation.blocks = { sizes = [2], by-site = true }"),
            "contradiction",
        ),
        (P1.replace("sizes = [2]", "sizes = []"), "wrong-length"),
        (P1.replace("sizes = [2]", "sizes = [2, 40]"), "block-size"),
        (P1.replace("n = 300", "n = 99999999999999999999"), "out-of-domain"),
        (format!("{P1}\n[enrolment]\npiecewise = {{ rates = [1, 0], from = [0, 6] }}\n"), "unreachable"),
        (format!("{P1}\n[enrolment]\npiecewise = {{ rates = [1], from = [3] }}\n"), "out-of-domain"),
        (format!("{P1}\n[enrolment]\npiecewise = {{ rates = [1], from = [0, 6] }}\n"), "wrong-length"),
        (format!("{P1}\n[enrolment]\npiecewise = {{ rates = [-1, 2], from = [0, 6] }}\n"), "out-of-domain"),
        (format!("{P1}\n[[variable]]\nname = \"t\"\nexponential = {{ rate = 1, marginal = true }}\n"), "contradiction"),
        (format!("{P1}\n[observation]\ndropout.exponential = {{ rate = 1, marginal = true }}\n"), "contradiction"),
        (format!("{P1}\n[[outcome]]\nname = \"t\"\nexponential = {{ rate = 0, marginal = true }}\n"), "contradiction"),
        (
            format!("{P1}\n[[outcome]]\nname = \"t\"\nexponential = {{ rate = \"1 + response\", marginal = true }}\n"),
            "contradiction",
        ),
        (format!("{P1}\nmargin = -0.1\nequivalence = [-0.1, 0.1]\n"), "contradiction"),
        (format!("{P1}\nequivalence = [-0.1, 0.1]\n").replace("sides = 1", "sides = 2"), "contradiction"),
        (format!("{P1}\nequivalence = [-0.1]\n"), "wrong-length"),
        (format!("{P1}\nequivalence = [0.1, -0.1]\n"), "not-ascending"),
        (format!("{P1}\nequivalence = [0.1, 0.2]\n"), "out-of-domain"),
        (
            format!("{P1}\nequivalence = [0.8, 1.25]\n")
                .replace("difference-of-proportions", "logistic")
                .replace("{ test = \"pooled-z\" }", "{}")
                .replace("0.8,", "0,"),
            "out-of-domain",
        ),
        (template("interaction = \"age >= 65\"", "margin = 2\ninteraction = \"age >= 65\""), "contradiction"),
        (
            template("interaction = \"age >= 65\"", "equivalence = [-2, 2]\ninteraction = \"age >= 65\""),
            "contradiction",
        ),
        (format!("{P1}\n[enrolment]\nramp = {{ rate = 0, over = 6 }}\n"), "out-of-domain"),
        (format!("{P1}\n[enrolment]\nramp = {{ rate = 12, over = 0 }}\n"), "out-of-domain"),
        (format!("{P1}\n[enrolment]\nuniform = {{ over = 0 }}\n"), "out-of-domain"),
        (P1.replace("binary = { value = \"response\"", "binary = { value = \"\""), "bad-expression"),
        (P1.replace("binary = { value = \"response\",", "binary = {"), "contradiction"),
    ] {
        let report = patency::scenario::read(&text, &Options::default()).expect_err(code);
        let shown = report.render(&text, "a.toml", false);
        assert!(report.codes().iter().all(|c| c.as_str() == code), "{code} expected, and no other:\n{shown}");
    }
}
