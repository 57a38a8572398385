//! Weighted and stratified log-rank tests, MaxCombo, medians, milestones, and what else is asked of times to an event.
#![allow(clippy::unwrap_used)]

mod by_hand;
mod contract;
mod normal;
mod twin;

use patency::analysis::{Analysis, Better, Covariates, Dataset, Estimate, FAMILY, Response, Rule, Scratch, Strata};
use patency::scenario::form::{Value, Values};
use proptest::prelude::*;

const RULE: Rule = Rule { alpha: 0.05, sides: 2, null: 0.0, better: Better::Higher, treated: 1 };

/// A method with its keys, as they would be read.
fn method(name: &str, keys: &[(&'static str, Value)]) -> Box<dyn Analysis> {
    let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
    let entries = keys.iter().map(|(key, value)| (*key, value.clone(), 0..0)).collect();
    (member.build)(&Values { entries, span: 0..0 }).unwrap()
}

fn number(x: f64) -> Value {
    Value::Number(x)
}

fn word(x: &str) -> Value {
    Value::Text(x.into())
}

/// Follow-up that a test owns.
#[derive(Clone, Debug, Default)]
struct Data {
    time: Vec<f64>,
    event: Vec<u8>,
    arm: Vec<u8>,
    strata: Vec<u32>,
    covariates: Vec<f64>,
}

impl Data {
    /// (time, event, arm)
    fn of(patients: &[(f64, u8, u8)]) -> Self {
        Self {
            time: patients.iter().map(|p| p.0).collect(),
            event: patients.iter().map(|p| p.1).collect(),
            arm: patients.iter().map(|p| p.2).collect(),
            ..Self::default()
        }
    }

    /// The patients of these rows.
    fn rows(&self, rows: &[usize]) -> Self {
        let (n, count) = (self.time.len(), self.covariates.len() / self.time.len().max(1));
        Self {
            time: rows.iter().map(|&i| self.time[i]).collect(),
            event: rows.iter().map(|&i| self.event[i]).collect(),
            arm: rows.iter().map(|&i| self.arm[i]).collect(),
            strata: rows.iter().filter_map(|&i| self.strata.get(i).copied()).collect(),
            covariates: (0..count).flat_map(|j| rows.iter().map(move |&i| self.covariates[j * n + i])).collect(),
        }
    }

    fn analyse_with(&self, method: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let count = self.covariates.len() / self.time.len().max(1);
        let data = Dataset {
            arm: &self.arm,
            response: Response::Time { time: &self.time, event: &self.event, competing: &[] },
            covariates: Covariates { values: &self.covariates, count },
            strata: Strata { code: &self.strata, levels: self.strata.iter().max().map_or(0, |s| *s as usize + 1) },
        };
        method.analyse(&data, rule, scratch)
    }

    fn analyse(&self, method: &dyn Analysis) -> Estimate {
        self.analyse_with(method, &RULE, &mut Scratch::default())
    }
}

/// Few patients of two strata, times 1 … 6, so that nearly everything is tied.
fn tied() -> impl Strategy<Value = Data> {
    proptest::collection::vec((1_u8..7, 0_u8..2, 0_u8..2, 0_u32..2), 2..24).prop_map(|p| Data {
        strata: p.iter().map(|p| p.3).collect(),
        ..Data::of(&p.into_iter().map(|(t, e, a, _)| (f64::from(t), e, a)).collect::<Vec<_>>())
    })
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}
