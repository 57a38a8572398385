//! JSON Schema of the scenario language, made from its [`Form`]s: with it an editor completes keys and marks mistakes of
//! shape while they are typed.

use serde_json::{Map, Value, json};

use super::form::{Form, Key, Kind};
use super::language::{self, SCENARIO};

/// The schema of scenario files (JSON Schema, draft 2020-12).
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Definitions::default();
    let body = definitions.table(&SCENARIO);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("patency scenario"));
    schema.extend(body);
    schema.insert("$defs".to_owned(), Value::Object(definitions.written));
    Value::Object(schema)
}

/// Forms that have been written, each once.
#[derive(Default)]
struct Definitions {
    written: Map<String, Value>,
    /// Name of each form in `written`.
    known: Vec<(&'static Form, String)>,
}

impl Definitions {
    /// A reference to a form, which is written on first use.
    fn reference(&mut self, form: &'static Form) -> Value {
        let known = self.known.iter().find(|(f, _)| f.name == form.name && f.summary == form.summary);
        let name = if let Some((_, name)) = known {
            name.clone()
        } else {
            // Some tables have one name in two places, as `score` under an endpoint and under a tier.
            let alike = self.known.iter().filter(|(f, _)| f.name == form.name);
            let name = match alike.count() {
                0 => form.name.to_owned(),
                n => format!("{}-{}", form.name, n + 1),
            };
            self.known.push((form, name.clone()));
            let table = self.table(form);
            self.written.insert(name.clone(), Value::Object(table));
            name
        };
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn table(&mut self, form: &'static Form) -> Map<String, Value> {
        let mut properties = Map::new();
        for key in form.keys {
            properties.insert(key.name.to_owned(), self.property(key));
        }
        let required: Vec<&str> = form.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let mut table = Map::new();
        table.insert("description".to_owned(), json!(form.summary));
        table.insert("type".to_owned(), json!("object"));
        table.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            table.insert("required".to_owned(), json!(required));
        }
        table.insert("additionalProperties".to_owned(), json!(false));
        if let Some(choice) = language::choice(form) {
            let one = |key: &str| json!({ "required": [key] });
            let mut ways: Vec<Value> = choice.keys.iter().map(|key| one(key)).collect();
            if choice.none.is_none() {
                ways.push(json!({ "not": { "anyOf": ways.clone() } }));
            }
            table.insert("oneOf".to_owned(), json!(ways));
        }
        table
    }

    fn property(&mut self, key: &'static Key) -> Value {
        let mut property = match self.kind(&key.kind) {
            Value::Object(property) => property,
            other => return other,
        };
        property.insert("description".to_owned(), json!(key.doc));
        Value::Object(property)
    }

    fn kind(&mut self, kind: &'static Kind) -> Value {
        match kind {
            Kind::Text => json!({ "type": "string" }),
            Kind::Name => json!({ "type": "string", "pattern": NAME }),
            Kind::Identifier => json!({ "type": "string", "pattern": IDENTIFIER }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Integer(least, most) => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
            Kind::Number | Kind::Expression | Kind::Date => {
                json!({ "type": ["number", "string"] })
            }
            Kind::Condition => json!({ "type": "string" }),
            Kind::Word(words) => json!({ "enum": words }),
            Kind::List(item @ (Kind::Name | Kind::Identifier)) => {
                let item = self.kind(item);
                json!({ "anyOf": [item, { "type": "array", "items": item }] })
            }
            Kind::List(item) => json!({ "type": "array", "items": self.kind(item) }),
            Kind::Table(form) => self.reference(form),
            Kind::Tables(form) => json!({ "type": "array", "items": self.reference(form) }),
            Kind::Short(form) => match form.keys.first() {
                Some(first) => {
                    json!({ "anyOf": [self.kind(&first.kind), self.reference(form)] })
                }
                None => self.reference(form),
            },
            Kind::Quantity(form) => json!({
                "anyOf": [
                    { "type": ["number", "string"] },
                    { "type": "array", "items": { "type": ["number", "string"] } },
                    self.reference(form),
                ]
            }),
            Kind::Named(kind) => {
                let names = if matches!(kind, Kind::Short(_)) { IDENTIFIER } else { NAME };
                json!({
                    "type": "object",
                    "propertyNames": { "pattern": names },
                    "additionalProperties": self.kind(kind),
                })
            }
        }
    }
}

const NAME: &str = "^[A-Za-z0-9_/-]+$";
const IDENTIFIER: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
