//! Variants: the file as written, with entries replaced or switched off.

use super::Resolver;
use crate::expr::nearest;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::language::ENTRIES;
use crate::scenario::reader::{listed, shortened};
use crate::scenario::written::{Item, Located, Table};

impl Resolver {
    /// References of every variant, also of those that are not asked for.
    pub(super) fn check_variants(&mut self, file: &Table) {
        for (name, span, located) in file.named("variant") {
            if name == super::BASE {
                self.say(
                    Diagnostic::new(Code::BadName, span.clone(), "a variant cannot be called `base`")
                        .label("taken")
                        .help("`base` is the file as written"),
                );
            }
            let Item::Table(variant) = &located.item else {
                continue;
            };
            self.check_parameters(file, variant);
            self.check_replacements(file, variant, name);
            self.check_nulls(file, variant);
            for off in variant.list("off") {
                self.entry_to_switch_off(file, off);
            }
        }
    }

    fn check_parameters(&mut self, file: &Table, variant: &Table) {
        let known: Vec<&str> = file.named("parameters").iter().map(|(name, ..)| name.as_str()).collect();
        for (name, span, _) in variant.named("parameters") {
            if !known.contains(&name.as_str()) {
                let located = Located { item: Item::Text(name.clone()), span: span.clone() };
                let diagnostic = self.unknown(Code::UnknownParameter, "parameter", &located, &known);
                self.say(diagnostic);
            }
        }
    }

    fn check_replacements(&mut self, file: &Table, variant: &Table, variant_name: &str) {
        for kind in ENTRIES {
            let known = names(file, kind);
            let mut seen: Vec<(&str, &Located)> = Vec::new();
            for entry in variant.tables(kind) {
                let Some(name) = entry.get("name") else {
                    continue;
                };
                let text = name.text();
                if !known.contains(&text) && !ADDED.contains(&kind) {
                    let mut help = match known.as_slice() {
                        [] => format!("the file has no [[{kind}]]"),
                        known => format!("entries of [[{kind}]] are {}", listed(known)),
                    };
                    if let Some(near) = nearest(text, known.iter().copied()) {
                        help.push_str(&format!("; did you mean `{near}`?"));
                    }
                    self.say(
                        Diagnostic::new(
                            Code::UnknownEntry,
                            name.span.clone(),
                            format!(
                                "variant `{variant_name}` replaces the {kind} `{}`, which the file does not have",
                                shortened(text)
                            ),
                        )
                        .label("nothing to replace")
                        .help(help),
                    );
                }
                if let Some((_, first)) = seen.iter().find(|(known, _)| *known == text) {
                    self.say(
                        Diagnostic::new(
                            Code::DuplicateName,
                            name.span.clone(),
                            format!("variant `{variant_name}` replaces the {kind} `{text}` twice"),
                        )
                        .label("replaced again")
                        .and(first.span.clone(), "replaced here"),
                    );
                }
                seen.push((text, name));
            }
        }
    }

    /// The kind and name of the entry that `off` means.
    fn entry_to_switch_off<'a>(&mut self, file: &Table, off: &'a Located) -> Option<(&'static str, &'a str)> {
        let text = off.text();
        let mut found: Vec<(&'static str, &str)> =
            ENTRIES.into_iter().filter(|kind| names(file, kind).contains(&text)).map(|kind| (kind, text)).collect();
        if found.is_empty() {
            found.extend(ENTRIES.into_iter().filter_map(|kind| {
                let name = text.strip_prefix(kind)?.strip_prefix('.')?;
                names(file, kind).contains(&name).then_some((kind, name))
            }));
        }
        match found.as_slice() {
            [one] => Some(*one),
            [] => {
                let all = ENTRIES.into_iter().flat_map(|kind| names(file, kind));
                let help = match nearest(text, all) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "the names of variables, criteria, sites, outcomes, visits, endpoints, analyses, families of hypotheses, looks, rules and reviews of the sample size can stand here".to_owned(),
                };
                self.say(
                    Diagnostic::new(
                        Code::UnknownOff,
                        off.span.clone(),
                        format!("no entry is called `{}`", shortened(text)),
                    )
                    .label("nothing to switch off")
                    .help(help),
                );
                None
            }
            several => {
                let forms: Vec<String> = several.iter().map(|(kind, name)| format!("{kind}.{name}")).collect();
                self.say(
                    Diagnostic::new(
                        Code::AmbiguousOff,
                        off.span.clone(),
                        format!("several entries are called `{}`", shortened(text)),
                    )
                    .label("which one?")
                    .help(format!("say its kind as well: {}", listed(&forms))),
                );
                None
            }
        }
    }

    /// The file with a variant's entries in place of its own.
    pub(super) fn with_variant(&mut self, mut file: Table, asked: Option<&str>) -> Option<Table> {
        let Some(asked) = asked.filter(|&name| name != super::BASE) else {
            return Some(file);
        };
        let found =
            file.named("variant").iter().find(|(name, ..)| name == asked).map(|(.., located)| located.item.clone());
        let Some(Item::Table(variant)) = found else {
            let known: Vec<&str> = std::iter::once(super::BASE)
                .chain(file.named("variant").iter().map(|(name, ..)| name.as_str()))
                .collect();
            let mut help = format!("variants are {}", listed(&known));
            if let Some(near) = nearest(asked, known.iter().copied()) {
                help.push_str(&format!("; did you mean `{near}`?"));
            }
            self.say(
                Diagnostic::without_place(Code::UnknownVariant, format!("no variant is called `{}`", shortened(asked)))
                    .help(help),
            );
            return None;
        };
        let off: Vec<(&'static str, String)> = variant
            .list("off")
            .iter()
            .filter_map(|off| {
                // Mistakes have been reported for all variants together.
                let before = self.found.len();
                let entry = self.entry_to_switch_off(&file, off);
                self.found.truncate(before);
                entry.map(|(kind, name)| (kind, name.to_owned()))
            })
            .collect();
        self.off = off.iter().map(|(_, name)| name.clone()).collect();
        // what is true in one world need not be so in another
        file.entries.retain(|entry| entry.key != "nulls");
        file.entries.extend(variant.entry("nulls").cloned());
        for key in ADDED {
            if let Some(added) = variant.entry(key).filter(|_| !file.has(key)) {
                file.entries.push(crate::scenario::written::Entry {
                    value: Located { item: Item::Tables(Vec::new()), span: added.value.span.clone() },
                    ..added.clone()
                });
            }
        }
        for entry in &mut file.entries {
            let key = entry.key;
            if let Item::Tables(tables) = &mut entry.value.item {
                for replacement in variant.tables(key) {
                    if let Some(place) = tables.iter_mut().find(|t| t.text("name") == replacement.text("name")) {
                        *place = replacement.clone();
                    } else if ADDED.contains(&key) {
                        tables.push(replacement.clone());
                    }
                }
                tables.retain(|t| !off.iter().any(|(kind, name)| *kind == key && t.text("name") == Some(name)));
            }
            if key == "parameters"
                && let Item::Named(parameters) = &mut entry.value.item
            {
                self.replace_parameters(parameters, &variant, asked);
            }
        }
        Some(file)
    }

    fn replace_parameters(
        &mut self,
        parameters: &mut [(String, crate::scenario::form::Span, Located)],
        variant: &Table,
        variant_name: &str,
    ) {
        for (name, _, replacement) in variant.named("parameters") {
            let Some((.., place)) = parameters.iter_mut().find(|(known, ..)| known == name) else {
                continue;
            };
            let (Item::Table(old), Item::Table(new)) = (&mut place.item, &replacement.item) else {
                continue;
            };
            let source = new.text("source").map_or_else(
                || format!("variant {variant_name}, in place of: {}", old.text("source").unwrap_or_default()),
                str::to_owned,
            );
            let value = new.entry("value").cloned();
            old.entries.retain_mut(|entry| match (entry.key, &value) {
                ("value", Some(value)) => {
                    *entry = value.clone();
                    true
                }
                ("source", _) => {
                    entry.value.item = Item::Text(source.clone());
                    true
                }
                _ => true,
            });
            for key in ["null", "range"] {
                if let Some(entry) = new.entry(key) {
                    old.entries.retain(|e| e.key != key);
                    old.entries.push(entry.clone());
                }
            }
        }
    }
}

/// Kinds of entries of which a variant may have others than the file: what is done to a trial, rather than what it is.
const ADDED: [&str; 3] = ["look", "rule", "reestimation"];

/// Names of a kind of entry.
fn names<'a>(file: &'a Table, kind: &str) -> Vec<&'a str> {
    file.tables(kind).iter().filter_map(|t| t.text("name")).collect()
}
