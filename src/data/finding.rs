//! What is wrong with data: each kind of mistake once, with its column and the rows that have it.

use std::fmt::Write;

/// Rows of one mistake that are shown; the others are counted.
const SHOWN: usize = 5;

/// Different mistakes of one column that are kept; the others are counted.
const OF_COLUMN: usize = 10;

/// A mistake in the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The column; empty where it is of none.
    pub column: String,
    /// The first rows that have it, counted from 1 below the headers; empty where it is of the whole column.
    pub rows: Vec<usize>,
    /// How many rows have it.
    pub count: usize,
    /// What was found, and what is allowed.
    pub message: String,
}

/// All mistakes of a file.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// In the order in which they were found.
    pub all: Vec<Finding>,
    /// How many more there are of columns that are wrong in nearly every row.
    pub more: usize,
}

/// What stands in a cell, as a message shows it: not longer than a line, without the signs by which terminals are steered.
#[must_use]
pub fn shown(cell: &str) -> String {
    const MOST: usize = 60;
    let text: String = cell
        .chars()
        .take(MOST)
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if cell.chars().nth(MOST).is_some() { format!("{text}…") } else { text }
}

impl Findings {
    /// A mistake of a whole column, or of none.
    pub fn of_column(&mut self, column: &str, message: impl Into<String>) {
        let finding = Finding { column: column.to_owned(), rows: Vec::new(), count: 0, message: message.into() };
        if !self.all.contains(&finding) {
            self.all.push(finding);
        }
    }

    /// A mistake in a row (counted from 0); rows with the same message stand together.
    pub fn of_row(&mut self, column: &str, row: usize, message: impl Into<String>) {
        let message = message.into();
        let many = self.all.iter().filter(|f| f.column == column).count() >= OF_COLUMN;
        match self.all.iter_mut().find(|f| f.count > 0 && f.column == column && f.message == message) {
            Some(f) => {
                if f.rows.contains(&(row + 1)) {
                    return;
                }
                f.count += 1;
                if f.rows.len() < SHOWN {
                    f.rows.push(row + 1);
                }
            }
            None if many => self.more += 1,
            None => self.all.push(Finding { column: column.to_owned(), rows: vec![row + 1], count: 1, message }),
        }
    }

    /// The mistakes as a list.
    #[must_use]
    pub fn render(&self, file: &str) -> String {
        let n = self.all.len() + self.more;
        let mut out = format!(
            "error: {file} cannot be analysed as the scenario asks: {n} mistake{}\n",
            if n == 1 { "" } else { "s" }
        );
        // a column of nothing but mistakes need not be shown in full
        const MOST: usize = 40;
        for f in self.all.iter().take(MOST) {
            out.push_str("  ");
            if !f.column.is_empty() {
                let _ = write!(out, "column `{}`", shown(&f.column));
                if !f.rows.is_empty() {
                    out.push_str(", ");
                }
            }
            if let [first, others @ ..] = &f.rows[..] {
                let _ = write!(out, "row{} {first}", if f.count == 1 { "" } else { "s" });
                let left = f.count - f.rows.len();
                for (i, row) in others.iter().enumerate() {
                    let and = if left == 0 && i + 1 == others.len() { " and" } else { "," };
                    let _ = write!(out, "{and} {row}");
                }
                if left > 0 {
                    let _ = write!(out, " and {left} more");
                }
            }
            if !(f.column.is_empty() && f.rows.is_empty()) {
                out.push_str(": ");
            }
            let _ = writeln!(out, "{}", f.message);
        }
        let shown = self.all.len().min(MOST);
        if n > shown {
            let _ = writeln!(out, "  and {} more", n - shown);
        }
        out
    }
}
