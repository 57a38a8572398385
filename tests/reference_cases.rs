//! Covers: analyses of real data against other software: `tests/reference/cases`.

use std::collections::BTreeSet;
use std::path::Path;

use patency::validation::CASES;

/// Names of the files of a folder with an extension, without it.
fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(folder);
    let files = std::fs::read_dir(folder).expect("the folder is there").map(|f| f.expect("an entry").path());
    let of = |p: &std::path::PathBuf| p.extension().is_some_and(|e| e == extension);
    files.filter(of).map(|p| p.file_stem().and_then(|s| s.to_str()).expect("names are text").to_owned()).collect()
}

#[test]
fn reference_cases_agree_with_other_software() {
    let mut wrong = Vec::new();
    for case in CASES {
        match case.run() {
            Ok(checks) => {
                if checks.is_empty() {
                    wrong.push(format!("{} compares nothing", case.name));
                }
                for c in checks.iter().filter(|c| !c.holds()) {
                    wrong.push(format!(
                        "{} {} {}: found {:e}, {} has {:e}: deviation {:e}, allowed {:e}",
                        c.case,
                        c.analysis,
                        c.quantity,
                        c.found,
                        c.by,
                        c.reference,
                        c.deviation(),
                        c.tolerance
                    ));
                }
            }
            Err(why) => wrong.push(format!("{}: {why}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn contract_every_case_is_listed_and_has_its_script() {
    let listed: BTreeSet<String> = CASES.iter().map(|c| c.name.to_owned()).collect();
    assert_eq!(listed.len(), CASES.len(), "a case stands twice in the list");
    assert_eq!(listed, names("cases", "toml"));
    assert_eq!(listed, names("cases", "csv"));
    let scripts: BTreeSet<String> = names("cases", "R").union(&names("cases", "py")).cloned().collect();
    for case in CASES {
        let named = |s: &&String| {
            case.name == **s || case.figures.contains(&format!("{s}.R")) || case.figures.contains(&format!("{s}.py"))
        };
        assert!(scripts.iter().any(|s| named(&s)), "{} has no script", case.name);
        let data = format!("file = \"../data/{}.csv\"", case.data_name);
        assert!(case.scenario.contains(&data), "{} does not read {data}", case.name);
    }
}
