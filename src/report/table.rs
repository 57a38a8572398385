//! Aligned tables, and numbers rounded to what their Monte Carlo error supports.

use crate::result::Figure;

/// Rows of cells under a header; columns of text are left-aligned, columns of numbers right-aligned.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a header.
    #[must_use]
    pub fn new<const N: usize>(header: [&str; N]) -> Self {
        Self::of(header.iter().map(|s| (*s).to_owned()).collect())
    }

    /// An empty table with a header of as many columns as there are.
    #[must_use]
    pub fn of(header: Vec<String>) -> Self {
        Self { rows: vec![header] }
    }

    /// Appends a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether no cell of a column is a number.
    fn is_text(&self, column: usize) -> bool {
        let mut cells = self.rows[1..].iter().filter_map(|r| r.get(column)).filter(|s| !s.is_empty()).peekable();
        let number = |s: &String| s.starts_with(|c: char| c.is_ascii_digit() || "−–-".contains(c));
        cells.peek().is_some() && !cells.any(number)
    }

    /// The table with two spaces between columns and a rule under the header.
    #[must_use]
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |c: usize| self.rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let text: Vec<bool> = (0..columns).map(|c| c == 0 || self.is_text(c)).collect();
        let mut out = String::new();
        for (i, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (c, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[c] - cell.chars().count());
                if c > 0 {
                    line.push_str("  ");
                }
                let [first, second] = if text[c] { [cell.as_str(), &pad] } else { [&pad, cell.as_str()] };
                line.push_str(first);
                line.push_str(second);
            }
            out.push_str(line.trim_end());
            out.push('\n');
            if i == 0 {
                out.push_str(&"─".repeat(widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1)));
                out.push('\n');
            }
        }
        out
    }
}

/// A number to the decimals that its error supports: the last one printed is of the order of the error.
#[must_use]
pub fn rounded(x: f64, error: Option<f64>) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    let decimals = match error {
        Some(e) if e > 0.0 => (-e.log10()).ceil().clamp(0.0, 4.0) as usize,
        Some(_) => 3,
        None => 3,
    };
    let text = format!("{x:.decimals$}");
    // −0.00 is 0.00
    let text = if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    };
    text.replace('-', "−")
}

/// A figure rounded by its own error.
#[must_use]
pub fn figure(f: Option<Figure>) -> String {
    f.map_or_else(|| "–".to_owned(), |f| rounded(f.estimate, f.mcse))
}

/// A figure with its error behind ±.
#[must_use]
pub fn with_error(f: Option<Figure>) -> String {
    match f {
        Some(Figure { estimate, mcse: Some(e) }) => format!("{} ± {}", rounded(estimate, Some(e)), rounded(e, Some(e))),
        other => figure(other),
    }
}

/// A share in percent, rounded by its error.
#[must_use]
pub fn percent(share: f64, error: Option<f64>) -> String {
    rounded(100.0 * share, error.filter(|e| *e > 0.0).map(|e| 100.0 * e).or(Some(0.1)))
}

/// A count with thousands separated.
#[must_use]
pub fn count(x: u64) -> String {
    let digits = x.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
