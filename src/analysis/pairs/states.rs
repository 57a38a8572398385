//! Discrete tiers taken together: one state a patient, and which state beats which.

use super::{MAX_TIERS, Moments};
use crate::endpoint::hierarchical::Tier;

/// Most states: a code fits a byte and the table of comparisons the nearest cache.
pub(super) const MAX_STATES: usize = 64;

/// Combinations of the categories of several tiers, "missing" among them where it occurs.
pub(super) struct States {
    /// Number of states.
    pub(super) count: usize,
    tiers: usize,
    /// Category of each state at each tier; `None` is missing.
    category: [[Option<u8>; MAX_STATES]; MAX_TIERS],
}

impl States {
    /// Writes each patient's state to `codes`; `None` where a tier is not discrete or there are more than
    /// `most` states ([`MAX_STATES`] at most).
    pub(super) fn encode(tiers: &[Tier<'_>], patients: usize, most: usize, codes: &mut Vec<u8>) -> Option<Self> {
        codes.clear();
        codes.resize(patients, 0);
        let mut states = Self { count: 1, tiers: tiers.len(), category: [[None; MAX_STATES]; MAX_TIERS] };
        let mut radices = [1_usize; MAX_TIERS];
        for (tier, radix) in tiers.iter().zip(&mut radices) {
            let &Tier::Code { code, levels } = tier else {
                return None;
            };
            let highest = code.iter().fold(0, |high, &c| if c > high { c } else { high });
            *radix = usize::from(levels) + usize::from(highest >= levels);
            states.count *= *radix;
            if states.count > most.min(MAX_STATES) {
                return None;
            }
            let radix = *radix as u8;
            for (state, &c) in codes.iter_mut().zip(code) {
                *state = *state * radix + if c < levels { c } else { levels };
            }
        }
        let mut stride = states.count;
        for (t, tier) in tiers.iter().enumerate() {
            stride /= radices[t];
            let Tier::Code { levels, .. } = tier else {
                return None;
            };
            for (state, category) in states.category[t][..states.count].iter_mut().enumerate() {
                let c = (state / stride % radices[t]) as u8;
                *category = (c < *levels).then_some(c);
            }
        }
        Some(states)
    }

    /// The first tier at which two states differ, and whether the first of them wins there.
    pub(super) fn verdict(&self, state: usize, other: usize) -> Option<(usize, bool)> {
        self.category[..self.tiers].iter().enumerate().find_map(|(tier, category)| {
            match (category[state], category[other]) {
                (Some(a), Some(b)) if a != b => Some((tier, a > b)),
                _ => None,
            }
        })
    }
}

/// Which states a state beats and which beat it, as rows of bit masks as wide as [`Board::width`]: numbers of patients
/// by state are picked with `&` and summed.
pub(super) struct Board<'a> {
    /// Length of a row: the number of states rounded up to whole lanes.
    pub(super) width: usize,
    beats: &'a [u32],
    beaten: &'a [u32],
}

/// Lanes of the sums over states.
const LANES: usize = 4;

impl<'a> Board<'a> {
    /// Length of a row for a number of states.
    pub(super) fn width(states: usize) -> usize {
        states.next_multiple_of(LANES)
    }

    /// Fills the table in `masks`, which holds two rows a state, all 0.
    pub(super) fn new(states: &States, masks: &'a mut [u32]) -> Self {
        let width = Self::width(states.count);
        let (beats, beaten) = masks.split_at_mut(states.count * width);
        for state in 0..states.count {
            for other in 0..state {
                if let Some((_, wins)) = states.verdict(state, other) {
                    let (winner, loser) = if wins { (state, other) } else { (other, state) };
                    beats[winner * width + loser] = u32::MAX;
                    beaten[loser * width + winner] = u32::MAX;
                }
            }
        }
        Self { width, beats, beaten }
    }

    /// Numbers of `patients` (by state) whom `state` beats and who beat it.
    #[inline(always)]
    pub(super) fn score(&self, state: usize, patients: &[u32]) -> (u32, u32) {
        let row = state * self.width..(state + 1) * self.width;
        let (beats, beaten) = (&self.beats[row.clone()], &self.beaten[row]);
        let (mut wins, mut losses) = ([0_u32; LANES], [0_u32; LANES]);
        let masks = beats.chunks_exact(LANES).zip(beaten.chunks_exact(LANES));
        for (x, (beats, beaten)) in patients.chunks_exact(LANES).zip(masks) {
            for i in 0..LANES {
                wins[i] += x[i] & beats[i];
                losses[i] += x[i] & beaten[i];
            }
        }
        (wins.iter().sum(), losses.iter().sum())
    }
}

/// Adds patients with the same wins and losses, seen from their own arm, to the moments seen from the experimental arm.
#[inline(always)]
pub(super) fn tally(moments: &mut [Moments; 2], arm: usize, wins: u32, losses: u32, patients: u32) {
    let (w, l) = if arm == 1 { (wins, losses) } else { (losses, wins) };
    moments[arm].add(u64::from(w), u64::from(l), u64::from(patients));
}
