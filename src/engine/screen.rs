//! Population and eligibility: candidates are drawn in blocks and screened until the trial is full.

use crate::column::{Frame, Kind, keep};
use crate::protocol::{BLOCK, Fault, Protocol, Question, Screen};
use crate::random::{Index, Replicate};
use crate::scenario::Accrual;
use crate::workspace::Workspace;

use super::TrialRecord;

/// Candidates screened for one trial at most, as a multiple of its size (and at least 2²⁰): beyond it the trial stops short.
pub const MOST_SCREENED: usize = 4096;

/// Number from which on no candidate is screened for a trial of `n`.
pub(super) fn most_screened(n: usize) -> usize {
    (MOST_SCREENED * n).max(1 << 20)
}

/// Draws candidates in blocks and screens them until the trial of `n` is full or nobody comes any more.
pub(super) fn screen(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    n: usize,
    work: &mut Workspace,
    funnel: &mut [u32],
    trial: &mut TrialRecord,
) -> Result<(), Fault> {
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
    let most = most_screened(n);
    let mut first = 0;
    while work.candidates.len() < target && first < most {
        let mut len = ahead(target, work.candidates.len(), first);
        if protocol.by_screening() {
            if let (Some(arrivals), true) = (&protocol.arrivals, work.arrivals.date.len() < first + len) {
                // arrivals ascend and do not depend on how many are asked for: ask for ever more
                arrivals.arrive(replicate, 2 * (first + len).max(n), &mut work.arrivals);
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

/// How many candidates to draw next: as many as should fill the trial, by the share who were eligible among the first `screened`, where that
/// is less than a block.
fn ahead(target: usize, enrolled: usize, screened: usize) -> usize {
    // a whole number of times what the random numbers are made in
    const STRIDE: usize = 64;
    let missing = target - enrolled;
    let expected = match enrolled {
        0 if screened == 0 => missing,
        // so far nobody
        0 => BLOCK,
        _ => (missing * screened).div_ceil(enrolled),
    };
    expected.next_multiple_of(STRIDE).min(BLOCK)
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
    work.block.site.clear();
    if protocol.by_screening() && !work.arrivals.site.is_empty() {
        let first = first as usize;
        work.block.site.extend_from_slice(&work.arrivals.site[first..first + len]);
    }
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
                keep(&mut work.block.site, &work.alive);
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
    work.picks.clear();
    let mut wanted = new.iter().peekable();
    for (row, k) in (0..).zip(&work.numbers) {
        if wanted.next_if(|next| *next == k).is_some() {
            work.picks.push(row);
        }
    }
    for &c in &protocol.carried {
        match protocol.layout.kind(c) {
            Kind::Real => extend(&mut work.cohort.real[c], &work.block.real[c], &work.picks),
            Kind::Code => extend(&mut work.cohort.code[c], &work.block.code[c], &work.picks),
        }
    }
}

fn extend<T: Copy>(to: &mut Vec<T>, from: &[T], picks: &[u32]) {
    to.extend(picks.iter().map(|&row| from[row as usize]));
}

/// Screens a number of candidates without enrolling: how many are eligible, and exclusions by criterion.
///
/// # Errors
/// See [`super::replicate`].
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

/// Candidates as screened: every population column, and by what each is excluded.
#[derive(Debug)]
pub struct Candidates {
    /// Their columns.
    pub frame: Frame,
    /// 0 enrolled, else one more than the number of the first criterion that excludes; one more than there are criteria: turned away,
    /// since the candidate's site was full.
    pub reason: Vec<u8>,
    /// Site of each candidate, where rates are of screened candidates; else empty.
    pub site: Vec<u16>,
}

/// Draws the first `count` candidates of a replicate with all population columns that do not wait for a site (of a protocol compiled for
/// [`crate::protocol::Wanted::Everything`]) and screens them.
///
/// # Errors
/// See [`super::replicate`].
pub fn candidates(protocol: &Protocol<'_>, replicate: Replicate, count: usize) -> Result<Candidates, Fault> {
    let mut work = Workspace::new(protocol);
    let mut frame = Frame::new(protocol.layout.columns());
    frame.rows = count;
    if let (Some(arrivals), true) = (&protocol.arrivals, protocol.by_screening()) {
        arrivals.arrive(replicate, count, &mut work.arrivals);
        frame.site.extend(work.arrivals.site.iter().take(count));
    }
    let index = Index::Dense { first: 0, len: count };
    for step in protocol.draws.iter().chain(&protocol.baseline) {
        // a candidate who has no site yet has nothing that depends on it
        if !frame.site.is_empty() || !protocol.layout.reads_site(protocol.scenario, step.column) {
            step.draw(replicate, index, &mut frame, &mut work.noise)?;
        }
    }
    let mut reason = Vec::with_capacity(count);
    work.by_site.fill(0);
    let full = protocol.scenario.criteria.len() as u8 + 1;
    for first in (0..count).step_by(BLOCK) {
        let len = BLOCK.min(count - first);
        screen_block(protocol, replicate, &mut work, first as u32, len)?;
        if protocol.by_screening() {
            fill_sites(protocol, &mut work, first, len, full);
        }
        reason.extend_from_slice(&work.reason[..len]);
    }
    work.arrivals.site.truncate(count);
    Ok(Candidates { frame, reason, site: work.arrivals.site })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_candidates_drawn_next() {
        // at least those who are missing, in whole strides; a block where nobody was eligible; else by the share so far: 20 × 64/10
        assert_eq!(ahead(60, 0, 0), 64);
        assert_eq!(ahead(60, 0, 64), BLOCK);
        assert_eq!(ahead(30, 10, 64), 128);
        assert_eq!(ahead(30, 29, 64), 64);
        assert_eq!(ahead(100_000, 10, 1024), BLOCK);
    }
}
