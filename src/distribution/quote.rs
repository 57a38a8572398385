//! Ways of quoting a parameter, and what can be said against numbers before a run.

use super::{Domain, MOST_COUNTED, Quoted, is_count};
use crate::expr::Expr;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Key, Kind, Values};

/// Most levels of a coded variable.
pub(super) const MOST_LEVELS: usize = 32;

/// `hazard-ratio`, of every event time.
pub(super) const HAZARD_RATIO: Key = Key {
    name: "hazard-ratio",
    kind: Kind::Expression,
    required: false,
    doc: "Hazard ratio h ≥ 0 against a patient to whom the quoted figures apply: S(t)^h; default 1, and 0 means never.",
};

/// `risk`, of event times quoted by it.
pub(super) const RISK: Key = Key {
    name: "risk",
    kind: Kind::Expression,
    required: false,
    doc: "Probability of the event within `by` months, at least 0 and below 1; 0 means never.",
};

/// `by`, of event times quoted by a risk.
pub(super) const BY: Key = Key {
    name: "by",
    kind: Kind::Expression,
    required: false,
    doc: "Time by which the risk holds [months from entry].",
};

/// `median`, of event times quoted by it.
pub(super) const MEDIAN: Key = expression("median", false, "Month by which half the patients have had the event.");

/// `marginal`, of every event time.
pub(super) const MARGINAL: Key = Key {
    name: "marginal",
    kind: Kind::Flag,
    required: false,
    doc: "Whether the quoted figure is that of the enrolled controls together, for which the scale is solved before a run, and not of a patient whose hazard ratio is 1; of outcomes only, default false. Of a rate it is the median that is solved for.",
};

/// A key for an expression.
pub(super) const fn expression(name: &'static str, required: bool, doc: &'static str) -> Key {
    Key { name, kind: Kind::Expression, required, doc }
}

/// An event time quoted by one point of its curve: the cumulative hazard is `hazard` at `time`.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) hazard: Expr,
    pub(super) time: Expr,
}

impl Point {
    /// The point in arm `control`, where it is the same for all its patients.
    pub(super) fn numbers(&self, control: u8) -> Option<Quoted> {
        let number = |e: &Expr| e.specialise_arm(control).as_number();
        Quoted::new(number(&self.hazard)?, number(&self.time)?)
    }

    /// From `median`, or `risk` and `by`.
    pub(super) fn read(values: &Values) -> Result<Self, Complaint> {
        if values.get("median").is_some() {
            return Ok(Self {
                hazard: Expr::Number(std::f64::consts::LN_2),
                time: checked(values, "median", Domain::Positive)?,
            });
        }
        let risk = checked(values, "risk", Domain::Probability)?;
        if risk.as_number() == Some(1.0) {
            return Err(out_of_domain("risk", 1.0, "at least 0 and below 1"));
        }
        Ok(Self {
            // From 0 and not negated, so that a risk of 0 gives a hazard of 0 and not of −0, whose inverse is −∞.
            hazard: 0.0 - (1.0 - risk).ln(),
            time: checked(values, "by", Domain::Positive)?,
        })
    }
}

/// `hazard-ratio`, 1 where not given.
pub(super) fn hazard_ratio(values: &Values) -> Result<Expr, Complaint> {
    Ok(optional(values, "hazard-ratio", Domain::NonNegative)?.unwrap_or(Expr::Number(1.0)))
}

/// The expression at a key that is given, in its domain where it is a number.
pub(super) fn checked(values: &Values, key: &'static str, domain: Domain) -> Result<Expr, Complaint> {
    optional(values, key, domain)?.ok_or_else(|| Complaint {
        code: Code::Contradiction,
        key: None,
        message: format!("`{key}` is not given"),
        help: String::new(),
    })
}

/// The expression at a key that may be given.
pub(super) fn optional(values: &Values, key: &'static str, domain: Domain) -> Result<Option<Expr>, Complaint> {
    let Some(value) = values.expr(key) else {
        return Ok(None);
    };
    within(&value, key, domain)?;
    Ok(Some(value))
}

/// The expressions of a list of `least` to `most` items, in their domain where they are numbers.
pub(super) fn checked_list(
    values: &Values,
    key: &'static str,
    domain: Domain,
    (least, most): (usize, usize),
) -> Result<Vec<Expr>, Complaint> {
    let list = values.exprs(key);
    if list.len() < least || list.len() > most {
        return Err(Complaint {
            code: Code::WrongLength,
            key: Some(key),
            message: format!("`{key}` has {} items; {least} to {most} are allowed", list.len()),
            help: String::new(),
        });
    }
    for value in &list {
        within(value, key, domain)?;
    }
    Ok(list)
}

/// [`Domain::Count`] in words.
const COUNT: &str = "a whole number from 0 to 1,000,000,000";
const _: () = assert!(MOST_COUNTED == 1e9);

fn within(value: &Expr, key: &'static str, domain: Domain) -> Result<(), Complaint> {
    let (allowed, words) = match (value.as_number(), domain) {
        (None, _) => return Ok(()),
        (Some(x), Domain::Real) => (x.is_finite(), "a finite number"),
        (Some(x), Domain::Positive) => (x.is_finite() && x > 0.0, "greater than 0"),
        (Some(x), Domain::NonNegative) => (x.is_finite() && x >= 0.0, "0 or more"),
        (Some(x), Domain::Probability) => ((0.0..=1.0).contains(&x), "from 0 to 1"),
        (Some(x), Domain::OpenProbability) => (x > 0.0 && x < 1.0, "between 0 and 1"),
        (Some(x), Domain::Count) => (is_count(x), COUNT),
    };
    if allowed {
        return Ok(());
    }
    Err(out_of_domain(key, value.as_number().unwrap_or(f64::NAN), words))
}

/// A number that a key cannot have.
pub(super) fn out_of_domain(key: &'static str, x: f64, allowed: &str) -> Complaint {
    Complaint {
        code: Code::OutOfDomain,
        key: Some(key),
        message: format!("`{key}` is {x}; it must be {allowed}"),
        help: String::new(),
    }
}

/// Which of several ways of quoting was taken: exactly one must be given, and completely.
pub(super) fn one_way(values: &Values, ways: &[&[&'static str]]) -> Result<usize, Complaint> {
    let given = |key: &&&'static str| values.get(key).is_some();
    let complete = |way: &[&'static str]| {
        let others = ways.iter().flat_map(|w| w.iter()).filter(given);
        way.iter().all(|key| values.get(key).is_some()) && others.clone().all(|key| way.contains(key))
    };
    if let Some(taken) = ways.iter().position(|way| complete(way)) {
        return Ok(taken);
    }
    let mut found: Vec<&'static str> = Vec::new();
    for key in ways.iter().flat_map(|w| w.iter()).filter(given) {
        if !found.contains(key) {
            found.push(key);
        }
    }
    let allowed = ways.iter().map(|way| listed(way)).collect::<Vec<_>>().join(", or ");
    Err(Complaint {
        code: Code::Contradiction,
        key: found.last().copied(),
        message: if found.is_empty() {
            format!("none of the ways of quoting it is given: {allowed}")
        } else {
            format!("given: {}; allowed: {allowed}", listed(&found))
        },
        help: format!("keep one of {allowed}"),
    })
}

fn listed(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().map(|k| format!("`{k}`")).collect();
    quoted.join(" with ")
}
