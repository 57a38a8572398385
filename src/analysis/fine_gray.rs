//! Fine and Gray's proportional subdistribution hazards model.

use super::design::{
    ARM, COLLINEAR, MOST_STEPS, carve, combine, converged, design, halve, largest_move, overshot, runs_to_infinity,
    strayed,
};
use super::failures::competes;
use super::hazard::hazard_rule;
use super::time_order::at_each_time;
use super::wald::wald;
use super::weighted_cox::RiskSets;
use super::{Adjusts, Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::estimand::Target;
use crate::math::linalg::{at, cholesky, dot, packed_len, solve};
use crate::scenario::form::{Complaint, Form, Values};

/// `fine-gray = {}`
pub const FORM: Form = Form {
    name: "fine-gray",
    summary: "Fine–Gray regression on arm and covariates: ln subdistribution hazard ratio of the arm, with its robust variance.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(FineGray))
}

/// Fine–Gray regression on arm and covariates by Newton's method to machine precision, ties by Breslow's method.
///
/// Patients whose follow-up ended in a competing event at T stay at risk with weight G(t−)/G(T−), where G is the Kaplan–Meier
/// estimate of not being censored, of both arms together. The variance is I⁻¹ Σ(η + ψ)(η + ψ)ᵀ I⁻¹, where η is a patient's score
/// residual and ψ what the estimated G adds to it; it is that of R's cmprsk::crr. Without competing events the estimate is Cox's, with
/// Lin and Wei's variance.
///
/// Events that leave no finite maximum are [`Status::Separation`]; a constant or redundant covariate is [`Status::Singular`]; no
/// event while both arms are at risk is [`Status::NoVariation`].
///
/// Source: Fine and Gray, Journal of the American Statistical Association 94 (1999) 496, sections 3.2 and 4 (eqs 7 and 8).
#[derive(Debug)]
pub struct FineGray;

impl Analysis for FineGray {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn parts(&self) -> &'static [&'static str] {
        &["events-experimental", "events-control"]
    }

    fn target(&self) -> Target {
        Target::Subdistribution
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let design = format!("x <- model.matrix(~ arm{}, data = d)[, -1, drop = FALSE]", call.also());
        r::code(
            &["cmprsk"],
            &[
                call.status(),
                &design,
                "fit <- cmprsk::crr(d$time, d$status, x, gtol = 1e-14, maxiter = 50)",
                "wald(fit$coef[1], sqrt(fit$var[1, 1]), null, better)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if experimental == 0 || experimental == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let Response::Time { time, event, competing } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        scratch.sorted.rows(time, |_, _| true, &mut scratch.order);
        let mut events = [0_usize; 2];
        for (&d, &a) in event.iter().zip(data.arm) {
            events[usize::from(a)] += usize::from(d);
        }
        let outcome = Outcome { time, event, competing };
        let fit = estimable(&outcome, data.arm, &scratch.order).and_then(|()| match data.covariates.count {
            0 => two_groups(data.arm, &outcome, scratch),
            _ => newton(data, &outcome, scratch),
        });
        let all = events[0] + events[1];
        let mut answer = match fit {
            Ok((coefficient, se)) => wald(coefficient, se, &hazard_rule(rule), n, all),
            Err(status) => Estimate::failed(status, n),
        };
        answer.events = all as u32;
        answer.parts[0] = events[1] as f64;
        answer.parts[1] = events[0] as f64;
        answer
    }
}

/// How follow-up ended.
struct Outcome<'a> {
    time: &'a [f64],
    event: &'a [u8],
    competing: &'a [u8],
}

/// Whether the arm's likelihood has a finite maximum: its score falls from (events − those where the arm is alone in the risk set)
/// to (events − those where the arm is in it) over the real line, counting events of the experimental arm.
fn estimable(outcome: &Outcome<'_>, arm: &[u8], order: &[u32]) -> Result<(), Status> {
    let mut at_risk = [0_usize; 2];
    for &a in arm {
        at_risk[usize::from(a)] += 1;
    }
    let (mut experimental, mut exposed, mut alone) = (0, 0, 0);
    for group in at_each_time(order, outcome.time) {
        for &row in group {
            let (d, a) = (usize::from(outcome.event[row as usize]), usize::from(arm[row as usize]));
            experimental += d * a;
            exposed += d * usize::from(at_risk[1] > 0);
            alone += d * usize::from(at_risk[0] == 0);
        }
        // competing events stay in the risk set
        for &row in group {
            at_risk[usize::from(arm[row as usize])] -= usize::from(competes(outcome.competing, row as usize) == 0);
        }
    }
    if exposed == alone {
        Err(Status::NoVariation)
    } else if experimental <= alone || experimental >= exposed {
        Err(Status::Separation)
    } else {
        Ok(())
    }
}

/// Coefficient of the arm alone and its standard error: the numbers at risk are those of every coefficient.
fn two_groups(arm: &[u8], outcome: &Outcome<'_>, scratch: &mut Scratch) -> Result<(f64, f64), Status> {
    let n = arm.len();
    let Scratch { order, real: [control, experimental, events, vectors, at_risk, sums, ..], .. } = scratch;
    let [column, hazard, free, influence] = carve(vectors, [n; 4]);
    uncensored(outcome, order, free);
    at_risk.clear();
    at_risk.resize(2 * event_times(outcome, order), 0.0);
    risk_sets(outcome, order, free, &mut [0.0; 2], at_risk, |sum, place, share| {
        sum[usize::from(arm[order[place] as usize])] += 1.0 / share;
    });
    for values in [&mut *control, &mut *experimental, &mut *events] {
        values.clear();
    }
    let (pairs, _) = at_risk.as_chunks::<2>();
    control.extend(pairs.iter().map(|y| y[0]));
    experimental.extend(pairs.iter().map(|y| y[1]));
    events.extend(at_each_time(order, outcome.time).map(|group| outcome.events(group)).filter(|d| *d > 0.0));
    let observed: f64 = arm.iter().zip(outcome.event).map(|(&a, &d)| f64::from(a & d)).sum();
    let sets = RiskSets { control, experimental, weight: events };
    let (coefficient, _) = sets.root(observed)?;
    let ratio = coefficient.exp();
    let (_, information) = sets.expectation(ratio);

    sums.clear();
    for [y0, y1] in pairs {
        // of an indicator the second moment is the first
        sums.extend([y0 + ratio * y1, ratio * y1, ratio * y1]);
    }
    for (place, &row) in order.iter().enumerate() {
        let a = arm[row as usize];
        column[place] = f64::from(a) / information;
        hazard[place] = if a != 0 { ratio } else { 1.0 };
    }
    residuals(outcome, order, column, hazard, free, &[1.0 / information], sums, influence);
    Ok((coefficient, dot(influence, influence).sqrt()))
}

/// Number of times with an event.
fn event_times(outcome: &Outcome<'_>, order: &[u32]) -> usize {
    at_each_time(order, outcome.time).filter(|g| g.iter().any(|&row| outcome.event[row as usize] != 0)).count()
}

/// Coefficient of the arm and its standard error. Rows of all working columns stand in order of time.
fn newton(data: &Dataset<'_>, outcome: &Outcome<'_>, scratch: &mut Scratch) -> Result<(f64, f64), Status> {
    let n = data.arm.len();
    let k = 1 + data.covariates.count;
    let [raw, columns, vectors, sums, ..] = &mut scratch.real;
    let order = &scratch.order;
    design(data, raw)?;
    columns.clear();
    for column in raw.chunks_exact(n) {
        columns.extend(order.iter().map(|&row| column[row as usize]));
    }
    let [predictor, movement, hazard, free, influence] = carve(vectors, [n; 5]);
    uncensored(outcome, order, free);
    let [small, ..] = &mut scratch.matrix;
    let width = 1 + k + packed_len(k);
    let [coefficients, step, gradient, work, information, sum] = carve(small, [k, k, k, k, packed_len(k), width]);
    sums.clear();
    sums.resize(event_times(outcome, order) * width, 0.0);
    let mut decrement = f64::INFINITY;
    for iteration in 0..MOST_STEPS {
        for (h, p) in hazard.iter_mut().zip(&*predictor) {
            // beyond it the fit has long been given up
            *h = p.min(700.0).exp();
        }
        risk_sets(outcome, order, free, sum, sums, |sum, place, share| {
            add(sum, columns, n, place, hazard[place] / share);
        });
        derivatives(outcome, order, columns, sums, gradient, information);
        let slope = dot(gradient, step);
        let mut back = overshot(slope, decrement);
        if !back {
            let (tolerance, failure) =
                if iteration == 0 { (COLLINEAR, Status::Singular) } else { (1e-14, Status::Separation) };
            let next = cholesky(information, k, tolerance).then(|| {
                work.copy_from_slice(gradient);
                solve(information, work);
                dot(work, gradient)
            });
            back = strayed(slope, decrement, next);
            if !back {
                decrement = next.ok_or(failure)?;
            }
        }
        if back {
            decrement *= 0.5;
            halve(coefficients, step);
            // not by steps: a long one leaves nothing of the digits of a short one
            combine(columns, coefficients, 0.0, predictor);
            continue;
        }
        step.copy_from_slice(work);
        combine(columns, step, 0.0, movement);
        let largest = largest_move(movement, predictor);
        for (c, s) in coefficients.iter_mut().zip(&*step) {
            *c += s;
        }
        if converged(decrement, largest) {
            work.fill(0.0);
            work[ARM] = 1.0;
            solve(information, work);
            // each patient's column of I⁻¹ for the arm: the residuals of one combination of covariates
            combine(columns, work, 0.0, movement);
            residuals(outcome, order, movement, hazard, free, work, sums, influence);
            return Ok((coefficients[ARM], dot(influence, influence).sqrt()));
        }
        if runs_to_infinity(decrement, largest) {
            return Err(Status::Separation);
        }
        for (p, m) in predictor.iter_mut().zip(&*movement) {
            *p += m;
        }
    }
    Err(Status::NotConverged)
}

/// Writes G(t−) of each patient's own time.
fn uncensored(outcome: &Outcome<'_>, order: &[u32], free: &mut [f64]) {
    let (mut survival, mut place) = (1.0, 0);
    for group in at_each_time(order, outcome.time) {
        let at_risk = (order.len() - place) as f64;
        free[place..place + group.len()].fill(survival);
        let censored = group.iter().filter(|&&row| outcome.ended(row) == Ended::Censored).count() as f64;
        survival *= (at_risk - censored) / at_risk;
        place += group.len();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Event,
    Competing,
    Censored,
}

impl Outcome<'_> {
    fn ended(&self, row: u32) -> Ended {
        if self.event[row as usize] != 0 {
            Ended::Event
        } else if competes(self.competing, row as usize) != 0 {
            Ended::Competing
        } else {
            Ended::Censored
        }
    }

    /// Patients of a group with the event.
    fn events(&self, group: &[u32]) -> f64 {
        group.iter().map(|&row| f64::from(self.event[row as usize])).sum()
    }
}

/// Adds w, w x and w x xᵀ of a patient.
#[inline(always)]
fn add(sum: &mut [f64], columns: &[f64], n: usize, place: usize, weight: f64) {
    let k = columns.len() / n;
    sum[0] += weight;
    for i in 0..k {
        let wx = weight * columns[i * n + place];
        sum[1 + i] += wx;
        for j in 0..=i {
            sum[1 + k + at(i, j)] += wx * columns[j * n + place];
        }
    }
}

/// Writes sums over the risk set at each event time, in order of time. `add` adds a patient, by his place in that order, to a sum, with
/// a weight of one over the share that it is given.
fn risk_sets(
    outcome: &Outcome<'_>,
    order: &[u32],
    free: &[f64],
    sum: &mut [f64],
    sums: &mut [f64],
    add: impl Fn(&mut [f64], usize, f64),
) {
    let (n, width) = (order.len(), sum.len());
    sum.fill(0.0);
    let mut place = n;
    let mut slots = sums.chunks_exact_mut(width).rev();
    for group in order.chunk_by(|&a, &b| outcome.time[a as usize] == outcome.time[b as usize]).rev() {
        for _ in group {
            place -= 1;
            add(sum, place, 1.0);
        }
        if outcome.events(group) > 0.0
            && let Some(slot) = slots.next()
        {
            slot.copy_from_slice(sum);
        }
    }
    sum.fill(0.0);
    let mut slots = sums.chunks_exact_mut(width);
    for group in at_each_time(order, outcome.time) {
        if outcome.events(group) > 0.0
            && let Some(slot) = slots.next()
        {
            for (s, x) in slot.iter_mut().zip(&*sum) {
                *s += free[place] * x;
            }
        }
        for &row in group {
            if outcome.ended(row) == Ended::Competing {
                add(sum, place, free[place]);
            }
            place += 1;
        }
    }
}

/// Score and information (packed).
fn derivatives(
    outcome: &Outcome<'_>,
    order: &[u32],
    columns: &[f64],
    sums: &[f64],
    gradient: &mut [f64],
    information: &mut [f64],
) {
    let (n, k) = (order.len(), gradient.len());
    gradient.fill(0.0);
    information.fill(0.0);
    let mut slots = sums.chunks_exact(1 + k + packed_len(k));
    let mut place = 0;
    for group in at_each_time(order, outcome.time) {
        let events = outcome.events(group);
        if events > 0.0
            && let Some(slot) = slots.next()
        {
            for (offset, &row) in group.iter().enumerate() {
                if outcome.event[row as usize] != 0 {
                    for (j, g) in gradient.iter_mut().enumerate() {
                        *g += columns[j * n + place + offset];
                    }
                }
            }
            for i in 0..k {
                let mean = slot[1 + i] / slot[0];
                gradient[i] -= events * mean;
                for j in 0..=i {
                    information[at(i, j)] += events * (slot[1 + k + at(i, j)] / slot[0] - mean * slot[1 + j] / slot[0]);
                }
            }
        }
        place += group.len();
    }
}

/// Writes v·(η + ψ) of each patient, where `column` is v·x and `sums` are the moments over the risk sets.
#[expect(clippy::too_many_arguments, reason = "the fit at its maximum")]
fn residuals(
    outcome: &Outcome<'_>,
    order: &[u32],
    column: &[f64],
    hazard: &[f64],
    free: &[f64],
    v: &[f64],
    sums: &[f64],
    out: &mut [f64],
) {
    let k = v.len();
    let width = 1 + k + packed_len(k);
    let mean = |slot: &[f64]| dot(&slot[1..=k], v) / slot[0];
    // hazard increments, times the mean, times G, times both: over all event times, then from the present one on
    let mut ahead = [0.0; 2];
    let mut slots = sums.chunks_exact(width);
    let mut place = 0;
    for group in at_each_time(order, outcome.time) {
        let events = outcome.events(group);
        if events > 0.0
            && let Some(slot) = slots.next()
        {
            let jump = free[place] * events / slot[0];
            ahead[0] += jump;
            ahead[1] += jump * mean(slot);
        }
        place += group.len();
    }
    let (mut passed, mut gone) = ([0.0; 2], [0.0; 2]);
    let mut censoring = 0.0;
    let mut slots = sums.chunks_exact(width);
    place = 0;
    for group in at_each_time(order, outcome.time) {
        let events = outcome.events(group);
        let censored = group.iter().filter(|&&row| outcome.ended(row) == Ended::Censored).count() as f64;
        // what one censoring now does through G: the competing events before now, at the event times from now on
        let effect = (gone[1] * ahead[0] - gone[0] * ahead[1]) / (order.len() - place) as f64;
        censoring += effect * censored / (order.len() - place) as f64;
        let mut centre = 0.0;
        if events > 0.0
            && let Some(slot) = slots.next()
        {
            centre = mean(slot);
            let jump = events / slot[0];
            passed[0] += jump;
            passed[1] += jump * centre;
            ahead[0] -= free[place] * jump;
            ahead[1] -= free[place] * jump * centre;
        }
        let first = place;
        for &row in group {
            let (x, e) = (column[place], hazard[place]);
            out[place] = -e * (x * passed[0] - passed[1]) - censoring;
            match outcome.ended(row) {
                Ended::Event => out[place] += x - centre,
                Ended::Competing => out[place] -= e / free[place] * (x * ahead[0] - ahead[1]),
                Ended::Censored => out[place] += effect,
            }
            place += 1;
        }
        for (&row, place) in group.iter().zip(first..) {
            if outcome.ended(row) == Ended::Competing {
                let weight = hazard[place] / free[place];
                gone[0] += weight;
                gone[1] += weight * column[place];
            }
        }
    }
}
