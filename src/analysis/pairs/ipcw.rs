//! The win ratio with pairs weighted for censoring.

use super::summary::verdict;
use crate::analysis::design::carve;
use crate::analysis::time_order::{at_each_time, sort_rows};
use crate::analysis::wald::wald;
use crate::analysis::{Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::endpoint::hierarchical::{MAX_TIERS, Tier};
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `win-ratio-ipcw`.
pub const FORM: Form = Form {
    name: "win-ratio-ipcw",
    summary: "Win ratio with every decided pair weighted by the inverse probability that censoring had let it be decided",
    keys: &[Key {
        name: "least",
        kind: Kind::Number,
        required: false,
        doc: "Probabilities of not being censored are held where they last were at least this, above 0 and below 1; default 0.1.",
    }],
    example: "{ least = 0.1 }",
};

/// Builds the method from its keys.
///
/// # Errors
/// `least` is not above 0 and below 1.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let least = values.number("least").unwrap_or(0.1);
    if least > 0.0 && least < 1.0 {
        return Ok(Box::new(WinRatioIpcw { least }));
    }
    Err(Complaint {
        code: Code::OutOfDomain,
        key: Some("least"),
        message: format!("`least` is {least}; it must be above 0 and below 1"),
        help: "least = 0.1".into(),
    })
}

/// ln(W/L), W and L sums over pairs won and lost by the experimental arm, a pair that is decided at a tier of times by the loser's event
/// at t weighted by 1/(G₁(t−)G₀(t−)); Gₐ the arm's Kaplan–Meier estimate of not being censored in that tier (among equal times events
/// come before censoring), held where it last was at least `least`. Pairs decided at other tiers weigh 1.
///
/// Variance Σ (wᵢ/W − lᵢ/L)² over the patients of both arms, wᵢ and lᵢ the weights of the pairs with patient i: the first-order
/// projection, weights taken as known. Parts are W and L over n₁n₀. It is consistent for the win ratio without censoring where
/// censoring is independent within arms and all of the follow-up that decides pairs is seen by some (one tier of times).
///
/// Source: Dong, Mao, Huang, Gamalo-Siebers, Wang, Yu, Hoaglin (2020), Journal of Biopharmaceutical Statistics 30:882.
#[derive(Debug)]
struct WinRatioIpcw {
    least: f64,
}

impl Analysis for WinRatioIpcw {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Hierarchical]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn parts(&self) -> &'static [&'static str] {
        &["win", "loss"]
    }

    fn orientation(&self, _: Better) -> f64 {
        1.0
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let Response::Hierarchical(comparison) = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let treated: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        match treated.min(n - treated) {
            0 => return Estimate::failed(Status::EmptyArm, n),
            1 => return Estimate::failed(Status::TooFew, n),
            _ => {}
        }
        let Scratch { keys, order, real: [table, ..], .. } = scratch;
        let tiers = comparison.tiers();
        // weight of a pair by its loser, tier after tier; then the weights won and lost of each patient
        let [weights, won, lost] = carve(table, [n * MAX_TIERS, n, n]);
        weights.fill(1.0);
        for (tier, weight) in tiers.iter().zip(weights.chunks_exact_mut(n)) {
            if let Tier::Time { time, event } = *tier {
                weigh(data.arm, time, event, self.least, keys, order, weight);
            }
        }
        for i in (0..n).filter(|&i| data.arm[i] == 1) {
            for j in (0..n).filter(|&j| data.arm[j] == 0) {
                if let Some((tier, wins)) = verdict(tiers, i, j) {
                    let (sums, loser) = if wins { (&mut *won, j) } else { (&mut *lost, i) };
                    let weight = weights[tier * n + loser];
                    sums[i] += weight;
                    sums[j] += weight;
                }
            }
        }
        let of_arm = |sums: &[f64]| data.arm.iter().zip(sums).filter(|(a, _)| **a == 1).map(|(_, s)| s).sum::<f64>();
        let (wins, losses) = (of_arm(won), of_arm(lost));
        let pairs = treated as f64 * (n - treated) as f64;
        let mut answer = if wins > 0.0 && losses > 0.0 {
            let shares = |i: usize| (won[i] / wins, lost[i] / losses);
            let variance: f64 = (0..n).map(shares).map(|(w, l)| (w - l) * (w - l)).sum();
            let size: f64 = (0..n).map(shares).map(|(w, l)| w * w + l * l).sum();
            if variance > 1e-13 * size {
                // wins are wins whichever direction of the endpoint is better
                let rule = Rule { better: Better::Higher, ..*rule };
                wald((wins / losses).ln(), variance.sqrt(), &rule, n, 0)
            } else {
                Estimate::failed(Status::NoVariation, n)
            }
        } else {
            Estimate::failed(Status::NoVariation, n)
        };
        answer.parts[..2].copy_from_slice(&[wins / pairs, losses / pairs]);
        answer
    }
}

/// Writes 1/(G₁(t−)G₀(t−)) for every patient's time t.
fn weigh(
    arm: &[u8],
    time: &[f64],
    event: &[u8],
    least: f64,
    keys: &mut Vec<u64>,
    order: &mut Vec<u32>,
    out: &mut [f64],
) {
    sort_rows(time, |_, _| true, keys, order);
    let treated = arm.iter().map(|&a| usize::from(a)).sum::<usize>();
    let mut at_risk = [arm.len() - treated, treated];
    let mut free = [1.0; 2];
    let mut held = [1.0; 2];
    for group in at_each_time(order, time) {
        let (mut ended, mut censored) = ([0; 2], [0; 2]);
        for row in group.iter().map(|&row| row as usize) {
            out[row] = 1.0 / (held[0] * held[1]);
            let count = if event[row] != 0 { &mut ended } else { &mut censored };
            count[usize::from(arm[row])] += 1;
        }
        for a in 0..2 {
            let exposed = at_risk[a] - ended[a];
            if censored[a] > 0 {
                free[a] *= (exposed - censored[a]) as f64 / exposed as f64;
            }
            if free[a] >= least {
                held[a] = free[a];
            }
            at_risk[a] = exposed - censored[a];
        }
    }
}
