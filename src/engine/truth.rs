//! True values and limits: every analysis on both potential outcomes of every enrolled patient.

use crate::analysis::{Estimate, Response, Status};
use crate::endpoint::hierarchical::Comparison;
use crate::endpoint::measured::Measured;
use crate::estimand::{self, Sums, Table, Target};
use crate::protocol::{Fault, MeasurePlan, Protocol};
use crate::random::Replicate;
use crate::workspace::{Workspace, index};

use super::RowRecord;
use super::analyse::pick;

/// Counts pooled over the replicates of one worker, by analysis, complete or as seen, and group of an interaction.
#[derive(Clone, Debug)]
pub struct Tables(Vec<[[Table; 2]; 2]>);

impl Tables {
    /// Empty tables for a protocol's analyses.
    #[must_use]
    pub fn new(protocol: &Protocol<'_>) -> Self {
        let tables = protocol.scenario.analyses.iter().map(|a| {
            let target = target(protocol, a);
            let levels = match &protocol.endpoints[a.endpoint] {
                Some(MeasurePlan::Category(value, _)) => usize::from(value.levels),
                _ => 0,
            };
            std::array::from_fn(|_| std::array::from_fn(|_| Table::new(target, levels)))
        });
        Self(tables.collect())
    }

    /// Adds another worker's counts.
    pub fn add(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().flatten().flatten().zip(other.0.iter().flatten().flatten()) {
            a.add(b);
        }
    }

    /// Table of analysis `a`, complete (0) or as seen (1), of a group.
    #[must_use]
    pub fn of(&self, a: usize, view: usize, group: usize) -> &Table {
        &self.0[a][view][group]
    }
}

/// What an analysis estimates: defined for unadjusted methods, and for linear models whose covariates randomisation balances.
#[must_use]
pub fn target(_: &Protocol<'_>, plan: &crate::scenario::AnalysisPlan) -> Target {
    let target = plan.method.target();
    if plan.covariates.is_empty() || target == Target::Mean { target } else { Target::Undefined }
}

/// The targets of all analyses in one replicate, from both potential outcomes of every enrolled patient. Call after [`super::replicate`]
/// with the same workspace; the patients' arms and outcomes are overwritten.
///
/// # Errors
/// See [`super::replicate`].
pub fn truth(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    rows: &mut [RowRecord],
    tables: &mut Tables,
) -> Result<(), Fault> {
    let count = work.cohort.rows;
    for arm in 0..protocol.scenario.arms.len() {
        work.cohort.arm.fill(arm as u8);
        let candidates = index(&work.candidates, work.dense);
        for step in &protocol.outcomes {
            step.draw(replicate, candidates, &mut work.cohort, &mut work.noise)?;
        }
        for seen in 0..if protocol.incomplete { 2 } else { 1 } {
            let view = &mut work.complete;
            view.look(protocol, replicate, candidates, &work.end, seen == 0, &mut work.cohort, &mut work.noise)?;
            for (measured, plan) in work.potential[arm][seen].iter_mut().zip(&protocol.endpoints) {
                if let Some(plan) = plan {
                    measured.measure(plan, &work.cohort, view, &mut work.noise.registers, &mut work.meter);
                }
            }
        }
    }
    if count == 0 {
        return Ok(());
    }
    for (number, row) in rows.iter_mut().enumerate() {
        let plan = &protocol.scenario.analyses[number];
        let goal = target(protocol, plan);
        if goal == Target::Undefined {
            continue;
        }
        for seen in 0..if protocol.incomplete { 2 } else { 1 } {
            let groups: &[Option<u8>] =
                if protocol.analyses[number].interaction.is_some() { &[Some(1), Some(0)] } else { &[None] };
            let mut values = [f64::NAN; 2];
            for (g, &group) in groups.iter().enumerate() {
                values[g] = potential(protocol, number, goal, group, seen, g, work, row, tables);
            }
            row.target[seen] = if groups.len() == 2 { values[0] - values[1] } else { values[0] };
        }
        if !protocol.incomplete {
            row.target[1] = row.target[0];
            row.sums[1] = row.sums[0];
        }
    }
    Ok(())
}

/// One analysis applied to the potential outcomes of one group; fills the row's sums or the pooled table.
#[expect(clippy::too_many_arguments, reason = "one analysis of one group of one view")]
fn potential(
    protocol: &Protocol<'_>,
    number: usize,
    goal: Target,
    group: Option<u8>,
    seen: usize,
    g: usize,
    work: &mut Workspace,
    row: &mut RowRecord,
    tables: &mut Tables,
) -> f64 {
    let plan = &protocol.scenario.analyses[number];
    let potential = std::mem::take(&mut work.potential);
    let arms = [plan.arms[1], plan.arms[0]].map(|a| &potential[a][seen][plan.endpoint]);
    pick(protocol, number, work, group, Some(arms));
    let Workspace { selection, cohort, noise, scratch, .. } = work;
    selection.clear();
    let mut everyone = std::mem::take(&mut selection.everyone);
    std::mem::swap(&mut everyone, &mut selection.picks);
    let mut sizes = [0; 2];
    for (a, measured) in arms.iter().enumerate() {
        selection.picks.clear();
        selection.picks.extend(everyone.iter().copied().filter(|&i| measured.known[i as usize] == 1));
        sizes[a] = selection.picks.len();
        selection.append(measured, |_| a as u8);
    }
    // covariates of a linear model stand once for each arm's rows
    let count = protocol.analyses[number].covariates.len();
    for program in &protocol.analyses[number].covariates {
        noise.values.resize(cohort.rows, 0.0);
        program.eval(cohort.rows, cohort, &mut noise.registers, &mut noise.values);
        for measured in &arms {
            let known = everyone.iter().filter(|&&i| measured.known[i as usize] == 1);
            selection.covariates.extend(known.map(|&i| noise.values[i as usize]));
        }
    }
    selection.count = count;
    let data = selection.dataset(arms[0]);
    let estimate = plan.method.analyse(&data, &protocol.analyses[number].rule, scratch);
    let sums = &mut row.sums[seen][g];
    match (goal, &data.response) {
        (Target::Mean | Target::LogOdds | Target::LogRisk, Response::Binary(y)) => {
            let total = |ys: &[u8]| ys.iter().map(|&y| f64::from(y)).sum::<f64>();
            *sums = [total(&y[sizes[0]..]), sizes[1] as f64, total(&y[..sizes[0]]), sizes[0] as f64];
        }
        (Target::Mean, Response::Score(y)) => {
            *sums = [y[sizes[0]..].iter().sum(), sizes[1] as f64, y[..sizes[0]].iter().sum(), sizes[0] as f64];
        }
        (Target::Pairs(_), response) => {
            *sums = pairs(response, &estimate, sizes, &everyone, arms);
        }
        (_, Response::Ordinal { code, .. }) => {
            let table = &mut tables.0[number][seen][g];
            for (&arm, &c) in data.arm.iter().zip(*code) {
                table.count_category(usize::from(arm), c);
            }
        }
        (_, Response::Time { time, event, .. }) => {
            let table = &mut tables.0[number][seen][g];
            for ((&arm, &t), &d) in data.arm.iter().zip(*time).zip(*event) {
                table.count_time(usize::from(arm), t, d);
            }
        }
        _ => {}
    }
    let value = if estimate.status == Status::Estimated { estimate.estimate } else { f64::NAN };
    selection.everyone = everyone;
    work.potential = potential;
    value
}

/// Pairs won, lost and all, of different patients: the method's own counts over all pairs less each patient's pair with himself.
fn pairs(
    response: &Response<'_>,
    estimate: &Estimate,
    sizes: [usize; 2],
    everyone: &[u32],
    arms: [&Measured; 2],
) -> Sums {
    let all = sizes[0] as f64 * sizes[1] as f64;
    let (mut win, mut loss) = match response {
        Response::Hierarchical(_) => (estimate.parts[0] * all, estimate.parts[1] * all),
        _ if estimate.status == Status::Estimated => (estimate.estimate * all, (1.0 - estimate.estimate) * all),
        _ => (0.5 * all, 0.5 * all),
    };
    let mut own = 0.0;
    let mut at = [0, 0];
    for &i in everyone {
        let known = [0, 1].map(|a: usize| arms[a].known[i as usize] == 1);
        if known[0] && known[1] {
            own += 1.0;
            let (c, e) = (at[0], sizes[0] + at[1]);
            let sign = match response {
                Response::Hierarchical(Comparison { tiers, count }) => {
                    f64::from(estimand::compare(&tiers[..*count], e, c))
                }
                Response::Ordinal { code, .. } => order(f64::from(code[e]), f64::from(code[c])),
                Response::Binary(y) => order(f64::from(y[e]), f64::from(y[c])),
                Response::Score(y) => order(y[e], y[c]),
                Response::Time { .. } | Response::Interval { .. } => 0.0,
            };
            match response {
                Response::Hierarchical(_) => {
                    win -= f64::from(u8::from(sign > 0.0));
                    loss -= f64::from(u8::from(sign < 0.0));
                }
                _ => {
                    win -= 0.5 + 0.5 * sign;
                    loss -= 0.5 - 0.5 * sign;
                }
            }
        }
        for a in 0..2 {
            at[a] += usize::from(known[a]);
        }
    }
    [win, loss, all - own, 0.0]
}

fn order(a: f64, b: f64) -> f64 {
    f64::from(u8::from(a > b)) - f64::from(u8::from(a < b))
}
