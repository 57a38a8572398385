//! Patients counted by arm and response.

use crate::analysis::{Dataset, Estimate, Response, Status};

/// A 2 × 2 table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Patients: control, experimental.
    pub n: [u32; 2],
    /// Those of them with response 1.
    pub events: [u32; 2],
}

impl Table {
    /// The table of a binary endpoint; none of another.
    #[inline]
    #[must_use]
    pub fn of(data: &Dataset<'_>) -> Option<Self> {
        if let Response::Binary(y) = data.response { Some(Self::count(data.arm, y)) } else { None }
    }

    /// Whether an arm has no patients.
    #[must_use]
    pub fn lacks_an_arm(&self) -> bool {
        self.n.contains(&0)
    }

    /// All patients.
    #[must_use]
    pub fn patients(&self) -> usize {
        (self.n[0] + self.n[1]) as usize
    }

    /// All responses.
    #[must_use]
    pub fn responses(&self) -> usize {
        (self.events[0] + self.events[1]) as usize
    }

    /// Whether all responses are alike.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.responses() == 0 || self.responses() == self.patients()
    }

    /// No estimate, with the numbers at hand.
    #[must_use]
    pub fn failed(&self, status: Status) -> Estimate {
        Estimate::failed(status, self.patients()).counted(self.patients(), self.responses())
    }

    /// Counts 0/1 responses by arm, in any order of rows.
    #[must_use]
    pub fn count(arm: &[u8], response: &[u8]) -> Self {
        // eight rows at a time, each in its byte of a word; a byte is full after 255 additions
        const BLOCK: usize = 8 * 255;
        let [mut treated, mut events, mut both] = [0u32; 3];
        for (a, y) in arm.chunks(BLOCK).zip(response.chunks(BLOCK)) {
            let ((a, a_rest), (y, y_rest)) = (a.as_chunks::<8>(), y.as_chunks::<8>());
            let [mut of_a, mut of_y, mut of_both] = [0u64; 3];
            for (a, y) in a.iter().zip(y) {
                let (a, y) = (u64::from_le_bytes(*a), u64::from_le_bytes(*y));
                of_a = of_a.wrapping_add(a);
                of_y = of_y.wrapping_add(y);
                of_both = of_both.wrapping_add(a & y);
            }
            treated += sum_of_bytes(of_a);
            events += sum_of_bytes(of_y);
            both += sum_of_bytes(of_both);
            for (a, y) in a_rest.iter().zip(y_rest) {
                treated += u32::from(*a);
                events += u32::from(*y);
                both += u32::from(a & y);
            }
        }
        let n = arm.len().min(response.len()) as u32;
        Self { n: [n.wrapping_sub(treated), treated], events: [events.wrapping_sub(both), both] }
    }
}

/// Sum of the eight bytes of a word.
#[inline]
fn sum_of_bytes(word: u64) -> u32 {
    const EVERY_OTHER: u64 = 0x00FF_00FF_00FF_00FF;
    let pairs = (word & EVERY_OTHER) + ((word >> 8) & EVERY_OTHER);
    (pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as u32
}

/// Patients by arm and category: `counts[2 * category + arm]`.
pub fn count_categories(arm: &[u8], code: &[u8], levels: usize, counts: &mut Vec<u32>) {
    counts.clear();
    counts.resize(2 * levels, 0);
    for (a, c) in arm.iter().zip(code) {
        if let Some(cell) = counts.get_mut(2 * usize::from(*c) + usize::from(*a & 1)) {
            *cell += 1;
        }
    }
}

/// Patients by stratum, arm and response: `counts[4 * stratum + 2 * arm + response]`.
pub fn count_strata(data: &Dataset<'_>, response: &[u8], counts: &mut Vec<u32>) {
    counts.clear();
    counts.resize(4 * data.strata.count(), 0);
    for (row, (a, y)) in data.arm.iter().zip(response).enumerate() {
        if let Some(cell) = counts.get_mut(4 * data.strata.of(row) + 2 * usize::from(*a & 1) + usize::from(*y & 1)) {
            *cell += 1;
        }
    }
}

/// The tables of strata that [`count_strata`] counted.
pub fn tables(counts: &[u32]) -> impl Iterator<Item = Table> + Clone {
    let (cells, _) = counts.as_chunks::<4>();
    cells.iter().map(|&[a, b, c, d]| Table { n: [a + b, c + d], events: [b, d] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twin_table_counts_every_length() {
        for n in [0, 1, 7, 8, 9, 300, 2039, 2040, 2041, 20_000] {
            let arm: Vec<u8> = (0..n).map(|i| u8::from(i % 3 != 0)).collect();
            let y: Vec<u8> = (0..n).map(|i| u8::from(i % 7 < 4)).collect();
            let cell = |a: u8, e: u8| (0..n as usize).filter(|&i| arm[i] == a && y[i] >= e).count() as u32;
            let table = Table::count(&arm, &y);
            assert_eq!(table.n, [cell(0, 0), cell(1, 0)], "n = {n}");
            assert_eq!(table.events, [cell(0, 1), cell(1, 1)], "n = {n}");
        }
    }
}
