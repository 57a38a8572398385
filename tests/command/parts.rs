//! Long work: ranges of replicates, parts put together, runs that were stopped or killed and go on, runs that stop when precise enough.

use std::time::Duration;

use patency::clock::Stopwatch;
use serde_json::Value;

use super::ending::{ending, interrupt, start, wait};
use super::run::before_timing;
use super::{Called, DEFIANCE, P1, P2, P4, Results, call, files, list, number, patency, printed, refused, word};

const DEFIER: &str = "scenarios/defier.toml";
const P6: &str = "scenarios/yardstick/p6-iptw-cox.toml";

/// Asserts that two folders hold the same results, times aside.
#[track_caller]
fn same(one: &Results, other: &Results, what: &str) {
    for name in ["replicates.parquet", "trials.parquet", "sums.json"] {
        assert!(one.bytes(name) == other.bytes(name), "{what}: {name}");
    }
    assert_eq!(before_timing(&one.text()), before_timing(&other.text()), "{what}");
    assert_eq!(other.files(), ["replicates.parquet", "result.json", "sums.json", "trials.parquet"], "{what}");
}

fn empty() -> Results {
    Results(tempfile::tempdir().expect("a temporary folder"))
}

/// What `patency merge` makes of parts.
fn merged(parts: &[Results]) -> Results {
    let out = empty();
    let mut arguments = vec!["merge"];
    arguments.extend(parts.iter().map(Results::folder));
    arguments.extend(["--out", out.folder()]);
    printed(&arguments);
    out
}

#[test]
fn parts_make_up_the_whole() {
    for (scenario, more, cuts) in [
        (P1, &["--n", "10,20"][..], &[0, 1, 64, 17_000, 17_001][..]),
        (P2, &["--variant", "all", "--n", "60"], &[0, 100, 164, 300]),
        (P4, &["--no-truth"], &[1_000, 1_064, 1_200]),
        (DEFIANCE, &["--n", "100"], &[0, 33, 70]),
    ] {
        in_parts(scenario, more, cuts);
    }
}

#[ignore = "some minutes without optimisation"]
#[test]
fn parts_of_trials_with_weights_make_up_the_whole() {
    in_parts(DEFIER, &[], &[0, 10, 64, 150]);
    in_parts(P6, &[], &[100, 200, 2_000]);
}

fn in_parts(scenario: &str, more: &[&str], cuts: &[u64]) {
    let run = |from: u64, to: u64| {
        let range = format!("{from}..{to}");
        Results::of(&[&[scenario, "--replicates", &range], more].concat())
    };
    let whole = run(cuts[0], cuts[cuts.len() - 1]);
    let mut parts: Vec<Results> = cuts.windows(2).map(|c| run(c[0], c[1])).collect();
    parts.rotate_left(1);
    same(&whole, &merged(&parts), scenario);
    // a whole is a part too
    same(&whole, &merged(&[merged(&parts)]), scenario);
}

#[test]
fn truth_only_replicates_have_ranges_too() {
    let run = |replicates, truth| Results::of(&[P2, "--replicates", replicates, "--truth-replicates", truth]);
    let whole = run("100", "70");
    same(&whole, &merged(&[run("0..40", "30..70"), run("40..50", "0"), run("50..100", "0..30")]), "truth in parts");
    assert_eq!(whole.json()["truth_replicates"], 70);
    let part = run("40..50", "30..70").json();
    assert_eq!((&part["first_replicate"], &part["replicates"]), (&Value::from(40), &Value::from(10)));
    assert_eq!((&part["first_truth_replicate"], &part["truth_replicates"]), (&Value::from(30), &Value::from(40)));
}

/// Priors, and families of hypotheses: what they count must add up as well.
const UNKNOWN: &str = r#"
title = "An effect that is not known, on two endpoints"

[parameters]
effect = { value = { normal = { mean = 0.3, sd = 0.2 } }, source = "assumed" }

[trial]
n = 40
arms = [{ name = "control" }, { name = "treatment" }]

[[outcome]]
name = "a"
normal = { mean = "effect * treatment", sd = 1 }

[[outcome]]
name = "b"
normal = { mean = "0.5 * effect * treatment", sd = 1 }

[[endpoint]]
name = "a"
score = { value = "a", better = "higher" }

[[endpoint]]
name = "b"
score = { value = "b", better = "higher" }

[[analysis]]
name = "a"
endpoint = "a"
t-test = {}

[[analysis]]
name = "b"
endpoint = "b"
t-test = {}

[[multiplicity]]
name = "holm"
hypotheses = ["a", "b"]
holm = {}

[[multiplicity]]
name = "in-order"
hypotheses = ["a", "b"]
fixed-sequence = {}
"#;

#[test]
fn priors_and_families_add_up() {
    let file = super::Written::new("unknown.toml", UNKNOWN);
    in_parts(&file.path(), &[], &[0, 100, 1_500, 2_500]);
    let json = run_of(&file.path(), "0..2500").json();
    assert!(json.pointer("/designs/0/assurance/analyses/0/distribution/replicates").is_some(), "{json}");
    assert_eq!(list(&json, "/designs/0/multiplicity").len(), 2);
}

#[test]
fn a_range_is_shown() {
    let out = empty();
    let table = printed(&["run", P1, "--replicates", "20000..20050", "--out", out.folder()]);
    assert!(table.contains("50 replicates a design (20000..20050), seed 1"), "{table}");
    let first = &super::written::rows(&out.path("replicates.parquet"))[0];
    assert_eq!(super::written::whole(first, "replicate"), 20_000);
    for (range, why) in [("9..3", "ends before it begins"), ("5..5", "at least one"), ("1..x", "20000..40000")] {
        let message = refused(&["run", P1, "--replicates", range, "--out", out.folder()], 2);
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn parts_that_make_up_no_run_are_refused_with_all_that_is_wrong() {
    let run = |more: &[&str]| Results::of(&[&[P1], more].concat());
    let (a, b) = (run(&["--replicates", "0..20"]), run(&["--replicates", "15..30"]));
    let c = run(&["--replicates", "40..50", "--seed", "2", "--n", "30"]);
    let d = run(&["--precision", "0.2", "--replicates", "50..3000"]);
    let nothing = empty();
    let folders = [&a, &b, &c, &d, &nothing].map(Results::folder);
    let message = refused(&[&["merge"], &folders[..], &[folders[0], "--out", folders[1]]].concat(), 2);
    let [a, b, c, d, nothing] = folders;
    for wrong in [
        format!("{a} is named twice"),
        format!("{b} is both a part and where the whole would be written"),
        format!("{a} and {b} overlap in replicates 15..20"),
        format!("between {b} and {c} replicates 30..40 are missing"),
        format!("{c} is of another run than {a}: it has seed 2, not 1"),
        format!("{c} is of another run than {a}: it has n 30, not as written"),
        format!("{d} was run with --precision"),
        format!("{nothing} has no sums.json"),
    ] {
        assert!(message.contains(&wrong), "{wrong}\n{message}");
    }
    assert_eq!(refused(&["merge", nothing, "--out", nothing], 2).lines().count(), 3);
    // another scenario, and the line from which on it is another
    let file = super::Written::new("other.toml", super::changed(P1, &[("0.50, 0.35", "0.55, 0.35")]));
    let other = run_of(&file.path(), "20..30");
    let out = empty();
    let message = refused(&["merge", a, other.folder(), "--out", out.folder()], 2);
    assert!(message.contains("another scenario file (they differ from line 11 on)"), "{message}");
    assert_eq!(files(out.0.path()), [""; 0]);
}

fn run_of(scenario: &str, range: &str) -> Results {
    Results::of(&[scenario, "--replicates", range])
}

/// Replicates of the first design that a run has saved.
#[cfg(unix)]
fn saved_replicates(out: &Results) -> Option<u64> {
    let text = std::fs::read_to_string(out.path("unfinished/sums-00000.json")).ok()?;
    let json: Value = serde_json::from_str(&text).expect("what is saved is whole");
    Some(json.pointer("/design/replicates/end").and_then(Value::as_u64).expect("a range"))
}

/// Kills a run so many times, each time some moments after it has saved more than before, resumes it, and compares it with one that was let
/// be.
#[cfg(unix)]
fn killed(arguments: &[&str], kills: u64) {
    let watch = Stopwatch::start();
    let whole = Results::of(arguments);
    let length = watch.seconds();
    let out = empty();
    let arguments = [&["run"], arguments, &["--out", out.folder(), "--resume"]].concat();
    let (mut saved, mut least) = (0, 0);
    for kill in 0..kills {
        // a low-discrepancy sequence: moments early and late in whatever is left
        let share = (kill as f64 + 1.0) * 0.618_033_988_749_895 % 1.0;
        let mut child = start(&arguments, |_| ());
        let mut ended = false;
        wait(|| {
            ended = child.try_wait().is_ok_and(|status| status.is_some());
            ended || saved_replicates(&out).is_some_and(|end| end > least)
        });
        std::thread::sleep(Duration::from_secs_f64(length * share / (kills as f64 + 2.0)));
        child.kill().expect("it can be killed");
        let status = child.wait().expect("it can be waited for");
        if status.success() {
            break;
        }
        // what was saved is never less than before
        if let Some(end) = saved_replicates(&out) {
            assert!(end >= least, "{end} after {least}");
            saved += u64::from(end > least);
            least = end;
        }
    }
    let called = call(&mut patency(&arguments));
    assert_eq!(called.code, Some(0), "{}", called.err);
    assert!(saved > 0, "nothing was ever saved in {length} s");
    same(&whole, &out, "killed");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_goes_on_with_the_same_bytes() {
    killed(&[P1, "--n", "60,40", "--replicates", "60000", "--truth-replicates", "2000"], 3);
}

#[cfg(unix)]
#[ignore = "some minutes: twenty kills of a run of several designs"]
#[test]
fn a_run_that_is_killed_twenty_times_goes_on_with_the_same_bytes() {
    killed(&[P1, "--n", "300,200", "--replicates", "300000", "--truth-replicates", "20000"], 20);
    killed(&[DEFIANCE, "--n", "300,100", "--replicates", "9000", "--truth-replicates", "1000"], 20);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_goes_on_with_the_same_bytes() {
    let arguments = [P1, "--n", "60", "--replicates", "20000"];
    let whole = Results::of(&arguments);
    let out = empty();
    let arguments = [&["run"], &arguments[..], &["--out", out.folder()]].concat();
    for _ in 0..2 {
        let child = start(&[&arguments[..], &["--resume"]].concat(), |_| ());
        let begun = || out.path("unfinished/run.json").exists();
        wait(begun);
        std::thread::sleep(Duration::from_millis(150));
        interrupt(&child);
        let (code, err) = ending(child);
        // it may have been done already, or not have got as far as listening
        assert!(matches!(code, Some(0 | 130) | None), "{code:?} {err}");
    }
    let called = call(&mut patency(&[&arguments[..], &["--resume"]].concat()));
    assert_eq!(called.code, Some(0), "{}", called.err);
    same(&whole, &out, "stopped");
    // once more: nothing is left to do
    let Called { code, out: shown, err } =
        call(&mut patency(&[&arguments[..], &["--resume", "--format", "json"]].concat()));
    assert_eq!((code, shown.as_bytes()), (Some(0), &out.bytes("result.json")[..]));
    assert!(err.starts_with("note: the run in ") && err.contains("had come to its end"), "{err}");
}

#[cfg(unix)]
#[test]
fn only_the_same_run_is_resumed_and_nothing_is_lost_in_silence() {
    let out = empty();
    let folder = out.folder();
    let mut child = start(&["run", P1, "--replicates", "1000000000", "--out", folder], |_| ());
    assert!(wait(|| out.path("unfinished/sums-00000.json").exists()), "nothing was saved");
    child.kill().expect("it can be killed");
    child.wait().expect("it can be waited for");
    let message = refused(
        &["run", P1, "--replicates", "500", "--seed", "3", "--n", "20", "--no-truth", "--resume", "--out", folder],
        2,
    );
    for wrong in [
        "it has\n",
        "· seed 1, not 3",
        "· n as written, not 20",
        "· true values computed, not left out",
        "· --replicates 0..1000000000, not 0..500",
    ] {
        assert!(message.contains(wrong), "{wrong}\n{message}");
    }
    let message = refused(&["merge", folder, "--out", &format!("{folder}/whole")], 2);
    assert!(message.contains("is unfinished: `patency run` with --resume goes on with it"), "{message}");
    let called = call(&mut patency(&["run", P1, "--replicates", "500", "--out", folder]));
    assert_eq!(called.code, Some(0));
    assert!(called.err.starts_with("note: overwriting the unfinished run in "), "{}", called.err);
    same(&Results::of(&[P1, "--replicates", "500"]), &out, "begun anew");
    // where nothing was saved it begins, and says so
    let fresh = empty();
    let called = call(&mut patency(&["run", P1, "--replicates", "500", "--resume", "--out", fresh.folder()]));
    assert!(called.code == Some(0) && called.err.contains("nothing was saved in "), "{}", called.err);
    same(&out, &fresh, "resumed from nothing");
}

#[test]
fn a_run_stops_when_its_power_is_precise_enough() {
    let precise = |more: &[&str]| Results::of(&[&[P1, "--n", "60", "--no-truth"], more].concat());
    let one = precise(&["--precision", "0.006", "--replicates", "30000", "--threads", "1"]);
    let two = precise(&["--precision", "0.006", "--replicates", "30000", "--threads", "2"]);
    same(&one, &two, "threads");
    let json = one.json();
    let (design, stopped) = (&json["designs"][0], number(&json, "/designs/0/replicates"));
    assert_eq!((&json["partial"], &design["precision"]["reached"]), (&Value::from(false), &Value::from(true)));
    let power = number(design, "/analyses/0/power/estimate");
    let [low, high] = [0, 1].map(|k| number(design, &format!("/precision/sequence/{k}")));
    assert!(low < power && power < high && number(design, "/precision/largest_se") <= 0.006);
    // as few as may be: some 3% more than the plug-in error asks for, and the distance of looks
    let asked = power * (1.0 - power) / 0.006f64.powi(2);
    assert!(stopped >= asked && stopped <= 1.1 * asked + 1_024.0, "{stopped} of {asked}");
    // it is a run of exactly as many replicates
    let plain = precise(&["--replicates", &stopped.to_string()]).json();
    assert_eq!(plain["designs"][0]["analyses"], design["analyses"]);
    // and a ceiling is a ceiling
    let out = empty();
    let table =
        printed(&["run", P1, "--precision", "0.0001", "--replicates", "1500", "--out", out.folder(), "--n", "60"]);
    assert!(table.contains("1,500 replicates are not enough for a Monte Carlo SE of 0.0001"), "{table}");
    let short = out.json();
    assert_eq!(short["designs"][0]["precision"]["reached"], false);
    assert_eq!(word(&short, "/designs/0/precision/analysis"), "primary");
    assert_eq!(list(&short, "/designs").len(), 1);
    for (arguments, why) in [
        (&["--precision", "0"][..], "a standard error between 0 and 0.5"),
        (&["--precision", "0.01", "--analysis", "primry"], "did you mean `primary`?"),
        (&["--analysis", "primary"], "--precision"),
    ] {
        let message = refused(&[&["run", P1, "--out", out.folder()], arguments].concat(), 2);
        assert!(message.contains(why), "{message}");
    }
}
