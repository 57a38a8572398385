//! A confidence sequence of a probability: intervals after every number of trials that all contain it at once.
//!
//! After s successes in n trials p lies outside where B(s + 1, n − s + 1) / (pˢ (1 − p)ⁿ⁻ˢ), the mean of the likelihood ratio over a uniform
//! prior, is at least 1/α: a martingale under p, which ever gets there with probability α at most (Ville's inequality). So one may stop
//! whenever one likes.
//!
//! Source: Robbins H. Statistical methods related to the law of the iterated logarithm. Annals of Mathematical Statistics 1970;41:1397.

use statrs::function::gamma::ln_gamma;

/// Ends of the sequence after `successes` in `trials`, level 1 − α.
#[must_use]
pub fn interval(successes: u64, trials: u64, alpha: f64) -> [f64; 2] {
    if trials == 0 {
        return [0.0, 1.0];
    }
    let outside = |p: f64| log_ratio(successes, trials, p) >= -alpha.ln();
    // from the observed share outwards the ratio rises
    let end = |mut inside: f64, mut out: f64| {
        if !outside(out) {
            return out;
        }
        for _ in 0..60 {
            let middle = 0.5 * (inside + out);
            if outside(middle) { out = middle } else { inside = middle }
        }
        out
    };
    let share = successes as f64 / trials as f64;
    [end(share, 0.0), end(share, 1.0)]
}

/// ln of the martingale at p.
fn log_ratio(successes: u64, trials: u64, p: f64) -> f64 {
    let (s, n) = (successes as f64, trials as f64);
    let f = n - s;
    let times = |k: f64, log: f64| if k == 0.0 { 0.0 } else { k * log };
    ln_gamma(s + 1.0) + ln_gamma(f + 1.0) - ln_gamma(n + 2.0) - times(s, p.ln()) - times(f, (-p).ln_1p())
}

/// The largest √(p(1 − p)/n) of any p of an interval.
#[must_use]
pub fn largest_se(interval: [f64; 2], trials: u64) -> f64 {
    let p = 0.5_f64.clamp(interval[0], interval[1]);
    (p * (1.0 - p) / trials as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_few_trials() {
        // one success: 1/(2p) ≥ 20 where p ≤ 1/40
        let [low, high] = interval(1, 1, 0.05);
        assert!((low - 0.025).abs() < 1e-12 && high == 1.0, "{low} {high}");
        // no success in 99: 1/(100 (1 − p)⁹⁹) ≥ 20 where 1 − p ≤ 2000^(−1/99)
        let [low, high] = interval(0, 99, 0.05);
        assert!(low == 0.0 && (high - (1.0 - 2000f64.powf(-1.0 / 99.0))).abs() < 1e-12, "{high}");
        assert_eq!(interval(0, 0, 0.05), [0.0, 1.0]);
    }

    #[test]
    fn by_hand_largest_error() {
        assert_eq!(largest_se([0.4, 0.6], 100), 0.05);
        assert!((largest_se([0.1, 0.2], 100) - 0.04).abs() < 1e-15);
        assert!((largest_se([0.9, 1.0], 100) - 0.03).abs() < 1e-15);
    }

    /// 2,000 paths of 1,000 trials: the share that ever leaves is at most α, and not far below.
    #[test]
    fn statistical_the_sequence_holds_at_every_trial() {
        let mut state = 1u64;
        let mut uniform = || {
            // SplitMix64
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
        };
        let (paths, trials, p, alpha) = (2_000u64, 1_000u64, 0.3f64, 0.2f64);
        // the acceptable counts of each number of trials, found once
        let inside: Vec<[u64; 2]> = (1..=trials)
            .map(|n| {
                let holds = |s: u64| log_ratio(s, n, p) < -alpha.ln();
                let near = (p * n as f64).round() as u64;
                let low = (0..=near).rev().take_while(|&s| holds(s)).last().unwrap_or(near);
                let high = (near..=n).take_while(|&s| holds(s)).last().unwrap_or(near);
                [low, high]
            })
            .collect();
        let mut left = 0u64;
        for _ in 0..paths {
            let mut s = 0;
            let mut out = false;
            for [low, high] in &inside {
                s += u64::from(uniform() < p);
                out |= s < *low || s > *high;
            }
            left += u64::from(out);
        }
        // Ville's bound, five Monte Carlo errors above it; a sequence valid at one trial only would be left by most paths
        let bound = alpha + 5.0 * (alpha * (1.0 - alpha) / paths as f64).sqrt();
        let share = left as f64 / paths as f64;
        assert!(share <= bound && share > 0.02, "{share}");
    }
}
