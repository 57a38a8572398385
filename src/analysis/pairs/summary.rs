//! What the win ratio, the net benefit and the win odds are made of, within strata where there are any.

use super::{Pairs, compare};
use crate::analysis::{Dataset, Response, Scratch, Status};
use crate::endpoint::hierarchical::{Comparison, Tier};

/// Estimates of the win statistics with their variances, and their parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    /// ln(W/L); none without wins or without losses.
    pub(crate) log_win_ratio: Option<(f64, f64)>,
    /// P(win) − P(loss).
    pub(crate) net_benefit: (f64, f64),
    /// The values of [`super::PARTS`].
    pub(crate) parts: [f64; 8],
}

impl Summary {
    /// Compares the arms, within strata where there are several.
    ///
    /// With wins Wₛ, losses Lₛ and pairs n₁ₛn₀ₛ of stratum s of nₛ patients, W = Σ Wₛ/nₛ, L = Σ Lₛ/nₛ, and the net benefit is W − L over
    /// Σ n₁ₛn₀ₛ/nₛ; variances are those of the projections within strata. Strata without patients of one arm tell nothing. The parts are
    /// shares of all pairs within strata.
    ///
    /// Source: Dong, Qiu, Wang, Vandemeulebroecke (2018), Journal of Biopharmaceutical Statistics 28:778 (weights of Mantel–Haenszel type).
    ///
    /// # Errors
    /// An arm is empty, or has one patient in a stratum that also has patients of the other.
    pub(crate) fn of(data: &Dataset<'_>, scratch: &mut Scratch) -> Result<Self, Status> {
        if data.strata.levels > 1 {
            return stratified(data, scratch);
        }
        let pairs = Pairs::of(data, scratch)?;
        Ok(Self { log_win_ratio: pairs.log_win_ratio(), net_benefit: pairs.net_benefit(), parts: pairs.parts() })
    }
}

fn stratified(data: &Dataset<'_>, scratch: &mut Scratch) -> Result<Summary, Status> {
    let Response::Hierarchical(comparison) = data.response else {
        return Err(Status::NoVariation);
    };
    let n = data.arm.len();
    let treated: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
    if treated == 0 || treated == n {
        return Err(Status::EmptyArm);
    }
    let mut gathered = std::mem::take(&mut scratch.gathered);
    gathered.sort(n, &data.strata);
    let (mut start, mut sums) = (0, Sums::default());
    let mut status = Status::Estimated;
    while start < n {
        let end = gathered.end(start, &data.strata);
        gathered.gather(data.arm, &comparison, (start, end), false);
        let (arm, own) = gathered.view(&comparison);
        let experimental: usize = arm.iter().map(|&a| usize::from(a)).sum();
        match experimental.min(arm.len() - experimental) {
            0 => {}
            1 => status = Status::TooFew,
            _ => sums.add(&compare(arm, &own, scratch)),
        }
        start = end;
    }
    scratch.gathered = gathered;
    match status {
        Status::Estimated if sums.pairs > 0.0 => Ok(sums.summary()),
        // no stratum has both arms
        Status::Estimated => Err(Status::EmptyArm),
        status => Err(status),
    }
}

/// Sums over strata, each over its number of patients.
#[derive(Default)]
struct Sums {
    wins: f64,
    losses: f64,
    pairs: f64,
    /// Σ over patients of (w − w̄)², (w − w̄)(l − l̄), (l − l̄)².
    moments: [f64; 3],
    /// Wins, losses, all pairs, decided by tier: unweighted.
    counts: [u64; 3],
    decided: [u64; 5],
}

impl Sums {
    fn add(&mut self, pairs: &Pairs) {
        let weight = 1.0 / (pairs.patients[0] + pairs.patients[1]) as f64;
        let all = pairs.patients[0] as u64 * pairs.patients[1] as u64;
        self.wins += weight * pairs.wins as f64;
        self.losses += weight * pairs.losses as f64;
        self.pairs += weight * all as f64;
        for (arm, moments) in pairs.moments.iter().enumerate() {
            let centred = moments.centred(pairs.patients[arm], pairs.wins, pairs.losses);
            for (sum, x) in self.moments.iter_mut().zip(centred) {
                *sum += weight * weight * x as f64 / pairs.patients[arm] as f64;
            }
        }
        for (count, x) in self.counts.iter_mut().zip([pairs.wins, pairs.losses, all]) {
            *count += x;
        }
        for (count, x) in self.decided.iter_mut().zip(pairs.decided) {
            *count += x;
        }
    }

    fn summary(&self) -> Summary {
        let [ww, wl, ll] = self.moments;
        let (w, l) = (self.wins, self.losses);
        let log_win_ratio = (w > 0.0 && l > 0.0).then(|| {
            let size = ww / w / w + ll / l / l;
            let variance = size - 2.0 * (wl / w / l);
            // wins and losses in proportion for every patient: what is left of the difference is rounding
            ((w / l).ln(), if variance > 1e-13 * size { variance } else { 0.0 })
        });
        let size = ww + ll;
        let spread = size - 2.0 * wl;
        let spread = if spread > 1e-13 * size { spread } else { 0.0 };
        let [wins, losses, all] = self.counts;
        let share = |count: u64| count as f64 / all as f64;
        let mut parts = [share(wins), share(losses), share(all - wins - losses), 0.0, 0.0, 0.0, 0.0, 0.0];
        for (part, decided) in parts[3..].iter_mut().zip(self.decided) {
            *part = share(decided);
        }
        Summary { log_win_ratio, net_benefit: ((w - l) / self.pairs, spread / self.pairs / self.pairs), parts }
    }
}

/// U and V of the test of Finkelstein and Schoenfeld: Σ uᵢ over experimental patients, uᵢ the patients of the stratum that patient i
/// beats less those who beat patient i, and V = Σₛ n₁ₛn₀ₛ/(nₛ(nₛ − 1)) Σ uᵢ².
pub(crate) fn scores(data: &Dataset<'_>, comparison: &Comparison<'_>, scratch: &mut Scratch) -> (f64, f64) {
    let n = data.arm.len();
    let mut gathered = std::mem::take(&mut scratch.gathered);
    gathered.sort(n, &data.strata);
    let (mut start, mut score, mut variance) = (0, 0_i64, 0.0);
    while start < n {
        let end = gathered.end(start, &data.strata);
        gathered.gather(data.arm, comparison, (start, end), false);
        let (arm, own) = gathered.view(comparison);
        let [size, treated] = [arm.len(), arm.iter().map(|&a| usize::from(a)).sum()];
        if treated > 0 && treated < size {
            // comparisons within the arm cancel
            let pairs = compare(arm, &own, scratch);
            score += pairs.wins as i64 - pairs.losses as i64;
            gathered.gather(data.arm, comparison, (start, end), true);
            let (copies, all) = gathered.view(comparison);
            let moments = compare(copies, &all, scratch).moments[1];
            let squares = (moments.ww + moments.ll) as i128 - 2 * moments.wl as i128;
            let [n, n1] = [size as f64, treated as f64];
            variance += n1 * (n - n1) / (n * (n - 1.0)) * squares as f64;
        }
        start = end;
    }
    scratch.gathered = gathered;
    (score as f64, variance)
}

/// The first tier at which two patients differ, and whether the first of them wins there.
#[inline]
pub(crate) fn verdict(tiers: &[Tier<'_>], i: usize, j: usize) -> Option<(usize, bool)> {
    tiers.iter().enumerate().find_map(|(number, tier)| {
        let (win, loss) = match tier {
            Tier::Time { time, event } => (event[j] != 0 && time[j] < time[i], event[i] != 0 && time[i] < time[j]),
            Tier::Code { code, levels } => {
                let known = code[i] < *levels && code[j] < *levels;
                (known && code[i] > code[j], known && code[i] < code[j])
            }
            Tier::Score { value, threshold } => (value[i] - value[j] > *threshold, value[j] - value[i] > *threshold),
        };
        (win != loss).then_some((number, win))
    })
}

/// Pairs won and lost by the experimental arm at each tier: where a win statistic comes from.
#[must_use]
pub fn contributions(arm: &[u8], comparison: &Comparison<'_>) -> Vec<[u64; 2]> {
    let tiers = comparison.tiers();
    let mut out = vec![[0, 0]; tiers.len()];
    for i in (0..arm.len()).filter(|&i| arm[i] == 1) {
        for j in (0..arm.len()).filter(|&j| arm[j] == 0) {
            if let Some((tier, wins)) = verdict(tiers, i, j) {
                out[tier][usize::from(!wins)] += 1;
            }
        }
    }
    out
}
