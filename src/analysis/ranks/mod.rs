//! Methods of ranks, and what they share: values of any ordered response, midranks, exact distributions.

pub mod exact;
pub mod hodges_lehmann;
pub mod signed_rank;
pub mod van_elteren;

use super::{Response, Status};
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Key, Kind, Values};

/// Writes an ordered response as numbers; gives the events: responders, or patients above the lowest category that occurs in the
/// scale; 0 for scores.
///
/// # Errors
/// [`Status::Singular`] where a score is not a number or infinite, [`Status::NoVariation`] where the response is not ordered.
pub(super) fn values(response: &Response<'_>, out: &mut Vec<f64>) -> Result<usize, Status> {
    out.clear();
    match *response {
        Response::Binary(y) => out.extend(y.iter().map(|&y| f64::from(u8::from(y != 0)))),
        Response::Ordinal { code, .. } => out.extend(code.iter().map(|&c| f64::from(c))),
        Response::Score(y) => {
            if !y.iter().all(|y| y.is_finite()) {
                return Err(Status::Singular);
            }
            out.extend_from_slice(y);
            return Ok(0);
        }
        _ => return Err(Status::NoVariation),
    }
    Ok(out.iter().filter(|v| **v > 0.0).count())
}

/// A whole number that sorts as the value does; −0 and 0 are equal.
#[inline]
pub(super) fn key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    bits ^ (((bits as i64 >> 63) as u64) | (1 << 63))
}

/// The value of a [`key`].
#[inline]
pub(super) fn value_of(key: u64) -> f64 {
    let bits = if key >> 63 == 1 { key ^ (1 << 63) } else { !key };
    f64::from_bits(bits)
}

/// How p is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// From the normal distribution.
    Normal,
    /// From the normal distribution, the statistic moved towards its mean by half a step.
    Corrected,
    /// From the permutation distribution.
    Exact,
}

impl Reference {
    /// From the keys `p` and `continuity`.
    pub(super) fn read(values: &Values) -> Self {
        match (values.text("p"), values.flag("continuity")) {
            (Some("exact"), _) => Self::Exact,
            (_, Some(true)) => Self::Corrected,
            _ => Self::Normal,
        }
    }
}

/// The key `p`.
pub(super) const P: Key = Key {
    name: "p",
    kind: Kind::Word(&["normal", "exact"]),
    required: false,
    doc: "Whether p comes from the normal distribution or from all permutations; default `normal`.",
};

/// The key `continuity`.
pub(super) const CONTINUITY: Key = Key {
    name: "continuity",
    kind: Kind::Flag,
    required: false,
    doc: "Whether the statistic is moved by ½ towards its mean before it meets the normal distribution; default false.",
};

/// One-sided p in favour (of higher values in the experimental arm), against, and two-sided, of a statistic at this distance from its
/// mean, corrected for continuity by ½.
pub(super) fn corrected(distance: f64, sd: f64) -> [f64; 3] {
    let tail = |d: f64| normal_upper_tail((d - 0.5) / sd);
    let (favour, against) = (tail(distance), tail(-distance));
    [favour, against, (2.0 * favour.min(against)).min(1.0)]
}
