//! X in 1 … K with P(X = k) = pₖ, categories without an order.

use super::quote::{MOST_LEVELS, checked_list};
use super::{Arg, Distribution, Domain, Draw, Parameter};
use crate::expr::{Expr, Function};
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// How far from 1 a sum of probabilities may be.
const ROUNDING: f64 = 1e-9;

/// As written.
pub const FORM: Form = Form {
    name: "categorical",
    summary: "A category without an order, coded 1, 2, 3 …",
    keys: &[Key {
        name: "probabilities",
        kind: Kind::List(&Kind::Expression),
        required: true,
        doc: "Probability of each category, 2 to 32 of them; their sum is 1.",
    }],
    example: "{ probabilities = [0.2, 0.3, 0.5] }",
};

/// x = smallest k with u ≤ p₁ + … + pₖ.
#[derive(Clone, Debug)]
pub struct Categorical {
    probabilities: Vec<Expr>,
}

/// Reads it.
///
/// # Errors
/// Too few or too many probabilities, one outside 0 to 1, or a constant sum that is not 1.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let probabilities = checked_list(values, "probabilities", Domain::Probability, (2, MOST_LEVELS))?;
    sum_to_one(&probabilities)?;
    Ok(Box::new(Categorical { probabilities }))
}

/// Complains when constant probabilities do not sum to 1.
pub(super) fn sum_to_one(probabilities: &[Expr]) -> Result<(), Complaint> {
    let numbers: Option<Vec<f64>> = probabilities.iter().map(Expr::as_number).collect();
    let Some(numbers) = numbers else {
        return Ok(());
    };
    let sum: f64 = numbers.iter().sum();
    if (sum - 1.0).abs() <= ROUNDING {
        return Ok(());
    }
    // To nine digits, so that 0.2 + 0.3 + 0.6 is not reported as 1.0999999999999999.
    let sum = (sum * 1e9).round() / 1e9;
    Err(Complaint {
        code: Code::OutOfDomain,
        key: Some("probabilities"),
        message: format!("`probabilities` sum to {sum}; their sum must be 1"),
        help: "the last may be written as 1 minus the others".to_owned(),
    })
}

impl Distribution for Categorical {
    /// Cumulative probabilities but the last; then, where they are not all constant, what only checks them.
    fn parameters(&self) -> Vec<Parameter> {
        let mut parameters = Vec::with_capacity(2 * self.probabilities.len());
        let mut sum = Expr::Number(0.0);
        for p in &self.probabilities {
            sum = sum + p.clone();
            parameters.push(Parameter { name: "cumulative probability", value: sum.clone(), domain: Domain::Real });
        }
        parameters.pop();
        if self.probabilities.iter().any(|p| p.as_number().is_none()) {
            parameters.extend(self.probabilities.iter().map(|p| Parameter {
                name: "probabilities",
                value: p.clone(),
                domain: Domain::Probability,
            }));
            parameters.push(Parameter {
                name: "1e-9 − |sum of probabilities − 1|",
                value: ROUNDING - Expr::call(Function::Abs, vec![sum - 1.0]),
                domain: Domain::NonNegative,
            });
        }
        parameters
    }

    fn draw(&self) -> Draw {
        Draw::Code { first: 1, levels: self.probabilities.len() as u8 }
    }

    fn code(&self, u: &[f64], p: &[Arg<'_>], out: &mut [u8]) {
        out.fill(1);
        for cut in &p[..self.probabilities.len() - 1] {
            let rows = out.iter_mut().zip(u);
            match cut {
                Arg::One(cut) => rows.for_each(|(o, u)| *o += u8::from(u > cut)),
                Arg::Each(cut) => rows.zip(*cut).for_each(|((o, u), cut)| *o += u8::from(u > cut)),
            }
        }
    }

    fn cumulative(&self, p: &[f64], cumulative: &mut [f64]) {
        cumulative.copy_from_slice(&p[..self.probabilities.len() - 1]);
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        let levels = self.probabilities.len();
        if x < 1.0 {
            1.0
        } else if x >= levels as f64 {
            0.0
        } else {
            1.0 - p[x as usize - 1]
        }
    }
}
