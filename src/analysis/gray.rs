//! Gray's test of two cumulative incidences.

use super::failures::{Leaving, last_failure};
use super::hazard::hazard_rule;
use super::time_order::at_each_time;
use super::wald::score_test;
use super::{Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::scenario::form::{Complaint, Form, Values};

/// `gray = {}`
pub const FORM: Form = Form {
    name: "gray",
    summary: "Gray's test of the cumulative incidences of two arms, competing events at work; a test without an estimate.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Gray))
}

/// Gray's test of two arms with ρ = 0, which compares subdistribution hazards: z = U/√V, positive where the experimental arm has
/// fewer events and later is better.
///
/// For arm k with Y at risk, S the Kaplan–Meier estimate of being free of all events and F its cumulative incidence, let h = Y/S(t−)
/// and R = h (1 − F(t−)); F⁰ is the pooled incidence with jumps d₁/Σh. U = Σ (d₁ of the experimental arm − d₁ R/ΣR), and
/// V = Σ over arms and times of (a + (1 − g)c)² dF⁰/h + (g c)² S(t−)d₂/(Y h), where a = h (1 or 0 − h/Σh),
/// c = Σ over later times of a dF⁰/(1 − F⁰(t−)), g = (1 − F⁰)/S, and ties take off a share: 1 − (d₁ − 1)/(S(t−)Σh − 1) of the first term
/// is left (none where that is below 0), 1 − (d₂ − 1)/(Y − 1) of the second. No event while both arms are at risk is
/// [`Status::NoVariation`].
///
/// Source: Gray, Annals of Statistics 16 (1988) 1141, section 2; conventions at ties as in R's cmprsk.
#[derive(Debug)]
pub struct Gray;

impl Analysis for Gray {
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
        &["score", "variance"]
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        r::code(
            &["cmprsk", "survival"],
            &[
                call.status(),
                "square <- cmprsk::cuminc(d$time, d$status, d$arm, cencode = 0)$Tests[1, \"stat\"]",
                "# cmprsk does not say which arm has fewer events: the sign of observed less expected",
                "t <- sort(unique(d$time[d$event == 1]))",
                "weigh <- function(a) {",
                "  x <- d[d$arm == a, ]; s <- summary(survfit(Surv(time, factor(status, 0:2)) ~ 1, data = x, timefix = FALSE), times = t, extend = TRUE)",
                "  before <- rbind(c(1, 0, 0), s$pstate)[seq_along(t), , drop = FALSE]",
                "  free <- vapply(t, function(u) { k <- survfit(Surv(time, status > 0) ~ 1, data = x, timefix = FALSE); c(1, k$surv)[1 + sum(k$time < u)] }, 0)",
                "  ifelse(free > 0, vapply(t, function(u) sum(x$time >= u), 0) * (1 - before[, 2]) / free, 0)",
                "}",
                "events <- function(a) vapply(t, function(u) sum(d$time == u & d$event == 1 & d$arm == a), 0)",
                "r0 <- weigh(0); r1 <- weigh(1); both <- r0 > 0 & r1 > 0",
                "tested(better * sign(sum((events(1) - (events(0) + events(1)) * r1 / (r0 + r1))[both])) * sqrt(square))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if experimental == 0 || experimental == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let Response::Time { time, event, competing } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let last = last_failure(time, event, competing, f64::INFINITY);
        scratch.sorted.rows(time, |_, t| t <= last, &mut scratch.order);
        let [terms, ..] = &mut scratch.real;
        terms.clear();

        let mut arms = [n - experimental, experimental].map(|x| Arm { at_risk: x as f64, free: 1.0, incidence: 0.0 });
        let (mut score, mut pooled, mut reach, mut events) = (0.0, 0.0, [0.0; 2], 0.0);
        for group in at_each_time(&scratch.order, time) {
            let leaving = Leaving::count(group, event, competing, data.arm);
            let total = leaving.event[0] + leaving.event[1];
            events += total;
            let both = arms.iter().all(|arm| arm.at_risk > 0.0);
            // once an arm has nobody at risk nothing is compared any more, and the later events only count
            if both && total + leaving.competing[0] + leaving.competing[1] > 0.0 {
                let [h0, h1] = arms.each_ref().map(|arm| arm.at_risk / arm.free);
                let [r0, r1] = [h0 * (1.0 - arms[0].incidence), h1 * (1.0 - arms[1].incidence)];
                let sum = h0 + h1;
                let (jump, before) = (total / sum, pooled);
                pooled += jump;
                if total > 0.0 {
                    score += leaving.event[1] - total * r1 / (r0 + r1);
                }
                let slopes = [-h0 * h1 / sum, h1 * h0 / sum];
                for (a, (arm, h)) in arms.iter_mut().zip([h0, h1]).enumerate() {
                    let free_before = arm.free;
                    arm.step(leaving.event[a], leaving.competing[a]);
                    let share = if arm.free > 0.0 { (1.0 - pooled) / arm.free } else { 0.0 };
                    let ties =
                        if total > 1.0 { (1.0 - (total - 1.0) / (sum * free_before - 1.0)).max(0.0) } else { 1.0 };
                    let d2 = leaving.competing[a];
                    let ties2 = if d2 > 1.0 { 1.0 - (d2 - 1.0) / (arm.at_risk - 1.0) } else { 1.0 };
                    if total > 0.0 {
                        reach[a] += slopes[a] * jump / (1.0 - before);
                    }
                    terms.extend([
                        slopes[a],
                        share,
                        reach[a],
                        ties * jump / h,
                        ties2 * free_before * d2 / (arm.at_risk * h),
                    ]);
                }
            }
            for (arm, left) in arms.iter_mut().zip(leaving.all) {
                arm.at_risk -= left;
            }
        }
        let mut variance = 0.0;
        for (k, term) in terms.chunks_exact(5).enumerate() {
            let &[slope, share, reached, first, second] = term else { continue };
            let ahead = reach[k % 2] - reached;
            let (own, other) = (slope + (1.0 - share) * ahead, share * ahead);
            variance += own * own * first + other * other * second;
        }
        let mut answer = score_test(score, variance, &hazard_rule(rule), n, events as usize);
        answer.parts[..2].copy_from_slice(&[score, variance]);
        answer
    }
}

/// An arm up to the present time.
struct Arm {
    at_risk: f64,
    free: f64,
    incidence: f64,
}

impl Arm {
    fn step(&mut self, of_interest: f64, competing: f64) {
        self.incidence += self.free * of_interest / self.at_risk;
        self.free *= (self.at_risk - of_interest - competing) / self.at_risk;
    }
}
