//! Expressions in R.

use std::fmt::Write as _;
use std::process::Command;

use super::{Patients, read, slowly};
use patency::expr::r::{name, number, quoted};
use patency::expr::{ColumnId, Expr};

const COLUMNS: [&str; 5] = ["age", "bmi", "villalta_6", "sex", "next"];

fn column(c: ColumnId) -> String {
    COLUMNS[usize::from(c.0)].to_owned()
}

fn arm(a: u8) -> String {
    ["control", "treatment"][usize::from(a)].to_owned()
}

fn r(e: &Expr) -> String {
    e.r(&column, &arm)
}

#[test]
fn by_hand_expressions_in_r() {
    for (written, expected) in [
        ("age + bmi * 2", "age + bmi * 2"),
        ("age - (bmi - 2)", "age - (bmi - 2)"),
        ("-age ^ 2", "-age^2"),
        ("(-age) ^ 2", "(-age)^2"),
        ("age ^ bmi ^ -2", "age^bmi^-2"),
        ("(age ^ bmi) ^ 2", "(age^bmi)^2"),
        ("age >= 18", "1 * (age >= 18)"),
        ("2 * (age < bmi)", "2 * (1 * (age < bmi))"),
        ("not (age > 1 or bmi > 2) and sex", "1 * (!(age > 1 | bmi > 2) & sex != 0)"),
        ("(age or bmi) and sex", "1 * ((age != 0 | bmi != 0) & sex != 0)"),
        ("if(age < 50, bmi, treatment)", "ifelse(age < 50, bmi, 1 * (arm == \"treatment\"))"),
        ("clamp(age, 0, bmi)", "pmin(pmax(age, 0), bmi)"),
        ("min(age, bmi, 3) + max(age, 2)", "pmin(age, bmi, 3) + pmax(age, 2)"),
        ("round(age / 2) ^ 2", "(sign(age / 2) * floor(abs(age / 2) + 0.5))^2"),
        ("logit(age) - expit(bmi)", "qlogis(age) - plogis(bmi)"),
        ("log(sqrt(abs(age))) / exp(floor(bmi))", "log(sqrt(abs(age))) / exp(floor(bmi))"),
    ] {
        assert_eq!(r(&read(written).unwrap()), expected, "{written}");
    }
    assert_eq!(read("age > 1 and bmi").unwrap().r_condition(&column, &arm), "age > 1 & bmi != 0");
    assert_eq!(r(&Expr::Column(ColumnId(4))), "`next`");
    assert_eq!(["x_1", "_x", "TRUE"].map(name), ["x_1", "`_x`", "`TRUE`"]);
    assert_eq!([0.1, 1e-8, -0.0, f64::NEG_INFINITY].map(number), ["0.1", "1e-8", "-0", "-Inf"]);
    assert_eq!(quoted(r#"a "b" \c"#), r#""a \"b\" \\c""#);
}

#[test]
fn reference_r_evaluates_expressions_alike() {
    if !Command::new("Rscript").arg("--version").output().is_ok_and(|o| o.status.success()) {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: there is no Rscript\n");
        return;
    }
    let patients = Patients {
        real: vec![vec![1.5, -2.5, 0.25, 60.0], vec![2.0, 3.0, -0.5, 0.0], vec![0.5, 1.0, 14.0, 15.0]],
        code: vec![vec![0, 1, 2, 3], vec![1, 1, 1, 1]],
        arm: vec![0, 1, 0, 1],
        all: None,
    };
    let written = [
        "-age ^ 2 + bmi ^ 2 ^ -1 * 3",
        "2 - age - -bmi / villalta_6 / 4",
        "not age > 1 or bmi and not sex == 2",
        "(age > 0) + 2 * (bmi >= 2) - (sex != 1)",
        "if(age, bmi, -villalta_6) ^ 2",
        "round(age) + round(-age * 3) - floor(bmi - 0.5)",
        "clamp(age, -1, 1) + min(age, bmi, villalta_6) * max(sex, bmi)",
        "logit(expit(bmi) / 2) + exp(-abs(age)) - log(villalta_6 * treatment + 1)",
        "1 - (age < bmi) * control / sqrt(villalta_6)",
        "(age > 0 and bmi > 0) == (sex > 0 or treatment)",
    ];
    let mut script = String::from(
        "age <- c(1.5, -2.5, 0.25, 60); bmi <- c(2, 3, -0.5, 0); villalta_6 <- c(0.5, 1, 14, 15); sex <- 0:3\n\
         arm <- c(\"control\", \"treatment\", \"control\", \"treatment\")\n",
    );
    for text in written {
        let _ = writeln!(script, "cat(sprintf(\"%.17g\", {}), \"\\n\")", r(&read(text).unwrap()));
    }
    let output = Command::new("Rscript").args(["--vanilla", "-e", &script]).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(out.lines().count(), written.len(), "{}", String::from_utf8_lossy(&output.stderr));
    for (text, line) in written.iter().zip(out.lines()) {
        let expr = read(text).unwrap();
        for (row, found) in line.split_whitespace().enumerate() {
            let (found, expected): (f64, f64) = (found.parse().unwrap_or(f64::NAN), slowly(&expr, &patients, row));
            let alike = found == expected || (found - expected).abs() <= 1e-14 * expected.abs().max(1.0);
            assert!(alike || (found.is_nan() && expected.is_nan()), "{text}, row {row}: {expected} here, {found} in R");
        }
    }
}
