//! The scenario as written: every key is known to its table and every value fits its kind, but names are still names,
//! expressions are still text, and what was not written is not there.

use super::form::Span;

/// A table, its entries in the order of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
    pub(crate) span: Span,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: &'static str,
    pub(crate) key_span: Span,
    pub(crate) value: Located,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) item: Item,
    pub(crate) span: Span,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Text(String),
    Flag(bool),
    Integer(i64),
    Number(f64),
    /// An expression, not yet parsed.
    Formula(Formula),
    Date(jiff::civil::Date),
    List(Vec<Located>),
    Table(Table),
    Tables(Vec<Table>),
    Named(Vec<(String, Span, Located)>),
}

/// The text of an expression and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Formula {
    pub(crate) text: String,
    /// The string, quotation marks included.
    pub(crate) span: Span,
    /// Where the text begins in the file, if it stands there character for character.
    pub(crate) start: Option<usize>,
}

impl Formula {
    /// Place in the file of some bytes of the text.
    pub(crate) fn place(&self, within: &Span) -> Span {
        match self.start {
            Some(start) => {
                let end = within.end.min(self.text.len()).max(within.start);
                start + within.start..start + end
            }
            None => self.span.clone(),
        }
    }
}

impl Table {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Located> {
        self.entry(key).map(|e| &e.value)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// The place of the value at `key`, or of the whole table where it was not given.
    pub(crate) fn span_of(&self, key: &str) -> Span {
        self.get(key).map_or_else(|| self.span.clone(), |v| v.span.clone())
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)?.item {
            Item::Text(ref x) => Some(x),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)?.item {
            Item::Flag(x) => Some(x),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key)?.item {
            Item::Integer(x) => Some(x),
            _ => None,
        }
    }

    pub(crate) fn list(&self, key: &str) -> &[Located] {
        match self.get(key).map(|v| &v.item) {
            Some(Item::List(xs)) => xs,
            _ => &[],
        }
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Table> {
        match self.get(key)?.item {
            Item::Table(ref x) => Some(x),
            _ => None,
        }
    }

    pub(crate) fn tables(&self, key: &str) -> &[Table] {
        match self.get(key).map(|v| &v.item) {
            Some(Item::Tables(xs)) => xs,
            _ => &[],
        }
    }

    pub(crate) fn named(&self, key: &str) -> &[(String, Span, Located)] {
        match self.get(key).map(|v| &v.item) {
            Some(Item::Named(xs)) => xs,
            _ => &[],
        }
    }
}

impl Located {
    /// Text, names and words.
    pub(crate) fn text(&self) -> &str {
        match &self.item {
            Item::Text(x) => x,
            _ => "",
        }
    }
}
