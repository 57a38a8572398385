//! Any text as an expression: read, checked and evaluated, and equal to its own value row by row.
#![no_main]

use libfuzzer_sys::fuzz_target;
use patency::expr::{Arms, ColumnId, Columns, Expr, Meaning, Program, Registers, Scope, check, parse};

/// Rows: a register's worth and some more.
const ROWS: usize = 1028;

struct Names;

impl Scope for Names {
    fn look_up(&self, name: &str) -> Meaning {
        match name {
            "x" => Meaning::Column(ColumnId(0)),
            "y" => Meaning::Column(ColumnId(1)),
            "k" => Meaning::Column(ColumnId(2)),
            "arm" => Meaning::Arm(1),
            "p" => Meaning::Number(0.25),
            "big" => Meaning::Number(1e308),
            "hidden" => Meaning::Hidden("it is an outcome".to_owned()),
            _ => Meaning::Unknown,
        }
    }

    fn known(&self) -> Vec<String> {
        ["x", "y", "k", "arm", "p", "big"].map(str::to_owned).into()
    }
}

struct Patients {
    real: [Vec<f64>; 2],
    code: Vec<u8>,
    arm: Vec<u8>,
}

impl Columns for Patients {
    fn real(&self, column: ColumnId) -> Option<&[f64]> {
        self.real.get(usize::from(column.0)).map(Vec::as_slice)
    }
    fn code(&self, column: ColumnId) -> Option<&[u8]> {
        (column.0 == 2).then_some(&self.code[..])
    }
    fn arm(&self) -> Arms<'_> {
        Arms::Each(&self.arm)
    }
}

/// Values on which operators go wrong if they can.
const ODD: [f64; 11] = [0.0, -0.0, 1.0, -2.5, 0.5, 1e308, -1e308, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// The value in one row, by the definition.
fn slowly(expr: &Expr, patients: &Patients, row: usize) -> f64 {
    match expr {
        Expr::Number(x) => *x,
        Expr::Column(c) if c.0 == 2 => f64::from(patients.code[row]),
        Expr::Column(c) => patients.real[usize::from(c.0)][row],
        Expr::Arm(arm) => f64::from(u8::from(patients.arm[row] == *arm)),
        Expr::Call(function, arguments) => {
            let values: Vec<f64> = arguments.iter().map(|e| slowly(e, patients, row)).collect();
            function.apply(&values)
        }
    }
}

fuzz_target!(|text: &str| {
    let tree = match parse(text) {
        Ok(tree) => tree,
        Err(errors) => {
            assert!(!errors.is_empty());
            for e in errors {
                assert!(!e.to_string().is_empty());
            }
            return;
        }
    };
    let Ok(expr) = check(&tree, &Names) else { return };
    let patients = Patients {
        real: [0, 7].map(|shift| (0..ROWS).map(|i| ODD[(i + shift) % ODD.len()]).collect()),
        code: (0..ROWS).map(|i| (i % 5) as u8).collect(),
        arm: (0..ROWS).map(|i| (i % 2) as u8).collect(),
    };
    let program = Program::compile(&expr);
    let (mut out, mut flags) = (vec![0.0; ROWS], vec![0; ROWS]);
    let mut registers = Registers::default();
    program.eval(ROWS, &patients, &mut registers, &mut out);
    program.eval_flags(ROWS, &patients, &mut registers, &mut flags);
    for (x, flag) in out.iter().zip(&flags) {
        assert_eq!(*flag, u8::from(*x != 0.0), "{text}: {x}");
    }
    // the first have all values side by side, the last are in the second block
    for row in (0..11 * 5 * 2).chain(ROWS - 4..ROWS) {
        let (x, slow) = (out[row], slowly(&expr, &patients, row));
        // the language has one zero
        let same = (x + 0.0).to_bits() == (slow + 0.0).to_bits() || (x.is_nan() && slow.is_nan());
        assert!(same, "{text}: {x:?}, not {slow:?}");
    }
    // written out and read again it is the same, where it is not too long then and has no infinite part
    let column = |c: ColumnId| ["x", "y", "k"][usize::from(c.0)].to_owned();
    let shown = expr.text(&column, &|_| "arm".to_owned());
    if let Ok(Ok(again)) = parse(&shown).map(|tree| check(&tree, &Names)) {
        assert_eq!(again, expr, "{text} as {shown}");
    }
});
