//! Rows in order of time, the work that survival methods share.

/// Fewest low bits of a sort key that hold the row: 4,096 rows leave 40 bits of the time's mantissa.
const ROW_BITS: u32 = 12;

/// The latest event time that is at most `limit`; −∞ where there is none.
#[must_use]
pub fn last_event(time: &[f64], event: &[u8], limit: f64) -> f64 {
    const NONE: f64 = f64::NEG_INFINITY;
    // four lanes, since one running maximum waits for itself
    let mut lanes = [NONE; 4];
    // no branch on an event, which no processor foresees
    let seen = |t: f64, e: u8| if (e != 0) & (t <= limit) { t } else { NONE };
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
    // what buckets may take, at once: how many rows are kept differs from one data set to the next
    keys.reserve(value.len());
    order.clear();
    order.reserve(2 * value.len());
    let mut kept = 0;
    let (mut least, mut most) = (u64::MAX, 0);
    for (row, &v) in value.iter().enumerate() {
        let key = (ascending_bits(v) & !row_mask) | row as u64;
        let keeps = keep(row, v);
        keys[kept] = key;
        kept += usize::from(keeps);
        least = if keeps & (key < least) { key } else { least };
        most = if keeps & (key > most) { key } else { most };
    }
    keys.truncate(kept);
    // rows of the largest value, which in trials with a common horizon are most of the patients, stand in order as they are
    let largest = most & !row_mask;
    let mut less = kept;
    if keys.iter().any(|&key| key >= largest && key != most) {
        less = set_aside(largest, row_mask, keys, order);
    }
    if less < FEWEST || !sort_by_buckets(keys, less, [least, most], order) {
        keys[..less].sort_unstable();
    }

    order.clear();
    order.resize(kept, 0);
    let mut any_alike = false;
    let mut before = !keys.first().copied().unwrap_or(0);
    for (row, &key) in order.iter_mut().zip(keys.iter()) {
        any_alike |= key ^ before <= row_mask;
        before = key;
        *row = (key & row_mask) as u32;
    }
    if !any_alike {
        return false;
    }
    let alike = |a: u64, b: u64| a ^ b <= row_mask;
    let mut start = 0;
    for run in keys.chunk_by(|&a, &b| alike(a, b)) {
        let rows = &mut order[start..start + run.len()];
        start += run.len();
        if !rows.is_sorted_by(|&a, &b| value[a as usize] <= value[b as usize]) {
            rows.sort_unstable_by(|&a, &b| {
                let (x, y) = (value[a as usize], value[b as usize]);
                (x + 0.0).total_cmp(&(y + 0.0)).then(a.cmp(&b))
            });
        }
    }
    true
}

/// Moves the keys of the `largest` value, whose rows stand in order, behind all others, of which the number is returned; `rows` is memory.
fn set_aside(largest: u64, row_mask: u64, keys: &mut [u64], rows: &mut Vec<u32>) -> usize {
    rows.clear();
    rows.resize(keys.len(), 0);
    let (mut less, mut last) = (0, 0);
    for place in 0..keys.len() {
        let key = keys[place];
        let is_last = key >= largest;
        keys[less] = key;
        rows[last] = (key & row_mask) as u32;
        less += usize::from(!is_last);
        last += usize::from(is_last);
    }
    for (key, &row) in keys[less..].iter_mut().zip(&rows[..last]) {
        *key = largest | u64::from(row);
    }
    less
}

/// Fewest keys for which buckets pay.
const FEWEST: usize = 48;
/// Most keys in one bucket: insertion takes the square of them.
const FULLEST: u32 = 12;

/// Sorts the first `count` keys, which lie in `range`; `counts` is memory. `false` where that would not pay: nothing is done then.
///
/// Values that spread evenly, as times do, fall each into a bucket of nearly its own, and what is left to do is to put neighbours right.
fn sort_by_buckets(keys: &mut Vec<u64>, count: usize, range: [u64; 2], counts: &mut Vec<u32>) -> bool {
    let [least, most] = range.map(number);
    let buckets = 2 * count;
    let scale = (buckets - 1) as f64 / (most - least);
    if !(scale > 0.0 && scale < f64::MAX) {
        return false;
    }
    // numbers from 2⁵² on are integers: the low bits of one are those of the integer
    const TO_INTEGER: f64 = (1_u64 << 52) as f64;
    let bucket = |key: u64| {
        let bits = ((number(key) - least) * scale + TO_INTEGER).to_bits();
        (bits as u32 as usize).min(buckets - 1)
    };
    counts.clear();
    counts.resize(buckets, 0);
    let counts = &mut counts[..buckets];
    for &key in &keys[..count] {
        counts[bucket(key)] += 1;
    }
    let (mut start, mut fullest) = (0, 0);
    for n in counts.iter_mut() {
        fullest = (*n).max(fullest);
        (*n, start) = (start, start + *n);
    }
    if fullest > FULLEST {
        return false;
    }
    let all = keys.len();
    keys.resize(all + count, 0);
    let (sorted, spread) = keys.split_at_mut(all);
    for &key in &sorted[..count] {
        let place = &mut counts[bucket(key)];
        spread[*place as usize] = key;
        *place += 1;
    }
    let sorted = &mut sorted[..count];
    let mut before = 0;
    // a bucket is sorted by insertion, which never goes beyond it
    for (place, &key) in spread.iter().enumerate() {
        sorted[place] = key;
        if key < before {
            let mut to = place;
            while to > 0 && key < sorted[to - 1] {
                sorted[to] = sorted[to - 1];
                to -= 1;
            }
            sorted[to] = key;
        } else {
            before = key;
        }
    }
    keys.truncate(all);
    true
}

/// The number of a key, but for the low bits that hold a row: no less for a larger key.
#[inline(always)]
fn number(key: u64) -> f64 {
    f64::from_bits(key ^ (!((key as i64) >> 63) as u64 | 1 << 63))
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
