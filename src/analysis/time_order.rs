//! Rows in order of time, the work that survival methods share.

/// Fewest low bits of a sort key that hold the row: 4,096 rows leave 40 bits of the time's mantissa.
const ROW_BITS: u32 = 12;

/// The latest event time that is at most `limit`; −∞ where there is none.
#[must_use]
pub fn last_event(time: &[f64], event: &[u8], limit: f64) -> f64 {
    const NONE: f64 = f64::NEG_INFINITY;
    // four lanes, since one running maximum waits for itself
    let mut lanes = [NONE; 4];
    let seen = |t: f64, e: u8| if e != 0 && t <= limit { t } else { NONE };
    let (times, events) = (time.chunks_exact(4), event.chunks_exact(4));
    let rest = times.remainder().iter().zip(events.remainder());
    for (t, e) in times.zip(events) {
        for ((lane, &t), &e) in lanes.iter_mut().zip(t).zip(e) {
            let t = seen(t, e);
            *lane = if t > *lane { t } else { *lane };
        }
    }
    rest.map(|(&t, &e)| seen(t, e)).chain(lanes).fold(NONE, f64::max)
}

/// Writes the rows with `time <= last` to `order`, ascending in time, rows of equal time in row order; `false` where no
/// two of these times are equal.
///
/// Times must not be NaN. Patients followed beyond the last event are at risk at every event and need no place in the
/// order: in trials with a common horizon they are most of the patients.
pub fn ascending(time: &[f64], last: f64, keys: &mut Vec<u64>, order: &mut Vec<u32>) -> bool {
    sort_rows(time, |_, t| t <= last, keys, order)
}

/// Groups of rows with the same time, in the order of `order`.
pub(crate) fn at_each_time<'a>(order: &'a [u32], time: &'a [f64]) -> impl Iterator<Item = &'a [u32]> {
    order.chunk_by(|&a, &b| time[a as usize] == time[b as usize])
}

/// Writes the rows for which `keep(row, value)` to `order`, ascending in value, rows of equal value in row order; `false`
/// where no two of these values are equal.
///
/// Keys are integers that hold the upper bits of the value above the row number; values that agree in all those bits
/// stand together and are put right afterwards.
pub(crate) fn sort_rows(
    value: &[f64],
    keep: impl Fn(usize, f64) -> bool,
    keys: &mut Vec<u64>,
    order: &mut Vec<u32>,
) -> bool {
    let row_bits = ROW_BITS.max(usize::BITS - value.len().leading_zeros());
    let row_mask = (1_u64 << row_bits) - 1;
    keys.clear();
    keys.resize(value.len(), 0);
    let mut kept = 0;
    for (row, &v) in value.iter().enumerate() {
        keys[kept] = (ascending_bits(v) & !row_mask) | row as u64;
        kept += usize::from(keep(row, v));
    }
    keys.truncate(kept);
    // rows of the largest value, which in trials with a common horizon are most of the patients, stand in order as they are
    let most = keys.iter().fold(0, |most, &key| key.max(most)) & !row_mask;
    order.clear();
    order.resize(kept, 0);
    let (mut less, mut last) = (0, 0);
    for place in 0..kept {
        let key = keys[place];
        let is_last = key >= most;
        keys[less] = key;
        order[last] = (key & row_mask) as u32;
        less += usize::from(!is_last);
        last += usize::from(is_last);
    }
    keys[..less].sort_unstable();
    for (key, &row) in keys[less..].iter_mut().zip(&order[..last]) {
        *key = most | u64::from(row);
    }

    order.clear();
    order.extend(keys.iter().map(|key| (key & row_mask) as u32));
    let alike = |a: u64, b: u64| a ^ b <= row_mask;
    if !keys.windows(2).any(|pair| alike(pair[0], pair[1])) {
        return false;
    }
    let mut start = 0;
    for run in keys.chunk_by(|&a, &b| alike(a, b)) {
        let rows = &mut order[start..start + run.len()];
        start += run.len();
        if !rows.is_sorted_by(|&a, &b| value[a as usize] <= value[b as usize]) {
            rows.sort_unstable_by(|&a, &b| {
                let (x, y) = (value[a as usize], value[b as usize]);
                x.total_cmp(&y).then(a.cmp(&b))
            });
        }
    }
    true
}

/// The order of the last times sorted: rows of one plan nearly always share it, and so do trials of which one is the beginning of the
/// other.
#[derive(Debug, Default)]
pub struct Sorted {
    time: Vec<f64>,
    keys: Vec<u64>,
    /// All rows.
    order: Vec<u32>,
    /// Whether any two of the times are equal.
    tied: bool,
    /// Whether what is sorted next may be the beginning of what was sorted last, so that sorting all of it pays.
    pub prefixes: bool,
    /// Rows sorted so far.
    pub count: u64,
}

impl Sorted {
    /// Sees to it that the order at hand is that of all of `time`: as it is where the times are the same again, thinned out where they
    /// begin what was sorted last.
    fn learn(&mut self, time: &[f64]) {
        let known = self.time.get(..time.len());
        if known.is_none_or(|known| bytemuck::cast_slice::<f64, u64>(known) != bytemuck::cast_slice::<f64, u64>(time)) {
            self.time.clear();
            self.time.extend_from_slice(time);
            self.tied = sort_rows(time, |_, _| true, &mut self.keys, &mut self.order);
            self.count += time.len() as u64;
        } else if self.time.len() > time.len() {
            self.time.truncate(time.len());
            let mut kept = 0;
            for place in 0..self.order.len() {
                let row = self.order[place];
                self.order[kept] = row;
                kept += usize::from((row as usize) < time.len());
            }
            self.order.truncate(kept);
        }
    }

    /// As [`sort_rows`], from the order at hand where the times are the same again, or begin what was sorted last.
    pub(crate) fn rows(&mut self, time: &[f64], keep: impl Fn(usize, f64) -> bool, order: &mut Vec<u32>) {
        self.learn(time);
        order.clear();
        order.resize(time.len(), 0);
        let mut kept = 0;
        for &row in &self.order {
            order[kept] = row;
            kept += usize::from(keep(row as usize, time[row as usize]));
        }
        order.truncate(kept);
    }

    /// As [`ascending`] up to the latest event; `false` where no two of these times are equal. From the order at hand where trials that
    /// begin each other are analysed one after the other.
    pub(crate) fn until_last_event(
        &mut self,
        time: &[f64],
        event: &[u8],
        keys: &mut Vec<u64>,
        order: &mut Vec<u32>,
    ) -> bool {
        if !self.prefixes {
            self.count += time.len() as u64;
            return ascending(time, last_event(time, event, f64::INFINITY), keys, order);
        }
        self.learn(time);
        let rows = &self.order;
        let mut end = rows.iter().rposition(|&row| event[row as usize] != 0).map_or(0, |place| place + 1);
        // who leaves at the time of the last event was at risk of it
        while end > 0 && end < rows.len() && time[rows[end] as usize] == time[rows[end - 1] as usize] {
            end += 1;
        }
        order.clear();
        order.extend_from_slice(&rows[..end]);
        self.tied && order.windows(2).any(|pair| time[pair[0] as usize] == time[pair[1] as usize])
    }

    /// As [`ascending`]; from the order at hand where trials that begin each other are analysed one after the other.
    pub(crate) fn ascending(&mut self, time: &[f64], last: f64, keys: &mut Vec<u64>, order: &mut Vec<u32>) {
        if self.prefixes {
            self.rows(time, |_, t| t <= last, order);
        } else {
            self.count += time.len() as u64;
            ascending(time, last, keys, order);
        }
    }
}

/// Bits that are ordered as the numbers are; +0 and −0 give the same.
#[inline(always)]
fn ascending_bits(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    bits ^ (((bits as i64) >> 63) as u64 | 1 << 63)
}
