//! Propensity scores and what is weighted by them.

mod by_hand;
mod contract;
mod reference;
mod statistical;
mod twin;

use patency::analysis::{Analysis, Covariates, Dataset, Estimate, FAMILY, Response, Rule, Scratch, Status};
use patency::scenario::form::{Complaint, Value, Values};

pub(crate) use crate::analysis_survival::{RULE, Table, near};

/// Keys as written, `weights=att trim=0.05`, as a method would be given them.
fn values(method: &str, written: &str) -> Values {
    let member = FAMILY.iter().find(|m| m.form.name == method).expect("a method");
    let entries = written.split_whitespace().map(|pair| {
        let (key, value) = pair.split_once('=').expect("key=value");
        let key = member.form.keys.iter().find(|k| k.name == key).unwrap_or_else(|| panic!("no key {key}")).name;
        let value = match (key, value) {
            ("strata", whole) => Value::Integer(whole.parse().expect("a whole number")),
            (_, "true" | "false") => Value::Flag(value == "true"),
            _ => value.parse().map_or_else(|_| Value::Text(value.to_owned()), Value::Number),
        };
        (key, value, 0..0)
    });
    Values { entries: entries.collect(), span: 0..0 }
}

fn build(method: &str, written: &str) -> Result<Box<dyn Analysis>, Complaint> {
    let member = FAMILY.iter().find(|m| m.form.name == method).expect("a method");
    (member.build)(&values(method, written))
}

fn method(name: &str, written: &str) -> Box<dyn Analysis> {
    build(name, written).unwrap_or_else(|c| panic!("{name} {written}: {c:?}"))
}

/// Patients that a test owns.
#[derive(Clone, Debug, Default)]
struct Patients {
    arm: Vec<u8>,
    /// A binary response; empty where there is none.
    y: Vec<u8>,
    time: Vec<f64>,
    event: Vec<u8>,
    competing: Vec<u8>,
    /// Columns of covariates.
    x: Vec<Vec<f64>>,
}

impl Patients {
    /// A data set of tests/reference/data, times in units of so many days, rounded up.
    fn read(name: &str, unit: f64, covariates: &str) -> Self {
        let table = Table::read(&format!("data/{name}"));
        let code = |name: &str| table.column(name).iter().map(|&x| x as u8).collect::<Vec<u8>>();
        let x = covariates.split('+').map(|name| table.column(name)).collect();
        match name {
            "birthwt" => Self { arm: code("smoke"), y: code("low"), x, ..Self::default() },
            "lalonde" => Self { arm: code("arm"), y: code("y"), x, ..Self::default() },
            _ => Self {
                arm: code("arm"),
                time: table.column("time").iter().map(|t| (t / unit).ceil()).collect(),
                event: code("event"),
                competing: if name == "colon" { Vec::new() } else { code("competing") },
                x,
                y: Vec::new(),
            },
        }
    }

    fn response(&self) -> Response<'_> {
        if self.y.is_empty() {
            Response::Time { time: &self.time, event: &self.event, competing: &self.competing }
        } else {
            Response::Binary(&self.y)
        }
    }

    /// Calls `see` with the data set.
    fn with<T>(&self, see: impl FnOnce(&Dataset<'_>) -> T) -> T {
        let values = self.x.concat();
        let covariates = Covariates { values: &values, count: self.x.len() };
        see(&Dataset { arm: &self.arm, response: self.response(), covariates, strata: Default::default() })
    }

    fn analyse_with(&self, analysis: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        self.with(|data| analysis.analyse(data, rule, scratch))
    }

    fn analyse(&self, name: &str, written: &str) -> Estimate {
        self.analyse_with(&*method(name, written), &RULE, &mut Scratch::default())
    }

    fn weights(&self, written: &str, rule: &Rule) -> Result<Vec<f64>, Status> {
        let name = if self.y.is_empty() { "weighted-cox" } else { "weighted-difference" };
        let mut out = Vec::new();
        let analysis = method(name, written);
        self.with(|data| analysis.weights(data, rule, &mut Scratch::default(), &mut out))?;
        Ok(out)
    }
}
