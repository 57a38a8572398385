//! X ~ Lognormal(μ, σ²): ln X is normal with mean μ and standard deviation σ.

use super::map::each;
use super::quote::{checked, expression, one_way};
use super::{Arg, Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::math::elementary::{exp_in_place, ln};
use crate::math::special::{normal_quantile_slice, normal_tail};
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "lognormal",
    summary: "A positive quantity whose logarithm is normal, quoted by median and sigma, by mean and sd of its logarithm, or by its own mean and sd.",
    keys: &[
        expression("median", false, "Median."),
        expression("sigma", false, "Standard deviation of the logarithm."),
        expression("mean-log", false, "Mean of the logarithm."),
        expression("sd-log", false, "Standard deviation of the logarithm."),
        expression("mean", false, "Mean."),
        expression("sd", false, "Standard deviation."),
    ],
    example: "{ median = 6, sigma = 0.7 }",
};

/// x = e^(μ + σΦ⁻¹(u)).
#[derive(Clone, Debug)]
pub struct Lognormal {
    mean_log: Expr,
    sd_log: Expr,
    /// A standard deviation quoted as an expression: its square would hide its sign.
    sd: Option<Expr>,
}

/// Reads it. From mean m and standard deviation s: σ² = ln(1 + (s/m)²), μ = ln m − σ²/2.
///
/// # Errors
/// Not exactly one way of quoting it, or a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let ways: [&[&str]; 3] = [&["median", "sigma"], &["mean-log", "sd-log"], &["mean", "sd"]];
    let mut quoted = None;
    let (mean_log, sd_log) = match one_way(values, &ways)? {
        0 => (checked(values, "median", Domain::Positive)?.ln(), checked(values, "sigma", Domain::Positive)?),
        1 => (checked(values, "mean-log", Domain::Real)?, checked(values, "sd-log", Domain::Positive)?),
        _ => {
            let mean = checked(values, "mean", Domain::Positive)?;
            let sd = checked(values, "sd", Domain::Positive)?;
            let ratio = sd.clone() / mean.clone();
            quoted = Some(sd).filter(|sd| sd.as_number().is_none());
            let variance = (1.0 + ratio.clone() * ratio).ln();
            (mean.ln() - 0.5 * variance.clone(), variance.sqrt())
        }
    };
    Ok(Box::new(Lognormal { mean_log, sd_log, sd: quoted }))
}

impl Distribution for Lognormal {
    fn parameters(&self) -> Vec<Parameter> {
        let mut parameters = vec![
            Parameter { name: "mean of the logarithm", value: self.mean_log.clone(), domain: Domain::Real },
            Parameter {
                name: "standard deviation of the logarithm",
                value: self.sd_log.clone(),
                domain: Domain::Positive,
            },
        ];
        parameters.extend(self.sd.iter().map(|sd| Parameter {
            name: "sd",
            value: sd.clone(),
            domain: Domain::Positive,
        }));
        parameters
    }

    fn draw(&self) -> Draw {
        Draw::Quantile
    }

    fn quantile(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        normal_quantile_slice(u, out);
        from_standard(p, out);
    }

    fn from_score(&self, z: &[f64], p: &[Arg<'_>], _u: &mut [f64], out: &mut [f64]) {
        out.copy_from_slice(z);
        from_standard(p, out);
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        if x <= 0.0 { 1.0 } else { normal_tail((ln(x) - p[0]) / p[1]) }
    }
}

/// out\[i\] ← e^(μ + σ out\[i\]).
fn from_standard(p: &[Arg<'_>], out: &mut [f64]) {
    each(out, p[1], |z, sd| z * sd);
    each(out, p[0], |x, mean| x + mean);
    exp_in_place(out);
}
