//! Exact distributions of rank statistics under permutation.

/// Most patients in all: counts of permutations stay below 1e301.
pub const MOST: usize = 1000;

/// Most patients of the smaller arm: twelve digits of the quotient of polynomials.
pub const MOST_SMALLER: usize = 200;

/// Most cells of a table of counts (128 MB).
const MOST_CELLS: usize = 1 << 24;

/// Tail probabilities of a statistic: at most the observed, at least the observed, at least as far from the mean.
pub type Tails = [f64; 3];

/// Tails of the sum of the midranks of `n[1]` patients drawn from n₀ + n₁, whose values form groups of equals of these sizes, in
/// ascending order; `observed` is twice the sum. `None` beyond [`MOST`] or [`MOST_SMALLER`] patients.
///
/// Without ties the counts are the coefficients of the Gaussian binomial ∏ (1 − x^(n₀+i))/(1 − xⁱ); with ties those of the
/// shift algorithm.
///
/// Source: Mann, Whitney (1947), Annals of Mathematical Statistics 18:50; Streitberg, Röhmel (1986), Statistical Software
/// Newsletter 12:10.
///
/// `Numerics`: sums of positive counts with ties; relative error below 1e-11 without, from the subtractions of the products.
#[must_use]
pub fn rank_sum(
    groups: &[u32],
    n: [usize; 2],
    observed: u64,
    table: &mut Vec<f64>,
    work: &mut Vec<u64>,
) -> Option<Tails> {
    let total = n[0] + n[1];
    if total > MOST || n[0].min(n[1]) > MOST_SMALLER || n[0] == 0 || n[1] == 0 {
        return None;
    }
    if groups.iter().all(|t| *t == 1) {
        let u = (observed as usize).checked_sub(n[1] * (n[1] + 1))? / 2;
        return untied(n, u, table);
    }
    // the smaller arm is drawn; the sums of both arms add up to a constant
    let drawn_first = n[0] < n[1];
    let drawn = n[0].min(n[1]);
    let sum = if drawn_first { (total * (total + 1)) as u64 - observed } else { observed };
    work.clear();
    let (mut below, mut step) = (0_u64, 0_u64);
    let first = u64::from(*groups.iter().find(|t| **t > 0)?) + 1;
    for &t in groups.iter().filter(|t| **t > 0) {
        let score = 2 * below + u64::from(t) + 1 - first;
        step = gcd(step, score);
        work.extend((0..t).map(|_| score));
        below += u64::from(t);
    }
    let step = step.max(1);
    work.iter_mut().for_each(|s| *s /= step);
    let observed = ((sum - drawn as u64 * first) / step) as usize;
    let tails = tied(work, drawn, observed, table)?;
    Some(if drawn_first { [tails[1], tails[0], tails[2]] } else { tails })
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Counts of U ≤ n₀n₁/2 for arms of distinct values; the rest follows by symmetry.
pub(super) fn untied_counts(n: [usize; 2], counts: &mut Vec<f64>) {
    let (small, large) = (n[0].min(n[1]), n[0].max(n[1]));
    let half = n[0] * n[1] / 2;
    counts.clear();
    counts.resize(half + 1, 0.0);
    counts[0] = 1.0;
    for i in 1..=small {
        for k in (large + i..=half).rev() {
            counts[k] -= counts[k - large - i];
        }
        for k in i..=half {
            counts[k] += counts[k - i];
        }
    }
}

/// Number of all permutations, from the counts of the lower half.
pub(super) fn untied_total(n: [usize; 2], counts: &[f64]) -> f64 {
    let all = 2.0 * counts.iter().sum::<f64>();
    if (n[0] * n[1]).is_multiple_of(2) { all - counts[n[0] * n[1] / 2] } else { all }
}

fn untied(n: [usize; 2], u: usize, counts: &mut Vec<f64>) -> Option<Tails> {
    let most = n[0] * n[1];
    if u > most {
        return None;
    }
    untied_counts(n, counts);
    let total = untied_total(n, counts);
    let lower = |u: usize| match u {
        u if u < counts.len() => counts[..=u].iter().sum::<f64>() / total,
        u if u == most => 1.0,
        u => 1.0 - counts[..most - u].iter().sum::<f64>() / total,
    };
    Some(symmetric(lower(u), lower(most - u)))
}

fn symmetric(lower: f64, upper: f64) -> Tails {
    [lower, upper, (2.0 * lower.min(upper)).min(1.0)]
}

/// The shift algorithm: the number of ways to draw j scores with sum w, score by score; scores ascend.
fn tied(scores: &[u64], drawn: usize, observed: usize, table: &mut Vec<f64>) -> Option<Tails> {
    let total: u64 = scores.iter().sum();
    let most = scores[scores.len() - drawn..].iter().sum::<u64>() as usize;
    let width = most + 1;
    if width.saturating_mul(drawn + 1) > MOST_CELLS || observed > most {
        return None;
    }
    table.clear();
    table.resize(width * (drawn + 1), 0.0);
    table[0] = 1.0;
    for (k, &score) in scores.iter().enumerate() {
        let score = score as usize;
        // scores ascend: the largest sum of j of the first k is that of the last j
        let mut reach = scores[k - k.min(drawn - 1)..k].iter().sum::<u64>() as usize;
        for j in (1..=drawn.min(k + 1)).rev() {
            let (from, to) = table.split_at_mut(j * width);
            let from = &from[(j - 1) * width..];
            let end = reach.min(most - score.min(most));
            if score <= most {
                for (t, f) in to[score..=score + end].iter_mut().zip(&from[..=end]) {
                    *t += f;
                }
            }
            if j > 1 {
                reach -= scores[k + 1 - j] as usize;
            }
        }
    }
    let counts = &table[drawn * width..];
    let all: f64 = counts.iter().sum();
    let lower: f64 = counts[..=observed].iter().sum();
    let upper: f64 = counts[observed..].iter().rev().sum();
    // twice as far from the mean in whole numbers
    let centred = |w: usize| (w as i64 * scores.len() as i64 - drawn as i64 * total as i64).abs();
    let distance = centred(observed);
    let far = |w: &usize| centred(*w) >= distance;
    let below: f64 =
        (0..=most).take_while(|w| far(w) && (*w * scores.len()) < drawn * total as usize).map(|w| counts[w]).sum();
    let above: f64 = (0..=most)
        .rev()
        .take_while(|w| far(w) && (*w * scores.len()) >= drawn * total as usize)
        .map(|w| counts[w])
        .sum();
    Some([lower / all, upper / all, ((below + above) / all).min(1.0)])
}

/// Tails of Σ ranks over those differences that are positive, each with probability ½: `doubled` holds twice the midranks, `observed`
/// twice the sum. `None` beyond [`MOST`] differences.
///
/// Source: Wilcoxon (1945), Biometrics Bulletin 1:80; Streitberg, Röhmel (1986).
#[must_use]
pub fn signed(doubled: &mut [u64], observed: u64, table: &mut Vec<f64>) -> Option<Tails> {
    if doubled.len() > MOST {
        return None;
    }
    let step = doubled.iter().fold(0, |a, &b| gcd(a, b)).max(1);
    doubled.iter_mut().for_each(|s| *s /= step);
    let observed = (observed / step) as usize;
    let most = doubled.iter().sum::<u64>() as usize;
    if observed > most || most >= MOST_CELLS {
        return None;
    }
    table.clear();
    table.resize(most + 1, 0.0);
    table[0] = 1.0;
    let mut reach = 0;
    for &score in &*doubled {
        let score = score as usize;
        reach += score;
        for w in (0..=reach).rev() {
            let shifted = if w >= score { table[w - score] } else { 0.0 };
            table[w] = 0.5 * (table[w] + shifted);
        }
    }
    let lower: f64 = table[..=observed].iter().sum();
    let upper: f64 = table[observed..].iter().rev().sum();
    Some(symmetric(lower.min(1.0), upper.min(1.0)))
}

/// The smallest u with P(U ≤ u) ≥ `tail` for arms of distinct values and a tail below ½.
pub(super) fn rank_sum_quantile(n: [usize; 2], tail: f64, counts: &mut Vec<f64>) -> u64 {
    untied_counts(n, counts);
    let wanted = tail * untied_total(n, counts);
    let mut sum = 0.0;
    let first = counts.iter().position(|count| {
        sum += count;
        sum >= wanted
    });
    first.unwrap_or(counts.len() - 1) as u64
}
