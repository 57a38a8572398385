//! Expression → R.

use super::parse::tightness;
use super::{ColumnId, Expr, Function};

/// Words that are no names in R.
const RESERVED: [&str; 20] = [
    "if",
    "else",
    "repeat",
    "while",
    "function",
    "for",
    "next",
    "break",
    "in",
    "TRUE",
    "FALSE",
    "NULL",
    "Inf",
    "NaN",
    "NA",
    "NA_integer_",
    "NA_real_",
    "NA_complex_",
    "NA_character_",
    "T",
];

/// A name as R takes it: in backticks where it is no R name.
#[must_use]
pub fn name(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { format!("`{name}`") }
}

/// A text in quotation marks.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A number that R reads as the same.
#[must_use]
pub fn number(x: f64) -> String {
    match x {
        _ if x.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ if x == 0.0 || (1e-5..1e15).contains(&x.abs()) => format!("{x}"),
        _ => format!("{x:e}"),
    }
}

impl Expr {
    /// The expression in R, on vectors; columns and names of arms are supplied, truth values are 1 and 0.
    #[must_use]
    pub fn r(&self, column: &dyn Fn(ColumnId) -> String, arm: &dyn Fn(u8) -> String) -> String {
        let names = Names { column, arm };
        let mut out = String::new();
        names.number(self, tightness::LOOSEST, &mut out);
        out
    }

    /// The expression as a condition of R: `TRUE` where its value is not 0.
    #[must_use]
    pub fn r_condition(&self, column: &dyn Fn(ColumnId) -> String, arm: &dyn Fn(u8) -> String) -> String {
        let names = Names { column, arm };
        let mut out = String::new();
        names.condition(self, tightness::LOOSEST, &mut out);
        out
    }
}

struct Names<'a> {
    column: &'a dyn Fn(ColumnId) -> String,
    arm: &'a dyn Fn(u8) -> String,
}

fn bracketed(out: &mut String, needed: bool, write: impl FnOnce(&mut String)) {
    if needed {
        out.push('(');
    }
    write(out);
    if needed {
        out.push(')');
    }
}

impl Names<'_> {
    /// Appends a truth value, in brackets if it binds more loosely than `least`.
    fn condition(&self, e: &Expr, least: u8, out: &mut String) {
        let Expr::Call(function, arguments) = e else {
            return self.different_from_zero(e, least, out);
        };
        let tight = tightness::of(*function);
        match (function, &arguments[..]) {
            (Function::Not, [a]) => bracketed(out, tightness::NOT < least, |out| {
                out.push('!');
                self.condition(a, tightness::OPERAND, out);
            }),
            (Function::And | Function::Or, [a, b]) => bracketed(out, tight < least, |out| {
                self.condition(a, tight, out);
                out.push_str(if *function == Function::And { " & " } else { " | " });
                self.condition(b, tight + 1, out);
            }),
            (f, [a, b]) if f.is_condition() => bracketed(out, tight < least, |out| {
                self.number(a, tight + 1, out);
                out.push(' ');
                out.push_str(f.name());
                out.push(' ');
                self.number(b, tight + 1, out);
            }),
            _ => self.different_from_zero(e, least, out),
        }
    }

    fn different_from_zero(&self, e: &Expr, least: u8, out: &mut String) {
        bracketed(out, tightness::COMPARISON < least, |out| {
            self.number(e, tightness::COMPARISON + 1, out);
            out.push_str(" != 0");
        });
    }

    /// Appends a number, in brackets if it binds more loosely than `least`.
    fn number(&self, e: &Expr, least: u8, out: &mut String) {
        match e {
            Expr::Number(x) => bracketed(out, x.is_sign_negative() && tightness::MINUS < least, |out| {
                out.push_str(&number(*x));
            }),
            Expr::Column(column) => out.push_str(&name(&(self.column)(*column))),
            Expr::Arm(arm) => bracketed(out, tightness::of(Function::Multiply) < least, |out| {
                out.push_str(&format!("1 * (arm == {})", quoted(&(self.arm)(*arm))));
            }),
            Expr::Call(function, _) if function.is_condition() => {
                bracketed(out, tightness::of(Function::Multiply) < least, |out| {
                    out.push_str("1 * (");
                    self.condition(e, tightness::LOOSEST, out);
                    out.push(')');
                });
            }
            Expr::Call(function, arguments) => self.call(*function, arguments, least, out),
        }
    }

    fn call(&self, function: Function, arguments: &[Expr], least: u8, out: &mut String) {
        let tight = tightness::of(function);
        match (function, arguments) {
            (Function::Negate, [a]) => bracketed(out, tight < least, |out| {
                out.push('-');
                self.number(a, tightness::MINUS, out);
            }),
            (Function::Power, [a, b]) => bracketed(out, tight < least, |out| {
                self.number(a, tightness::OPERAND, out);
                out.push('^');
                self.number(b, tightness::MINUS, out);
            }),
            (Function::Add | Function::Subtract | Function::Multiply | Function::Divide, [a, b]) => {
                bracketed(out, tight < least, |out| {
                    self.number(a, tight, out);
                    out.push(' ');
                    out.push_str(function.name());
                    out.push(' ');
                    self.number(b, tight + 1, out);
                });
            }
            (Function::If, [c, a, b]) => {
                out.push_str("ifelse(");
                self.condition(c, tightness::LOOSEST, out);
                for x in [a, b] {
                    out.push_str(", ");
                    self.number(x, tightness::LOOSEST, out);
                }
                out.push(')');
            }
            (Function::Clamp, [a, low, high]) => {
                out.push_str("pmin(");
                self.named("pmax", &[a.clone(), low.clone()], out);
                out.push_str(", ");
                self.number(high, tightness::LOOSEST, out);
                out.push(')');
            }
            // R rounds halves to even numbers
            (Function::Round, [a]) => bracketed(out, tightness::of(Function::Multiply) < least, |out| {
                self.named("sign", std::slice::from_ref(a), out);
                out.push_str(" * floor(");
                self.named("abs", std::slice::from_ref(a), out);
                out.push_str(" + 0.5)");
            }),
            _ => {
                let named = match function {
                    Function::Min => "pmin",
                    Function::Max => "pmax",
                    Function::Logit => "qlogis",
                    Function::Expit => "plogis",
                    other => other.name(),
                };
                self.named(named, arguments, out);
            }
        }
    }

    fn named(&self, function: &str, arguments: &[Expr], out: &mut String) {
        out.push_str(function);
        out.push('(');
        for (i, argument) in arguments.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.number(argument, tightness::LOOSEST, out);
        }
        out.push(')');
    }
}
