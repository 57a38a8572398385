//! One file, one message and one snapshot for every kind of mistake.

use patency::scenario::diagnostic::Code;

use super::{read_with_options, scenarios};

#[test]
fn contract_every_code_has_its_file_and_every_file_its_code() {
    let mut codes: Vec<&str> = Code::all().iter().map(|c| c.as_str()).collect();
    codes.sort_unstable();
    let files: Vec<String> = scenarios("bad").into_iter().map(|(name, _)| name).collect();
    assert_eq!(files, codes);
}

#[test]
fn contract_codes_are_unique_kebab_case() {
    let mut codes: Vec<&str> = Code::all().iter().map(|c| c.as_str()).collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
    assert!(codes.iter().all(|c| c.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
}

#[test]
fn contract_every_bad_scenario_gives_its_own_code_and_no_other() {
    for (name, text) in scenarios("bad") {
        let report = read_with_options(&text).expect_err(&name);
        let codes: Vec<&str> = report.codes().into_iter().map(|c| c.as_str()).collect();
        assert!(codes.iter().all(|code| *code == name), "{name} gives {codes:?}");
    }
}

#[test]
fn contract_every_message_is_as_in_its_snapshot() {
    insta::with_settings!({ snapshot_path => "../snapshots/bad", prepend_module_to_snapshot => false, omit_expression => true }, {
        for (name, text) in scenarios("bad") {
            let report = read_with_options(&text).expect_err(&name);
            insta::assert_snapshot!(
                name.as_str(),
                report.render(&text, &format!("{name}.toml"), false)
            );
        }
    });
}

#[test]
fn contract_colours_only_when_asked() {
    let (_, text) = scenarios("bad").swap_remove(0);
    let report = read_with_options(&text).unwrap_err();
    assert!(!report.render(&text, "a.toml", false).contains('\u{1b}'));
    assert!(report.render(&text, "a.toml", true).contains('\u{1b}'));
}
