//! T ~ log-logistic(k, b): S(t) = 1 / (1 + (t/b)ᵏ), the odds of the event grow as tᵏ; with a hazard ratio h, S(t)^h.

use super::map::cumulative_hazard;
use super::quote::{BY, HAZARD_RATIO, MARGINAL, MEDIAN, Point, RISK, checked, expression, hazard_ratio, one_way};
use super::{Arg, Distribution, Domain, Draw, Parameter, Quoted};
use crate::expr::Expr;
use crate::math::elementary::{exp, exp_in_place, exp_m1, ln, ln_1p};
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "log-logistic",
    summary: "Time to an event whose hazard rises and then falls (shape > 1) or falls (shape ≤ 1), quoted by its scale, its median, or a risk by some month.",
    keys: &[
        expression("shape", true, "Shape k > 0: the odds of having had the event grow as t^k."),
        expression("scale", false, "Another word for the median of a patient whose hazard ratio is 1."),
        MEDIAN,
        RISK,
        BY,
        HAZARD_RATIO,
        MARGINAL,
    ],
    example: "{ shape = 1.5, risk = 0.3, by = 12 }",
};

/// t = (e^(E/h) − 1)^(1/k) / a with E = −ln(1 − u): F⁻¹(1 − (1 − u)^(1/h)); a, the inverse of the scale, is (r/(1 − r))^(1/k) / τ
/// where a risk r is quoted by τ; never (+∞) where a or h is 0.
#[derive(Clone, Debug)]
pub struct LogLogistic {
    hazard_ratio: Expr,
    inverse_scale: Expr,
    inverse_shape: Expr,
    quoted: Point,
}

/// Reads it.
///
/// # Errors
/// Not exactly one way of quoting it, or a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let way = one_way(values, &[&["scale"], &["median"], &["risk", "by"]])?;
    let inverse_shape = 1.0 / checked(values, "shape", Domain::Positive)?;
    let half = std::f64::consts::LN_2;
    let (quoted, odds) = match way {
        0 => (Point { hazard: Expr::Number(half), time: checked(values, "scale", Domain::Positive)? }, None),
        1 => (Point::read(values)?, None),
        _ => {
            let risk = checked(values, "risk", Domain::Probability)?;
            (Point::read(values)?, Some(risk.clone() / (1.0 - risk)))
        }
    };
    let distance = odds.map_or(Expr::Number(1.0), |odds| odds.powf(inverse_shape.clone()));
    let inverse_scale = distance / quoted.time.clone();
    Ok(Box::new(LogLogistic { hazard_ratio: hazard_ratio(values)?, inverse_scale, inverse_shape, quoted }))
}

/// ln(eʸ − 1) of a y > 0, which eʸ need not hold.
fn ln_exp_m1(y: f64) -> f64 {
    if y > 40.0 { y } else { ln(exp_m1(y)) }
}

/// ln(1 + eʸ).
fn ln_1p_exp(y: f64) -> f64 {
    y.max(0.0) + ln_1p(exp(-y.abs()))
}

impl Distribution for LogLogistic {
    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter { name: "hazard-ratio", value: self.hazard_ratio.clone(), domain: Domain::NonNegative },
            Parameter { name: "1 / scale", value: self.inverse_scale.clone(), domain: Domain::NonNegative },
            Parameter { name: "1 / shape", value: self.inverse_shape.clone(), domain: Domain::Positive },
        ]
    }

    fn draw(&self) -> Draw {
        Draw::Quantile
    }

    fn quantile(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        cumulative_hazard(u, out);
        for (i, t) in out.iter_mut().enumerate() {
            // |a|, |h|: −0 is 0.
            *t = ln_exp_m1(*t / p[0].at(i).abs()) * p[2].at(i);
        }
        exp_in_place(out);
        for (i, t) in out.iter_mut().enumerate() {
            // A time too short for its digits is still not 0, which would make never (÷ 0) NaN.
            *t = t.max(f64::MIN_POSITIVE) * (1.0 / p[1].at(i).abs());
        }
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x <= 0.0 || p[0] == 0.0 || p[1] == 0.0 {
            return 1.0;
        }
        exp(-p[0] * ln_1p_exp(ln(p[1] * x) / p[2]))
    }

    fn is_event_time(&self) -> bool {
        true
    }

    fn quoted(&self, control: u8) -> Option<Quoted> {
        self.quoted.numbers(control)
    }

    fn scaled(&self, factor: f64) -> Option<Box<dyn Distribution>> {
        Some(Box::new(Self { hazard_ratio: self.hazard_ratio.clone() * factor, ..self.clone() }))
    }
}
