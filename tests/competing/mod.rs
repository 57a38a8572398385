//! Competing events, restricted means, risk ratios.
#![allow(clippy::unwrap_used)]

mod by_hand;
mod contract;
mod reference;
mod twin;

use patency::analysis::{Analysis, Better, Covariates, Dataset, Estimate, FAMILY, Response, Rule, Scratch};
use patency::scenario::form::{Value, Values};
use proptest::prelude::*;

const RULE: Rule = Rule { alpha: 0.05, sides: 2, null: 0.0, better: Better::Higher, treated: 1 };

/// A method, compared at a month where it needs one.
fn method(name: &str, at: f64) -> Box<dyn Analysis> {
    let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
    let needs = member.form.keys.iter().any(|key| key.name == "at");
    let entries = if needs { vec![("at", Value::Number(at), 0..0)] } else { Vec::new() };
    (member.build)(&Values { entries, span: 0..0 }).unwrap()
}

/// Follow-up with competing events that a test owns.
#[derive(Clone, Debug, Default)]
struct Data {
    time: Vec<f64>,
    event: Vec<u8>,
    competing: Vec<u8>,
    arm: Vec<u8>,
    covariates: Vec<f64>,
}

impl Data {
    /// (time, 0 censored 1 event 2 competing, arm)
    fn of(patients: &[(f64, u8, u8)]) -> Self {
        Self {
            time: patients.iter().map(|p| p.0).collect(),
            event: patients.iter().map(|p| u8::from(p.1 == 1)).collect(),
            competing: patients.iter().map(|p| u8::from(p.1 == 2)).collect(),
            arm: patients.iter().map(|p| p.2).collect(),
            covariates: Vec::new(),
        }
    }

    fn response(&self) -> Response<'_> {
        Response::Time { time: &self.time, event: &self.event, competing: &self.competing }
    }

    fn analyse_with(&self, method: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let count = self.covariates.len() / self.time.len().max(1);
        let data = Dataset {
            arm: &self.arm,
            response: self.response(),
            covariates: Covariates { values: &self.covariates, count },
            strata: Default::default(),
        };
        method.analyse(&data, rule, scratch)
    }

    fn analyse(&self, method: &dyn Analysis) -> Estimate {
        self.analyse_with(method, &RULE, &mut Scratch::default())
    }
}

/// Few patients, times 1 … 6, so that nearly everything is tied.
fn tied() -> impl Strategy<Value = Data> {
    proptest::collection::vec((1_u8..7, 0_u8..3, 0_u8..2), 2..24)
        .prop_map(|p| Data::of(&p.into_iter().map(|(t, s, a)| (f64::from(t), s, a)).collect::<Vec<_>>()))
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}
