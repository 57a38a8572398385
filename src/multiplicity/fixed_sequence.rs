//! The fixed-sequence procedure.

use super::{Graph, Procedure, Scratch};
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `fixed-sequence`.
pub const FORM: Form = Form {
    name: "fixed-sequence",
    summary: "Fixed sequence: the hypotheses in their order, each at the full level, until one is not rejected.",
    keys: &[],
    example: "{}",
};

/// Adjusted p = the largest p-value up to this hypothesis.
///
/// `Source`: Maurer, Hothorn, Lehmacher (1995), in Vollmar (ed.), Biometrie in der chemisch-pharmazeutischen Industrie 6:3.
#[derive(Clone, Copy, Debug)]
struct FixedSequence;

/// Builds the procedure.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Procedure>, Complaint> {
    Ok(Box::new(FixedSequence))
}

impl Procedure for FixedSequence {
    fn adjust(&self, p: &[f64], _: &mut Scratch, adjusted: &mut [f64]) {
        let mut largest: f64 = 0.0;
        for (out, &p) in adjusted.iter_mut().zip(p) {
            largest = largest.max(p);
            *out = largest;
        }
    }

    fn graph(&self, count: usize) -> Option<Graph> {
        let weights: Vec<f64> = (0..count).map(|j| f64::from(u8::from(j == 0))).collect();
        let next = |j: usize, l: usize| f64::from(u8::from(l == j + 1));
        let transitions: Vec<f64> = (0..count).flat_map(|j| (0..count).map(move |l| next(j, l))).collect();
        Some(Graph::new(&weights, &transitions))
    }
}
