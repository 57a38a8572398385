//! Difference of two survival curves of interval-censored data at a time.

use super::kaplan_meier::month;
use super::wald::wald;
use super::{Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// `turnbull = { at = 24, tolerance = 1e-8 }`
pub const FORM: Form = Form {
    name: "turnbull",
    summary: "Difference of the arms' nonparametric estimates of being free of an interval-censored event at a time.",
    keys: &[
        Key {
            name: "at",
            kind: Kind::Number,
            required: true,
            doc: "Months from entry at which the curves are compared; above 0.",
        },
        Key {
            name: "tolerance",
            kind: Kind::Number,
            required: false,
            doc: "The fit ends when a round moves no mass by more, and no direction climbs by more a patient; from 1e-12 to 0.01, default 1e-8.",
        },
    ],
    example: "{ at = 24 }",
};

/// Builds the method.
///
/// # Errors
/// `at` is missing, not finite, or not above 0; `tolerance` is not from 1e-12 to 0.01.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let at = month(values)?;
    let tolerance = values.number("tolerance").unwrap_or(1e-8);
    if !(1e-12..=0.01).contains(&tolerance) {
        return Err(Complaint {
            code: Code::OutOfDomain,
            key: Some("tolerance"),
            message: format!("`tolerance` is {tolerance}; it must be from 1e-12 to 0.01"),
            help: "tolerance = 1e-8".into(),
        });
    }
    Ok(Box::new(Turnbull { at, tolerance }))
}

/// Difference of the arms' nonparametric maximum likelihood estimates of being free of the event at a time.
///
/// Each arm's distribution is fitted by [`Npmle`](super::npmle::Npmle). Inside an innermost interval the likelihood does not say where its
/// mass lies: here evenly (linear interpolation of the curve). The standard error is that of the inverse observed information of the
/// masses that are above 0, as if no other interval could hold any. Where patients share a few visit days it is that of a
/// multinomial, with exact and right-censored times alone it is Greenwood's; where visits fall on days all different the estimate converges
/// with the cube root of n, is not normal, and the standard error is an approximation whose coverage the simulation shows.
///
/// Where mass of an arm stands beyond its last negative visit and `at` lies there, the status is [`Status::TooFew`]; both curves at 1 or 0
/// is [`Status::NoVariation`]; masses that the data do not tell apart are [`Status::Singular`].
///
/// Source: Turnbull, Journal of the Royal Statistical Society B 38 (1976) 290; Groeneboom and Wellner, Information Bounds and
/// Nonparametric Maximum Likelihood Estimation (1992), part II (rates).
#[derive(Debug)]
pub struct Turnbull {
    /// Months from entry.
    pub at: f64,
    /// Largest change of a mass in the last round, and largest derivative left a patient.
    pub tolerance: f64,
}

impl Analysis for Turnbull {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Interval]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &["survival-experimental", "se-experimental", "survival-control", "se-control"]
    }

    fn target(&self) -> Target {
        Target::Survival(self.at)
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if experimental == 0 || experimental == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let Response::Interval { left, right } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let events = right.iter().filter(|r| r.is_finite()).count();
        let failed = |status| Estimate::failed(status, n).counted(n, events);
        let curves = [0_u8, 1].map(|arm| {
            let npmle = &mut scratch.npmle;
            let of = |ends: &[f64], to: &mut Vec<f64>| {
                to.clear();
                to.extend(ends.iter().zip(data.arm).filter(|(_, a)| **a == arm).map(|(x, _)| x));
            };
            of(left, &mut npmle.left);
            of(right, &mut npmle.right);
            npmle.fit(self.tolerance)?;
            npmle.survival(self.at)
        });
        let [(s0, v0), (s1, v1)] = match curves {
            [Ok(control), Ok(treated)] => [control, treated],
            [Err(status), _] | [_, Err(status)] => return failed(status),
        };
        let variance = v0 + v1;
        let mut answer = if variance > 0.0 {
            wald(s1 - s0, variance.sqrt(), rule, n, events).counted(n, events)
        } else {
            failed(Status::NoVariation)
        };
        answer.parts[..4].copy_from_slice(&[s1, v1.sqrt(), s0, v0.sqrt()]);
        answer
    }
}
