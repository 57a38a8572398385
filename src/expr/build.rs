//! Expressions composed in Rust: `-(1.0 - risk).ln() / by`. Constants fold as they meet.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::fold::call;
use super::{ColumnId, Expr, Function};

impl Expr {
    /// ln of it.
    #[must_use]
    pub fn ln(self) -> Expr {
        call(Function::Log, vec![self])
    }

    /// e to its power.
    #[must_use]
    pub fn exp(self) -> Expr {
        call(Function::Exp, vec![self])
    }

    /// Its square root.
    #[must_use]
    pub fn sqrt(self) -> Expr {
        call(Function::Sqrt, vec![self])
    }

    /// It to the power of another.
    #[must_use]
    pub fn powf(self, exponent: Expr) -> Expr {
        call(Function::Power, vec![self, exponent])
    }

    /// `yes` where `condition` is true, else `no`.
    #[must_use]
    pub fn if_(condition: Expr, yes: Expr, no: Expr) -> Expr {
        call(Function::If, vec![condition, yes, no])
    }

    /// Any function applied to arguments, folded.
    #[must_use]
    pub fn call(function: Function, arguments: Vec<Expr>) -> Expr {
        call(function, arguments)
    }
}

impl From<ColumnId> for Expr {
    fn from(column: ColumnId) -> Self {
        Expr::Column(column)
    }
}

impl Neg for Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        call(Function::Negate, vec![self])
    }
}

/// The operator between two expressions, and between an expression and a number on either side.
macro_rules! operator {
    ($trait:ident, $method:ident, $function:ident) => {
        impl $trait for Expr {
            type Output = Expr;
            fn $method(self, other: Expr) -> Expr {
                call(Function::$function, vec![self, other])
            }
        }
        impl $trait<f64> for Expr {
            type Output = Expr;
            fn $method(self, other: f64) -> Expr {
                call(Function::$function, vec![self, Expr::Number(other)])
            }
        }
        impl $trait<Expr> for f64 {
            type Output = Expr;
            fn $method(self, other: Expr) -> Expr {
                call(Function::$function, vec![Expr::Number(self), other])
            }
        }
    };
}

operator!(Add, add, Add);
operator!(Sub, sub, Subtract);
operator!(Mul, mul, Multiply);
operator!(Div, div, Divide);
