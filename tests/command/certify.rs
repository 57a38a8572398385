//! `patency certify`: an upper bound for the worst type I error.

use patency::certify::{log_moment_of_flag, log_moment_of_time, tilted};

use super::ending::{ending, interrupt, start, wait};
use super::{Written, list, number, printed, refused, word};

const NULL: &str = r#"
title = "No effect"

[trial]
n = 60
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[parameters]
p = { value = 0.2, source = "registry" }
treated = { value = 0.1, null = "p", source = "assumed" }
over = { value = 12, source = "assumed" }

[[outcome]]
name = "event"
bernoulli = { probability = "if(treatment, treated, p)" }

[enrolment]
uniform = { over = "over" }

[[endpoint]]
name = "event"
binary = { value = "event", better = "lower" }

[[analysis]]
name = "primary"
endpoint = "event"
difference-of-proportions = {}
"#;

/// P(|z| ≥ 1.96) of the pooled z test with `n` patients an arm whose events have probability `p`: all tables.
fn size(n: usize, p: f64) -> f64 {
    let mut log = vec![0.0; n + 1];
    for x in 1..=n {
        log[x] = log[x - 1] + ((n + 1 - x) as f64 / x as f64).ln();
    }
    let probability = |x: usize| (log[x] + x as f64 * p.ln() + (n - x) as f64 * (1.0 - p).ln()).exp();
    let mut size = 0.0;
    for x in 0..=n {
        for y in 0..=n {
            let pooled = (x + y) as f64 / (2 * n) as f64;
            let se = (pooled * (1.0 - pooled) * 2.0 / n as f64).sqrt();
            if se > 0.0 && (x as f64 - y as f64).abs() / n as f64 / se >= 1.959_963_984_540_054 {
                size += probability(x) * probability(y);
            }
        }
    }
    size
}

/// The bound at another point, from the exact size at this one, is never below the exact size there; and not far above where it is near.
#[test]
fn twin_the_tilt_bound_holds_for_exact_sizes_of_two_proportions() {
    let mut tightest = f64::INFINITY;
    for p in [0.02, 0.1, 0.3, 0.46, 0.5, 0.8] {
        let here = size(30, p);
        for step in [-0.1, -0.03, -0.01, -0.001, 0.001, 0.01, 0.03, 0.1] {
            let other = p + step;
            if other <= 0.0 || other >= 1.0 {
                continue;
            }
            let there = size(30, other);
            let bound = tilted(here, |q| 60.0 * log_moment_of_flag(p, other, q));
            assert!(bound >= there, "from {p} to {other}: {bound} < {there}");
            tightest = tightest.min(bound / there);
        }
    }
    assert!(tightest < 1.1, "{tightest}");
}

/// Times of constant hazard seen up to a month: the same test on who has had the event.
#[test]
fn twin_the_tilt_bound_holds_for_exact_sizes_of_times() {
    let until = 12.0;
    let seen = |rate: f64| size(30, -(-rate * until).exp_m1());
    for rate in [0.002, 0.01, 0.05] {
        for factor in [0.5, 0.9, 0.99, 1.01, 1.1, 2.0] {
            let other = rate * factor;
            let bound = tilted(seen(rate), |q| 60.0 * log_moment_of_time(rate, other, until, q));
            assert!(bound >= seen(other), "from {rate} to {other}");
            // less is seen by month 12 than in full, so that the bound is sharper
            let full = tilted(seen(rate), |q| 60.0 * log_moment_of_time(rate, other, f64::INFINITY, q));
            assert!(bound <= full + 1e-12, "{bound} {full}");
        }
    }
}

fn certified(path: &str, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&printed(&[&["certify", path, "--format", "json"], arguments].concat())).expect("JSON")
}

/// The largest exact size of the box lies below the bound in (far more than) 95 % of certificates.
#[test]
fn statistical_certificates_cover_the_worst_exact_size() {
    let file = Written::new("null.toml", NULL);
    let path = file.path();
    let worst = (0..=200).map(|k| size(30, 0.10 + 0.001 * f64::from(k))).fold(0.0, f64::max);
    let points = [0.1, 0.15, 0.2, 0.25, 0.3].map(|p| size(30, p)).into_iter().fold(0.0, f64::max);
    const SEEDS: u32 = 40;
    let (mut covered, mut at_points) = (0, 0);
    for seed in 0..SEEDS {
        let seed = seed.to_string();
        let found = certified(&path, &["--over", "p=0.1:0.3:0.05", "--replicates", "300", "--seed", &seed]);
        assert_eq!(found["proven"], serde_json::Value::Bool(true));
        let row = &list(&found, "/analyses")[0];
        covered += u32::from(number(row, "/bound") >= worst);
        at_points += u32::from(number(row, "/points") >= points);
        assert!(number(row, "/bound") >= number(row, "/points"));
        assert!(number(row, "/simultaneous") >= number(row, "/bound"));
        assert!(number(row, "/points") > number(row, "/observed/estimate"));
    }
    // 95 % less 5 standard errors
    let least = |seeds: f64| 0.95 * seeds - 5.0 * (0.95 * 0.05 * seeds).sqrt();
    assert!(f64::from(at_points) >= least(f64::from(SEEDS)), "{at_points} of {SEEDS}");
    assert!(f64::from(covered) >= least(f64::from(SEEDS)), "{covered} of {SEEDS}");
}

#[test]
fn points_are_chosen_so_that_the_space_between_adds_little() {
    let file = Written::new("null.toml", NULL);
    let found = certified(&file.path(), &["--over", "p=0.2:0.25", "--replicates", "200", "--penalty", "0.2"]);
    let side = &list(&found, "/axes")[0];
    assert_eq!((number(side, "/from"), number(side, "/to")), (0.2, 0.25));
    let points = number(side, "/points");
    assert!(points > 2.0, "{side}");
    // at a point whose bound is the level the tile may add a fifth of it: here the bounds are larger, and so is what is added
    let row = &list(&found, "/analyses")[0];
    for cell in list(row, "/cells") {
        assert!(number(cell, "/bound") < 1.35 * number(cell, "/point"), "{cell}");
    }
    // a wider tile adds more
    let wide = certified(&file.path(), &["--over", "p=0.2:0.25:0.05", "--replicates", "200"]);
    assert!(number(&wide, "/analyses/0/bound") > number(row, "/bound"));
    assert_eq!(number(&wide, "/null/0/value"), 0.2);
}

/// From a probability of 0 to one of 1, where both arms' patients are all alike: points close to the ends, none upon them.
#[test]
fn statistical_a_box_of_all_probabilities_is_covered() {
    let file = Written::new("null.toml", NULL);
    let worst = (1..1_000).map(|k| size(30, 0.001 * f64::from(k))).fold(0.0, f64::max);
    let found = certified(&file.path(), &["--over", "p=0:1", "--replicates", "300"]);
    let (side, row) = (&list(&found, "/axes")[0], &list(&found, "/analyses")[0]);
    assert_eq!((found["proven"].as_bool(), number(side, "/from"), number(side, "/to")), (Some(true), 0.0, 1.0));
    assert!((worst..0.2).contains(&number(row, "/bound")), "{worst} {row}");
    // equal tiles would need as many points as the ends do: 0 would be out of reach
    assert!(number(side, "/points") < 500.0, "{side}");
    let points: Vec<f64> = list(row, "/cells").iter().map(|cell| number(cell, "/values/0")).collect();
    assert!(points.windows(2).all(|w| w[0] < w[1]) && points[0] > 0.0 && points[points.len() - 1] < 1.0);
}

#[test]
fn what_is_not_proven_is_called_grid_only() {
    let file = Written::new("null.toml", NULL);
    let path = file.path();
    let both = ["--over", "over=6:18:6", "--over", "p=0.2:0.21:0.01", "--replicates", "100"];
    let found = certified(&path, &both);
    assert_eq!(found["proven"], serde_json::Value::Bool(false));
    let sides = list(&found, "/axes");
    assert_eq!((&sides[0]["proven"], &sides[1]["proven"]), (&false.into(), &true.into()));
    assert!(word(&sides[0], "/argument").contains("`over` of [enrolment]"), "{}", sides[0]);
    assert_eq!(list(&found, "/analyses/0/cells").len(), 6);
    let shown = printed(&[&["certify", &path], &both[..]].concat());
    for part in
        ["GRID ONLY: nothing is proven between its 3 points", "for all p from 0.2 to 0.21 at the 3 points of over"]
    {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    // two places, or a bend, are no ground for a bound
    for (from, to, why) in [
        ("uniform = { over = \"over\" }", "uniform = { over = \"10 + p\" }", "it enters 2 expressions"),
        ("null = \"p\"", "null = \"p * (2 - p) / 2\"", "neither rises nor falls"),
        (
            "bernoulli = { probability = \"if(treatment, treated, p)\" }",
            "poisson = { mean = \"p\" }",
            "neither a flag nor",
        ),
    ] {
        let text = NULL.replacen(from, to, 1);
        assert_ne!(text, NULL);
        let text = text.replace("value = \"event\"", "value = \"event >= 1\"");
        let other = Written::new("other.toml", text);
        let found = certified(&other.path(), &["--over", "p=0.2:0.21:0.01", "--replicates", "50"]);
        assert_eq!(found["proven"], serde_json::Value::Bool(false), "{to}");
        assert!(word(&found, "/axes/0/argument").contains(why), "{}", found["axes"]);
        // and without a step there are no points to take
        assert!(refused(&["certify", &other.path(), "--over", "p=0.2:0.21"], 2).contains("needs a step"));
    }
}

#[test]
fn bad_questions_get_answers() {
    let file = Written::new("null.toml", NULL);
    let path = file.path();
    for (arguments, words) in [
        (&["--over", "q=0:1:0.1"][..], "no parameter is called `q`"),
        (&["--over", "p=0.1:a:1"], "not a finite number"),
        (&["--over", "p=0.1:0.2:0.1", "--set", "p=0.1"], "at once"),
        (&["--over", "p=0.1:0.2:0.1", "--over", "p=0.3:0.4:0.1"], "given twice"),
        (&["--over", "p=0.9:1.1:0.1"], "from 0 to 1"),
        (&["--over", "p=0.1:0.2:0.1", "--n", "60,90"], "one size"),
        (&["--over", "p=0.1:0.2:0.1", "--variant", "nul"], "variants are"),
        (&["--over", "p=0.1:0.9:0.00001"], "--yes"),
    ] {
        let said = refused(&[&["certify", &path][..], arguments].concat(), 2);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    // a box in which the treatment works is no null
    let shown = printed(&["certify", &path, "--over", "treated=0.1:0.2:0.1", "--replicates", "300"]);
    assert!(shown.contains("NOT A NULL WORLD"), "{shown}");
    let said = "No null value is in force: the world is taken as it is.\ntreated declares a null value, but the box gives it others.\n";
    assert!(shown.contains(said), "{shown}");
    let shown = printed(&["certify", &path, "--over", "p=0.1:0.2:0.1", "--set", "treated=0.1", "--replicates", "30"]);
    assert!(shown.contains("treated declares a null value, but --set gives it another.\n"), "{shown}");
    let found = certified(&path, &["--over", "treated=0.1:0.2:0.1", "--replicates", "30"]);
    assert_eq!(found["null_overridden"], serde_json::json!(["treated"]));
    let plain = Written::new("plain.toml", NULL.replace("value = 0.1, null = \"p\"", "value = 0.1"));
    let shown = printed(&["certify", &plain.path(), "--over", "p=0.1:0.2:0.1", "--replicates", "30"]);
    assert!(shown.contains("No parameter declares a null value: the world is taken as it is.\n"), "{shown}");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_leaves_no_bound_and_says_so() {
    let file = Written::new("null.toml", NULL);
    let child = start(&["certify", &file.path(), "--over", "p=0.1:0.2:0.1", "--replicates", "1000000000"], |_| ());
    // whether it would catch the signal: the second bit of those that it catches
    let status = format!("/proc/{}/status", child.id());
    let catches = || {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).map(str::trim);
        caught.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 2 != 0)
    };
    assert!(wait(catches), "Ctrl-C is never caught");
    interrupt(&child);
    let (code, err) = ending(child);
    assert_eq!(code, Some(130), "{err}");
    assert_eq!(err, "note: interrupted after 0 of 2 points: there is no bound from a part of the box\n");
}

/// A rule's analysis is computed at every point, and certified where it is asked for.
#[test]
fn what_rules_test_is_certified_only_where_asked_for() {
    let text = NULL.replacen("uniform = { over = \"over\" }", "piecewise = { rates = [\"over\"], from = [0] }", 1);
    let more = "\n[[analysis]]\nname = \"other\"\nendpoint = \"event\"\nfisher = {}\n\n[[look]]\nname = \"half\"\nenrolled = { share = 0.5 }\n\n[[rule]]\nname = \"stop\"\nanalysis = \"primary\"\nefficacy = { haybittle-peto = 3 }\n";
    let file = Written::new("looked.toml", format!("{text}{more}"));
    let names = |analysis: &str| -> Vec<String> {
        let found =
            certified(&file.path(), &["--over", "p=0.2:0.21:0.01", "--replicates", "50", "--analysis", analysis]);
        list(&found, "/analyses").iter().map(|a| word(a, "/analysis").to_owned()).collect()
    };
    assert_eq!(names("other"), ["other"]);
    assert_eq!(names("all"), ["primary", "other"]);
}

/// The null hypothesis of a one-sided test holds on its far side too, that of equivalence at and beyond its margins.
#[test]
fn a_world_within_the_null_hypothesis_is_a_null_world() {
    let one_sided =
        NULL.replace("difference-of-proportions = {}", "difference-of-proportions = {}\nsides = 1\nalpha = 0.025");
    let margins =
        "difference-of-proportions = { test = \"wald\" }\nequivalence = [-0.1, 0.1]\nalpha = 0.025\nsides = 1";
    let equivalence = NULL.replace("difference-of-proportions = {}", margins);
    // fewer events are better: with more of them the treatment harms
    for (text, treated, null) in [
        (NULL, "0.4", false),
        (&one_sided, "0.4", true),
        (&one_sided, "0.1", false),
        (&equivalence, "0.3", true),
        (&equivalence, "0.4", true),
        (&equivalence, "0.2", false),
    ] {
        let file = Written::new("world.toml", text);
        let set = format!("treated={treated}");
        let shown =
            printed(&["certify", &file.path(), "--over", "p=0.2:0.2:0.1", "--set", &set, "--replicates", "100"]);
        assert_eq!(!shown.contains("NOT A NULL WORLD"), null, "{treated}: {shown}");
    }
}

#[test]
fn a_certificate_goes_to_a_folder_and_what_cannot_be_written_is_found_first() {
    let file = Written::new("null.toml", NULL);
    let (path, folder) = (file.path(), tempfile::tempdir().expect("a temporary folder"));
    let here = folder.path().to_str().expect("paths of tests are text");
    let ask = ["certify", &path, "--over", "p=0.1:0.2:0.1", "--replicates"];
    printed(&[&ask[..], &["10", "--out", here]].concat());
    assert!(folder.path().join("certificate.json").is_file());
    let message = refused(&[&ask[..], &["1000000000", "--yes", "--out", &format!("{here}/none/x.json")]].concat(), 1);
    assert!(message.starts_with("error: cannot write "), "{message}");
}

/// A review may make the trial larger: the bound allows for all patients that there may be.
#[test]
fn patients_that_a_review_may_add_are_counted() {
    let review = "\n[[look]]\nname = \"half\"\nenrolled = { share = 0.5 }\n\n[[reestimation]]\nname = \"rate\"\nlook = \"half\"\nanalysis = \"primary\"\nmost = 150\npower = 0.9\npooled-rate = { difference = 0.2 }\n";
    let arriving = NULL.replacen("uniform = { over = \"over\" }", "piecewise = { rates = [\"over\"], from = [0] }", 1);
    let file = Written::new("reviewed.toml", format!("{arriving}{review}"));
    let plain = Written::new("null.toml", arriving);
    let ask = ["--over", "p=0.2:0.21:0.01", "--replicates", "50"];
    let [reviewed, plain] = [&file, &plain].map(|file| certified(&file.path(), &ask));
    assert!(word(&reviewed, "/axes/0/argument").contains("each of 150 patients"), "{}", reviewed["axes"]);
    assert!(word(&plain, "/axes/0/argument").contains("each of 60 patients"), "{}", plain["axes"]);
}
