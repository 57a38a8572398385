//! `patency validate`: the reference cases on the user's machine.

use super::{call, patency, printed, refused, text};

#[test]
fn every_figure_is_within_its_tolerance_and_the_report_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["md", "html", "json"] {
        let path = folder.path().join(format!("report.{extension}"));
        let said = printed(&["validate", "--out", text(&path)]);
        assert!(said.contains("Passed: ") && said.contains("every one within its tolerance"), "{said}");
        let report = std::fs::read_to_string(&path).unwrap();
        assert!(report.contains("survival-lung") && report.contains(env!("CARGO_PKG_VERSION")), "{report}");
    }
    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["passed"], true);
    assert!(report["comparisons"].as_array().unwrap().iter().all(|c| c["holds"] == true));
}

#[test]
fn a_report_of_another_kind_is_refused_before_anything_is_computed() {
    assert!(refused(&["validate", "--out", "report.docx"], 2).contains("docx"));
    let nowhere = call(&mut patency(&["validate", "--out", "no/such/folder/report.md"]));
    assert_eq!(nowhere.code, Some(1), "{}", nowhere.err);
}
