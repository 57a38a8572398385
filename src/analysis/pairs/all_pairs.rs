//! Any tiers, pair by pair.
//!
//! Every tier becomes ranks: an experimental patient wins over a control whose `low` is below the patient's `above`, and
//! loses to one whose `high` is beyond the patient's `below`. Ranks are integers of one width, so the loop over pairs is
//! a few vector instructions for several pairs at once, whatever the tiers are.

use super::{Moments, Pairs};
use crate::analysis::Scratch;
use crate::analysis::time_order::{last_event, sort_rows};
use crate::endpoint::hierarchical::{Comparison, Tier};

/// Compares the arms pair by pair.
#[must_use]
pub fn by_all_pairs(arm: &[u8], comparison: &Comparison<'_>, scratch: &mut Scratch) -> Pairs {
    // ranks go up to n + 1, and counts up to n
    if arm.len() < i16::MAX as usize - 1 {
        let mut ranks = std::mem::take(&mut scratch.ranks.0);
        let pairs = all_pairs(arm, comparison, scratch, &mut ranks);
        scratch.ranks.0 = ranks;
        pairs
    } else {
        let mut ranks = std::mem::take(&mut scratch.ranks.1);
        let pairs = all_pairs(arm, comparison, scratch, &mut ranks);
        scratch.ranks.1 = ranks;
        pairs
    }
}

/// A signed integer that holds ranks, counts, and −1 as "true".
trait Lane: Copy + Ord {
    const ZERO: Self;
    const TRUE: Self;
    const MAX: Self;
    fn of(rank: usize) -> Self;
    fn and_less(self, a: Self, b: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn count(self) -> u64;
}

macro_rules! lane {
    ($integer:ty) => {
        impl Lane for $integer {
            const ZERO: Self = 0;
            const TRUE: Self = -1;
            const MAX: Self = <$integer>::MAX;
            #[inline(always)]
            fn of(rank: usize) -> Self {
                rank as $integer
            }
            /// Itself where a < b, else 0.
            #[inline(always)]
            fn and_less(self, a: Self, b: Self) -> Self {
                self & <$integer>::from(a < b).wrapping_neg()
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                self ^ other
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn count(self) -> u64 {
                self as u64
            }
        }
    };
}
lane!(i16);
lane!(i32);

/// Columns of the control patients, and of the experimental patients, at one tier.
struct Columns<'a, L> {
    low: &'a mut [L],
    high: &'a mut [L],
    above: &'a mut [L],
    below: &'a mut [L],
}

fn all_pairs<L: Lane>(arm: &[u8], comparison: &Comparison<'_>, scratch: &mut Scratch, ranks: &mut Vec<L>) -> Pairs {
    let experimental: usize = arm.iter().map(|&a| usize::from(a)).sum();
    let (n, m) = (experimental, arm.len() - experimental);
    let tiers = comparison.tiers();
    let size = 2 * (m + n);
    ranks.clear();
    ranks.resize(tiers.len() * size + 3 * m, L::ZERO);
    let (columns, work) = ranks.split_at_mut(tiers.len() * size);
    for (tier, columns) in tiers.iter().zip(columns.chunks_exact_mut(size.max(1))) {
        let (low, columns) = columns.split_at_mut(m);
        let (high, columns) = columns.split_at_mut(m);
        let (above, below) = columns.split_at_mut(n);
        rank(tier, arm, Columns { low, high, above, below }, scratch);
    }

    let mut pairs = Pairs { patients: [m, n], ..Pairs::default() };
    let (open, work) = work.split_at_mut(m);
    let (won, lost) = work.split_at_mut(m);
    for i in 0..n {
        open.fill(L::TRUE);
        let (mut wins, mut losses) = (0, 0);
        for (columns, decided) in columns.chunks_exact(size).zip(&mut pairs.decided) {
            let (low, high) = columns[..2 * m].split_at(m);
            let (above, below) = (columns[2 * m + i], columns[2 * m + n + i]);
            let (w, l) = meet(above, below, low, high, open, won, lost);
            *decided += w + l;
            wins += w;
            losses += l;
        }
        pairs.wins += wins;
        pairs.losses += losses;
        pairs.moments[1].add(wins, losses, 1);
    }
    let mut control = Moments::default();
    for (w, l) in won.iter().zip(&*lost) {
        control.add(w.count(), l.count(), 1);
    }
    pairs.moments[0] = control;
    pairs
}

/// One experimental patient meets all controls at one tier; gives wins and losses, and closes the pairs decided.
#[inline(always)]
fn meet<L: Lane>(
    above: L,
    below: L,
    low: &[L],
    high: &[L],
    open: &mut [L],
    won: &mut [L],
    lost: &mut [L],
) -> (u64, u64) {
    let m = low.len();
    let (high, open, won, lost) = (&high[..m], &mut open[..m], &mut won[..m], &mut lost[..m]);
    let (mut wins, mut losses) = (L::ZERO, L::ZERO);
    for j in 0..m {
        let win = open[j].and_less(low[j], above);
        let loss = open[j].and_less(below, high[j]);
        open[j] = open[j].xor(win).xor(loss);
        won[j] = won[j].minus(win);
        lost[j] = lost[j].minus(loss);
        wins = wins.minus(win);
        losses = losses.minus(loss);
    }
    (wins.count(), losses.count())
}

/// Writes a tier's ranks.
fn rank<L: Lane>(tier: &Tier<'_>, arm: &[u8], to: Columns<'_, L>, scratch: &mut Scratch) {
    let mut to = Split { arm, to, control: 0, experimental: 0 };
    match *tier {
        Tier::Code { code, levels } => to.write(
            |row| {
                // a missing category is below nothing and above nothing
                let rank = (code[row] < levels).then(|| L::of(usize::from(code[row])));
                (rank.unwrap_or(L::MAX), rank.unwrap_or(L::ZERO))
            },
            |row| {
                let rank = (code[row] < levels).then(|| L::of(usize::from(code[row])));
                (rank.unwrap_or(L::ZERO), rank.unwrap_or(L::MAX))
            },
        ),
        Tier::Time { time, event } => {
            let ranks = time_ranks(time, event, scratch);
            let rank = |row: usize| L::of(ranks[row] as usize);
            // an event that was not seen beats nobody and loses to nobody
            to.write(
                |row| (if event[row] != 0 { rank(row) } else { L::MAX }, rank(row)),
                |row| (rank(row), if event[row] != 0 { rank(row) } else { L::MAX }),
            );
        }
        Tier::Score { value, threshold } => {
            let Scratch { keys, order, counts, real, .. } = scratch;
            sort_rows(value, |row, v| arm[row] == 0 && !v.is_nan(), keys, order);
            counts.clear();
            counts.resize(arm.len(), 0);
            let sorted = &mut real[0];
            sorted.clear();
            for (place, &row) in order.iter().enumerate() {
                counts[row as usize] = place as u32 + 1;
                sorted.push(value[row as usize]);
            }
            // rounding is monotone: differences from the sorted values are in order, and so are their verdicts
            let beats = |x: f64, y: f64| x - y > threshold;
            let worse = |x: f64| sorted.partition_point(|&v| beats(x, v));
            let not_better = |x: f64| sorted.partition_point(|&v| !beats(v, x));
            to.write(
                |row| match counts[row] as usize {
                    0 => (L::MAX, L::ZERO),
                    place => (L::of(place), L::of(place)),
                },
                |row| match value[row] {
                    x if x.is_nan() => (L::ZERO, L::MAX),
                    x => (L::of(worse(x) + 1), L::of(not_better(x))),
                },
            );
        }
    }
}

/// Rank of each row's time among distinct times, 1, 2, …; times beyond the last event share the highest rank, since
/// nothing is decided between them.
fn time_ranks<'a>(time: &[f64], event: &[u8], scratch: &'a mut Scratch) -> &'a [u32] {
    let Scratch { keys, order, counts, .. } = scratch;
    let last = last_event(time, event, f64::INFINITY);
    sort_rows(time, |_, t| t <= last, keys, order);
    let beyond = order.len() as u32 + 1;
    counts.clear();
    counts.resize(time.len(), beyond);
    let (mut rank, mut present) = (0, f64::NAN);
    for &row in &*order {
        let t = time[row as usize];
        rank += u32::from(t != present);
        present = t;
        counts[row as usize] = rank;
    }
    counts
}

/// Deals rows out to the columns of their arm.
struct Split<'a, L> {
    arm: &'a [u8],
    to: Columns<'a, L>,
    control: usize,
    experimental: usize,
}

impl<L: Lane> Split<'_, L> {
    /// `control` gives a control's (low, high), `experimental` an experimental patient's (above, below).
    fn write(&mut self, control: impl Fn(usize) -> (L, L), experimental: impl Fn(usize) -> (L, L)) {
        for (row, &a) in self.arm.iter().enumerate() {
            if a == 0 {
                (self.to.low[self.control], self.to.high[self.control]) = control(row);
                self.control += 1;
            } else {
                let i = self.experimental;
                (self.to.above[i], self.to.below[i]) = experimental(row);
                self.experimental += 1;
            }
        }
    }
}
