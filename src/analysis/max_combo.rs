//! The MaxCombo test: the largest of several weighted log-rank statistics.

use super::event_times::{arms, event_times};
use super::weighted_log_rank::{FlemingHarrington, is_power};
use super::{Adjusts, Analysis, Better, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::math::linalg::at;
use crate::math::multivariate_normal::{MOST, Tails, largest_exceeds};
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Value, Values};

/// `max-combo = { tests = [[0, 0], [0, 1], [1, 0], [1, 1]] }`
pub const FORM: Form = Form {
    name: "max-combo",
    summary: "MaxCombo test: the largest of several Fleming–Harrington statistics, with p from their joint distribution; a test without an estimate.",
    keys: &[Key {
        name: "tests",
        kind: Kind::List(&Kind::List(&Kind::Number)),
        required: false,
        doc: "Powers [rho, gamma] of one to four tests; default [[0, 0], [0, 1], [1, 0], [1, 1]].",
    }],
    example: "{ tests = [[0, 0], [0, 1], [1, 0], [1, 1]] }",
};

/// The combination of Lin et al.
const FOUR: [[f64; 2]; MOST] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];

/// Builds the method.
///
/// # Errors
/// There are not one to four tests, or one is not two numbers from 0 to 100.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let complaint = |message: String| Complaint {
        code: Code::OutOfDomain,
        key: Some("tests"),
        message,
        help: "tests = [[0, 0], [0, 1], [1, 0], [1, 1]]".into(),
    };
    if values.get("tests").is_none() {
        return Ok(Box::new(MaxCombo::new(&FOUR)));
    }
    let mut tests = Vec::new();
    for (test, _) in values.list("tests") {
        let Value::List(powers) = test else { continue };
        let powers: Vec<f64> =
            powers.iter().filter_map(|(v, _)| if let Value::Number(x) = v { Some(*x) } else { None }).collect();
        match powers[..] {
            [rho, gamma] if is_power(rho) && is_power(gamma) => tests.push([rho, gamma]),
            _ => return Err(complaint(format!("{powers:?} is no test; it must be two powers between 0 and 100"))),
        }
    }
    if tests.is_empty() || tests.len() > MOST {
        return Err(complaint(format!("there are {} tests; there must be 1 to {MOST}", tests.len())));
    }
    Ok(Box::new(MaxCombo::new(&tests)))
}

/// The largest of the statistics z = U/√V of up to four Fleming–Harrington tests, each positive where the experimental arm has fewer
/// events and later is better.
///
/// The covariance of two tests' U is Σ w w′ d (r₁/r)(1 − r₁/r)(r − d)/(r − 1), the variance of the test with the mean of their powers.
/// p = P(max Z ≥ max z) with Z standard normal with these correlations; against the experimental arm P(max Z ≥ max(−z)); the two-sided
/// p-value is P(max |Z| ≥ max |z|). With strata survival is each stratum's own, and U and covariances are added over strata. A test whose
/// weights are all 0 is [`Status::NoVariation`].
///
/// Source: Karrison, Stata Journal 16 (2016) 678, section 2; Roychoudhury et al., Statistics in Biopharmaceutical Research 15 (2021)
/// 300, section 2; Lin et al., Statistics in Biopharmaceutical Research 12 (2020) 187 (the four tests).
#[derive(Clone, Copy, Debug)]
pub struct MaxCombo {
    weights: [FlemingHarrington; MOST],
    count: usize,
}

/// Elements of the triangle of the covariances.
const PAIRS: usize = MOST * (MOST + 1) / 2;

impl MaxCombo {
    /// The tests with these powers [ρ, γ], the first four of them.
    #[must_use]
    pub fn new(tests: &[[f64; 2]]) -> Self {
        let mut weights = [FlemingHarrington { rho: 0.0, gamma: 0.0 }; MOST];
        for (weight, &[rho, gamma]) in weights.iter_mut().zip(tests) {
            *weight = FlemingHarrington { rho, gamma };
        }
        Self { weights, count: tests.len().min(MOST) }
    }
}

impl Analysis for MaxCombo {
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
        &["z-1", "z-2", "z-3", "z-4"][..self.count]
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let weights: Vec<String> =
            self.weights[..self.count].iter().map(|w| format!("e$free^{} * (1 - e$free)^{}", w.rho, w.gamma)).collect();
        let weights = format!("s <- log_rank_scores(e, cbind({}))", weights.join(", "));
        r::code(
            &["mvtnorm"],
            &[
                "e <- event_table(d)",
                &weights,
                "z <- better * s$u / sqrt(diag(s$v))",
                "# by simulation inside pmvnorm, to some 1e-6",
                "set.seed(1)",
                "joint <- mvtnorm::pmvnorm(upper = rep(max(z), length(z)), corr = cov2cor(s$v), algorithm = mvtnorm::GenzBretz(maxpts = 2e5, abseps = 1e-8))",
                "c(z = max(z), p = 1 - as.numeric(joint))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        if arms(data).is_none() {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let k = self.count;
        let (mut scores, mut covariance) = ([0.0; MOST], [0.0; PAIRS]);
        let events = event_times(data, scratch, |now| {
            let w = self.weights.map(|weight| weight.at(now.free));
            for i in 0..k {
                scores[i] += w[i] * now.excess;
                for j in 0..=i {
                    covariance[at(i, j)] += w[i] * w[j] * now.variance;
                }
            }
        });
        let sd: [f64; MOST] = std::array::from_fn(|i| covariance[at(i, i)].sqrt());
        if sd[..k].iter().any(|sd| !(*sd > 0.0 && sd.is_finite())) {
            return Estimate::failed(Status::NoVariation, n).counted(n, events);
        }
        for i in 0..k {
            for j in 0..=i {
                covariance[at(i, j)] /= sd[i] * sd[j];
            }
        }
        let (mut most, mut least) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut answer = Estimate::failed(Status::NoVariation, n).counted(n, events);
        for i in 0..k {
            let z = self.orientation(rule.better) * scores[i] / sd[i];
            (most, least) = (z.max(most), z.min(least));
            answer.parts[i] = z;
        }
        let exceeds = |z: f64, tails: Tails| largest_exceeds(&covariance, k, z, tails);
        let [favour, against, both] =
            [exceeds(most, Tails::Upper), exceeds(-least, Tails::Upper), exceeds(most.max(-least), Tails::Both)];
        if !(favour.is_finite() && against.is_finite() && both.is_finite()) {
            return Estimate { parts: [0.0; 8], ..answer };
        }
        Estimate { z: most, p: favour, others: Some([against, both]), status: Status::Estimated, ..answer }
    }
}
