//! One replicate: the stages in order.

use crate::allocation::Enrolled;
use crate::analysis::{Covariates, Estimate, Response, Status};
use crate::column::{Frame, Kind, keep};
use crate::endpoint::hierarchical::Comparison;
use crate::endpoint::measured::Measured;
use crate::estimand::{self, Sums, Table, Target};
use crate::protocol::{BLOCK, Fault, MeasurePlan, Protocol, Question, Screen};
use crate::random::{Index, Replicate};
use crate::scenario::Accrual;
use crate::selection;
use crate::workspace::{Workspace, index};

/// Candidates screened for one trial at most, as a multiple of its size (and at least 2²⁰): beyond it the trial stops short.
pub const MOST_SCREENED: usize = 4096;

/// What one trial was like.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrialRecord {
    /// Candidates screened up to the last enrolment.
    pub screened: u32,
    /// Patients enrolled.
    pub enrolled: u32,
    /// Date of the last entry (months).
    pub last_entry: f64,
    /// Date of a calendar cut (months); infinite where there is none.
    pub cut: f64,
    /// Mean follow-up (months), death aside, where it is limited; infinite where not.
    pub follow_up: f64,
    /// Candidates turned away because their site was full.
    pub site_full: u32,
}

/// What one analysis gave in one replicate.
#[derive(Clone, Copy, Debug)]
pub struct RowRecord {
    /// The estimate on the data as seen.
    pub estimate: Estimate,
    /// The method on the replicate's own potential outcomes, each patient once in either arm: complete, as seen. NaN where the
    /// target is undefined or truth was not asked for.
    pub target: [f64; 2],
    /// Sums of the target: complete, as seen; of the two groups of an interaction.
    pub sums: [[Sums; 2]; 2],
}

impl RowRecord {
    /// A row not yet filled.
    pub const EMPTY: Self = Self {
        estimate: Estimate {
            estimate: f64::NAN,
            se: f64::NAN,
            lower: f64::NAN,
            upper: f64::NAN,
            z: f64::NAN,
            p: f64::NAN,
            n: 0,
            events: 0,
            parts: [0.0; 8],
            status: Status::EmptyArm,
        },
        target: [f64::NAN; 2],
        sums: [[[0.0; 4]; 2]; 2],
    };
}

/// Carries out one trial and analyses it. `funnel[k]` counts candidates excluded by criterion k.
///
/// # Errors
/// A parameter that lies outside its domain for some patient.
pub fn replicate(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    funnel: &mut [u32],
    rows: &mut [RowRecord],
) -> Result<TrialRecord, Fault> {
    let mut trial = enrol(protocol, replicate, work, funnel)?;
    follow(protocol, replicate, work, &mut trial)?;
    analyse_all(protocol, work, rows);
    Ok(trial)
}

/// All analyses of the trial as seen. Call after [`follow`].
pub fn analyse_all(protocol: &Protocol<'_>, work: &mut Workspace, rows: &mut [RowRecord]) {
    for (number, row) in rows.iter_mut().enumerate() {
        *row = RowRecord::EMPTY;
        row.estimate = analyse(protocol, number, work);
    }
}

/// Population, eligibility, enrolment and allocation: the enrolled patients with their baseline and arms.
///
/// # Errors
/// See [`replicate`].
pub fn enrol(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    funnel: &mut [u32],
) -> Result<TrialRecord, Fault> {
    let mut trial = TrialRecord { cut: f64::INFINITY, follow_up: f64::INFINITY, ..TrialRecord::default() };
    funnel.fill(0);
    screen(protocol, replicate, work, funnel, &mut trial)?;
    let enrolled = work.candidates.len();
    trial.enrolled = enrolled as u32;
    work.cohort.rows = enrolled;
    date(protocol, work, &mut trial);

    let candidates = index(&work.candidates, work.dense);
    for step in &protocol.baseline {
        step.draw(replicate, candidates, &mut work.cohort, &mut work.noise)?;
    }
    protocol.strata.assign(&work.cohort, &work.site, &mut work.noise.registers, &mut work.flags, &mut work.stratum);
    work.cohort.arm.resize(enrolled, 0);
    let mut arm = std::mem::take(&mut work.cohort.arm);
    protocol.allocation.allocate(
        replicate,
        Enrolled { candidates, stratum: &work.stratum },
        &mut work.blocks,
        &mut arm,
    );
    work.cohort.arm = arm;
    Ok(trial)
}

/// Draws candidates in blocks and screens them until the trial is full or nobody comes any more.
fn screen(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    funnel: &mut [u32],
    trial: &mut TrialRecord,
) -> Result<(), Fault> {
    let n = protocol.scenario.n;
    work.arrivals.date.clear();
    work.arrivals.site.clear();
    let mut target = n;
    if let (Some(arrivals), false) = (&protocol.arrivals, protocol.by_screening()) {
        arrivals.arrive(replicate, n, &mut work.arrivals);
        target = n.min(work.arrivals.date.len());
    }
    work.dense = protocol.screening.is_empty() && !protocol.by_screening();
    if work.dense {
        // the numbers of the replicate before serve again
        if work.candidates.len() != target {
            work.candidates.clear();
            work.candidates.extend(0..target as u32);
        }
        trial.screened = target as u32;
        return Ok(());
    }
    work.candidates.clear();
    for &c in &protocol.carried {
        work.cohort.real[c].clear();
        work.cohort.code[c].clear();
    }
    work.by_site.fill(0);
    let most = (MOST_SCREENED * n).max(1 << 20);
    let mut first = 0;
    while work.candidates.len() < target && first < most {
        let mut len = BLOCK;
        if protocol.by_screening() {
            if let (Some(arrivals), true) = (&protocol.arrivals, work.arrivals.date.len() < first + BLOCK) {
                // arrivals ascend and do not depend on how many are asked for: ask for ever more
                arrivals.arrive(replicate, 2 * (first + BLOCK).max(n), &mut work.arrivals);
            }
            len = len.min(work.arrivals.date.len().saturating_sub(first));
            if len == 0 {
                break;
            }
        }
        screen_block(protocol, replicate, work, first as u32, len)?;
        let full = protocol.scenario.criteria.len() as u8 + 1;
        if protocol.by_screening() {
            fill_sites(protocol, work, first, len, full);
        }
        let before = work.candidates.len();
        let eligible = (0..len).filter(|&i| work.reason[i] == 0).map(|i| (first + i) as u32);
        work.candidates.extend(eligible);
        // the last candidate that counts: the one who fills the trial, or the block's last
        let last = if work.candidates.len() >= target {
            work.candidates.truncate(target);
            (work.candidates[target - 1] as usize + 1) - first
        } else {
            len
        };
        carry(protocol, work, before);
        for &reason in &work.reason[..last] {
            if reason == full {
                trial.site_full += 1;
            } else if reason > 0 {
                funnel[usize::from(reason) - 1] += 1;
            }
        }
        trial.screened += last as u32;
        first += len;
    }
    trial.screened -= trial.site_full;
    Ok(())
}

/// Draws and screens one block: `work.reason` says who is excluded by what.
fn screen_block(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    first: u32,
    len: usize,
) -> Result<(), Fault> {
    work.block.rows = len;
    work.numbers.clear();
    work.numbers.extend(first..first + len as u32);
    work.alive.clear();
    work.alive.resize(len, 1);
    work.row_reason.clear();
    work.row_reason.resize(len, 0);
    let mut dense = true;
    for step in &protocol.screening {
        let rows = work.block.rows;
        let index = if dense { Index::Dense { first, len } } else { Index::Sparse(&work.numbers) };
        match step {
            Screen::Draw(number) => {
                protocol.draws[*number].draw(replicate, index, &mut work.block, &mut work.noise)?;
            }
            Screen::Ask { criterion, question } => {
                work.flags.resize(rows, 0);
                let flags = &mut work.flags[..rows];
                match question {
                    Question::When(program) => {
                        program.eval_flags(rows, &work.block, &mut work.noise.registers, flags);
                    }
                    Question::Prevalence(step) => {
                        step.draw_flag(replicate, index, &work.block, &mut work.noise, flags)?;
                    }
                }
                let number = *criterion as u8 + 1;
                let excluded_where = u8::from(!protocol.scenario.criteria[*criterion].inclusion);
                for ((row, alive), &flag) in work.row_reason.iter_mut().zip(&mut work.alive).zip(flags.iter()) {
                    let out = *alive & u8::from(flag == excluded_where);
                    *row |= number & 0u8.wrapping_sub(out);
                    *alive ^= out;
                }
            }
            Screen::Narrow(columns) => {
                for &c in columns {
                    match protocol.layout.kind(c) {
                        Kind::Real => keep(&mut work.block.real[c], &work.alive),
                        Kind::Code => keep(&mut work.block.code[c], &work.alive),
                    }
                }
                settle(work, first);
                keep(&mut work.numbers, &work.alive);
                work.block.rows = work.numbers.len();
                work.alive.clear();
                work.alive.resize(work.block.rows, 1);
                work.row_reason.clear();
                work.row_reason.resize(work.block.rows, 0);
                dense = false;
            }
        }
    }
    settle(work, first);
    Ok(())
}

/// Writes the rows' reasons to their places in the block.
fn settle(work: &mut Workspace, first: u32) {
    for (&k, &reason) in work.numbers.iter().zip(&work.row_reason) {
        work.reason[(k - first) as usize] = reason;
    }
}

/// Turns away eligible candidates of sites that have reached their cap (rates of screened candidates).
fn fill_sites(protocol: &Protocol<'_>, work: &mut Workspace, first: usize, len: usize, full: u8) {
    let Accrual::Sites(sites) = &protocol.scenario.enrolment.accrual else { return };
    if sites.iter().all(|s| s.cap.is_none()) {
        return;
    }
    for i in 0..len {
        let site = usize::from(work.arrivals.site[first + i]);
        if sites[site].cap.is_some_and(|cap| work.by_site[site] >= cap) {
            work.reason[i] = full;
        } else if work.reason[i] == 0 {
            work.by_site[site] += 1;
        }
    }
}

/// Appends the screened columns of the block's newly enrolled to the cohort.
fn carry(protocol: &Protocol<'_>, work: &mut Workspace, before: usize) {
    let new = &work.candidates[before..];
    if new.is_empty() {
        return;
    }
    // rows of the block and the newly enrolled both ascend: one walk
    work.flags.clear();
    let mut wanted = new.iter().peekable();
    for k in &work.numbers {
        let is = wanted.peek() == Some(&k);
        if is {
            wanted.next();
        }
        work.flags.push(u8::from(is));
    }
    for &c in &protocol.carried {
        match protocol.layout.kind(c) {
            Kind::Real => extend(&mut work.cohort.real[c], &work.block.real[c], &work.flags),
            Kind::Code => extend(&mut work.cohort.code[c], &work.block.code[c], &work.flags),
        }
    }
}

fn extend<T: Copy>(to: &mut Vec<T>, from: &[T], flags: &[u8]) {
    to.extend(from.iter().zip(flags).filter(|(_, f)| **f == 1).map(|(x, _)| *x));
}

/// Gives the enrolled their entry dates and sites.
fn date(protocol: &Protocol<'_>, work: &mut Workspace, trial: &mut TrialRecord) {
    work.entry.clear();
    work.site.clear();
    if protocol.arrivals.is_none() {
        return;
    }
    let arrivals = &work.arrivals;
    if protocol.by_screening() {
        work.entry.extend(work.candidates.iter().map(|&k| arrivals.date[k as usize]));
        if !arrivals.site.is_empty() {
            work.site.extend(work.candidates.iter().map(|&k| arrivals.site[k as usize]));
        }
    } else {
        let enrolled = work.candidates.len();
        work.entry.extend_from_slice(&arrivals.date[..enrolled]);
        if !arrivals.site.is_empty() {
            work.site.extend_from_slice(&arrivals.site[..enrolled]);
        }
    }
    trial.last_entry = work.entry.iter().copied().fold(0.0, f64::max);
}

/// Outcome, observation, data cut and endpoints of the enrolled patients.
///
/// # Errors
/// See [`replicate`].
pub fn follow(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    trial: &mut TrialRecord,
) -> Result<(), Fault> {
    let candidates = index(&work.candidates, work.dense);
    for step in &protocol.outcomes {
        step.draw(replicate, candidates, &mut work.cohort, &mut work.noise)?;
    }
    cut(protocol, replicate, work, trial)?;
    let candidates = index(&work.candidates, work.dense);
    work.view.look(protocol, replicate, candidates, &work.end, false, &mut work.cohort, &mut work.noise)?;
    if !work.view.lost.is_empty() || !work.view.end.is_empty() {
        let sum: f64 = work.view.seen.iter().map(|&t| if t > 0.0 { t } else { 0.0 }).sum();
        trial.follow_up = sum / work.cohort.rows as f64;
    }
    for (measured, plan) in work.measured.iter_mut().zip(&protocol.endpoints) {
        if let Some(plan) = plan {
            measured.measure(plan, &work.cohort, &work.view, &mut work.noise.registers, &mut work.meter);
        }
    }
    Ok(())
}

/// Administrative ends of follow-up: the earliest of the horizon, a date, a time after the last entry, a number of events.
fn cut(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    trial: &mut TrialRecord,
) -> Result<(), Fault> {
    let cut = &protocol.scenario.cut;
    let rows = work.cohort.rows;
    let mut date = cut.date.unwrap_or(f64::INFINITY);
    if let Some(months) = cut.after_last_entry {
        date = date.min(trial.last_entry + months);
    }
    let horizon = cut.horizon.unwrap_or(f64::INFINITY);
    work.end.clear();
    if let Some((count, endpoint)) = cut.events {
        // the date of the event that completes the number, among events seen before any other cut
        if horizon.is_finite() || date.is_finite() {
            ends(&mut work.end, rows, &work.entry, horizon, date);
        }
        let candidates = index(&work.candidates, work.dense);
        work.view.look(protocol, replicate, candidates, &work.end, false, &mut work.cohort, &mut work.noise)?;
        if let Some(plan @ MeasurePlan::Time { .. }) = &protocol.endpoints[endpoint] {
            let measured = &mut work.measured[endpoint];
            measured.measure(plan, &work.cohort, &work.view, &mut work.noise.registers, &mut work.meter);
            work.dates.clear();
            for i in 0..rows {
                if measured.values.event[i] == 1 && measured.known[i] == 1 {
                    work.dates.push(measured.values.real[i] + work.entry.get(i).copied().unwrap_or(0.0));
                }
            }
            let count = count as usize;
            if count >= 1 && work.dates.len() >= count {
                let completes = *work.dates.select_nth_unstable_by(count - 1, f64::total_cmp).1;
                date = date.min(counting(completes, measured, &work.entry));
            }
        }
        work.end.clear();
    }
    if horizon.is_finite() || date.is_finite() {
        ends(&mut work.end, rows, &work.entry, horizon, date);
    }
    trial.cut = date;
    Ok(())
}

/// The date of an event, later by as many units in the last place as it takes for the event to be counted: in rounded
/// arithmetic (t + entry) − entry may be less than t.
fn counting(event: f64, measured: &Measured, entry: &[f64]) -> f64 {
    let mut date = event;
    for (i, &t) in measured.values.real.iter().enumerate() {
        let entry = entry.get(i).copied().unwrap_or(0.0);
        if measured.values.event[i] == 1 && t + entry == event {
            while date - entry < t {
                date = date.next_up();
            }
        }
    }
    date
}

fn ends(end: &mut Vec<f64>, rows: usize, entry: &[f64], horizon: f64, date: f64) {
    end.resize(rows, horizon.min(date));
    if date.is_finite() && !entry.is_empty() {
        for (e, &entry) in end.iter_mut().zip(entry) {
            let left = date - entry;
            *e = if left <= horizon { left } else { horizon };
        }
    } else {
        end.fill(horizon.min(date));
    }
}

/// One analysis of the trial as seen.
fn analyse(protocol: &Protocol<'_>, number: usize, work: &mut Workspace) -> Estimate {
    let plan = &protocol.scenario.analyses[number];
    let row = &protocol.analyses[number];
    let rows = work.cohort.rows;
    let measured = &work.measured[plan.endpoint];
    let all = measured.complete
        && row.subset.is_none()
        && row.interaction.is_none()
        && protocol.scenario.arms.len() == 2
        && plan.arms == [1, 0];
    if all {
        work.selection.clear();
        for program in &row.covariates {
            let start = work.selection.covariates.len();
            work.selection.covariates.resize(start + rows, 0.0);
            program.eval(rows, &work.cohort, &mut work.noise.registers, &mut work.selection.covariates[start..]);
        }
        let covariates = Covariates { values: &work.selection.covariates, count: row.covariates.len() };
        let data = selection::whole(measured, &work.cohort.arm, covariates);
        return plan.method.analyse(&data, &row.rule, &mut work.scratch);
    }
    let group = |work: &mut Workspace, group: Option<u8>| {
        pick(protocol, number, work, group, None);
        let Workspace { selection, measured, cohort, noise, scratch, .. } = work;
        selection.clear();
        let (arm, experimental) = (&cohort.arm, plan.arms[0] as u8);
        selection.append(&measured[plan.endpoint], |i| u8::from(arm[i] == experimental));
        covariates(protocol, number, selection, cohort, noise, 1);
        plan.method.analyse(&selection.dataset(&measured[plan.endpoint]), &row.rule, scratch)
    };
    if row.interaction.is_none() {
        return group(work, None);
    }
    let (with, without) = (group(work, Some(1)), group(work, Some(0)));
    interaction(&with, &without, protocol, number)
}

/// The difference of two groups' estimates (Altman and Bland, BMJ 2003;326:219): where the condition holds minus where not.
fn interaction(with: &Estimate, without: &Estimate, protocol: &Protocol<'_>, number: usize) -> Estimate {
    let row = &protocol.analyses[number];
    let n = (with.n + without.n) as usize;
    for e in [with, without] {
        if e.status != Status::Estimated {
            return Estimate::failed(e.status, n);
        }
    }
    let difference = with.estimate - without.estimate;
    let se = (with.se * with.se + without.se * without.se).sqrt();
    if !(se.is_finite() && se > 0.0) {
        return Estimate::failed(Status::NoVariation, n);
    }
    // the difference of two probabilities has no effect at 0, not at ½
    let rule = crate::analysis::Rule { null: 0.0, ..row.rule };
    let mut both = crate::analysis::wald::wald(difference, se, &rule, n, (with.events + without.events) as usize);
    both.z = row.orientation * difference / se;
    both.p = crate::math::special::normal_tail(both.z);
    both
}

/// Rows of an analysis: known, of either arm (or of any, for potential outcomes), in the subset, in the group.
fn pick(
    protocol: &Protocol<'_>,
    number: usize,
    work: &mut Workspace,
    group: Option<u8>,
    potential: Option<[&Measured; 2]>,
) {
    let plan = &protocol.scenario.analyses[number];
    let row = &protocol.analyses[number];
    let rows = work.cohort.rows;
    work.selection.picks.clear();
    work.alive.clear();
    match potential {
        None => {
            let [e, c] = plan.arms.map(|a| a as u8);
            let known = &work.measured[plan.endpoint].known;
            work.alive.extend(known.iter().zip(&work.cohort.arm).map(|(&k, &a)| k & u8::from(a == e || a == c)));
        }
        Some(_) => work.alive.resize(rows, 1),
    }
    work.flags.resize(rows, 0);
    for (program, wanted) in
        row.subset.iter().map(|s| (s, 1)).chain(row.interaction.iter().filter_map(|i| group.map(|g| (i, g))))
    {
        program.eval_flags(rows, &work.cohort, &mut work.noise.registers, &mut work.flags[..rows]);
        for (a, &f) in work.alive.iter_mut().zip(&work.flags) {
            *a &= u8::from(f == wanted);
        }
    }
    work.selection.picks.extend((0..rows as u32).filter(|&i| work.alive[i as usize] == 1));
}

fn covariates(
    protocol: &Protocol<'_>,
    number: usize,
    selection: &mut crate::selection::Selection,
    cohort: &Frame,
    noise: &mut crate::protocol::Noise,
    copies: usize,
) {
    let rows = cohort.rows;
    for program in &protocol.analyses[number].covariates {
        noise.values.resize(rows, 0.0);
        program.eval(rows, cohort, &mut noise.registers, &mut noise.values);
        for _ in 0..copies {
            selection.covariates.extend(selection.picks.iter().map(|&i| noise.values[i as usize]));
        }
        selection.count += 1;
    }
}

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

/// The targets of all analyses in one replicate, from both potential outcomes of every enrolled patient. Call after [`replicate`]
/// with the same workspace; the patients' arms and outcomes are overwritten.
///
/// # Errors
/// See [`replicate`].
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
        (Target::Mean | Target::LogOdds, Response::Binary(y)) => {
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
        (_, Response::Time { time, event }) => {
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
                Response::Time { .. } => 0.0,
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

/// Screens a number of candidates without enrolling: how many are eligible, and exclusions by criterion.
///
/// # Errors
/// See [`replicate`].
pub fn screen_pilot(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    candidates: usize,
    work: &mut Workspace,
    funnel: &mut [u32],
) -> Result<usize, Fault> {
    funnel.fill(0);
    let mut eligible = 0;
    for first in (0..candidates).step_by(BLOCK) {
        let len = BLOCK.min(candidates - first);
        screen_block(protocol, replicate, work, first as u32, len)?;
        for &reason in &work.reason[..len] {
            match reason {
                0 => eligible += 1,
                k => funnel[usize::from(k) - 1] += 1,
            }
        }
    }
    Ok(eligible)
}

/// Draws the outcomes of the enrolled as if all were in one arm. The patients' arms are overwritten.
///
/// # Errors
/// See [`replicate`].
pub fn potential_outcomes(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    arm: u8,
    work: &mut Workspace,
) -> Result<(), Fault> {
    work.cohort.arm.fill(arm);
    let candidates = index(&work.candidates, work.dense);
    for step in &protocol.outcomes {
        step.draw(replicate, candidates, &mut work.cohort, &mut work.noise)?;
    }
    Ok(())
}

/// Candidates as screened: every population column, and by what each is excluded.
#[derive(Debug)]
pub struct Candidates {
    /// Their columns.
    pub frame: Frame,
    /// 0 eligible, else one more than the number of the first criterion that excludes.
    pub reason: Vec<u8>,
}

/// Draws the first `count` candidates of a replicate with all population columns (of a protocol compiled for
/// [`crate::protocol::Wanted::Everything`]) and screens them.
///
/// # Errors
/// See [`replicate`].
pub fn candidates(protocol: &Protocol<'_>, replicate: Replicate, count: usize) -> Result<Candidates, Fault> {
    let mut work = Workspace::new(protocol);
    let mut frame = Frame::new(protocol.layout.columns());
    frame.rows = count;
    let index = Index::Dense { first: 0, len: count };
    for step in protocol.draws.iter().chain(&protocol.baseline) {
        step.draw(replicate, index, &mut frame, &mut work.noise)?;
    }
    let mut reason = Vec::with_capacity(count);
    for first in (0..count).step_by(BLOCK) {
        let len = BLOCK.min(count - first);
        screen_block(protocol, replicate, &mut work, first as u32, len)?;
        reason.extend_from_slice(&work.reason[..len]);
    }
    Ok(Candidates { frame, reason })
}
