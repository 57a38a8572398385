//! What an expression reads.

use std::collections::BTreeSet;

use super::fold::call;
use super::{ColumnId, Expr};

impl Expr {
    /// The columns it reads, ascending, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<ColumnId> {
        let mut found = BTreeSet::new();
        self.visit(&mut |leaf| {
            if let Expr::Column(column) = leaf {
                found.insert(*column);
            }
        });
        found.into_iter().collect()
    }

    /// Whether it reads the patient's arm.
    #[must_use]
    pub fn reads_arm(&self) -> bool {
        let mut found = false;
        self.visit(&mut |leaf| found |= matches!(leaf, Expr::Arm(_)));
        found
    }

    /// What it is for patients of one arm: `if(treatment, 0.5, 0.35)` becomes a number.
    #[must_use]
    pub fn specialise_arm(&self, arm: u8) -> Expr {
        match self {
            Expr::Arm(of) => Expr::Number(super::function::truth(*of == arm)),
            Expr::Call(function, arguments) => {
                call(*function, arguments.iter().map(|a| a.specialise_arm(arm)).collect())
            }
            leaf => leaf.clone(),
        }
    }

    /// Calls `see` with every leaf.
    fn visit(&self, see: &mut impl FnMut(&Expr)) {
        match self {
            Expr::Call(_, arguments) => arguments.iter().for_each(|a| a.visit(see)),
            leaf => see(leaf),
        }
    }
}
