//! N ~ Poisson(μ): a count with P(N = k) = μᵏe^(−μ)/k!.

use rand_distr::Distribution as _;

use super::quote::{checked, expression};
use super::seeded::Seeded;
use super::{Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::math::special::gamma_cdf;
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "poisson",
    summary: "A count of independent events; it cannot be correlated.",
    keys: &[expression("mean", true, "Mean, 0 or more.")],
    example: "{ mean = 2.5 }",
};

/// Drawn by products of uniforms below a mean of 12, by rejection from there on, as implemented in `rand_distr`.
#[derive(Clone, Debug)]
pub struct Poisson {
    mean: Expr,
}

/// Reads it.
///
/// # Errors
/// A negative mean.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let mean = checked(values, "mean", Domain::NonNegative)?;
    Ok(Box::new(Poisson { mean }))
}

impl Distribution for Poisson {
    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter { name: "mean", value: self.mean.clone(), domain: Domain::NonNegative }]
    }

    fn draw(&self) -> Draw {
        Draw::Seeded
    }

    fn sample(&self, seed: u64, p: &[f64]) -> f64 {
        if p[0] == 0.0 {
            return 0.0;
        }
        rand_distr::Poisson::new(p[0]).map_or(f64::NAN, |law| law.sample(&mut Seeded(seed)))
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x < 0.0 {
            1.0
        } else if p[0] == 0.0 {
            0.0
        } else {
            gamma_cdf(x.floor() + 1.0, p[0])
        }
    }
}
