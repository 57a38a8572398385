//! Events by time within strata: what weighted log-rank tests share.

use super::time_order::{Sorted, at_each_time, last_event};
use super::{Dataset, Response, Scratch};

/// The events at one time in one stratum.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventTime {
    /// Months from entry.
    pub(super) time: f64,
    /// Whether it is the first of its stratum.
    pub(super) first: bool,
    /// The stratum's Kaplan–Meier estimate just before, both arms together.
    pub(super) free: f64,
    /// Events of the experimental arm beyond those expected.
    pub(super) excess: f64,
    /// Events expected in the experimental arm.
    pub(super) expected: f64,
    /// Hypergeometric variance of the events of the experimental arm.
    pub(super) variance: f64,
}

/// Writes the rows with `time <= last` to `order`, stratum after stratum, ascending in time within each.
pub(super) fn by_stratum(data: &Dataset<'_>, time: &[f64], last: f64, sorted: &mut Sorted, order: &mut Vec<u32>) {
    sorted.rows(time, |_, t| t <= last, order);
    if data.strata.levels > 1 {
        let strata = data.strata;
        order.sort_unstable_by(|&a, &b| {
            let (i, j) = (a as usize, b as usize);
            strata.of(i).cmp(&strata.of(j)).then(time[i].total_cmp(&time[j])).then(a.cmp(&b))
        });
    }
}

/// Writes the patients of each stratum to `sizes`: control, experimental, stratum after stratum.
pub(super) fn sizes(data: &Dataset<'_>, sizes: &mut Vec<u32>) {
    sizes.clear();
    sizes.resize(2 * data.strata.count(), 0);
    for (row, &arm) in data.arm.iter().enumerate() {
        sizes[2 * data.strata.of(row) + usize::from(arm)] += 1;
    }
}

/// Shows the event times of each stratum in ascending order and gives the number of events; 0 where the response is no time.
///
/// With d events among r patients at risk at a time, of whom d₁ and r₁ are in the experimental arm: excess d₁ − d r₁/r, variance
/// d (r₁/r)(1 − r₁/r)(r − d)/(r − 1). Patients censored at an event time are at risk at it.
pub(super) fn event_times(data: &Dataset<'_>, scratch: &mut Scratch, mut see: impl FnMut(&EventTime)) -> usize {
    let Response::Time { time, event, .. } = data.response else { return 0 };
    let Scratch { sorted, order, counts, .. } = scratch;
    by_stratum(data, time, last_event(time, event, f64::INFINITY), sorted, order);
    sizes(data, counts);
    let mut events = 0;
    for rows in order.chunk_by(|&a, &b| data.strata.of(a as usize) == data.strata.of(b as usize)) {
        let stratum = data.strata.of(rows[0] as usize);
        let mut at_risk = [counts[2 * stratum], counts[2 * stratum + 1]].map(f64::from);
        let (mut free, mut first) = (1.0, true);
        for group in at_each_time(rows, time) {
            let (mut died, mut left) = ([0_u32; 2], [0_u32; 2]);
            for &row in group {
                let (row, a) = (row as usize, usize::from(data.arm[row as usize]));
                died[a] += u32::from(event[row]);
                left[a] += 1;
            }
            let all = died[0] + died[1];
            if all > 0 {
                let (d, r) = (f64::from(all), at_risk[0] + at_risk[1]);
                let share = at_risk[1] / r;
                let binomial = d * share * (1.0 - share);
                let variance = if all == 1 { binomial } else { binomial * (r - d) / (r - 1.0) };
                let (time, excess) = (time[group[0] as usize], f64::from(died[1]) - d * share);
                see(&EventTime { time, first, free, excess, expected: d * share, variance });
                free *= (r - d) / r;
                first = false;
                events += all as usize;
            }
            at_risk = [at_risk[0] - f64::from(left[0]), at_risk[1] - f64::from(left[1])];
        }
    }
    events
}

/// Number of patients of each arm; none where one has nobody.
pub(super) fn arms(data: &Dataset<'_>) -> Option<[usize; 2]> {
    let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
    let control = data.arm.len() - experimental;
    (experimental > 0 && control > 0).then_some([control, experimental])
}
