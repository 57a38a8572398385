//! Test of proportional hazards of the arms.

use super::adjusted::Model;
use super::{TIES, unadjusted};
use crate::analysis::hazard::hazard_rule;
use crate::analysis::time_order::{at_each_time, last_event};
use crate::analysis::wald::score_test;
use crate::analysis::{
    Adjusts, Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status,
};
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// `schoenfeld = { transform = "km" }`
pub const FORM: Form = Form {
    name: "schoenfeld",
    summary: "Test of proportional hazards of the arms, from the Schoenfeld residuals of a Cox model; a test without an estimate.",
    keys: &[
        Key {
            name: "transform",
            kind: Kind::Word(&["km", "identity", "rank", "log"]),
            required: false,
            doc: "The function of time with which the log hazard ratio may change: that of the Kaplan–Meier estimate, time itself, its rank among all follow-up times or its logarithm; default `km`.",
        },
        TIES,
    ],
    example: "{ transform = \"km\" }",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let transform = match values.text("transform") {
        Some("identity") => Transform::Identity,
        Some("rank") => Transform::Rank,
        Some("log") => Transform::Log,
        _ => Transform::KaplanMeier,
    };
    Ok(Box::new(Schoenfeld { transform, efron: values.text("ties") != Some("breslow") }))
}

/// A function g of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// 1 − S(t−), S the Kaplan–Meier estimate of all patients.
    KaplanMeier,
    /// t
    Identity,
    /// Mid-rank of t among all times, those of censoring included.
    Rank,
    /// ln t
    Log,
}

/// The score test of θ = 0 where the arm's ln hazard ratio is β + θ g(t), beside covariates and within strata: z = U/√V, negative where the
/// hazard ratio rises with time and later is better, so that z² is χ² on one degree of freedom and two-sided p that of χ².
///
/// With β̂ the fit of proportional hazards, xᵢ − mᵢ the Schoenfeld residual of the arm at an event and Vᵢ the covariances of the columns
/// among those at risk: U = Σ g(tᵢ)(xᵢ − mᵢ) and V = Σ g² Vᵢ(arm, arm) − b A⁻¹ bᵀ, where A = Σ Vᵢ and b = Σ g Vᵢ(arm, ·); g is centred
/// on its mean over events. Failures are those of `cox`; events at one time only are [`Status::NoVariation`], as is the logarithm of an
/// event at 0.
///
/// Source: Grambsch and Therneau, Biometrika 81 (1994) 515; in the form of a score test as in `cox.zph` of R's survival from 3.0 on.
#[derive(Clone, Copy, Debug)]
pub struct Schoenfeld {
    /// The function of time.
    pub transform: Transform,
    /// Whether ties are taken by Efron's method, else by Breslow's.
    pub efron: bool,
}

impl Analysis for Schoenfeld {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn estimates(&self) -> bool {
        false
    }

    fn parts(&self) -> &'static [&'static str] {
        &["score", "variance", "chi-square"]
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
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
        let last = last_event(time, event, f64::INFINITY);
        // which events there are decides whether there is a fit
        let risk = if data.strata.levels > 1 {
            unadjusted::RiskSets::walk_strata(data, time, event, self.efron, scratch)
        } else {
            scratch.ascending(time, last);
            unadjusted::RiskSets::walk(time, event, data.arm, experimental, self.efron, scratch)
        };
        let failed = |status| Estimate::failed(status, n).counted(n, risk.events);
        if let Err(status) = risk.estimable() {
            return failed(status);
        }
        scratch.ascending(time, last);
        let mut weight = std::mem::take(&mut scratch.real[7]);
        self.of_time(time, event, &scratch.order, &mut weight);
        let varies = weight.iter().any(|g| *g != 0.0);
        let fitted = Model::new(data, time, event, last, self.efron, scratch).and_then(|mut model| {
            model.fit()?;
            Ok(model.weighted_score(&weight))
        });
        let squares: f64 = weight.iter().map(|g| g * g).sum();
        scratch.real[7] = weight;
        match fitted {
            Err(status) => failed(status),
            // where all of g is explained the variance is rounding
            Ok((score, variance)) if varies && variance > 1e-12 * squares => {
                let mut answer = score_test(score, variance, &hazard_rule(rule), n, risk.events);
                if answer.status == Status::Estimated {
                    answer.parts[..3].copy_from_slice(&[score, variance, score * score / variance]);
                }
                answer
            }
            Ok(_) => failed(Status::NoVariation),
        }
    }
}

impl Schoenfeld {
    /// Writes g at each event, centred, to its row; 0 to the others. All 0 where g is not finite at some event.
    fn of_time(&self, time: &[f64], event: &[u8], order: &[u32], weight: &mut Vec<f64>) {
        weight.clear();
        weight.resize(time.len(), 0.0);
        let (mut at_risk, mut free, mut events, mut sum) = (time.len() as f64, 1.0, 0.0, 0.0);
        for group in at_each_time(order, time) {
            let now = time[group[0] as usize];
            let died: f64 = group.iter().map(|&row| f64::from(event[row as usize])).sum();
            let before = time.len() as f64 - at_risk;
            let g = match self.transform {
                Transform::KaplanMeier => 1.0 - free,
                Transform::Identity => now,
                Transform::Rank => before + 0.5 * (group.len() as f64 + 1.0),
                Transform::Log => now.ln(),
            };
            for &row in group.iter().filter(|&&row| event[row as usize] == 1) {
                weight[row as usize] = g;
            }
            sum += if died > 0.0 { died * g } else { 0.0 };
            free *= (at_risk - died) / at_risk;
            at_risk -= group.len() as f64;
            events += died;
        }
        let mean = sum / events;
        for (weight, &event) in weight.iter_mut().zip(event) {
            *weight = if event == 1 && mean.is_finite() { *weight - mean } else { 0.0 };
        }
    }
}
