//! Hierarchical endpoints: patients of different arms are compared tier by tier until one fares better.

/// Most tiers that an endpoint may have.
pub const MAX_TIERS: usize = 6;

/// One tier as observed, a value a patient. In every tier *larger is better* for codes and scores (the endpoint has
/// already applied `better`), and later is better for times.
#[derive(Clone, Copy, Debug)]
pub enum Tier<'a> {
    /// Event or follow-up times: the patient whose event is seen while the other is known to be free of it at that time
    /// loses (strict inequality of times; the loser's event observed).
    Time {
        /// Time to event or end of follow-up.
        time: &'a [f64],
        /// 1 event, 0 censored.
        event: &'a [u8],
    },
    /// Ordered categories, larger better; 255 is missing: a pair with a missing value is tied at this tier.
    Code {
        /// The category of each patient.
        code: &'a [u8],
        /// Number of categories: codes are below it.
        levels: u8,
    },
    /// Scores, larger better; a pair is decided where they differ by more than `threshold`; NaN is missing: tied.
    Score {
        /// The score of each patient.
        value: &'a [f64],
        /// Differences up to this are ties (0: any difference decides).
        threshold: f64,
    },
}

/// The tiers of a hierarchical endpoint in order of importance; the first `count` are used.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// Tiers in order; entries from `count` on are unused.
    pub tiers: [Tier<'a>; MAX_TIERS],
    /// Number of tiers.
    pub count: usize,
}

impl<'a> Comparison<'a> {
    /// Tiers in order (at most [`MAX_TIERS`]).
    #[must_use]
    pub fn new(tiers: &[Tier<'a>]) -> Self {
        let mut all = [Tier::Code { code: &[], levels: 0 }; MAX_TIERS];
        let count = tiers.len().min(MAX_TIERS);
        all[..count].copy_from_slice(&tiers[..count]);
        Self { tiers: all, count }
    }

    /// The tiers in use.
    #[must_use]
    pub fn tiers(&self) -> &[Tier<'a>] {
        &self.tiers[..self.count]
    }
}
