//! Analyses of proportions, ordered categories and scores.
#![allow(clippy::unwrap_used)]

mod by_hand;
mod contract;
mod reference;
mod twin;

use patency::analysis::{Analysis, Better, Covariates, Dataset, Estimate, FAMILY, Response, Rule, Scratch};
use patency::scenario::form::{Value, Values};

/// A method from the family, with words and flags as they would be written.
fn method(name: &str, words: &[(&'static str, &str)], flags: &[&'static str]) -> Box<dyn Analysis> {
    let mut values = Values::default();
    for (key, word) in words {
        (values.entries).push((key, Value::Text((*word).to_owned()), 0..0));
    }
    for key in flags {
        values.entries.push((key, Value::Flag(true), 0..0));
    }
    let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
    (member.build)(&values).unwrap()
}

/// Two-sided at .05, no effect on this method's scale, larger is better.
fn rule(analysis: &dyn Analysis) -> Rule {
    use patency::analysis::Scale;
    Rule {
        alpha: 0.05,
        sides: 2,
        null: if analysis.scale() == Scale::Probability { 0.5 } else { 0.0 },
        better: Better::Higher,
        treated: 1,
    }
}

/// Owned rows of a data set.
#[derive(Clone, Debug)]
struct Rows {
    arm: Vec<u8>,
    y: Y,
    /// Columns of covariates.
    covariates: Vec<Vec<f64>>,
}

#[derive(Clone, Debug)]
enum Y {
    Binary(Vec<u8>),
    Ordinal(Vec<u8>, u8),
    Score(Vec<f64>),
}

impl Rows {
    fn new(arm: &[u8], y: Y) -> Self {
        Self { arm: arm.to_vec(), y, covariates: Vec::new() }
    }

    fn with(mut self, column: &[f64]) -> Self {
        self.covariates.push(column.to_vec());
        self
    }

    fn analyse(&self, analysis: &dyn Analysis, rule: &Rule) -> Estimate {
        self.analyse_in(analysis, rule, &mut Scratch::default())
    }

    fn analyse_in(&self, analysis: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let covariates = self.covariates.concat();
        let response = match &self.y {
            Y::Binary(y) => Response::Binary(y),
            Y::Ordinal(code, levels) => Response::Ordinal { code, levels: *levels },
            Y::Score(y) => Response::Score(y),
        };
        let data = Dataset {
            arm: &self.arm,
            response,
            covariates: Covariates { values: &covariates, count: self.covariates.len() },
            strata: Default::default(),
        };
        analysis.analyse(&data, rule, scratch)
    }
}

/// |a − b| within `tolerance` of the larger.
#[track_caller]
fn close(a: f64, b: f64, tolerance: f64) {
    let scale = a.abs().max(b.abs());
    assert!(
        (a - b).abs() <= tolerance * scale,
        "{a:?} against {b:?}: off by {:e} of it, allowed {tolerance:e}",
        (a - b).abs() / scale
    );
}
