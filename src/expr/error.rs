//! What is wrong with an expression, and where in its text.

use std::fmt;
use std::ops::Range;

/// A mistake in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprError {
    /// What kind of mistake.
    pub kind: ErrorKind,
    /// Bytes of the text it concerns; empty and at the end where something is missing there.
    pub range: Range<usize>,
    /// One sentence: what was found.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// Kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text ends where an operand or a bracket is due.
    UnexpectedEnd,
    /// A character that the language does not use.
    UnexpectedCharacter,
    /// A word or sign in the wrong place.
    UnexpectedToken,
    /// A call of something that is not a function.
    UnknownFunction,
    /// A function with too few or too many arguments.
    WrongArity,
    /// A name that stands for nothing.
    UnknownName,
    /// A name that exists but may not be read here.
    HiddenName,
    /// `a < b < c`.
    ChainedComparison,
    /// Nested deeper than anyone writes by hand.
    TooDeep,
    /// Longer than anyone writes by hand.
    TooLong,
    /// Written like a number but not one, too large for one, or a constant part without a value (`log(-1)`).
    NotANumber,
    /// `=` for `==`.
    SingleEquals,
}

impl ExprError {
    pub(super) fn new(kind: ErrorKind, range: Range<usize>, message: impl Into<String>) -> Self {
        ExprError { kind, range, message: message.into(), help: None }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ExprError {}
