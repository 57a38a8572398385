//! Covers: the trial of 300 is patients 1–300 of the trial of 578, to the bit; a value depends on its address alone, so that moving a
//! criterion or adding a variable leaves every other value where it was.

use std::collections::BTreeMap;

use patency::column::Frame;
use patency::endpoint::measured::Values;
use patency::engine::{self, RowRecord, TrialRecord};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::{Options, Scenario};
use patency::workspace::Workspace;

use super::common::{DEFIANCE, DEFIER, P1, P2, P4, read, sized, solved};

/// A trial with something of everything; `BLOCKS`, `ENROLMENT` stand for how patients are allocated and arrive.
const TRIAL: &str = r#"
title = "Something of everything"

[trial]
n = 300
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { BLOCKS }

[parameters]
p_refused = { value = 0.2, source = "assumed" }

[[variable]]
name = "age"
normal = { mean = 60, sd = 12, min = 18, max = 95 }

[[variable]]
name = "marker"
gamma = { shape = 2, rate = 0.5 }

[[variable]]
name = "stage"
categorical = { probabilities = [0.2, 0.3, 0.5] }

[[variable]]
name = "fitness"
normal = { mean = "50 - 0.2 * (age - 60)", sd = 8 }

[[variable]]
name = "weight"
lognormal = { median = 80, sigma = 0.2 }

[[variable]]
name = "illnesses"
poisson = { mean = "exp((age - 60) / 30)" }

[[variable]]
name = "frail"
bernoulli = { probability = "expit(-3 + 0.05 * (age - 60))" }

[[correlation]]
between = ["age", "weight"]
value = -0.3

[[inclusion]]
name = "adult"
when = "age >= 40"

[[inclusion]]
name = "marker"
when = "marker < 9"

[[exclusion]]
name = "refused"
prevalence = "p_refused"

[[exclusion]]
name = "one"
prevalence = 0.02

[[exclusion]]
name = "two"
prevalence = 0.02

[[exclusion]]
name = "three"
prevalence = "if(frail, 0.3, 0.01)"

[[exclusion]]
name = "four"
prevalence = 0.02

[[exclusion]]
name = "unfit"
when = "fitness < 38"

[[exclusion]]
name = "five"
prevalence = 0.02

[[exclusion]]
name = "six"
prevalence = 0.02

ENROLMENT

[[outcome]]
name = "death"
exponential = { risk = 0.15, by = 12, hazard-ratio = "if(treatment, 0.7, 1) * exp(0.03 * (age - 60))" }

[[outcome]]
name = "relapse"
weibull = { shape = 1.3, median = 15, hazard-ratio = "if(treatment, 0.8, 1)" }

[[outcome]]
name = "response"
bernoulli = { probability = "if(treatment, 0.5, 0.35)" }

[[outcome]]
name = "grade"
ordinal = { probabilities = [0.3, 0.4, 0.3], odds-ratio = "if(treatment, 1.5, 1) * exp(0.02 * (fitness - 50))" }

[[outcome]]
name = "score"
normal = { mean = "fitness + 3 * treatment - illnesses", sd = 5 }

[observation]
dropout.exponential = { risk = "if(frail, 0.2, 0.1)", by = 12 }
death = ["death"]

[[visit]]
name = "month-6"
at = 6
window = [5, 7]
missed = "0.05 + 0.1 * frail"

[cut]
horizon = 12

[[endpoint]]
name = "survival"
time-to-event = { event = ["death", "relapse"], by = 12, better = "higher" }

[[endpoint]]
name = "response"
binary = { value = "response", visit = "month-6", better = "higher", missing = "worst" }

[[endpoint]]
name = "score"
score = { value = "score", change-from = "fitness", visit = "month-6", better = "higher", missing = "excluded" }

[[endpoint]]
name = "grade"
ordinal = { value = "grade", visit = "month-6", better = "higher", missing = "excluded", intercurrent = [{ event = "death", fate = "worst" }] }

[[endpoint]]
name = "both"
hierarchical = { tiers = [
  { name = "death", time = { event = "death", by = 12 }, observed = "always" },
  { name = "grade", category = { value = "grade", better = "higher" }, observed = "at-visit", visit = "month-6", missing = "tied" },
] }

[[analysis]]
name = "primary"
endpoint = "both"
win-ratio = {}

[[analysis]]
name = "survival"
endpoint = "survival"
cox = {}
covariates = ["age"]

[[analysis]]
name = "response"
endpoint = "response"
difference-of-proportions = {}

[[analysis]]
name = "score"
endpoint = "score"
t-test = {}

[[analysis]]
name = "grade"
endpoint = "grade"
proportional-odds = {}
"#;

const STRATIFIED: &str = r#"sizes = [2, 4, 6], strata = ["age >= 60", "stage"], by-site = true"#;

/// Eight sites, opening month after month; three close, two may be capped.
fn sites(rate_of: &str, rate: u32, cap: &str) -> String {
    let site = |i: u32| {
        let closes = if i % 3 == 1 { format!("closes = {}", 12 + i) } else { String::new() };
        let cap = if i % 4 == 2 { cap } else { "" };
        format!("[[site]]\nname = \"Site {i}\"\nrate = {rate}\nopens = {i}\n{closes}\n{cap}\n")
    };
    let all: String = (0..8).map(site).collect();
    format!("[enrolment]\nrate-of = \"{rate_of}\"\n{all}")
}

fn trial(blocks: &str, enrolment: &str) -> String {
    TRIAL.replace("BLOCKS", blocks).replace("ENROLMENT", enrolment)
}

/// A column as bits; codes as they are.
fn column(frame: &Frame, c: usize) -> Vec<u64> {
    let code = frame.code[c].iter().map(|&x| u64::from(x));
    frame.real[c].iter().map(|x| x.to_bits()).chain(code).collect()
}

fn values(v: &Values) -> [Vec<u64>; 3] {
    [
        v.code.iter().map(|&x| u64::from(x)).collect(),
        v.real.iter().map(|x| x.to_bits()).collect(),
        v.event.iter().map(|&x| u64::from(x)).collect(),
    ]
}

/// Everything about the trial's patients, by name: a list with an entry a patient each.
fn patients(protocol: &Protocol<'_>, replicate: u64) -> (TrialRecord, Vec<u32>, BTreeMap<String, Vec<u64>>) {
    let scenario = protocol.scenario;
    let mut work = Workspace::new(protocol);
    let mut funnel = vec![0; scenario.criteria.len()];
    let mut record = engine::enrol(protocol, replicate, &mut work, &mut funnel).expect("no fault");
    engine::follow(protocol, replicate, &mut work, &mut record).expect("no fault");
    let mut all = BTreeMap::new();
    let mut put = |name: String, column: Vec<u64>| {
        assert!(column.is_empty() || column.len() == record.enrolled as usize, "{name}");
        assert!(all.insert(name, column).is_none());
    };
    put("candidate".into(), work.candidates().iter().map(|&k| u64::from(k)).collect());
    put("entry".into(), work.entry().iter().map(|x| x.to_bits()).collect());
    put("site".into(), work.site().iter().map(|&s| u64::from(s)).collect());
    put("arm".into(), work.cohort().arm.iter().map(|&a| u64::from(a)).collect());
    for (c, v) in scenario.variables.iter().enumerate() {
        put(format!("variable {}", v.name), column(work.cohort(), c));
    }
    let view = work.view();
    for (name, times) in [("lost", &view.lost), ("dead", &view.dead), ("end", &view.end)] {
        put(name.into(), times.iter().map(|x| x.to_bits()).collect());
    }
    for (visit, a) in scenario.visits.iter().zip(&view.visits) {
        put(format!("{} day", visit.name), a.day.iter().map(|x| x.to_bits()).collect());
        put(format!("{} held", visit.name), a.held.iter().map(|&x| u64::from(x)).collect());
    }
    for (endpoint, m) in scenario.endpoints.iter().zip(work.measured()) {
        put(format!("{} known", endpoint.name), m.known.iter().map(|&x| u64::from(x)).collect());
        if m.tiers.is_empty() {
            for (k, v) in values(&m.values).into_iter().enumerate() {
                put(format!("{} value {k}", endpoint.name), v);
            }
        }
        for (t, tier) in m.tiers.iter().enumerate() {
            for (k, v) in values(tier).into_iter().enumerate() {
                put(format!("{} tier {t} value {k}", endpoint.name), v);
            }
        }
    }
    for arm in 0..scenario.arms.len() {
        engine::potential_outcomes(protocol, replicate, arm as u8, &mut work).expect("no fault");
        for (c, v) in scenario.variables.iter().enumerate().skip(scenario.population) {
            put(format!("potential {} {arm}", v.name), column(work.cohort(), c));
        }
    }
    (record, funnel, all)
}

/// Rows 1–300 of the trial of 578 are the trial of 300.
fn assert_prefix(text: &str, capped: bool) {
    let (small, large) = (sized(text, 300), sized(text, 578));
    for wanted in [Wanted::Everything, Wanted::Analyses] {
        let (a, b) = (Protocol::compile(&small, 11, wanted), Protocol::compile(&large, 11, wanted));
        for replicate in [0, 1, 17, 1 << 33] {
            let (record, funnel, short) = patients(&a, replicate);
            let (longer, _, long) = patients(&b, replicate);
            assert_eq!(record.enrolled, 300);
            assert!(longer.enrolled > 300);
            assert_eq!(short.keys().collect::<Vec<_>>(), long.keys().collect::<Vec<_>>());
            for (name, column) in &short {
                assert_eq!(column.is_empty(), long[name].is_empty(), "{name}");
                assert!(column[..] == long[name][..column.len()], "replicate {replicate}: {name} is not a prefix");
            }
            if wanted == Wanted::Everything && !capped {
                // the funnel up to the 300th enrolment, counted among the candidates of the larger trial
                let candidates = engine::candidates(&b, replicate, record.screened as usize).expect("no fault");
                let mut counts = vec![0; funnel.len()];
                for &reason in candidates.reason.iter().filter(|&&r| r > 0) {
                    counts[usize::from(reason) - 1] += 1;
                }
                assert_eq!(funnel, counts);
                assert!(funnel.iter().all(|&c| c > 0), "{funnel:?}");
                assert_eq!(record.screened, 300 + funnel.iter().sum::<u32>());
            }
            if capped {
                assert!(record.site_full > 0 && longer.site_full >= record.site_full);
            }
        }
    }
}

/// Chosen arms, site variables, visits with windows, quoted rates that are solved.
#[test]
fn contract_prefix_of_defier() {
    let (small, large) = (solved(sized(DEFIER, 300)), solved(sized(DEFIER, 578)));
    let (a, b) = (Protocol::compile(&small, 11, Wanted::Everything), Protocol::compile(&large, 11, Wanted::Everything));
    for replicate in [0, 5, 1 << 33] {
        let (record, funnel, short) = patients(&a, replicate);
        let (longer, more, long) = patients(&b, replicate);
        assert_eq!((record.enrolled, longer.enrolled), (300, 578));
        assert!(funnel.iter().zip(&more).all(|(a, b)| a <= b) && record.screened < longer.screened);
        assert!(short.len() > 100, "{}", short.len());
        for (name, column) in &short {
            assert_eq!(column.is_empty(), long[name].is_empty(), "{name}");
            assert!(column[..] == long[name][..column.len()], "replicate {replicate}: {name} is not a prefix");
        }
        for name in ["site", "arm", "variable centre_choice", "potential restenosis 0", "potential restenosis 1"] {
            assert_eq!(short[name].len(), 300, "{name}");
        }
    }
}

#[test]
fn contract_prefix_of_sites_that_close_rates_of_the_enrolled() {
    assert_prefix(&trial(STRATIFIED, &sites("enrolled", 3, "")), false);
    assert_prefix(&trial(STRATIFIED, &sites("enrolled", 3, "cap = 25")), false);
}

#[test]
fn contract_prefix_of_sites_that_close_rates_of_the_screened() {
    assert_prefix(&trial(STRATIFIED, &sites("screened", 6, "")), false);
    assert_prefix(&trial(STRATIFIED, &sites("screened", 6, "cap = 25")), true);
}

#[test]
fn contract_prefix_of_uniform_entry_with_blocks() {
    let uniform = "[enrolment]\nuniform = { over = 24 }";
    assert_prefix(&trial("sizes = [4]", uniform), false);
    assert_prefix(&trial(r#"sizes = [2, 4], strata = ["stage"]"#, uniform), false);
}

#[test]
fn contract_prefix_of_piecewise_rates() {
    let piecewise = "[enrolment]\nrate-of = \"RATE\"\npiecewise = { rates = [10, 30], from = [0, 6] }";
    for rate_of in ["enrolled", "screened"] {
        assert_prefix(&trial("sizes = [2]", &piecewise.replace("RATE", rate_of)), false);
    }
}

#[test]
fn contract_prefix_of_a_ramp() {
    let ramp = "[enrolment]\nrate-of = \"RATE\"\nramp = { rate = 30, over = 6 }";
    for rate_of in ["enrolled", "screened"] {
        assert_prefix(&trial("sizes = [2]", &ramp.replace("RATE", rate_of)), false);
    }
}

/// Population columns of the first 2,000 candidates, by name.
fn population(scenario: &Scenario) -> (BTreeMap<String, Vec<u64>>, Vec<u16>) {
    let protocol = Protocol::compile(scenario, 5, Wanted::Everything);
    let all = engine::candidates(&protocol, 3, 2000).expect("no fault");
    let columns = scenario.variables[..scenario.population].iter().enumerate();
    (
        columns.map(|(c, v)| (v.name.clone(), column(&all.frame, c))).collect(),
        all.reason.into_iter().map(u16::from).collect(),
    )
}

#[test]
fn contract_a_criterion_moved_changes_no_value() {
    let text = trial("sizes = [4]", "");
    let with = |p: &str| {
        let set = [("p_refused".to_owned(), p.to_owned())];
        read(&text, &Options { set: &set, ..Options::default() })
    };
    let (few, many) = (with("0.05"), with("0.4"));
    let ((a, reason), (b, other)) = (population(&few), population(&many));
    assert_eq!(a, b);
    assert_ne!(reason, other);
    // who is refused at 5% is refused at 40% as well; whom another criterion excludes first stays excluded by it
    let refused = few.criteria.iter().position(|c| c.name == "refused").expect("a criterion") as u16 + 1;
    for (&x, &y) in reason.iter().zip(&other) {
        assert!(x == y || y == refused, "{x} {y}");
    }
    // patients of both trials are the same patients, whatever their row
    let of = |s: &Scenario| {
        let protocol = Protocol::compile(s, 5, Wanted::Everything);
        let (_, _, columns) = patients(&protocol, 3);
        let by_patient: BTreeMap<u64, Vec<u64>> = columns["candidate"]
            .iter()
            .enumerate()
            .map(|(i, &k)| {
                let same = |name: &str| name.starts_with("potential") || name == "lost" || name.starts_with("month-6");
                (k, columns.iter().filter(|(name, c)| same(name) && !c.is_empty()).map(|(_, c)| c[i]).collect())
            })
            .collect();
        by_patient
    };
    let (a, b) = (of(&few), of(&many));
    let both: Vec<_> = a.keys().filter(|k| b.contains_key(k)).collect();
    assert!(both.len() > 100 && both.len() < 300, "{}", both.len());
    for k in both {
        assert!(a[k].len() > 10);
        assert_eq!(a[k], b[k], "candidate {k}");
    }
}

#[test]
fn contract_what_is_added_changes_no_other_draw() {
    let text = trial(STRATIFIED, &sites("enrolled", 3, ""));
    let more = text
        .replacen("[[variable]]", "[[variable]]\nname = \"extra\"\nnormal = { mean = 0, sd = 1 }\n\n[[variable]]", 1)
        .replacen("[[outcome]]", "[[outcome]]\nname = \"late\"\nexponential = { median = 9 }\n\n[[outcome]]", 1)
        .replacen(
            "[[endpoint]]",
            "[[endpoint]]\nname = \"late\"\ntime-to-event = { event = \"late\", better = \"higher\" }\n\n[[endpoint]]",
            1,
        )
        .replacen(
            "[[analysis]]",
            "[[analysis]]\nname = \"late\"\nendpoint = \"late\"\nlog-rank = {}\n\n[[analysis]]",
            1,
        )
        .replacen("[[site]]", "[[site]]\nname = \"Late\"\nrate = 9\nopens = 200\n\n[[site]]", 1);
    let (before, after) = (sized(&text, 300), sized(&more, 300));
    for replicate in 0..3 {
        let get = |s: &Scenario| patients(&Protocol::compile(s, 5, Wanted::Everything), replicate);
        let ((_, funnel, mut a), (_, other, mut b)) = (get(&before), get(&after));
        assert_eq!(funnel, other);
        // sites are counted from another one
        a.remove("site");
        b.remove("site");
        for (name, column) in &a {
            assert!(*column == b[name], "{name}");
        }
        assert!(b.len() > a.len() + 3);
    }
}

#[test]
fn contract_a_variable_renamed_is_drawn_anew() {
    let text = trial("sizes = [4]", "");
    let renamed = text.replace("fitness", "vigour");
    let ((a, _), (b, _)) = (population(&sized(&text, 300)), population(&sized(&renamed, 300)));
    for (name, column) in &a {
        if name == "fitness" {
            let same = column.iter().zip(&b["vigour"]).filter(|(x, y)| x == y).count();
            assert_eq!(same, 0);
        } else {
            assert!(*column == b[name], "{name}");
        }
    }
}

#[test]
fn contract_another_seed_or_replicate_changes_every_draw() {
    let scenario = sized(&trial("sizes = [4]", ""), 300);
    let age = |seed, replicate| {
        let protocol = Protocol::compile(&scenario, seed, Wanted::Everything);
        column(&engine::candidates(&protocol, replicate, 500).expect("no fault").frame, 0)
    };
    let first = age(1, 0);
    for other in [age(2, 0), age(1, 1), age(1, 1 << 40)] {
        assert_eq!(first.iter().zip(&other).filter(|(a, b)| a == b).count(), 0);
    }
}

/// All rows of the analysis plan, to the bit, and what the trial's record says of its size and its cut.
fn results(rows: &[RowRecord], trial: &TrialRecord) -> String {
    let estimates: Vec<_> = rows.iter().map(|r| (r.estimate, r.failed_resamples)).collect();
    format!("{} {} {estimates:?}", trial.enrolled, trial.cut)
}

/// Trials of these sizes, ascending, taken one from the other, against trials of their own.
fn assert_taken(text: &str, sizes: &[usize], replicates: u64) {
    let scenarios: Vec<Scenario> = sizes.iter().map(|&n| solved(sized(text, n))).collect();
    let whole = Protocol::compile(&scenarios[0], 23, Wanted::Analyses);
    let mut work = Workspace::new(&whole);
    let mut funnel = vec![0; whole.scenario.criteria.len()];
    let mut rows = vec![RowRecord::EMPTY; whole.scenario.analyses.len()];
    work.expect_prefixes(true);
    for replicate in 0..replicates {
        let largest = sizes[sizes.len() - 1];
        let mut trial = engine::enrol_first(&whole, replicate, largest, &mut work, &mut funnel).expect("no fault");
        engine::follow(&whole, replicate, &mut work, &mut trial).expect("no fault");
        for (&n, scenario) in sizes.iter().zip(&scenarios).rev() {
            engine::shorten(&whole, replicate, n, &mut work, &mut trial).expect("no fault");
            engine::analyse_all(&whole, replicate, &mut work, &mut rows);
            let taken = results(&rows, &trial);
            let alone = Protocol::compile(scenario, 23, Wanted::Analyses);
            let (mut own, mut own_funnel) = (Workspace::new(&alone), funnel.clone());
            let trial = engine::replicate(&alone, replicate, &mut own, &mut own_funnel, &mut rows).expect("no fault");
            assert_eq!(
                taken,
                results(&rows, &trial),
                "{}: {n} of {largest}, replicate {replicate}",
                alone.scenario.title
            );
        }
    }
}

#[test]
fn contract_a_trial_taken_from_a_larger_one_is_the_trial_itself() {
    for text in [P1, P2, P4] {
        assert_taken(text, &[2, 99, 300, 340], 8);
    }
    assert_taken(DEFIANCE, &[120, 281, 300, 420], 3);
    assert_taken(DEFIER, &[300, 578], 2);
}

#[test]
fn contract_a_trial_taken_from_a_larger_one_is_cut_anew() {
    let uniform = "[enrolment]\nuniform = { over = 24 }";
    let screened = sites("screened", 6, "cap = 25");
    let enrolled = sites("enrolled", 3, "cap = 25");
    for (blocks, enrolment) in [("sizes = [4]", uniform), (STRATIFIED, &screened), (STRATIFIED, &enrolled)] {
        let text = trial(blocks, enrolment);
        assert_taken(&text, &[40, 150, 300], 3);
        for cut in ["date = 20", "after-last-entry = 3", "events = { count = 30, endpoint = \"survival\" }"] {
            assert_taken(&text.replace("horizon = 12", cut), &[40, 150, 300], 3);
        }
    }
    // sites that close before the largest trial is full
    assert_taken(&trial("sizes = [2]", &sites("enrolled", 1, "")), &[20, 60, 2_000], 2);
}
