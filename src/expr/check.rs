//! Tree → expression: names become numbers, columns and arms, and constants fold.

use std::ops::Range;

use super::error::{ErrorKind, ExprError};
use super::fold::call;
use super::function::NAMED;
use super::nearest::nearest;
use super::parse::{Node, Tree};
use super::{ColumnId, Expr};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// A parameter's value.
    Number(f64),
    /// A column.
    Column(ColumnId),
    /// The indicator of an arm.
    Arm(u8),
    /// Something that exists but cannot be read here, and why.
    Hidden(String),
    /// Nothing.
    Unknown,
}

/// The names an expression may use.
pub trait Scope {
    /// What a name stands for.
    fn look_up(&self, name: &str) -> Meaning;
    /// The names that can be read, for suggestions.
    fn known(&self) -> Vec<String>;
}

/// The expression a tree stands for, folded.
///
/// # Errors
/// Every unknown or hidden name, each where it first stands. Where all names are known: constant parts without a value,
/// as `log(-1)`, unless a constant condition leaves them out.
pub fn check(tree: &Tree, scope: &dyn Scope) -> Result<Expr, Vec<ExprError>> {
    let mut checker = Checker { scope, errors: Vec::new(), seen: Vec::new(), not_numbers: Vec::new() };
    let expr = checker.expr(tree);
    if checker.errors.is_empty() && contains_nan(&expr) {
        checker.errors = checker
            .not_numbers
            .into_iter()
            .map(|range| ExprError::new(ErrorKind::NotANumber, range, "this constant part has no value"))
            .collect();
    }
    if checker.errors.is_empty() { Ok(expr) } else { Err(checker.errors) }
}

struct Checker<'a> {
    scope: &'a dyn Scope,
    errors: Vec<ExprError>,
    /// Names already complained of.
    seen: Vec<&'a str>,
    /// Where NaN came out of numbers.
    not_numbers: Vec<Range<usize>>,
}

impl<'a> Checker<'a> {
    fn expr(&mut self, tree: &'a Tree) -> Expr {
        match &tree.node {
            Node::Number(value) => Expr::Number(*value),
            Node::Name(name) => self.name(name, &tree.range),
            Node::Call(function, arguments) => {
                let arguments: Vec<Expr> = arguments.iter().map(|a| self.expr(a)).collect();
                let sound = !arguments.iter().any(is_nan);
                let expr = call(*function, arguments);
                if sound && is_nan(&expr) {
                    self.not_numbers.push(tree.range.clone());
                }
                expr
            }
        }
    }

    fn name(&mut self, name: &'a str, range: &Range<usize>) -> Expr {
        let error = match self.scope.look_up(name) {
            Meaning::Number(value) => {
                if value.is_nan() {
                    self.not_numbers.push(range.clone());
                }
                return Expr::Number(value);
            }
            Meaning::Column(column) => return Expr::Column(column),
            Meaning::Arm(arm) => return Expr::Arm(arm),
            Meaning::Hidden(why) => {
                ExprError::new(ErrorKind::HiddenName, range.clone(), format!("`{name}` cannot be read here: {why}"))
            }
            Meaning::Unknown => self.unknown(name, range),
        };
        if !self.seen.contains(&name) {
            self.seen.push(name);
            self.errors.push(error);
        }
        Expr::Number(0.0)
    }

    fn unknown(&self, name: &str, range: &Range<usize>) -> ExprError {
        let error = ExprError::new(ErrorKind::UnknownName, range.clone(), format!("nothing is called `{name}`"));
        if NAMED.iter().any(|f| f.name() == name) {
            return error.with_help(format!("`{name}` is a function: write `{name}(…)`"));
        }
        match name {
            "true" | "True" | "TRUE" => return error.with_help("true is written 1"),
            "false" | "False" | "FALSE" => return error.with_help("false is written 0"),
            _ => {}
        }
        let known = self.scope.known();
        if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
            return error.with_help(format!("did you mean `{near}`?"));
        }
        match known.len() {
            0 => error.with_help("no names can be read here"),
            1..=12 => error.with_help(format!("names here are {}", known.join(", "))),
            _ => error,
        }
    }
}

fn is_nan(expr: &Expr) -> bool {
    expr.as_number().is_some_and(f64::is_nan)
}

fn contains_nan(expr: &Expr) -> bool {
    match expr {
        Expr::Call(_, arguments) => arguments.iter().any(contains_nan),
        leaf => is_nan(leaf),
    }
}
