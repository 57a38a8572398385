//! Covers: patients who arrive at a rate that rises.

use patency::enrolment::{self, Arrivals};
use patency::scenario::{Accrual, Enrolment, RateOf};

use super::common::{assert_calibrated, seed};

fn ramp() -> Enrolment {
    Enrolment { accrual: Accrual::Ramp { rate: 12.0, over: 6.0 }, rate_of: RateOf::Enrolled, start: None, plan: None }
}

/// Λ(t) = t² up to month 6, 36 + 12(t − 6) from then on.
#[test]
fn by_hand_expected_arrivals() {
    let arrivals = enrolment::compile(&ramp(), 1).expect("patients arrive");
    for (t, wanted) in [(0.0, 0.0), (1.0, 1.0), (3.0, 9.0), (6.0, 36.0), (7.0, 48.0), (16.0, 156.0)] {
        assert_eq!(arrivals.expected(t), Some(wanted));
    }
}

/// Counts by a month are Poisson with mean Λ, before and after the end of the ramp; dates ascend.
#[test]
fn statistical_arrivals_follow_the_ramp() {
    const REPLICATES: u32 = 4000;
    let arrivals = enrolment::compile(&ramp(), seed("statistical_arrivals_follow_the_ramp")).expect("patients arrive");
    let months = [(2.0, 4.0), (6.0, 36.0), (10.0, 84.0)];
    let mut sums = [[0.0; 2]; 3];
    let mut out = Arrivals::default();
    for replicate in 0..u64::from(REPLICATES) {
        arrivals.arrive(replicate, 160, &mut out);
        assert!(out.date.len() >= 160 && out.date.is_sorted() && out.date[0] > 0.0);
        for ((t, _), [sum, square]) in months.iter().zip(&mut sums) {
            let count = out.date.partition_point(|date| date <= t) as f64;
            *sum += count;
            *square += count * count;
        }
    }
    let n = f64::from(REPLICATES);
    for ((t, wanted), [sum, square]) in months.into_iter().zip(sums) {
        let mean = sum / n;
        assert_calibrated(&format!("mean by month {t}"), mean, wanted, (wanted / n).sqrt(), 0.15 * wanted);
        let variance = (square - n * mean * mean) / (n - 1.0);
        // of the variance of a Poisson count: (μ₄ − μ₂²)/n with μ₄ = λ + 3λ²
        let mcse = ((wanted + 2.0 * wanted * wanted) / n).sqrt();
        assert_calibrated(&format!("variance by month {t}"), variance, wanted, mcse, 0.25 * wanted);
    }
}
