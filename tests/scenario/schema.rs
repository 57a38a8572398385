//! The JSON schema accepts what the reader accepts, and refuses mistakes of shape.

use patency::scenario::{TEMPLATE, schema};
use serde_json::{Value, json};

use super::scenarios;

/// Whether a value fits a schema, for the keywords that [`schema`] writes.
fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(keyword, rule)| {
        let object = value.as_object();
        match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                fits(value, root.pointer(pointer).unwrap(), root)
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|t| is(value, t.as_str().unwrap())),
                one => is(value, one.as_str().unwrap()),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_i64().is_none_or(|x| x >= rule.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|x| x <= rule.as_i64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| is_name(text, rule.as_str().unwrap())),
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(item, rule, root))),
            "anyOf" => rule.as_array().unwrap().iter().any(|s| fits(value, s, root)),
            "oneOf" => rule.as_array().unwrap().iter().filter(|s| fits(value, s, root)).count() == 1,
            "not" => !fits(value, rule, root),
            "required" => {
                object.is_none_or(|o| rule.as_array().unwrap().iter().all(|k| o.contains_key(k.as_str().unwrap())))
            }
            "properties" => object.is_none_or(|o| o.iter().all(|(k, v)| rule.get(k).is_none_or(|s| fits(v, s, root)))),
            "additionalProperties" => object.is_none_or(|o| {
                let named = schema.get("properties").and_then(Value::as_object);
                o.iter()
                    .filter(|(k, _)| named.is_none_or(|n| !n.contains_key(*k)))
                    .all(|(_, v)| *rule != json!(false) && fits(v, rule, root))
            }),
            "propertyNames" => object.is_none_or(|o| o.keys().all(|k| fits(&Value::String(k.clone()), rule, root))),
            "$schema" | "$defs" | "title" | "description" => true,
            other => panic!("the checker does not know `{other}`"),
        }
    })
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        other => panic!("the checker does not know the type `{other}`"),
    }
}

/// The two patterns for names.
fn is_name(text: &str, pattern: &str) -> bool {
    let identifier = match pattern {
        "^[A-Za-z_][A-Za-z0-9_]*$" => true,
        "^[A-Za-z0-9_/-]+$" => false,
        other => panic!("the checker does not know the pattern {other}"),
    };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || !identifier && "-/".contains(c);
    let begins = |c: char| !identifier || !c.is_ascii_digit();
    text.chars().all(word) && text.chars().next().is_some_and(begins)
}

fn fits_schema(text: &str) -> bool {
    let table: toml::Table = text.parse().unwrap();
    let schema = schema();
    fits(&serde_json::to_value(table).unwrap(), &schema, &schema)
}

#[test]
fn contract_good_scenarios_fit_the_schema() {
    assert!(fits_schema(TEMPLATE));
    for (name, text) in scenarios("good") {
        assert!(fits_schema(&text), "{name}");
    }
}

#[test]
fn contract_mistakes_of_shape_do_not_fit_the_schema() {
    let shape = [
        "unknown-key",
        "missing-key",
        "unknown-word",
        "wrong-type",
        "bad-name",
        "no-distribution",
        "several-distributions",
        "no-method",
        "several-methods",
        "no-measure",
        "several-measures",
        "no-rule",
        "several-rules",
        "several-allocations",
    ];
    let bad = scenarios("bad");
    for code in shape {
        let (_, text) = bad.iter().find(|(name, _)| name == code).unwrap();
        assert!(!fits_schema(text), "{code}");
    }
}

#[test]
fn contract_mistakes_of_meaning_fit_the_schema() {
    let bad = scenarios("bad");
    for code in ["unknown-name", "hidden-name", "unknown-endpoint", "block-size", "window-order"] {
        let (_, text) = bad.iter().find(|(name, _)| name == code).unwrap();
        assert!(fits_schema(text), "{code}");
    }
}

#[test]
fn contract_every_property_is_described() {
    fn walk(value: &Value, described: &mut usize) {
        match value {
            Value::Object(object) => {
                if let Some(Value::Object(properties)) = object.get("properties") {
                    for (name, property) in properties {
                        let text = property.get("description").and_then(Value::as_str);
                        assert!(text.is_some_and(|t| t.len() > 3), "{name}");
                        *described += 1;
                    }
                }
                object.values().for_each(|v| walk(v, described));
            }
            Value::Array(values) => values.iter().for_each(|v| walk(v, described)),
            _ => {}
        }
    }
    let mut described = 0;
    walk(&schema(), &mut described);
    assert!(described > 150, "{described}");
}
