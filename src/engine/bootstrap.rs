//! Standard errors by the bootstrap: the method on resamples of the trial's own patients.
//!
//! Source: Efron B. Bootstrap methods: another look at the jackknife. Annals of Statistics 1979;7:1.

use crate::analysis::wald::wald;
use crate::analysis::{Estimate, Rule, Status};
use crate::math::special::normal_tail;
use crate::protocol::Protocol;
use crate::random::{Replicate, Sequence};
use crate::workspace::Workspace;

use super::RowRecord;
use super::analyse::{pick, picked};

/// Where more than this share of resamples has no estimate, the row has none: the others would not stand for all.
const MOST_FAILED: f64 = 0.1;

/// Replaces a row's standard error by the standard deviation of the method's estimate over resamples of the analysed patients with
/// replacement, arms together; test and interval are Wald's.
///
/// Resample b reads its own random numbers, so that more resamples begin with the same ones.
pub(super) fn bootstrap(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    number: usize,
    work: &mut Workspace,
    record: &mut RowRecord,
) {
    let row = &protocol.analyses[number];
    let Some((resamples, address)) = &row.bootstrap else { return };
    let plain = record.estimate;
    if plain.status != Status::Estimated {
        return;
    }
    pick(protocol, number, work, None, None);
    let mut patients = std::mem::take(&mut work.selection.everyone);
    std::mem::swap(&mut patients, &mut work.selection.picks);
    if let Some(condition) = &row.interaction {
        let rows = work.cohort.rows;
        condition.eval_flags(rows, &work.cohort, &mut work.noise.registers, &mut work.flags[..rows]);
    }
    // deviations from the row's own estimate: they are small
    let (mut count, mut sum, mut squares) = (0u32, 0.0, 0.0);
    for resample in 0..u64::from(*resamples) {
        let mut draw = |group: Option<u8>| {
            let mut words = Sequence::at(address, replicate, resample << 32);
            work.selection.picks.clear();
            for _ in 0..patients.len() {
                let patient = patients[words.below(patients.len())];
                if group.is_none_or(|g| work.flags[patient as usize] == g) {
                    work.selection.picks.push(patient);
                }
            }
            let e = picked(protocol, number, work);
            (e.status == Status::Estimated).then_some(e.estimate)
        };
        let estimate = match row.interaction {
            None => draw(None),
            Some(_) => draw(Some(1)).zip(draw(Some(0))).map(|(with, without)| with - without),
        };
        if let Some(d) = estimate.map(|e| e - plain.estimate).filter(|d| d.is_finite()) {
            count += 1;
            sum += d;
            squares += d * d;
        }
    }
    work.selection.everyone = patients;
    record.failed_resamples = resamples - count;
    let kept = f64::from(count);
    let (n, events) = (plain.n as usize, plain.events as usize);
    record.estimate = if f64::from(record.failed_resamples) > MOST_FAILED * f64::from(*resamples) {
        Estimate::failed(Status::Resampling, n).counted(n, events)
    } else {
        let se = ((squares - sum * sum / kept) / (kept - 1.0)).max(0.0).sqrt();
        let null = if row.interaction.is_some() { 0.0 } else { row.rule.null };
        let answer = oriented(plain.estimate, se, &Rule { null, ..row.rule }, row.orientation, n, events);
        match protocol.scenario.analyses[number].equivalence {
            Some([low, high]) if answer.status == Status::Estimated => {
                let z = (plain.estimate - low).min(high - plain.estimate) / se;
                Estimate { z, p: normal_tail(z), others: None, ..answer }
            }
            _ => answer,
        }
    };
    record.estimate.parts = plain.parts;
}

/// Wald's test and interval, the statistic oriented by the row rather than by the endpoint.
pub(super) fn oriented(estimate: f64, se: f64, rule: &Rule, orientation: f64, n: usize, events: usize) -> Estimate {
    let mut answer = wald(estimate, se, rule, n, events);
    if answer.status == Status::Estimated {
        answer.z = orientation * (estimate - rule.null) / se;
        answer.p = normal_tail(answer.z);
    }
    answer
}
