//! Every method, in every setting that the template shows, on data that are hardly data: one patient an arm, no events, everything
//! tied, separation, covariates that say nothing or repeat the arm, numbers at the ends of the range. A method gives an answer that
//! holds together or says why there is none: never NaN among the numbers of an answer, never a panic, never an endless loop.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use patency::analysis::{Decision, FAMILY, Scale, Status};
use patency::data::sheet::Sheet;
use patency::data::{self, Trial};
use patency::protocol::{Protocol, Wanted};
use patency::report::answers;
use patency::result::answer::Answers;
use patency::scenario::{Header, Options, Scenario, TEMPLATE, mapping, read};

/// Arms, and every kind of endpoint that a method may take.
const HEAD: &str = r#"title = "Degenerate"
[trial]
arms = [{ name = "c" }, { name = "e" }]
[[visit]]
name = "v"
at = 1
[[endpoint]]
name = "b"
binary = { value = "bin", better = "lower" }
[[endpoint]]
name = "o"
ordinal = { value = "ord", cuts = [1, 2, 3], better = "higher" }
[[endpoint]]
name = "y"
score = { value = "y", better = "lower" }
[[endpoint]]
name = "d"
time-to-event = { event = "d", better = "higher" }
[[endpoint]]
name = "r"
time-to-event = { event = "r", competing = "d", better = "lower" }
[[endpoint]]
name = "i"
interval-censored = { event = "i", visits = ["v"], better = "higher" }
[[endpoint]]
name = "h"
hierarchical = { tiers = [
  { name = "d", time = { event = "d" }, observed = "always" },
  { name = "o", category = { value = "ord", cuts = [1, 2, 3], better = "higher" }, observed = "always" },
  { name = "y", score = { value = "y", threshold = 0.5, better = "lower" }, observed = "always" },
] }
"#;

/// Endpoints of the plan.
const ENDPOINTS: [&str; 7] = ["b", "o", "y", "d", "r", "i", "h"];

/// What stands beside a method, for methods that take it.
const BESIDE: [&str; 10] = [
    "",
    "covariates = [\"x\"]",
    "covariates = [\"x\", \"w\", \"x * w\"]",
    "strata = [\"s\"]",
    "covariates = [\"x\"]\nstrata = [\"s\"]",
    "margin = 0.9",
    "margin = -0.9",
    "margin = 1.5\nsides = 1",
    "interaction = \"w > 0\"",
    "bootstrap = { resamples = 200 }",
];

/// Settings of which the bootstrap is tried as well.
const BOOTSTRAPPED: [&str; 3] = ["logistic = {}", "win-odds = {}", "aipw = { at = 4 }"];

/// A patient.
#[derive(Clone, Debug)]
struct Patient {
    experimental: bool,
    bin: f64,
    ord: f64,
    y: f64,
    d_time: f64,
    d_event: f64,
    r_time: f64,
    r_event: f64,
    r_competing: f64,
    i_left: f64,
    i_right: f64,
    x: f64,
    w: f64,
    s: f64,
}

const COLUMNS: &str = "arm,bin,ord,y,d_time,d_event,r_time,r_event,r_competing,i_left,i_right,x,w,s";

/// A patient of an ordinary trial.
fn patient(i: usize) -> Patient {
    let k = |a: usize, m: usize| ((i * a + i / 3) % m) as f64;
    let event = k(5, 3);
    Patient {
        experimental: i % 2 == 1,
        bin: f64::from(u8::from(k(7, 5) < 2.0)),
        ord: k(3, 4),
        y: k(11, 13) - 4.0,
        d_time: 1.0 + k(7, 17),
        d_event: f64::from(u8::from(event > 0.0)),
        r_time: 1.0 + k(5, 11),
        r_event: f64::from(u8::from(event == 1.0)),
        r_competing: f64::from(u8::from(event == 2.0)),
        i_left: k(3, 7),
        i_right: if event == 0.0 { f64::NAN } else { k(3, 7) + 1.0 + k(2, 3) },
        x: k(13, 29) / 7.0,
        w: k(4, 3) - 1.0,
        s: k(2, 3),
    }
}

fn arm(p: &Patient) -> f64 {
    f64::from(u8::from(p.experimental))
}

type Change = fn(usize, &mut Patient);

/// Data sets: name, patients, and what sets them apart from an ordinary trial.
const SETS: &[(&str, usize, Change)] = &[
    ("ordinary", 40, |_, _| {}),
    ("one patient an arm", 2, |_, _| {}),
    ("two patients an arm", 4, |_, _| {}),
    ("three patients", 3, |_, _| {}),
    ("one experimental patient", 21, |i, p| p.experimental = i == 7),
    ("two experimental patients, alike", 21, |i, p| {
        let two = i == 7 || i == 8;
        if two {
            *p = patient(7);
        }
        p.experimental = two;
    }),
    ("no events", 20, |_, p| {
        (p.bin, p.ord, p.d_event, p.r_event, p.r_competing, p.i_right) = (0.0, 0.0, 0.0, 0.0, 0.0, f64::NAN);
    }),
    ("events in all", 20, |_, p| {
        (p.bin, p.ord, p.d_event, p.r_event, p.r_competing) = (1.0, 3.0, 1.0, 1.0, 0.0);
        p.i_right = p.i_left + 1.0;
    }),
    ("one event", 20, |i, p| {
        let one = f64::from(u8::from(i == 4));
        (p.bin, p.ord, p.d_event, p.r_event, p.r_competing, p.y) = (one, one, one, one, 0.0, one);
        p.i_right = if i == 4 { p.i_left + 1.0 } else { f64::NAN };
    }),
    ("censored at entry", 20, |_, p| {
        (p.d_time, p.d_event, p.r_time, p.r_event, p.r_competing) = (0.0, 0.0, 0.0, 0.0, 0.0);
        (p.i_left, p.i_right) = (0.0, f64::NAN);
    }),
    ("events at entry", 20, |_, p| {
        (p.d_time, p.d_event, p.r_time, p.r_event, p.r_competing) = (0.0, 1.0, 0.0, 1.0, 0.0);
        (p.i_left, p.i_right) = (0.0, 0.0);
    }),
    ("only competing events", 20, |_, p| {
        (p.r_event, p.r_competing) = (0.0, 1.0);
    }),
    ("all tied", 20, |_, p| {
        let arm = p.experimental;
        *p = Patient { experimental: arm, i_right: 3.0, i_left: 1.0, ..patient(4) };
    }),
    ("all tied but one", 20, |i, p| {
        if i != 11 {
            *p = Patient { experimental: p.experimental, i_right: 3.0, i_left: 1.0, ..patient(4) };
        }
    }),
    ("arms alike within, apart between", 20, |_, p| {
        let a = arm(p);
        (p.bin, p.ord, p.y, p.d_time, p.d_event) = (a, 3.0 * a, 10.0 * a, 1.0 + 5.0 * a, 1.0);
        (p.r_time, p.r_event, p.r_competing, p.i_left, p.i_right) = (1.0 + 5.0 * a, 1.0, 0.0, 5.0 * a, 5.0 * a + 1.0);
    }),
    ("arms apart", 30, |_, p| {
        let a = arm(p);
        p.bin = a;
        p.ord = if p.experimental { 2.0 + p.ord % 2.0 } else { p.ord % 2.0 };
        p.y += 100.0 * a;
        p.d_time += 100.0 * a;
        p.r_time += 100.0 * a;
        p.i_left += 100.0 * a;
        p.i_right += 100.0 * a;
    }),
    ("events in one arm only", 30, |_, p| {
        let a = arm(p);
        p.bin *= a;
        p.d_event *= a;
        p.r_event *= a;
        p.r_competing *= a;
        if !p.experimental {
            p.i_right = f64::NAN;
            p.ord = 0.0;
        }
    }),
    ("events and competing events in different arms", 30, |_, p| {
        (p.r_event, p.r_competing) = (arm(p), 1.0 - arm(p));
    }),
    ("constant covariates", 30, |_, p| (p.x, p.w) = (1.0, 1.0)),
    ("covariates of zeros", 30, |_, p| (p.x, p.w) = (0.0, 0.0)),
    ("covariate is the arm", 30, |_, p| (p.x, p.w) = (arm(p), 1.0 - arm(p))),
    ("covariate is the arm but for one", 30, |i, p| p.x = if i == 3 { 0.0 } else { arm(p) }),
    ("covariates repeat each other", 30, |_, p| p.w = p.x),
    ("covariate is the outcome", 30, |_, p| {
        p.x = p.d_time + p.bin;
        (p.bin, p.y, p.ord) = (f64::from(u8::from(p.d_time > 8.0)), p.x, (p.d_time / 5.0).floor());
        (p.r_time, p.i_left) = (p.d_time, p.d_time);
        p.i_right = p.d_time + 1.0;
    }),
    ("covariate hardly varies", 30, |_, p| p.x = 1.0 + p.x * 1e-15),
    ("covariates are huge", 30, |_, p| (p.x, p.w) = (p.x * 1e300, p.w * 1e200)),
    ("covariate at the end of the range", 30, |i, p| p.x = if i % 3 == 0 { 1e308 } else { -1e308 }),
    ("covariate is tiny", 30, |_, p| p.x *= 1e-300),
    ("covariate far from zero", 30, |_, p| p.x += 1e12),
    ("a stratum a patient", 24, |i, p| p.s = i as f64),
    ("a stratum a pair", 24, |i, p| p.s = (i / 2) as f64),
    ("pairs alike", 24, |i, p| {
        let arm = p.experimental;
        *p = Patient { experimental: arm, ..patient(i / 2 * 2) };
        p.s = (i / 2) as f64;
    }),
    ("strata are the arms", 24, |_, p| p.s = arm(p)),
    ("one stratum", 24, |_, p| p.s = 5.0),
    ("huge values", 30, |_, p| {
        p.y *= 1e307;
        (p.d_time, p.r_time) = (p.d_time * 1e306, p.r_time * 1e306);
        (p.i_left, p.i_right) = (p.i_left * 1e306, p.i_right * 1e306);
    }),
    ("values at both ends of the range", 30, |i, p| {
        p.y = if i % 4 < 2 { f64::MAX } else { f64::MIN };
        (p.d_time, p.r_time) = if i % 4 < 2 { (f64::MAX, f64::MAX) } else { (f64::MIN_POSITIVE, 5e-324) };
        (p.i_left, p.i_right) = if i % 4 < 2 { (1.0, f64::MAX) } else { (0.0, 5e-324) };
    }),
    ("tiny values", 30, |_, p| {
        p.y *= 1e-310;
        (p.d_time, p.r_time) = (p.d_time * 1e-310, p.r_time * 1e-310);
        (p.i_left, p.i_right) = (p.i_left * 1e-310, p.i_right * 1e-310);
    }),
    ("values hardly differ", 30, |_, p| {
        p.y = 1.0 + p.y * f64::EPSILON;
        p.d_time = 5.0 + p.d_time * 4.0 * f64::EPSILON;
        p.r_time = 5.0 + p.r_time * 4.0 * f64::EPSILON;
    }),
    ("one far away", 30, |i, p| {
        if i == 9 {
            (p.y, p.d_time, p.r_time, p.x) = (1e200, 1e200, 1e200, 1e200);
        }
    }),
    ("followed shortly", 30, |_, p| {
        (p.d_time, p.r_time, p.i_left, p.i_right) =
            (p.d_time / 100.0, p.r_time / 100.0, p.i_left / 100.0, p.i_right / 100.0);
    }),
    ("last patients censored", 30, |i, p| {
        if i > 3 {
            (p.d_time, p.d_event, p.r_time, p.r_event, p.r_competing) = (50.0, 0.0, 50.0, 0.0, 0.0);
        }
    }),
    ("one arm censored at entry", 30, |_, p| {
        if p.experimental {
            (p.d_time, p.d_event, p.r_time, p.r_event, p.r_competing) = (0.0, 0.0, 0.0, 0.0, 0.0);
            (p.i_left, p.i_right) = (0.0, f64::NAN);
        }
    }),
    ("nothing known of one arm", 30, |_, p| {
        if p.experimental {
            (p.bin, p.ord, p.y, p.d_time, p.r_time, p.i_left) =
                (f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN);
        }
    }),
    ("one patient known", 30, |i, p| {
        if i != 5 {
            (p.bin, p.ord, p.y, p.d_time, p.r_time, p.i_left) =
                (f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN);
        }
    }),
    ("covariates known of one arm", 30, |_, p| {
        if p.experimental {
            (p.x, p.s) = (f64::NAN, f64::NAN);
        }
    }),
    ("intervals without width", 30, |_, p| p.i_right = p.i_left),
    ("intervals that all overlap", 30, |i, p| (p.i_left, p.i_right) = (0.0, 10.0 + i as f64)),
    ("four hundred alike but for the arm", 400, |_, p| {
        let arm = p.experimental;
        *p = Patient { experimental: arm, bin: f64::from(u8::from(arm)), ..patient(4) };
    }),
];

/// The data set as a file, with the arms as they are or exchanged.
fn file(n: usize, change: Change, exchanged: bool) -> String {
    let mut out = format!("{COLUMNS}\n");
    for i in 0..n {
        let mut p = patient(i);
        change(i, &mut p);
        let Patient { bin, ord, y, d_time, d_event, r_time, r_event, r_competing, i_left, i_right, x, w, s, .. } = p;
        out.push(if p.experimental == exchanged { 'c' } else { 'e' });
        for v in [bin, ord, y, d_time, d_event, r_time, r_event, r_competing, i_left, i_right, x, w, s] {
            let _ = if v.is_nan() { write!(out, ",") } else { write!(out, ",{v:e}") };
        }
        out.push('\n');
    }
    out
}

/// The methods in every setting of the template, as they are written there.
fn settings() -> Vec<&'static str> {
    let name = |line: &'static str| line.split(' ').next().unwrap();
    let of_a_method = |line: &&'static str| line.contains(" = {") && FAMILY.iter().any(|m| m.form.name == name(line));
    let lines = TEMPLATE.lines().map(|l| l.strip_prefix("# ").unwrap_or(l)).filter(of_a_method);
    let lines: BTreeSet<&str> = lines.map(|l| l.split("    #").next().unwrap().trim()).collect();
    let named: BTreeSet<&str> = lines.iter().map(|l| name(l)).collect();
    let missing: Vec<&str> = FAMILY.iter().map(|m| m.form.name).filter(|m| !named.contains(m)).collect();
    assert!(missing.is_empty(), "not in the template: {missing:?}");
    lines.into_iter().collect()
}

/// Words of a setting that the template gives in its remarks.
fn words(line: &str) -> Vec<String> {
    let mut all = vec![line.to_owned()];
    for (word, others) in [
        ("\"pooled-z\"", &["\"chi-square\"", "\"wald\""][..]),
        ("p = \"normal\"", &["p = \"exact\""]),
        ("zeros = \"wilcoxon\"", &["zeros = \"pratt\""]),
        ("interval = \"normal\"", &["interval = \"exact\""]),
        ("\"welch\"", &["\"pooled\""]),
        ("\"n+1\"", &["\"n0n1\"", "\"equal\""]),
        (
            "scale = \"difference\", weights = \"mn\"",
            &["scale = \"ratio\"", "scale = \"difference\", weights = \"mh\""],
        ),
        ("\"odds-ratio\" }", &["\"risk-difference\" }", "\"risk-ratio\" }"]),
        (
            "of = \"difference-of-means\"",
            &["of = \"log-hazard-ratio\"", "of = \"log-odds-ratio\"", "of = \"difference-of-proportions\""],
        ),
        ("\"asymptotic\"", &["\"exact\"", "\"mid-p\""]),
        ("effect = \"risk-difference\"", &["effect = \"risk-ratio\"", "effect = \"odds-ratio\""]),
        ("variance = \"influence\"", &["variance = \"ye\"", "variance = \"ge\"", "variance = \"ge-model\""]),
        ("heterogeneous = false", &["heterogeneous = true"]),
        ("ties = \"efron\"", &["ties = \"breslow\""]),
        ("test = \"wald\"", &["test = \"score\"", "test = \"likelihood-ratio\""]),
        ("transform = \"km\"", &["transform = \"identity\"", "transform = \"rank\"", "transform = \"log\""]),
        ("\"log-log\"", &["\"plain\"", "\"log\"", "\"arcsine\"", "\"logit\""]),
        ("scale = \"ratio\"", &["scale = \"difference\""]),
        ("weights = \"ate\"", &["weights = \"att\"", "weights = \"ato\""]),
        ("variance = \"stacked\"", &["variance = \"robust\""]),
        ("interval = \"wald\"", &["interval = \"logit\""]),
        ("continuity = false", &["continuity = true"]),
        ("at = 12", &["at = 4"]),
    ] {
        if line.contains(word) {
            all.extend(others.iter().map(|other| line.replace(word, other)));
        }
    }
    if line.starts_with("aipw") {
        all.push("aipw = {}".to_owned());
    }
    all
}

fn headers() -> Vec<Header> {
    COLUMNS.split(',').map(|name| Header { name: name.to_owned(), levels: None }).collect()
}

/// Every method in every setting on every endpoint, with everything beside it that it takes; the scenario, and for each row what it is.
fn plan() -> (String, Vec<String>) {
    let headers = headers();
    let options = Options { n: Some(10), headers: Some(&headers), ..Options::default() };
    let (mut text, mut what) = (HEAD.to_owned(), Vec::new());
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for line in settings() {
        let name = FAMILY.iter().map(|m| m.form.name).find(|n| Some(*n) == line.split(' ').next()).unwrap();
        for setting in words(line) {
            for endpoint in ENDPOINTS {
                for beside in BESIDE {
                    let row = |k: usize| {
                        format!("[[analysis]]\nname = \"a{k}\"\nendpoint = \"{endpoint}\"\n{setting}\n{beside}\n")
                    };
                    // the bootstrap calls the method again and again, and is the same for all
                    if beside.starts_with("bootstrap") && !BOOTSTRAPPED.contains(&setting.as_str()) {
                        continue;
                    }
                    let Ok(_) = read(&format!("{HEAD}{}", row(0)), &options) else { continue };
                    *used.entry(name).or_default() += 1;
                    text.push_str(&row(what.len()));
                    what.push(format!("{setting} on {endpoint}, {}", beside.replace('\n', ", ")));
                }
            }
        }
    }
    let never: Vec<&str> = FAMILY.iter().map(|m| m.form.name).filter(|n| !used.contains_key(n)).collect();
    assert!(never.is_empty(), "no endpoint suits {never:?}");
    (text, what)
}

/// What does not hold together in an answer.
fn wrong(scenario: &Scenario, number: usize, a: &data::Answer) -> Option<String> {
    let plan = &scenario.analyses[number];
    let e = &a.estimate;
    if e.status != Status::Estimated {
        let silent = e.estimate.is_nan() && e.se.is_nan() && e.lower.is_nan() && e.upper.is_nan() && e.p.is_nan();
        let decided = e.decision(0.5, true) != Decision::Neither;
        return (!silent || decided).then(|| "no answer, and numbers all the same".to_owned());
    }
    for (name, p) in [("p", e.p), ("p against", e.p_against()), ("two-sided p", e.p_two_sided())] {
        if !(0.0..=1.0).contains(&p) {
            return Some(format!("{name} is {p}"));
        }
    }
    if e.z.is_infinite() {
        return Some(format!("z is {}", e.z));
    }
    if e.df.is_nan() || e.df <= 0.0 {
        return Some(format!("df is {}", e.df));
    }
    if !plan.method.estimates() {
        let none = e.estimate.is_nan() && e.se.is_nan() && e.lower.is_nan() && e.upper.is_nan();
        return (!none).then(|| "an estimate of a method that has none".to_owned());
    }
    if e.estimate.is_nan() || e.se.is_nan() || e.lower.is_nan() || e.upper.is_nan() {
        return Some("NaN in an answer".to_owned());
    }
    let limits = [e.lower, e.upper];
    if e.estimate.is_infinite() {
        // the ratio of arms of which one has no responders; the test stands, and one limit
        let says_so = limits.contains(&e.estimate) && e.se.is_infinite() && limits.iter().any(|x| *x != e.estimate);
        return (!says_so).then(|| format!("the estimate is {} with limits {limits:?}", e.estimate));
    }
    if !(e.se.is_finite() && e.se >= 0.0) {
        return Some(format!("the standard error is {}", e.se));
    }
    if !(e.lower <= e.estimate && e.estimate <= e.upper) {
        return Some(format!("limits from {} to {} around {}", e.lower, e.upper, e.estimate));
    }
    let probability = plan.method.scale() == Scale::Probability && plan.interaction.is_none();
    (probability && !(0.0..=1.0).contains(&e.estimate)).then(|| format!("a probability of {}", e.estimate))
}

#[test]
fn contract_every_method_answers_or_says_why_not_on_degenerate_data() {
    let (text, what) = plan();
    assert!(what.len() > 400, "{} rows", what.len());
    let headers = headers();
    let mapping = mapping(&text).unwrap();
    let mut complaints: Vec<String> = Vec::new();
    let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
    for &(name, n, change) in SETS {
        for exchanged in [false, true] {
            let sheet = Sheet::csv(Path::new(name), file(n, change, exchanged).as_bytes(), &mapping.missing).unwrap();
            let options = Options { n: Some(n), headers: Some(&headers), ..Options::default() };
            let scenario = read(&text, &options).unwrap_or_else(|r| panic!("{}", r.render(&text, "plan", false)));
            let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
            let mut trial = match Trial::read(&protocol, sheet, &mapping) {
                Ok(trial) => trial,
                Err(found) => {
                    complaints.push(format!("{name}: {}", found.render("data")));
                    continue;
                }
            };
            let mut panicked = false;
            for (number, plan) in scenario.analyses.iter().enumerate() {
                let why = match catch_unwind(AssertUnwindSafe(|| trial.answer(number))) {
                    Ok(a) => {
                        *answered.entry(plan.method_name).or_default() +=
                            usize::from(a.estimate.status == Status::Estimated);
                        wrong(&scenario, number, &a)
                    }
                    Err(_) => {
                        panicked = true;
                        Some("a panic".to_owned())
                    }
                };
                let arms = if exchanged { " (arms exchanged)" } else { "" };
                complaints.extend(why.map(|why| format!("{}: {name}{arms}: {why}", what[number])));
            }
            if panicked {
                continue;
            }
            let (analyses, multiplicity) = trial.answers();
            let shown = Answers {
                program: "patency",
                version: "0",
                title: scenario.title.clone(),
                scenario: String::new(),
                data: "data".to_owned(),
                rows: n,
                without_arm: 0,
                rules_not_applied: Vec::new(),
                analyses,
                multiplicity,
            };
            for a in shown.analyses.iter().filter(|a| a.status != "estimated" && !a.parts.is_empty()) {
                if a.parts.iter().all(|part| part.value == Some(0.0)) {
                    complaints.push(format!("{}: {name}: parts of 0 where there are none", a.method));
                }
            }
            for text in [answers::text(&shown), answers::csv(&shown)] {
                for line in text.lines() {
                    let cells = line.split(|c: char| c.is_whitespace() || c == ',' || c == '=');
                    if cells.map(|c| c.trim_start_matches(['-', '−'])).any(|c| c == "NaN" || c == "inf") {
                        complaints.push(format!("{name}: {}", line.trim()));
                    }
                }
            }
        }
    }
    let silent: Vec<&str> =
        FAMILY.iter().map(|m| m.form.name).filter(|m| answered.get(m).is_none_or(|k| *k == 0)).collect();
    assert!(silent.is_empty(), "never an answer: {silent:?}");
    assert!(complaints.is_empty(), "{} complaints\n{}", complaints.len(), complaints.join("\n"));
}
