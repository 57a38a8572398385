//! Points of sides of the box that have no step.

use super::sides::Over;
use super::{Failure, Notary, refuse};
use crate::certify::{Draw, tiles, tilted};
use crate::sweep::{MOST_VALUES, clean};

/// How far is far enough: nothing is gained by a tile wider by less.
const CLOSE: f64 = 1.1;

/// What a tile may not exceed: the level as the bound at its point, and the largest bound around it.
#[derive(Clone, Copy)]
struct Allowance {
    level: f64,
    most: f64,
}

impl Notary<'_> {
    /// Points of sides without a step: as few as keep what the space between them adds to the level below the penalty.
    pub(super) fn choose(&self, over: &mut [Over]) -> Result<(), Failure> {
        let chosen: Vec<usize> = (0..over.len()).filter(|&i| over[i].points.is_empty()).collect();
        for o in over.iter_mut() {
            if o.points.is_empty() {
                if let Err(why) = &o.place {
                    return Err(refuse(format!("`--over {0}={1}:{2}` needs a step: {why}", o.name, o.from, o.to)));
                }
                o.points = vec![clean(0.5 * (o.from + o.to))];
                o.tiles = vec![[o.from, o.to]];
            } else {
                o.tiles = tiles(&o.points, o.from, o.to);
            }
        }
        let level = self.read(over, &over.iter().map(|o| o.points[0]).collect::<Vec<_>>())?;
        let levels = level.analyses.iter().map(|a| a.alpha).chain(level.multiplicity.iter().map(|f| f.alpha));
        let level = levels.fold(1.0, f64::min);
        let allowance = Allowance { level, most: level * (1.0 + self.of.penalty / chosen.len().max(1) as f64) };
        for i in chosen {
            self.divide(over, i, allowance)?;
        }
        Ok(())
    }

    /// Tiles from one end of side `i` to the other, each as wide as the bounds at its two ends allow: narrow where a small step tells most.
    fn divide(&self, over: &mut [Over], i: usize, allowance: Allowance) -> Result<(), Failure> {
        let (from, to) = (over[i].from, over[i].to);
        let (mut points, mut tiles) = (Vec::new(), Vec::new());
        let mut start = from;
        let mut steps = [to - from; 2];
        while tiles.is_empty() || start < to {
            let before = self.draws_of(over, i, start)?;
            let mut point = reach(start, to, steps[0], |x| Ok(allowance.holds(&self.draws_of(over, i, x)?, &before)))?;
            if point <= start && from < to || tiles.len() >= MOST_VALUES {
                return Err(self.too_many(&over[i], (point <= start).then_some(start)));
            }
            let mut end = point;
            let middle = clean(0.5 * (start + to));
            if point < to {
                point = Some(clean(point)).filter(|x| (start..to).contains(x)).unwrap_or(point);
                let at = self.draws_of(over, i, point)?;
                end = reach(point, to, steps[1], |x| Ok(allowance.holds(&at, &self.draws_of(over, i, x)?)))?;
                steps[0] = point - start;
                steps[1] = if end > point { end - point } else { steps[0] };
            } else if (start..to).contains(&middle) {
                // one point covers what is left: in the middle, if it can
                let at = self.draws_of(over, i, middle)?;
                if allowance.holds(&at, &before) && allowance.holds(&at, &self.draws_of(over, i, to)?) {
                    point = middle;
                }
            }
            points.push(point);
            tiles.push([start, end]);
            start = end;
        }
        over[i].points = points;
        over[i].tiles = tiles;
        Ok(())
    }

    /// The draws where side `i` has a value, with the other sides at their first points, and at their last.
    fn draws_of(&self, over: &[Over], i: usize, x: f64) -> Result<Vec<Vec<Draw>>, Failure> {
        let at = |last: bool| -> Vec<f64> {
            let other = |o: &Over| if last { o.points[o.points.len() - 1] } else { o.points[0] };
            over.iter().enumerate().map(|(k, o)| if k == i { x } else { other(o) }).collect()
        };
        let mut all = vec![at(false), at(true)];
        all.dedup();
        all.iter().map(|values| self.read(over, values).and_then(|s| self.draws(over, &s))).collect()
    }

    fn too_many(&self, side: &Over, alone: Option<f64>) -> Failure {
        let why = alone
            .map_or_else(String::new, |x| format!("; nothing is close enough to {x}: let the box end short of it"));
        refuse(format!(
            "no {MOST_VALUES} points of `{}` are close enough for --penalty {}{why}",
            side.name, self.of.penalty
        ))
    }
}

impl Allowance {
    /// Whether the bound at `other` is small enough, the bound at `point` being the level.
    fn holds(self, point: &[Vec<Draw>], other: &[Vec<Draw>]) -> bool {
        let moment = |a: &[Draw], b: &[Draw], q: f64| a.iter().zip(b).map(|(a, b)| a.log_moment(b, q)).sum::<f64>();
        point.iter().zip(other).all(|(a, b)| tilted(self.level, |q| moment(a, b, q)) <= self.most)
    }
}

/// The farthest value from `start` on that fits, to within a tenth of the way; `to` at most, `start` where nothing does. What is nearer
/// fits as well. `step` is tried first.
fn reach(start: f64, to: f64, step: f64, mut fits: impl FnMut(f64) -> Result<bool, Failure>) -> Result<f64, Failure> {
    let (mut good, mut bad) = (0.0_f64, f64::INFINITY);
    let (mut step, mut factor) = (step, CLOSE);
    while good * CLOSE < bad {
        let x = (start + step).min(to);
        if x <= start {
            return Ok(start);
        }
        if fits(x)? {
            if x >= to {
                return Ok(to);
            }
            good = step;
        } else {
            bad = step.min(to - start);
        }
        step = match (good > 0.0, bad.is_finite()) {
            (true, true) => (good * bad).sqrt(),
            (true, false) => good * factor,
            (false, _) => bad / factor,
        };
        factor *= factor;
    }
    Ok(start + good)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever step is tried first.
    #[test]
    fn by_hand_as_far_as_it_fits() {
        for step in [1e-9, 0.01, 0.29, 5.0] {
            let far = reach(0.2, 1.0, step, |x| Ok(x <= 0.5)).unwrap_or(f64::NAN);
            assert!((0.2 + 0.3 / CLOSE - 1e-12..=0.5).contains(&far), "{step}: {far}");
            assert!(reach(0.2, 0.4, step, |x| Ok(x <= 0.5)).is_ok_and(|far| far == 0.4));
            assert!(reach(0.2, 0.4, step, |_| Ok(false)).is_ok_and(|far| far == 0.2));
        }
    }
}
