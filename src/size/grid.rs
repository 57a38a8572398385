//! The sizes that may be the answer, and a first guess among them.

use crate::math::special::normal_quantile;

use super::Guess;
use super::ladder::Rung;

/// Most sizes of a grid.
pub const MOST_SIZES: usize = 100_000;

/// Sizes within this many of the widths asked for lie close together,
const CLOSE: f64 = 2.0;
/// and those within this share of the guess, which is not surer than that.
const UNSURE: f64 = 0.02;
/// How many of their distances an interval as wide as asked should hold, at least and at most.
const TO_AN_INTERVAL: [f64; 2] = [4.0, 12.0];
/// How much farther than the one before each size beyond them lies from the guess.
const FARTHER: f64 = 3.0;

/// Multiples of `unit` from `min` to `max`, both among them: a fraction of `within` apart near the guess, and ever farther apart away from
/// it, since sizes far from the answer only have to be known to be far.
#[must_use]
pub fn around(guess: f64, within: f64, unit: f64, min: f64, max: f64) -> Vec<f64> {
    let snapped = |x: f64| (x / unit).round().max(1.0) * unit;
    let [min, max] = [min, max].map(snapped);
    let centre = snapped(guess).clamp(min, max);
    let step = step(2.0 * within * centre, unit);
    let mut sizes = vec![min, max, centre];
    let close = (CLOSE * within).max(UNSURE) * centre;
    let mut away = 0.0;
    while away < max - min && sizes.len() < MOST_SIZES {
        away = if away < close { away + step } else { snapped(FARTHER * away).max(away + step) };
        sizes.extend([centre - away, centre + away].into_iter().filter(|x| (min..=max).contains(x)));
    }
    sizes.sort_unstable_by(f64::total_cmp);
    sizes.dedup();
    sizes
}

/// The multiple of `unit` of which whole numbers fill an interval best: one that holds less takes more replicates.
fn step(interval: f64, unit: f64) -> f64 {
    // a little narrower than asked about the guess, since the answer may be smaller
    let filled = |step: f64| (0.98 * interval / step).floor() * step;
    let [fewest, most] = TO_AN_INTERVAL.map(|k| interval / k / unit);
    let (mut best, last) = (most.ceil().max(1.0), fewest.floor());
    let mut multiple = best;
    while multiple < last {
        multiple += 1.0;
        if filled(multiple * unit) >= filled(best * unit) {
            best = multiple;
        }
    }
    best * unit
}

/// Values from `min` to `max`, `step` apart; none where they make no grid.
#[must_use]
pub fn even(min: f64, max: f64, step: f64) -> Option<Vec<f64>> {
    let count = (max - min) / step;
    let possible = step > 0.0 && max > min && count < MOST_SIZES as f64;
    possible.then(|| (0..=(count * (1.0 + 1e-12) + 1e-9) as u32).map(|k| min + f64::from(k) * step).collect())
}

/// Replicates of a first look at a size.
pub const LOOK: u64 = 512;
/// Most looks.
const LOOKS: usize = 6;
/// A statistic's mean, from the share of rejections alone, below which its size says only that the answer is far.
const TOO_FAR: f64 = 0.3;
/// Sizes are not guessed beyond this one.
pub const LARGEST: f64 = 1e6;

/// Replicates of a guess whose standard error is less than half of `within`: 3/within². The mean of the statistic, whose standard
/// deviation is 1, grows with √n: a share e off in n, it is 1.4 e off where power is .8.
#[must_use]
pub fn looks(within: f64) -> u64 {
    (3.0 / (within * within)).clamp(LOOK as f64, 20_000.0) as u64
}

/// A size near the crossing, from the mean μ and the standard deviation σ of the statistic at some size n, which grows with √n:
/// n ((z_α + σ z_π)/μ)². Where rejections contradict it (statistics far from normal), and where there is no one statistic, their share
/// takes its place. `look` carries out replicates at a size; `first` is where it begins, `least` the smallest size.
///
/// # Errors
/// What `look` returned.
pub fn guess<E>(
    target: f64,
    tail: f64,
    within: f64,
    first: f64,
    [least, largest]: [f64; 2],
    mut look: impl FnMut(f64, u64) -> Result<Rung, E>,
) -> Result<Guess, E> {
    let critical = -normal_quantile(tail);
    let wanted = normal_quantile(target);
    let mut n = first.clamp(least, largest);
    let mut replicates = LOOK;
    for turn in 1..=LOOKS {
        let rung = look(n.round(), replicates)?;
        let trials = rung.cell.replicates.max(1) as f64;
        let share = rung.cell.successes as f64 / trials;
        let root = critical + normal_quantile(share.clamp(0.5 / trials, 1.0 - 0.5 / trials));
        if rung.tested == 0 && root < TOO_FAR && turn < LOOKS && n < largest {
            n = (4.0 * n).min(largest);
            continue;
        }
        let [mean, sd] = if rung.tested == 0 { [root, 1.0] } else { rung.drift() };
        let error = (target * (1.0 - target) / trials).sqrt();
        let by_drift = (critical + sd * wanted) / mean;
        let by_share = (critical + wanted) / root;
        // what the drift says of power here, against what was seen
        let contradicted =
            (crate::math::special::normal_cdf((mean - critical) / sd.max(1e-3)) - share).abs() > 4.0 * error;
        let factor = if contradicted && by_share > 0.0 { by_share } else { by_drift };
        if mean < 0.02 {
            // no effect in favour to be seen: look far; where it is against, no size will do
            let against = mean + 4.0 * sd / trials.sqrt() < 0.0;
            return Ok(Guess { size: (if against { n } else { 20.0 * n }).min(largest), replicates: 0.0, tail });
        }
        // far away the root is no guide
        let next = (n * (factor * factor).clamp(1.0 / 30.0, 30.0)).clamp(least, largest);
        let change = (next / n).ln().abs();
        n = next;
        if replicates > LOOK && change < 3.0 * within || turn == LOOKS || n == largest {
            return Ok(Guess { size: n, replicates: if n == largest { 0.0 } else { replicates as f64 }, tail });
        }
        replicates = looks(within).max(LOOK + 1);
    }
    Ok(Guess { size: n, replicates: 0.0, tail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Cell;

    #[test]
    fn by_hand_grid_around_a_guess() {
        let sizes = around(340.0, 0.02, 2.0, 170.0, 680.0);
        assert_eq!((sizes[0], sizes[sizes.len() - 1]), (170.0, 680.0));
        assert!(sizes.iter().all(|n| n % 2.0 == 0.0) && sizes.windows(2).all(|w| w[0] < w[1]), "{sizes:?}");
        // two patients apart within twice 2 % of the guess
        let close = sizes.iter().filter(|&&n| (326.0..=354.0).contains(&n)).count();
        assert_eq!(close, 15);
        assert!(sizes.len() < 40, "{}", sizes.len());
        assert_eq!(around(5.0, 0.02, 2.0, 2.0, 4.0), [2.0, 4.0]);
        // 23.5 patients: eleven steps of 2 fill it better than five of 4; 40: six of 6 as well as nine of 4
        assert_eq!([step(23.5, 2.0), step(40.0, 2.0)], [2.0, 6.0]);
        assert_eq!(even(0.4, 0.6, 0.05).map(|v| v.len()), Some(5));
        assert_eq!(even(0.4, 0.6, 0.0), None);
        assert_eq!(even(0.6, 0.4, 0.1), None);
    }

    #[test]
    fn by_hand_guess_from_the_drift() {
        // a statistic with mean .15 √n and unit variance: ((1.959964 + .841621)/.15)² = 348.8
        let look = |n: f64, trials: u64| {
            let mean = 0.15 * n.sqrt();
            let power = crate::math::special::normal_cdf(mean - 1.959_964);
            let t = trials as f64;
            let cell = Cell { successes: (power * t).round() as u64, replicates: trials };
            Ok::<_, ()>(Rung {
                cell,
                tested: trials,
                sum: mean * t,
                squares: (1.0 + mean * mean) * t,
                ..Rung::default()
            })
        };
        let found = guess(0.8, 0.025, 0.02, 40.0, [2.0, LARGEST], look).unwrap();
        assert!((found.size - 348.8).abs() < 0.5, "{found:?}");
    }
}
