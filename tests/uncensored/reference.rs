//! Against R on real data: `tests/reference/<method>.R` prints `<method>.csv`.

use std::collections::BTreeMap;
use std::fs;

use patency::analysis::wald::{critical_value, t_critical_value, t_upper_tail};
use patency::analysis::{Analysis, Status};
use patency::math::tail::normal_upper_tail;

use super::{Rows, Y, close, method, rule};

type Figures = BTreeMap<String, BTreeMap<String, f64>>;

fn lines(path: &str) -> Vec<String> {
    let path = format!("{}/tests/reference/{path}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    (text.lines().filter(|l| !l.starts_with('#'))).map(str::to_owned).collect()
}

fn figures(name: &str) -> Figures {
    let mut out = Figures::new();
    for line in &lines(name)[1..] {
        let fields: Vec<&str> = line.split(',').collect();
        (out.entry(fields[0].to_owned()).or_default()).insert(fields[1].to_owned(), fields[2].parse().unwrap());
    }
    out
}

struct Frame(BTreeMap<String, Vec<f64>>);

impl Frame {
    fn read(name: &str) -> Self {
        let lines = lines(&format!("data/{name}"));
        let names: Vec<&str> = lines[0].split(',').collect();
        let mut out = BTreeMap::new();
        for line in &lines[1..] {
            for (name, value) in names.iter().zip(line.split(',')) {
                (out.entry((*name).to_owned()).or_insert_with(Vec::new)).push(value.parse().unwrap());
            }
        }
        Self(out)
    }

    fn codes(&self, name: &str) -> Vec<u8> {
        self.0[name].iter().map(|x| *x as u8).collect()
    }

    fn binary(&self, arm: &str, y: &str) -> Rows {
        Rows::new(&self.codes(arm), Y::Binary(self.codes(y)))
    }

    /// With more levels than occur, so that empty categories stand in the middle and at both ends.
    fn ordinal(&self, arm: &str, y: &str) -> Rows {
        let spread: Vec<u8> = self.codes(y).iter().map(|c| 2 * c + 1).collect();
        let levels = spread.iter().max().unwrap() + 2;
        Rows::new(&self.codes(arm), Y::Ordinal(spread, levels))
    }

    fn score(&self, arm: &str, y: &str) -> Rows {
        Rows::new(&self.codes(arm), Y::Score(self.0[y].clone()))
    }

    fn adjust(&self, mut rows: Rows, covariates: &[&str]) -> Rows {
        for name in covariates {
            rows = rows.with(&self.0[*name]);
        }
        rows
    }
}

/// Every figure of the case, to `tolerance` relative.
#[track_caller]
fn agree(figures: &Figures, case: &str, rows: &Rows, analysis: &dyn Analysis, tolerance: f64) {
    let estimate = rows.analyse(analysis, &rule(analysis));
    assert_eq!(estimate.status, Status::Estimated, "{case}");
    assert_eq!(estimate.n as usize, rows.arm.len(), "{case}");
    for (quantity, expected) in &figures[case] {
        let found = match quantity.as_str() {
            "estimate" => estimate.estimate,
            "se" => estimate.se,
            "lower" => estimate.lower,
            "upper" => estimate.upper,
            "z" => estimate.z,
            "p" => estimate.p,
            "two.sided" => 2.0 * estimate.p.min(1.0 - estimate.p),
            "df" => estimate.parts[2],
            other => panic!("{other}"),
        };
        let scale = expected.abs().max(if quantity == "p" { 0.0 } else { 1e-3 });
        assert!((found - expected).abs() <= tolerance * scale, "{case} {quantity}: {found:?}, R has {expected:?}");
    }
}

#[test]
fn reference_difference_of_proportions() {
    let f = figures("difference_of_proportions");
    let extreme = Rows::new(&[0, 0, 0, 0, 0, 1, 1, 1, 1], Y::Binary(vec![0, 0, 0, 0, 1, 1, 1, 1, 0]));
    for (case, rows) in [
        ("proportions/birthwt", Frame::read("birthwt").binary("smoke", "low")),
        ("proportions/infert", Frame::read("infert").binary("spontaneous", "case")),
        ("proportions/extreme", extreme),
    ] {
        for test in ["pooled-z", "chi-square"] {
            let plain = method("difference-of-proportions", &[("test", test)], &[]);
            agree(&f, case, &rows, &*plain, 1e-12);
            let corrected = method("difference-of-proportions", &[("test", test)], &["continuity"]);
            agree(&f, &format!("{case}/continuity"), &rows, &*corrected, 1e-12);
        }
    }
}

#[test]
fn reference_logistic() {
    let f = figures("logistic");
    let logistic = method("logistic", &[], &[]);
    let (birthwt, infert) = (Frame::read("birthwt"), Frame::read("infert"));
    let b = || birthwt.binary("smoke", "low");
    let i = || infert.binary("spontaneous", "case");
    agree(&f, "logistic/birthwt", &b(), &*logistic, 1e-10);
    agree(&f, "logistic/infert", &i(), &*logistic, 1e-10);
    let covariates = ["age", "lwt", "black", "other", "ht", "ui"];
    let rows = birthwt.adjust(b(), &covariates);
    agree(&f, "logistic/birthwt/adjusted", &rows, &*logistic, 1e-10);
    let rows = infert.adjust(i(), &["induced", "age", "parity"]);
    agree(&f, "logistic/infert/adjusted", &rows, &*logistic, 1e-10);
}

#[test]
fn reference_proportional_odds() {
    let f = figures("proportional_odds");
    let odds = method("proportional-odds", &[], &[]);
    let (housing, lung) = (Frame::read("housing"), Frame::read("lung_scores"));
    let types = ["medium", "high", "apartment", "atrium", "terrace"];
    for (case, frame, arm, y, covariates) in [
        ("odds/housing", &housing, "contact", "sat", &types[..]),
        ("odds/ecog", &lung, "female", "ecog", &["age", "wtloss"]),
        ("odds/karno", &lung, "female", "karno", &["age", "mealcal"]),
    ] {
        let rows = frame.ordinal(arm, y);
        agree(&f, case, &rows, &*odds, 1e-9);
        let rows = frame.adjust(rows, covariates);
        agree(&f, &format!("{case}/adjusted"), &rows, &*odds, 1e-9);
    }
}

#[test]
fn reference_wilcoxon() {
    let f = figures("wilcoxon");
    let wilcoxon = method("wilcoxon", &[], &[]);
    let lung = Frame::read("lung_scores");
    let birthwt = Frame::read("birthwt");
    for (case, rows) in [
        ("toothgrowth", Frame::read("toothgrowth").score("juice", "len")),
        ("sleep", Frame::read("sleep").score("drug", "extra")),
        ("wtloss", lung.score("female", "wtloss")),
        ("housing", Frame::read("housing").ordinal("contact", "sat")),
        ("karno", lung.ordinal("female", "karno")),
        ("karno", lung.score("female", "karno")),
        ("birthwt", birthwt.binary("smoke", "low")),
        ("birthwt", birthwt.ordinal("smoke", "low")),
    ] {
        agree(&f, &format!("wilcoxon/{case}"), &rows, &*wilcoxon, 1e-11);
    }
}

#[test]
fn reference_t_test() {
    let f = figures("t_test");
    for (case, rows) in [
        ("t/sleep", Frame::read("sleep").score("drug", "extra")),
        ("t/toothgrowth", Frame::read("toothgrowth").score("juice", "len")),
        ("t/birthwt", Frame::read("birthwt").score("smoke", "bwt")),
    ] {
        for variance in ["welch", "pooled"] {
            let t = method("t-test", &[("variance", variance)], &[]);
            agree(&f, &format!("{case}/{variance}"), &rows, &*t, 1e-11);
        }
    }
}

#[test]
fn reference_ancova() {
    let f = figures("ancova");
    let ancova = method("ancova", &[], &[]);
    let anorexia = Frame::read("anorexia");
    let rows = anorexia.adjust(anorexia.score("cbt", "postwt"), &["prewt"]);
    agree(&f, "ancova/anorexia", &rows, &*ancova, 1e-11);
    let tooth = Frame::read("toothgrowth");
    let rows = tooth.adjust(tooth.score("juice", "len"), &["dose"]);
    agree(&f, "ancova/toothgrowth", &rows, &*ancova, 1e-11);
    let birthwt = Frame::read("birthwt");
    let covariates = ["age", "lwt", "black", "other", "ht", "ui"];
    let rows = birthwt.adjust(birthwt.score("smoke", "bwt"), &covariates);
    agree(&f, "ancova/birthwt", &rows, &*ancova, 1e-11);
    let rows = Frame::read("sleep").score("drug", "extra");
    agree(&f, "ancova/sleep", &rows, &*ancova, 1e-11);
}

#[test]
fn reference_quantiles_and_tails() {
    for (case, values) in &figures("wald") {
        let fields: Vec<&str> = case.split('/').collect();
        let number = |i: usize| fields[i].parse::<f64>().unwrap();
        let (found, expected, tolerance) = match fields[..2] {
            // ln Γ of half the degrees of freedom loses digits as they grow
            ["quantile", "t"] => (t_critical_value(number(3), number(2)), values["t"], 1e-11),
            ["tail", "t"] => {
                (t_upper_tail(number(3), number(2)), values["p"], if number(2) > 1e4 { 1e-9 } else { 1e-11 })
            }
            ["quantile", "z"] => (critical_value(number(2)), values["z"], 1e-13),
            _ => (normal_upper_tail(number(2)), values["p"], 1e-13),
        };
        close(found, expected, tolerance);
    }
    assert_eq!(critical_value(0.025), 1.959963984540054);
    for no_tail in [-0.1, 0.0, 1.0, 1.1, f64::INFINITY, f64::NAN] {
        assert!(critical_value(no_tail).is_nan(), "{no_tail}");
        assert!(t_critical_value(no_tail, 3.0).is_nan(), "{no_tail}");
    }
}
