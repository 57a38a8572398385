//! X in 1 … K, ordered, with proportional odds: odds(X > k) = θ · odds₀(X > k) for every k.

use super::categorical::sum_to_one;
use super::quote::{MOST_LEVELS, checked_list, expression, optional};
use super::{Arg, Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Values mapped at a time.
const BLOCK: usize = 256;

/// As written.
pub const FORM: Form = Form {
    name: "ordinal",
    summary: "An ordered category, coded 1, 2, 3 …, with proportional odds.",
    keys: &[
        Key {
            name: "probabilities",
            kind: Kind::List(&Kind::Number),
            required: true,
            doc: "Probability of each category where the odds ratio is 1, 2 to 32 of them; their sum is 1.",
        },
        expression("odds-ratio", false, "Odds ratio > 0 of exceeding each category; default 1."),
    ],
    example: r#"{ probabilities = [0.4, 0.3, 0.2, 0.1], odds-ratio = "if(treatment, 0.6, 1)" }"#,
};

/// x = 1 + number of k with θu/(1 − u) > P₀(X ≤ k) / P₀(X > k).
#[derive(Clone, Debug)]
pub struct Ordinal {
    odds_ratio: Expr,
    /// P₀(X ≤ k) and P₀(X > k) for k < K, each summed from its own end so that empty categories stay empty.
    sides: Vec<(f64, f64)>,
}

/// Reads it.
///
/// # Errors
/// Too few or too many probabilities, one outside 0 to 1, or a sum that is not 1; an odds ratio that is not positive.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let probabilities = checked_list(values, "probabilities", Domain::Probability, (2, MOST_LEVELS))?;
    sum_to_one(&probabilities)?;
    let p = values.numbers("probabilities");
    let sides = (1..p.len()).map(|k| (p[..k].iter().sum(), p[k..].iter().rev().sum())).collect();
    Ok(Box::new(Ordinal {
        odds_ratio: optional(values, "odds-ratio", Domain::Positive)?.unwrap_or(Expr::Number(1.0)),
        sides,
    }))
}

impl Distribution for Ordinal {
    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter { name: "odds-ratio", value: self.odds_ratio.clone(), domain: Domain::Positive }]
    }

    fn draw(&self) -> Draw {
        Draw::Code { first: 1, levels: self.sides.len() as u8 + 1 }
    }

    fn code(&self, u: &[f64], p: &[Arg<'_>], out: &mut [u8]) {
        let mut odds = [0.0; BLOCK];
        for (start, (u, out)) in (0..).step_by(BLOCK).zip(u.chunks(BLOCK).zip(out.chunks_mut(BLOCK))) {
            let odds = &mut odds[..u.len()];
            let rows = odds.iter_mut().zip(u);
            match p[0] {
                Arg::One(ratio) => rows.for_each(|(o, u)| *o = ratio * (u / (1.0 - u))),
                Arg::Each(ratio) => rows.zip(&ratio[start..]).for_each(|((o, u), ratio)| *o = ratio * (u / (1.0 - u))),
            }
            out.fill(1);
            for (below, above) in &self.sides {
                let cut = below / above;
                for (o, odds) in out.iter_mut().zip(&*odds) {
                    *o += u8::from(*odds > cut);
                }
            }
        }
    }

    fn cumulative(&self, p: &[f64], cumulative: &mut [f64]) {
        for (c, (below, above)) in cumulative.iter_mut().zip(&self.sides) {
            *c = below / (below + p[0] * above);
        }
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x < 1.0 {
            return 1.0;
        }
        let side = self.sides.get(x as usize - 1);
        side.map_or(0.0, |(below, above)| p[0] * above / (below + p[0] * above))
    }
}
