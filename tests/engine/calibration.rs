//! Covers: what DEFIANCE reproduces. Regression to the mean in closed form; published rates where they were measured.

use patency::engine;
use patency::protocol::{Protocol, Wanted};
use patency::summary::Moments;
use patency::workspace::Workspace;

use super::common::{DEFIANCE, Run, assert_calibrated, assert_within, seed};

/// −(1 − ρ)(E[V₀ | enrolled] − μ): of two readings of one normal severity with independent errors, the second is expected at
/// μ + ρ(v₀ − μ) whatever selection on the first was. Equal in every replicate's expectation, so the difference is averaged.
#[test]
fn statistical_regression_to_the_mean() {
    let name = "statistical_regression_to_the_mean";
    let run = Run { variant: Some("measured-twice"), ..Run::new(DEFIANCE, 400, name) };
    let scenario = run.scenario();
    let protocol = Protocol::compile(&scenario, seed(name), Wanted::Everything);
    let parameter = |name: &str| scenario.parameters.iter().find(|p| p.name == name).expect("a parameter").value;
    let column = |name: &str| scenario.variables.iter().position(|v| v.name == name).expect("a variable");
    let (mu, rho) = (parameter("villalta_mean"), parameter("reliability"));
    let (first, second) = (column("score_0"), column("score_6"));
    let mut work = Workspace::new(&protocol);
    let mut funnel = vec![0; scenario.criteria.len()];
    let (mut change, mut expected, mut difference) = (Moments::default(), Moments::default(), Moments::default());
    for replicate in 0..run.replicates {
        let mut trial = engine::enrol(&protocol, replicate, &mut work, &mut funnel).expect("no fault");
        engine::follow(&protocol, replicate, &mut work, &mut trial).expect("no fault");
        let frame = work.cohort();
        let mean = |c: usize| frame.real[c].iter().sum::<f64>() / frame.rows as f64;
        let (v0, v6) = (mean(first), mean(second));
        change.add(v6 - v0);
        expected.add(-(1.0 - rho) * (v0 - mu));
        difference.add(v6 - v0 + (1.0 - rho) * (v0 - mu));
    }
    assert_calibrated("mean change", change.mean(), expected.mean(), difference.mcse(), 0.1);
    // about one point at ρ = .8: the selection that this corrects is there
    assert!(expected.mean() < -0.7 && expected.mean() > -1.3, "{}", expected.mean());
}

/// Any PTS of 46 v 19 % at 6 and of 38 v 17 % at 12 months, each printed without decimals: within half a point and 5 MCSE.
#[test]
fn statistical_published_rates_where_they_were_measured() {
    let name = "statistical_published_rates_where_they_were_measured";
    let run = Run { variant: Some("matched-published"), ..Run::new(DEFIANCE, 600, name) };
    let scenario = run.scenario();
    let published = [("any-pts", [0.46, 0.19]), ("any-pts-12", [0.38, 0.17])];
    let at = published.map(|(name, _)| scenario.analyses.iter().position(|a| a.name == name).expect("an analysis"));
    let mut rates = [[Moments::default(); 2]; 2];
    run.each(|_, rows| {
        for (rates, &a) in rates.iter_mut().zip(&at) {
            for (rate, &part) in rates.iter_mut().zip(&rows[a].estimate.parts) {
                rate.add(part);
            }
        }
    });
    for ((name, expected), rates) in published.iter().zip(&rates) {
        for ((arm, expected), rate) in ["control", "treated"].iter().zip(expected).zip(rates) {
            assert_within(&format!("{name}, {arm}"), rate.mean(), *expected, 0.005, rate.mcse(), 0.025);
        }
    }
}
