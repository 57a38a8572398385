//! Simplification that never changes a value: constant subtrees become numbers, decided conditions disappear.

use super::Expr;
use super::Function::{self, *};
use super::function::is_true;

/// The expression with every constant part computed.
///
/// Besides constants: `if` with a constant condition, `and` / `or` with a constant side, and x + 0, x − 0, x × 1, x / 1,
/// x ^ 1, −(−x), all of which hold for every x, infinite and NaN included. x × 0 stays: it is not 0 where x is infinite.
#[must_use]
pub fn fold(expr: Expr) -> Expr {
    match expr {
        Expr::Call(function, arguments) => call(function, arguments.into_iter().map(fold).collect()),
        leaf => leaf,
    }
}

/// A function applied to folded arguments, folded.
#[must_use]
pub(super) fn call(function: Function, mut arguments: Vec<Expr>) -> Expr {
    let numbers: Option<Vec<f64>> = arguments.iter().map(Expr::as_number).collect();
    if let Some(numbers) = numbers {
        return Expr::Number(function.apply(&numbers));
    }
    match (function, arguments.as_mut_slice()) {
        (Add, [x, Expr::Number(n)] | [Expr::Number(n), x]) if *n == 0.0 => take(x),
        (Multiply, [x, Expr::Number(n)] | [Expr::Number(n), x]) if *n == 1.0 => take(x),
        (Subtract, [x, Expr::Number(n)]) if *n == 0.0 => take(x),
        (Divide | Power, [x, Expr::Number(n)]) if *n == 1.0 => take(x),
        (Negate, [Expr::Call(Negate, inner)]) if inner.len() == 1 => take(&mut inner[0]),
        (And, [x, Expr::Number(n)] | [Expr::Number(n), x]) => {
            if is_true(*n) {
                condition(take(x))
            } else {
                Expr::Number(0.0)
            }
        }
        (Or, [x, Expr::Number(n)] | [Expr::Number(n), x]) => {
            if is_true(*n) {
                Expr::Number(1.0)
            } else {
                condition(take(x))
            }
        }
        (If, [Expr::Number(c), a, b]) => take(if is_true(*c) { a } else { b }),
        (If, [c, Expr::Number(a), Expr::Number(b)]) if *a == 1.0 && *b == 0.0 => condition(take(c)),
        (If, [c, a, Expr::Number(b)]) if *b == 0.0 && is_condition(a) => Expr::Call(And, vec![take(c), take(a)]),
        (If, [c, Expr::Number(a), b]) if *a == 1.0 && is_condition(b) => Expr::Call(Or, vec![take(c), take(b)]),
        (Not, [Expr::Call(Not, inner)]) if inner.len() == 1 => condition(take(&mut inner[0])),
        _ => Expr::Call(function, arguments),
    }
}

/// x as 0 or 1.
fn condition(x: Expr) -> Expr {
    match x {
        Expr::Number(n) => Expr::Number(super::function::truth(is_true(n))),
        _ if is_condition(&x) => x,
        other => Expr::Call(NotEqual, vec![other, Expr::Number(0.0)]),
    }
}

/// Whether the value is always 0 or 1.
fn is_condition(x: &Expr) -> bool {
    match x {
        Expr::Arm(_) => true,
        Expr::Call(function, arguments) => function.is_condition() && function.arity().contains(&arguments.len()),
        _ => false,
    }
}

/// The expression out of its place, which is about to be dropped.
fn take(place: &mut Expr) -> Expr {
    std::mem::replace(place, Expr::Number(0.0))
}
