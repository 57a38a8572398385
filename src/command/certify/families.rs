//! Which rejections of a family's hypotheses are errors, point by point.

use std::sync::atomic::Ordering;

use super::{Notary, PILOT, empty};
use crate::command::Failure;
use crate::compare::Paired;
use crate::protocol::Protocol;
use crate::result::certify::{Certified, Counted};
use crate::result::multiplicity::row_name;
use crate::scenario::{FamilyPlan, Scenario};

/// The errors of a family at one point: sets of its hypotheses, the j-th in bit j.
pub(super) struct Errors {
    names: Vec<String>,
    /// Rejecting any of these is one.
    pub(super) counted: u64,
    /// Of which it is not known whether they are true.
    unknown: u64,
}

impl Errors {
    /// Adds what is counted at a point to what was counted at others.
    pub(super) fn add_to(self, family: &mut Counted) {
        for (j, name) in self.names.into_iter().enumerate() {
            let counted = self.counted >> j & 1 == 1;
            let lists = [
                (counted, &mut family.hypotheses),
                (self.unknown >> j & 1 == 1, &mut family.unknown),
                (!counted, &mut family.left_out),
            ];
            for (belongs, list) in lists {
                if belongs && !list.contains(&name) {
                    list.push(name.clone());
                }
            }
        }
        // what is false at every point may be true between them, unless it is declared to be false
        family.proven = family.declared || family.left_out.is_empty();
    }
}

/// A family without a point yet.
pub(super) fn begin(scenario: &Scenario, f: &FamilyPlan) -> Certified {
    let counted = Counted {
        family: f.name.clone(),
        procedure: f.procedure_name,
        hypotheses: Vec::new(),
        unknown: Vec::new(),
        left_out: Vec::new(),
        declared: scenario.nulls.is_some(),
        proven: true,
    };
    let name = row_name(&f.name, "familywise-error", None);
    Certified { family: Some(counted), ..empty(name, format!("{}: familywise error", f.label), f.alpha) }
}

impl Notary<'_> {
    /// Of each family, which rejections are errors at this point: of the hypotheses declared to be true, or else of those that their true
    /// values do not show to be false.
    pub(super) fn errors(&mut self, protocol: &Protocol<'_>) -> Result<Vec<Errors>, Failure> {
        let scenario = protocol.scenario;
        let names = |f: &FamilyPlan| f.hypotheses.iter().map(|&h| scenario.analyses[h].name.clone()).collect();
        if let Some(nulls) = &scenario.nulls {
            let holds = |f: &FamilyPlan| {
                let each = f.hypotheses.iter().enumerate().filter(|(_, h)| nulls.contains(h));
                each.fold(0, |set, (j, _)| set | 1_u64 << j)
            };
            let declared = |f| Errors { names: names(f), counted: holds(f), unknown: 0 };
            return Ok(scenario.multiplicity.iter().map(declared).collect());
        }
        if scenario.multiplicity.is_empty() {
            return Ok(Vec::new());
        }
        // trials that say what is true are not those that are counted on the bar
        let done = self.done.load(Ordering::Relaxed);
        let mut paired = Paired::new(protocol);
        let ended = self.run(protocol, PILOT.min(self.of.replicates), true, &mut paired)?;
        self.done.store(done, Ordering::Relaxed);
        let design = paired.design(&ended.tables)?;
        let judged = scenario.multiplicity.iter().zip(&design.multiplicity);
        Ok(judged
            .map(|(plan, family)| {
                let set = |fits: &dyn Fn(&str) -> bool| {
                    let each = family.hypotheses.iter().enumerate().filter(|(_, h)| fits(h.null));
                    each.fold(0, |set, (j, _)| set | 1_u64 << j)
                };
                Errors {
                    names: names(plan),
                    counted: set(&|null| null != "false"),
                    unknown: set(&|null| null == "unknown"),
                }
            })
            .collect())
    }
}
