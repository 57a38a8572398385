//! What the repository says of a method: its file, its sources, the tests that exercise it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files of a folder and of those in it, with an extension, in alphabetical order.
pub(super) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            match () {
                () if path.is_dir() => folders.push(path),
                () if path.extension().is_some_and(|e| e == extension) => files.push(path),
                () => {}
            }
        }
    }
    files.sort();
    files
}

/// A path from the root, with slashes.
pub(super) fn shown(path: &Path) -> String {
    let parts = path.strip_prefix(root()).expect("it is in the repository").components();
    parts.map(|p| p.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}

/// A function or constant of a test file, without comments.
struct Item {
    name: String,
    /// Whether it stands at the margin: methods of a test's types have names too common to follow.
    outermost: bool,
    text: String,
}

/// The word after `fn`, `const` or `static`, where a line begins such an item.
fn opens(line: &str) -> Option<(&str, bool)> {
    let indent = line.len() - line.trim_start().len();
    if indent > 4 {
        return None;
    }
    let mut words = line.split_whitespace().skip_while(|w| w.starts_with("pub"));
    let known = matches!(words.next()?, "fn" | "const" | "static");
    let name = words.next()?.split(['(', '<', ':']).next()?;
    (known && !name.is_empty()).then_some((name, indent == 0))
}

fn items(text: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
        if let Some((name, outermost)) = opens(line) {
            items.push(Item { name: name.to_owned(), outermost, text: String::new() });
        }
        if let Some(item) = items.last_mut() {
            item.text.push_str(line);
            item.text.push('\n');
        }
    }
    items
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect()
}

/// Grades of evidence, as names of tests begin.
pub(super) const GRADES: [(&str, &str); 4] =
    [("by_hand_", "By hand"), ("twin_", "Slow twins"), ("contract_", "Contracts"), ("statistical_", "Statistical")];

/// A test: its name, its file from the root, and the text of it and of what it uses nearby.
pub(super) struct Test {
    pub name: String,
    pub file: String,
    text: String,
}

/// All graded tests of `tests/` and of the methods' own files.
pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for path in files("tests", "rs").into_iter().chain(files("src/analysis", "rs")) {
        let read = |p: &Path| items(&std::fs::read_to_string(p).unwrap_or_default());
        let here = read(&path);
        let folder = path.with_file_name("mod.rs");
        let shared = if folder == path { Vec::new() } else { read(&folder) };
        for item in here.iter().filter(|i| GRADES.iter().any(|(g, _)| i.name.starts_with(g))) {
            let mut used = vec![item];
            let mut next = 0;
            while next < used.len() {
                let named = words(&used[next].text);
                let graded = |i: &Item| GRADES.iter().any(|(g, _)| i.name.starts_with(g));
                let more = here.iter().chain(&shared).filter(|i| {
                    i.outermost
                        && !graded(i)
                        && named.contains(i.name.as_str())
                        && !used.iter().any(|u| u.name == i.name)
                });
                let more: Vec<&Item> = more.collect();
                used.extend(more);
                next += 1;
            }
            let text = used.iter().map(|i| i.text.as_str()).collect();
            tests.push(Test { name: item.name.clone(), file: shown(&path), text });
        }
    }
    tests
}

/// Where a method is written, and by whom it was published.
pub(super) struct Method {
    /// Its file from the root.
    pub file: String,
    /// Paragraphs of its docstrings that name sources.
    pub sources: Vec<String>,
    key: String,
    /// Its public type, and public functions of the folders that it uses: what tests may name.
    names: Vec<String>,
}

impl Method {
    pub(super) fn find(key: &str) -> Self {
        let form = format!("Form = Form {{\n    name: \"{key}\"");
        let all = files("src/analysis", "rs");
        let texts: Vec<String> = all.iter().map(|p| std::fs::read_to_string(p).expect("sources are text")).collect();
        let at = texts.iter().position(|t| t.contains(&form)).unwrap_or_else(|| panic!("{key} has no file"));
        let of = |prefix: &str| {
            texts[at]
                .lines()
                .filter_map(|l| l.strip_prefix(prefix))
                .map(|l| l.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        let methods = of("impl Analysis for ");
        let mut names: Vec<String> = of("pub struct ").into_iter().filter(|t| methods.contains(t)).collect();
        for (path, text) in all.iter().zip(&texts) {
            let folder = path
                .parent()
                .and_then(|f| f.file_name())
                .map_or_else(String::new, |f| f.to_string_lossy().into_owned());
            let used = texts[at].contains(&format!("use super::{folder}::"))
                || texts[at].contains(&format!("use crate::analysis::{folder}::"));
            if used && folder != "analysis" {
                // names of several words are the function's alone
                let functions = text.lines().filter_map(|l| l.strip_prefix("pub fn ")?.split(['(', '<']).next());
                names.extend(functions.filter(|f| f.contains('_')).map(str::to_owned));
            }
        }
        Self { file: shown(&all[at]), sources: sources(&texts[at]), key: key.to_owned(), names }
    }

    /// Whether a test exercises it: by its key, its type, or from its own file or folder; tests of the language and of the engine
    /// use methods without proving them, save where they are statistical.
    pub(super) fn exercised(&self, test: &Test) -> bool {
        let text = test.text.as_str();
        let apart = ["tests/scenario/", "tests/dossier/", "tests/command/", "tests/engine/"];
        if apart.iter().any(|f| test.file.starts_with(f)) && !test.name.starts_with("statistical_") {
            return false;
        }
        let folder = self.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        test.file == self.file
            || folder != "src/analysis" && test.file.starts_with(folder)
            || text.contains(&format!("\"{}\"", self.key))
            || text.contains(&format!("{} = {{", self.key))
            || self.names.iter().any(|t| words(text).contains(t.as_str()))
    }
}

/// Paragraphs of docstrings that begin with `Source:`, on one line each.
fn sources(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim);
        let begins = doc.and_then(|d| d.strip_prefix("Source:").or_else(|| d.strip_prefix("`Source`:")));
        match (doc, begins) {
            (_, Some(rest)) => {
                found.push(rest.trim().to_owned());
                open = true;
            }
            (Some(more), None) if open && !more.is_empty() => {
                let last = found.last_mut().expect("one is open");
                last.push(' ');
                last.push_str(more);
            }
            _ => open = false,
        }
    }
    found
}

#[test]
fn by_hand_paragraphs_of_sources() {
    let text =
        "/// It.\n///\n/// `Source`: A (1900),\n/// eq. 2.\n///\n/// More.\n//! Source: B.\nfn f() {}\n/// after\n";
    assert_eq!(sources(text), ["A (1900), eq. 2.", "B."]);
}

#[test]
fn by_hand_items_and_what_they_use() {
    let text = "const A: u8 = 1;\n// \"log-rank\"\nfn helper() { A }\nproptest! {\n    #[test]\n    fn twin_x(a in 0..2) { helper() }\n}\n";
    let found = items(text);
    let names: Vec<&str> = found.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["A", "helper", "twin_x"]);
    assert!(found.iter().all(|i| !i.text.contains("log-rank")));
}
