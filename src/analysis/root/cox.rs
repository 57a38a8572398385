//! The root of the partial-likelihood score.
//!
//! The score of Cox's model is no sum over patients: each event is compared with those at risk. Its first-order form is: with
//! S₀(t), e(t) = S₁(t)/S₀(t) and the events dN from the pilot, a patient with covariates x, follow-up T and event δ contributes
//! δ (x − e(T)) − e^{βx} ∫₀ᵀ (x − e(t)) dN(t)/S₀(t). An error of the pilot's e meets one of its dN/S₀, so that it counts only
//! squared; and no figure depends on how a patient's two potential outcomes go together.
//!
//! Source: Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. JASA 1989;84:1074, equation 2.4; ties by
//! Efron's weights.

use super::{Columns, Linear, Root, maximise};
use crate::analysis::{Dataset, Response, Status};
use crate::math::linalg::{at, packed_len};

#[derive(Debug)]
struct Cox {
    value: f64,
    predictor: Linear,
    /// a·x.
    influence: Linear,
    /// Event times of the pilot, ascending.
    time: Vec<f64>,
    /// One more than these: what stands between them.
    steps: Vec<Step>,
}

/// What holds from one event time of the pilot (exclusive) to the next (inclusive).
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    /// a·e at the next event.
    mean: f64,
    /// ∫ dN/S₀ up to the last event, and ∫ a·e dN/S₀.
    hazard: f64,
    mean_hazard: f64,
    /// The same of the next event's ties that have gone before: what one of the tied is not at risk for.
    gone: f64,
    mean_gone: f64,
}

/// The patients in order of time, latest first, cut where time changes.
struct Order {
    rows: Vec<u32>,
    groups: Vec<std::ops::Range<usize>>,
}

/// Sums over those at risk at one event, each of its d ties in turn.
struct AtRisk<'a> {
    weight: f64,
    gone: f64,
    s0: f64,
    s1: &'a [f64],
    s2: &'a [f64],
}

/// The root on a pilot.
///
/// # Errors
/// See [`super::maximise`].
pub(crate) fn cox(data: &Dataset<'_>, weights: [f64; 2]) -> Result<Box<dyn Root>, Status> {
    let Response::Time { time, event, .. } = data.response else { return Err(Status::NoVariation) };
    if event.iter().all(|&d| d == 0) {
        return Err(Status::NoVariation);
    }
    let columns = Columns::new(data)?;
    let mut rows: Vec<u32> = (0..time.len() as u32).collect();
    rows.sort_unstable_by(|&i, &j| time[j as usize].total_cmp(&time[i as usize]).then(i.cmp(&j)));
    let mut groups = Vec::new();
    let mut start = 0;
    for group in rows.chunk_by(|&i, &j| time[i as usize] == time[j as usize]) {
        groups.push(start..start + group.len());
        start += group.len();
    }
    let order = Order { rows, groups };
    let k = columns.count();
    let weight = |row: usize| weights[usize::from(data.arm[row])];
    let (beta, row) = maximise(vec![0.0; k], 0, |beta, gradient, information| {
        gradient.fill(0.0);
        information.fill(0.0);
        let mut value = 0.0;
        walk(&columns, &order, event, &weight, beta, |at_risk, died| match at_risk {
            None => {
                for &i in died {
                    let (i, w) = (i as usize, weight(i as usize));
                    value += w * columns.combine(beta, i);
                    for (j, g) in gradient.iter_mut().enumerate() {
                        *g += w * columns.x(j, i);
                    }
                }
            }
            Some(r) => {
                value -= r.weight * r.s0.ln();
                for j in 0..k {
                    let mean = r.s1[j] / r.s0;
                    gradient[j] -= r.weight * mean;
                    for l in 0..=j {
                        information[at(j, l)] += r.weight * (r.s2[at(j, l)] / r.s0 - mean * r.s1[l] / r.s0);
                    }
                }
            }
        });
        value
    })?;

    // latest first, then turned round
    let mut times = Vec::new();
    let mut steps = Vec::new();
    walk(&columns, &order, event, &weight, &beta, |at_risk, died| match at_risk {
        None => {
            times.push(time[died[0] as usize]);
            steps.push((Step::default(), 0.0, 0.0, 0.0));
        }
        Some(r) => {
            if let Some((step, hazard, mean_hazard, events)) = steps.last_mut() {
                let mean = row.iter().zip(r.s1).map(|(a, s)| a * s).sum::<f64>() / r.s0;
                let rate = r.weight / r.s0;
                step.mean += r.weight * mean;
                step.gone += r.gone * rate;
                step.mean_gone += r.gone * rate * mean;
                *hazard += rate;
                *mean_hazard += rate * mean;
                *events += r.weight;
            }
        }
    });
    times.reverse();
    let (mut hazard, mut mean_hazard) = (0.0, 0.0);
    let mut ascending: Vec<Step> = steps
        .into_iter()
        .rev()
        .map(|(step, own, mean_own, events)| {
            let step = Step { mean: step.mean / events, hazard, mean_hazard, ..step };
            hazard += own;
            mean_hazard += mean_own;
            step
        })
        .collect();
    let last = ascending.last().map_or(0.0, |s| s.mean);
    ascending.push(Step { mean: last, hazard, mean_hazard, ..Step::default() });
    Ok(Box::new(Cox {
        value: beta[0],
        predictor: columns.raw(0.0, &beta),
        influence: columns.raw(0.0, &row),
        time: times,
        steps: ascending,
    }))
}

/// Goes through the events, latest first: `see` gets those who died at a time, then those at risk at each of its ties.
fn walk(
    columns: &Columns,
    order: &Order,
    event: &[u8],
    weight: &impl Fn(usize) -> f64,
    beta: &[f64],
    mut see: impl FnMut(Option<AtRisk<'_>>, &[u32]),
) {
    let k = beta.len();
    let packed = packed_len(k);
    // S₀, S₁, S₂ of all at risk, of those who die, and of the risk set of one tie
    let mut all = vec![0.0; 1 + k + packed];
    let mut dying = all.clone();
    let mut now = all.clone();
    let mut died: Vec<u32> = Vec::new();
    for group in &order.groups {
        died.clear();
        dying.fill(0.0);
        for &i in &order.rows[group.clone()] {
            let row = i as usize;
            let w = weight(row) * columns.combine(beta, row).exp();
            let dies = event[row] == 1;
            if dies {
                died.push(i);
            }
            for sums in [Some(&mut all), Some(&mut dying).filter(|_| dies)].into_iter().flatten() {
                sums[0] += w;
                for j in 0..k {
                    let wx = w * columns.x(j, row);
                    sums[1 + j] += wx;
                    for l in 0..=j {
                        sums[1 + k + at(j, l)] += wx * columns.x(l, row);
                    }
                }
            }
        }
        if died.is_empty() {
            continue;
        }
        see(None, &died);
        let d = died.len() as f64;
        let share = died.iter().map(|&i| weight(i as usize)).sum::<f64>() / d;
        for l in 0..died.len() {
            let gone = l as f64 / d;
            for ((n, a), own) in now.iter_mut().zip(&all).zip(&dying) {
                *n = a - gone * own;
            }
            see(Some(AtRisk { weight: share, gone, s0: now[0], s1: &now[1..=k], s2: &now[1 + k..] }), &died);
        }
    }
}

impl Root for Cox {
    fn value(&self) -> f64 {
        self.value
    }

    fn step(&self, data: &Dataset<'_>, weights: [f64; 2]) -> f64 {
        let Response::Time { time, event, .. } = data.response else { return f64::NAN };
        let mut sum = 0.0;
        for (row, (&t, &d)) in time.iter().zip(event).enumerate() {
            let next = self.time.partition_point(|&x| x < t);
            let on_event = self.time.get(next).is_some_and(|&x| x == t);
            // at risk for the events up to and at t
            let upto = &self.steps[next + usize::from(on_event)];
            let (mut hazard, mut mean_hazard) = (upto.hazard, upto.mean_hazard);
            let x = self.influence.of(data, row);
            let mut own = 0.0;
            if d == 1 {
                let step = &self.steps[next];
                own = x - step.mean;
                if on_event {
                    hazard -= step.gone;
                    mean_hazard -= step.mean_gone;
                }
            }
            let rate = self.predictor.of(data, row).exp();
            sum += weights[usize::from(data.arm[row])] * (own - rate * (x * hazard - mean_hazard));
        }
        sum
    }
}
