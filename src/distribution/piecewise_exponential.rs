//! T with hazard λⱼ from month τⱼ on: S(t) = e^(−H(t)), H piecewise linear.

use super::map::{cumulative_hazard, each};
use super::quote::{HAZARD_RATIO, MARGINAL, checked_list, hazard_ratio};
use super::{Arg, Distribution, Domain, Draw, Parameter, Quoted};
use crate::expr::Expr;
use crate::math::elementary::exp;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Most pieces.
const MOST: usize = 64;
/// Values mapped at a time.
const BLOCK: usize = 256;

/// As written.
pub const FORM: Form = Form {
    name: "piecewise-exponential",
    summary: "Time to an event whose hazard is constant between given months.",
    keys: &[
        Key {
            name: "rates",
            kind: Kind::List(&Kind::Expression),
            required: true,
            doc: "Events a patient-month in each piece, 0 or more; a last rate of 0 means never after its month.",
        },
        Key {
            name: "from",
            kind: Kind::List(&Kind::Number),
            required: true,
            doc: "Month at which each rate begins: ascending, the first is 0 [months from entry].",
        },
        HAZARD_RATIO,
        MARGINAL,
    ],
    example: r#"{ rates = [0.02, "if(treatment, 0.005, 0.01)"], from = [0, 6], hazard-ratio = 1.5 }"#,
};

/// t = H⁻¹(−ln(1 − u) / h); never (+∞) where H ends below it.
#[derive(Clone, Debug)]
pub struct PiecewiseExponential {
    hazard_ratio: Expr,
    rates: Vec<Expr>,
    from: Vec<f64>,
}

/// Reads it.
///
/// # Errors
/// Lists of different lengths, months that do not ascend from 0, or a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let rates = checked_list(values, "rates", Domain::NonNegative, (1, MOST))?;
    let from = values.numbers("from");
    let complaint =
        |code, message| Err(Complaint { code, key: Some("from"), message, help: "from = [0, 6, 12]".to_owned() });
    if from.len() != rates.len() {
        let message = format!(
            "`from` has {} months and `rates` has {} rates; there must be one month for each rate",
            from.len(),
            rates.len()
        );
        return complaint(Code::WrongLength, message);
    }
    if from[0] != 0.0 {
        let message = format!("`from` begins at {}; the first rate must begin at 0", from[0]);
        return complaint(Code::OutOfDomain, message);
    }
    if let Some(pair) = from.windows(2).find(|w| !(w[1].is_finite() && w[1] > w[0])) {
        let message = format!("`from` has {} after {}; its months must ascend", pair[1], pair[0]);
        return complaint(Code::OutOfDomain, message);
    }
    Ok(Box::new(PiecewiseExponential { hazard_ratio: hazard_ratio(values)?, rates, from }))
}

impl Distribution for PiecewiseExponential {
    fn parameters(&self) -> Vec<Parameter> {
        let rates = self.rates.iter().map(|rate| ("rates", rate));
        std::iter::once(("hazard-ratio", &self.hazard_ratio))
            .chain(rates)
            .map(|(name, value)| Parameter { name, value: value.clone(), domain: Domain::NonNegative })
            .collect()
    }

    fn draw(&self) -> Draw {
        Draw::Quantile
    }

    fn quantile(&self, u: &[f64], p: &[Arg<'_>], out: &mut [f64]) {
        let (ratio, rates) = (p[0], &p[1..]);
        let mut hazard = [0.0; BLOCK];
        let mut before = [0.0; BLOCK];
        for (start, (u, out)) in (0..).step_by(BLOCK).zip(u.chunks(BLOCK).zip(out.chunks_mut(BLOCK))) {
            let n = u.len();
            let (hazard, before) = (&mut hazard[..n], &mut before[..n]);
            cumulative_hazard(u, hazard);
            each(hazard, part(ratio, start, n), |hazard, ratio| hazard / ratio.abs());
            before.fill(0.0);
            out.fill(0.0);
            for (j, rate) in rates.iter().enumerate() {
                let from = self.from[j];
                let length = self.from.get(j + 1).map_or(0.0, |end| end - from);
                // The last piece that begins below the patient's cumulative hazard is the one that holds.
                let walk = |rate: f64, hazard: f64, before: &mut f64, time: &mut f64| {
                    let here = from + (hazard - *before) * (1.0 / rate.abs());
                    *time = if hazard > *before { here } else { *time };
                    *before += rate * length;
                };
                let rows = hazard.iter().zip(before.iter_mut()).zip(out.iter_mut());
                match part(*rate, start, n) {
                    Arg::One(rate) => rows.for_each(|((h, b), t)| walk(rate, *h, b, t)),
                    Arg::Each(rate) => rows.zip(rate).for_each(|(((h, b), t), rate)| walk(*rate, *h, b, t)),
                }
            }
        }
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        let mut hazard = 0.0;
        for (j, rate) in p[1..].iter().enumerate() {
            let end = self.from.get(j + 1).map_or(x, |end| end.min(x));
            // A piece of rate 0 adds nothing, however long.
            if end > self.from[j] && *rate > 0.0 {
                hazard += rate * (end - self.from[j]);
            }
        }
        if hazard > 0.0 { exp(-p[0] * hazard) } else { 1.0 }
    }

    fn is_event_time(&self) -> bool {
        true
    }

    fn quoted(&self, control: u8) -> Option<Quoted> {
        let rates = self.rates.iter().map(|rate| rate.specialise_arm(control).as_number().map(Arg::One));
        let rates: Option<Vec<Arg<'_>>> = std::iter::once(Some(Arg::One(1.0))).chain(rates).collect();
        let mut median = [f64::NAN];
        self.quantile(&[0.5], &rates?, &mut median);
        Quoted::median(median[0])
    }

    fn scaled(&self, factor: f64) -> Option<Box<dyn Distribution>> {
        Some(Box::new(Self { hazard_ratio: self.hazard_ratio.clone() * factor, ..self.clone() }))
    }
}

/// Rows `start..start + n`.
fn part(p: Arg<'_>, start: usize, n: usize) -> Arg<'_> {
    match p {
        Arg::One(x) => Arg::One(x),
        Arg::Each(xs) => Arg::Each(&xs[start..start + n]),
    }
}
