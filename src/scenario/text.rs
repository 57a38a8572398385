//! Expressions of a scenario in its own names.

use super::Scenario;
use crate::expr::{ColumnId, Expr};

impl Scenario {
    /// An expression as text, with the names of this scenario.
    #[must_use]
    pub fn expression_text(&self, e: &Expr) -> String {
        let column = |c: ColumnId| self.variables.get(usize::from(c.0)).map_or_else(String::new, |v| v.name.clone());
        let arm = |a: u8| self.arms.get(usize::from(a)).map_or_else(String::new, |x| x.name.clone());
        e.text(&column, &arm)
    }
}
