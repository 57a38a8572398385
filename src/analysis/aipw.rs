//! Augmented inverse-probability weighting: doubly robust difference of risks.

use crate::analysis::design::carve;
use crate::analysis::hazard::hazard_rule;
use crate::analysis::logistic_fit::maximise;
use crate::analysis::propensity::settings::Settings;
use crate::analysis::propensity::{self, Memory};
use crate::analysis::time_order::sort_rows;
use crate::analysis::wald::wald;
use crate::analysis::{
    Adjusts, Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status,
};
use crate::estimand::Target;
use crate::math::linalg::{dot, solve, sum};
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `aipw`.
pub const FORM: Form = Form {
    name: "aipw",
    summary: "Doubly robust difference of risks, experimental − control: propensity score and outcome models",
    keys: &[Key {
        name: "at",
        kind: Kind::Number,
        required: false,
        doc: "Months from entry at which the risks are compared, for time-to-event endpoints; none for binary ones.",
    }],
    example: "{ at = 24 }",
};

/// θ = n⁻¹ Σ (m₁ − m₀ + k a (y − m₁)/e − k (1 − a)(y − m₀)/(1 − e)): the score e and each arm's risk mₐ by logistic
/// regression on the covariates, the latter weighted by k.
///
/// For a binary endpoint k = 1. For a time endpoint y is the event by `at`; a competing event before it is no event; a
/// patient followed to neither has k = 0, others k = 1/G(t−), G the arm's Kaplan–Meier estimate of not being censored, t
/// their time of event or `at` (among equal times events come before censoring).
///
/// `Variance`: Σ ψ², ψ the influences of θ together with everything estimated on the way: γ of the score, the
/// coefficients of both outcome models, and G. It holds where either model is wrong. The difference is consistent where
/// the score or both outcome models are right and censoring within an arm tells nothing.
///
/// Where an arm has no events, or nothing but events, its outcome model runs to infinity: [`Status::Separation`].
///
/// Source: Robins, Rotnitzky, Zhao, Journal of the American Statistical Association 89 (1994) 846; Lunceford, Davidian,
/// Statistics in Medicine 23 (2004) 2937, eq. 9; Ozenne, Scheike, Staerk, Gerds, Biometrical Journal 62 (2020) 751.
#[derive(Clone, Copy, Debug)]
pub struct Aipw {
    /// Months from entry; none for binary endpoints.
    pub at: Option<f64>,
}

/// Builds the method from its keys.
///
/// # Errors
/// `at` is not finite or not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    match values.number("at") {
        Some(at) if !(at.is_finite() && at > 0.0) => Err(Complaint {
            code: Code::OutOfDomain,
            key: Some("at"),
            message: format!("`at` is {at}; it must be a finite number of months above 0"),
            help: "at = 24".into(),
        }),
        at => Ok(Box::new(Aipw { at })),
    }
}

impl Analysis for Aipw {
    fn takes(&self) -> &'static [ResponseKind] {
        if self.at.is_some() { &[ResponseKind::Time] } else { &[ResponseKind::Binary] }
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn target(&self) -> Target {
        self.at.map_or(Target::Mean, Target::Incidence)
    }

    fn orientation(&self, better: Better) -> f64 {
        if self.at.is_some() { -better.sign() } else { better.sign() }
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Always
    }

    fn parts(&self) -> &'static [&'static str] {
        &[
            "risk-experimental",
            "risk-control",
            "ess-experimental",
            "ess-control",
            "largest-smd-before",
            "largest-smd-after",
            "overlap",
            "largest-weight",
        ]
    }

    fn weights(
        &self,
        data: &Dataset<'_>,
        rule: &Rule,
        scratch: &mut Scratch,
        out: &mut Vec<f64>,
    ) -> Result<(), Status> {
        propensity::weights(&inverse_probability(), data, rule, scratch, out)
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        match (data.response, self.at) {
            (Response::Binary(y), None) => {
                scratch.codes.clear();
                scratch.codes.extend(y.iter().map(|y| u8::from(*y != 0)));
                whole(data, rule, scratch, None)
            }
            (Response::Time { time, event, competing }, Some(at)) => {
                scratch.codes.clear();
                scratch.codes.extend(time.iter().zip(event).map(|(t, e)| u8::from(*e != 0 && *t <= at)));
                let follow_up = FollowUp { time, event, competing, at };
                whole(data, &hazard_rule(rule), scratch, Some(&follow_up))
            }
            _ => Estimate::failed(Status::NoVariation, n),
        }
    }
}

/// 1/e and 1/(1 − e).
fn inverse_probability() -> Settings {
    Settings { stabilised: false, ..Settings::default() }
}

/// When and how patients were last seen.
struct FollowUp<'a> {
    time: &'a [f64],
    event: &'a [u8],
    competing: &'a [u8],
    at: f64,
}

impl FollowUp<'_> {
    /// Whether follow-up ended in an event of either kind.
    fn ended(&self, row: usize) -> bool {
        self.event[row] != 0 || self.competing.get(row).is_some_and(|c| *c != 0)
    }
}

/// The analysis of responses in `scratch.codes`.
fn whole(data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch, follow_up: Option<&FollowUp<'_>>) -> Estimate {
    let n = data.arm.len();
    let mut memory = std::mem::take(&mut scratch.propensity);
    let balance = memory.weigh(&inverse_probability(), data, rule, scratch);
    let events = scratch.codes.iter().map(|y| usize::from(*y)).sum();
    let mut answer = match balance {
        Err((status, _)) => Estimate::failed(status, n),
        Ok(_) if events == 0 => Estimate::failed(Status::NoVariation, n),
        Ok(_) => match risks(data, scratch, &mut memory, follow_up) {
            Ok([control, experimental]) => {
                let variance = dot(&memory.influence, &memory.influence);
                let mut answer = wald(experimental - control, variance.sqrt(), rule, n, events);
                answer.parts[..2].copy_from_slice(&[experimental, control]);
                answer
            }
            Err(status) => Estimate::failed(status, n),
        },
    };
    answer.events = events as u32;
    if let Ok(balance) | Err((_, Some(balance))) = balance {
        let parts = memory.parts(&inverse_probability(), &balance);
        answer.parts[2..].copy_from_slice(&parts[..6]);
    }
    scratch.propensity = memory;
    answer
}

/// Risks of the control and of the experimental arm; influences of their difference in `memory.influence`.
fn risks(
    data: &Dataset<'_>,
    scratch: &mut Scratch,
    memory: &mut Memory,
    follow_up: Option<&FollowUp<'_>>,
) -> Result<[f64; 2], Status> {
    let n = data.arm.len();
    let count = data.covariates.count;
    let Scratch { keys, order, codes, real, matrix, indicators, .. } = scratch;
    let [chosen, vectors, table, prior, ..] = real;
    let [small, ..] = matrix;
    let (y, arm_y) = {
        codes.resize(2 * n, 0);
        codes.split_at_mut(n)
    };
    let [known, risk, augmentation, along, moves] = carve(table, [n; 5]);
    let Memory { score, influence, work, gradient, weights, .. } = memory;
    influence.clear();
    influence.resize(n, 0.0);
    let mut risks = [0.0; 2];
    for a in 0..2_u8 {
        let sign = if a == 1 { 1.0 } else { -1.0 };
        let of_arm = |row: &usize| data.arm[*row] == a;
        let in_arm = data.arm.iter().filter(|b| **b == a).count();
        match follow_up {
            None => known.fill(1.0),
            Some(f) => weigh_followed(f, data.arm, a, keys, order, known),
        }
        // the arm's own rows
        chosen.clear();
        for x in score.columns.chunks_exact(n) {
            chosen.extend(x.iter().zip(data.arm).filter(|(_, b)| **b == a).map(|(x, _)| *x));
        }
        prior.clear();
        let arm_y = &mut arm_y[..in_arm];
        for (place, row) in (0..n).filter(of_arm).enumerate() {
            arm_y[place] = y[row];
            prior.push(known[row]);
        }
        let fit = maximise(chosen, arm_y, prior, vectors, small, indicators).map_err(|status| match status {
            Status::NoVariation => Status::Separation,
            other => other,
        })?;
        debug_assert_eq!(fit.coefficients.len(), count + 1);

        score.indicators.combine(&score.columns, &fit.coefficients[1..], fit.coefficients[0], risk);
        for row in 0..n {
            let odds_against = (-risk[row]).min(700.0).exp();
            let m = 1.0 / (1.0 + odds_against);
            let slope = m * odds_against * m;
            let own = f64::from(u8::from(data.arm[row] == a));
            let kw = own * known[row] * weights.weight[row];
            // ∂θ/∂η, and what the patient's residual adds
            moves[row] = sign * slope * (1.0 - kw) / n as f64;
            let residual = if own > 0.0 { f64::from(y[row]) - m } else { 0.0 };
            let added = kw * residual / n as f64;
            risks[usize::from(a)] += m / n as f64 + added;
            influence[row] += sign * (m / n as f64 + added);
            risk[row] = residual;
            if own > 0.0 {
                augmentation[row] = sign * added;
            }
        }
        // the outcome model's own influences
        let direction = fit.work;
        let total = sum(moves);
        direction[0] = total;
        for (d, moved) in direction[1..].iter_mut().zip(score.dots(moves, total)) {
            *d = moved;
        }
        solve(fit.factor, direction);
        score.indicators.combine(&score.columns, &direction[1..], direction[0], along);
        for row in (0..n).filter(of_arm) {
            // from here on: ∂θ/∂ ln k
            let through_model = known[row] * risk[row] * along[row];
            influence[row] += through_model;
            moves[row] = through_model + augmentation[row];
        }
        if let Some(f) = follow_up {
            add_censoring(f, data.arm, a, order, known, moves, influence);
        }
    }
    let mean = (risks[1] - risks[0]) / n as f64;
    // the score's influences: ∂ ln w/∂γ = −(a − e) x in both arms
    work.clear();
    work.extend(augmentation.iter().zip(&score.residual).map(|(added, r)| -added * r));
    gradient.clear();
    let total = sum(work);
    gradient.push(total);
    gradient.extend(score.dots(work, total));
    solve(&score.factor, gradient);
    score.indicators.combine(&score.columns, &gradient[1..], gradient[0], work);
    for ((psi, along), r) in influence.iter_mut().zip(&*work).zip(&score.residual) {
        *psi += along * r - mean;
    }
    Ok(risks)
}

/// Writes k = 1/G(t−) of the arm's patients whose response is known, 0 for others, and the arm's rows with times before
/// `at` in ascending order of time.
fn weigh_followed(f: &FollowUp<'_>, arm: &[u8], a: u8, keys: &mut Vec<u64>, order: &mut Vec<u32>, known: &mut [f64]) {
    sort_rows(f.time, |row, t| t < f.at && arm[row] == a, keys, order);
    known.fill(0.0);
    let mut at_risk = arm.iter().filter(|b| **b == a).count();
    let mut uncensored = 1.0;
    for group in order.chunk_by(|&i, &j| f.time[i as usize] == f.time[j as usize]) {
        let mut ended = 0;
        for row in group.iter().map(|&row| row as usize).filter(|&row| f.ended(row)) {
            known[row] = 1.0 / uncensored;
            ended += 1;
        }
        let (exposed, censored) = (at_risk - ended, group.len() - ended);
        if censored > 0 {
            uncensored *= (exposed - censored) as f64 / exposed as f64;
        }
        at_risk -= group.len();
    }
    for (k, (t, b)) in known.iter_mut().zip(f.time.iter().zip(arm)) {
        if *b == a && *t >= f.at {
            *k = 1.0 / uncensored;
        }
    }
}

/// Adds the influences through G: those of ln k of a patient known at t are (dN − Y dN/Y)/(Y − N) over censorings before t,
/// so that with Q(c) = Σ ∂θ/∂ ln k over patients known after c a patient's are Q (dN − Y dN/Y)/(Y − N), summed over c.
fn add_censoring(
    f: &FollowUp<'_>,
    arm: &[u8],
    a: u8,
    order: &[u32],
    known: &[f64],
    by_log_k: &[f64],
    influence: &mut [f64],
) {
    let rows = || (0..arm.len()).filter(|&row| arm[row] == a);
    let mut later: f64 = rows().filter(|&row| known[row] > 0.0).map(|row| by_log_k[row]).sum();
    let mut at_risk = rows().count();
    let mut passed = 0.0;
    for group in order.chunk_by(|&i, &j| f.time[i as usize] == f.time[j as usize]) {
        let mut ended = 0;
        for row in group.iter().map(|&row| row as usize).filter(|&row| f.ended(row)) {
            later -= by_log_k[row];
            influence[row] -= passed;
            ended += 1;
        }
        let (exposed, censored) = (at_risk - ended, group.len() - ended);
        // where all who are left are censored nobody is known later
        let own = if censored > 0 && exposed > censored { later / (exposed - censored) as f64 } else { 0.0 };
        passed += if censored > 0 { own * censored as f64 / exposed as f64 } else { 0.0 };
        for row in group.iter().map(|&row| row as usize).filter(|&row| !f.ended(row)) {
            influence[row] += own - passed;
        }
        at_risk -= group.len();
    }
    for row in rows().filter(|&row| f.time[row] >= f.at) {
        influence[row] -= passed;
    }
}
