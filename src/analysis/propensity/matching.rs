//! Matching on the score.

use crate::analysis::time_order::sort_rows;

/// No partner.
pub(crate) const ALONE: u32 = u32::MAX;

/// Memory of [`pair`].
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    keys: Vec<u64>,
    value: Vec<f64>,
    treated: Vec<u32>,
    others: Vec<u32>,
    /// First place of the others with the same score.
    first: Vec<u32>,
    /// Nearest place, going up, that is free.
    up: Vec<u32>,
    /// Nearest place, going down, that is free, counted from 1; 0 is none.
    down: Vec<u32>,
}

/// Writes each patient's partner, or [`ALONE`], to `partner`.
///
/// Greedy, one to one, nearest neighbour on `score` without replacement: the treated choose in descending order of score,
/// those of equal score in row order; each takes the nearest of the others that is free and at most `reach` away, of
/// several equally near the first in row order. Patients who are not `kept` take no part.
pub(crate) fn pair(
    score: &[f64],
    is_treated: impl Fn(usize) -> bool,
    kept: impl Fn(usize) -> bool,
    reach: f64,
    memory: &mut Pairing,
    partner: &mut Vec<u32>,
) {
    let Pairing { keys, value, treated, others, first, up, down } = memory;
    partner.clear();
    partner.resize(score.len(), ALONE);
    sort_rows(score, |row, _| kept(row) && !is_treated(row), keys, others);
    value.clear();
    value.extend(score.iter().map(|s| -s));
    sort_rows(value, |row, _| kept(row) && is_treated(row), keys, treated);

    let places = others.len();
    let at = |place: usize| score[others[place] as usize];
    first.clear();
    for place in 0..places {
        let same = place > 0 && at(place) == at(place - 1);
        first.push(if same { first[place - 1] } else { place as u32 });
    }
    for free in [&mut *up, &mut *down] {
        free.clear();
        free.extend(0..=places as u32);
    }
    let mut above = places;
    for &row in &*treated {
        let own = score[row as usize];
        while above > 0 && at(above - 1) > own {
            above -= 1;
        }
        let higher = Some(nearest(up, above)).filter(|place| *place < places);
        // of equal scores the first that is free, which is there since a later one is
        let lower = Some(nearest(down, above)).filter(|place| *place > 0);
        let lower = lower.map(|place| nearest(up, first[place - 1] as usize));
        let distance = |place: usize| (at(place) - own).abs();
        let chosen = match (lower, higher) {
            (Some(l), Some(h)) => {
                let before = distance(l).total_cmp(&distance(h)).then(others[l].cmp(&others[h]));
                Some(if before.is_lt() { l } else { h })
            }
            (one, other) => one.or(other),
        };
        let Some(place) = chosen.filter(|place| distance(*place) <= reach) else { continue };
        up[place] = place as u32 + 1;
        down[place + 1] = place as u32;
        partner[row as usize] = others[place];
        partner[others[place] as usize] = row;
    }
}

/// The end of the chain from `place`; every second link is shortened on the way.
fn nearest(free: &mut [u32], mut place: usize) -> usize {
    while free[place] as usize != place {
        free[place] = free[free[place] as usize];
        place = free[place] as usize;
    }
    place
}
