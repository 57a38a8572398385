//! N ~ Binomial(n, p): successes in n independent trials, P(N = k) = (n choose k) pᵏ(1 − p)ⁿ⁻ᵏ.

use rand_distr::Distribution as _;

use super::quote::{checked, expression};
use super::seeded::Seeded;
use super::{Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::math::special::beta_tail;
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "binomial",
    summary: "A count of successes in a number of independent trials; it cannot be correlated.",
    keys: &[
        expression("trials", true, "Number of trials, a whole number; it may differ between patients."),
        expression("probability", true, "Probability of success in each."),
    ],
    example: "{ trials = 10, probability = 0.3 }",
};

/// Drawn by inversion below a mean of 10, by rejection from there on.
///
/// Source: Kachitvichyanukul, Schmeiser (1988), Communications of the ACM 31:216–222, as implemented in `rand_distr`.
#[derive(Clone, Debug)]
pub struct Binomial {
    trials: Expr,
    probability: Expr,
}

/// Reads it.
///
/// # Errors
/// A number of trials that is not whole, or a probability outside \[0, 1\].
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let trials = checked(values, "trials", Domain::Count)?;
    let probability = checked(values, "probability", Domain::Probability)?;
    Ok(Box::new(Binomial { trials, probability }))
}

impl Distribution for Binomial {
    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter { name: "trials", value: self.trials.clone(), domain: Domain::Count },
            Parameter { name: "probability", value: self.probability.clone(), domain: Domain::Probability },
        ]
    }

    fn draw(&self) -> Draw {
        Draw::Seeded
    }

    fn sample(&self, seed: u64, p: &[f64]) -> f64 {
        // the domain keeps the number of trials below what a cast or the algorithm could not hold
        let trials = p[0] as u64;
        rand_distr::Binomial::new(trials, p[1]).map_or(f64::NAN, |law| law.sample(&mut Seeded(seed)) as f64)
    }

    /// P(N > x) = I_p(k + 1, n − k), k the whole part of x.
    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        let k = x.floor();
        if x < 0.0 {
            1.0
        } else if k >= p[0] {
            0.0
        } else {
            beta_tail(p[0] - k, k + 1.0, 1.0 - p[1])
        }
    }
}
