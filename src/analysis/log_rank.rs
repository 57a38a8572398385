//! The log-rank test.

use super::event_times::event_times;
use super::hazard::hazard_rule;
use super::time_order::at_each_time;
use super::wald::wald;
use super::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::Better;
use crate::analysis::r;
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Values};

/// `log-rank = {}`
pub const FORM: Form = Form {
    name: "log-rank",
    summary: "Log-rank test of two arms, with Peto's estimate of the ln hazard ratio.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(LogRank))
}

/// The log-rank test of two arms, stratified where there are strata.
///
/// With d events among r patients at risk at a time, of whom d₁ and r₁ are in the experimental arm:
/// O = Σ d₁, E = Σ d r₁/r, V = Σ d (r₁/r)(1 − r₁/r)(r − d)/(r − 1); estimate (O − E)/V with standard error 1/√V, so that
/// its Wald statistic is (O − E)/√V. Patients censored at an event time are at risk at it.
/// With strata each is counted within them and then added. No event while both arms are at risk: [`Status::NoVariation`].
///
/// Source: Mantel, Cancer Chemotherapy Reports 50 (1966) 163; Peto et al., British Journal of Cancer 35 (1977) 1,
/// statistical notes 6 (the estimate) and 4 (strata).
#[derive(Debug)]
pub struct LogRank;

impl Analysis for LogRank {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn parts(&self) -> &'static [&'static str] {
        &["observed-experimental", "expected-experimental", "observed-control", "expected-control", "variance"]
    }

    fn target(&self) -> Target {
        Target::Peto
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let test = format!("test <- survdiff({}, data = d)", call.formula("Surv(time, event)"));
        r::code(
            &["survival"],
            &[
                &test,
                "difference <- sum(as.matrix(test$obs)[2, ] - as.matrix(test$exp)[2, ])",
                "variance <- test$var[2, 2]",
                "# Peto's estimate of the ln hazard ratio",
                "wald(difference / variance, 1 / sqrt(variance), null, better)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if experimental == 0 || experimental == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let Response::Time { time, event, .. } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        if data.strata.levels > 1 {
            return Sums::within_strata(data, scratch).answer(rule, n);
        }
        let tied = scratch.until_last_event(time, event);
        let mut sums = Sums::start(n, experimental);
        if tied {
            for group in at_each_time(&scratch.order, time) {
                sums.step(group, event, data.arm);
            }
        } else {
            for row in &scratch.order {
                sums.step(std::slice::from_ref(row), event, data.arm);
            }
        }

        sums.answer(rule, n)
    }
}

/// Sums over event times up to the present one.
struct Sums {
    at_risk: f64,
    at_risk_experimental: f64,
    events: u32,
    observed: u32,
    expected: f64,
    variance: f64,
}

impl Sums {
    fn start(patients: usize, experimental: usize) -> Self {
        Self {
            at_risk: patients as f64,
            at_risk_experimental: experimental as f64,
            events: 0,
            observed: 0,
            expected: 0.0,
            variance: 0.0,
        }
    }

    /// The sums of all strata.
    fn within_strata(data: &Dataset<'_>, scratch: &mut Scratch) -> Self {
        let (mut excess, mut expected, mut variance) = (0.0, 0.0, 0.0);
        let events = event_times(data, scratch, |at| {
            excess += at.excess;
            expected += at.expected;
            variance += at.variance;
        });
        let observed = (excess + expected).round() as u32;
        Self { observed, expected, variance, events: events as u32, ..Self::start(0, 0) }
    }

    fn answer(&self, rule: &Rule, n: usize) -> Estimate {
        let (observed, events) = (f64::from(self.observed), f64::from(self.events));
        let mut answer = if self.variance > 0.0 {
            let estimate = (observed - self.expected) / self.variance;
            let se = 1.0 / self.variance.sqrt();
            wald(estimate, se, &hazard_rule(rule), n, self.events as usize)
        } else {
            Estimate::failed(Status::NoVariation, n)
        };
        answer.events = self.events;
        answer.parts[..5].copy_from_slice(&[
            observed,
            self.expected,
            events - observed,
            events - self.expected,
            self.variance,
        ]);
        answer
    }

    /// Patients with the same time.
    #[inline(always)]
    fn step(&mut self, group: &[u32], event: &[u8], arm: &[u8]) {
        let (mut died, mut left) = (0, 0);
        for &row in group {
            let (event, arm) = (u32::from(event[row as usize]), u32::from(arm[row as usize]));
            died += event;
            left += arm;
            self.observed += event & arm;
        }
        let share = self.at_risk_experimental / self.at_risk;
        let d = f64::from(died);
        let variance = d * share * (1.0 - share);
        self.variance += if group.len() == 1 { variance } else { variance * (self.at_risk - d) / (self.at_risk - 1.0) };
        self.expected += d * share;
        self.events += died;
        self.at_risk -= group.len() as f64;
        self.at_risk_experimental -= f64::from(left);
    }
}
