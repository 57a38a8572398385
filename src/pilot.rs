//! The pilot: what only patients can show, seen on addressed candidates before the run.

use crate::engine::{self, RowRecord, Tables};
use crate::protocol::Protocol;
use crate::random::TRUTH_REPLICATES;
use crate::scenario::diagnostic::Code;
use crate::workspace::Workspace;

/// Replicate number of the pilot.
const REPLICATE: u64 = 2 * TRUTH_REPLICATES;

/// Candidates of the pilot.
pub const CANDIDATES: usize = 1 << 15;

/// What the pilot found wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its stable code.
    pub code: Code,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Screens pilot candidates and carries out one trial with both potential outcomes.
///
/// # Errors
/// A criterion that excludes everyone, or a parameter outside its domain for some patient.
pub fn check(protocol: &Protocol<'_>) -> Result<(), Finding> {
    let fault = |f: crate::protocol::Fault| Finding {
        code: Code::OutOfDomain,
        message: protocol.explain(&f, REPLICATE),
        help: None,
    };
    let mut work = Workspace::new(protocol);
    let mut funnel = vec![0; protocol.scenario.criteria.len()];
    if !protocol.screening.is_empty() {
        let eligible = engine::screen_pilot(protocol, REPLICATE, CANDIDATES, &mut work, &mut funnel).map_err(fault)?;
        if eligible == 0 {
            let mut left = CANDIDATES as u64;
            let culprit = protocol.scenario.criteria.iter().zip(&funnel).find(|(_, count)| {
                left -= u64::from(**count);
                left == 0
            });
            return Err(Finding {
                code: Code::Unreachable,
                message: match culprit {
                    Some((c, _)) => format!(
                        "of {CANDIDATES} pilot candidates none is eligible: `{}` excludes the last of them",
                        c.name
                    ),
                    None => format!("of {CANDIDATES} pilot candidates none is eligible"),
                },
                help: Some(
                    protocol
                        .scenario
                        .criteria
                        .iter()
                        .zip(&funnel)
                        .filter(|(_, c)| **c > 0)
                        .map(|(c, count)| format!("`{}` excludes {count}", c.name))
                        .collect::<Vec<_>>()
                        .join(", "),
                ),
            });
        }
    }
    let mut rows = vec![RowRecord::EMPTY; protocol.scenario.analyses.len()];
    let mut tables = Tables::new(protocol);
    engine::replicate(protocol, REPLICATE, &mut work, &mut funnel, &mut rows).map_err(fault)?;
    engine::truth(protocol, REPLICATE, &mut work, &mut rows, &mut tables).map_err(fault)
}
