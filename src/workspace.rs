//! The memory that one worker reuses from replicate to replicate: cleared, never freed.

use crate::allocation::BlockState;
use crate::analysis::Scratch;
use crate::column::Frame;
use crate::endpoint::measured::{Measured, Meter};
use crate::enrolment::Arrivals;
use crate::estimand::Sample;
use crate::monitoring::Watch;
use crate::observation::View;
use crate::protocol::{BLOCK, Noise, Protocol};
use crate::random::Index;
use crate::selection::Selection;

/// Everything that a replicate writes.
#[derive(Debug)]
pub struct Workspace {
    /// The block of candidates being screened.
    pub(crate) block: Frame,
    /// The enrolled patients.
    pub(crate) cohort: Frame,
    /// Drawing.
    pub(crate) noise: Noise,
    /// Measuring.
    pub(crate) meter: Meter,
    /// Candidate numbers of the block's rows.
    pub(crate) numbers: Vec<u32>,
    /// Flags of the block's rows.
    pub(crate) flags: Vec<u8>,
    /// Rows of the block who are enrolled.
    pub(crate) picks: Vec<u32>,
    /// 1 where a row of the block is still eligible.
    pub(crate) alive: Vec<u8>,
    /// By offset in the block: 0 eligible, k excluded by criterion k (from 1), one more than the criteria: site full.
    pub(crate) reason: [u8; BLOCK],
    /// The same by row of the block.
    pub(crate) row_reason: Vec<u8>,
    /// Candidate numbers of the enrolled.
    pub(crate) candidates: Vec<u32>,
    /// Whether these are 0, 1, 2, …
    pub(crate) dense: bool,
    /// The stream of arrivals.
    pub(crate) arrivals: Arrivals,
    /// Entry dates of the enrolled; empty where everyone enters at month 0.
    pub(crate) entry: Vec<f64>,
    /// Patients enrolled by each site.
    pub(crate) by_site: Vec<u32>,
    /// Strata of the enrolled.
    pub(crate) stratum: Vec<u32>,
    /// True probability of each arm but the last, arm after arm, where clinicians choose; else empty.
    pub(crate) propensity: Vec<f64>,
    /// Block randomisation.
    pub(crate) blocks: BlockState,
    /// Ends of follow-up.
    pub(crate) end: Vec<f64>,
    /// What the trial sees.
    pub(crate) view: View,
    /// Endpoints as seen.
    pub(crate) measured: Vec<Measured>,
    /// Looks before the end.
    pub(crate) watch: Watch,
    /// The data set of one analysis.
    pub(crate) selection: Selection,
    /// Analyses.
    pub(crate) scratch: Scratch,
    /// Dates in order.
    pub(crate) dates: Vec<f64>,
    /// Potential endpoints by arm: complete, as seen, complete with death and competing events switched off.
    pub(crate) potential: Vec<[Vec<Measured>; 3]>,
    /// The complete view.
    pub(crate) complete: View,
    /// Weight of each enrolled patient in the population of an estimand.
    pub(crate) tilt: Vec<f64>,
    /// By analysis, 1 where it matched the patient.
    pub(crate) matched: Vec<Vec<u8>>,
    /// Weights of the rows of a data set.
    pub(crate) weights: Vec<f64>,
    /// Both arms' potential outcomes as each view shows them, and what serves one analysis only.
    pub(crate) both: [Both; 4],
}

/// Potential outcomes of one view, kept from one analysis to the next that looks at the same ones.
#[derive(Debug, Default)]
pub(crate) struct Both {
    /// Endpoint and arms where they are everyone's; none where they serve one analysis only.
    pub(crate) of: Option<(usize, [usize; 2])>,
    /// Their rows, first in the control arm and then in the experimental arm.
    pub(crate) selection: Selection,
    /// Patients of the control and of the experimental arm.
    pub(crate) sizes: [usize; 2],
    /// Share of the control arm among the patients of both.
    pub(crate) control: f64,
    /// Targets, and the order of times.
    pub(crate) sample: Sample,
}

impl Workspace {
    /// Memory for a protocol; grows in the first replicates.
    #[must_use]
    pub fn new(protocol: &Protocol<'_>) -> Self {
        let columns = protocol.layout.columns();
        let endpoints = protocol.endpoints.len();
        let sites = match &protocol.scenario.enrolment.accrual {
            crate::scenario::Accrual::Sites(sites) => sites.len(),
            _ => 0,
        };
        let measured = || vec![Measured::default(); endpoints];
        Self {
            block: Frame::new(columns),
            cohort: Frame::new(columns),
            noise: Noise::default(),
            meter: Meter::default(),
            numbers: Vec::with_capacity(BLOCK),
            flags: Vec::with_capacity(BLOCK),
            picks: Vec::with_capacity(BLOCK),
            alive: Vec::with_capacity(BLOCK),
            reason: [0; BLOCK],
            row_reason: Vec::with_capacity(BLOCK),
            candidates: Vec::new(),
            dense: true,
            arrivals: Arrivals::default(),
            entry: Vec::new(),
            by_site: vec![0; sites],
            stratum: Vec::new(),
            propensity: Vec::new(),
            blocks: BlockState::default(),
            end: Vec::new(),
            view: View::default(),
            measured: measured(),
            watch: Watch::new(protocol.scenario),
            selection: Selection::default(),
            scratch: Scratch::default(),
            dates: Vec::new(),
            potential: protocol.scenario.arms.iter().map(|_| [measured(), measured(), measured()]).collect(),
            complete: View::default(),
            tilt: Vec::new(),
            matched: vec![Vec::new(); protocol.analyses.len()],
            weights: Vec::new(),
            both: Default::default(),
        }
    }

    /// Whether trials that begin each other are analysed one after the other, the largest first: then times are sorted once for all.
    pub fn expect_prefixes(&mut self, on: bool) {
        self.scratch.sorted.prefixes = on;
    }

    /// The enrolled patients.
    #[must_use]
    pub fn cohort(&self) -> &Frame {
        &self.cohort
    }

    /// Candidate numbers of the enrolled.
    #[must_use]
    pub fn candidates(&self) -> &[u32] {
        &self.candidates
    }

    /// Entry dates of the enrolled (months since the first site opened); empty where everyone enters at month 0.
    #[must_use]
    pub fn entry(&self) -> &[f64] {
        &self.entry
    }

    /// Index of each enrolled patient's site; empty where there are none.
    #[must_use]
    pub fn site(&self) -> &[u16] {
        &self.cohort.site
    }

    /// True probability of each arm but the last, arm after arm, where clinicians choose; else empty.
    #[must_use]
    pub fn propensity(&self) -> &[f64] {
        &self.propensity
    }

    /// What the trial sees: up to its end, or to where it stopped.
    #[must_use]
    pub fn view(&self) -> &View {
        if self.watch.stopped { &self.watch.view } else { &self.view }
    }

    /// Whether patient `i` had entered when the trial was over.
    #[must_use]
    pub fn takes_part(&self, i: usize) -> bool {
        !self.watch.stopped || self.watch.end.get(i).is_none_or(|&end| end >= 0.0)
    }

    /// What looks before the end found, and what their rules made of it.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Endpoints as seen.
    #[must_use]
    pub fn measured(&self) -> &[Measured] {
        &self.measured
    }
}

/// The candidate numbers as an index of draws.
pub(crate) fn index(candidates: &[u32], dense: bool) -> Index<'_> {
    if dense { Index::Dense { first: 0, len: candidates.len() } } else { Index::Sparse(candidates) }
}
