//! Expression → steps. Registers are a stack: what is being computed stands above what waits for it.

use super::step::{Binary, Comparison, Source, Step, Unary};
use super::{Expr, Program};
use crate::expr::Function;
use crate::expr::function::WHOLE_POWER;
use crate::math::elementary;

/// The program of a folded expression.
pub(super) fn program(expr: &Expr) -> Program {
    let mut compiler = Compiler { steps: Vec::new(), real: 0, flags: 0 };
    let free = Free { real: 0, flags: 0 };
    let result = compiler.value(expr, free);
    Program { steps: compiler.steps, result, real: compiler.real, flags: compiler.flags }
}

/// The lowest free registers.
#[derive(Clone, Copy)]
struct Free {
    real: usize,
    flags: usize,
}

impl Free {
    /// What is free once an operand is kept.
    fn keeping(self, source: Source) -> Free {
        match source {
            Source::Real(register) => Free { real: register + 1, ..self },
            Source::Flags(register) => self.keeping_flags(register),
            Source::Number(_) | Source::Column(_) => self,
        }
    }

    fn keeping_flags(self, register: usize) -> Free {
        Free { flags: register + 1, ..self }
    }
}

struct Compiler {
    steps: Vec<Step>,
    real: usize,
    flags: usize,
}

impl Compiler {
    /// The expression's value: a leaf as it is, anything else in the lowest free register of its type.
    fn value(&mut self, expr: &Expr, free: Free) -> Source {
        let (function, arguments) = match expr {
            Expr::Number(x) => return Source::Number(*x),
            Expr::Column(column) => return Source::Column(*column),
            Expr::Arm(_) => return self.flags(expr, free),
            Expr::Call(function, arguments) => (*function, arguments.as_slice()),
        };
        if is_condition(expr) {
            return self.flags(expr, free);
        }
        match (function, arguments) {
            (Function::Add, [a, b]) => self.binary(Binary::Add, a, b, free),
            (Function::Subtract, [a, b]) => self.binary(Binary::Subtract, a, b, free),
            (Function::Multiply, [a, b]) => self.binary(Binary::Multiply, a, b, free),
            (Function::Divide, [a, b]) => self.binary(Binary::Divide, a, b, free),
            (Function::Power, [a, b]) => match b.as_number().and_then(constant_power) {
                Some(op) => self.unary(op, a, free),
                None => self.binary(Binary::Power, a, b, free),
            },
            (Function::Min, [a, rest @ ..]) if !rest.is_empty() => self.fold(Binary::Min, a, rest, free),
            (Function::Max, [a, rest @ ..]) if !rest.is_empty() => self.fold(Binary::Max, a, rest, free),
            (Function::Clamp, [a, low, high]) => {
                let raised = self.binary(Binary::Max, a, low, free);
                self.binary_with(Binary::Min, raised, high, free)
            }
            (Function::If, [test, yes, no]) => self.select(test, yes, no, free),
            (_, [a]) => match named(function) {
                Some(op) => self.unary(op, a, free),
                None => Source::Number(f64::NAN),
            },
            // A wrong number of arguments has no value, as in `Function::apply`.
            _ => Source::Number(f64::NAN),
        }
    }

    fn unary(&mut self, op: Unary, a: &Expr, free: Free) -> Source {
        let from = self.value(a, free);
        let to = self.take_real(free);
        self.steps.push(Step::Unary { op, from, to });
        Source::Real(to)
    }

    fn binary(&mut self, op: Binary, a: &Expr, b: &Expr, free: Free) -> Source {
        let left = self.value(a, free);
        self.binary_with(op, left, b, free)
    }

    fn binary_with(&mut self, op: Binary, left: Source, b: &Expr, free: Free) -> Source {
        let right = self.value(b, free.keeping(left));
        let to = self.take_real(free);
        self.steps.push(Step::Binary { op, left, right, to });
        Source::Real(to)
    }

    fn fold(&mut self, op: Binary, first: &Expr, rest: &[Expr], free: Free) -> Source {
        let mut left = self.value(first, free);
        for b in rest {
            left = self.binary_with(op, left, b, free);
        }
        left
    }

    fn select(&mut self, test: &Expr, yes: &Expr, no: &Expr, free: Free) -> Source {
        let flags = self.condition(test, free);
        let inner = free.keeping_flags(flags);
        let yes = self.value(yes, inner);
        let no = self.value(no, inner.keeping(yes));
        let to = self.take_real(free);
        self.steps.push(Step::Select { test: flags, yes, no, to });
        Source::Real(to)
    }

    fn flags(&mut self, expr: &Expr, free: Free) -> Source {
        Source::Flags(self.condition(expr, free))
    }

    /// Whether the expression is true, in the lowest free register of flags.
    fn condition(&mut self, expr: &Expr, free: Free) -> usize {
        let to = self.take_flags(free);
        let above = free.keeping_flags(to);
        let step = match expr {
            Expr::Arm(arm) => Step::InArm { arm: *arm, to },
            Expr::Call(function, arguments) => match (*function, arguments.as_slice()) {
                (Function::And, [a, b]) => {
                    self.condition(a, free);
                    self.condition(b, above);
                    Step::And { to }
                }
                (Function::Or, [a, b]) => {
                    self.condition(a, free);
                    self.condition(b, above);
                    Step::Or { to }
                }
                (Function::Not, [a]) => {
                    self.condition(a, free);
                    Step::Not { to }
                }
                (Function::If, [test, yes, no]) if is_condition(yes) && is_condition(no) => {
                    self.condition(test, free);
                    self.condition(yes, above);
                    let yes = above.keeping_flags(above.flags);
                    self.condition(no, yes);
                    Step::Choose { to }
                }
                (function, [a, b]) => match comparison(function) {
                    Some(op) => self.compare(op, a, b, free, to),
                    None => self.truth(expr, free, to),
                },
                _ => self.truth(expr, free, to),
            },
            _ => self.truth(expr, free, to),
        };
        self.steps.push(step);
        to
    }

    fn truth(&mut self, expr: &Expr, free: Free, to: usize) -> Step {
        let left = self.value(expr, free);
        Step::compare_number(Comparison::NotEqual, left, 0.0, to)
    }

    fn compare(&mut self, op: Comparison, a: &Expr, b: &Expr, free: Free, to: usize) -> Step {
        let left = self.real_value(a, free);
        let right = self.real_value(b, free.keeping(left));
        match (left, right) {
            (left, Source::Number(right)) => Step::compare_number(op, left, right, to),
            (Source::Number(left), right) => Step::compare_number(op.mirrored(), right, left, to),
            _ => Step::Compare { op, left, right, to },
        }
    }

    /// The value; flags as real numbers, since the result of a comparison takes their place.
    fn real_value(&mut self, expr: &Expr, free: Free) -> Source {
        match self.value(expr, free) {
            from @ Source::Flags(_) => {
                let to = self.take_real(free);
                self.steps.push(Step::Unary { op: Unary::Load, from, to });
                Source::Real(to)
            }
            other => other,
        }
    }

    fn take_real(&mut self, free: Free) -> usize {
        self.real = self.real.max(free.real + 1);
        free.real
    }

    fn take_flags(&mut self, free: Free) -> usize {
        self.flags = self.flags.max(free.flags + 1);
        free.flags
    }
}

/// Whether the value is computed as flags.
fn is_condition(expr: &Expr) -> bool {
    match expr {
        Expr::Arm(_) => true,
        Expr::Call(Function::If, arguments) => {
            matches!(arguments.as_slice(), [_, yes, no] if is_condition(yes) && is_condition(no))
        }
        Expr::Call(function, arguments) => function.is_condition() && function.arity().contains(&arguments.len()),
        _ => false,
    }
}

fn named(function: Function) -> Option<Unary> {
    Some(match function {
        Function::Negate => Unary::Negate,
        Function::Exp => Unary::Exp,
        Function::Log => Unary::Log,
        Function::Sqrt => Unary::Sqrt,
        Function::Abs => Unary::Abs,
        Function::Round => Unary::Round,
        Function::Floor => Unary::Floor,
        Function::Logit => Unary::Logit,
        Function::Expit => Unary::Expit,
        _ => return None,
    })
}

fn comparison(function: Function) -> Option<Comparison> {
    Some(match function {
        Function::Less => Comparison::Less,
        Function::LessEqual => Comparison::LessEqual,
        Function::Greater => Comparison::Greater,
        Function::GreaterEqual => Comparison::GreaterEqual,
        Function::Equal => Comparison::Equal,
        Function::NotEqual => Comparison::NotEqual,
        _ => return None,
    })
}

/// A power with a constant exponent that has a loop of its own.
fn constant_power(exponent: f64) -> Option<Unary> {
    if exponent == 0.5 {
        Some(Unary::Sqrt)
    } else if exponent == 2.0 {
        Some(Unary::Square)
    } else if exponent == 3.0 {
        Some(Unary::Cube)
    } else if exponent == -1.0 {
        Some(Unary::Reciprocal)
    } else if exponent.abs() <= WHOLE_POWER && exponent == elementary::floor(exponent) {
        Some(Unary::Whole(exponent))
    } else {
        None
    }
}
