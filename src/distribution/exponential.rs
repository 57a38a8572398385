//! T ~ Exponential(λ): constant hazard λ, S(t) = e^(−λt).

use super::map::{cumulative_hazard, over_rate};
use std::f64::consts::LN_2;

use super::quote::{BY, HAZARD_RATIO, MARGINAL, MEDIAN, Point, RISK, checked, expression, hazard_ratio, one_way};
use super::{Arg, Distribution, Domain, Draw, Family, Parameter, Quoted};
use crate::expr::Expr;
use crate::math::elementary::exp;
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "exponential",
    summary: "Time to an event of constant hazard, quoted by its rate, its median, or a risk by some month.",
    keys: &[
        expression("rate", false, "Events a patient-month, 0 or more; 0 means never."),
        MEDIAN,
        RISK,
        BY,
        HAZARD_RATIO,
        MARGINAL,
    ],
    example: r#"{ risk = 0.05, by = 12, hazard-ratio = "if(treatment, 0.8, 1)" }"#,
};

/// t = −ln(1 − u) / λ, λ = quoted rate × hazard ratio; never (+∞) where that is 0.
#[derive(Clone, Debug)]
pub struct Exponential {
    rate: Expr,
    quoted: Point,
}

/// Reads it.
///
/// # Errors
/// Not exactly one way of quoting it, or a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let (rate, quoted) = match one_way(values, &[&["rate"], &["median"], &["risk", "by"]])? {
        0 => {
            let rate = checked(values, "rate", Domain::NonNegative)?;
            (rate.clone(), Point { hazard: Expr::Number(LN_2), time: LN_2 / rate })
        }
        _ => {
            let point = Point::read(values)?;
            (point.hazard.clone() / point.time.clone(), point)
        }
    };
    Ok(Box::new(Exponential { rate: rate * hazard_ratio(values)?, quoted }))
}

impl Distribution for Exponential {
    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter { name: "rate × hazard-ratio", value: self.rate.clone(), domain: Domain::NonNegative }]
    }

    fn family(&self) -> Option<Family> {
        Some(Family::Rate)
    }

    fn draw(&self) -> Draw {
        Draw::Quantile
    }

    fn quantile(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        cumulative_hazard(u, out);
        over_rate(out, p[0]);
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x <= 0.0 { 1.0 } else { exp(-p[0] * x) }
    }

    fn is_event_time(&self) -> bool {
        true
    }

    fn quoted(&self, control: u8) -> Option<Quoted> {
        self.quoted.numbers(control)
    }

    fn scaled(&self, factor: f64) -> Option<Box<dyn Distribution>> {
        Some(Box::new(Self { rate: self.rate.clone() * factor, ..self.clone() }))
    }
}
