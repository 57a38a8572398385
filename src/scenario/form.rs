//! What may be written: every table of the scenario language is described by a [`Form`], from which come its reading,
//! its error messages, the JSON schema and the test of the template.

use std::ops::Range;

use crate::expr::Expr;
use crate::scenario::diagnostic::Code;

/// Bytes of the scenario file.
pub type Span = Range<usize>;

/// The keys of one table.
#[derive(Debug)]
pub struct Form {
    /// The key under which the table stands, as in `weibull = { … }`.
    pub name: &'static str,
    /// One sentence in the field's words.
    pub summary: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// A valid table of this form, in TOML: used in help, tests and fuzzing.
    pub example: &'static str,
}

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// What may stand there.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
    /// What it means, with its unit and its default.
    pub doc: &'static str,
}

/// What may stand at a key.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// The name of something declared here: letters, digits, `_`, `-` and `/`.
    Name,
    /// A name that expressions can use: letters, digits and `_`, not beginning with a digit.
    Identifier,
    /// `true` or `false`.
    Flag,
    /// A whole number between two limits (both included).
    Integer(i64, i64),
    /// A number, or an expression of parameters in quotation marks: the same for every patient.
    Number,
    /// A number, or an expression evaluated for each patient.
    Expression,
    /// An expression that is true or false for each patient.
    Condition,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A date `"YYYY-MM-DD"`, or months since the first site opened.
    Date,
    /// Several of a kind, in square brackets.
    List(&'static Kind),
    /// A table.
    Table(&'static Form),
    /// Several tables (`[[name]]`, or a list of inline tables).
    Tables(&'static Form),
    /// A table, or only the value of its first key: `p = 0.4` stands for `p = { value = 0.4 }`.
    Short(&'static Form),
    /// A number, an expression of parameters, a list of numbers (the axis of a grid), or a table of the form (a prior).
    Quantity(&'static Form),
    /// A table whose keys are names chosen by the author, each with a value of this kind.
    Named(&'static Kind),
}

/// A value that was read and fits its [`Kind`].
#[derive(Clone, Debug)]
pub enum Value {
    /// `Text`, `Name`, `Identifier`, `Word`.
    Text(String),
    /// `Flag`.
    Flag(bool),
    /// `Integer`.
    Integer(i64),
    /// `Number`; and `Date` as months since the first site opened.
    Number(f64),
    /// `Expression` and `Condition`, checked.
    Expr(Expr),
    /// `List`.
    List(Vec<(Value, Span)>),
    /// `Table`.
    Table(Values),
    /// `Tables`.
    Tables(Vec<Values>),
}

/// A table that was read: its values by key, each with its place in the file.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Keys that were given.
    pub entries: Vec<(&'static str, Value, Span)>,
    /// The whole table.
    pub span: Span,
}

impl Values {
    /// The value at `key`, where given.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(k, ..)| *k == key).map(|(_, v, _)| v)
    }

    /// The place of `key`, or of the whole table where it was not given.
    #[must_use]
    pub fn span(&self, key: &str) -> Span {
        self.entries.iter().find(|(k, ..)| *k == key).map_or_else(|| self.span.clone(), |(.., s)| s.clone())
    }

    /// Text, name or word.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Value::Text(x)) => Some(x),
            _ => None,
        }
    }

    /// `true` or `false`.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key) {
            Some(Value::Flag(x)) => Some(*x),
            _ => None,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Value::Integer(x)) => Some(*x),
            _ => None,
        }
    }

    /// A number that is the same for every patient.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.get(key) {
            Some(Value::Number(x)) => Some(*x),
            _ => None,
        }
    }

    /// An expression (a plain number becomes a constant one).
    #[must_use]
    pub fn expr(&self, key: &str) -> Option<Expr> {
        match self.get(key) {
            Some(Value::Expr(x)) => Some(x.clone()),
            Some(Value::Number(x)) => Some(Expr::Number(*x)),
            _ => None,
        }
    }

    /// The items of a list, empty where not given.
    #[must_use]
    pub fn list(&self, key: &str) -> &[(Value, Span)] {
        match self.get(key) {
            Some(Value::List(xs)) => xs,
            _ => &[],
        }
    }

    /// Numbers of a list.
    #[must_use]
    pub fn numbers(&self, key: &str) -> Vec<f64> {
        self.list(key).iter().filter_map(|(v, _)| if let Value::Number(x) = v { Some(*x) } else { None }).collect()
    }

    /// Expressions of a list.
    #[must_use]
    pub fn exprs(&self, key: &str) -> Vec<Expr> {
        self.list(key)
            .iter()
            .filter_map(|(v, _)| match v {
                Value::Expr(x) => Some(x.clone()),
                Value::Number(x) => Some(Expr::Number(*x)),
                _ => None,
            })
            .collect()
    }

    /// A table.
    #[must_use]
    pub fn table(&self, key: &str) -> Option<&Values> {
        match self.get(key) {
            Some(Value::Table(x)) => Some(x),
            _ => None,
        }
    }

    /// Several tables, empty where not given.
    #[must_use]
    pub fn tables(&self, key: &str) -> &[Values] {
        match self.get(key) {
            Some(Value::Tables(xs)) => xs,
            _ => &[],
        }
    }
}

/// What a member finds wrong with values that each fit their kind: becomes a diagnostic at `key` (or at the table).
#[derive(Clone, Debug)]
pub struct Complaint {
    /// Its stable code.
    pub code: Code,
    /// The key at fault.
    pub key: Option<&'static str>,
    /// One sentence: what was found, what is allowed.
    pub message: String,
    /// Something that can be pasted, or empty.
    pub help: String,
}

/// A member of a family: its form and how to build it from what was read.
pub struct Member<T: ?Sized> {
    /// Its keys.
    pub form: &'static Form,
    /// Builds it, or says what does not fit together.
    pub build: fn(&Values) -> Result<Box<T>, Complaint>,
}

impl<T: ?Sized> std::fmt::Debug for Member<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("form", &self.form.name).finish()
    }
}
