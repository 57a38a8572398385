//! Covers: parameters with priors: each replicate draws its own, power is then assurance, and bias and coverage are against each
//! replicate's own true value.

use patency::math::special::{normal_cdf, normal_quantile};
use patency::protocol::{Protocol, Wanted};
use patency::random::Replicate;
use patency::scenario::{self, Options};

use super::common::{Run, assert_calibrated, read};

/// Difference of two means, n = 1,000, SD 1: its standard error is 2/√1000; Student's t is as good as normal.
const MEANS: &str = r#"
title = "means"
[trial]
n = 1000
arms = [{ name = "control" }, { name = "treated" }]
[parameters]
effect = { value = { normal = { mean = 0.2, sd = "0.5 * centre" } }, source = "assumed" }
centre = { value = 0.2, source = "assumed" }
twice = { value = "2 * effect", source = "from effect" }
[[outcome]]
name = "y"
normal = { mean = "if(treated, twice - effect, 0)", sd = 1 }
[[endpoint]]
name = "y"
score = { value = "y", better = "higher" }
[[analysis]]
name = "primary"
endpoint = "y"
t-test = {}
estimand = { parameter = "effect" }
[[analysis]]
name = "own"
endpoint = "y"
t-test = {}
"#;

const SE: f64 = 0.063_245_553_203_367_58;

fn drawn(text: &str, seed: u64, replicates: u64) -> Vec<f64> {
    let scenario = read(text, &Options::default());
    let protocol = Protocol::compile(&scenario, seed, Wanted::Analyses);
    (0..replicates).map(|r: Replicate| protocol.priors[0].value(r)).collect()
}

/// Power of the z test at an effect, in favour.
fn power(effect: f64) -> f64 {
    normal_cdf(effect / SE - normal_quantile(0.975))
}

#[test]
fn statistical_assurance_is_the_mean_power_over_the_prior() {
    let run = Run { truth: true, ..Run::new(MEANS, 4_000, "assurance") };
    let design = run.go().design;
    // Φ((m/se − z)/√(1 + s²/se²)) (O'Hagan, Stevens and Campbell 2005): .860, where power at the mean effect is .886
    let ratio: f64 = 0.1 / SE;
    let known = normal_cdf((0.2 / SE - normal_quantile(0.975)) / (1.0 + ratio * ratio).sqrt());
    let row = &design.analyses[0];
    let mcse = (known * (1.0 - known) / 4_000.0).sqrt();
    assert_calibrated("assurance", row.power.estimate, known, mcse, 8.0 * mcse);

    let assurance = design.assurance.as_ref().expect("there is a prior");
    assert_eq!(assurance.priors.len(), 1);
    let assured = &assurance.analyses[0];
    assert_eq!(assured.assurance.estimate, row.power.estimate);

    // in each tenth of the prior, the mean power of the draws in it
    let draws = drawn(MEANS, run.seed, 4_000);
    assert_eq!(assured.regions.len(), 10);
    assert_eq!(assured.regions.iter().map(|r| r.replicates).sum::<u64>(), 4_000);
    for region in &assured.regions {
        let inside = |x: &&f64| region.from.is_none_or(|a| **x >= a) && region.to.is_none_or(|b| **x < b);
        let inside: Vec<f64> = draws.iter().filter(inside).copied().collect();
        assert_eq!(inside.len() as u64, region.replicates);
        let known = inside.iter().map(|&x| power(x)).sum::<f64>() / inside.len() as f64;
        let mcse = (known * (1.0 - known) / inside.len() as f64).sqrt();
        let found = region.power.expect("replicates lie in it").estimate;
        assert!((found - known).abs() <= 5.0 * mcse.max(0.5 / inside.len() as f64), "{region:?}: {known}");
    }

    // power is a probit of the effect, so that the regression's form is the true one: its quantiles are those of Φ(θ/se − z)
    let distribution = assured.distribution.as_ref().expect("a regression");
    for q in &distribution.quantiles {
        let known = power(0.2 + 0.1 * normal_quantile(q.p));
        // standard error of a fitted share of three terms, at most √(3/4,000) · φ(0) with leverage up to 3 at the ends
        assert!((q.value - known).abs() <= 5.0 * 0.4 * (9.0_f64 / 4_000.0).sqrt() / 2.0, "{q:?}: {known}");
    }
    let above = 1.0 - normal_cdf(((normal_quantile(0.8) + normal_quantile(0.975)) * SE - 0.2) / 0.1);
    let mcse = (above * (1.0 - above) / 4_000.0).sqrt();
    assert!((distribution.at_least_80 - above).abs() <= 5.0 * mcse + 0.02, "{distribution:?}: {above}");
}

#[test]
fn statistical_bias_and_coverage_are_against_each_replicates_own_value() {
    let design = Run { truth: true, ..Run::new(MEANS, 4_000, "own value") }.go().design;
    let [known, own] = &design.analyses[..] else { panic!("{:?}", design.analyses) };
    for row in [known, own] {
        let bias = row.estimate.bias.truth.expect("there is a true value");
        let mcse = bias.mcse.expect("many replicates");
        // that of the estimates, .118/√4,000 with the prior's spread in it, is almost twice as large
        assert!(bias.estimate.abs() <= 5.0 * mcse && mcse < 1.1 * SE / 4_000_f64.sqrt(), "{bias:?}");
    }
    // the parameter itself: 95 %; against the mean of the prior it would be 67 %
    let coverage = known.estimate.coverage.truth.expect("there is a true value").estimate;
    assert_calibrated("coverage", coverage, 0.95, (0.95 * 0.05 / 4_000.0_f64).sqrt(), 0.28);
    let mean = known.estimand.truth.expect("there is a true value").estimate;
    assert_calibrated("mean of the prior", mean, 0.2, 0.1 / 4_000_f64.sqrt(), 0.05);
}

#[test]
fn statistical_coverage_is_of_the_value_that_belongs_to_the_parameters() {
    // patients' own effects differ widely: the mean effect of a replicate's own patients goes with its estimate, and intervals contain it in
    // all replicates; the effect that belongs to the parameter they contain in 95 %
    let text = MEANS.replace("[[outcome]]", "[[variable]]\nname = \"z\"\nnormal = { mean = 0, sd = 2 }\n[[outcome]]");
    let text = text.replace("if(treated, twice - effect, 0)", "if(treated, effect + z, -z)");
    let design = Run { truth: true, ..Run::new(&text, 4_000, "given") }.go().design;
    for row in &design.analyses {
        let coverage = row.estimate.coverage.truth.expect("there is a true value").estimate;
        assert_calibrated(&row.name, coverage, 0.95, (0.95 * 0.05 / 4_000.0_f64).sqrt(), 0.04);
    }
}

#[test]
fn contract_a_prior_fixed_is_the_scenario_with_that_number() {
    let set = [("effect".to_owned(), "0.3".to_owned())];
    let fixed = read(MEANS, &Options { set: &set, ..Options::default() });
    assert!(fixed.variables.iter().all(|v| v.name != "effect" && v.name != "twice"));
    assert_eq!(fixed.parameters.iter().find(|p| p.name == "twice").map(|p| p.value), Some(0.6));
    let written = MEANS.replace("{ normal = { mean = 0.2, sd = \"0.5 * centre\" } }", "0.3");
    let plain = Run::new(&written, 64, "fixed").go();
    assert!(plain.design.assurance.is_none());
}

#[test]
fn contract_a_prior_at_one_value_draws_the_patients_of_that_value() {
    // noise first, model after: the patients of a replicate are those of a world with the replicate's value
    let run = Run::new(MEANS, 3, "one value");
    let value = drawn(MEANS, run.seed, 3)[2];
    let written = MEANS.replace("{ normal = { mean = 0.2, sd = \"0.5 * centre\" } }", &format!("{value:?}"));
    let fixed = Run { text: &written, ..run };
    let mut estimates = [Vec::new(), Vec::new()];
    for (run, to) in [run, fixed].iter().zip(&mut estimates) {
        run.each(|_, rows| to.push(rows[0].estimate.estimate));
    }
    assert!((estimates[0][2] - estimates[1][2]).abs() < 1e-12, "{estimates:?}");
    assert!((estimates[0][1] - estimates[1][1]).abs() > 1e-6, "other replicates have other values");
}

#[test]
fn contract_threads_and_shards_see_the_same_draws() {
    let one = Run { threads: 1, truth: true, ..Run::new(MEANS, 300, "threads") };
    let two = Run { threads: 2, ..one };
    let [one, two] = [one.go(), two.go()];
    assert_eq!(one.replicates, two.replicates);
    assert_eq!(format!("{:?}", one.design), format!("{:?}", two.design));
}

#[test]
fn statistical_a_prior_with_two_values_mixes_two_worlds() {
    // half of the worlds have no effect: assurance is half of α/2 and half of the power
    let text = MEANS.replace("{ normal = { mean = 0.2, sd = \"0.5 * centre\" } }", "\"0.2 * works\"").replace(
        "centre = {",
        "works = { value = { bernoulli = { probability = 0.5 } }, source = \"assumed\" }\ncentre = {",
    );
    let design = Run::new(&text, 2_000, "mixture").go().design;
    let assured = &design.assurance.expect("there is a prior").analyses[0];
    assert_eq!(assured.regions.len(), 2);
    for (region, known) in assured.regions.iter().zip([0.025, power(0.2)]) {
        let found = region.power.expect("half of the replicates");
        let mcse = (known * (1.0 - known) / region.replicates as f64).sqrt();
        assert!((found.estimate - known).abs() <= 5.0 * mcse, "{region:?}: {known}");
        assert_eq!(region.from, region.to);
    }
}

#[test]
fn contract_what_is_the_same_in_every_replicate_cannot_read_a_prior() {
    let text = MEANS.replace("t-test = {}\nestimand", "t-test = {}\nmargin = \"effect\"\nsides = 1\nestimand");
    let report = scenario::read(&text, &Options::default()).expect_err("a margin is one number");
    let words = report.render(&text, "a.toml", false);
    assert!(words.contains("the same in every replicate") && words.contains("--set"), "{words}");
}

#[test]
fn contract_a_prior_outside_the_domain_says_what_was_drawn() {
    let text = r#"
title = "risks"
[trial]
n = 100
arms = [{ name = "control" }, { name = "treated" }]
[parameters]
risk = { value = { normal = { mean = 0.9, sd = 0.2 } }, source = "assumed" }
[[outcome]]
name = "y"
bernoulli = { probability = "risk" }
[[endpoint]]
name = "y"
binary = { value = "y", better = "higher" }
[[analysis]]
name = "primary"
endpoint = "y"
difference-of-proportions = {}
"#;
    let scenario = read(text, &Options::default());
    let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
    let words: Vec<String> = (0..200)
        .filter_map(|replicate| {
            let mut work = patency::workspace::Workspace::new(&protocol);
            let mut rows = [patency::engine::RowRecord::EMPTY];
            let fault = patency::engine::replicate(&protocol, replicate, &mut work, &mut [], &mut rows).err()?;
            Some(protocol.explain(&fault, replicate))
        })
        .collect();
    // three tenths of the prior lie above 1
    assert!((30..90).contains(&words.len()), "{}", words.len());
    assert!(words.iter().all(|w| w.contains("this replicate drew `risk` = 1.")), "{words:?}");
}
