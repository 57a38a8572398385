//! Monitoring: bounds as the trial goes, and what to conclude where it stops.
//!
//! Source: Lan KKG, DeMets DL. Discrete sequential boundaries for clinical trials. Biometrika 1983;70:659–663, for information as it is
//! observed; Pampallona S, Tsiatis AA, Kim K. Interim monitoring of group sequential trials using spending functions for the type I and
//! type II error probabilities. Drug Information Journal 2001;35:1113–1121, for spending of the type II error.

use super::boundary::{solve_above, solve_below};
use super::ordering::Stages;
use super::table::Table;
use super::{Boundary, Efficacy, Futility, Plan, Walk};

/// Least growth of the information, as a share of it, that is any.
const GROWTH: f64 = 1e-6;

/// By what the error is spent and the walk is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Information {
    /// The plan's shares: its bounds are looked up.
    Planned,
    /// The shares seen at the looks: bounds are solved anew.
    Observed,
}

/// The bounds of one trial after another, look by look, by one plan.
///
/// With planned information each look has the bounds of the plan; one that is skipped loses its error, and the final analysis has the last
/// bounds. With observed information t (a share of the planned one, which may exceed 1):
/// - error spending: f(min(t, 1)) has been spent by the look (tables: the shares up to look k), all at the final analysis;
/// - Wang–Tsiatis: c t^(Δ − ½) with the plan's c; Haybittle–Peto: its z, and at the final analysis what spends the rest; given bounds as
///   they were given;
/// - spending of the type II error: likewise, at the drift that the plan has its power for; at the final analysis the bounds meet.
///
/// A look without new information has no bounds: −∞ and ∞.
///
/// Futility on another scale than z has a bound in z that is known at the look alone; it stands in place of the plan's.
///
/// `Numerics`: looks that were held at the same shares in the trial before are not integrated again; the bounds are the same bits.
#[derive(Clone, Debug)]
pub struct Monitor {
    plan: Plan,
    planned: Boundary,
    information: Information,
    /// Looks of this trial, and beyond `depth` those of the trial before.
    looks: Vec<Look>,
    /// How many of them are solved, one after the other.
    solved: usize,
    /// Looks that the trial went on from.
    depth: usize,
    /// The look last asked for, among `looks`; none where it had no new information.
    open: bool,
    /// All looks so far are the plan's.
    regular: bool,
    stages: Stages,
    table: Table,
    /// Memory of the walk at the planned effect of a trial that a review has made larger.
    larger: Walk,
}

/// A look of one trial.
#[derive(Clone, Debug)]
struct Look {
    key: Key,
    bounds: [f64; 2],
    /// Errors of type I and II spent, this look's with them.
    spent: [f64; 2],
    /// Walks that come to this look, where there is no effect and where there is the planned one.
    walks: [Walk; 2],
}

/// What the bounds of a look depend on, beside those of the looks before it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    /// Its number in the plan.
    k: usize,
    /// Information, as a share of that planned at the start.
    t: f64,
    /// As a share of that planned by then.
    share: f64,
    /// Whether it is the final analysis.
    last: bool,
    /// Where it stops for futility, if that is not the plan's.
    stop: Option<f64>,
}

impl Monitor {
    /// Of a plan, which is solved here.
    ///
    /// # Errors
    /// See [`super::boundary::Unsolvable`].
    pub fn new(plan: &Plan, information: Information) -> Result<Self, super::boundary::Unsolvable> {
        let planned = plan.solve()?;
        Ok(Self {
            table: Table::new(planned.looks.len()),
            planned,
            plan: plan.clone(),
            information,
            looks: Vec::new(),
            solved: 0,
            depth: 0,
            open: false,
            regular: true,
            stages: Stages::new(),
            larger: Walk::new(0.0),
        })
    }

    /// The boundary as planned.
    #[must_use]
    pub fn planned(&self) -> &Boundary {
        &self.planned
    }

    /// A new trial.
    pub fn begin(&mut self) {
        (self.depth, self.open, self.regular) = (0, false, true);
    }

    /// Lower and upper bound of Z, in favour, at the planned look `k` (from 0) with a share `t` of the planned information; `last`: the
    /// final analysis. A two-sided test rejects against at the lower one. `stop`: the Z below which this trial stops for futility, in place
    /// of the plan's bound or beside the two of a two-sided test.
    pub fn bounds(&mut self, k: usize, t: f64, last: bool, stop: Option<f64>) -> [f64; 2] {
        self.bounds_in_larger(k, [t, t], last, stop)
    }

    /// As [`Monitor::bounds`] in a trial that a blinded review has made larger: `t` is a share of the information planned at the start, by
    /// which the walk is measured, and `share` one of that planned by then, by which the error is spent.
    pub fn bounds_in_larger(&mut self, k: usize, [t, share]: [f64; 2], last: bool, stop: Option<f64>) -> [f64; 2] {
        let bounds = match self.information {
            Information::Planned => {
                let end = self.planned.looks.len() - 1;
                let k = if last { end } else { k.min(end) };
                let before = self.depth.checked_sub(1).map_or(0.0, |i| self.looks[i].key.t);
                self.open = self.planned.looks[k] > before;
                if !self.open {
                    return [f64::NEG_INFINITY, f64::INFINITY];
                }
                self.regular &= k == self.depth && stop.is_none();
                let [lower, upper] = [self.planned.lower[k], self.planned.upper[k]];
                let bounds = [stop.filter(|_| self.plan.sides == 1).unwrap_or(lower), upper];
                let t = self.planned.looks[k];
                let look = self.look(Key { k, t, share: t, last, stop });
                look.bounds = bounds;
                bounds
            }
            Information::Observed => {
                let before = self.depth.checked_sub(1).map_or(0.0, |i| self.looks[i].key.t);
                // also where it is not a number
                self.open = t > before * (1.0 + GROWTH) && t.is_finite();
                if !self.open {
                    return [f64::NEG_INFINITY, f64::INFINITY];
                }
                let key = Key { k, t, share, last, stop };
                if self.depth < self.solved && self.looks[self.depth].key == key {
                    self.looks[self.depth].bounds
                } else {
                    self.solved = self.depth + 1;
                    self.look(key);
                    self.solve()
                }
            }
        };
        let [lower, upper] = bounds;
        self.stages.hold(self.depth, self.looks[self.depth].key.t, [stop.map_or(lower, |z| z.max(lower)), upper]);
        bounds
    }

    /// The look at hand, under a key.
    fn look(&mut self, key: Key) -> &mut Look {
        if self.looks.len() == self.depth {
            let walks = [0.0, self.planned.drift].map(Walk::new);
            self.looks.push(Look { key, bounds: [0.0; 2], spent: [0.0; 2], walks });
        }
        let look = &mut self.looks[self.depth];
        look.key = key;
        look
    }

    /// Solves the look at hand, from those before it.
    fn solve(&mut self) -> [f64; 2] {
        let Self { plan, planned, larger, .. } = self;
        let sides = f64::from(plan.sides);
        let two = plan.sides == 2;
        let (before, rest) = self.looks.split_at_mut(self.depth);
        let look = &mut rest[0];
        let Key { k, t, share, last, stop } = look.key;
        let weighs = matches!(plan.efficacy, Efficacy::Spending(_) | Efficacy::HaybittlePeto(_));
        let spends = matches!(plan.futility, Futility::Spending(_));
        let mut spent = [0.0; 2];
        if let Some(before) = before.last() {
            let [lower, upper] = before.bounds;
            let acting = if two || plan.binding { lower } else { f64::NEG_INFINITY };
            if weighs {
                look.walks[0].follow(&before.walks[0], before.key.t, acting, upper, t);
            }
            if spends {
                look.walks[1].follow(&before.walks[1], before.key.t, lower, upper, t);
            }
            spent = before.spent;
        }
        let [null, mut alternative] = look.walks.each_ref();
        if spends && share != t && share > 0.0 {
            // the drift that the plan has its power for is that at full information, which the review has moved to t/share: all looks
            // before are seen anew at it
            larger.restart(planned.drift / (t / share).sqrt());
            spent[1] = 0.0;
            for (i, held) in before.iter().enumerate() {
                let [lower, upper] = held.bounds;
                let next = before.get(i + 1).map_or(t, |after| after.key.t);
                if lower > f64::NEG_INFINITY {
                    spent[1] += larger.below(held.key.t, lower);
                }
                larger.go_on(held.key.t, lower, upper, next);
            }
            alternative = larger;
        }
        let rest = |all: f64| solve_above(null, t, (all - spent[0]) / sides);
        let mut used = spent;
        let upper = match &plan.efficacy {
            Efficacy::Spending(spending) => {
                let by_now = if last { plan.alpha } else { sides * spending.spent(k, share, plan.alpha / sides) };
                // a larger trial may have spent more than it would have by now
                used[0] = by_now.max(spent[0]);
                rest(used[0])
            }
            Efficacy::HaybittlePeto(_) if last => rest(plan.alpha),
            Efficacy::HaybittlePeto(z) => {
                used[0] += sides * null.above(t, *z);
                *z
            }
            // full information is at the last planned look
            Efficacy::WangTsiatis(delta) => planned.upper[planned.upper.len() - 1] * share.powf(delta - 0.5),
            Efficacy::Given(z) => z[if last { z.len() - 1 } else { k.min(z.len() - 1) }],
        };
        let lower = match &plan.futility {
            _ if two => -upper,
            Futility::Never if last => f64::NEG_INFINITY,
            _ if last => upper,
            Futility::Never => stop.unwrap_or(f64::NEG_INFINITY),
            Futility::Given(_) if stop.is_some() => stop.unwrap_or_default(),
            Futility::Given(z) => z.get(k).copied().unwrap_or(f64::NEG_INFINITY),
            Futility::Spending(spending) => {
                used[1] = spending.spent(k, share, plan.beta).max(spent[1]);
                let wanted = used[1] - spent[1];
                let low = if wanted > 0.0 { solve_below(alternative, t, wanted) } else { f64::NEG_INFINITY };
                // bounds that cross leave no room to go on
                low.min(upper)
            }
        };
        look.spent = used;
        look.bounds = [lower, upper];
        look.bounds
    }

    /// The trial goes on after [`Monitor::bounds`].
    pub fn go_on(&mut self) {
        self.depth += usize::from(self.open);
        self.open = false;
    }

    /// Where the trial is, among the looks with information; none before the first.
    fn stopped(&self) -> Option<usize> {
        // a look without new information is the one before once more
        if self.open { Some(self.depth) } else { self.depth.checked_sub(1) }
    }

    /// Lower limit, median-unbiased estimate and upper limit of the drift θ (the mean of Z at the planned full information), by the
    /// stage-wise ordering, of a trial that stopped with `z` at the look last asked for; the limits cut off the probability `tail` each.
    /// Stops at lower bounds, binding or not, are part of the ordering. NaN before the first look with information.
    ///
    /// `Numerics`: 1e-9; with planned information 1e-8, by interpolation.
    pub fn estimate(&mut self, z: f64, tail: f64) -> [f64; 3] {
        let Some(depth) = self.stopped().filter(|_| z.is_finite() && tail > 0.0 && tail < 0.5) else {
            return [f64::NAN; 3];
        };
        let stages = &mut self.stages;
        let mut direct = |z: f64| [tail, 0.5, 1.0 - tail].map(|p| stages.drift(depth, z, p));
        if depth == 0 || !self.regular || self.information == Information::Observed {
            return direct(z);
        }
        self.table.value(depth, z, tail, direct)
    }

    /// p-value in favour by the stage-wise ordering, of a trial that stopped with `z` at the look last asked for.
    pub fn p_value(&mut self, z: f64) -> f64 {
        self.stopped().map_or(f64::NAN, |depth| self.stages.p(depth, z, 0.0))
    }
}
