//! What people see: help, `check` and the table of `run`.

use insta::{Settings, assert_snapshot};

use super::{P1, printed};

fn shown(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!(name, text));
}

#[test]
fn help() {
    shown("help", &printed(&["--help"]));
    shown("help-run", &printed(&["run", "--help"]));
}

#[test]
fn check_of_p1() {
    shown("check-p1", &printed(&["check", P1]));
}

#[test]
fn table_of_p1() {
    let folder = tempfile::tempdir().unwrap();
    let out = super::text(folder.path());
    let table = printed(&["run", P1, "--replicates", "200", "--out", out]);
    let lines: Vec<&str> = table.lines().collect();
    let timing = lines.iter().position(|l| l.contains("trials a second")).expect("a line of times");
    let stable: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(i, line)| if i == timing { "[times]".to_owned() } else { line.replace(out, "[folder]") })
        .collect();
    shown("run-p1", &stable.join("\n"));
}
