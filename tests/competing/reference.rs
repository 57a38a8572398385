//! Against R on real data: `tests/reference/competing.R` prints `competing.csv`.

use std::collections::BTreeMap;

use patency::analysis::Status;

use super::{Data, method};
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
    Data {
        time: table.column("time").iter().map(|t| (t / unit).ceil()).collect(),
        event: code("event"),
        competing: Vec::new(),
        arm: code("arm"),
        covariates: Vec::new(),
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
