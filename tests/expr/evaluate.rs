//! Values: of single functions, of programs against the slow definition, of folded against unfolded expressions.

use super::{Patients, expression, patients, read, same, slowly, value};
use patency::expr::{ColumnId, Expr, Function, Program, Registers, fold};
use proptest::prelude::*;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

#[test]
fn by_hand_functions_on_numbers() {
    use Function::*;
    let table: &[(Function, &[f64], f64)] = &[
        (Negate, &[2.0], -2.0),
        (Add, &[2.0, 3.0], 5.0),
        (Subtract, &[2.0, 3.0], -1.0),
        (Multiply, &[2.0, 3.0], 6.0),
        (Divide, &[3.0, 2.0], 1.5),
        (Divide, &[3.0, 0.0], INF),
        (Divide, &[-3.0, 0.0], -INF),
        (Divide, &[3.0, -0.0], INF),
        (Divide, &[0.0, 0.0], NAN),
        (Power, &[3.0, 2.0], 9.0),
        (Power, &[-2.0, 3.0], -8.0),
        (Power, &[4.0, 0.5], 2.0),
        (Power, &[-4.0, 0.5], NAN),
        (Power, &[4.0, -1.0], 0.25),
        (Power, &[2.0, -3.0], 0.125),
        (Power, &[2.0, 10.0], 1024.0),
        (Power, &[2.0, 100.0], 1_267_650_600_228_229_401_496_703_205_376.0),
        (Power, &[9.0, 1.5], 27.0),
        (Power, &[-8.0, 1.5], NAN),
        (Power, &[0.0, -2.5], INF),
        (Power, &[-0.0, -1.0], INF),
        (Power, &[-0.0, -17.0], INF),
        (Power, &[5.0, 0.0], 1.0),
        (Power, &[NAN, 0.0], 1.0),
        (Power, &[1.0, NAN], 1.0),
        (Power, &[2.0, NAN], NAN),
        (Power, &[NAN, 2.0], NAN),
        (Less, &[1.0, 2.0], 1.0),
        (Less, &[2.0, 2.0], 0.0),
        (LessEqual, &[2.0, 2.0], 1.0),
        (LessEqual, &[3.0, 2.0], 0.0),
        (Greater, &[3.0, 2.0], 1.0),
        (Greater, &[2.0, 2.0], 0.0),
        (GreaterEqual, &[2.0, 2.0], 1.0),
        (GreaterEqual, &[1.0, 2.0], 0.0),
        (Equal, &[2.0, 2.0], 1.0),
        (Equal, &[2.0, 1.0], 0.0),
        (NotEqual, &[2.0, 1.0], 1.0),
        (NotEqual, &[2.0, 2.0], 0.0),
        (Less, &[NAN, 2.0], 0.0),
        (GreaterEqual, &[NAN, 2.0], 0.0),
        (Equal, &[NAN, NAN], 0.0),
        (NotEqual, &[NAN, NAN], 1.0),
        (And, &[2.0, -1.0], 1.0),
        (And, &[1.0, 0.0], 0.0),
        (And, &[1.0, NAN], 1.0),
        (Or, &[0.0, 0.0], 0.0),
        (Or, &[0.0, 0.1], 1.0),
        (Not, &[0.0], 1.0),
        (Not, &[-0.0], 1.0),
        (Not, &[3.0], 0.0),
        (Not, &[NAN], 0.0),
        (If, &[1.0, 2.0, NAN], 2.0),
        (If, &[0.0, NAN, 3.0], 3.0),
        (If, &[NAN, 2.0, 3.0], 2.0),
        (Exp, &[0.0], 1.0),
        (Exp, &[NAN], NAN),
        (Log, &[1.0], 0.0),
        (Log, &[0.0], -INF),
        (Log, &[-1.0], NAN),
        (Sqrt, &[9.0], 3.0),
        (Sqrt, &[-1.0], NAN),
        (Abs, &[-3.0], 3.0),
        (Min, &[3.0, 1.0, 2.0], 1.0),
        (Min, &[3.0, NAN, 2.0], NAN),
        (Min, &[NAN, 2.0], NAN),
        (Min, &[2.0, NAN], NAN),
        (Max, &[3.0, 4.0, -INF], 4.0),
        (Max, &[NAN, 2.0], NAN),
        (Max, &[2.0, NAN], NAN),
        (Round, &[2.5], 3.0),
        (Round, &[-2.5], -3.0),
        (Round, &[2.4], 2.0),
        (Floor, &[2.9], 2.0),
        (Floor, &[-2.1], -3.0),
        (Clamp, &[5.0, 0.0, 3.0], 3.0),
        (Clamp, &[-5.0, 0.0, 3.0], 0.0),
        (Clamp, &[1.0, 0.0, 3.0], 1.0),
        (Clamp, &[NAN, 0.0, 3.0], NAN),
        (Clamp, &[1.0, 3.0, 0.0], 0.0),
        (Logit, &[0.5], 0.0),
        (Logit, &[1.0], INF),
        (Expit, &[0.0], 0.5),
        (Add, &[1.0], NAN),
        (Min, &[1.0], NAN),
    ];
    for (function, arguments, expected) in table {
        let found = function.apply(arguments);
        assert!(same(found, *expected), "{function:?}{arguments:?} is {found}, not {expected}");
    }
}

#[test]
fn by_hand_a_risk_becomes_a_rate() {
    // −ln(1 − 0.05) / 12; the rounding of 1 − 0.05 alone may cost ½ ulp(0.95) / (0.95 · 0.0513) = 1.1e-15
    let near = |rate: &Expr, expected: f64| (rate.as_number().unwrap() / expected - 1.0).abs() < 3e-15;
    let (five, four) = (0.051_293_294_387_550_53 / 12.0, 0.040_821_994_520_255_166 / 12.0);
    let rate = |risk: Expr| -(1.0 - risk).ln() / 12.0;
    assert!(near(&rate(Expr::Number(0.05)), five));
    let by_arm = rate(Expr::if_(Expr::Arm(1), Expr::Number(0.04), Expr::Number(0.05)));
    assert_eq!(by_arm.as_number(), None);
    assert!(near(&by_arm.specialise_arm(0), five));
    assert!(near(&by_arm.specialise_arm(1), four));
    let composed = (Expr::Column(ColumnId(0)) * 2.0).exp().sqrt().powf(Expr::Number(1.0));
    let x = Function::Multiply;
    let twice = Expr::Call(x, vec![Expr::Column(ColumnId(0)), Expr::Number(2.0)]);
    let expected = Expr::Call(Function::Sqrt, vec![Expr::Call(Function::Exp, vec![twice])]);
    assert_eq!(composed, expected);
}

#[test]
fn by_hand_folding_leaves_what_varies() {
    for (written, folded) in [
        ("(1 + 2) * 3", "9"),
        ("age * 1 + 0", "age"),
        ("0 + 1 * age", "age"),
        ("age - 0", "age"),
        ("age / 1", "age"),
        ("age ^ 1", "age"),
        ("-(-age)", "age"),
        ("age * 0", "age * 0"),
        ("0 - age", "0 - age"),
        ("1 / age", "1 / age"),
        ("if(2 > 1, age, bmi)", "age"),
        ("if(hr > 1, age, bmi)", "bmi"),
        ("age > 65 and 1", "age > 65"),
        ("1 and age", "age != 0"),
        ("age > 65 and 0", "0"),
        ("0 or age > 65", "age > 65"),
        ("age or 1", "1"),
        ("not not treatment", "treatment"),
        ("not not age", "age != 0"),
        ("if(treatment, 1, 0)", "treatment"),
        ("if(age, 1, 0)", "age != 0"),
        ("if(age > 65, sex == 1, 0)", "age > 65 and sex == 1"),
        ("if(age > 65, 1, sex == 1)", "age > 65 or sex == 1"),
        ("if(treatment, hr, 1)", "if(treatment, 0.8, 1)"),
        ("log(exp(0)) + age", "age"),
    ] {
        assert_eq!(super::text(&read(written).unwrap()), folded, "{written}");
    }
}

#[test]
fn by_hand_what_is_read() {
    let expr = read("if(treatment, bmi + age, bmi) / hr").unwrap();
    assert_eq!(expr.columns(), [ColumnId(0), ColumnId(1)]);
    assert!(expr.reads_arm());
    let control = expr.specialise_arm(0);
    assert_eq!(control.columns(), [ColumnId(1)]);
    assert!(!control.reads_arm());
    assert_eq!(read("0.5 * hr").unwrap().columns(), []);
}

#[test]
fn by_hand_a_program_over_patients() {
    let patients = Patients {
        real: vec![vec![50.0, 70.0, NAN], vec![20.0, 30.0, 40.0], vec![0.0; 3]],
        code: vec![vec![0, 1, 2], vec![9, 0, 255]],
        arm: vec![0, 1, 1],
        all: None,
    };
    let value = |text: &str| {
        let mut out = vec![7.0; 3];
        Program::compile(&read(text).unwrap()).eval(3, &patients, &mut Registers::default(), &mut out);
        out
    };
    let flags = |text: &str| {
        let mut out = vec![7; 3];
        let program = Program::compile(&read(text).unwrap());
        program.eval_flags(3, &patients, &mut Registers::default(), &mut out);
        out
    };
    assert_eq!(value("(bmi - 20) ^ 2 / 2"), [0.0, 50.0, 200.0]);
    assert_eq!(value("sex * 10 + treatment"), [0.0, 11.0, 21.0]);
    assert_eq!(value("if(age > 60, bmi, -bmi)"), [-20.0, 30.0, -40.0]);
    assert_eq!(value("2 < 3"), [1.0, 1.0, 1.0]);
    assert_eq!(value("sex"), [0.0, 1.0, 2.0]);
    assert_eq!(value("treatment"), [0.0, 1.0, 1.0]);
    assert_eq!(flags("age >= 18"), [1, 1, 0]);
    assert_eq!(flags("sex"), [0, 1, 1]);
    assert_eq!(flags("sex >= 0.5 and sex < 2"), [0, 1, 0]);
    assert_eq!(flags("1 >= sex"), [1, 1, 0]);
    assert_eq!(flags("not control or bmi > 100"), [0, 1, 1]);
    assert_eq!(flags("treatment == (sex > 0)"), [1, 1, 1]);
    assert_eq!(flags("bmi - 30"), [1, 0, 1]);
    assert_eq!(Program::compile(&read("hr * 2").unwrap()).constant(), Some(1.6));
}

#[test]
fn twin_every_code_compared_with_constants() {
    use Function::*;
    let patients =
        Patients { real: vec![vec![0.0; 256]; 3], code: vec![(0..=255).collect(); 2], arm: vec![0; 256], all: None };
    let mut scratch = Registers::default();
    for function in [Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual] {
        for x in [-INF, -1.0, -0.0, 0.0, 0.5, 1.0, 7.0, 254.0, 254.5, 255.0, 256.0, INF, NAN] {
            let (code, x) = (Expr::Column(ColumnId(3)), Expr::Number(x));
            for sides in [vec![code.clone(), x.clone()], vec![x, code]] {
                let expr = Expr::Call(function, sides);
                let (_, flags) = evaluate(&expr, &patients, &mut scratch);
                let slow: Vec<u8> = (0..256).map(|row| slowly(&expr, &patients, row) as u8).collect();
                assert_eq!(flags, slow, "{expr:?}");
            }
        }
    }
}

fn evaluate(expr: &Expr, patients: &Patients, scratch: &mut Registers) -> (Vec<f64>, Vec<u8>) {
    let program = Program::compile(expr);
    let rows = patients.rows();
    let (mut values, mut flags) = (vec![7.0; rows], vec![7; rows]);
    program.eval(rows, patients, scratch, &mut values);
    program.eval_flags(rows, patients, scratch, &mut flags);
    (values, flags)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn twin_programs_give_the_value_row_by_row(
        first in expression(), second in expression(), patients in patients(0..12),
    ) {
        // Registers that another program has used change nothing.
        let mut scratch = Registers::default();
        for expr in [&first, &second] {
            let (values, flags) = evaluate(expr, &patients, &mut scratch);
            for row in 0..patients.rows() {
                let slow = slowly(expr, &patients, row);
                prop_assert!(same(values[row], slow), "row {}: {} is not {}", row, values[row], slow);
                prop_assert_eq!(flags[row], u8::from(slow != 0.0), "row {}: {}", row, slow);
            }
        }
    }

    #[test]
    fn twin_folding_never_changes_a_value(expr in expression(), patients in patients(1..6)) {
        let folded = fold(expr.clone());
        prop_assert_eq!(format!("{:?}", fold(folded.clone())), format!("{folded:?}"));
        for row in 0..patients.rows() {
            let (before, after) = (slowly(&expr, &patients, row), slowly(&folded, &patients, row));
            prop_assert!(same(before, after), "{} became {}", before, after);
        }
    }

    #[test]
    fn twin_an_arms_expression_is_the_expression_in_that_arm(
        expr in expression(), mut patients in patients(1..6), arm in 0u8..3,
    ) {
        patients.arm.fill(arm);
        let special = expr.specialise_arm(arm);
        prop_assert!(!special.reads_arm());
        for row in 0..patients.rows() {
            prop_assert!(same(slowly(&expr, &patients, row), slowly(&special, &patients, row)));
        }
    }

    #[test]
    fn twin_functions_agree_with_the_standard_library(a in value(), b in value()) {
        let near = |ours: f64, system: f64| {
            same(ours, system) || (ours / system - 1.0).abs() < 4e-15 || (ours - system).abs() < 1e-300
        };
        for (function, system) in [
            (Function::Exp, a.exp()),
            (Function::Log, a.ln()),
            (Function::Expit, 1.0 / (1.0 + (-a).exp())),
            (Function::Round, a.round()),
            (Function::Floor, a.floor()),
        ] {
            prop_assert!(near(function.apply(&[a]), system), "{:?}({})", function, a);
        }
        // There is one zero, and √−∞ has no value.
        let system = if b == 0.5 && a < 0.0 { NAN } else { (a + 0.0).powf(b) };
        prop_assert!(near(Function::Power.apply(&[a, b]), system), "{}^{}", a, b);
    }
}

proptest! {
    #![proptest_config(config(20))]

    #[test]
    fn twin_programs_over_several_blocks(expr in expression(), patients in patients(2040..2060)) {
        let (values, flags) = evaluate(&expr, &patients, &mut Registers::default());
        for row in 0..patients.rows() {
            let slow = slowly(&expr, &patients, row);
            prop_assert!(same(values[row], slow), "row {}: {} is not {}", row, values[row], slow);
            prop_assert_eq!(flags[row], u8::from(slow != 0.0));
        }
    }
}
