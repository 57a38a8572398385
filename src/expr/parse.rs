//! Text → tree. Names stay text; every node knows its bytes.
//!
//! From the loosest to the tightest: `or`, `and`, `not`, comparisons (which do not chain), `+ -`, `* /`, unary minus,
//! `^` (from the right: `2^3^2` is 2⁹, and `-2^2` is −4).

use std::ops::Range;

use super::Function;
use super::error::{ErrorKind, ExprError};
use super::function::NAMED;
use super::nearest::nearest;
use super::token::{Token, next};

/// Longest text accepted, in bytes.
pub const MAX_LENGTH: usize = 10_000;
/// Deepest nesting of brackets, signs and calls accepted.
pub const MAX_NESTING: usize = 100;
/// Greatest height of the tree: a sum of k terms has height k.
pub const MAX_HEIGHT: usize = 250;

/// An expression as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// What it is.
    pub node: Node,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

/// What a part of an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A number.
    Number(f64),
    /// A name.
    Name(String),
    /// An operator or function and its arguments.
    Call(Function, Vec<Tree>),
}

/// Whether a word belongs to the language and cannot be a name.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    matches!(word, "and" | "or") || NAMED.iter().any(|f| f.name() == word)
}

/// Whether a word can be a name in expressions.
#[must_use]
pub fn is_identifier(word: &str) -> bool {
    let begins = word.bytes().next().is_some_and(|c| c.is_ascii_alphabetic() || c == b'_');
    begins && word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') && !is_reserved(word)
}

/// The tree of a text.
///
/// # Errors
/// The first mistake of syntax, after all calls of unknown functions or with a wrong number of arguments before it.
pub fn parse(text: &str) -> Result<Tree, Vec<ExprError>> {
    if text.len() > MAX_LENGTH {
        let error = ExprError::new(
            ErrorKind::TooLong,
            0..text.len(),
            format!("the expression has {} bytes, more than {MAX_LENGTH}", text.len()),
        );
        return Err(vec![error.with_help("split it into `derived` variables")]);
    }
    let mut parser = Parser { text, token: Token::End, range: 0..0, end: 0, mistakes: Vec::new() };
    match parser.whole() {
        Ok(tree) if parser.mistakes.is_empty() => Ok(tree),
        Ok(_) => Err(parser.mistakes),
        Err(error) => {
            parser.mistakes.push(error);
            Err(parser.mistakes)
        }
    }
}

/// How tightly operators bind.
pub(super) mod tightness {
    use super::Function;

    pub(in super::super) const LOOSEST: u8 = 1;
    pub(in super::super) const NOT: u8 = 3;
    pub(in super::super) const COMPARISON: u8 = 4;
    pub(in super::super) const MINUS: u8 = 7;
    pub(in super::super) const POWER: u8 = 8;
    pub(in super::super) const OPERAND: u8 = 9;

    /// Of an operator between two operands; `OPERAND` for functions.
    pub(in super::super) fn of(function: Function) -> u8 {
        match function {
            Function::Or => LOOSEST,
            Function::And => 2,
            Function::Not => NOT,
            Function::Less
            | Function::LessEqual
            | Function::Greater
            | Function::GreaterEqual
            | Function::Equal
            | Function::NotEqual => COMPARISON,
            Function::Add | Function::Subtract => 5,
            Function::Multiply | Function::Divide => 6,
            Function::Negate => MINUS,
            Function::Power => POWER,
            _ => OPERAND,
        }
    }
}

/// A subtree and its height.
struct Part {
    tree: Tree,
    height: usize,
}

struct Parser<'a> {
    text: &'a str,
    /// The token looked at, its bytes, and the end of the one before.
    token: Token<'a>,
    range: Range<usize>,
    end: usize,
    /// Mistakes after which reading could go on.
    mistakes: Vec<ExprError>,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<Tree, ExprError> {
        self.advance()?;
        if self.token == Token::End {
            return Err(ExprError::new(ErrorKind::UnexpectedEnd, self.range.clone(), "the expression is empty"));
        }
        let part = self.expression(tightness::LOOSEST, 0)?;
        match self.token {
            Token::End => Ok(part.tree),
            Token::Close => Err(self.unexpected("`)` closes nothing")),
            Token::Comma => Err(self.unexpected("`,` outside a call").with_help("decimals take a point: 0.5")),
            _ => Err(self.unexpected(format!("expected an operator, found `{}`", &self.text[self.range.clone()]))),
        }
    }

    /// Moves to the next token.
    fn advance(&mut self) -> Result<(), ExprError> {
        self.end = self.range.end;
        (self.token, self.range) = next(self.text, self.range.end)?;
        Ok(())
    }

    /// Operators that bind at least as tightly as `least`, and their operands.
    fn expression(&mut self, least: u8, nesting: usize) -> Result<Part, ExprError> {
        if nesting >= MAX_NESTING {
            return Err(ExprError::new(
                ErrorKind::TooDeep,
                self.range.clone(),
                format!("nested more than {MAX_NESTING} deep"),
            ));
        }
        let mut left = self.operand(least, nesting)?;
        while let Token::Operator(function) = self.token {
            let tight = tightness::of(function);
            if tight < least {
                break;
            }
            self.advance()?;
            let right = self.expression(
                match function {
                    // A sign may stand in an exponent, and powers associate from the right.
                    Function::Power => tightness::MINUS,
                    _ => tight + 1,
                },
                nesting + 1,
            )?;
            if tight == tightness::COMPARISON {
                self.refuse_chain(&right)?;
            }
            let range = left.tree.range.start..right.tree.range.end;
            left = self.call(function, vec![left, right], range)?;
        }
        Ok(left)
    }

    fn operand(&mut self, least: u8, nesting: usize) -> Result<Part, ExprError> {
        let start = self.range.start;
        let leaf = |node, range| Part { tree: Tree { node, range }, height: 1 };
        match self.token {
            Token::Number(value) => {
                let part = leaf(Node::Number(value), self.range.clone());
                self.advance()?;
                Ok(part)
            }
            Token::Name(name) => {
                let range = self.range.clone();
                self.advance()?;
                if self.token == Token::Open {
                    self.named_call(name, range, nesting)
                } else {
                    Ok(leaf(Node::Name(name.to_owned()), range))
                }
            }
            Token::Operator(Function::Subtract) => {
                self.advance()?;
                let inner = self.expression(tightness::MINUS, nesting + 1)?;
                let range = start..inner.tree.range.end;
                self.call(Function::Negate, vec![inner], range)
            }
            Token::Not if least <= tightness::NOT => {
                self.advance()?;
                let inner = self.expression(tightness::NOT, nesting + 1)?;
                let range = start..inner.tree.range.end;
                self.call(Function::Not, vec![inner], range)
            }
            Token::Not => Err(self
                .unexpected("`not` binds more loosely than the operator before it")
                .with_help("write `(not …)`")),
            Token::Open => {
                self.advance()?;
                let mut inner = self.expression(tightness::LOOSEST, nesting + 1)?;
                self.close(start)?;
                inner.tree.range = start..self.end;
                Ok(inner)
            }
            Token::End => Err(ExprError::new(
                ErrorKind::UnexpectedEnd,
                self.range.clone(),
                "the expression ends where a number, a name or `(` is due",
            )),
            Token::Operator(_) | Token::Close | Token::Comma => Err(self
                .unexpected(format!("expected a number, a name or `(`, found `{}`", &self.text[self.range.clone()]))),
        }
    }

    /// `name(…)`, standing at its bracket.
    fn named_call(&mut self, name: &str, named: Range<usize>, nesting: usize) -> Result<Part, ExprError> {
        let open = self.range.start;
        self.advance()?;
        let mut arguments = Vec::new();
        if self.token != Token::Close {
            loop {
                arguments.push(self.expression(tightness::LOOSEST, nesting + 1)?);
                if self.token != Token::Comma {
                    break;
                }
                self.advance()?;
            }
        }
        self.close(open)?;
        let range = named.start..self.end;
        let Some(function) = NAMED.into_iter().find(|f| f.name() == name) else {
            self.mistakes.push(unknown_function(name, named));
            return Ok(Part { tree: Tree { node: Node::Number(0.0), range }, height: 1 });
        };
        if !function.arity().contains(&arguments.len()) {
            self.mistakes.push(wrong_arity(function, arguments.len(), range.clone()));
        }
        self.call(function, arguments, range)
    }

    /// Passes the bracket that closes the one at byte `open`.
    fn close(&mut self, open: usize) -> Result<(), ExprError> {
        match self.token {
            Token::Close => self.advance(),
            Token::End => {
                Err(ExprError::new(ErrorKind::UnexpectedEnd, self.range.clone(), "the expression ends before its `)`")
                    .with_help(format!("the `(` at character {} is open", self.character(open))))
            }
            Token::Comma => Err(self.unexpected("`,` outside a call").with_help("decimals take a point: 0.5")),
            _ => {
                Err(self.unexpected(format!("expected an operator or `)`, found `{}`", &self.text[self.range.clone()])))
            }
        }
    }

    /// Characters are counted from 1, as editors do.
    fn character(&self, byte: usize) -> usize {
        self.text[..byte].chars().count() + 1
    }

    fn call(&self, function: Function, parts: Vec<Part>, range: Range<usize>) -> Result<Part, ExprError> {
        let height = 1 + parts.iter().map(|p| p.height).max().unwrap_or(0);
        if height > MAX_HEIGHT {
            return Err(ExprError::new(
                ErrorKind::TooDeep,
                range,
                format!("more than {MAX_HEIGHT} operations in a row"),
            )
            .with_help("split it into `derived` variables"));
        }
        let arguments = parts.into_iter().map(|p| p.tree).collect();
        Ok(Part { tree: Tree { node: Node::Call(function, arguments), range }, height })
    }

    /// An error where a comparison with `middle` on its right is compared again.
    fn refuse_chain(&self, middle: &Part) -> Result<(), ExprError> {
        let Token::Operator(function) = self.token else {
            return Ok(());
        };
        if tightness::of(function) != tightness::COMPARISON {
            return Ok(());
        }
        let middle = &self.text[middle.tree.range.clone()];
        let sign = function.name();
        Err(ExprError::new(ErrorKind::ChainedComparison, self.range.clone(), "comparisons do not chain")
            .with_help(format!("write `… {middle} and {middle} {sign} …`")))
    }

    fn unexpected(&self, message: impl Into<String>) -> ExprError {
        ExprError::new(ErrorKind::UnexpectedToken, self.range.clone(), message)
    }
}

fn unknown_function(name: &str, range: Range<usize>) -> ExprError {
    let help = match name {
        "ln" => "the natural logarithm is `log`".to_owned(),
        "pow" => "a power is written `a ^ b`".to_owned(),
        "ifelse" | "iff" | "case" | "cond" => "a choice is written `if(condition, a, b)`".to_owned(),
        "plogis" | "logistic" | "invlogit" | "inv_logit" | "sigmoid" => "the inverse of `logit` is `expit`".to_owned(),
        "qlogis" => "it is called `logit`".to_owned(),
        "ceil" | "ceiling" => "write `-floor(-a)`".to_owned(),
        "log10" | "log2" | "log1p" | "expm1" => "there are `log` (natural) and `exp`".to_owned(),
        _ => match nearest(name, NAMED.iter().map(|f| f.name())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = NAMED.iter().map(|f| f.name()).collect();
                format!("functions are {}", names.join(", "))
            }
        },
    };
    ExprError::new(ErrorKind::UnknownFunction, range, format!("no function is called `{name}`")).with_help(help)
}

fn wrong_arity(function: Function, found: usize, range: Range<usize>) -> ExprError {
    let (name, arity) = (function.name(), function.arity());
    let wanted = match (arity.start(), arity.end()) {
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, _) => format!("at least {least} arguments"),
    };
    let error = ExprError::new(ErrorKind::WrongArity, range, format!("`{name}` takes {wanted}, found {found}"));
    match function {
        Function::If => error.with_help("write `if(condition, a, b)`"),
        Function::Clamp => error.with_help("write `clamp(a, low, high)`"),
        _ => error,
    }
}
