//! Any bytes as a scenario: they are read in every variant or refused with a message, and what is read is carried out once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use patency::engine::{self, RowRecord};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::{Marginal, Options, mapping, read, variants};
use patency::workspace::Workspace;

/// Patients of the trial, whatever the scenario says: the size is not what is tried.
const PATIENTS: usize = 8;

fuzz_target!(|text: &str| {
    let _ = mapping(text);
    let mut names = variants(text).unwrap_or_default();
    names.truncate(2);
    if names.is_empty() {
        names.push("base".to_owned());
    }
    for variant in &names {
        let options = Options { variant: Some(variant), n: Some(PATIENTS), ..Options::default() };
        let scenario = match read(text, &options) {
            Ok(scenario) => scenario,
            Err(report) => {
                assert!(report.render(text, "fuzzed.toml", false).contains("fuzzed.toml"));
                continue;
            }
        };
        // their scales are solved on thousands of pilot patients
        if scenario.variables.iter().any(|v| v.marginal == Marginal::Wanted) {
            continue;
        }
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let mut work = Workspace::new(&protocol);
        let mut funnel = vec![0; scenario.criteria.len()];
        let mut rows = vec![RowRecord::EMPTY; scenario.analyses.len()];
        if let Err(fault) = engine::replicate(&protocol, 0, &mut work, &mut funnel, &mut rows) {
            assert!(!protocol.explain(&fault, 0).is_empty());
        }
    }
});
