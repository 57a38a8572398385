//! The template is a valid scenario, every key of the language stands in it, and what stands behind a `#` could be used.

use std::collections::BTreeSet;

use patency::scenario::form::{Form, Kind};
use patency::scenario::language::SCENARIO;
use patency::scenario::{Options, TEMPLATE, variants};
use toml::Value;

use super::{good, good_with};

/// A key of a form; some forms share a name, none a summary.
type Place = (&'static str, &'static str, &'static str);

fn place(form: &'static Form, key: &'static str) -> Place {
    (form.summary, form.name, key)
}

/// Every key of every form that can be reached from a form.
fn all_keys(form: &'static Form, found: &mut BTreeSet<Place>) {
    for key in form.keys {
        if found.insert(place(form, key.name)) {
            for_each_form(&key.kind, &mut |inner| all_keys(inner, found));
        }
    }
}

fn for_each_form(kind: &'static Kind, see: &mut dyn FnMut(&'static Form)) {
    match kind {
        Kind::Table(form) | Kind::Tables(form) | Kind::Short(form) => see(form),
        Kind::List(kind) | Kind::Named(kind) => for_each_form(kind, see),
        _ => {}
    }
}

/// Notes the keys of a table that stand in the language; panics at one that does not.
fn visit(table: &toml::Table, form: &'static Form, found: &mut BTreeSet<Place>) {
    for (name, value) in table {
        let key =
            form.keys.iter().find(|k| k.name == name).unwrap_or_else(|| panic!("`{}` has no key `{name}`", form.name));
        found.insert(place(form, key.name));
        visit_value(value, &key.kind, found);
    }
}

fn visit_value(value: &Value, kind: &'static Kind, found: &mut BTreeSet<Place>) {
    match (kind, value) {
        (Kind::Table(form) | Kind::Short(form) | Kind::Tables(form), Value::Table(table)) => {
            visit(table, form, found);
        }
        (Kind::Tables(_), Value::Array(values)) => {
            for value in values {
                visit_value(value, kind, found);
            }
        }
        (Kind::Short(form), _) => {
            found.insert(place(form, form.keys[0].name));
        }
        (Kind::Named(kind), Value::Table(table)) => {
            for (_, value) in table {
                visit_value(value, kind, found);
            }
        }
        _ => {}
    }
}

/// The template's lines behind a `#` that are TOML, each under the header that it stands below.
fn alternatives() -> Vec<(String, String)> {
    let mut header = String::new();
    let mut found = Vec::new();
    for line in TEMPLATE.lines() {
        if line.starts_with('[') {
            header = line.split('#').next().unwrap().trim().to_owned();
        } else if let Some(line) = line.strip_prefix("# ")
            && line.parse::<toml::Table>().is_ok_and(|t| !t.is_empty())
        {
            found.push((header.clone(), line.to_owned()));
        }
    }
    found
}

#[test]
fn contract_the_template_runs_in_every_variant() {
    good(TEMPLATE);
    let variants = variants(TEMPLATE).unwrap();
    assert_eq!(variants, ["base", "null", "wider"]);
    for variant in &variants {
        let options = Options { variant: Some(variant), ..Options::default() };
        assert_eq!(good_with(TEMPLATE, &options).variant, *variant);
    }
}

#[test]
fn contract_every_key_stands_in_the_template() {
    let mut found = BTreeSet::new();
    visit(&TEMPLATE.parse().unwrap(), &SCENARIO, &mut found);
    for (header, line) in alternatives() {
        let text = format!("{header}\n{line}\n");
        visit(&text.parse().unwrap(), &SCENARIO, &mut found);
    }
    // A variant's entries are those of the file: their keys need not stand twice.
    for kind in [
        "variable",
        "exclusion",
        "site",
        "outcome",
        "visit",
        "endpoint",
        "analysis",
        "multiplicity",
        "look",
        "rule",
        "reestimation",
    ] {
        assert!(TEMPLATE.contains(&format!("[[variant.wider.{kind}]]")), "{kind}");
        let text = format!("[[variant.wider.{kind}]]");
        visit(&text.parse().unwrap(), &SCENARIO, &mut found);
    }
    let mut all = BTreeSet::new();
    all_keys(&SCENARIO, &mut all);
    let missing: Vec<String> = all.difference(&found).map(|(_, form, key)| format!("{form}.{key}")).collect();
    assert!(missing.is_empty(), "not in the template: {missing:?}");
    assert!(all.len() > 150, "{} keys", all.len());
}

/// Each alternative in place of what is in use under its header: mistakes of shape are not allowed, and of meaning only
/// such as follow from the exchange (an analysis that does not fit the endpoint, a variable that is now a category).
#[test]
fn contract_every_alternative_could_be_used() {
    let lines = alternatives();
    assert!(lines.len() > 50, "{} alternatives", lines.len());
    for (header, line) in lines {
        let key = line.split(['.', ' ']).next().unwrap();
        let text = match header.as_str() {
            "[[variable]]" | "[[outcome]]" => {
                format!("{}\n{header}\nname = \"alternative\"\n{line}\n", TEMPLATE)
            }
            "[observation]" => TEMPLATE.replace("dropout.exponential = { risk = 0.1, by = 12 }", &line),
            "[trial]" => TEMPLATE.replace("allocation.blocks = {", &format!("{line} #")),
            "[enrolment]" => {
                let at = TEMPLATE.find("[[site]]").unwrap();
                let end = TEMPLATE
                    .find("# ---------------------------------------------------------------- outcomes")
                    .unwrap();
                // patients are added to a trial only where they arrive at rates
                let review = TEMPLATE.find("[[reestimation]]").unwrap();
                let after = review + TEMPLATE[review..].find("\n\n# ---").unwrap();
                let rest = format!("{}{}", &TEMPLATE[end..review], &TEMPLATE[after..]);
                format!("{}{rest}", TEMPLATE[..at].replace(&format!("# {line}"), &line))
                    .replace(", by-site = true", "")
                    .replace("\"site.Bern\", ", "")
            }
            "[[analysis]]" | "[[endpoint]]" | "[[exclusion]]" | "[[multiplicity]]" => {
                // Below another way of saying it, which it replaces.
                let at = TEMPLATE.find(&format!("# {line}")).unwrap();
                let entry = TEMPLATE[..at].rfind("\n[[").unwrap() + 1;
                let before = TEMPLATE[entry..at]
                    .lines()
                    .filter(|l| {
                        let in_use =
                            ["ancova", "prevalence", "binary", "ordinal", "covariates", "relevant", "estimand", "holm"];
                        // strata stand beside a method
                        key == "strata" || !in_use.iter().any(|k| l.starts_with(&format!("{k} =")))
                    })
                    .collect::<Vec<_>>()
                    .join("\n");
                let text = format!("{}{before}\n{line}\n{}", &TEMPLATE[..entry], &TEMPLATE[at..]);
                // fewer events are better, and the planned effect is fewer
                match header == "[[endpoint]]" && key == "binary" && line.contains("better = \"lower\"") {
                    true => text.replace("pooled-rate = { difference = 0.15 }", "pooled-rate = { difference = -0.15 }"),
                    false => text,
                }
            }
            "[[look]]" => TEMPLATE
                .replace("horizon = 12  ", "events = { count = 80, endpoint = \"rescue\" } # ")
                .replace("complete = { share = 0.5, endpoint = \"response\" }    #", &format!("{line} #")),
            "[[reestimation]]" => {
                let of = match key {
                    "pooled-variance" => "analysis = \"primary\"\nmost",
                    "follow-up" => "analysis = \"rescue\"\n# most",
                    "pooled-events" => "analysis = \"rescue\"\nmost",
                    _ => {
                        "analysis = \"response\"                     # its endpoint, patients, level, sides and margin\nmost"
                    }
                };
                TEMPLATE
                    .replace("analysis = \"response\"                     # its endpoint, patients, level, sides and margin\nmost", of)
                    .replace("pooled-rate = { difference = 0.15 }       #", &format!("{line} #"))
            }
            "[[rule]]" => {
                // in place of the bounds of a rule that tests; posterior probabilities are of analyses that give one
                let line = format!("{line} #");
                let tested = TEMPLATE.replace("difference-of-proportions = {}\nmargin", "beta-binomial = {}\nmargin");
                let text = if line.contains("probability = ") { tested.as_str() } else { TEMPLATE };
                let other = if line.contains("probability = ") && key == "futility" {
                    "efficacy = { probability = [0.99, 0.975] }\n"
                } else {
                    "efficacy = { spending = \"hwang-shih-decani\", gamma = -4 }\n"
                };
                let old = "efficacy = { spending = \"hwang-shih-decani\", gamma = -4 }\n";
                match key {
                    "efficacy" => text.replace(old, &format!("{line}\n")),
                    _ => text.replace(old, &format!("{other}{line}\n")).replace(
                        "difference-of-proportions = {}\nmargin",
                        "difference-of-proportions = {}\nsides = 1\nmargin",
                    ),
                }
            }
            _ => TEMPLATE.replace(&format!("# {line}"), &line),
        };
        assert!(text != TEMPLATE, "{header} {line}: {key} was not put in place");
        let allowed = ["wrong-endpoint-for-method", "wrong-covariates"];
        if let Err(report) = patency::scenario::read(&text, &Options::default()) {
            let real = report.codes().iter().any(|c| !allowed.contains(&c.as_str()));
            assert!(!real, "{header} {line}\n{}", report.render(&text, "template.toml", false));
        }
    }
}
