//! Power over priors: its mean is assurance (O'Hagan A, Stevens JW, Campbell MJ. Assurance in clinical trial design. Pharmaceutical
//! Statistics 2005;4:187–201); where the parameters lie is what it depends on.
//!
//! Regions are tenths of the draws of replicates 0 to 9,999, or a parameter's values where they are few: fixed before a replicate is
//! carried out, and the same for every range of replicates. The distribution of power over the priors is that of Φ(xβ) at the draws, x
//! the standardised parameters, their squares and products, β by probit regression of the decisions.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::math::linalg;
use crate::math::special::{normal_cdf, normal_quantile};
use crate::protocol::Protocol;
use crate::result::{self, Assured, PowerDistribution, PowerQuantile, Region};

use super::moments::{Moments, finite, share};

/// Replicates whose draws lay the regions out.
const LAID_OUT: u64 = 10_000;
/// A parameter with at most this many values has each for a region.
const FEW: usize = 12;
/// Regions of other parameters.
const TENTHS: usize = 10;
/// Replicates that the regression is fitted to at most: memory stays flat.
const FITTED: usize = 1 << 16;
/// Parameters beyond which the regression has no products.
const MOST_PRODUCTS: usize = 4;

/// Decisions by region, and those that the regression is fitted to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Assurance {
    parameters: Vec<Parameter>,
    /// By analysis, then by region of all parameters: rejections in favour.
    favour: Vec<Vec<u64>>,
    /// By region of all parameters: the draws in it.
    inside: Vec<Moments>,
    /// Draws of the first replicates, replicate after replicate.
    drawn: Vec<f64>,
    /// By analysis, the decisions of the first replicates.
    #[serde(with = "flags")]
    decided: Vec<Vec<bool>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Parameter {
    name: String,
    draws: Moments,
    /// Upper ends of the regions but the last; or its values.
    ends: Vec<f64>,
    discrete: bool,
    /// Number of its first region among those of all.
    first: usize,
}

impl Parameter {
    fn regions(&self) -> usize {
        self.ends.len() + usize::from(!self.discrete)
    }

    fn region(&self, x: f64) -> usize {
        if self.discrete {
            // a value that has not been seen when the regions were laid out goes to its lower neighbour
            self.ends.partition_point(|&e| e <= x).saturating_sub(1)
        } else {
            self.ends.partition_point(|&e| e <= x)
        }
    }
}

impl Assurance {
    pub(super) fn new(protocol: &Protocol<'_>) -> Self {
        let mut first = 0;
        let parameters: Vec<Parameter> = protocol
            .priors
            .iter()
            .map(|prior| {
                let mut draws: Vec<f64> = (0..LAID_OUT).map(|r| prior.value(r)).collect();
                draws.sort_unstable_by(f64::total_cmp);
                let mut values = draws.clone();
                values.dedup();
                let discrete = values.len() <= FEW;
                let ends = if discrete {
                    values
                } else {
                    let mut ends: Vec<f64> = (1..TENTHS).map(|k| draws[k * draws.len() / TENTHS]).collect();
                    ends.dedup();
                    ends
                };
                let parameter =
                    Parameter { name: prior.name.to_owned(), draws: Moments::default(), ends, discrete, first };
                first += parameter.regions();
                parameter
            })
            .collect();
        let analyses = protocol.scenario.analyses.len();
        Self {
            parameters,
            favour: vec![vec![0; first]; analyses],
            inside: vec![Moments::default(); first],
            drawn: Vec::new(),
            decided: vec![Vec::new(); analyses],
        }
    }

    /// Number of parameters that replicates draw.
    pub(super) fn priors(&self) -> usize {
        self.parameters.len()
    }

    /// Adds a replicate: what it drew, and which analyses rejected in favour.
    pub(super) fn add(&mut self, drawn: &[f64], favour: impl Iterator<Item = bool>) {
        let keep = self.drawn.len() < FITTED * self.parameters.len();
        if keep {
            self.drawn.extend_from_slice(drawn);
        }
        for (parameter, &x) in self.parameters.iter_mut().zip(drawn) {
            parameter.draws.add(x);
            self.inside[parameter.first + parameter.region(x)].add(x);
        }
        for ((favour, counts), decided) in favour.zip(&mut self.favour).zip(&mut self.decided) {
            for (parameter, &x) in self.parameters.iter().zip(drawn) {
                counts[parameter.first + parameter.region(x)] += u64::from(favour);
            }
            if keep {
                decided.push(favour);
            }
        }
    }

    /// Whether another's regions are the same.
    pub(super) fn matches(&self, other: &Self) -> bool {
        let regions = |a: &Self| a.parameters.iter().map(|p| (p.name.clone(), p.ends.clone())).collect::<Vec<_>>();
        regions(self) == regions(other) && self.favour.len() == other.favour.len()
    }

    /// Adds what later replicates gave.
    pub(super) fn absorb(&mut self, later: &Self) {
        // all fields by name: one that is added must be merged
        let Self { parameters, favour, inside, drawn, decided } = later;
        let count = self.parameters.len();
        let kept = self.drawn.len() / count.max(1);
        let more = (drawn.len() / count.max(1)).min(FITTED - kept.min(FITTED));
        self.drawn.extend_from_slice(&drawn[..more * count]);
        for (own, later) in self.decided.iter_mut().zip(decided) {
            own.extend_from_slice(&later[..more.min(later.len())]);
        }
        for (own, later) in self.parameters.iter_mut().zip(parameters) {
            own.draws.absorb(&later.draws);
        }
        for (own, later) in self.inside.iter_mut().zip(inside) {
            own.absorb(later);
        }
        for (own, later) in self.favour.iter_mut().flatten().zip(favour.iter().flatten()) {
            *own += later;
        }
    }

    pub(super) fn result(&self, protocol: &Protocol<'_>) -> result::Assurance {
        let prior =
            |p: &Parameter| result::Prior { name: p.name.clone(), mean: p.draws.figure(), sd: finite(p.draws.sd()) };
        let terms = self.terms();
        let assured = |(a, plan): (usize, &crate::scenario::AnalysisPlan)| {
            let all = self.parameters.first().map_or(0, |p| p.draws.count);
            // every replicate lies in one region of the first parameter
            let favour = self.parameters.first().map_or(0, |p| self.favour[a][..p.regions()].iter().sum());
            Assured {
                name: plan.name.clone(),
                assurance: share(favour, all.max(1)),
                regions: self.parameters.iter().flat_map(|p| self.regions(a, p)).collect(),
                distribution: self.distribution(a, &terms),
            }
        };
        result::Assurance {
            priors: self.parameters.iter().map(prior).collect(),
            analyses: protocol.scenario.analyses.iter().enumerate().map(assured).collect(),
        }
    }

    fn regions(&self, analysis: usize, p: &Parameter) -> Vec<Region> {
        let region = |k: usize| {
            let (inside, favour) = (&self.inside[p.first + k], self.favour[analysis][p.first + k]);
            let (from, to) = if p.discrete {
                (Some(p.ends[k]), Some(p.ends[k]))
            } else {
                (k.checked_sub(1).map(|k| p.ends[k]), p.ends.get(k).copied())
            };
            Region {
                parameter: p.name.clone(),
                from,
                to,
                mean: finite(inside.mean()),
                replicates: inside.count,
                power: (inside.count > 0).then(|| share(favour, inside.count)),
            }
        };
        (0..p.regions()).map(region).collect()
    }

    /// Appends the regressions' terms for a replicate that drew these values.
    pub(super) fn terms_of(&self, drawn: &[f64], out: &mut Vec<f64>) {
        out.push(1.0);
        let score = |p: &Parameter, x: f64| (x - p.draws.mean()) / p.draws.sd();
        for (p, &x) in self.parameters.iter().zip(drawn) {
            if p.discrete {
                let region = p.region(x);
                out.extend((1..p.regions()).map(|k| f64::from(u8::from(k == region))));
            } else {
                let score = score(p, x);
                out.extend([score, score * score]);
            }
        }
        if self.parameters.len() > MOST_PRODUCTS {
            return;
        }
        let continuous: Vec<f64> =
            self.parameters.iter().zip(drawn).filter(|(p, _)| !p.discrete).map(|(p, &x)| score(p, x)).collect();
        for (j, a) in continuous.iter().enumerate() {
            out.extend(continuous[..j].iter().map(|b| a * b));
        }
    }

    /// The regression's terms, replicate after replicate, and how many a replicate has.
    fn terms(&self) -> (Vec<f64>, usize) {
        let count = self.parameters.len();
        let mut all = Vec::new();
        for drawn in self.drawn.chunks_exact(count) {
            self.terms_of(drawn, &mut all);
        }
        let width = all.len() / (self.drawn.len() / count).max(1);
        (all, width)
    }

    /// Power at every draw by probit regression; none where the regression has no solution. Its Monte Carlo errors are those of the
    /// jackknife that leaves out a group of replicates at a time, each from one Newton step.
    fn distribution(&self, analysis: usize, (terms, width): &(Vec<f64>, usize)) -> Option<PowerDistribution> {
        let decided = &self.decided[analysis];
        let k = *width;
        // too few replicates of either kind say nothing about so many terms
        let favour = decided.iter().filter(|d| **d).count();
        if k == 0 || favour.min(decided.len() - favour) < 5 * k {
            return None;
        }
        let rows = || terms.chunks_exact(k).zip(decided.iter().copied());
        let mut beta = vec![0.0; k];
        beta[0] = normal_quantile(favour as f64 / decided.len() as f64);
        let mut steps = 0..50;
        loop {
            steps.next()?;
            let step = Equations::of(rows(), &beta).step()?;
            let longest = step.iter().fold(0.0, |m: f64, s| m.max(s.abs()));
            let damp = if longest > 1.0 { 1.0 / longest } else { 1.0 };
            for (b, s) in beta.iter_mut().zip(&step) {
                *b += damp * s;
            }
            if longest < 1e-8 {
                break;
            }
        }
        let of = |group: usize| move |(i, row)| (i % GROUPS == group).then_some(row);
        let groups: Vec<Equations> =
            (0..GROUPS).map(|g| Equations::of(rows().enumerate().filter_map(of(g)), &beta)).collect();
        let without = |g: usize| {
            let mut rest = Equations::new(k);
            groups.iter().enumerate().filter(|(h, _)| *h != g).for_each(|(_, group)| rest.add(group));
            let moved: Vec<f64> = beta.iter().zip(rest.step()?).map(|(b, s)| b + s).collect();
            Some(figures(terms.chunks_exact(k).enumerate().filter(|(i, _)| i % GROUPS != g).map(|(_, x)| x), &moved))
        };
        let found = figures(terms.chunks_exact(k), &beta);
        let left: Option<Vec<[f64; FIGURES]>> = (0..GROUPS).map(without).collect();
        let error = |j: usize| {
            let values: Vec<f64> = left.as_ref()?.iter().map(|f| f[j]).collect();
            let mean = values.iter().sum::<f64>() / GROUPS as f64;
            let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
            Some((squares * (GROUPS - 1) as f64 / GROUPS as f64).sqrt())
        };
        let quantile = |(j, p): (usize, f64)| PowerQuantile { p, value: found[j], mcse: error(j) };
        Some(PowerDistribution {
            quantiles: QUANTILES.into_iter().enumerate().map(quantile).collect(),
            at_least_80: found[FIGURES - 2],
            at_least_80_mcse: error(FIGURES - 2),
            at_least_90: found[FIGURES - 1],
            at_least_90_mcse: error(FIGURES - 1),
            replicates: decided.len() as u64,
        })
    }
}

/// Groups of replicates that the jackknife leaves out.
const GROUPS: usize = 10;
/// Quantiles of power that are shown.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// These, and the probabilities that power is at least 80 and 90 %.
const FIGURES: usize = QUANTILES.len() + 2;

/// Quantiles of power at these draws, and the shares where it is at least 80 and 90 %.
fn figures<'a>(draws: impl Iterator<Item = &'a [f64]>, beta: &[f64]) -> [f64; FIGURES] {
    let mut power: Vec<f64> = draws.map(|x| normal_cdf(line(x, beta))).collect();
    power.sort_unstable_by(f64::total_cmp);
    let last = power.len() - 1;
    let at_least = |x: f64| (power.len() - power.partition_point(|&p| p < x)) as f64 / power.len() as f64;
    let mut found = [0.0; FIGURES];
    for (to, p) in found.iter_mut().zip(QUANTILES) {
        let h = p * last as f64;
        let (low, part) = (h.floor() as usize, h.fract());
        *to = power[low] + part * (power[(low + 1).min(last)] - power[low]);
    }
    found[FIGURES - 2..].copy_from_slice(&[0.8, 0.9].map(at_least));
    found
}

fn line(x: &[f64], beta: &[f64]) -> f64 {
    x.iter().zip(beta).map(|(x, b)| x * b).sum()
}

/// Score and information of a probit regression.
#[derive(Clone, Debug)]
struct Equations {
    score: Vec<f64>,
    information: Vec<f64>,
}

impl Equations {
    fn new(k: usize) -> Self {
        Self { score: vec![0.0; k], information: vec![0.0; linalg::packed_len(k)] }
    }

    /// Of these rows, at β.
    fn of<'a>(rows: impl Iterator<Item = (&'a [f64], bool)>, beta: &[f64]) -> Self {
        let mut sums = Self::new(beta.len());
        for (x, d) in rows {
            let line = line(x, beta);
            let p = normal_cdf(line).clamp(1e-10, 1.0 - 1e-10);
            let density = (-0.5 * line * line).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let spread = p * (1.0 - p);
            let (residual, weight) = ((f64::from(u8::from(d)) - p) * density / spread, density * density / spread);
            for i in 0..beta.len() {
                sums.score[i] += residual * x[i];
                for j in 0..=i {
                    sums.information[linalg::at(i, j)] += weight * x[i] * x[j];
                }
            }
        }
        sums
    }

    fn add(&mut self, other: &Self) {
        self.score.iter_mut().zip(&other.score).for_each(|(a, b)| *a += b);
        self.information.iter_mut().zip(&other.information).for_each(|(a, b)| *a += b);
    }

    /// Newton's step; none where the information is singular.
    fn step(mut self) -> Option<Vec<f64>> {
        if !linalg::cholesky(&mut self.information, self.score.len(), 1e-12) {
            return None;
        }
        linalg::solve(&self.information, &mut self.score);
        self.score.iter().all(|s| s.is_finite()).then_some(self.score)
    }
}

/// Decisions as they are written down: a digit each.
mod flags {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(decided: &[Vec<bool>], to: S) -> Result<S::Ok, S::Error> {
        let written = |flags: &Vec<bool>| flags.iter().map(|&f| if f { '1' } else { '0' }).collect::<String>();
        decided.iter().map(written).collect::<Vec<String>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<bool>>, D::Error> {
        let written = Vec::<String>::deserialize(from)?;
        Ok(written.iter().map(|flags| flags.bytes().map(|f| f == b'1').collect()).collect())
    }
}
