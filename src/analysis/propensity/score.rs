//! The propensity score, and what of it does not depend on the weights.

use crate::analysis::design::standardise;
use crate::analysis::indicators::Indicators;
use crate::analysis::logistic_fit::maximise;
use crate::analysis::{Dataset, Status};
use crate::math::elementary::exp;
use crate::math::linalg::{dot, moments};
use crate::math::wide::wide;

/// The fitted probability e of the experimental arm given the covariates: logit e = γ₀ + γ · covariates, by maximum
/// likelihood.
///
/// It remembers the arms and covariates from which it was made; the same again are not fitted again.
#[derive(Debug, Default)]
pub(crate) struct Score {
    arm: Vec<u8>,
    raw: Vec<f64>,
    /// None before the first fit.
    status: Option<Status>,
    /// Standardised covariates, column after column.
    pub(crate) columns: Vec<f64>,
    /// Which of them are short to sum over.
    pub(crate) indicators: Indicators,
    /// Cholesky factor of the information of γ.
    pub(crate) factor: Vec<f64>,
    /// logit e.
    pub(crate) logit: Vec<f64>,
    /// e.
    pub(crate) probability: Vec<f64>,
    /// 1 − e, where e is near 1 not by subtraction.
    pub(crate) complement: Vec<f64>,
    /// Arm − e.
    pub(crate) residual: Vec<f64>,
    /// 1 in the experimental arm, else 0.
    experimental: Vec<f64>,
    /// √((s₁² + s₀²)/2) of the standardised covariates, s the arms' standard deviations.
    pub(crate) spread: Vec<f64>,
    /// Largest standardised mean difference without weights.
    pub(crate) imbalance: f64,
    /// Share of patients whose score lies in the range common to both arms.
    pub(crate) overlap: f64,
}

/// Whether two columns are the same to the bit.
fn same(a: &[f64], b: &[f64]) -> bool {
    bytemuck::cast_slice::<f64, u64>(a) == bytemuck::cast_slice::<f64, u64>(b)
}

impl Score {
    /// Fits the score to these arms and covariates, if it is not at hand.
    ///
    /// # Errors
    /// [`Status::EmptyArm`]; [`Status::ScoreSeparation`] where a coefficient runs to infinity; [`Status::Singular`] for
    /// a constant or redundant covariate or one that is not finite; [`Status::NotConverged`].
    pub(crate) fn fit(
        &mut self,
        data: &Dataset<'_>,
        vectors: &mut Vec<f64>,
        small: &mut Vec<f64>,
    ) -> Result<(), Status> {
        if !self.is_of(data) {
            self.arm.clear();
            self.arm.extend_from_slice(data.arm);
            self.raw.clear();
            self.raw.extend_from_slice(data.covariates.values);
            let fitted = self.fit_anew(data, vectors, small);
            self.status = Some(fitted.err().unwrap_or(Status::Estimated));
        }
        match self.status {
            None | Some(Status::Estimated) => Ok(()),
            Some(status) => Err(status),
        }
    }

    /// Whether it was made from these arms and covariates.
    pub(crate) fn is_of(&self, data: &Dataset<'_>) -> bool {
        self.status.is_some() && self.arm == data.arm && same(&self.raw, data.covariates.values)
    }

    /// Σ v x over each covariate; `total` is Σ v.
    pub(crate) fn dots<'a>(&'a self, v: &'a [f64], total: f64) -> impl Iterator<Item = f64> + 'a {
        let columns = self.columns.chunks_exact(v.len()).enumerate();
        columns.map(move |(j, x)| self.indicators.dot(j, x, v, total))
    }

    fn fit_anew(&mut self, data: &Dataset<'_>, vectors: &mut Vec<f64>, small: &mut Vec<f64>) -> Result<(), Status> {
        let n = data.arm.len();
        let experimental = data.arm.iter().filter(|a| **a != 0).count();
        if experimental == 0 || experimental == n {
            return Err(Status::EmptyArm);
        }
        self.columns.clear();
        standardise(data, &mut self.columns)?;
        let fit =
            maximise(&self.columns, data.arm, &[], vectors, small, &mut self.indicators).map_err(
                |status| match status {
                    Status::Separation => Status::ScoreSeparation,
                    other => other,
                },
            )?;
        self.logit.clear();
        self.logit.extend_from_slice(fit.predictor);
        self.factor.clear();
        self.factor.extend_from_slice(fit.factor);

        for values in [&mut self.probability, &mut self.complement, &mut self.residual] {
            values.clear();
            values.resize(n, 0.0);
        }
        let tails = self.probability.iter_mut().zip(&mut self.complement).zip(&mut self.residual);
        wide!(for (((e, c), r), (logit, arm)) in tails.zip(self.logit.iter().zip(data.arm)) {
            let odds_against = exp((-logit).min(700.0));
            *e = 1.0 / (1.0 + odds_against);
            *c = odds_against * *e;
            *r = if *arm == 0 { -*e } else { *c };
        });
        self.describe(data.arm, experimental);
        Ok(())
    }

    /// Balance without weights, and overlap.
    fn describe(&mut self, arm: &[u8], experimental: usize) {
        let n = arm.len();
        let count = [n - experimental, experimental].map(|n| n as f64);
        self.spread.clear();
        self.experimental.clear();
        self.experimental.extend(arm.iter().map(|a| f64::from(*a)));
        self.imbalance = 0.0;
        for x in self.columns.chunks_exact(n) {
            // the columns have mean 0
            let [total, squares] = moments(&self.experimental, x);
            let mean = [-total / count[0], total / count[1]];
            let variance = [dot(x, x) - squares, squares];
            let variance = [0, 1].map(|a| (variance[a] - count[a] * mean[a] * mean[a]) / (count[a] - 1.0).max(1.0));
            let spread = (0.5 * (variance[0] + variance[1])).sqrt();
            self.spread.push(spread);
            self.imbalance = self.imbalance.max(((mean[1] - mean[0]) / spread).abs());
        }
        let mut range = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
        for (l, a) in self.logit.iter().zip(arm) {
            let [low, high] = &mut range[usize::from(*a != 0)];
            *low = low.min(*l);
            *high = high.max(*l);
        }
        let (low, high) = (range[0][0].max(range[1][0]), range[0][1].min(range[1][1]));
        self.overlap = self.logit.iter().filter(|l| **l >= low && **l <= high).count() as f64 / n as f64;
    }
}
