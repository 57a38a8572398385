//! Covers: arms that clinicians choose, and what belongs to a site. Frequencies against the true probabilities, two arms and three;
//! probabilities that are none; site variables by the site's name.

use std::collections::BTreeMap;

use patency::engine::{self, RowRecord};
use patency::protocol::{ALLOCATION, Protocol, Wanted};
use patency::scenario::{Options, Scenario, read as attempt};
use patency::workspace::Workspace;

use super::common::{DEFIER, P6, assert_calibrated, read, seed, sized, solved};

/// Three arms, of which the first two have a probability each, and rates of the screened.
const THREE: &str = r#"
title = "Three arms, chosen"

[trial]
n = 400
arms = [{ name = "drugs" }, { name = "balloon" }, { name = "stent" }]
allocation.observational = { probabilities = ["0.2 + 0.3 * expit(x)", "0.3 * expit(-x + 0.5 * centre)"] }

[enrolment]
rate-of = "screened"

[[site]]
name = "North"
rate = 9

[[site]]
name = "South"
rate = 6

SITES

[[variable]]
name = "x"
normal = { mean = 0, sd = 1 }

[[variable]]
name = "centre"
per = "site"
normal = { mean = 1, sd = 2 }

[[inclusion]]
name = "centre"
when = "x + centre > -3"

[[outcome]]
name = "response"
bernoulli = { probability = 0.4 }

[[endpoint]]
name = "response"
binary = { value = "response", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "response"
difference-of-proportions = {}
arms = ["stent", "drugs"]
"#;

fn three(sites: &str) -> Scenario {
    read(&THREE.replace("SITES", sites), &Options::default())
}

/// Σ over tenths of the patients by an arm's probability of (observed − expected)²/variance, for each arm but the last.
fn chi_square(scenario: &Scenario, replicates: u64, name: &str) -> Vec<f64> {
    let protocol = Protocol::compile(scenario, seed(name), Wanted::Everything);
    let chosen = scenario.arms.len() - 1;
    let mut work = Workspace::new(&protocol);
    let mut funnel = vec![0; scenario.criteria.len()];
    let mut patients: Vec<Vec<(f64, bool)>> = vec![Vec::new(); chosen];
    for replicate in 0..replicates {
        engine::enrol(&protocol, replicate, &mut work, &mut funnel).expect("no fault");
        let rows = work.cohort().rows;
        for (arm, patients) in patients.iter_mut().enumerate() {
            let given = &work.propensity()[arm * rows..(arm + 1) * rows];
            patients.extend(given.iter().zip(&work.cohort().arm).map(|(&p, &a)| (p, usize::from(a) == arm)));
        }
    }
    let tenths = patients.iter_mut().map(|patients| {
        patients.sort_by(|a, b| a.0.total_cmp(&b.0));
        let size = patients.len().div_ceil(10);
        let of = |tenth: &[(f64, bool)]| {
            let observed = tenth.iter().filter(|p| p.1).count() as f64;
            let expected: f64 = tenth.iter().map(|p| p.0).sum();
            let variance: f64 = tenth.iter().map(|p| p.0 * (1.0 - p.0)).sum();
            // a fifth more or less would be seen
            assert!(0.2 * expected > 5.0 * variance.sqrt(), "{expected} {variance}");
            (observed - expected).powi(2) / variance
        };
        patients.chunks(size).map(of).sum()
    });
    tenths.collect()
}

/// χ² with 10 degrees of freedom is beyond this once in 1.7 million times.
const BEYOND: f64 = 48.08;

#[test]
fn statistical_arms_are_chosen_as_often_as_stated() {
    let defier = solved(sized(DEFIER, 578));
    let (p6, three) = (sized(P6, 578), three(""));
    for (name, scenario, replicates) in [("DEFIER", &defier, 100), ("P6", &p6, 100), ("three arms", &three, 400)] {
        let found = chi_square(scenario, replicates, name);
        assert_eq!(found.len(), scenario.arms.len() - 1);
        assert!(found.iter().all(|x| *x < BEYOND && *x > 0.2), "{name}: {found:?}");
    }
}

#[test]
fn contract_a_probability_that_is_none_is_a_fault() {
    for (first, second, value) in [("1 + 0.1 * x", "0", None), ("0.6", "0.6", Some(1.2)), ("-0.25", "0.5", Some(-0.25))]
    {
        let text = THREE
            .replace("SITES", "")
            .replace("0.2 + 0.3 * expit(x)", first)
            .replace("0.3 * expit(-x + 0.5 * centre)", second);
        // constants are seen through before anything runs
        let scenario = match attempt(&text, &Options::default()) {
            Ok(scenario) => scenario,
            Err(report) => {
                assert!(value.is_some(), "{}", report.render(&text, "three.toml", false));
                assert!(report.codes().iter().all(|c| c.as_str() == "out-of-domain"));
                continue;
            }
        };
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let mut work = Workspace::new(&protocol);
        let mut funnel = vec![0; scenario.criteria.len()];
        let fault = engine::enrol(&protocol, 0, &mut work, &mut funnel).expect_err("a probability that is none");
        assert_eq!((fault.column, fault.domain), (ALLOCATION, "from 0 to 1"));
        assert!(!(0.0..=1.0).contains(&fault.value), "{}", fault.value);
        assert!(value.is_none_or(|v| (v - fault.value).abs() < 1e-12), "{}", fault.value);
    }
}

/// Each site's value of `centre` by name, in a replicate.
fn by_site(scenario: &Scenario, replicate: u64) -> BTreeMap<String, f64> {
    let protocol = Protocol::compile(scenario, 9, Wanted::Everything);
    let mut work = Workspace::new(&protocol);
    let mut funnel = vec![0; scenario.criteria.len()];
    engine::enrol(&protocol, replicate, &mut work, &mut funnel).expect("no fault");
    let column = scenario.variables.iter().position(|v| v.name == "centre").expect("a variable");
    let patency::scenario::Accrual::Sites(sites) = &scenario.enrolment.accrual else { panic!("sites") };
    let mut found = BTreeMap::new();
    for i in 0..work.cohort().rows {
        let name = sites[usize::from(work.site()[i])].name.clone();
        let value = work.cohort().value(patency::expr::ColumnId(column as u16), i);
        // one value for all patients of a site
        assert_eq!(*found.entry(name).or_insert(value), value);
    }
    found
}

#[test]
fn statistical_sites_have_a_value_each() {
    let extra = "[[site]]\nname = \"East\"\nrate = 3\n";
    let (few, many) = (three(""), three(extra));
    // before the others in the file
    let first =
        read(&THREE.replace("SITES", "").replacen("[[site]]", &format!("{extra}\n[[site]]"), 1), &Options::default());
    let (mut value, mut square) = (patency::summary::Moments::default(), patency::summary::Moments::default());
    for replicate in 0..2_000 {
        let two = by_site(&few, replicate);
        assert_eq!(two.len(), 2);
        for x in two.values() {
            value.add(*x);
            square.add((x - 1.0).powi(2));
        }
        if replicate < 20 {
            for more in [&many, &first] {
                let three = by_site(more, replicate);
                assert_eq!(three.len(), 3);
                assert!(two.iter().all(|(name, x)| three[name] == *x));
                assert_ne!(three["East"], three["North"]);
            }
        }
    }
    assert_calibrated("mean over sites", value.mean(), 1.0, value.mcse(), 0.3);
    assert_calibrated("variance over sites", square.mean(), 4.0, square.mcse(), 1.0);
}

/// The site of a candidate is known where rates are of the screened, and not where they are of the enrolled.
#[test]
fn contract_criteria_read_the_site_only_where_it_is_known() {
    let _known = three("");
    let text = THREE.replace("SITES", "").replace("rate-of = \"screened\"", "rate-of = \"enrolled\"");
    let report = attempt(&text, &Options::default()).expect_err("the site is not known yet");
    let message = report.render(&text, "three.toml", false);
    assert!(message.starts_with("error[hidden-name]: `centre` depends on the site through `centre`\n"), "{message}");
    assert!(
        message.contains("With [enrolment] rate-of = \"screened\" candidates have a site from the start"),
        "{message}"
    );
}

/// Every centre of DEFIER enrols enough patients to be a factor in the score.
#[test]
fn contract_every_centre_of_defier_enrols() {
    let scenario = solved(sized(DEFIER, 578));
    let protocol = Protocol::compile(&scenario, 4, Wanted::Analyses);
    let mut work = Workspace::new(&protocol);
    let mut rows = vec![RowRecord::EMPTY; scenario.analyses.len()];
    let mut funnel = vec![0; scenario.criteria.len()];
    let trial = engine::replicate(&protocol, 0, &mut work, &mut funnel, &mut rows).expect("no fault");
    assert_eq!(trial.enrolled, 578);
    let mut seen = [0; 11];
    work.site().iter().for_each(|&s| seen[usize::from(s)] += 1);
    assert!(seen.iter().all(|&s| s > 20), "{seen:?}");
}
