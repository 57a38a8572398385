//! Hochberg's procedure.

use super::{Dependence, Procedure, Scratch, ascending};
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `hochberg`.
pub const FORM: Form = Form {
    name: "hochberg",
    summary: "Hochberg: Holm's levels from the largest p-value down; for independent or positively dependent p-values.",
    keys: &[],
    example: "{}",
};

/// Adjusted p = the smallest of (k − i + 1) p₍ᵢ₎ over this and all larger p-values.
///
/// `Source`: Hochberg (1988), Biometrika 75:800.
#[derive(Clone, Copy, Debug)]
struct Hochberg;

/// Builds the procedure.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Procedure>, Complaint> {
    Ok(Box::new(Hochberg))
}

impl Procedure for Hochberg {
    fn adjust(&self, p: &[f64], scratch: &mut Scratch, adjusted: &mut [f64]) {
        ascending(&mut scratch.order, p.len(), |j| p[j]);
        let mut smallest: f64 = 1.0;
        for (larger, &j) in scratch.order.iter().rev().enumerate() {
            smallest = smallest.min((larger + 1) as f64 * p[j]);
            adjusted[j] = smallest;
        }
    }

    fn holds_for(&self) -> Dependence {
        Dependence::Positive
    }
}
