//! Covers: families of hypotheses. Adjusted p-values by hand, against R, against the closed test of all intersections; the familywise
//! error under every configuration of true null hypotheses; what a run and an analysis of data say of them.

#![allow(clippy::unwrap_used)]

mod by_hand;
mod contract;
mod language;
mod reference;
mod statistical;
mod trials;
mod twin;

use patency::multiplicity::{FAMILY, HYPOTHESES, Procedure, Scratch};
use patency::scenario::form::{Complaint, Value, Values};

/// Names of the hypotheses: `h0`, `h1`, …
fn names(count: usize) -> Vec<String> {
    (0..count).map(|j| format!("h{j}")).collect()
}

fn numbers(x: &[f64]) -> Value {
    Value::List(x.iter().map(|x| (Value::Number(*x), 0..0)).collect())
}

fn texts(x: &[String]) -> Value {
    Value::List(x.iter().map(|x| (Value::Text(x.clone()), 0..0)).collect())
}

fn rows(x: Vec<Value>) -> Value {
    Value::List(x.into_iter().map(|x| (x, 0..0)).collect())
}

/// What is written of a procedure for so many hypotheses.
#[derive(Clone, Debug, Default)]
struct Written {
    count: usize,
    weights: Option<Vec<f64>>,
    transitions: Option<Vec<Vec<f64>>>,
    gate: Option<(&'static str, Vec<Vec<usize>>)>,
}

impl Written {
    fn of(count: usize) -> Self {
        Self { count, ..Self::default() }
    }

    fn weights(mut self, weights: &[f64]) -> Self {
        self.weights = Some(weights.to_vec());
        self
    }

    fn transitions(mut self, transitions: &[Vec<f64>]) -> Self {
        self.transitions = Some(transitions.to_vec());
        self
    }

    fn gate(mut self, gate: &'static str, families: &[Vec<usize>]) -> Self {
        self.gate = Some((gate, families.to_vec()));
        self
    }

    fn build(&self, procedure: &str) -> Result<Box<dyn Procedure>, Complaint> {
        let mut values = Values::default();
        values.entries.push((HYPOTHESES, texts(&names(self.count)), 0..0));
        if let Some(weights) = &self.weights {
            values.entries.push(("weights", numbers(weights), 0..0));
        }
        if let Some(transitions) = &self.transitions {
            values.entries.push(("transitions", rows(transitions.iter().map(|r| numbers(r)).collect()), 0..0));
        }
        if let Some((gate, families)) = &self.gate {
            let family = |members: &Vec<usize>| texts(&members.iter().map(|j| format!("h{j}")).collect::<Vec<_>>());
            values.entries.push(("gate", Value::Text((*gate).to_owned()), 0..0));
            values.entries.push(("families", rows(families.iter().map(family).collect()), 0..0));
        }
        (FAMILY.iter().find(|m| m.form.name == procedure).unwrap().build)(&values)
    }

    fn adjusted(&self, procedure: &str, p: &[f64]) -> Vec<f64> {
        adjusted(&*self.build(procedure).unwrap(), p)
    }
}

fn adjusted(procedure: &dyn Procedure, p: &[f64]) -> Vec<f64> {
    // what a result may hold of the one before must not matter
    let mut out = vec![f64::NAN; p.len()];
    procedure.adjust(p, &mut Scratch::default(), &mut out);
    out
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= tolerance * e.abs().max(1e-300), "{found:?} where {expected:?} is expected");
    }
}
