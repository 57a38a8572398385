//! `patency bounds`.

use super::{printed, refused};

#[test]
fn a_boundary_is_printed_with_what_it_takes() {
    let arguments = ["bounds", "--looks", "0.5,0.75,1", "--hazard-ratio", "0.75", "--efficacy", "obrien-fleming"];
    let text = printed(&arguments);
    // the bounds of a trial with looks at 190, 285 and 380 events
    for figure in ["2.9626", "2.3590", "2.0141"] {
        assert!(text.contains(figure), "{text}");
    }
}

#[test]
fn json_has_every_figure() {
    let arguments = ["bounds", "--looks", "3", "--futility", "z:0,none", "--means", "-0.4,1.3", "--format", "json"];
    let json: serde_json::Value = serde_json::from_str(&printed(&arguments)).expect("JSON");
    assert_eq!(json["looks"].as_array().map(Vec::len), Some(3));
    assert_eq!(json["looks"][0]["lower"], 0.0);
    assert!(json["looks"][1]["lower"].is_null());
    assert!(json["looks"][0]["effect"].as_f64().is_some_and(|x| x < 0.0), "in the direction of the alternative");
    assert!(json["sizes"]["most"].as_f64() > json["sizes"]["fixed"].as_f64());
}

#[test]
fn mistakes_say_what_is_wrong() {
    let says = |arguments: &[&str], words: &str| {
        let text = refused(&[&["bounds"], arguments].concat(), 2);
        assert!(text.contains(words), "{text}");
    };
    says(&["--looks", "0.5,0.4,1"], "ascend");
    says(&["--looks", "0,1"], "ascend");
    says(&["--looks", "0.5,1.2"], "ascend");
    says(&["--looks", "0.5,1", "--efficacy", "pocok"], "did you mean `pocock`");
    says(&["--looks", "0.5,1", "--efficacy", "haybittle-peto:1"], "nothing is left");
    says(&["--looks", "0.5,1", "--power", "1"], "not between 0 and 1");
    says(&["--looks", "0.5,1", "--hazard-ratio", "1"], "not 1");
    says(&["--looks", "0.5,1", "--means", "1"], "two numbers");
    says(&["--looks", "0.5,1", "--efficacy", "kim-demets:-1"], "above 0");
    says(&["--looks", "0.5,1", "--sides", "2", "--alpha", "0.05", "--futility", "pocock"], "two-sided");
}
