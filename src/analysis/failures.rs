//! Patients counted at each time: what methods for competing events share.

use super::time_order::last_event;

/// Patients with the same time, by arm.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leaving {
    /// With the event of interest.
    pub(super) event: [f64; 2],
    /// With a competing event.
    pub(super) competing: [f64; 2],
    /// In all.
    pub(super) all: [f64; 2],
}

impl Leaving {
    /// Counts a group of rows; `competing` may be empty.
    pub(super) fn count(group: &[u32], event: &[u8], competing: &[u8], arm: &[u8]) -> Self {
        let mut out = Self::default();
        for &row in group {
            let (row, a) = (row as usize, usize::from(arm[row as usize]));
            out.event[a] += f64::from(event[row]);
            out.competing[a] += f64::from(competes(competing, row));
            out.all[a] += 1.0;
        }
        out
    }
}

/// 1 where follow-up ended in a competing event.
pub(super) fn competes(competing: &[u8], row: usize) -> u8 {
    competing.get(row).copied().unwrap_or(0)
}

/// The latest time up to `limit` of an event of either kind; −∞ where there is none.
pub(super) fn last_failure(time: &[f64], event: &[u8], competing: &[u8], limit: f64) -> f64 {
    last_event(time, event, limit).max(last_event(time, competing, limit))
}
