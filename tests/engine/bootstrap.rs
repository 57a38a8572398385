//! Covers: standard errors from resamples of the trial's patients.

use patency::analysis::Status;

use super::common::{Run, assert_within, figure, row};

/// Every row twice: with the method's own standard error, and with the bootstrap's.
fn text(n: usize, resamples: u32) -> String {
    let mut text = format!(
        r#"
title = "Resamples"

[trial]
n = {n}
arms = [{{ name = "control" }}, {{ name = "treatment" }}]
allocation.blocks = {{ sizes = [2] }}

[[variable]]
name = "x"
normal = {{ mean = 0, sd = 1 }}

[[outcome]]
name = "response"
bernoulli = {{ probability = "if(treatment, 0.5, 0.35)" }}

[[outcome]]
name = "death"
exponential = {{ median = 10, hazard-ratio = "if(treatment, 0.6, 1)" }}

[cut]
horizon = 12

[[endpoint]]
name = "response"
binary = {{ value = "response", better = "higher" }}

[[endpoint]]
name = "survival"
time-to-event = {{ event = "death", better = "higher" }}
"#
    );
    for (name, keys) in [
        ("difference", "endpoint = \"response\"\ndifference-of-proportions = { test = \"wald\" }"),
        ("interaction", "endpoint = \"response\"\ndifference-of-proportions = {}\ninteraction = \"x > 0\""),
        ("subset", "endpoint = \"response\"\nwilcoxon = {}\nsubset = \"x > -1\""),
        ("adjusted", "endpoint = \"response\"\nlogistic = {}\ncovariates = [\"x\"]"),
        ("hazard", "endpoint = \"survival\"\ncox = {}"),
    ] {
        text.push_str(&format!("\n[[analysis]]\nname = \"{name}\"\n{keys}\n"));
        let bootstrap = format!("bootstrap = {{ resamples = {resamples} }}");
        text.push_str(&format!("\n[[analysis]]\nname = \"{name}/bootstrap\"\n{keys}\n{bootstrap}\n"));
    }
    text
}

/// The bootstrap's standard error is the method's, to the order of 1/n and its own noise; a test that rests on it goes the same way.
#[test]
fn statistical_standard_errors_are_near_the_methods_own() {
    let name = "statistical_standard_errors_are_near_the_methods_own";
    let text = text(300, 100);
    let mut ratios = vec![Vec::new(); 5];
    Run::new(&text, 60, name).each(|_, rows| {
        for (ratios, pair) in ratios.iter_mut().zip(rows.chunks_exact(2)) {
            let [own, resampled] = [pair[0].estimate, pair[1].estimate];
            assert_eq!((own.estimate, own.n, own.events), (resampled.estimate, resampled.n, resampled.events));
            assert_eq!(own.parts, resampled.parts);
            assert_eq!(pair[1].failed_resamples, 0);
            assert_eq!(own.z > 0.0, resampled.z > 0.0, "the bootstrap's test looks the other way");
            let half = 0.5 * (resampled.upper - resampled.lower);
            assert!((half / resampled.se - 1.959_963_984_540_054).abs() < 1e-9);
            ratios.push(resampled.se / own.se);
        }
    });
    for (ratios, name) in ratios.iter().zip(["difference", "interaction", "subset", "adjusted", "hazard"]) {
        let n = ratios.len() as f64;
        let mean = ratios.iter().sum::<f64>() / n;
        let sd = (ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        // an SD of 100 resamples is short by 1/400 of itself; covariates and hazards add terms in 1/n, of a few hundredths here
        assert_within(name, mean, 1.0, 0.03, sd / n.sqrt(), 0.15);
    }
}

#[test]
fn contract_bootstraps_have_the_same_bytes_for_any_threads() {
    let text = text(80, 20);
    let run = |threads| {
        let name = "contract_bootstraps_have_the_same_bytes_for_any_threads";
        Run { threads, truth: true, ..Run::new(&text, 130, name) }.go()
    };
    let (one, three) = (run(1), run(3));
    assert!(one.replicates == three.replicates && one.trials == three.trials);
    let json = |o: &super::common::Outcome| serde_json::to_string(&o.design).expect("a design is JSON");
    assert!(json(&one) == json(&three) && json(&one).contains("\"bootstrap\":{\"resamples\":20,"));
    // the row beside it is that of a plan without
    let plain = row(&one.design, "difference");
    let resampled = row(&one.design, "difference/bootstrap");
    assert!(plain.bootstrap.is_none());
    assert_eq!(figure(plain.estimate.mean), figure(resampled.estimate.mean));
    assert_ne!(figure(plain.estimate.model_se), figure(resampled.estimate.model_se));
}

/// Fewer patients than make an estimate likely in a resample: the row says so, and none of its figures is made of the lucky ones.
#[test]
fn contract_failed_resamples_are_counted_and_too_many_are_a_failure() {
    let text = text(10, 50);
    let (mut none, mut some) = (0, 0);
    Run::new(&text, 200, "contract_failed_resamples").each(|_, rows| {
        for pair in rows.chunks_exact(2) {
            let (own, resampled) = (&pair[0].estimate, &pair[1]);
            let failed = resampled.failed_resamples;
            match resampled.estimate.status {
                Status::Resampling => {
                    none += 1;
                    assert!(failed > 5 && resampled.estimate.se.is_nan());
                }
                Status::Estimated => {
                    some += u32::from(failed > 0);
                    assert!(failed <= 5 && resampled.estimate.se > 0.0);
                }
                other => assert!(other == own.status || own.status == Status::Estimated, "{other:?} {own:?}"),
            }
        }
    });
    assert!(none > 20 && some > 20, "{none} {some}");
}
