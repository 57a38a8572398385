//! Expression → text that reads back as the same expression.

use super::function::NAMED;
use super::parse::tightness;
use super::{ColumnId, Expr, Function};

impl Expr {
    /// The expression in the language, with the names of columns and arms supplied.
    ///
    /// Brackets stand only where needed. Numbers have the fewest digits that give the same value back; `inf` and `NaN`
    /// have no notation in the language and are shown as such.
    #[must_use]
    pub fn text(&self, column: &dyn Fn(ColumnId) -> String, arm: &dyn Fn(u8) -> String) -> String {
        let names = Names { column, arm };
        let mut out = String::new();
        names.write(self, tightness::LOOSEST, &mut out);
        out
    }
}

struct Names<'a> {
    column: &'a dyn Fn(ColumnId) -> String,
    arm: &'a dyn Fn(u8) -> String,
}

impl Names<'_> {
    /// Appends the expression, in brackets if it binds more loosely than `least`.
    fn write(&self, expr: &Expr, least: u8, out: &mut String) {
        let bracketed = tightness_of(expr) < least;
        if bracketed {
            out.push('(');
        }
        match expr {
            Expr::Number(x) => out.push_str(&number(*x)),
            Expr::Column(column) => out.push_str(&(self.column)(*column)),
            Expr::Arm(arm) => out.push_str(&(self.arm)(*arm)),
            Expr::Call(function, arguments) => self.write_call(*function, arguments, out),
        }
        if bracketed {
            out.push(')');
        }
    }

    fn write_call(&self, function: Function, arguments: &[Expr], out: &mut String) {
        let tight = tightness::of(function);
        match (function, arguments) {
            (Function::Negate, [a]) => {
                out.push('-');
                self.write(a, tightness::MINUS, out);
            }
            (Function::Not, [a]) => {
                out.push_str("not ");
                self.write(a, tightness::NOT, out);
            }
            (Function::Power, [a, b]) => {
                self.write(a, tightness::OPERAND, out);
                out.push('^');
                self.write(b, tightness::MINUS, out);
            }
            (_, [a, b]) if !NAMED.contains(&function) => {
                // Operators associate from the left; comparisons not at all.
                let left = tight + u8::from(tight == tightness::COMPARISON);
                self.write(a, left, out);
                out.push(' ');
                out.push_str(function.name());
                out.push(' ');
                self.write(b, tight + 1, out);
            }
            _ => {
                out.push_str(function.name());
                out.push('(');
                for (i, argument) in arguments.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    self.write(argument, tightness::LOOSEST, out);
                }
                out.push(')');
            }
        }
    }
}

fn tightness_of(expr: &Expr) -> u8 {
    match expr {
        Expr::Number(x) if x.is_sign_negative() => tightness::MINUS,
        Expr::Call(function, _) => tightness::of(*function),
        _ => tightness::OPERAND,
    }
}

fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() || (1e-5..1e15).contains(&x.abs()) { format!("{x}") } else { format!("{x:e}") }
}
