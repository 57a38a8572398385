//! The Bonferroni procedure.

use super::{Graph, Procedure, Scratch, hypotheses, over, weights};
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `bonferroni`.
pub const FORM: Form = Form {
    name: "bonferroni",
    summary: "Bonferroni: each hypothesis at its own share of the level.",
    keys: &[Key {
        name: "weights",
        kind: Kind::List(&Kind::Number),
        required: false,
        doc: "Share of the level of each hypothesis, at most 1 in all; default: equal shares.",
    }],
    example: "{ weights = [0.5, 0.5] }",
};

/// Adjusted p = p_j/w_j.
#[derive(Clone, Debug)]
struct Bonferroni {
    /// 1/w_j where the shares are equal, so that k hypotheses multiply by k exactly.
    factor: f64,
    weights: Option<Vec<f64>>,
}

/// Builds the procedure from its keys.
///
/// # Errors
/// Weights that are not positive shares, one a hypothesis.
pub fn build(values: &Values) -> Result<Box<dyn Procedure>, Complaint> {
    Ok(Box::new(Bonferroni { factor: hypotheses(values).len() as f64, weights: weights(values, true)? }))
}

impl Procedure for Bonferroni {
    fn adjust(&self, p: &[f64], _: &mut Scratch, adjusted: &mut [f64]) {
        for (j, (out, &p)) in adjusted.iter_mut().zip(p).enumerate() {
            let raised = self.weights.as_ref().map_or(p * self.factor, |w| over(p, w[j]));
            *out = raised.min(1.0);
        }
    }

    fn graph(&self, count: usize) -> Option<Graph> {
        let equal = || vec![1.0 / count as f64; count];
        Some(Graph::new(&self.weights.clone().unwrap_or_else(equal), &vec![0.0; count * count]))
    }
}
