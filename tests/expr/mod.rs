//! The expression language.

mod evaluate;
mod r;
mod read;

use patency::expr::{Arms, ColumnId, Columns, Expr, ExprError, Function, Meaning, Scope, check, parse};
use proptest::prelude::*;

/// Patients with real columns 0–2, code columns 3–4 and arms.
#[derive(Clone, Debug)]
struct Patients {
    real: Vec<Vec<f64>>,
    code: Vec<Vec<u8>>,
    arm: Vec<u8>,
    /// Where given, all patients are of this arm.
    all: Option<u8>,
}

impl Patients {
    fn rows(&self) -> usize {
        self.arm.len()
    }
}

impl Columns for Patients {
    fn real(&self, column: ColumnId) -> Option<&[f64]> {
        self.real.get(usize::from(column.0)).map(Vec::as_slice)
    }
    fn code(&self, column: ColumnId) -> Option<&[u8]> {
        let column = usize::from(column.0).checked_sub(3)?;
        self.code.get(column).map(Vec::as_slice)
    }
    fn arm(&self) -> Arms<'_> {
        match self.all {
            Some(arm) => Arms::One(arm),
            None => Arms::Each(&self.arm),
        }
    }
}

/// Values on which operators go wrong if they can.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-6i8..=6).prop_map(f64::from),
        3 => -3.0..3.0,
        1 => prop::sample::select(vec![
            0.5, -0.5, 1.5, 2.5, -0.0, 1e-300, 1e300, -1e300, 5e-324, 1e16, 20.0, 255.0, 256.0,
            f64::INFINITY, f64::NEG_INFINITY, f64::NAN,
        ]),
    ]
}

/// Any number of patients.
fn patients(rows: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Patients> {
    let row = ([value(), value(), value()], (0u8..3, any::<u8>()), 0u8..3);
    (prop::collection::vec(row, rows), prop::option::of(0u8..3)).prop_map(|(rows, all)| Patients {
        real: (0..3).map(|c| rows.iter().map(|r| r.0[c]).collect()).collect(),
        code: vec![rows.iter().map(|r| r.1.0).collect(), rows.iter().map(|r| r.1.1).collect()],
        arm: rows.iter().map(|r| all.unwrap_or(r.2)).collect(),
        all,
    })
}

const FUNCTIONS: [Function; 27] = {
    use Function::*;
    [
        Negate,
        Add,
        Subtract,
        Multiply,
        Divide,
        Power,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        Equal,
        NotEqual,
        And,
        Or,
        Not,
        If,
        Exp,
        Log,
        Sqrt,
        Abs,
        Min,
        Max,
        Round,
        Floor,
        Clamp,
        Logit,
        Expit,
    ]
};

/// Any expression over columns 0–5 (5 does not exist) and arms 0–2.
fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        2 => value().prop_map(Expr::Number),
        3 => (0u16..=5).prop_map(|c| Expr::Column(ColumnId(c))),
        1 => (0u8..3).prop_map(Expr::Arm),
    ];
    leaf.prop_recursive(6, 60, 4, |inner| {
        (prop::sample::select(FUNCTIONS.to_vec()), prop::collection::vec(inner, 4)).prop_map(
            |(function, mut arguments)| {
                let arity = function.arity();
                arguments.truncate((*arity.end()).min(4));
                Expr::Call(function, arguments)
            },
        )
    })
}

/// Row by row, by the functions' definitions.
fn slowly(expr: &Expr, patients: &Patients, row: usize) -> f64 {
    match expr {
        Expr::Number(x) => *x,
        Expr::Column(column) => patients
            .real(*column)
            .map(|c| c[row])
            .or_else(|| patients.code(*column).map(|c| f64::from(c[row])))
            .unwrap_or(f64::NAN),
        Expr::Arm(arm) => f64::from(u8::from(patients.arm[row] == *arm)),
        Expr::Call(function, arguments) => {
            let values: Vec<f64> = arguments.iter().map(|a| slowly(a, patients, row)).collect();
            function.apply(&values)
        }
    }
}

/// The same value: NaN is NaN, and there is one zero.
fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a + 0.0).to_bits() == (b + 0.0).to_bits()
}

/// age, bmi, sex are columns 0, 1, 3; control and treatment are arms; hr is 0.8, bad is NaN; site is hidden.
struct Names;

impl Scope for Names {
    fn look_up(&self, name: &str) -> Meaning {
        match name {
            "age" => Meaning::Column(ColumnId(0)),
            "bmi" => Meaning::Column(ColumnId(1)),
            "villalta_6" => Meaning::Column(ColumnId(2)),
            "sex" => Meaning::Column(ColumnId(3)),
            "control" => Meaning::Arm(0),
            "treatment" => Meaning::Arm(1),
            "hr" => Meaning::Number(0.8),
            "bad" => Meaning::Number(f64::NAN),
            "site" => Meaning::Hidden("it is known after screening".to_owned()),
            _ => Meaning::Unknown,
        }
    }
    fn known(&self) -> Vec<String> {
        ["age", "bmi", "villalta_6", "sex", "control", "treatment", "hr", "bad"].map(str::to_owned).to_vec()
    }
}

fn read(text: &str) -> Result<Expr, Vec<ExprError>> {
    parse(text).and_then(|tree| check(&tree, &Names))
}

/// The text of an expression, with the names of [`Names`].
fn text(expr: &Expr) -> String {
    expr.text(&|column| ["age", "bmi", "villalta_6", "sex"][usize::from(column.0)].to_owned(), &|arm| {
        ["control", "treatment"][usize::from(arm)].to_owned()
    })
}
