//! Potential outcomes pooled over replicates, as integers: any order of adding gives the same.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Target;

/// Bins of a pooled time table: 128 of equal width in each octave of months from 2⁻¹⁴ (a few minutes) to 2²⁰ (as good as never), so
/// that any unit of time is resolved alike, to less than 1%.
pub const BINS: usize = 34 << 7;

/// Bits of a time below those that number its bin.
const BELOW: u32 = 52 - 7;

/// Number of the first bin's limit, 2⁻¹⁴.
const FIRST: u64 = (1023 - 14) << 7;

/// A patient's weight of 1: weights are counted in millionths.
pub const UNIT: u64 = 1 << 20;

/// The bin of a time.
fn bin(time: f64) -> usize {
    let number = time.max(0.0).to_bits() >> BELOW;
    (number.saturating_sub(FIRST) as usize).min(BINS)
}

/// Lower limit of a bin; the first reaches down to 0.
fn limit(bin: usize) -> f64 {
    if bin == 0 { 0.0 } else { f64::from_bits((bin as u64 + FIRST) << BELOW) }
}

/// Width of a bin that lies before a month, and the share of the bin that does.
fn before(bin: usize, month: f64) -> (f64, f64) {
    let (from, to) = (limit(bin), limit(bin + 1));
    let part = ((month - from) / (to - from)).clamp(0.0, 1.0);
    (part * (to - from), part)
}

/// Sums of weights pooled over replicates.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Table {
    /// By \[arm\]\[0 censored, 1 event, 2 competing event\] and category or bin of time; categories use 0 only.
    #[serde(with = "sparse")]
    counts: [[Vec<u64>; 3]; 2],
}

impl Table {
    /// An empty table for a target: categories or bins of time.
    #[must_use]
    pub fn new(target: Target, levels: usize) -> Self {
        let sizes = match target {
            Target::CommonOdds => [levels, 0, 0],
            Target::Incidence(_) => [BINS + 1; 3],
            Target::Hazard
            | Target::Peto
            | Target::Survival(_)
            | Target::RestrictedMean(_)
            | Target::Subdistribution => [BINS + 1, BINS + 1, 0],
            _ => [0; 3],
        };
        Self { counts: [sizes.map(|k| vec![0; k]), sizes.map(|k| vec![0; k])] }
    }

    /// Counts a category of a patient of an arm.
    pub fn count_category(&mut self, arm: usize, category: u8) {
        self.counts[arm][0][usize::from(category)] += UNIT;
    }

    /// Counts the follow-up times of an arm's patients, each with the patient's weight in units of [`UNIT`]. `competing` is empty
    /// where nothing competes.
    pub fn count_times(
        &mut self,
        arm: usize,
        time: &[f64],
        event: &[u8],
        competing: &[u8],
        weights: impl Iterator<Item = u64>,
    ) {
        let [censored, events, others] = &mut self.counts[arm];
        if censored.is_empty() {
            return;
        }
        for (row, ((&t, &d), w)) in time.iter().zip(event).zip(weights).enumerate() {
            let of_end = if competing.get(row) == Some(&1) {
                &mut *others
            } else if d == 1 {
                &mut *events
            } else {
                &mut *censored
            };
            if let Some(count) = of_end.get_mut(bin(t)) {
                *count += w;
            }
        }
    }

    /// Numbers of categories or bins.
    #[must_use]
    pub fn shape(&self) -> [[usize; 3]; 2] {
        [0, 1].map(|arm: usize| [0, 1, 2].map(|end: usize| self.counts[arm][end].len()))
    }

    /// Forgets all counts.
    pub fn clear(&mut self) {
        self.counts.iter_mut().flatten().for_each(|counts| counts.fill(0));
    }

    /// Adds the counts of another table of the same shape.
    pub fn add(&mut self, other: &Table) {
        for (a, b) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            for (x, y) in a.iter_mut().zip(b) {
                *x += y;
            }
        }
    }

    fn total(&self, arm: usize) -> f64 {
        self.counts[arm].iter().flatten().map(|&c| c as f64).sum()
    }

    /// Events and numbers at risk by bin, each arm weighted by its share of patients: (d₀, d₁, Y₀, Y₁), patients who leave within a
    /// bin counted as at risk for half of it.
    fn risk_sets(&self, share: [f64; 2]) -> Vec<[f64; 4]> {
        let total = [0, 1].map(|a| self.total(a));
        let weight = [0, 1].map(|a: usize| if total[a] > 0.0 { share[a] / total[a] } else { 0.0 });
        let mut at_risk = [0, 1].map(|a: usize| weight[a] * total[a]);
        (0..=BINS)
            .map(|b| {
                let count = |a: usize, kind: usize| weight[a] * self.counts[a][kind][b] as f64;
                let leave = [0, 1].map(|a| count(a, 0) + count(a, 1));
                let row = [count(0, 1), count(1, 1), at_risk[0] - 0.5 * leave[0], at_risk[1] - 0.5 * leave[1]];
                for a in 0..2 {
                    at_risk[a] = (at_risk[a] - leave[a]).max(0.0);
                }
                row
            })
            .collect()
    }

    /// The pooled value of a target; NaN where it does not exist (no events, an empty category table).
    #[must_use]
    pub fn value(&self, target: Target, share: [f64; 2]) -> f64 {
        match target {
            Target::CommonOdds => self.common_odds(share),
            Target::Hazard | Target::Subdistribution => hazard_ratio(&self.risk_sets(share)),
            Target::Peto => peto(&self.risk_sets(share)),
            Target::Survival(at) => self.survival(1, at).0 - self.survival(0, at).0,
            Target::RestrictedMean(at) => self.survival(1, at).1 - self.survival(0, at).1,
            Target::Incidence(at) => self.incidence(1, at) - self.incidence(0, at),
            _ => f64::NAN,
        }
    }

    /// Survival at a month, and its integral up to there.
    fn survival(&self, arm: usize, at: f64) -> (f64, f64) {
        let mut at_risk = self.total(arm);
        let (mut log, mut area) = (0.0_f64, 0.0);
        for b in 0..BINS {
            let (width, part) = before(b, at);
            if part == 0.0 {
                break;
            }
            let (lost, died) = (self.counts[arm][0][b] as f64, self.counts[arm][1][b] as f64);
            let exposed = at_risk - 0.5 * lost;
            let start = log.exp();
            if died > 0.0 && exposed > 0.0 {
                log += part * (-(died / exposed).min(1.0)).ln_1p();
            }
            area += 0.5 * width * (start + log.exp());
            at_risk -= lost + died;
        }
        (log.exp(), area)
    }

    /// Cumulative incidence at a month, competing events at work (Aalen and Johansen 1978).
    fn incidence(&self, arm: usize, at: f64) -> f64 {
        let mut at_risk = self.total(arm);
        let (mut free, mut had) = (1.0, 0.0);
        for b in 0..BINS {
            let (_, part) = before(b, at);
            if part == 0.0 {
                break;
            }
            let [lost, event, competing] = [0, 1, 2].map(|end: usize| self.counts[arm][end][b] as f64);
            let exposed = at_risk - 0.5 * lost;
            if exposed > 0.0 {
                had += part * free * event / exposed;
                free *= 1.0 - (part * (event + competing) / exposed).min(1.0);
            }
            at_risk -= lost + event + competing;
        }
        had
    }

    /// Σ p³ over categories, p their shares in both arms, which are `share` of the patients.
    #[must_use]
    pub fn cubes(&self, share: [f64; 2]) -> f64 {
        let of = |a: usize, k: usize| share[a] * self.counts[a][0][k] as f64 / self.total(a);
        (0..self.counts[0][0].len()).map(|k| (of(0, k) + of(1, k)).powi(3)).sum()
    }

    /// Root of the expected score of the two-group proportional-odds model on the pooled category shares.
    fn common_odds(&self, share: [f64; 2]) -> f64 {
        let levels = self.counts[0][0].len();
        let total = [0, 1].map(|a| self.total(a));
        if total.contains(&0.0) {
            return f64::NAN;
        }
        let p: [Vec<f64>; 2] =
            [0, 1].map(|a: usize| self.counts[a][0].iter().map(|&c| share[a] * c as f64 / total[a]).collect());
        let used: Vec<usize> = (0..levels).filter(|&k| p[0][k] + p[1][k] > 0.0).collect();
        let shares: Vec<[f64; 2]> = used.iter().map(|&k| [p[0][k], p[1][k]]).collect();
        crate::analysis::proportional_odds::pooled_log_odds_ratio(&shares)
    }
}

/// Counts as they are written down: how many there are, then those that are not 0, each behind its number.
mod sparse {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    type Counts = [[Vec<u64>; 3]; 2];
    type Written = [[(usize, Vec<(usize, u64)>); 3]; 2];

    pub(super) fn serialize<S: Serializer>(counts: &Counts, to: S) -> Result<S::Ok, S::Error> {
        let written: Written = [0, 1].map(|arm: usize| {
            [0, 1, 2].map(|end: usize| {
                let counts = &counts[arm][end];
                let some = counts.iter().copied().enumerate().filter(|&(_, c)| c > 0);
                (counts.len(), some.collect())
            })
        });
        written.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Counts, D::Error> {
        let written = Written::deserialize(from)?;
        let mut counts = Counts::default();
        for (counts, (len, some)) in counts.iter_mut().flatten().zip(written.into_iter().flatten()) {
            if len > super::BINS + 1 {
                return Err(serde::de::Error::custom("a table has too many counts"));
            }
            counts.resize(len, 0);
            for (k, c) in some {
                *counts.get_mut(k).ok_or_else(|| serde::de::Error::custom("a count is outside its table"))? = c;
            }
        }
        Ok(counts)
    }
}

/// ln hazard ratio that solves the score equation of two groups, from (d₀, d₁, Y₀, Y₁) at each time.
pub(super) fn hazard_ratio(sets: &[[f64; 4]]) -> f64 {
    let mut beta = 0.0f64;
    for _ in 0..100 {
        let theta = beta.exp();
        let (mut u, mut i) = (0.0, 0.0);
        for [d0, d1, y0, y1] in sets {
            let s = y0 + theta * y1;
            if s > 0.0 {
                let p = theta * y1 / s;
                u += d1 - (d0 + d1) * p;
                i += (d0 + d1) * p * (1.0 - p);
            }
        }
        let step = u / i;
        beta += step.clamp(-1.0, 1.0);
        if !step.is_finite() || step.abs() < 1e-12 {
            return if step.is_finite() { beta } else { f64::NAN };
        }
    }
    f64::NAN
}

/// (O − E)/V of the log-rank test, from (d₀, d₁, Y₀, Y₁) at each time.
pub(super) fn peto(sets: &[[f64; 4]]) -> f64 {
    let (mut u, mut v) = (0.0, 0.0);
    for [d0, d1, y0, y1] in sets {
        let (d, y) = (d0 + d1, y0 + y1);
        if d > 0.0 && y > 0.0 {
            u += d1 - d * y1 / y;
            v += d * y0 * y1 / (y * y);
        }
    }
    u / v
}
