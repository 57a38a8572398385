//! Hand-written kernels for four problems: the price of the random numbers and of the analysis, and nothing else. No generality,
//! no addresses, no true values; what the engine is held against.

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Standard normal quantile of .975.
const Z: f64 = 1.959_963_984_540_054;

/// Trials that reject, of a number of trials from a seed.
pub(crate) type Kernel = fn(usize, u64) -> usize;

fn generator(seed: u64) -> impl Rng {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// 150 patients an arm, responses of .35 and .50, drawn one by one; pooled z at one-sided .025.
pub(crate) fn binary(trials: usize, seed: u64) -> usize {
    const N: u32 = 150;
    let mut rng = generator(seed);
    // 32 bits a patient, two patients a word
    let below = |p: f64| (p * 4_294_967_296.0) as u64;
    let limits = [below(0.35), below(0.50)];
    let mut rejected = 0;
    for _ in 0..trials {
        let mut responses = [0u32; 2];
        for _ in 0..N / 2 {
            for (count, limit) in responses.iter_mut().zip(limits) {
                let word: u64 = rng.random();
                *count += u32::from(word >> 32 < limit) + u32::from(word & 0xffff_ffff < limit);
            }
        }
        let [control, treatment] = responses.map(|x| f64::from(x) / f64::from(N));
        let pooled = (control + treatment) / 2.0;
        let z = (treatment - control) / (pooled * (1.0 - pooled) * 2.0 / f64::from(N)).sqrt();
        rejected += usize::from(z >= Z);
    }
    rejected
}

/// 289 patients an arm, entry uniform over 24 months, median survival of 20 months in controls, hazard ratio .75, loss of 5% a year,
/// cut at month 48; log-rank at one-sided .025.
pub(crate) fn log_rank(trials: usize, seed: u64) -> usize {
    const N: usize = 2 * 289;
    let mut rng = generator(seed);
    let hazard = [2f64.ln() / 20.0, 0.75 * 2f64.ln() / 20.0];
    let dropout = -0.95f64.ln() / 12.0;
    // positive times sort as their bits do; the last two bits hold event and arm
    let mut keys = vec![0u64; N];
    let mut rejected = 0;
    for _ in 0..trials {
        for (i, key) in keys.iter_mut().enumerate() {
            let arm = i & 1;
            let entry = 24.0 * rng.random::<f64>();
            let death: f64 = Exp1.sample(&mut rng);
            let lost: f64 = Exp1.sample(&mut rng);
            let death = death / hazard[arm];
            let end = (lost / dropout).min(48.0 - entry);
            *key = death.min(end).to_bits() & !3 | u64::from(death <= end) << 1 | arm as u64;
        }
        keys.sort_unstable();
        let (mut at_risk, mut treated) = (N as f64, N as f64 / 2.0);
        let (mut excess, mut variance) = (0.0, 0.0);
        for key in &keys {
            let arm = (key & 1) as f64;
            if key & 2 != 0 {
                let share = treated / at_risk;
                excess += arm - share;
                variance += share * (1.0 - share);
            }
            at_risk -= 1.0;
            treated -= arm;
        }
        rejected += usize::from(excess <= -Z * variance.sqrt());
    }
    rejected
}

/// The patients of [`log_rank`] without a calendar cut, looked at at 190 and 285 events and at the end at 380: the log-rank test of each
/// look until one reaches its bound.
pub(crate) fn group_sequential(trials: usize, seed: u64) -> usize {
    const N: usize = 2 * 289;
    const LOOKS: [(usize, f64); 3] = [(190, 2.9626), (285, 2.3590), (380, 2.0141)];
    let mut rng = generator(seed);
    let hazard = [2f64.ln() / 20.0, 0.75 * 2f64.ln() / 20.0];
    let dropout = -0.95f64.ln() / 12.0;
    let mut patients = vec![(0.0, 0.0, false); N];
    let (mut dates, mut keys) = (Vec::with_capacity(N), Vec::with_capacity(N));
    let mut rejected = 0;
    for _ in 0..trials {
        dates.clear();
        for (i, patient) in patients.iter_mut().enumerate() {
            let entry = 24.0 * rng.random::<f64>();
            let death: f64 = Exp1.sample(&mut rng);
            let lost: f64 = Exp1.sample(&mut rng);
            let (death, lost) = (death / hazard[i & 1], lost / dropout);
            *patient = (entry, death.min(lost), death <= lost);
            if death <= lost {
                dates.push(entry + death);
            }
        }
        for (events, bound) in LOOKS {
            // the number is reached in all but one of a million trials
            let date = match events <= dates.len() {
                true => *dates.select_nth_unstable_by(events - 1, f64::total_cmp).1,
                false => f64::INFINITY,
            };
            keys.clear();
            let (mut at_risk, mut treated) = (0.0, 0.0);
            for (i, &(entry, time, died)) in patients.iter().enumerate() {
                if entry <= date {
                    let arm = (i & 1) as u64;
                    let seen = entry + time <= date;
                    let until = if seen { time } else { date - entry };
                    keys.push(until.to_bits() & !3 | u64::from(seen && died) << 1 | arm);
                    at_risk += 1.0;
                    treated += arm as f64;
                }
            }
            keys.sort_unstable();
            let (mut excess, mut variance) = (0.0, 0.0);
            for key in &keys {
                let arm = (key & 1) as f64;
                if key & 2 != 0 {
                    let share: f64 = treated / at_risk;
                    excess += arm - share;
                    variance += share * (1.0 - share);
                }
                at_risk -= 1.0;
                treated -= arm;
            }
            if excess <= -bound * f64::sqrt(variance) {
                rejected += 1;
                break;
            }
        }
    }
    rejected
}

/// Patients an arm of [`win_ratio`].
const EACH: usize = 150;

/// Patients of an arm of [`win_ratio`], and how many pairs each wins and loses. Arrays, so that loops over pairs become vector code.
struct Arm {
    time: [f32; EACH],
    died: [bool; EACH],
    category: [u8; EACH],
    wins: [u32; EACH],
    losses: [u32; EACH],
}

/// 150 patients an arm over 12 months. Death: 20% of controls, hazard ratio .7, loss of 5% a year. Then a category from 1 to 5 of
/// everyone, odds ratio 1.5. All pairs; ln of the win ratio over its standard error by H-projection, two-sided .05.
pub(crate) fn win_ratio(trials: usize, seed: u64) -> usize {
    const N: usize = EACH;
    let mut rng = generator(seed);
    let dropout = -0.95f64.ln() / 12.0;
    let hazard = [-0.8f64.ln() / 12.0, -0.7 * 0.8f64.ln() / 12.0];
    let below = [0.15, 0.40, 0.65, 0.85];
    let limits = [below, below.map(|p: f64| p / (p + 1.5 * (1.0 - p)))];
    let empty = || Arm { time: [0.0; N], died: [false; N], category: [0; N], wins: [0; N], losses: [0; N] };
    let mut arms = [empty(), empty()];
    let mut rejected = 0;
    for _ in 0..trials {
        for (a, arm) in arms.iter_mut().enumerate() {
            for i in 0..N {
                let death: f64 = Exp1.sample(&mut rng);
                let lost: f64 = Exp1.sample(&mut rng);
                let u: f64 = rng.random();
                let death = death / hazard[a];
                let end = (lost / dropout).min(12.0);
                arm.time[i] = death.min(end) as f32;
                arm.died[i] = death <= end;
                arm.category[i] = limits[a].iter().map(|&limit| u8::from(u > limit)).sum();
            }
            arm.wins.fill(0);
            arm.losses.fill(0);
        }
        let [control, treatment] = &mut arms;
        for i in 0..N {
            let (time, died, category) = (treatment.time[i], treatment.died[i], treatment.category[i]);
            let (mut wins, mut losses) = (0, 0);
            for j in 0..N {
                let outlives = control.died[j] & (control.time[j] < time);
                let outlived = died & (time < control.time[j]);
                let tied = !(outlives | outlived);
                let win = u32::from(outlives | (tied & (category > control.category[j])));
                let loss = u32::from(outlived | (tied & (category < control.category[j])));
                wins += win;
                losses += loss;
                control.wins[j] += loss;
                control.losses[j] += win;
            }
            treatment.wins[i] = wins;
            treatment.losses[i] = losses;
        }
        let pairs = (N * N) as f64;
        let sum = |counts: &[u32]| f64::from(counts.iter().sum::<u32>());
        let (win, loss) = (sum(&treatment.wins) / pairs, sum(&treatment.losses) / pairs);
        // influence of each patient on ln(win / loss)
        let spread = |gain: &[u32], cost: &[u32]| {
            let n = N as f64;
            let squares =
                gain.iter().zip(cost).map(|(&g, &c)| (f64::from(g) / n / win - f64::from(c) / n / loss).powi(2));
            squares.sum::<f64>() / n / n
        };
        let variance = spread(&treatment.wins, &treatment.losses) + spread(&control.losses, &control.wins);
        rejected += usize::from((win / loss).ln().abs() > Z * variance.sqrt());
    }
    rejected
}
