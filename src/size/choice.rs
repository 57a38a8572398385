//! Which sizes the next replicates are spent on.

use crate::math::special::normal_quantile;

use super::{Found, Search, Verdict};

impl Search {
    /// The sizes on which the next replicates tell most, by number, ascending; empty where nothing is open any more.
    ///
    /// Below the crossing one size that is known to be too small is enough; above it every size must be known to be large enough. Of the
    /// pairs of sizes that may end the interval, that is looked at which should take the fewest replicates more, if the crossing lies where
    /// it is thought to; and those that should if it lies a standard error below or above, since patients that are generated anyhow tell of
    /// them for the price of an analysis.
    #[must_use]
    pub fn choose(&self) -> Vec<usize> {
        let last = self.sizes.len() - 1;
        if self.cells.iter().all(|c| c.replicates == 0) {
            return self.first_look();
        }
        let open = |i: usize| self.verdict(i) == Verdict::Open;
        let mut chosen: Vec<usize> = Vec::new();
        let [crossing, error] = self.thought();
        for off in [-error, 0.0, error] {
            let [low, high] = self.ends(crossing + off);
            chosen.extend(low.into_iter().chain(high.map_or(0..0, |high| high..last + 1)).filter(|&i| open(i)));
        }
        let Found { below, .. } = self.found();
        if chosen.is_empty() {
            // what is left lies between the ends: the one of the two next to them whose power is farther from the target
            let inner = [(below.map_or(0, |b| b + 1)..=last).find(|&i| open(i)), (0..=last).rev().find(|&i| open(i))];
            let far = |i: usize| self.fitted(self.sizes[i]).map_or(0.0, |p| (p - self.target).abs());
            chosen.extend(inner.into_iter().flatten().max_by(|&a, &b| far(a).total_cmp(&far(b))));
        }
        // nothing below a size that is known to be too small changes the answer
        chosen.retain(|&i| below.is_none_or(|b| b < i));
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// Sizes along the whole grid, which shows the shape of the power curve, and where something is known of the crossing all that matter
    /// there.
    fn first_look(&self) -> Vec<usize> {
        const LOOKS: usize = 8;
        let last = self.sizes.len() - 1;
        let looks = LOOKS.min(last);
        let mut first: Vec<usize> = (0..=looks).map(|k| k * last / looks.max(1)).collect();
        if self.guess.replicates > 0.0 {
            let [low, high] = self.ends(self.thought()[0]);
            first.extend(low);
            first.extend(high.map_or(0..0, |high| high..last + 1));
        }
        first.sort_unstable();
        first.dedup();
        first
    }

    /// Where the crossing is thought to lie, and the standard error of it, on the axis of the curve: that of the share of rejections of all
    /// replicates so far, over the curve's slope.
    fn thought(&self) -> [f64; 2] {
        let fit = self.fit(true);
        let crossing = self.axis.of(self.crossing_of(fit));
        let wanted = normal_quantile(self.target);
        let density = (-0.5 * wanted * wanted).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let seen = self.cells.iter().map(|c| c.replicates).max().unwrap_or(0).max(1) as f64 + self.guess.replicates;
        let error = match fit {
            Some([_, slope]) if slope > 0.0 => (self.target * (1.0 - self.target) / seen).sqrt() / (density * slope),
            _ => 0.0,
        };
        [crossing, error]
    }

    /// The ends of the interval to aim at, by where power crosses the target: a size to be found too small, and one from which on all are
    /// to be found large enough; none where the one at hand will do, or there is none.
    fn ends(&self, mut crossing: f64) -> [Option<usize>; 2] {
        let last = self.sizes.len() - 1;
        let at = |i: usize| self.axis.of(self.sizes[i]);
        let Found { below, enough } = self.found();
        // what is known is not asked again, whatever the fit says
        if let Some(b) = below {
            crossing = crossing.max(at(b) + 1e-9 * at(b).abs());
        }
        if let Some(e) = enough {
            crossing = crossing.min(at(e) - 1e-9 * at(e).abs());
        }
        if crossing > at(last) {
            return [Some(last), None];
        }
        if crossing <= at(0) {
            return [None, Some(0)];
        }
        let split = (0..=last).find(|&i| at(i) >= crossing).unwrap_or(last);
        // replicates that a size still takes, but for a factor: what is missing of the threshold, at the rate that its distance gives
        let missing = |i: usize, enough: bool| {
            let cell = self.cells[i];
            let so_far = if cell.replicates == 0 { 0.0 } else { self.log_mixture(cell, self.target).max(0.0) };
            let share = cell.successes as f64 / cell.replicates.max(1) as f64;
            let so_far = if (share > self.target) == enough { so_far } else { -so_far };
            (self.threshold - so_far).max(0.0) / (at(i) - crossing).powi(2).max(1e-300)
        };
        // of all sizes from each one on
        let mut upper = vec![0.0_f64; last + 2];
        for i in (split..=last).rev() {
            upper[i] = upper[i + 1].max(missing(i, true));
        }
        let mut best: Option<([f64; 2], usize, usize)> = None;
        for b in (below.unwrap_or(0)..split).rev() {
            let Some(e) = (split..=last).rev().find(|&e| self.near(b, e)) else { break };
            let lower = if below == Some(b) { 0.0 } else { missing(b, false) };
            let score = [lower.max(upper[e]), lower.min(upper[e])];
            if best.is_none_or(|(s, ..)| score < s) {
                best = Some((score, b, e));
            }
        }
        // sizes too far apart for any pair: those next to the crossing
        let (b, e) = best.map_or((split.saturating_sub(1), split), |(_, b, e)| (b, e));
        [Some(b).filter(|&b| below.is_none_or(|k| k < b)), Some(e).filter(|&e| enough.is_none_or(|k| e < k))]
    }
}
