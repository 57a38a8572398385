//! Mistakes in looks and rules: a file and a snapshot each; the part of its name before the dot is the code.

use super::{read_with_options, scenarios};

#[test]
fn contract_bad_looks_and_rules_are_refused_with_their_place() {
    let files = scenarios("looks");
    assert!(files.len() >= 15, "{} files", files.len());
    insta::with_settings!({ snapshot_path => "../snapshots/looks", prepend_module_to_snapshot => false, omit_expression => true }, {
        for (name, text) in files {
            let report = read_with_options(&text).expect_err(&name);
            let code = name.split('.').next().expect("a code");
            let codes: Vec<&str> = report.codes().into_iter().map(|c| c.as_str()).collect();
            assert!(codes.iter().all(|c| *c == code), "{name} gives {codes:?}");
            insta::assert_snapshot!(name.as_str(), report.render(&text, &format!("{name}.toml"), false));
        }
    });
}
