//! T ~ Weibull(k, b): S(t) = e^(−(t/b)ᵏ), shape k, scale b.

use super::map::{cumulative_hazard, each, over_rate};
use super::quote::{BY, HAZARD_RATIO, MARGINAL, MEDIAN, Point, RISK, checked, expression, hazard_ratio, one_way};
use super::{Arg, Distribution, Domain, Draw, Parameter, Quoted};
use crate::expr::Expr;
use crate::math::elementary::{exp, exp_in_place, ln, ln_in_place};
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "weibull",
    summary: "Time to an event whose hazard rises (shape > 1) or falls (shape < 1), quoted by its scale, its median, or a risk by some month.",
    keys: &[
        expression("shape", true, "Shape k > 0: the hazard grows as t^(k − 1)."),
        expression("scale", false, "Month by which 63.2% of the patients have had the event."),
        MEDIAN,
        RISK,
        BY,
        HAZARD_RATIO,
        MARGINAL,
    ],
    example: "{ shape = 1.2, risk = 0.3, by = 12 }",
};

/// t = (−ln(1 − u))^(1/k) / a; a, the inverse of the scale, is (H·h)^(1/k) / τ where the cumulative hazard is quoted as H
/// at τ and the hazard ratio is h; never (+∞) where a is 0.
#[derive(Clone, Debug)]
pub struct Weibull {
    inverse_scale: Expr,
    inverse_shape: Expr,
    quoted: Point,
}

/// Reads it.
///
/// # Errors
/// Not exactly one way of quoting it, or a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let quoted = match one_way(values, &[&["scale"], &["median"], &["risk", "by"]])? {
        0 => Point { hazard: Expr::Number(1.0), time: checked(values, "scale", Domain::Positive)? },
        _ => Point::read(values)?,
    };
    let inverse_shape = 1.0 / checked(values, "shape", Domain::Positive)?;
    let Point { hazard, time } = quoted.clone();
    let inverse_scale = (hazard * hazard_ratio(values)?).powf(inverse_shape.clone()) / time;
    Ok(Box::new(Weibull { inverse_scale, inverse_shape, quoted }))
}

impl Distribution for Weibull {
    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter {
                name: "1 / scale (with hazard-ratio)",
                value: self.inverse_scale.clone(),
                domain: Domain::NonNegative,
            },
            Parameter { name: "1 / shape", value: self.inverse_shape.clone(), domain: Domain::Positive },
        ]
    }

    fn draw(&self) -> Draw {
        Draw::Quantile
    }

    fn quantile(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        cumulative_hazard(u, out);
        ln_in_place(out);
        each(out, p[1], |log, inverse_shape| log * inverse_shape);
        exp_in_place(out);
        over_rate(out, p[0]);
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x <= 0.0 { 1.0 } else { exp(-exp(ln(p[0] * x) / p[1])) }
    }

    fn is_event_time(&self) -> bool {
        true
    }

    fn quoted(&self, control: u8) -> Option<Quoted> {
        self.quoted.numbers(control)
    }

    fn scaled(&self, factor: f64) -> Option<Box<dyn Distribution>> {
        let times_as_fast = Expr::Number(factor).powf(self.inverse_shape.clone());
        Some(Box::new(Self { inverse_scale: self.inverse_scale.clone() * times_as_fast, ..self.clone() }))
    }
}
