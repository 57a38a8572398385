//! Text → words and signs.

use std::ops::Range;

use super::Function;
use super::error::{ErrorKind, ExprError};

/// A word or sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    Name(&'a str),
    /// An operator between two operands; `-` also stands before one.
    Operator(Function),
    Not,
    Open,
    Close,
    Comma,
    End,
}

/// The token that begins at or after byte `from`, and its bytes.
pub(super) fn next(text: &str, from: usize) -> Result<(Token<'_>, Range<usize>), ExprError> {
    let rest = text[from..].trim_start();
    let start = text.len() - rest.len();
    let Some(first) = rest.chars().next() else {
        return Ok((Token::End, text.len()..text.len()));
    };
    let after = rest[first.len_utf8()..].chars().next();
    let sign = |token, length| Ok((token, start..start + length));
    let operator = |function, length| sign(Token::Operator(function), length);
    match (first, after) {
        ('0'..='9' | '.', _) => number(rest, start),
        ('A'..='Z' | 'a'..='z' | '_', _) => {
            let word = &rest[..word_length(rest)];
            let token = match word {
                "and" => Token::Operator(Function::And),
                "or" => Token::Operator(Function::Or),
                "not" => Token::Not,
                _ => Token::Name(word),
            };
            sign(token, word.len())
        }
        ('<', Some('=')) => operator(Function::LessEqual, 2),
        ('>', Some('=')) => operator(Function::GreaterEqual, 2),
        ('=', Some('=')) => operator(Function::Equal, 2),
        ('!', Some('=')) => operator(Function::NotEqual, 2),
        ('<', _) => operator(Function::Less, 1),
        ('>', _) => operator(Function::Greater, 1),
        ('+', _) => operator(Function::Add, 1),
        ('-', _) => operator(Function::Subtract, 1),
        ('*', Some('*')) => Err(foreign(rest, start, 2, "a power is written `^`")),
        ('*', _) => operator(Function::Multiply, 1),
        ('/', _) => operator(Function::Divide, 1),
        ('^', _) => operator(Function::Power, 1),
        ('(', _) => sign(Token::Open, 1),
        (')', _) => sign(Token::Close, 1),
        (',', _) => sign(Token::Comma, 1),
        ('=', _) => {
            Err(ExprError::new(ErrorKind::SingleEquals, start..start + 1, "`=` does not compare")
                .with_help("write `==`"))
        }
        ('&', Some('&')) => Err(foreign(rest, start, 2, "write `and`")),
        ('|', Some('|')) => Err(foreign(rest, start, 2, "write `or`")),
        _ => Err(foreign(rest, start, first.len_utf8(), advice(first))),
    }
}

/// Bytes of the name or digits at the beginning.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn number(rest: &str, start: usize) -> Result<(Token<'_>, Range<usize>), ExprError> {
    // All that could belong to a number is taken together, so that `1.2.3` and `12abc` are one mistake, not two tokens.
    let past = |from: usize, part: fn(char) -> bool| rest[from..].find(|c| !part(c)).map_or(rest.len(), |n| from + n);
    let mut length = past(0, |c| c.is_ascii_digit() || c == '.');
    if rest[length..].starts_with(['e', 'E']) {
        length += 1;
        length += usize::from(rest[length..].starts_with(['+', '-']));
    }
    let length = past(length, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let written = &rest[..length];
    let range = start..start + length;
    let wrong = |message: String| ExprError::new(ErrorKind::NotANumber, range.clone(), message);
    // `parse` also reads `inf` and `nan`, which cannot begin with a digit or a point.
    match written.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Token::Number(value), range)),
        Ok(_) => Err(wrong(format!("`{written}` is too large for a number"))),
        Err(_) if written.contains('_') => Err(wrong(format!("`{written}` is not a number"))
            .with_help("write digits without separators; names begin with a letter")),
        Err(_) => Err(wrong(format!("`{written}` is not a number"))
            .with_help("numbers are written as 12, 0.5 or 1e-3; names begin with a letter")),
    }
}

fn foreign(rest: &str, start: usize, length: usize, help: &str) -> ExprError {
    let sign = &rest[..length];
    let shown = if sign.chars().any(char::is_control) { sign.escape_default().to_string() } else { sign.to_owned() };
    let error = ExprError::new(
        ErrorKind::UnexpectedCharacter,
        start..start + length,
        format!("`{shown}` is not part of the language"),
    );
    if help.is_empty() { error } else { error.with_help(help) }
}

/// What the writer of a foreign sign meant.
fn advice(sign: char) -> &'static str {
    match sign {
        '&' => "write `and`",
        '|' => "write `or`",
        '!' => "write `not`",
        '≤' => "write `<=`",
        '≥' => "write `>=`",
        '≠' => "write `!=`",
        '−' | '–' => "write the minus sign `-`",
        '×' | '·' => "write `*`",
        '÷' => "write `/`",
        '[' | ']' | '{' | '}' => "group with `(` and `)`",
        '?' | ':' => "a choice is written `if(condition, a, b)`",
        '%' => "a share is written as a number from 0 to 1",
        '"' | '\'' => "categories are compared by their numbers, not by text",
        _ => "",
    }
}
