//! Against R on real data: `tests/reference/competing.R` prints `competing.csv`.

use std::collections::BTreeMap;

use patency::analysis::{Covariates, Dataset, Estimate, Response, Scratch, Status};

use super::{Data, RULE, method};
use crate::analysis_survival::{Table, near};

type Figures = BTreeMap<String, BTreeMap<String, f64>>;

fn figures() -> Figures {
    let table = Table::read("competing");
    let mut out = Figures::new();
    for row in 0..table.len() {
        let of = out.entry(table.text("case", row).to_owned()).or_default();
        of.insert(table.text("quantity", row).to_owned(), table.number("value", row));
    }
    out
}

fn read(name: &str, unit: f64) -> Data {
    let table = Table::read(&format!("data/{name}"));
    let code = |name| table.column(name).iter().map(|&x| x as u8).collect::<Vec<u8>>();
    let competing = if name == "mgus2" { code("competing") } else { Vec::new() };
    Data {
        time: table.column("time").iter().map(|t| (t / unit).ceil()).collect(),
        event: code("event"),
        competing,
        arm: code("arm"),
        covariates: Vec::new(),
    }
}

/// Times in months, and in years with many ties; events as they are, and events and competing events exchanged.
fn mgus2(unit: u32, other: bool, covariates: bool) -> Data {
    let mut data = read("mgus2", f64::from(unit));
    if other {
        std::mem::swap(&mut data.event, &mut data.competing);
    }
    if covariates {
        let table = Table::read("data/mgus2");
        data.covariates = ["age", "hgb", "mspike"].into_iter().flat_map(|name| table.column(name)).collect();
    }
    data
}

#[test]
fn reference_cumulative_incidence() {
    let figures = figures();
    for unit in [1, 12] {
        for at in [60, 180, 300] {
            let at = at / unit;
            let r = &figures[&format!("incidence/{unit}/{at}")];
            let e = mgus2(unit, false, false).analyse(&*method("cumulative-incidence", f64::from(at)));
            assert_eq!(e.status, Status::Estimated);
            near(e.parts[0], r["experimental"], 1e-12);
            near(e.parts[1], r["se.experimental"], 1e-12);
            near(e.parts[2], r["control"], 1e-12);
            near(e.parts[3], r["se.control"], 1e-12);
            near(e.estimate, r["experimental"] - r["control"], 1e-11);
            near(e.se, r["se.experimental"].hypot(r["se.control"]), 1e-12);
        }
    }
}

#[test]
fn reference_gray() {
    let figures = figures();
    for unit in [1, 12] {
        for (name, other) in [("gray", false), ("gray-other", true)] {
            let e = mgus2(unit, other, false).analyse(&*method("gray", 0.0));
            assert_eq!(e.status, Status::Estimated);
            assert!(e.estimate.is_nan() && e.se.is_nan());
            near(e.z * e.z, figures[&format!("{name}/{unit}")]["chisq"], 1e-11);
            // men have fewer plasma cell malignancies and more deaths without
            assert_eq!(e.z > 0.0, !other);
        }
    }
}

#[test]
fn reference_fine_gray_and_cause_specific_cox() {
    let figures = figures();
    for unit in [1, 12] {
        for (covariates, words) in [(false, "arm"), (true, "arm+age+hgb+mspike")] {
            for (name, key, other, tolerance) in [
                ("fine-gray", "fine-gray", false, 1e-10),
                ("fine-gray", "fine-gray-other", true, 1e-10),
                ("cox", "cause-specific", false, 1e-9),
            ] {
                let r = &figures[&format!("{key}/{unit}/{words}")];
                let e: Estimate = mgus2(unit, other, covariates).analyse(&*method(name, 0.0));
                assert_eq!(e.status, Status::Estimated);
                near(e.estimate, r["estimate"], tolerance);
                near(e.se, r["se"], tolerance);
                // where crr itself stops
                if let Some(crr) = r.get("crr") {
                    near(e.estimate, *crr, 1e-6);
                }
            }
        }
    }
}

#[test]
fn reference_restricted_mean() {
    let mut seen = 0;
    for (case, r) in &figures() {
        let fields: Vec<&str> = case.split('/').collect();
        let ["rmst", name, unit, at] = fields[..] else { continue };
        let data = read(name, unit.parse().unwrap());
        let e = data.analyse(&*method("restricted-mean", at.parse().unwrap()));
        assert_eq!(e.status, Status::Estimated);
        near(e.parts[0], r["experimental"], 1e-12);
        near(e.parts[1], r["se.experimental"], 1e-12);
        near(e.parts[2], r["control"], 1e-12);
        near(e.parts[3], r["se.control"], 1e-12);
        near(e.se, r["se.experimental"].hypot(r["se.control"]), 1e-12);
        seen += 1;
    }
    assert_eq!(seen, 12);
}

#[test]
fn reference_ratio_of_proportions() {
    let figures = figures();
    for (name, arm, y) in [("birthwt", "smoke", "low"), ("infert", "spontaneous", "case")] {
        let table = Table::read(&format!("data/{name}"));
        let code = |name| table.column(name).iter().map(|&x| x as u8).collect::<Vec<u8>>();
        let (arm, y) = (code(arm), code(y));
        let data = Dataset {
            arm: &arm,
            response: Response::Binary(&y),
            covariates: Covariates::default(),
            strata: Default::default(),
        };
        let e = method("ratio-of-proportions", 0.0).analyse(&data, &RULE, &mut Scratch::default());
        let r = &figures[&format!("risk/{name}")];
        near(e.estimate, r["estimate"], 1e-9);
        near(e.se, r["se"], 1e-9);
    }
}
