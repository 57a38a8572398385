//! T ~ Gompertz(a, b): hazard be^(at), S(t) = e^(−(b/a)(e^(at) − 1)); where a < 0 a share e^(b/a) never has the event.

use std::f64::consts::LN_2;

use super::map::cumulative_hazard;
use super::quote::{BY, HAZARD_RATIO, MARGINAL, MEDIAN, Point, RISK, checked, expression, hazard_ratio, one_way};
use super::{Arg, Distribution, Domain, Draw, Parameter, Quoted};
use crate::expr::Expr;
use crate::math::elementary::{exp, exp_m1, ln, ln_1p};
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "gompertz",
    summary: "Time to an event whose hazard grows or falls exponentially, quoted by its rate at entry, its median, or a risk by some month.",
    keys: &[
        expression(
            "shape",
            true,
            "Shape a: the hazard grows as e^(a t) with the month t; 0 is an exponential, and below 0 some never have the event.",
        ),
        expression("rate", false, "Events a patient-month at entry, 0 or more; 0 means never."),
        MEDIAN,
        RISK,
        BY,
        HAZARD_RATIO,
        MARGINAL,
    ],
    example: "{ shape = 0.05, risk = 0.3, by = 12 }",
};

/// t = ln(1 + aE/b) / a with E = −ln(1 − u), E/b where a = 0; never (+∞) where 1 + aE/b ≤ 0 or b = 0. Where the cumulative hazard is
/// quoted as H at τ, b = H·a / (e^(aτ) − 1), times the hazard ratio.
#[derive(Clone, Debug)]
pub struct Gompertz {
    /// b, or H where a point of the curve is quoted; times the hazard ratio.
    hazard: Expr,
    /// τ, where a point is quoted.
    time: Option<Expr>,
    shape: Expr,
    /// The same without the hazard ratio.
    plain: Expr,
}

/// Reads it.
///
/// # Errors
/// Not exactly one way of quoting it, or a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let way = one_way(values, &[&["rate"], &["median"], &["risk", "by"]])?;
    let shape = checked(values, "shape", Domain::Real)?;
    let (plain, time) = match way {
        0 => (checked(values, "rate", Domain::NonNegative)?, None),
        _ => {
            let Point { hazard, time } = Point::read(values)?;
            (hazard, Some(time))
        }
    };
    let hazard = plain.clone() * hazard_ratio(values)?;
    Ok(Box::new(Gompertz { hazard, time, shape, plain }))
}

/// The cumulative hazard at t as a multiple of b, (e^(at) − 1) / a; or of H, (e^(at) − 1) / (e^(aτ) − 1).
fn growth(shape: f64, t: f64, time: Option<f64>) -> f64 {
    match time {
        None if shape == 0.0 => t,
        None => exp_m1(shape * t) / shape,
        Some(time) if shape == 0.0 => t / time,
        Some(time) if shape < 0.0 => exp_m1(shape * t) / exp_m1(shape * time),
        // neither power need be a finite number
        Some(time) => exp(shape * (t - time)) * (exp_m1(-shape * t) / exp_m1(-shape * time)),
    }
}

/// The month at which the cumulative hazard is E = `event`, from b or from H and τ.
fn month(event: f64, hazard: f64, shape: f64, time: Option<f64>) -> f64 {
    // |b|, |H|: −0 is 0.
    let multiple = event / hazard.abs();
    if hazard == 0.0 {
        return f64::INFINITY;
    }
    if shape == 0.0 {
        return multiple * time.unwrap_or(1.0);
    }
    let x = multiple * time.map_or(shape, |time| exp_m1(shape * time));
    match time {
        _ if x <= -1.0 => f64::INFINITY,
        Some(time) if x == f64::INFINITY => time + ln(multiple) / shape,
        _ => ln_1p(x) / shape,
    }
}

impl Distribution for Gompertz {
    fn parameters(&self) -> Vec<Parameter> {
        let name = if self.time.is_some() { "quoted hazard × hazard-ratio" } else { "rate × hazard-ratio" };
        let mut parameters = vec![
            Parameter { name, value: self.hazard.clone(), domain: Domain::NonNegative },
            Parameter { name: "shape", value: self.shape.clone(), domain: Domain::Real },
        ];
        let time = self.time.iter().cloned();
        parameters.extend(time.map(|value| Parameter { name: "median or by", value, domain: Domain::Positive }));
        parameters
    }

    fn draw(&self) -> Draw {
        Draw::Quantile
    }

    fn quantile(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        cumulative_hazard(u, out);
        for (i, t) in out.iter_mut().enumerate() {
            *t = month(*t, p[0].at(i), p[1].at(i), p.get(2).map(|time| time.at(i)));
        }
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x <= 0.0 || p[0] == 0.0 { 1.0 } else { exp(-p[0] * growth(p[1], x, p.get(2).copied())) }
    }

    fn is_event_time(&self) -> bool {
        true
    }

    fn quoted(&self, control: u8) -> Option<Quoted> {
        let number = |e: &Expr| e.specialise_arm(control).as_number();
        let hazard = number(&self.plain)?;
        match &self.time {
            Some(time) => Quoted::new(hazard, number(time)?),
            None => Quoted::median(month(LN_2, hazard, number(&self.shape)?, None)),
        }
    }

    fn scaled(&self, factor: f64) -> Option<Box<dyn Distribution>> {
        Some(Box::new(Self { hazard: self.hazard.clone() * factor, ..self.clone() }))
    }
}
