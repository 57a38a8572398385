//! The family of distributions: how a value is drawn. One file each; parameters are expressions.
//!
//! *Noise first, model after*: a value is one addressed uniform u in (0, 1) pushed through a monotone map, the quantile
//! function of its distribution. Members without a usable quantile function seed a small generator from their one
//! addressed word and reject from there.

pub mod bernoulli;
pub mod beta;
pub mod binomial;
pub mod categorical;
pub mod derived;
pub mod exponential;
pub mod gamma;
pub mod gompertz;
pub mod log_logistic;
pub mod lognormal;
mod map;
pub mod normal;
pub mod ordinal;
pub mod piecewise_exponential;
pub mod poisson;
mod quote;
mod seeded;
pub mod uniform;
pub mod weibull;

use std::fmt::Debug;

use crate::expr::Expr;
use crate::scenario::form::Member;

/// The members, as they may be written under `[[variable]]` and `[[outcome]]`.
#[rustfmt::skip]
pub const FAMILY: &[Member<dyn Distribution>] = &[
    Member { form: &normal::FORM, build: normal::build },
    Member { form: &lognormal::FORM, build: lognormal::build },
    Member { form: &gamma::FORM, build: gamma::build },
    Member { form: &beta::FORM, build: beta::build },
    Member { form: &uniform::FORM, build: uniform::build },
    Member { form: &bernoulli::FORM, build: bernoulli::build },
    Member { form: &binomial::FORM, build: binomial::build },
    Member { form: &poisson::FORM, build: poisson::build },
    Member { form: &categorical::FORM, build: categorical::build },
    Member { form: &ordinal::FORM, build: ordinal::build },
    Member { form: &exponential::FORM, build: exponential::build },
    Member { form: &weibull::FORM, build: weibull::build },
    Member { form: &gompertz::FORM, build: gompertz::build },
    Member { form: &log_logistic::FORM, build: log_logistic::build },
    Member { form: &piecewise_exponential::FORM, build: piecewise_exponential::build },
    Member { form: &derived::FORM, build: derived::build },
];

/// One value for all rows, or one a row.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    /// The same for every row.
    One(f64),
    /// A value a row.
    Each(&'a [f64]),
}

impl Arg<'_> {
    /// The value for row `i`.
    #[must_use]
    #[inline(always)]
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Arg::One(x) => *x,
            Arg::Each(xs) => xs[i],
        }
    }
}

/// Where a parameter may lie; every domain also excludes NaN and infinities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// Any finite number.
    Real,
    /// Finite and > 0.
    Positive,
    /// Finite and ≥ 0.
    NonNegative,
    /// From 0 to 1, both included.
    Probability,
    /// Strictly between 0 and 1.
    OpenProbability,
    /// A whole number from 0 to [`MOST_COUNTED`].
    Count,
}

/// Largest number of a [`Domain::Count`].
pub const MOST_COUNTED: f64 = 1e9;

/// Whether a number lies in [`Domain::Count`].
#[must_use]
pub fn is_count(x: f64) -> bool {
    (0.0..=MOST_COUNTED).contains(&x) && x.fract() == 0.0
}

/// A point of an event time's curve by which it was quoted: that of a patient whose hazard ratio is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quoted {
    /// Cumulative hazard: −ln(1 − risk).
    pub hazard: f64,
    /// Months from entry.
    pub time: f64,
}

impl Quoted {
    /// A point, unless it is none: at month 0, or never reached.
    #[must_use]
    pub fn new(hazard: f64, time: f64) -> Option<Self> {
        let is = hazard.is_finite() && hazard >= 0.0 && time.is_finite() && time > 0.0;
        is.then_some(Self { hazard, time })
    }

    /// The median, where there is one.
    #[must_use]
    pub fn median(time: f64) -> Option<Self> {
        Self::new(std::f64::consts::LN_2, time)
    }

    /// The risk by its month.
    #[must_use]
    pub fn risk(&self) -> f64 {
        -(-self.hazard).exp_m1()
    }
}

/// A canonical parameter: what the engine evaluates and passes to the maps, in this order.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name as used in messages.
    pub name: &'static str,
    /// The value, an expression over earlier columns, arms and parameters.
    pub value: Expr,
    /// Values allowed; checked before the run where constant and in every replicate where not.
    pub domain: Domain,
}

/// A law of one parameter, the first of [`Distribution::parameters`], whose likelihood ratios are monotone in the value drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 1 with this probability.
    Probability,
    /// A time of this constant hazard.
    Rate,
}

/// How a member turns its addressed word into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// A 64-bit word → u → [`Distribution::quantile`] → a real column.
    Quantile,
    /// A 32-bit word → u → [`Distribution::code`] → a column of small codes. The first code is `first`.
    Code {
        /// Code of the lowest level: 0 for Bernoulli, 1 for categories.
        first: u8,
        /// Number of levels.
        levels: u8,
    },
    /// A 64-bit word seeds a small generator → [`Distribution::sample`] → a real column.
    Seeded,
    /// No noise: the only parameter is the value.
    Derived,
}

/// A distribution of the scenario language.
pub trait Distribution: Debug + Send + Sync {
    /// The canonical parameters, in the order in which the maps receive them.
    fn parameters(&self) -> Vec<Parameter>;

    /// How noise becomes a value.
    fn draw(&self) -> Draw;

    /// out\[i\] = F⁻¹(u\[i\]; p\[·\]\[i\]) for [`Draw::Quantile`] members; all slices have the same length.
    fn quantile(&self, _u: &[f64], _p: &[Arg<'_>], _out: &mut [f64]) {}

    /// out\[i\] = value at the standard normal score z\[i\], that is F⁻¹(Φ(z)). `u` is scratch of the same length.
    /// Members that are functions of a normal override it.
    #[expect(clippy::wrong_self_convention, reason = "the value comes from the score")]
    fn from_score(&self, z: &[f64], p: &[Arg<'_>], u: &mut [f64], out: &mut [f64]) {
        crate::math::special::normal_cdf_slice(z, u);
        self.quantile(u, p, out);
    }

    /// out\[i\] = smallest code q with u\[i\] ≤ F(q) for [`Draw::Code`] members.
    fn code(&self, _u: &[f64], _p: &[Arg<'_>], _out: &mut [u8]) {}

    /// Cumulative probabilities F of all levels but the last, for constant parameters ([`Draw::Code`] members);
    /// `cumulative.len()` is levels − 1.
    fn cumulative(&self, _p: &[f64], _cumulative: &mut [f64]) {}

    /// One value from a generator seeded with the addressed word ([`Draw::Seeded`] members).
    fn sample(&self, _seed: u64, _p: &[f64]) -> f64 {
        f64::NAN
    }

    /// out\[i\] = the value of word i, of which the parameters stand in row `first` + i. Members whose generator is dear to set up for
    /// given parameters override it.
    fn samples(&self, words: &[u64], p: &[Arg<'_>], first: usize, out: &mut [f64]) {
        // none of them has more parameters
        let mut values = [0.0; 2];
        for (i, (&word, out)) in words.iter().zip(out).enumerate() {
            for (value, arg) in values.iter_mut().zip(p) {
                *value = arg.at(first + i);
            }
            *out = self.sample(word, &values[..p.len()]);
        }
    }

    /// S(x) = P(X > x) at constant parameters: the contract tests' other half, and `check`'s risks.
    fn survival(&self, x: f64, p: &[f64]) -> f64;

    /// Number of levels where values are codes, else 0.
    fn levels(&self) -> u8 {
        match self.draw() {
            Draw::Code { levels, .. } => levels,
            _ => 0,
        }
    }

    /// Whether the value is a time from entry to an event (months) (exponential, Weibull, piecewise exponential …).
    fn is_event_time(&self) -> bool {
        false
    }

    /// The point of the curve by which an event time was quoted, in patients of arm `control` whose hazard ratio is 1: its risk or its
    /// median; the median where a rate was quoted. None where it differs between patients or the curve never gets there.
    fn quoted(&self, _control: u8) -> Option<Quoted> {
        None
    }

    /// The family with one parameter that it is, for bounds on what a change of the parameter can do.
    fn family(&self) -> Option<Family> {
        None
    }

    /// The same event time with a cumulative hazard `factor` times as large, S(t)^factor in everyone; none of other distributions.
    fn scaled(&self, _factor: f64) -> Option<Box<dyn Distribution>> {
        None
    }
}
