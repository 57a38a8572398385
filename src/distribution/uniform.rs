//! X ~ Uniform(a, b): F(x) = (x − a) / (b − a).

use super::map::each;
use super::quote::{checked, expression};
use super::{Arg, Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "uniform",
    summary: "Any value between two limits, all equally likely.",
    keys: &[expression("min", true, "Lower limit."), expression("max", true, "Upper limit, above the lower one.")],
    example: "{ min = 0, max = 14 }",
};

/// x = a + u(b − a).
#[derive(Clone, Debug)]
pub struct Uniform {
    min: Expr,
    max: Expr,
}

/// Reads it.
///
/// # Errors
/// An upper limit that is not above the lower one.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let min = checked(values, "min", Domain::Real)?;
    let max = checked(values, "max", Domain::Real)?;
    ordered(&min, &max)?;
    Ok(Box::new(Uniform { min, max }))
}

/// Complains when two constant limits do not ascend.
pub(super) fn ordered(min: &Expr, max: &Expr) -> Result<(), Complaint> {
    match (min.as_number(), max.as_number()) {
        (Some(a), Some(b)) if a >= b => Err(Complaint {
            code: Code::Contradiction,
            key: Some("max"),
            message: format!("`max` is {b} and `min` is {a}; `max` must be above `min`"),
            help: String::new(),
        }),
        _ => Ok(()),
    }
}

impl Distribution for Uniform {
    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter { name: "min", value: self.min.clone(), domain: Domain::Real },
            Parameter { name: "max − min", value: self.max.clone() - self.min.clone(), domain: Domain::Positive },
            Parameter { name: "max", value: self.max.clone(), domain: Domain::Real },
        ]
    }

    fn draw(&self) -> Draw {
        Draw::Quantile
    }

    fn quantile(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        out.copy_from_slice(u);
        each(out, p[1], |u, width| u * width);
        each(out, p[0], |x, min| x + min);
        // The sum may round to just above the limit.
        each(out, p[2], |x, max| x.min(max));
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        ((p[2] - x) / p[1]).clamp(0.0, 1.0)
    }
}
