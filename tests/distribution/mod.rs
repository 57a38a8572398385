//! The family of distributions.

mod contract;
mod goodness_of_fit;
mod quoting;
mod reference;
mod refusal;
mod stability;

use patency::distribution::{Arg, Distribution, FAMILY};
use patency::expr::{Expr, Meaning, Scope, check, parse};
use patency::scenario::form::{Complaint, Form, Kind, Value, Values};

/// Two arms, as in the examples.
struct Arms;

impl Scope for Arms {
    fn look_up(&self, name: &str) -> Meaning {
        match name {
            "control" => Meaning::Arm(0),
            "treatment" => Meaning::Arm(1),
            _ => Meaning::Unknown,
        }
    }

    fn known(&self) -> Vec<String> {
        vec!["control".into(), "treatment".into()]
    }
}

fn number(value: &toml::Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|i| i as f64))
}

fn read(kind: &Kind, value: &toml::Value) -> Value {
    match (kind, value) {
        (Kind::Number, v) => Value::Number(number(v).expect("a number")),
        (Kind::Expression, toml::Value::String(text)) => {
            let tree = parse(text).expect("an expression");
            Value::Expr(check(&tree, &Arms).expect("known names"))
        }
        (Kind::Expression, v) => Value::Expr(Expr::Number(number(v).expect("a number"))),
        (Kind::List(kind), toml::Value::Array(items)) => {
            Value::List(items.iter().map(|v| (read(kind, v), 0..0)).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// The values of a table written in TOML, each of the kind that the form says.
fn values(form: &Form, table: &str) -> Values {
    let parsed: toml::Table = format!("x = {table}").parse().expect("TOML");
    let entries = parsed["x"]
        .as_table()
        .expect("a table")
        .iter()
        .map(|(name, value)| {
            let key = form.keys.iter().find(|k| k.name == name).expect(name);
            (key.name, read(&key.kind, value), 0..0)
        })
        .collect();
    Values { entries, span: 0..0 }
}

fn try_build(member: &str, table: &str) -> Result<Box<dyn Distribution>, Complaint> {
    let member = FAMILY.iter().find(|m| m.form.name == member).expect(member);
    (member.build)(&values(member.form, table))
}

fn build(member: &str, table: &str) -> Box<dyn Distribution> {
    try_build(member, table).expect(table)
}

/// The canonical parameters in an arm.
fn parameters(law: &dyn Distribution, arm: u8) -> Vec<f64> {
    let value = |p: patency::distribution::Parameter| p.value.specialise_arm(arm).as_number();
    law.parameters().into_iter().map(|p| value(p).expect("a number in each arm")).collect()
}

fn quantile(law: &dyn Distribution, u: &[f64], arm: u8) -> Vec<f64> {
    let p = parameters(law, arm);
    let p: Vec<Arg<'_>> = p.iter().map(|x| Arg::One(*x)).collect();
    let mut out = vec![f64::NAN; u.len()];
    law.quantile(u, &p, &mut out);
    out
}

fn close(found: f64, wanted: f64, tolerance: f64) -> bool {
    found == wanted || ((found - wanted) / wanted).abs() <= tolerance
}
