//! Graphs that pass the level of rejected hypotheses on, and the procedure that is one.

use super::{Procedure, Scratch, at_most_one, hypotheses, out_of_domain, over, weights};
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Value, Values};

/// Keys of `graph`.
pub const FORM: Form = Form {
    name: "graph",
    summary: "A graph: each hypothesis has a share of the level, and passes it on where it is rejected.",
    keys: &[
        Key {
            name: "weights",
            kind: Kind::List(&Kind::Number),
            required: true,
            doc: "Share of the level of each hypothesis at the start, at most 1 in all.",
        },
        Key {
            name: "transitions",
            kind: Kind::List(&Kind::List(&Kind::Number)),
            required: true,
            doc: "A list for each hypothesis: the part of its share that each hypothesis gets once it is rejected, at most 1 in all, 0 for itself.",
        },
    ],
    example: "{ weights = [0.5, 0.5], transitions = [[0, 1], [1, 0]] }",
};

/// Hypotheses with their shares of the level, and what each passes on to the others once it is rejected: the state of a sequentially
/// rejective test.
///
/// With weights wⱼ and transitions gⱼₗ, rejecting j gives
/// wₗ ← wₗ + wⱼgⱼₗ and gₗₘ ← (gₗₘ + gₗⱼgⱼₘ)/(1 − gₗⱼgⱼₗ) for l ≠ m, 0 where gₗⱼgⱼₗ = 1.
/// The state after several rejections does not depend on their order.
///
/// `Source`: Bretz, Maurer, Brannath, Posch (2009), Statistics in Medicine 28:586, algorithms 1 and 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    weights: Vec<f64>,
    /// Row after row.
    transitions: Vec<f64>,
    open: Vec<bool>,
}

impl Graph {
    /// A graph of `weights.len()` hypotheses, none rejected; `transitions` row after row. Shares are taken as they are.
    ///
    /// # Panics
    /// Where there are not as many transitions as pairs of hypotheses.
    #[must_use]
    pub fn new(weights: &[f64], transitions: &[f64]) -> Self {
        assert_eq!(transitions.len(), weights.len() * weights.len(), "a transition for each pair");
        Self { weights: weights.to_vec(), transitions: transitions.to_vec(), open: vec![true; weights.len()] }
    }

    /// Number of hypotheses.
    #[must_use]
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The share of the level at which hypothesis j is tested now; 0 once it is rejected.
    #[must_use]
    pub fn weight(&self, j: usize) -> f64 {
        self.weights[j]
    }

    /// The part of j's share that l would get.
    #[must_use]
    pub fn transition(&self, j: usize, l: usize) -> f64 {
        self.transitions[j * self.len() + l]
    }

    /// Whether hypothesis j is not rejected yet.
    #[must_use]
    pub fn is_open(&self, j: usize) -> bool {
        self.open[j]
    }

    /// Takes the state of another graph; allocates nothing where it is not larger than any before.
    pub fn copy_from(&mut self, other: &Self) {
        self.weights.clone_from(&other.weights);
        self.transitions.clone_from(&other.transitions);
        self.open.clone_from(&other.open);
    }

    /// Rejects hypothesis j: its share and its place in every path pass on. Nothing happens where it is rejected already.
    pub fn reject(&mut self, j: usize) {
        if !std::mem::replace(&mut self.open[j], false) {
            return;
        }
        let k = self.len();
        let share = std::mem::replace(&mut self.weights[j], 0.0);
        for l in (0..k).filter(|&l| self.open[l]) {
            let (there, back) = (self.transitions[l * k + j], self.transitions[j * k + l]);
            self.weights[l] += share * back;
            let leaves = 1.0 - there * back;
            for m in (0..k).filter(|&m| self.open[m] && m != l) {
                // row and column of j are left as they are until all others are done
                let passed = self.transitions[l * k + m] + there * self.transitions[j * k + m];
                self.transitions[l * k + m] = if leaves > 0.0 { passed / leaves } else { 0.0 };
            }
            // what leaves a loop by edges near the precision of decimals is known to few digits: never is more passed on than there is
            let row = &mut self.transitions[l * k..(l + 1) * k];
            let total: f64 = (0..k).filter(|&m| self.open[m] && m != l).map(|m| row[m]).sum();
            if total > 1.0 + 1e-9 {
                row.iter_mut().for_each(|g| *g /= total);
            }
        }
        for l in 0..k {
            self.transitions[j * k + l] = 0.0;
            self.transitions[l * k + j] = 0.0;
        }
    }

    /// The open hypothesis with the smallest p over its share, and that ratio: the next to be rejected. None where no open one has a
    /// share.
    #[must_use]
    pub fn next(&self, p: &[f64]) -> Option<(usize, f64)> {
        let ratio = |j: usize| over(p[j], self.weights[j]);
        let open = (0..self.len()).filter(|&j| self.open[j]).map(|j| (j, ratio(j)));
        open.filter(|(_, r)| r.is_finite()).min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Adjusted p-values of the sequentially rejective test that begins at this state (algorithm 2), 1 for what has been rejected before;
    /// `state` is where it is carried out.
    pub fn adjust(&self, p: &[f64], state: &mut Graph, adjusted: &mut [f64]) {
        state.copy_from(self);
        adjusted.fill(1.0);
        let mut largest: f64 = 0.0;
        while let Some((j, ratio)) = state.next(p) {
            largest = largest.max(ratio);
            if largest >= 1.0 {
                // it and all after it have 1
                break;
            }
            adjusted[j] = largest;
            state.reject(j);
        }
    }
}

/// The graph as a procedure.
#[derive(Clone, Debug)]
struct Graphical(Graph);

/// Builds the procedure from its keys.
///
/// # Errors
/// Weights or transitions that are not shares, or not one a hypothesis.
pub fn build(values: &Values) -> Result<Box<dyn Procedure>, Complaint> {
    const KEY: &str = "transitions";
    let names = hypotheses(values);
    let count = names.len();
    let weights = weights(values, false)?.unwrap_or_default();
    let rows = values.list(KEY);
    let wrong = |message: String| Complaint {
        code: Code::WrongLength,
        key: Some(KEY),
        message,
        help: "a list for each hypothesis, in their order, with a number for each hypothesis".to_owned(),
    };
    if rows.len() != count {
        return Err(wrong(format!("`transitions` has {} rows for {count} hypotheses", rows.len())));
    }
    let mut transitions = Vec::with_capacity(count * count);
    for (j, (row, _)) in rows.iter().enumerate() {
        let Value::List(row) = row else { continue };
        let row: Vec<f64> =
            row.iter().filter_map(|(v, _)| if let Value::Number(x) = v { Some(*x) } else { None }).collect();
        let name = names[j];
        if row.len() != count {
            return Err(wrong(format!("the transitions from `{name}` are {} for {count} hypotheses", row.len())));
        }
        if let Some(x) = row.iter().find(|x| **x < 0.0) {
            return Err(out_of_domain(
                KEY,
                format!("a transition from `{name}` is {x}"),
                "allowed: 0 or more".to_owned(),
            ));
        }
        if row[j] != 0.0 {
            let message = format!("`{name}` passes {} of its share to itself", row[j]);
            return Err(out_of_domain(KEY, message, "the diagonal is 0".to_owned()));
        }
        at_most_one(KEY, &format!("the transitions from `{name}` sum"), &row)?;
        transitions.extend(row);
    }
    Ok(Box::new(Graphical(Graph::new(&weights, &transitions))))
}

impl Procedure for Graphical {
    fn adjust(&self, p: &[f64], scratch: &mut Scratch, adjusted: &mut [f64]) {
        self.0.adjust(p, &mut scratch.graph, adjusted);
    }

    fn graph(&self, _: usize) -> Option<Graph> {
        Some(self.0.clone())
    }
}
