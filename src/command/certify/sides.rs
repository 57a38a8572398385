//! The sides of the box over which a type I error is certified.

use super::refuse;
use crate::certify::words;
use crate::command::Failure;
use crate::result::certify::Axis as Side;
use crate::scenario::Place;
use crate::sweep::Axis;

/// A side of the box.
pub(super) struct Over {
    pub(super) name: String,
    pub(super) from: f64,
    pub(super) to: f64,
    /// Empty while they are not chosen.
    pub(super) points: Vec<f64>,
    pub(super) tiles: Vec<[f64; 2]>,
    /// What the parameter governs; or why values between points are not covered.
    pub(super) place: Result<Option<(Place, bool)>, String>,
}

impl Over {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let parts: Vec<&str> = text.split_once('=').map_or_else(Vec::new, |(_, v)| v.split(':').collect());
        let (name, points, ends) = if let [from, to] = parts.as_slice() {
            let name = text.split('=').next().unwrap_or_default().trim().to_owned();
            (name, Vec::new(), vec![(*from).to_owned(), (*to).to_owned()])
        } else {
            let axis = Axis::read(text).map_err(|why| refuse(format!("--over {why}")))?;
            let mut ends = axis.values.clone();
            // the box reaches to where it was asked for, also where no step leads there
            if let [_, to, _] = parts.as_slice() {
                ends.push((*to).to_owned());
            }
            (axis.name, axis.values, ends)
        };
        let number = |text: &String| {
            let x = text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
            x.ok_or_else(|| refuse(format!("--over `{text}` of `{name}` is not a finite number")))
        };
        let mut points: Vec<f64> = points.iter().map(number).collect::<Result<_, _>>()?;
        points.sort_unstable_by(f64::total_cmp);
        points.dedup();
        let ends: Vec<f64> = ends.iter().map(number).collect::<Result<_, _>>()?;
        let (from, to) = (
            ends.iter().copied().fold(f64::INFINITY, f64::min),
            ends.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        );
        Ok(Self { name, from, to, points, tiles: Vec::new(), place: Ok(None) })
    }

    pub(super) fn covered(&self) -> bool {
        self.place.is_ok()
    }
}

/// Which point of each side point number `k` of the grid is; the last side moves fastest.
pub(super) fn place(over: &[Over], mut k: u64) -> Vec<usize> {
    let mut cell: Vec<usize> = Vec::with_capacity(over.len());
    for o in over.iter().rev() {
        let count = o.points.len().max(1) as u64;
        cell.push((k % count) as usize);
        k /= count;
    }
    cell.reverse();
    cell
}

/// A side as it is reported.
pub(super) fn side(o: &Over, n: usize) -> Side {
    let argument = match &o.place {
        Ok(None) => "no expression reads it".to_owned(),
        Ok(Some((place, _))) => {
            format!("it governs {} alone: tilt bound, one draw of each of {n} patients", words(place))
        }
        Err(why) => why.clone(),
    };
    Side { name: o.name.clone(), from: o.from, to: o.to, points: o.points.len(), proven: o.covered(), argument }
}
