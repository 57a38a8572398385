//! The fallback procedure.

use super::{Graph, Procedure, Scratch, hypotheses, weights};
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `fallback`.
pub const FORM: Form = Form {
    name: "fallback",
    summary: "Fallback: the hypotheses in their order, each at its own share of the level and what those rejected before it leave.",
    keys: &[Key {
        name: "weights",
        kind: Kind::List(&Kind::Number),
        required: true,
        doc: "Share of the level of each hypothesis, at most 1 in all; 1 and zeros are the fixed sequence.",
    }],
    example: "{ weights = [0.8, 0.2] }",
};

/// The graph in which each hypothesis leaves its weight to the next, and the last to none.
///
/// `Source`: Wiens (2003), Pharmaceutical Statistics 2:211; Wiens, Dmitrienko (2005), Journal of Biopharmaceutical Statistics 15:929.
#[derive(Clone, Debug)]
struct Fallback {
    graph: Graph,
}

/// Builds the procedure from its keys.
///
/// # Errors
/// Weights that are not shares, one a hypothesis.
pub fn build(values: &Values) -> Result<Box<dyn Procedure>, Complaint> {
    let count = hypotheses(values).len();
    let Some(weights) = weights(values, false)? else {
        return Err(Complaint {
            code: Code::MissingKey,
            key: None,
            message: "`fallback` has no `weights`".to_owned(),
            help: "one for each hypothesis, in their order".to_owned(),
        });
    };
    let mut transitions = vec![0.0; count * count];
    for j in 1..count {
        transitions[(j - 1) * count + j] = 1.0;
    }
    Ok(Box::new(Fallback { graph: Graph::new(&weights, &transitions) }))
}

impl Procedure for Fallback {
    fn adjust(&self, p: &[f64], scratch: &mut Scratch, adjusted: &mut [f64]) {
        self.graph.adjust(p, &mut scratch.graph, adjusted);
    }

    fn graph(&self, _: usize) -> Option<Graph> {
        Some(self.graph.clone())
    }
}
