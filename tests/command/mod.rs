//! Covers: the program as it is called. What it prints and writes, what it refuses and with which exit code, and that it ends well
//! when files, pipes, disks or its user do not let it go on.

mod analyse;
mod bounds;
mod certify;
mod cohort;
mod compare;
mod ending;
mod families;
mod input;
mod looks;
mod multiplicity;
mod parts;
mod replay;
mod run;
mod size;
mod snapshot;
mod sweep;
mod validate;
mod with_r;
mod written;

use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const P1: &str = "scenarios/yardstick/p1-binary.toml";
const P2: &str = "scenarios/yardstick/p2-log-rank.toml";
const P4: &str = "scenarios/yardstick/p4-win-ratio.toml";
const DEFIANCE: &str = "scenarios/defiance.toml";

/// Nothing in these tests takes a fraction of this, however busy the machine.
const HANG: Duration = Duration::from_secs(120);

/// The program, called in the project's folder.
fn patency(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patency"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("COLUMNS")
        .env_remove("LINES")
        .env_remove("RAYON_NUM_THREADS");
    command.timeout(HANG).args(arguments);
    command
}

/// What a call printed, and how it ended.
struct Called {
    code: Option<i32>,
    out: String,
    err: String,
}

fn call(command: &mut Command) -> Called {
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is text");
    let called = Called { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
    assert!(!called.err.contains("panicked"), "{}", called.err);
    called
}

/// The standard output of a call that must succeed.
fn printed(arguments: &[&str]) -> String {
    let called = call(&mut patency(arguments));
    assert_eq!(called.code, Some(0), "{arguments:?}: {}", called.err);
    assert_eq!(called.err, "", "{arguments:?}");
    called.out
}

/// The message of a call that must be refused with this exit code: at least one error, nothing on standard output.
fn refused(arguments: &[&str], code: i32) -> String {
    let called = call(&mut patency(arguments));
    assert_eq!(called.code, Some(code), "{arguments:?}: {}{}", called.out, called.err);
    assert_eq!(called.out, "", "{arguments:?}");
    assert!(called.err.starts_with("error"), "{arguments:?}: {}", called.err);
    called.err
}

/// A folder of results.
struct Results(TempDir);

impl Results {
    /// What `patency run` with these arguments writes.
    fn of(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let results = Self(folder);
        printed(&[&["run"], arguments, &["--out", results.folder()]].concat());
        results
    }

    fn folder(&self) -> &str {
        text(self.0.path())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes("result.json")).expect("JSON is text")
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text()).expect("result.json is JSON")
    }

    /// The names of all files, in order.
    fn files(&self) -> Vec<String> {
        files(self.0.path())
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let name = |e: std::io::Result<std::fs::DirEntry>| e.expect("an entry").file_name().into_string();
    let mut names: Vec<String> = entries.map(|e| name(e).expect("names are text")).collect();
    names.sort();
    names
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

/// A scenario with parts of it replaced, each of which must be there.
fn changed(scenario: &str, replacements: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(scenario);
    let mut text = std::fs::read_to_string(path).expect("the scenario is there");
    for (from, to) in replacements {
        assert!(text.contains(from), "{scenario} has no {from}");
        text = text.replacen(from, to, 1);
    }
    text
}

/// A file in a temporary folder that lives as long as the value.
struct Written {
    folder: TempDir,
    name: &'static str,
}

impl Written {
    fn new(name: &'static str, content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join(name), content).expect("the file can be written");
        Self { folder, name }
    }

    fn path(&self) -> String {
        text(&self.folder.path().join(self.name)).to_owned()
    }

    /// A path beside it at which nothing is.
    fn out(&self) -> String {
        text(&self.folder.path().join("out")).to_owned()
    }
}

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("no number at {pointer} of {value}"))
}

fn word<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no list at {pointer} of {value}"))
}
