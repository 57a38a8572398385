//! Text → the scenario as written: syntax first, then the shape of every table. Each pass reports all it can find.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Code, Diagnostic};
use super::form::{Form, Key, Kind, Span};
use super::language::{self, SCENARIO};
use super::written::{Entry, Formula, Item, Located, Table};
use crate::expr::nearest;

/// Longest scenario that is read [bytes]: hand-written files are a thousand times shorter.
const LONGEST: usize = 4 << 20;

/// The scenario as written, with its mistakes of syntax or shape. Where it is `sized` from elsewhere, `trial` needs no `n`.
pub(crate) fn read(text: &str, sized: bool) -> Result<Table, Vec<Diagnostic>> {
    if text.len() > LONGEST {
        let message = format!("the file has {} bytes; a scenario has at most {LONGEST}", text.len());
        return Err(vec![
            Diagnostic::new(Code::Syntax, 0..0, message)
                .help("is this a scenario? Patient data do not belong into one"),
        ]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(syntax(text, &errors));
    }
    let mut reader = Reader { text, sized, found: Vec::new() };
    let table = reader.table(table.get_ref(), 0..0, &SCENARIO);
    if reader.found.is_empty() { Ok(table) } else { Err(reader.found) }
}

/// One mistake a line: what follows the first is mostly its consequence.
fn syntax(text: &str, errors: &[toml::de::Error]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut last_line = None;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let start = span.start.min(text.len());
        let line = text.as_bytes()[..start].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        if last_line == Some(line) {
            continue;
        }
        last_line = Some(line);
        if error.message() == "duplicate key" {
            let key = text.get(span.clone()).unwrap_or("the key");
            found.push(
                Diagnostic::new(Code::DuplicateKey, span.clone(), format!("`{key}` stands twice in this table"))
                    .label("given before")
                    .help("write each key once; several entries of a kind are `[[double brackets]]`"),
            );
        } else {
            found.push(Diagnostic::new(Code::Syntax, span, format!("this is not TOML: {}", error.message())));
        }
    }
    found
}

struct Reader<'a> {
    text: &'a str,
    /// Whether the size of the trial comes from elsewhere.
    sized: bool,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn say(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    fn table(&mut self, table: &DeTable<'_>, span: Span, form: &'static Form) -> Table {
        let mut pairs: Vec<_> = table.iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        let mut read = Table { entries: Vec::with_capacity(pairs.len()), span: span.clone() };
        // A key that is misspelt is not missing as well.
        let mut misspelt: Vec<&str> = Vec::new();
        for (name, value) in pairs {
            let Some(key) = form.keys.iter().find(|k| k.name == name.get_ref().as_ref()) else {
                misspelt.extend(self.unknown_key(name.get_ref(), name.span(), form));
                continue;
            };
            if let Some(located) = self.value(value, key, &key.kind) {
                read.entries.push(Entry { key: key.name, key_span: name.span(), value: located });
            }
        }
        for key in form.keys {
            let missing = !table.contains_key(key.name) && !misspelt.contains(&key.name);
            let elsewhere = self.sized && (form.name, key.name) == ("trial", "n");
            if key.required && missing && !elsewhere {
                self.missing_key(key, span.clone(), form);
            }
        }
        self.choice(table, span, form);
        read
    }

    /// Reports a key that the form does not have; the key that was probably meant.
    fn unknown_key(&mut self, name: &str, span: Span, form: &Form) -> Option<&'static str> {
        let keys: Vec<&'static str> = form.keys.iter().map(|k| k.name).collect();
        let place = place_of(form);
        let near = nearest(name, keys.iter().copied());
        let help = if keys.is_empty() {
            format!("{place} has no keys: `{} = {{}}`", form.name)
        } else {
            let mut help = format!("keys of {place} are {}", listed(&keys));
            if let Some(near) = near {
                help.push_str(&format!("; did you mean `{near}`?"));
            }
            help
        };
        self.say(
            Diagnostic::new(Code::UnknownKey, span, format!("{place} has no key `{name}`"))
                .label("not a key here")
                .help(help),
        );
        near
    }

    fn missing_key(&mut self, key: &Key, span: Span, form: &Form) {
        self.say(
            Diagnostic::new(Code::MissingKey, span, format!("{} has no `{}`", place_of(form), key.name))
                .label(format!("needs `{}`", key.name))
                .help(format!("`{}`: {}", key.name, key.doc)),
        );
    }

    /// Entries that say their kind by a key say it once.
    fn choice(&mut self, table: &DeTable<'_>, span: Span, form: &Form) {
        let Some(choice) = language::choice(form) else {
            return;
        };
        let mut given: Vec<(&str, Span)> = table
            .iter()
            .filter(|(key, _)| choice.keys.contains(&key.get_ref().as_ref()))
            .map(|(key, _)| (key.get_ref().as_ref(), key.span()))
            .collect();
        given.sort_by_key(|(_, span)| span.start);
        let place = match table.get("name").and_then(|v| v.get_ref().as_str()) {
            Some(name) => format!("{} `{name}`", form.name),
            None => place_of(form),
        };
        match (given.as_slice(), choice.none) {
            ([], Some((lack, code))) => {
                // An unknown key is probably the choice, misspelt, and has been reported.
                let known = |name: &str| form.keys.iter().any(|k| k.name == name);
                if table.keys().all(|k| known(k.get_ref())) {
                    self.say(
                        Diagnostic::new(code, span, format!("{place} {lack}"))
                            .label("needs one")
                            .help(format!("one of {}", listed(&choice.keys))),
                    );
                }
            }
            ([(first, first_span), (second, second_span), ..], _) => {
                let (excess, code) = choice.several;
                self.say(
                    Diagnostic::new(code, second_span.clone(), format!("{place} {excess}: `{first}` and `{second}`"))
                        .label("the second")
                        .and(first_span.clone(), "the first")
                        .help("keep one of them"),
                );
            }
            _ => {}
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, key: &Key, kind: &'static Kind) -> Option<Located> {
        let span = value.span();
        let item = match (kind, value.get_ref()) {
            (Kind::Text, DeValue::String(x)) => Item::Text(x.to_string()),
            (Kind::Name | Kind::Identifier, DeValue::String(x)) => {
                self.check_name(x, &span, kind)?;
                Item::Text(x.to_string())
            }
            (Kind::Word(words), DeValue::String(x)) => {
                if !words.contains(&x.as_ref()) {
                    self.unknown_word(x, span, key, words);
                    return None;
                }
                Item::Text(x.to_string())
            }
            (Kind::Flag, DeValue::Boolean(x)) => Item::Flag(*x),
            (Kind::Integer(low, high), DeValue::Integer(x)) => match i64::from_str_radix(x.as_str(), x.radix()) {
                Ok(x) if (*low..=*high).contains(&x) => Item::Integer(x),
                _ => {
                    let message = format!("`{}` is {x}", key.name);
                    self.say(
                        Diagnostic::new(Code::OutOfDomain, span, message)
                            .label(format!("allowed: {low} to {high}"))
                            .help(format!("`{}`: {}", key.name, key.doc)),
                    );
                    return None;
                }
            },
            (
                Kind::Number | Kind::Expression | Kind::Date | Kind::Quantity(_),
                DeValue::Integer(_) | DeValue::Float(_),
            ) => Item::Number(self.number(value, key)?),
            (Kind::Number | Kind::Expression | Kind::Condition | Kind::Quantity(_), DeValue::String(x)) => {
                Item::Formula(formula(self.text, x, span.clone()))
            }
            (Kind::Date, DeValue::String(x)) => match x.parse() {
                Ok(date) => Item::Date(date),
                Err(_) => {
                    self.bad_date(x, span, key);
                    return None;
                }
            },
            (Kind::Date, DeValue::Datetime(x)) if x.time.is_none() => match x.to_string().parse() {
                Ok(date) => Item::Date(date),
                Err(_) => {
                    self.bad_date(&x.to_string(), span, key);
                    return None;
                }
            },
            (Kind::List(kind), DeValue::Array(values)) => {
                let items: Vec<Option<Located>> = values.iter().map(|v| self.value(v, key, kind)).collect();
                Item::List(items.into_iter().collect::<Option<_>>()?)
            }
            // One name stands for a list of one.
            (Kind::List(kind @ (Kind::Identifier | Kind::Name)), DeValue::String(_)) => {
                Item::List(vec![self.value(value, key, kind)?])
            }
            (Kind::Quantity(_), DeValue::Array(values)) => {
                let items: Vec<Option<Located>> = values.iter().map(|v| self.value(v, key, &Kind::Number)).collect();
                Item::List(items.into_iter().collect::<Option<_>>()?)
            }
            (Kind::Table(form) | Kind::Quantity(form), DeValue::Table(table)) => {
                Item::Table(self.table(table, span.clone(), form))
            }
            (Kind::Tables(form), DeValue::Array(values)) if values.iter().all(|v| v.get_ref().is_table()) => {
                Item::Tables(
                    values
                        .iter()
                        .filter_map(|v| Some((v.get_ref().as_table()?, v.span())))
                        .map(|(table, span)| self.table(table, span, form))
                        .collect(),
                )
            }
            (Kind::Short(form), DeValue::Table(table)) => Item::Table(self.table(table, span.clone(), form)),
            (Kind::Short(form), DeValue::Integer(_) | DeValue::Float(_) | DeValue::String(_) | DeValue::Array(_))
                if !value.get_ref().is_array() || matches!(form.keys, [Key { kind: Kind::Quantity(_), .. }, ..]) =>
            {
                let first = form.keys.first()?;
                let located = self.value(value, first, &first.kind)?;
                Item::Table(Table {
                    entries: vec![Entry { key: first.name, key_span: span.clone(), value: located }],
                    span: span.clone(),
                })
            }
            (Kind::Named(kind), DeValue::Table(table)) => self.named(table, key, kind),
            (kind, _) => {
                self.wrong_type(value, key, kind);
                return None;
            }
        };
        Some(Located { item, span })
    }

    fn named(&mut self, table: &DeTable<'_>, key: &Key, kind: &'static Kind) -> Item {
        let names = if matches!(kind, Kind::Short(_)) { &Kind::Identifier } else { &Kind::Name };
        let mut pairs: Vec<_> = table.iter().collect();
        pairs.sort_by_key(|(name, _)| name.span().start);
        let mut read = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let fits = self.check_name(name.get_ref(), &name.span(), names);
            let located = self.value(value, key, kind);
            if let (Some(()), Some(located)) = (fits, located) {
                read.push((name.get_ref().to_string(), name.span(), located));
            }
        }
        Item::Named(read)
    }

    fn number(&mut self, value: &Spanned<DeValue<'_>>, key: &Key) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Integer(x) => i64::from_str_radix(x.as_str(), x.radix()).ok().map(|x| x as f64),
            DeValue::Float(x) => x.as_str().parse().ok().filter(|x: &f64| x.is_finite()),
            _ => None,
        };
        if number.is_none() {
            self.say(
                Diagnostic::new(Code::NotFinite, value.span(), format!("`{}` is not a finite number", key.name))
                    .label("NaN, infinite, or too large to hold")
                    .help(format!("`{}`: {}", key.name, key.doc)),
            );
        }
        number
    }

    fn check_name(&mut self, name: &str, span: &Span, kind: &Kind) -> Option<()> {
        let identifier = matches!(kind, Kind::Identifier);
        let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || !identifier && "-/".contains(c))
            && name.chars().next().is_some_and(|c| !identifier || !c.is_ascii_digit())
            && name.len() <= 200;
        if fits {
            return Some(());
        }
        let (allowed, proposal) = if identifier {
            ("letters a to z, digits and `_`, and begin with a letter or `_`", proposal(name, false))
        } else {
            ("letters a to z, digits, `_`, `-` and `/`", proposal(name, true))
        };
        let help = match proposal {
            Some(proposal) => format!("names have {allowed}, for example `{proposal}`"),
            None => format!("names have {allowed}"),
        };
        self.say(
            Diagnostic::new(Code::BadName, span.clone(), format!("`{}` cannot be a name", shortened(name))).help(help),
        );
        None
    }

    fn unknown_word(&mut self, word: &str, span: Span, key: &Key, words: &[&str]) {
        let mut help = format!("`{}` is {}", key.name, alternatives(words));
        if let Some(near) = nearest(word, words.iter().copied()) {
            help.push_str(&format!("; did you mean `\"{near}\"`?"));
        }
        let message = format!("`{}` cannot be `{}`", key.name, shortened(word));
        self.say(Diagnostic::new(Code::UnknownWord, span, message).label("not one of its words").help(help));
    }

    fn bad_date(&mut self, text: &str, span: Span, key: &Key) {
        let message = format!("`{}` is not a date", shortened(text));
        self.say(
            Diagnostic::new(Code::BadDate, span, message)
                .label("not in the calendar")
                .help(format!("dates are written \"2023-01-31\". `{}`: {}", key.name, key.doc)),
        );
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, key: &Key, kind: &Kind) {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with decimals",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{}` is {found}; it should be {}", key.name, wanted(kind));
        let mut help = format!("`{}`: {}", key.name, key.doc);
        if let Some(example) = example(key, kind) {
            help = format!("for example `{example}`. {}", key.doc);
        }
        self.say(Diagnostic::new(Code::WrongType, value.span(), message).label(found).help(help));
    }
}

/// How a table is called in messages.
fn place_of(form: &Form) -> String {
    match form.name {
        "scenario" => "the scenario".to_owned(),
        name => format!("`{name}`"),
    }
}

/// A kind in words.
fn wanted(kind: &Kind) -> String {
    match kind {
        Kind::Text => "text in quotation marks".to_owned(),
        Kind::Name | Kind::Identifier => "a name in quotation marks".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Integer(..) => "a whole number".to_owned(),
        Kind::Number => "a number, or an expression of parameters in quotation marks".to_owned(),
        Kind::Expression => "a number, or an expression in quotation marks".to_owned(),
        Kind::Condition => "a condition in quotation marks".to_owned(),
        Kind::Word(words) => alternatives(words),
        Kind::Date => "a date in quotation marks, or months".to_owned(),
        Kind::List(Kind::Name | Kind::Identifier) => "a name, or a list of names".to_owned(),
        Kind::List(Kind::Expression) => "a list of numbers or expressions".to_owned(),
        Kind::List(Kind::Number) => "a list of numbers".to_owned(),
        Kind::List(Kind::Integer(..)) => "a list of whole numbers".to_owned(),
        Kind::List(Kind::Text) => "a list of texts".to_owned(),
        Kind::List(kind) => format!("a list, each item {}", wanted(kind)),
        Kind::Table(_) => "a table".to_owned(),
        Kind::Tables(_) => "a list of tables".to_owned(),
        Kind::Short(form) => format!("a number or a table, as `{}`", form.example),
        Kind::Quantity(_) => {
            "a number, an expression of parameters in quotation marks, or a prior distribution".to_owned()
        }
        Kind::Named(_) => "a table".to_owned(),
    }
}

/// How the key could be written.
fn example(key: &Key, kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Table(form) if !form.example.is_empty() => {
            format!("{} = {}", key.name, form.example)
        }
        Kind::Tables(form) => format!("{} = [{}]", key.name, form.example),
        Kind::Condition => format!("{} = \"age >= 18\"", key.name),
        Kind::List(Kind::Number) => format!("{} = [0, 6]", key.name),
        _ => return None,
    })
}

/// `a`, `b` and `c`.
pub(crate) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    joined(names, "and", "`")
}

fn alternatives(words: &[&str]) -> String {
    joined(words, "or", "\"")
}

fn joined<S: AsRef<str>>(names: &[S], last: &str, quote: &str) -> String {
    // A list of hundreds of sites helps no one.
    const MOST: usize = 32;
    let mut out = String::new();
    let shown = names.len().min(MOST);
    for (i, name) in names[..shown].iter().enumerate() {
        if i > 0 {
            out.push_str(if i + 1 == names.len() { " " } else { ", " });
            if i + 1 == names.len() {
                out.push_str(last);
                out.push(' ');
            }
        }
        out.push_str(quote);
        out.push_str(shortened(name.as_ref()).as_str());
        out.push_str(quote);
    }
    if names.len() > shown {
        out.push_str(&format!(" and {} more", names.len() - shown));
    }
    out
}

/// Text that fits into a message.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain("…".chars()).collect() }
}

/// The nearest text that can be a name.
fn proposal(text: &str, hyphens: bool) -> Option<String> {
    let mut out = String::new();
    for c in shortened(text).chars() {
        if c.is_ascii_alphanumeric() || c == '_' || hyphens && "-/".contains(c) {
            out.push(c);
        } else if !out.ends_with(['_', '-']) && !out.is_empty() {
            out.push(if hyphens { '-' } else { '_' });
        }
    }
    let out = out.trim_end_matches(['_', '-']).to_owned();
    if out.is_empty() {
        None
    } else if !hyphens && out.starts_with(|c: char| c.is_ascii_digit()) {
        Some(format!("x{out}"))
    } else {
        Some(out)
    }
}

/// An expression and where its text begins: known where the string has no escapes.
fn formula(source: &str, text: &str, span: Span) -> Formula {
    let start = source.get(span.clone()).and_then(|raw| {
        let quote = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|q| raw.len() >= 2 * q.len() && raw.starts_with(q) && raw.ends_with(q))?;
        let inner = &raw[quote.len()..raw.len() - quote.len()];
        let lead = inner.strip_suffix(text)?;
        ["", "\n", "\r\n"].contains(&lead).then(|| span.start + quote.len() + lead.len())
    });
    Formula { text: text.to_owned(), span, start }
}
