//! Any bytes as the data of a plan with every kind of endpoint: refused with a message, or analysed without an answer that is no number.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use patency::data::sheet::{Sheet, Unreadable};
use patency::data::{self, Trial};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::{Options, mapping, read};

const PLAN: &str = include_str!("../plan.toml");

fuzz_target!(|bytes: &[u8]| {
    let mapping = mapping(PLAN).unwrap();
    let sheet = match Sheet::csv(Path::new("fuzzed.csv"), bytes, &mapping.missing) {
        Ok(sheet) => sheet,
        Err(Unreadable::Content(what)) => return assert!(!what.is_empty()),
        Err(Unreadable::World(e)) => panic!("{e}"),
    };
    let headers = data::headers(&sheet, &mapping);
    let options = Options { n: Some(sheet.rows.max(1)), headers: Some(&headers), ..Options::default() };
    let scenario = match read(PLAN, &options) {
        Ok(scenario) => scenario,
        Err(report) => return assert!(report.render(PLAN, "plan.toml", false).contains("plan.toml")),
    };
    let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
    let mut trial = match Trial::read(&protocol, sheet, &mapping) {
        Ok(trial) => trial,
        Err(found) => return assert!(found.render("fuzzed.csv").contains("mistake")),
    };
    for a in trial.answers() {
        if a.status == "estimated" {
            for p in [a.p_favour, a.p_against, a.p_two_sided] {
                assert!(p.is_some_and(|p| (0.0..=1.0).contains(&p)), "{a:?}");
            }
        }
        for x in [a.estimate, a.se, a.statistic].into_iter().flatten() {
            assert!(x.is_finite(), "{a:?}");
        }
    }
    let _ = trial.curves();
});
