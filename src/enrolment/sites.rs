//! Rate-driven: each site is a Poisson process from its activation to its closing; their superposition is the trial's.
//!
//! Arrival j of a site has its own word at the address of the site's *name*, so sites neither disturb each other nor depend on
//! their order in the file.

use super::{Arrivals, Arrive};
use crate::math::elementary::ln;
use crate::random::{Address, Replicate, Sequence};
use crate::scenario::Site;

/// Nobody is waited for beyond this month: a rate that needs longer is as good as 0.
const NEVER: f64 = 1e12;

#[derive(Debug)]
struct Stream {
    address: Address,
    rate: f64,
    opens: f64,
    closes: f64,
    cap: u32,
}

#[derive(Debug)]
pub(super) struct Sites {
    streams: Vec<Stream>,
}

impl Sites {
    pub(super) fn new(seed: u64, sites: &[Site], capped: bool) -> Self {
        let stream = |s: &Site| Stream {
            address: Address::new(seed, "enrolment", "site", &s.name),
            rate: s.rate,
            opens: s.opens,
            closes: s.closes,
            cap: if capped { s.cap.unwrap_or(u32::MAX) } else { u32::MAX },
        };
        Self { streams: sites.iter().map(stream).collect() }
    }

    /// First month, in steps of 5%, by which `count` arrivals are expected and four standard deviations more; the last closing
    /// where that comes first, and no further than a million months: [`Arrive::arrive`] looks further where it must.
    fn horizon(&self, count: usize) -> f64 {
        let wanted = count as f64 + 4.0 * (count as f64).sqrt() + 1.0;
        let last = self.streams.iter().filter(|s| s.rate > 0.0).map(|s| s.closes).fold(0.0, f64::max);
        let first = self.streams.iter().map(|s| s.opens).fold(f64::INFINITY, f64::min);
        let mut t = first.max(0.0) + 1.0;
        while t < last && t < 1e6 {
            if self.expected(t).unwrap_or(f64::INFINITY) >= wanted {
                return t;
            }
            t *= 1.05;
        }
        t.min(last)
    }
}

impl Arrive for Sites {
    fn arrive(&self, replicate: Replicate, count: usize, out: &mut Arrivals) {
        let mut horizon = self.horizon(count);
        loop {
            out.sorted.clear();
            let mut ended = true;
            for (i, site) in self.streams.iter().enumerate() {
                if site.rate <= 0.0 {
                    continue;
                }
                let until = site.closes.min(horizon);
                let mut sequence = Sequence::new(&site.address, replicate);
                let mut t = site.opens;
                let mut arrived = 0;
                while arrived < site.cap {
                    t -= ln(1.0 - sequence.uniform()) / site.rate;
                    if t >= until {
                        ended &= t >= site.closes;
                        break;
                    }
                    out.sorted.push((t, i as u16));
                    arrived += 1;
                }
            }
            if out.sorted.len() >= count || ended || horizon > NEVER {
                break;
            }
            horizon *= 1.5;
        }
        out.sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        out.date.clear();
        out.site.clear();
        out.date.extend(out.sorted.iter().map(|a| a.0));
        out.site.extend(out.sorted.iter().map(|a| a.1));
    }

    fn expected(&self, t: f64) -> Option<f64> {
        let site = |s: &Stream| (s.rate * (t.min(s.closes) - s.opens).max(0.0)).min(f64::from(s.cap));
        Some(self.streams.iter().map(site).sum())
    }
}
