//! The log-rank test for interval-censored data.

use super::hazard::hazard_rule;
use super::wald::score_test;
use super::{Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::scenario::form::{Complaint, Form, Values};

/// Tolerance of the pooled fit: far below what the score can show.
const TOLERANCE: f64 = 1e-10;

/// `interval-log-rank = {}`
pub const FORM: Form = Form {
    name: "interval-log-rank",
    summary: "Log-rank test of two arms with interval-censored events; a test without an estimate.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(IntervalLogRank))
}

/// Sun's log-rank test of two arms: z = U/√V, positive where the experimental arm has fewer events and later is better.
///
/// S is the pooled nonparametric maximum likelihood estimate, Λ(k) = Σ p/S(before) over its masses up to the k-th. A patient with
/// (left, right] has the score (S(right)Λ(right) − S(left)Λ(left)) / (S(left) − S(right)), which with exact and right-censored times is
/// the log-rank test's 1 − Λ and −Λ, and U = Σ scores of the experimental arm = O − E. V is the variance of U over all ways to
/// deal the scores to the arms, n₁n₀/(n(n − 1)) Σ score² (their mean is 0): it supposes that visits and loss do not differ between
/// the arms. No variation of the scores is [`Status::NoVariation`].
///
/// Source: Sun, Statistics in Medicine 15 (1996) 1387; Fay and Shaw, Journal of Statistical Software 36 (2010) 2, eq. for
/// "logrank1" and its permutation variance.
#[derive(Debug)]
pub struct IntervalLogRank;

impl Analysis for IntervalLogRank {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Interval]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn estimates(&self) -> bool {
        false
    }

    fn parts(&self) -> &'static [&'static str] {
        &["score", "variance"]
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if experimental == 0 || experimental == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let Response::Interval { left, right } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let events = right.iter().filter(|r| r.is_finite()).count();
        let npmle = &mut scratch.npmle;
        npmle.left.clear();
        npmle.left.extend_from_slice(left);
        npmle.right.clear();
        npmle.right.extend_from_slice(right);
        if let Err(status) = npmle.fit(TOLERANCE) {
            return Estimate::failed(status, n).counted(n, events);
        }
        // S Λ before each innermost interval, and at the end
        let [product, ..] = &mut scratch.real;
        product.clear();
        let (mut hazard, mut gone) = (0.0, 0.0);
        for &p in &npmle.mass {
            let free = 1.0 - gone;
            product.push(free * hazard);
            if p > 0.0 {
                hazard += p / free;
                gone += p;
            }
        }
        // nobody is free for ever: the last mass may stand at infinity
        product.push(0.0);

        let (mut score, mut squares) = (0.0, 0.0);
        for ((&a, &b), &arm) in npmle.first.iter().zip(&npmle.end).zip(data.arm) {
            let (a, b) = (a as usize, b as usize);
            let own = (product[b] - product[a]) / (npmle.before[b] - npmle.before[a]);
            score += if arm == 1 { own } else { 0.0 };
            squares += own * own;
        }
        let (n1, size) = (experimental as f64, n as f64);
        let variance = n1 * (size - n1) / (size * (size - 1.0)) * squares;
        // scores of one mass for all are rounding
        let variance = if squares > 1e-20 * size { variance } else { 0.0 };
        let mut answer = score_test(score, variance, &hazard_rule(rule), n, events);
        answer.parts[..2].copy_from_slice(&[score, variance]);
        answer
    }
}
