//! X ~ Bernoulli(p): 1 with probability p, else 0.

use super::quote::{checked, expression};
use super::{Arg, Distribution, Domain, Draw, Family, Parameter};
use crate::expr::Expr;
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "bernoulli",
    summary: "A flag: 1 (yes) with a probability, else 0 (no).",
    keys: &[expression("probability", true, "Probability of 1, from 0 to 1.")],
    example: r#"{ probability = "if(treatment, 0.3, 0.46)" }"#,
};

/// x = 1 where u > 1 − p.
#[derive(Clone, Debug)]
pub struct Bernoulli {
    probability: Expr,
}

/// Reads it.
///
/// # Errors
/// A number that is no probability.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let probability = checked(values, "probability", Domain::Probability)?;
    Ok(Box::new(Bernoulli { probability }))
}

impl Distribution for Bernoulli {
    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter { name: "probability", value: self.probability.clone(), domain: Domain::Probability }]
    }

    fn family(&self) -> Option<Family> {
        Some(Family::Probability)
    }

    fn draw(&self) -> Draw {
        Draw::Code { first: 0, levels: 2 }
    }

    fn code(&self, u: &[f64], p: &[Arg<'_>], out: &mut [u8]) {
        let rows = out.iter_mut().zip(u);
        match p[0] {
            Arg::One(p) => rows.for_each(|(o, u)| *o = u8::from(*u > 1.0 - p)),
            Arg::Each(p) => rows.zip(p).for_each(|((o, u), p)| *o = u8::from(*u > 1.0 - p)),
        }
    }

    fn cumulative(&self, p: &[f64], cumulative: &mut [f64]) {
        cumulative[0] = 1.0 - p[0];
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x < 0.0 {
            1.0
        } else if x < 1.0 {
            p[0]
        } else {
            0.0
        }
    }
}
