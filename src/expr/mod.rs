//! The expression language: text → tree with names → checked tree with columns → program evaluated a column at a time.
//!
//! Numbers, names, `+ - * / ^`, comparisons, `and or not`, `if(c, a, b)` and the functions of [`Function`].
//! Truth values are numbers: 1 is true, 0 is false; any value other than 0 counts as true.

mod build;
pub mod check;
mod display;
pub mod error;
mod fold;
pub mod function;
mod kernel;
pub mod nearest;
pub mod parse;
pub mod program;
pub mod r;
mod reads;
mod token;

pub use check::{Meaning, Scope, check};
pub use error::{ErrorKind, ExprError};
pub use fold::fold;
pub use nearest::nearest;
pub use parse::{Tree, is_identifier, is_reserved, parse};
pub use program::{Arms, Columns, Program, Registers};

use std::fmt;

/// A named column of patients: population variables first, then outcomes, in the order of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u16);

/// A checked expression: every name has become a number (parameters), a column or an arm's indicator.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A constant.
    Number(f64),
    /// The value of a column for the patient.
    Column(ColumnId),
    /// 1 when the patient is in this arm (index into the scenario's arms), else 0.
    Arm(u8),
    /// A function applied to its arguments (arity is [`Function::arity`]).
    Call(Function, Vec<Expr>),
}

/// Operators and functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// −a
    Negate,
    /// a + b
    Add,
    /// a − b
    Subtract,
    /// a × b
    Multiply,
    /// a / b
    Divide,
    /// a ^ b
    Power,
    /// a < b
    Less,
    /// a ≤ b
    LessEqual,
    /// a > b
    Greater,
    /// a ≥ b
    GreaterEqual,
    /// a = b (written `==`)
    Equal,
    /// a ≠ b (written `!=`)
    NotEqual,
    /// both true
    And,
    /// at least one true
    Or,
    /// not true
    Not,
    /// `if(c, a, b)`: a where c is true, else b
    If,
    /// eᵃ
    Exp,
    /// ln a
    Log,
    /// √a
    Sqrt,
    /// |a|
    Abs,
    /// the smaller of two or more
    Min,
    /// the larger of two or more
    Max,
    /// nearest integer, halves away from zero
    Round,
    /// largest integer ≤ a
    Floor,
    /// `clamp(a, low, high)`
    Clamp,
    /// ln(a / (1 − a))
    Logit,
    /// 1 / (1 + e⁻ᵃ)
    Expit,
}

impl Expr {
    /// The constant, where the expression is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Expr::Number(x) => Some(*x),
            _ => None,
        }
    }
}

impl From<f64> for Expr {
    fn from(x: f64) -> Self {
        Expr::Number(x)
    }
}

impl fmt::Display for ColumnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
