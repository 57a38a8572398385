//! Text to expression and back; mistakes and where they are.

use super::{expression, read, text};
use patency::expr::parse::{MAX_HEIGHT, MAX_LENGTH};
use patency::expr::{ErrorKind, Expr, ExprError, Program, check, fold, is_reserved, nearest, parse};
use proptest::prelude::*;

#[test]
fn by_hand_precedence() {
    for (written, value) in [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("24 / 4 / 3", 2.0),
        ("24 / 4 * 3", 18.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2 ^ 2", -4.0),
        ("(-2) ^ 2", 4.0),
        ("2 ^ -1", 0.5),
        ("2 ^ -2 ^ 2", 0.0625),
        ("2 * -3", -6.0),
        ("--3", 3.0),
        ("6 / -3 * 2", -4.0),
        ("1 + 1 == 2", 1.0),
        ("not 1 == 2", 1.0),
        ("not 0 and 0", 0.0),
        ("not (0 and 0)", 1.0),
        ("not not 5", 1.0),
        ("1 or 1 and 0", 1.0),
        ("(1 or 1) and 0", 0.0),
        ("1 and not 0", 1.0),
        ("1 < 2 and 2 < 3", 1.0),
        ("3 > 2 or 1 / 0 > 2", 1.0),
        ("if(1 < 2, 3, 4)", 3.0),
        ("min(3, 1, 2) + max(1, 2)", 3.0),
        ("clamp(7, 0, 5)", 5.0),
        ("exp(log(2)) ^ 2", 4.0),
        ("sqrt(abs(-9))", 3.0),
        ("round(2.5) + floor(-0.5)", 2.0),
        ("expit(logit(.25))", 0.25),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e-3", 0.001),
        ("2.5E+2", 250.0),
        ("hr*10", 8.0),
        ("\t1\n+\u{a0}1 ", 2.0),
    ] {
        let found = read(written).unwrap().as_number().unwrap();
        assert!((found - value).abs() < 1e-15, "{written} is {found}, not {value}");
    }
}

/// The one error of a text.
fn error(written: &str) -> ExprError {
    let mut errors = read(written).expect_err("a mistake");
    assert_eq!(errors.len(), 1, "{written}: {errors:?}");
    errors.remove(0)
}

#[test]
fn by_hand_mistakes_and_their_places() {
    use ErrorKind::*;
    // the text, the kind, the bytes complained of, words of the help
    for (written, kind, place, help) in [
        ("", UnexpectedEnd, "", ""),
        ("  ", UnexpectedEnd, "", ""),
        ("1 +", UnexpectedEnd, "", ""),
        ("(1 + 2", UnexpectedEnd, "", "the `(` at character 1 is open"),
        ("exp(1", UnexpectedEnd, "", "character 4"),
        ("1 + 2)", UnexpectedToken, ")", ""),
        ("age bmi", UnexpectedToken, "bmi", ""),
        ("* 2", UnexpectedToken, "*", ""),
        ("1 + and", UnexpectedToken, "and", ""),
        ("0,5 * age", UnexpectedToken, ",", "0.5"),
        ("(0,5)", UnexpectedToken, ",", "0.5"),
        ("exp(1,)", UnexpectedToken, ")", ""),
        ("1 + not age", UnexpectedToken, "not", "(not …)"),
        ("(1 2)", UnexpectedToken, "2", ""),
        ("age # 2", UnexpectedCharacter, "#", ""),
        ("age && bmi", UnexpectedCharacter, "&&", "and"),
        ("age || bmi", UnexpectedCharacter, "||", "or"),
        ("!age", UnexpectedCharacter, "!", "not"),
        ("age ≥ 18", UnexpectedCharacter, "≥", ">="),
        ("2 ** 3", UnexpectedCharacter, "**", "^"),
        ("1 − 2", UnexpectedCharacter, "−", "-"),
        ("age\u{7}", UnexpectedCharacter, "\u{7}", ""),
        ("é + 1", UnexpectedCharacter, "é", ""),
        ("age = 18", SingleEquals, "=", "=="),
        ("18 <= age < 65", ChainedComparison, "<", "`… age and age < …`"),
        ("1 < (age + 1) == bmi", ChainedComparison, "==", "(age + 1) and (age + 1) =="),
        ("1.2.3", NotANumber, "1.2.3", ""),
        ("12abc + 1", NotANumber, "12abc", "letter"),
        ("1_000", NotANumber, "1_000", "separators"),
        ("0x1F", NotANumber, "0x1F", ""),
        ("1e", NotANumber, "1e", ""),
        (".", NotANumber, ".", ""),
        ("1e999", NotANumber, "1e999", ""),
        ("2 + log(0 - 1)", NotANumber, "log(0 - 1)", ""),
        ("age + bad", NotANumber, "bad", ""),
        ("ln(2)", UnknownFunction, "ln", "`log`"),
        ("1 + epx(2)", UnknownFunction, "epx", "`exp`"),
        ("gamma(2)", UnknownFunction, "gamma", "functions are if, exp"),
        ("exp(1, 2)", WrongArity, "exp(1, 2)", ""),
        ("exp()", WrongArity, "exp()", ""),
        ("min(1)", WrongArity, "min(1)", ""),
        ("if(age, 1)", WrongArity, "if(age, 1)", "if(condition, a, b)"),
        ("agee > 3", UnknownName, "agee", "`age`"),
        ("Age > 3", UnknownName, "Age", "`age`"),
        ("vilalta_6", UnknownName, "vilalta_6", "`villalta_6`"),
        ("zebra", UnknownName, "zebra", "names here are age, bmi"),
        ("log + 1", UnknownName, "log", "`log(…)`"),
        ("true", UnknownName, "true", "1"),
        ("inf", UnknownName, "inf", ""),
        ("site + 1", HiddenName, "site", ""),
    ] {
        let found = error(written);
        assert_eq!(found.kind, kind, "{written}: {found:?}");
        assert_eq!(&written[found.range.clone()], place, "{written}: {found:?}");
        assert!(found.help.as_deref().unwrap_or("").contains(help), "{written}: {found:?}");
    }
    assert_eq!(error("1 +").range, 3..3);
    assert_eq!(error("site").message, "`site` cannot be read here: it is known after screening");
    assert_eq!(error("agee").to_string(), "nothing is called `agee` (did you mean `age`?)");
}

#[test]
fn by_hand_all_unknown_names_are_reported_once() {
    let errors = read("foo + bar * foo + site ^ quux(2)").unwrap_err();
    assert_eq!(errors.len(), 1, "syntax comes first: {errors:?}");
    let errors = read("foo + bar * foo + site").unwrap_err();
    let found: Vec<_> = errors.iter().map(|e| (e.kind, e.range.clone())).collect();
    let unknown = ErrorKind::UnknownName;
    assert_eq!(found, [(unknown, 0..3), (unknown, 6..9), (ErrorKind::HiddenName, 18..22)]);
    let errors = read("epx(1) + lgo(2) + exp()").unwrap_err();
    let kinds: Vec<_> = errors.iter().map(|e| e.kind).collect();
    use ErrorKind::{UnknownFunction, WrongArity};
    assert_eq!(kinds, [UnknownFunction, UnknownFunction, WrongArity]);
}

#[test]
fn by_hand_a_decided_condition_guards_what_has_no_value() {
    assert_eq!(read("if(hr > 1, log(-1), 2)").unwrap(), Expr::Number(2.0));
    assert_eq!(read("if(age > 1, log(-1), 2)").unwrap_err()[0].kind, ErrorKind::NotANumber);
}

#[test]
fn contract_hostile_text_is_refused() {
    use ErrorKind::{TooDeep, TooLong};
    for (written, kind) in [
        ("(".repeat(5000), TooDeep),
        ("-".repeat(5000), TooDeep),
        ("not ".repeat(2000), TooDeep),
        ("2^".repeat(3000), TooDeep),
        ("exp(".repeat(2000), TooDeep),
        ("1+".repeat(3000) + "1", TooDeep),
        ("(1+".repeat(2000), TooDeep),
        (" ".repeat(MAX_LENGTH + 1), TooLong),
    ] {
        assert_eq!(error(&written).kind, kind, "{}…", &written[..8]);
    }
    let sum = vec!["age"; MAX_HEIGHT].join(" + ");
    assert_eq!(read(&sum).unwrap().columns().len(), 1);
    assert_eq!(error(&(sum + " + age")).kind, TooDeep);
    assert!(read(&format!("{}1{}", "(".repeat(95), ")".repeat(95))).is_ok());
}

#[test]
fn contract_the_deepest_expressions_need_little_stack() {
    let work = || {
        let deepest = [
            vec!["age"; MAX_HEIGHT].join(" + "),
            format!("{}age{}", "(1 - ".repeat(49), ")".repeat(49)),
            format!("{}age{}", "max(1, -".repeat(32), ")".repeat(32)),
            format!("{}age{}", "if(age > 1, 2, ".repeat(95), ")".repeat(95)),
            format!("{}age", "2^-".repeat(49)),
            format!("{}age", "not ".repeat(95)),
        ];
        for written in deepest {
            let expr = read(&written).expect("it stays within the limits");
            assert_eq!(read(&text(&expr)), Ok(expr.clone()));
            assert!(!expr.specialise_arm(0).reads_arm());
            assert_eq!(Program::compile(&expr).constant(), None);
        }
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(work);
    assert!(thread.expect("threads can be had").join().is_ok());
}

#[test]
fn by_hand_ranges_of_nodes() {
    let tree = parse(" 1 + (age * 2) ").unwrap();
    assert_eq!(tree.range, 1..14);
    let patency::expr::parse::Node::Call(_, parts) = tree.node else { panic!() };
    assert_eq!((parts[0].range.clone(), parts[1].range.clone()), (1..2, 5..14));
}

#[test]
fn by_hand_reserved_words() {
    for word in ["and", "or", "not", "if", "log", "expit"] {
        assert!(is_reserved(word), "{word}");
    }
    for word in ["age", "ln", "If", ""] {
        assert!(!is_reserved(word), "{word}");
    }
}

#[test]
fn by_hand_nearest_names() {
    let names = ["control", "treatment", "age", "villalta_0", "villalta_6", "p_bilateral"];
    let near = |name| nearest(name, names);
    assert_eq!(near("contorl"), Some("control")); // a swap is one edit
    assert_eq!(near("treatmnt"), Some("treatment"));
    assert_eq!(near("treatmment"), Some("treatment"));
    assert_eq!(near("AGE"), Some("age"));
    assert_eq!(near("villalta-6"), Some("villalta_6"));
    assert_eq!(near("villalta_7"), Some("villalta_0")); // equally near: the earlier
    assert_eq!(near("villalta"), Some("villalta_0"));
    assert_eq!(near("ag"), Some("age"));
    assert_eq!(near("eag"), None);
    assert_eq!(near("a"), None);
    assert_eq!(near(""), None);
    assert_eq!(near("stenosis"), None);
}

#[test]
fn by_hand_text_has_the_brackets_it_needs() {
    for written in [
        "1 - (age - 2)",
        "age - 2 - bmi",
        "age / (bmi * 2)",
        "(age + 2) * bmi",
        "-age^2",
        "(-age)^2",
        "(-2)^age",
        "2^-age",
        "age^bmi^2",
        "(age^bmi)^2",
        "-(age * 2)",
        "-age * 2",
        "not age < 2",
        "(not age) < 2",
        "not (age < 2 and bmi < 3)",
        "age < 2 and (bmi < 3 or sex == 1)",
        "age < 2 or bmi < 3 and sex != 1",
        "(age < 2) == (bmi < 3)",
        "if(treatment, 0.5, age * 1e-7)",
        "clamp(expit(age), 0.1, max(bmi, sex, 3))",
        "age + -2",
        "log(age) + 1e300",
    ] {
        assert_eq!(text(&read(written).unwrap()), written);
    }
}

/// An expression over the names in scope, folded, with finite numbers: what text can say.
fn writable() -> impl Strategy<Value = Expr> {
    fn rename(expr: Expr) -> Expr {
        match expr {
            Expr::Column(column) => Expr::Column(patency::expr::ColumnId(column.0 % 4)),
            Expr::Arm(arm) => Expr::Arm(arm % 2),
            Expr::Call(function, arguments) => Expr::Call(function, arguments.into_iter().map(rename).collect()),
            number => number,
        }
    }
    fn finite(expr: &Expr) -> bool {
        match expr {
            Expr::Number(x) => x.is_finite(),
            Expr::Call(_, arguments) => arguments.iter().all(finite),
            _ => true,
        }
    }
    expression().prop_map(|e| fold(rename(e))).prop_filter("inf and NaN have no notation", finite)
}

/// Strings of the language's own words, mostly nonsense.
fn soup() -> impl Strategy<Value = String> {
    let words = vec![
        "1", ".5", "1e-3", "age", "foo", "(", "(", ")", ")", ",", "+", "-", "*", "/", "^", "<", "<=", "==", "=", "!=",
        "and", "or", "not", "if(", "exp(", "min(", "clamp(", "epx(", " ", "≥", "1e", "é",
    ];
    prop::collection::vec(prop::sample::select(words), 0..30)
        .prop_flat_map(|words| (Just(words), prop::sample::select(vec!["", " "])))
        .prop_map(|(words, between)| words.join(between))
}

fn sound(written: &str) -> Result<(), TestCaseError> {
    if let Err(errors) = read(written) {
        prop_assert!(!errors.is_empty());
        for error in errors {
            prop_assert!(written.get(error.range.clone()).is_some(), "{:?}", error);
            prop_assert!(!error.message.is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 5000, ..ProptestConfig::default() })]

    #[test]
    fn contract_any_text_is_read_or_refused(written in ".*") {
        sound(&written)?;
    }

    #[test]
    fn contract_any_words_are_read_or_refused(written in soup()) {
        sound(&written)?;
    }

    #[test]
    fn twin_text_reads_back_as_the_same_expression(expr in writable()) {
        let written = text(&expr);
        let tree = parse(&written).map_err(|e| TestCaseError::fail(format!("{written}: {e:?}")))?;
        let back = check(&tree, &super::Names).map_err(|e| TestCaseError::fail(format!("{written}: {e:?}")))?;
        prop_assert_eq!(back, expr, "{}", written);
    }
}
