//! Ranks, adjusted effects of scores and proportions, and further win statistics.
#![allow(clippy::unwrap_used)]

mod adjusted;
mod contract;
mod permutations;
mod wins;

use patency::analysis::{
    Analysis, Better, Covariates, Dataset, Estimate, FAMILY, Response, Rule, Scale, Scratch, Strata,
};
use patency::scenario::form::{Value, Values};

/// A method from the family, with words and flags as they would be written.
fn method(name: &str, words: &[(&'static str, &str)], flags: &[(&'static str, bool)]) -> Box<dyn Analysis> {
    let mut values = Values::default();
    for (key, word) in words {
        values.entries.push((key, Value::Text((*word).to_owned()), 0..0));
    }
    for (key, flag) in flags {
        values.entries.push((key, Value::Flag(*flag), 0..0));
    }
    let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
    (member.build)(&values).unwrap()
}

/// Two-sided at .05, no effect on this method's scale, larger is better.
fn rule(analysis: &dyn Analysis) -> Rule {
    let null = if analysis.scale() == Scale::Probability { 0.5 } else { 0.0 };
    Rule { alpha: 0.05, sides: 2, null, better: Better::Higher, treated: 1 }
}

#[derive(Clone, Debug)]
enum Y {
    Binary(Vec<u8>),
    Ordinal(Vec<u8>, u8),
    Score(Vec<f64>),
}

/// Owned rows of a data set.
#[derive(Clone, Debug)]
struct Rows {
    arm: Vec<u8>,
    y: Y,
    covariates: Vec<Vec<f64>>,
    strata: Vec<u32>,
}

impl Rows {
    fn new(arm: &[u8], y: Y) -> Self {
        Self { arm: arm.to_vec(), y, covariates: Vec::new(), strata: Vec::new() }
    }

    fn scores(experimental: &[f64], control: &[f64]) -> Self {
        let arm = [vec![1; experimental.len()], vec![0; control.len()]].concat();
        Self::new(&arm, Y::Score([experimental, control].concat()))
    }

    fn with(mut self, column: &[f64]) -> Self {
        self.covariates.push(column.to_vec());
        self
    }

    fn within(mut self, strata: &[u32]) -> Self {
        self.strata = strata.to_vec();
        self
    }

    fn analyse(&self, analysis: &dyn Analysis, rule: &Rule) -> Estimate {
        self.analyse_in(analysis, rule, &mut Scratch::default())
    }

    fn analyse_in(&self, analysis: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let covariates = self.covariates.concat();
        self.look(&covariates, |data| analysis.analyse(data, rule, scratch))
    }

    fn look<T>(&self, covariates: &[f64], f: impl FnOnce(&Dataset<'_>) -> T) -> T {
        let response = match &self.y {
            Y::Binary(y) => Response::Binary(y),
            Y::Ordinal(code, levels) => Response::Ordinal { code, levels: *levels },
            Y::Score(y) => Response::Score(y),
        };
        f(&Dataset {
            arm: &self.arm,
            response,
            covariates: Covariates { values: covariates, count: self.covariates.len() },
            strata: Strata { code: &self.strata, levels: self.strata.iter().max().map_or(0, |s| *s as usize + 1) },
        })
    }
}

/// |a − b| within `tolerance` of the larger.
#[track_caller]
fn close(a: f64, b: f64, tolerance: f64) {
    let scale = a.abs().max(b.abs());
    assert!((a - b).abs() <= tolerance * scale, "{a:?} against {b:?}, allowed {tolerance:e}");
}
