//! What each function of the language means: its name, how many arguments it takes, its value on numbers.

use std::ops::RangeInclusive;

use super::Function;
use crate::math::elementary;

/// Functions written as `name(…)`.
pub const NAMED: [Function; 13] = [
    Function::If,
    Function::Exp,
    Function::Log,
    Function::Sqrt,
    Function::Abs,
    Function::Min,
    Function::Max,
    Function::Round,
    Function::Floor,
    Function::Clamp,
    Function::Logit,
    Function::Expit,
    Function::Not,
];

impl Function {
    /// The word or operator that stands for it in text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Function::Negate | Function::Subtract => "-",
            Function::Add => "+",
            Function::Multiply => "*",
            Function::Divide => "/",
            Function::Power => "^",
            Function::Less => "<",
            Function::LessEqual => "<=",
            Function::Greater => ">",
            Function::GreaterEqual => ">=",
            Function::Equal => "==",
            Function::NotEqual => "!=",
            Function::And => "and",
            Function::Or => "or",
            Function::Not => "not",
            Function::If => "if",
            Function::Exp => "exp",
            Function::Log => "log",
            Function::Sqrt => "sqrt",
            Function::Abs => "abs",
            Function::Min => "min",
            Function::Max => "max",
            Function::Round => "round",
            Function::Floor => "floor",
            Function::Clamp => "clamp",
            Function::Logit => "logit",
            Function::Expit => "expit",
        }
    }

    /// How many arguments it takes.
    #[must_use]
    pub fn arity(self) -> RangeInclusive<usize> {
        match self {
            Function::Negate
            | Function::Not
            | Function::Exp
            | Function::Log
            | Function::Sqrt
            | Function::Abs
            | Function::Round
            | Function::Floor
            | Function::Logit
            | Function::Expit => 1..=1,
            Function::If | Function::Clamp => 3..=3,
            Function::Min | Function::Max => 2..=usize::MAX,
            _ => 2..=2,
        }
    }

    /// Whether its value is always 0 or 1.
    #[must_use]
    pub fn is_condition(self) -> bool {
        matches!(
            self,
            Function::Less
                | Function::LessEqual
                | Function::Greater
                | Function::GreaterEqual
                | Function::Equal
                | Function::NotEqual
                | Function::And
                | Function::Or
                | Function::Not
        )
    }

    /// The value on numbers; NaN where the number of arguments is not one of [`Function::arity`].
    ///
    /// NaN in, NaN out for arithmetic and the named functions, `min`, `max` and `clamp` included, except x^0 = 1 and
    /// 1^x = 1. Comparisons with NaN are false, `!=` is true; as a condition NaN is true, being other than 0. The language
    /// has one zero: a / 0 has the sign of a.
    #[must_use]
    pub fn apply(self, arguments: &[f64]) -> f64 {
        match (self, arguments) {
            (Function::Negate, [a]) => -a,
            (Function::Add, [a, b]) => a + b,
            (Function::Subtract, [a, b]) => a - b,
            (Function::Multiply, [a, b]) => a * b,
            (Function::Divide, [a, b]) => divide(*a, *b),
            (Function::Power, [a, b]) => power(*a, *b),
            (Function::Less, [a, b]) => truth(a < b),
            (Function::LessEqual, [a, b]) => truth(a <= b),
            (Function::Greater, [a, b]) => truth(a > b),
            (Function::GreaterEqual, [a, b]) => truth(a >= b),
            (Function::Equal, [a, b]) => truth(a == b),
            (Function::NotEqual, [a, b]) => truth(a != b),
            (Function::And, [a, b]) => truth(is_true(*a) && is_true(*b)),
            (Function::Or, [a, b]) => truth(is_true(*a) || is_true(*b)),
            (Function::Not, [a]) => truth(!is_true(*a)),
            (Function::If, [c, a, b]) => {
                if is_true(*c) {
                    *a
                } else {
                    *b
                }
            }
            (Function::Exp, [a]) => elementary::exp(*a),
            (Function::Log, [a]) => elementary::ln(*a),
            (Function::Sqrt, [a]) => a.sqrt(),
            (Function::Abs, [a]) => a.abs(),
            (Function::Min, [a, rest @ ..]) if !rest.is_empty() => rest.iter().fold(*a, |a, b| min(a, *b)),
            (Function::Max, [a, rest @ ..]) if !rest.is_empty() => rest.iter().fold(*a, |a, b| max(a, *b)),
            (Function::Round, [a]) => elementary::round(*a),
            (Function::Floor, [a]) => elementary::floor(*a),
            (Function::Clamp, [a, low, high]) => min(max(*a, *low), *high),
            (Function::Logit, [a]) => elementary::logit(*a),
            (Function::Expit, [a]) => elementary::expit(*a),
            _ => f64::NAN,
        }
    }
}

/// Whether a number counts as true.
#[inline(always)]
pub(super) fn is_true(x: f64) -> bool {
    x != 0.0
}

/// 1 for true, 0 for false.
#[inline(always)]
pub(super) fn truth(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

/// a / b, with one zero: −0 divides as 0 does.
#[inline(always)]
pub(super) fn divide(a: f64, b: f64) -> f64 {
    a / (b + 0.0)
}

/// The smaller; NaN where either is.
#[inline(always)]
pub(super) fn min(a: f64, b: f64) -> f64 {
    let smaller = if a < b { a } else { b };
    if a.is_nan() { a } else { smaller }
}

/// The larger; NaN where either is.
#[inline(always)]
pub(super) fn max(a: f64, b: f64) -> f64 {
    let larger = if a > b { a } else { b };
    if a.is_nan() { a } else { larger }
}

/// Largest exponent taken by repeated multiplication.
pub(super) const WHOLE_POWER: f64 = 16.0;

/// a ^ b: √a for b = ½, repeated multiplication for whole b up to 16 in size, else the system's `pow`.
#[inline]
pub(super) fn power(a: f64, b: f64) -> f64 {
    if b == 0.5 {
        a.sqrt()
    } else if b.abs() <= WHOLE_POWER && b == elementary::floor(b) {
        whole_power(a, b)
    } else {
        (a + 0.0).powf(b)
    }
}

/// a ^ b for whole |b| ≤ [`WHOLE_POWER`], by squaring.
#[inline(always)]
pub(super) fn whole_power(a: f64, b: f64) -> f64 {
    let mut exponent = b.abs() as u32;
    let mut square = a;
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    if b < 0.0 { divide(1.0, product) } else { product }
}
