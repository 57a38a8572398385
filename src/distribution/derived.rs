//! X = f(earlier columns): no noise of its own.

use super::quote::{checked, expression};
use super::{Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::scenario::form::{Complaint, Form, Values};

/// As written; `derived = "…"` is short for `derived = { value = "…" }`.
pub const FORM: Form = Form {
    name: "derived",
    summary: "A value computed from earlier ones.",
    keys: &[expression("value", true, "The value of each patient.")],
    example: r#"{ value = "70 + 25 * 1.75 ^ 2" }"#,
};

/// x = the value of an expression.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The expression.
    pub value: Expr,
}

/// Reads it.
///
/// # Errors
/// A number that is not finite.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let value = checked(values, "value", Domain::Real)?;
    Ok(Box::new(Derived { value }))
}

impl Distribution for Derived {
    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter { name: "value", value: self.value.clone(), domain: Domain::Real }]
    }

    fn draw(&self) -> Draw {
        Draw::Derived
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x < p[0] { 1.0 } else { 0.0 }
    }
}
