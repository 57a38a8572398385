//! X ~ N(μ, σ²), where wished between limits a and b.

use super::map::each;
use super::quote::{checked, expression, optional, out_of_domain};
use super::uniform::ordered;
use super::{Arg, Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::math::special::{normal_cdf, normal_quantile_slice, normal_tail};
use crate::scenario::form::{Complaint, Form, Values};

/// Values mapped at a time.
const BLOCK: usize = 256;

/// As written.
pub const FORM: Form = Form {
    name: "normal",
    summary: "A normal quantity; with limits, its distribution given that it lies between them.",
    keys: &[
        expression("mean", true, "Mean, before truncation."),
        expression("sd", true, "Standard deviation, before truncation."),
        expression("min", false, "Lower limit; default none."),
        expression("max", false, "Upper limit, above the lower one; default none."),
    ],
    example: "{ mean = 53, sd = 14, min = 18, max = 100 }",
};

/// x = μ + σΦ⁻¹(u); with limits x = F⁻¹(F(a) + u(F(b) − F(a))), NaN in a row whose limits leave nothing.
#[derive(Clone, Debug)]
pub struct Normal {
    mean: Expr,
    sd: Expr,
    min: Option<Expr>,
    max: Option<Expr>,
}

/// Reads it.
///
/// # Errors
/// Limits that do not ascend, or that leave nothing of the distribution; a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let law = Normal {
        mean: checked(values, "mean", Domain::Real)?,
        sd: checked(values, "sd", Domain::Positive)?,
        min: optional(values, "min", Domain::Real)?,
        max: optional(values, "max", Domain::Real)?,
    };
    if let (Some(min), Some(max)) = (&law.min, &law.max) {
        ordered(min, max)?;
    }
    let numbers: Option<Vec<f64>> = law.parameters().iter().map(|p| p.value.as_number()).collect();
    if let Some(p) = numbers {
        let (mean, sd, min, max) = law.take(&p, f64::NEG_INFINITY, f64::INFINITY);
        if Window::new(mean, sd, min, max).mass.is_nan() {
            let (key, limit) = if min > mean { ("min", min) } else { ("max", max) };
            return Err(out_of_domain(key, limit, "within 37 `sd` of `mean`: nothing of the distribution is left"));
        }
    }
    Ok(Box::new(law))
}

impl Normal {
    /// Mean, standard deviation and limits among the parameters, given what stands for no limit.
    fn take<T: Copy>(&self, p: &[T], no_min: T, no_max: T) -> (T, T, T, T) {
        let min = if self.min.is_some() { p[2] } else { no_min };
        let max = match (&self.min, &self.max) {
            (_, None) => no_max,
            (None, Some(_)) => p[2],
            (Some(_), Some(_)) => p[3],
        };
        (p[0], p[1], min, max)
    }

    fn truncated(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        let none = (Arg::One(f64::NEG_INFINITY), Arg::One(f64::INFINITY));
        let (mean, sd, min, max) = self.take(p, none.0, none.1);
        let window = |i| Window::new(mean.at(i), sd.at(i), min.at(i), max.at(i));
        let constant = matches!((mean, sd, min, max), (Arg::One(_), Arg::One(_), Arg::One(_), Arg::One(_)));
        let mut windows = [window(0); BLOCK];
        let mut tail = [0.0; BLOCK];
        for (start, (u, out)) in (0..).step_by(BLOCK).zip(u.chunks(BLOCK).zip(out.chunks_mut(BLOCK))) {
            if !constant {
                for (i, w) in windows.iter_mut().take(u.len()).enumerate() {
                    *w = window(start + i);
                }
            }
            let tail = &mut tail[..u.len()];
            for ((t, w), u) in tail.iter_mut().zip(&windows).zip(u) {
                let (below, above) = w.sides(*u);
                *t = below.min(above);
            }
            normal_quantile_slice(tail, out);
            for (i, ((o, w), u)) in out.iter_mut().zip(&windows).zip(u).enumerate() {
                let i = start + i;
                let (below, above) = w.sides(*u);
                let z = if below < above { *o } else { -*o };
                let x = mean.at(i) + sd.at(i) * z;
                // Rounding may lead past a limit, which criteria would notice.
                let x = if x < min.at(i) { min.at(i) } else { x };
                *o = if x > max.at(i) { max.at(i) } else { x };
            }
        }
    }
}

/// What limits leave of a normal distribution; each part accurate in its own tail.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// Φ at the lower limit.
    below: f64,
    /// 1 − Φ at the upper limit.
    above: f64,
    /// Probability between them; NaN where it is no more than a rounding error.
    mass: f64,
}

impl Window {
    fn new(mean: f64, sd: f64, min: f64, max: f64) -> Self {
        let (a, b) = ((min - mean) / sd, (max - mean) / sd);
        let (below, above) = (normal_cdf(a), normal_tail(b));
        let mass = if a > 0.0 {
            normal_tail(a) - above
        } else if b < 0.0 {
            normal_cdf(b) - below
        } else {
            1.0 - below - above
        };
        Self { below, above, mass: if mass >= f64::MIN_POSITIVE { mass } else { f64::NAN } }
    }

    /// Probability below and above the quantile at `u`, each a sum of positive terms.
    #[inline(always)]
    fn sides(&self, u: f64) -> (f64, f64) {
        // Normal scores may give u = 0 or 1, where without limits the quantile would be infinite.
        let least = f64::MIN_POSITIVE;
        let below = self.below + floor(u * self.mass, least);
        let above = self.above + floor((1.0 - u).max(f64::EPSILON / 2.0) * self.mass, least);
        (below, above)
    }
}

impl Distribution for Normal {
    fn parameters(&self) -> Vec<Parameter> {
        let mut parameters = vec![
            Parameter { name: "mean", value: self.mean.clone(), domain: Domain::Real },
            Parameter { name: "sd", value: self.sd.clone(), domain: Domain::Positive },
        ];
        let limits = [("min", &self.min), ("max", &self.max)];
        for (name, limit) in limits {
            parameters.extend(limit.iter().map(|value| Parameter { name, value: value.clone(), domain: Domain::Real }));
        }
        if let (Some(min), Some(max)) = (&self.min, &self.max) {
            parameters.push(Parameter {
                name: "max − min",
                value: max.clone() - min.clone(),
                domain: Domain::Positive,
            });
        }
        parameters
    }

    fn draw(&self) -> Draw {
        Draw::Quantile
    }

    fn quantile(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        if self.min.is_some() || self.max.is_some() {
            if !u.is_empty() {
                self.truncated(u, p, out);
            }
            return;
        }
        normal_quantile_slice(u, out);
        from_standard(p, out);
    }

    fn from_score(&self, z: &[f64], p: &[Arg<'_>], u: &mut [f64], out: &mut [f64]) {
        if self.min.is_some() || self.max.is_some() {
            crate::math::special::normal_cdf_slice(z, u);
            self.quantile(u, p, out);
            return;
        }
        out.copy_from_slice(z);
        from_standard(p, out);
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        let (mean, sd, min, max) = self.take(p, f64::NEG_INFINITY, f64::INFINITY);
        let z = (x - mean) / sd;
        if x <= min {
            1.0
        } else if x >= max {
            0.0
        } else if min == f64::NEG_INFINITY && max == f64::INFINITY {
            normal_tail(z)
        } else {
            let w = Window::new(mean, sd, min, max);
            let beyond = if z > 0.0 {
                normal_tail(z) - w.above
            } else if max < mean {
                normal_cdf((max - mean) / sd) - normal_cdf(z)
            } else {
                1.0 - w.above - normal_cdf(z)
            };
            beyond / w.mass
        }
    }
}

/// x, or `least` where x is smaller; NaN stays.
#[inline(always)]
fn floor(x: f64, least: f64) -> f64 {
    if x < least { least } else { x }
}

/// out\[i\] ← μ + σ out\[i\].
fn from_standard(p: &[Arg<'_>], out: &mut [f64]) {
    each(out, p[1], |z, sd| z * sd);
    each(out, p[0], |x, mean| x + mean);
}
