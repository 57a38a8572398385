//! Gatekeeping: families of hypotheses in order.

use super::{Graph, Procedure, Scratch, holm, hypotheses};
use crate::expr::nearest;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Value, Values};

/// Keys of `gatekeeping`.
pub const FORM: Form = Form {
    name: "gatekeeping",
    summary: "Gatekeeping: families of hypotheses, of which a later one is tested where enough of the earlier ones is rejected.",
    keys: &[
        Key {
            name: "gate",
            kind: Kind::Word(&["serial", "parallel"]),
            required: true,
            doc: "`serial`: each family by Holm at the full level, once all hypotheses of those before are rejected. `parallel`: the last family by Holm, those before by Bonferroni with equal shares, each passing on the share of the level that it rejects: one rejection is enough.",
        },
        Key {
            name: "families",
            kind: Kind::List(&Kind::List(&Kind::Name)),
            required: true,
            doc: "The families in their order, each a list of hypotheses; every hypothesis in one of them.",
        },
    ],
    example: r#"{ gate = "serial", families = [["primary"], ["second", "third"]] }"#,
};

/// Adjusted p = the largest of Holm's within the hypothesis's family and of all in the families before it.
///
/// `Source`: Maurer, Hothorn, Lehmacher (1995); Westfall, Krishen (2001), Journal of Statistical Planning and Inference 99:25.
#[derive(Clone, Debug)]
struct Serial {
    families: Vec<Vec<usize>>,
    ones: Vec<f64>,
}

/// The graph in which a hypothesis of a family leaves its share in equal parts to the next family, one of the last to the rest of it.
///
/// `Source`: Dmitrienko, Offen, Westfall (2003), Statistics in Medicine 22:2387; with more than two families Dmitrienko, Tamhane, Wiens
/// (2008), Biometrical Journal 50:667, with Bonferroni in all families but the last.
#[derive(Clone, Debug)]
struct Parallel(Graph);

/// Builds the procedure from its keys.
///
/// # Errors
/// Families that do not hold every hypothesis once.
pub fn build(values: &Values) -> Result<Box<dyn Procedure>, Complaint> {
    let families = families(values)?;
    if values.text("gate") == Some("serial") {
        let largest = families.iter().map(Vec::len).max().unwrap_or(0);
        return Ok(Box::new(Serial { families, ones: vec![1.0; largest] }));
    }
    let count = hypotheses(values).len();
    let (mut weights, mut transitions) = (vec![0.0; count], vec![0.0; count * count]);
    for (number, family) in families.iter().enumerate() {
        for &j in family {
            if number == 0 {
                weights[j] = 1.0 / family.len() as f64;
            }
            let (to, parts) = match families.get(number + 1) {
                Some(next) => (next, next.len()),
                None => (family, family.len() - 1),
            };
            for &l in to.iter().filter(|&&l| l != j) {
                transitions[j * count + l] = 1.0 / parts as f64;
            }
        }
    }
    Ok(Box::new(Parallel(Graph::new(&weights, &transitions))))
}

/// The families by numbers of hypotheses.
fn families(values: &Values) -> Result<Vec<Vec<usize>>, Complaint> {
    const KEY: &str = "families";
    let names = hypotheses(values);
    let wrong = |code: Code, message: String, help: String| Complaint { code, key: Some(KEY), message, help };
    let mut taken = vec![false; names.len()];
    let mut families = Vec::new();
    for (family, _) in values.list(KEY) {
        let Value::List(family) = family else { continue };
        let mut members = Vec::with_capacity(family.len());
        for (member, _) in family {
            let Value::Text(member) = member else { continue };
            let Some(j) = names.iter().position(|name| name == member) else {
                let mut help = "families are made of the names in `hypotheses`".to_owned();
                if let Some(near) = nearest(member, names.iter().copied()) {
                    help.push_str(&format!("; did you mean `{near}`?"));
                }
                return Err(wrong(Code::UnknownAnalysis, format!("`{member}` is not one of the hypotheses"), help));
            };
            if std::mem::replace(&mut taken[j], true) {
                let message = format!("`{member}` stands twice in the families");
                return Err(wrong(Code::DuplicateName, message, "each hypothesis is in one family".to_owned()));
            }
            members.push(j);
        }
        if members.is_empty() {
            return Err(wrong(Code::WrongLength, "a family is empty".to_owned(), "leave it out".to_owned()));
        }
        families.push(members);
    }
    if let Some(j) = taken.iter().position(|t| !t) {
        let message = format!("`{}` is in none of the families", names[j]);
        return Err(wrong(Code::Contradiction, message, "every hypothesis is in one family".to_owned()));
    }
    Ok(families)
}

impl Procedure for Serial {
    fn adjust(&self, p: &[f64], scratch: &mut Scratch, adjusted: &mut [f64]) {
        let Scratch { order, real, .. } = scratch;
        let mut largest: f64 = 0.0;
        for family in &self.families {
            let k = family.len();
            real.clear();
            real.extend(family.iter().map(|&j| p[j]));
            real.resize(2 * k, 0.0);
            let (p, own) = real.split_at_mut(k);
            holm::step_down(p, &self.ones[..k], 1.0, order, own);
            let before = largest;
            for (&j, &own) in family.iter().zip(&*own) {
                adjusted[j] = own.max(before);
                largest = largest.max(own);
            }
        }
    }
}

impl Procedure for Parallel {
    fn adjust(&self, p: &[f64], scratch: &mut Scratch, adjusted: &mut [f64]) {
        self.0.adjust(p, &mut scratch.graph, adjusted);
    }

    fn graph(&self, _: usize) -> Option<Graph> {
        Some(self.0.clone())
    }
}
