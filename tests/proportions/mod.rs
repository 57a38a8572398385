//! Analyses of proportions: score and exact tests, strata, matched pairs, posterior probabilities.
#![allow(clippy::unwrap_used)]

mod by_hand;
mod contract;
mod twin;

use patency::analysis::{Analysis, Better, Covariates, Dataset, Estimate, FAMILY, Response, Rule, Scratch, Strata};
use patency::scenario::form::{Value, Values};

/// A method from the family: words, flags and numbers as they would be written.
fn method(name: &str, keys: &[(&'static str, Value)]) -> Box<dyn Analysis> {
    let mut values = Values::default();
    for (key, value) in keys {
        values.entries.push((key, value.clone(), 0..0));
    }
    let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
    (member.build)(&values).unwrap()
}

fn word(x: &str) -> Value {
    Value::Text(x.to_owned())
}

fn number(x: f64) -> Value {
    Value::Number(x)
}

fn numbers(xs: &[f64]) -> Value {
    Value::List(xs.iter().map(|x| (Value::Number(*x), 0..0)).collect())
}

/// Two-sided at .05, no effect, larger is better.
fn rule() -> Rule {
    Rule { alpha: 0.05, sides: 2, null: 0.0, better: Better::Higher, treated: 1 }
}

/// Binary responses by arm and stratum.
#[derive(Clone, Debug, Default)]
struct Rows {
    arm: Vec<u8>,
    y: Vec<u8>,
    strata: Vec<u32>,
}

impl Rows {
    /// x responders of n: control, then experimental; one stratum after the other.
    fn tables(tables: &[[usize; 4]]) -> Self {
        let mut rows = Self::default();
        for (k, &[x0, n0, x1, n1]) in tables.iter().enumerate() {
            for (arm, x, n) in [(0, x0, n0), (1, x1, n1)] {
                rows.arm.extend(std::iter::repeat_n(arm, n));
                rows.y.extend((0..n).map(|i| u8::from(i < x)));
                rows.strata.extend(std::iter::repeat_n(k as u32, n));
            }
        }
        rows
    }

    /// Pairs: both respond, only the experimental, only the control, neither.
    fn pairs(counts: [usize; 4]) -> Self {
        let mut rows = Self::default();
        for (count, [y1, y0]) in counts.iter().zip([[1, 1], [1, 0], [0, 1], [0, 0]]) {
            for _ in 0..*count {
                rows.strata.extend([rows.strata.len() as u32 / 2; 2]);
                rows.arm.extend([1, 0]);
                rows.y.extend([y1, y0]);
            }
        }
        rows
    }

    fn levels(&self) -> usize {
        self.strata.iter().max().map_or(0, |m| *m as usize + 1)
    }

    fn analyse(&self, analysis: &dyn Analysis, rule: &Rule) -> Estimate {
        self.analyse_in(analysis, rule, &mut Scratch::default())
    }

    fn analyse_in(&self, analysis: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let one = self.levels() < 2;
        let data = Dataset {
            arm: &self.arm,
            response: Response::Binary(&self.y),
            covariates: Covariates::default(),
            strata: if one { Strata::default() } else { Strata { code: &self.strata, levels: self.levels() } },
        };
        analysis.analyse(&data, rule, scratch)
    }
}

/// Panics unless a is b to this relative tolerance (absolute below 1).
#[track_caller]
fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * b.abs().max(f64::MIN_POSITIVE) || a == b, "{a:e} is not {b:e}");
}
