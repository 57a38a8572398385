//! Columns of patients: struct of arrays, reused from replicate to replicate.

use crate::expr::{Arms, ColumnId, Columns};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Real numbers.
    Real,
    /// Small codes: flags and categories.
    Code,
}

/// Rows of patients with their columns. Columns that are not drawn stay empty.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Number of rows.
    pub rows: usize,
    /// Real columns by column number.
    pub real: Vec<Vec<f64>>,
    /// Code columns by column number.
    pub code: Vec<Vec<u8>>,
    /// Index of each row's arm; empty before allocation.
    pub arm: Vec<u8>,
    /// Index of each row's site; empty where there are no sites, or candidates do not have theirs yet.
    pub site: Vec<u16>,
}

impl Frame {
    /// A frame for `columns` columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            rows: 0,
            real: vec![Vec::new(); columns],
            code: vec![Vec::new(); columns],
            arm: Vec::new(),
            site: Vec::new(),
        }
    }

    /// Forgets all rows, keeps the memory.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.arm.clear();
        self.site.clear();
        for c in &mut self.real {
            c.clear();
        }
        for c in &mut self.code {
            c.clear();
        }
    }

    /// The value of column `c` in row `i` as a number.
    #[must_use]
    pub fn value(&self, c: ColumnId, i: usize) -> f64 {
        let c = c.0 as usize;
        self.real[c].get(i).copied().or_else(|| self.code[c].get(i).map(|&x| f64::from(x))).unwrap_or(f64::NAN)
    }
}

/// Keeps of `column` the rows whose flag is 1, in order.
pub fn keep<T: Copy>(column: &mut Vec<T>, flags: &[u8]) {
    let mut kept = 0;
    for i in 0..column.len().min(flags.len()) {
        column[kept] = column[i];
        kept += usize::from(flags[i]);
    }
    column.truncate(kept);
}

impl Columns for Frame {
    fn real(&self, column: ColumnId) -> Option<&[f64]> {
        self.real.get(column.0 as usize).filter(|c| !c.is_empty()).map(Vec::as_slice)
    }

    fn code(&self, column: ColumnId) -> Option<&[u8]> {
        self.code.get(column.0 as usize).filter(|c| !c.is_empty()).map(Vec::as_slice)
    }

    fn arm(&self) -> Arms<'_> {
        if self.arm.is_empty() { Arms::One(u8::MAX) } else { Arms::Each(&self.arm) }
    }
}
