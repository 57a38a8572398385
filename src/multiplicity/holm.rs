//! Holm's procedure.

use super::{Graph, Procedure, Scratch, ascending, hypotheses, weights};
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `holm`.
pub const FORM: Form = Form {
    name: "holm",
    summary: "Holm: Bonferroni, where what is rejected leaves its share of the level to the rest.",
    keys: &[Key {
        name: "weights",
        kind: Kind::List(&Kind::Number),
        required: false,
        doc: "Share of the level of each hypothesis, at most 1 in all; default: equal shares.",
    }],
    example: "{ weights = [0.5, 0.5] }",
};

/// In ascending order of p_j/w_j, adjusted p = the largest so far of p_j (W/w_j)/s, W the weight of j and all after it, s that of all
/// hypotheses where it is less than 1.
///
/// `Source`: Holm (1979), Scandinavian Journal of Statistics 6:65, section 4 for weights.
#[derive(Clone, Debug)]
struct Holm {
    weights: Vec<f64>,
    /// Share of the level that is used.
    used: f64,
}

/// Builds the procedure from its keys.
///
/// # Errors
/// Weights that are not positive shares, one a hypothesis.
pub fn build(values: &Values) -> Result<Box<dyn Procedure>, Complaint> {
    let holm = match weights(values, true)? {
        Some(weights) => Holm { used: weights.iter().sum::<f64>().min(1.0), weights },
        // ones, so that the factors are k, k − 1, … exactly
        None => Holm { weights: vec![1.0; hypotheses(values).len()], used: 1.0 },
    };
    Ok(Box::new(holm))
}

impl Procedure for Holm {
    fn adjust(&self, p: &[f64], scratch: &mut Scratch, adjusted: &mut [f64]) {
        step_down(p, &self.weights, self.used, &mut scratch.order, adjusted);
    }

    fn graph(&self, count: usize) -> Option<Graph> {
        let sum: f64 = self.weights.iter().sum();
        let weights: Vec<f64> = self.weights.iter().map(|w| w / sum * self.used).collect();
        // what is rejected leaves its share to the rest in proportion to theirs
        let part = |j: usize, l: usize| if j == l { 0.0 } else { self.weights[l] / (sum - self.weights[j]) };
        let transitions: Vec<f64> = (0..count).flat_map(|j| (0..count).map(move |l| part(j, l))).collect();
        Some(Graph::new(&weights, &transitions))
    }
}

/// Holm's adjusted p-values.
pub(super) fn step_down(p: &[f64], weights: &[f64], used: f64, order: &mut Vec<usize>, adjusted: &mut [f64]) {
    ascending(order, p.len(), |j| p[j] / weights[j]);
    let mut largest: f64 = 0.0;
    for (done, &j) in order.iter().enumerate() {
        let left: f64 = order[done..].iter().map(|&l| weights[l]).sum();
        largest = largest.max(p[j] * (left / weights[j]) / used);
        adjusted[j] = largest.min(1.0);
    }
}
