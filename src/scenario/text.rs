//! Expressions of a scenario in its own names, and hypotheses in the protocol's words.

use super::{AnalysisPlan, Scenario};
use crate::analysis::Scale;
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

impl AnalysisPlan {
    /// What the row tests in a protocol's words; margins and limits as they were written, a ratio where the estimate is one.
    /// `orientation` is +1 where a larger estimate favours the experimental arm, else −1.
    #[must_use]
    pub fn hypothesis(&self, orientation: f64) -> String {
        let scale = self.method.scale();
        let shown = |x: f64| {
            let x = if scale == Scale::LogRatio { x.exp() } else { x };
            let text = format!("{x:.6}");
            text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
        };
        let beyond = orientation * (self.null - if scale == Scale::Probability { 0.5 } else { 0.0 });
        match self.equivalence {
            Some([low, high]) => format!("equivalence within {} to {}", shown(low), shown(high)),
            None if beyond < 0.0 => format!("non-inferiority, margin {}", shown(self.null)),
            None if beyond > 0.0 => format!("superiority, margin {}", shown(self.null)),
            None => "superiority".to_owned(),
        }
    }
}
