//! A time tier before discrete tiers, or discrete tiers alone, without looking at pairs: O(n log n + n K), K states.

use super::states::{Board, MAX_STATES, States, tally};
use super::{MAX_TIERS, Pairs};
use crate::analysis::Scratch;
use crate::analysis::time_order::{at_each_time, last_event};
use crate::endpoint::hierarchical::{Comparison, Tier};

/// Compares the arms in one sweep in order of time; `None` where a tier after the first is not discrete, or where the
/// tiers have more than 64 states.
///
/// For a patient with time t, opponents who died before t are wins, and if the patient died at t, opponents followed
/// beyond t are losses. All others are tied by time and compared by state: those not dead before t, or of these the
/// ones not followed beyond t. Both numbers, by state, are kept up to date; patients with one time are taken together.
/// Patients followed beyond the last death differ by arm and state only.
#[must_use]
pub fn by_sweep(arm: &[u8], comparison: &Comparison<'_>, scratch: &mut Scratch) -> Option<Pairs> {
    by_sweep_within(arm, comparison, MAX_STATES, scratch)
}

/// [`by_sweep`] with at most so many states.
pub(super) fn by_sweep_within(
    arm: &[u8],
    comparison: &Comparison<'_>,
    most: usize,
    scratch: &mut Scratch,
) -> Option<Pairs> {
    let tiers = comparison.tiers();
    let (clock, discrete) = match tiers.first() {
        Some(&Tier::Time { time, event }) => (Some((time, event)), &tiers[1..]),
        _ => (None, tiers),
    };
    let states = States::encode(discrete, arm.len(), most, &mut scratch.codes)?;
    let experimental: usize = arm.iter().map(|&a| usize::from(a)).sum();
    let patients = [arm.len() - experimental, experimental];
    match clock {
        Some((time, event)) => {
            let last = last_event(time, event, f64::INFINITY);
            scratch.ascending(time, last);
        }
        None => scratch.order.clear(),
    }

    let width = Board::width(states.count);
    let (masks, tables) = (2 * states.count * width, 6 * width);
    scratch.counts.clear();
    scratch.counts.resize(masks + tables, 0);
    let (masks, tables) = scratch.counts.split_at_mut(masks);
    let board = Board::new(&states, masks);
    let (known, late) = tables.split_at_mut(4 * width);
    scratch.keys.clear();
    scratch.keys.resize(states.count * width, 0);
    let mut sweep = Sweep {
        board,
        known,
        // who of them is tied by time is told apart by state only where more than one discrete tier could decide
        tied: (discrete.len() > 1).then_some(&mut scratch.keys[..]),
        dead: [0; 2],
        passed: [0; 2],
        patients: patients.map(|n| n as u32),
        pairs: Pairs { patients, ..Pairs::default() },
        by_time: 0,
    };
    let codes = &scratch.codes[..];
    for (&a, &code) in arm.iter().zip(codes) {
        late[usize::from(a) * width + usize::from(code)] += 1;
    }
    sweep.known[..2 * width].copy_from_slice(late);
    if let Some((time, event)) = clock {
        for &row in &scratch.order {
            let row = row as usize;
            late[usize::from(arm[row]) * width + usize::from(codes[row])] -= 1;
        }
        sweep.run(arm, time, event, codes, &scratch.order);
    }
    sweep.finish(late);

    let Sweep { mut pairs, by_time, tied, .. } = sweep;
    let mut decided = [0; MAX_TIERS];
    if let Some(tied) = tied {
        for state in 0..states.count {
            for (other, tied) in tied[state * width..][..states.count].iter().enumerate() {
                if let Some((tier, _)) = states.verdict(state, other) {
                    decided[tier] += tied;
                }
            }
        }
    } else {
        decided[0] = pairs.wins + pairs.losses - by_time;
    }
    match clock {
        Some(_) => {
            pairs.decided[0] = by_time;
            pairs.decided[1..].copy_from_slice(&decided[..MAX_TIERS - 1]);
        }
        None => pairs.decided = decided,
    }
    Some(pairs)
}

const _: () = assert!(MAX_STATES <= 256, "states are held in bytes");

struct Sweep<'a> {
    board: Board<'a>,
    /// Numbers by state, four tables: control and experimental patients not dead before the present time; of these,
    /// control and experimental patients whose time has come.
    known: &'a mut [u32],
    /// Pairs tied by time, by state of the experimental and of the control patient.
    tied: Option<&'a mut [u64]>,
    /// Patients dead before the present time: control, experimental.
    dead: [u32; 2],
    /// Patients whose time has come: control, experimental.
    passed: [u32; 2],
    patients: [u32; 2],
    pairs: Pairs,
    /// Pairs decided by time.
    by_time: u64,
}

impl Sweep<'_> {
    fn run(&mut self, arm: &[u8], time: &[f64], event: &[u8], codes: &[u8], order: &[u32]) {
        let width = self.board.width;
        for group in at_each_time(order, time) {
            for &row in group {
                let (a, state) = (usize::from(arm[row as usize]), usize::from(codes[row as usize]));
                self.known[(2 + a) * width + state] += 1;
                self.passed[a] += 1;
            }
            for &row in group {
                let row = row as usize;
                self.compare(usize::from(arm[row]), usize::from(codes[row]), event[row], 1);
            }
            for &row in group {
                let (a, state) = (usize::from(arm[row as usize]), usize::from(codes[row as usize]));
                let died = u32::from(event[row as usize]);
                self.known[a * width + state] -= died;
                self.known[(2 + a) * width + state] -= died;
                self.dead[a] += died;
            }
        }
    }

    /// Patients followed beyond the last death, by arm and state.
    fn finish(&mut self, late: &[u32]) {
        let width = self.board.width;
        for (a, late) in late.chunks_exact(width).enumerate() {
            for (state, &patients) in late.iter().enumerate().filter(|&(_, &patients)| patients > 0) {
                self.compare(a, state, 0, patients);
            }
        }
    }

    /// Compares patients of one arm and state at the present time with all opponents.
    #[inline(always)]
    fn compare(&mut self, a: usize, state: usize, died: u8, patients: u32) {
        let (opponent, width) = (1 - a, self.board.width);
        let died = usize::from(died);
        let tied = &self.known[(2 * died + opponent) * width..][..width];
        let (beats, beaten) = self.board.score(state, tied);
        let outlived = self.dead[opponent];
        let outlives = died as u32 * (self.patients[opponent] - self.passed[opponent]);
        let (wins, losses) = (outlived + beats, outlives + beaten);
        tally(&mut self.pairs.moments, a, wins, losses, patients);
        if a == 1 {
            let patients = u64::from(patients);
            self.pairs.wins += patients * u64::from(wins);
            self.pairs.losses += patients * u64::from(losses);
            self.by_time += patients * u64::from(outlived + outlives);
            if let Some(table) = &mut self.tied {
                for (sum, &x) in table[state * width..][..width].iter_mut().zip(tied) {
                    *sum += patients * u64::from(x);
                }
            }
        }
    }
}
