//! Expressions compiled to programs that are evaluated a column at a time.
//!
//! Rows are taken in blocks, so that registers stay in the nearest cache. Conditions are computed on bytes; an operand may
//! be a constant or a column, which saves a copy. The result is that of [`Function::apply`](super::Function::apply) row by
//! row, to the bit (but for NaN, whose bits mean nothing).

mod bank;
mod compile;
mod step;

use super::kernel;
use super::{ColumnId, Expr, fold};
use bank::{Bank, Stack};
use step::{Frame, Source, Step};

/// Rows evaluated together: a register of this length takes 8 KiB.
const BLOCK: usize = 1024;

/// Arms of the patients.
#[derive(Clone, Copy, Debug)]
pub enum Arms<'a> {
    /// All rows are of this arm.
    One(u8),
    /// The arm of each row.
    Each(&'a [u8]),
}

/// The columns a program reads.
///
/// A column that is neither real nor codes, or shorter than the rows asked for, reads as NaN.
pub trait Columns {
    /// The column's values, where it is real.
    fn real(&self, column: ColumnId) -> Option<&[f64]>;
    /// The column's codes or flags, where it is made of them.
    fn code(&self, column: ColumnId) -> Option<&[u8]>;
    /// The patients' arms.
    fn arm(&self) -> Arms<'_>;
}

/// Intermediate results: grow to what the programs need, and are kept from one evaluation to the next.
#[derive(Clone, Debug, Default)]
pub struct Registers {
    real: Stack<f64>,
    flags: Stack<u8>,
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Program {
    steps: Vec<Step>,
    result: Source,
    /// Registers used, of real values and of flags.
    real: usize,
    flags: usize,
}

impl Program {
    /// Compiles an expression, folding it first.
    #[must_use]
    pub fn compile(expr: &Expr) -> Program {
        compile::program(&fold(expr.clone()))
    }

    /// The value, where it is the same for every row.
    #[must_use]
    pub fn constant(&self) -> Option<f64> {
        match self.result {
            Source::Number(x) => Some(x),
            _ => None,
        }
    }

    /// out\[i\] = the expression's value in row i.
    ///
    /// # Shapes
    /// `out` has at least `rows` elements, and so have the columns.
    pub fn eval(&self, rows: usize, columns: &dyn Columns, scratch: &mut Registers, out: &mut [f64]) {
        self.grow(rows, scratch);
        let Registers { real, flags } = scratch;
        for (block, out) in out[..rows].chunks_mut(BLOCK).enumerate() {
            let rows = out.len();
            let mut frame = Frame {
                columns,
                start: block * BLOCK,
                real: Bank::new(out, &mut real.rest, rows),
                flags: Bank::new(&mut flags.first, &mut flags.rest, rows),
            };
            frame.run(&self.steps);
            if self.result != Source::Real(0) {
                frame.load(self.result);
            }
        }
    }

    /// out\[i\] = 1 where the expression is true in row i (other than 0), else 0.
    ///
    /// # Shapes
    /// As for [`Program::eval`].
    pub fn eval_flags(&self, rows: usize, columns: &dyn Columns, scratch: &mut Registers, out: &mut [u8]) {
        self.grow(rows, scratch);
        let Registers { real, flags } = scratch;
        for (block, out) in out[..rows].chunks_mut(BLOCK).enumerate() {
            let rows = out.len();
            let mut frame = Frame {
                columns,
                start: block * BLOCK,
                real: Bank::new(&mut real.first, &mut real.rest, rows),
                flags: Bank::new(out, &mut flags.rest, rows),
            };
            frame.run(&self.steps);
            if self.result != Source::Flags(0) {
                frame.run(&[Step::is_true(self.result)]);
            }
        }
    }

    fn grow(&self, rows: usize, scratch: &mut Registers) {
        scratch.real.grow(self.real, rows.min(BLOCK));
        scratch.flags.grow(self.flags, rows.min(BLOCK));
    }
}
