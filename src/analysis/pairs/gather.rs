//! Some rows of a hierarchical endpoint side by side: a stratum, or all patients against themselves.

use crate::analysis::Strata;
use crate::endpoint::hierarchical::{Comparison, Tier};

/// Rows gathered. Grows to the largest data set and is never freed.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Rows in order of stratum.
    order: Vec<u32>,
    /// Arm of each gathered row.
    arm: Vec<u8>,
    /// Times and scores, tier after tier.
    real: Vec<f64>,
    /// Events and codes, tier after tier.
    bytes: Vec<u8>,
}

impl Gathered {
    /// Sorts the rows by stratum.
    pub(super) fn sort(&mut self, rows: usize, strata: &Strata<'_>) {
        self.order.clear();
        self.order.extend(0..rows as u32);
        self.order.sort_unstable_by_key(|&row| (strata.of(row as usize), row));
    }

    /// End of the stratum whose first row in order is at `start`.
    pub(super) fn end(&self, start: usize, strata: &Strata<'_>) -> usize {
        let own = strata.of(self.order[start] as usize);
        start + self.order[start..].iter().take_while(|&&row| strata.of(row as usize) == own).count()
    }

    /// Gathers the rows from `start` to `end` in order of stratum, with their arms; or twice, the first time as experimental, the second
    /// as control, so that each patient meets all.
    pub(super) fn gather(
        &mut self,
        arm: &[u8],
        comparison: &Comparison<'_>,
        (start, end): (usize, usize),
        doubled: bool,
    ) {
        let Self { order, arm: arms, real, bytes } = self;
        let copies = 1 + usize::from(doubled);
        arms.clear();
        real.clear();
        bytes.clear();
        let rows = || order[start..end].iter().map(|&row| row as usize);
        for copy in 0..copies {
            arms.extend(rows().map(|row| if doubled { u8::from(copy == 0) } else { arm[row] }));
        }
        for tier in comparison.tiers() {
            for _ in 0..copies {
                match *tier {
                    Tier::Time { time, event } => {
                        real.extend(rows().map(|row| time[row]));
                        bytes.extend(rows().map(|row| event[row]));
                    }
                    Tier::Code { code, .. } => bytes.extend(rows().map(|row| code[row])),
                    Tier::Score { value, .. } => real.extend(rows().map(|row| value[row])),
                }
            }
        }
    }

    /// The arms of the rows gathered, and the endpoint of which they are rows.
    pub(super) fn view<'a>(&'a self, of: &Comparison<'_>) -> (&'a [u8], Comparison<'a>) {
        let n = self.arm.len();
        let (mut real, mut bytes) = (&self.real[..], &self.bytes[..]);
        let mut out = Comparison::new(&[]);
        out.count = of.count;
        for (to, tier) in out.tiers.iter_mut().zip(of.tiers()) {
            let reals = usize::from(!matches!(tier, Tier::Code { .. })) * n;
            let byte = usize::from(!matches!(tier, Tier::Score { .. })) * n;
            let (value, code);
            (value, real) = real.split_at(reals);
            (code, bytes) = bytes.split_at(byte);
            *to = match *tier {
                Tier::Time { .. } => Tier::Time { time: value, event: code },
                Tier::Code { levels, .. } => Tier::Code { code, levels },
                Tier::Score { threshold, .. } => Tier::Score { value, threshold },
            };
        }
        (&self.arm, out)
    }
}
