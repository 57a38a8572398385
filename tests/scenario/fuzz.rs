//! Nothing that can be typed makes the reader panic or hang. Each property reads, and renders what it is told.

use patency::scenario::{Options, TEMPLATE, read, variants};
use proptest::prelude::*;

use super::{P1, codes, scenarios};

/// Reads in every variant and renders the mistakes; the messages name the file.
fn survive(text: &str) {
    let mut names = variants(text).unwrap_or_default();
    names.truncate(4);
    names.push("base".to_owned());
    for variant in &names {
        let options = Options { variant: Some(variant), ..Options::default() };
        match read(text, &options) {
            Ok(scenario) => {
                assert!(scenario.n > 0 && scenario.arms.len() > 1);
                assert!(scenario.parameters.iter().all(|p| p.value.is_finite() || p.prior.is_some()));
            }
            Err(report) => {
                assert!(!report.diagnostics.is_empty());
                let shown = report.render(text, "fuzzed.toml", false);
                assert!(shown.contains("fuzzed.toml"), "{shown}");
            }
        }
    }
}

/// A text cut where words, signs and spaces meet.
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            0
        } else if c.is_whitespace() {
            1
        } else {
            2
        }
    };
    let mut last = None;
    for (i, c) in text.char_indices() {
        let now = kind(c);
        if last.is_some_and(|l| l != now || now == 2) {
            out.push(&text[start..i]);
            start = i;
        }
        last = Some(now);
    }
    out.push(&text[start..]);
    out
}

/// What takes the place of a token.
const ODDITIES: [&str; 22] = [
    "",
    "0",
    "-1",
    "1e308",
    "nan",
    "inf",
    "-inf",
    "true",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    "\n",
    "\"if(treatment,\"",
    "\u{1f9ec}",
    "[[variant.x.site]]\n",
    "9223372036854775807",
    "2024-02-30",
];

fn mutated(good: &'static str) -> impl Strategy<Value = String> {
    let tokens = tokens(good);
    let n = tokens.len();
    proptest::collection::vec((0..n, 0..4_usize, 0..n, 0..ODDITIES.len()), 1..6).prop_map(move |edits| {
        let mut tokens: Vec<&str> = tokens.clone();
        for (i, what, other, oddity) in edits {
            let i = i.min(tokens.len() - 1);
            match what {
                0 => {
                    tokens.remove(i);
                }
                1 => tokens.insert(i, tokens[i]),
                2 => tokens[i] = tokens[other.min(tokens.len() - 1)],
                _ => tokens[i] = ODDITIES[oddity],
            }
        }
        tokens.concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn contract_any_text_is_survived(text in "\\PC{0,200}") {
        survive(&text);
    }

    #[test]
    fn contract_any_toml_like_text_is_survived(text in "([a-z\\[\\]{}=\"'\n,.#0-9 -]{0,12}(trial|arms|name|variant|n = 3|\\[\\[outcome\\]\\])?){0,12}") {
        survive(&text);
    }

    #[test]
    fn contract_a_mutated_template_is_survived(text in mutated(TEMPLATE)) {
        survive(&text);
    }

    #[test]
    fn contract_a_mutated_p1_is_survived(text in mutated(P1)) {
        survive(&text);
    }

    #[test]
    fn contract_any_expression_is_survived(text in "[a-z0-9_()+*/^<>=!., -]{0,60}") {
        survive(&P1.replace("if(treatment, 0.50, 0.35)", &text));
    }

    #[test]
    fn contract_any_bytes_cut_from_the_template_are_survived(from in 0..TEMPLATE.len(), length in 0..4000_usize) {
        let bytes = &TEMPLATE.as_bytes()[from..(from + length).min(TEMPLATE.len())];
        survive(&String::from_utf8_lossy(bytes));
    }
}

#[test]
fn contract_bad_scenarios_are_survived_in_pieces() {
    for (_, text) in scenarios("bad") {
        for (i, _) in text.char_indices().step_by(7) {
            survive(&text[..i]);
        }
    }
}

#[test]
fn contract_deep_nesting_is_survived() {
    for text in [
        format!("a = {}", "[".repeat(200_000)),
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("a = {}", "{ a = ".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        P1.replace("if(treatment", &"(".repeat(100_000)),
        P1.replace("if(treatment", &"-".repeat(9_000)),
        P1.replace("if(treatment, 0.50, 0.35)", &format!("0{}", "+1".repeat(4_000))),
        P1.replace("if(treatment, 0.50, 0.35)", &format!("{}1{}", "exp(".repeat(150), ")".repeat(150))),
    ] {
        survive(&text);
    }
}

#[test]
fn contract_a_huge_file_is_refused_at_once() {
    let text = "x".repeat(50 << 20);
    let report = read(&text, &Options::default()).unwrap_err();
    let shown = report.render(&text, "huge.toml", false);
    assert!(shown.contains("52428800 bytes"), "{}", &shown[..400]);
    assert!(shown.len() < 1000);
}

/// Ten thousands of entries, and of mistakes: the time they take grows with their number, not its square.
#[test]
fn contract_many_entries_and_mistakes_are_survived() {
    let many = |entry: &dyn Fn(usize) -> String, n: usize| (0..n).map(entry).collect::<String>();
    let variables = many(&|i| format!("[[variable]]\nname = \"v{i}\"\nnormal = {{ mean = 0, sd = 1 }}\n"), 20_000);
    survive(&format!("{P1}{variables}"));
    let chain = many(&|i| format!("p{i} = {{ value = \"p{} + 1\", source = \"assumed\" }}\n", i + 1), 20_000);
    survive(&format!("{P1}[parameters]\n{chain}p20000 = {{ value = 1, source = \"assumed\" }}\n"));
    let circle = many(&|i| format!("p{i} = {{ value = \"p{}\", source = \"assumed\" }}\n", (i + 1) % 5000), 5_000);
    survive(&format!("{P1}[parameters]\n{circle}"));
    let unknown = many(&|i| format!("k{i} = 1\n"), 20_000);
    survive(&format!("{unknown}{P1}"));
    let sites = many(&|i| format!("[[site]]\nname = \"s{}\"\nrate = 1\n", i % 10_000), 20_000);
    survive(&format!("{P1}{sites}"));
    let off = many(&|i| format!("\"o{i}\","), 20_000);
    survive(&format!("{P1}[variant.x]\noff = [{off}]\n"));
    survive(&"=\n".repeat(100_000));
    survive(&"[a]\n".repeat(100_000));
    survive(&"a = \"".repeat(100_000));
}

#[test]
fn contract_nan_and_infinity_are_refused_everywhere() {
    let numbers = [
        "alpha = 0.05 ",
        "relevant = -5 ",
        "at = 6\n",
        "missed = 0.03 ",
        "horizon = 12 ",
        "value = 0.1 ",
        "rate = 4\n",
        "opens = 3\n",
        "margin = -0.1 ",
        "prevalence = 0.8 ",
        "effect = { value = -8",
        "normal = { mean = 58",
        "sd = 12",
        "worst = 40",
        "threshold = 5",
        "by = 12 }, observed",
        "n = 300 ",
    ];
    for number in numbers {
        assert!(TEMPLATE.contains(number), "{number}");
        let (key, rest) = number.rsplit_once("= ").unwrap();
        let tail = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
        for odd in ["nan", "inf", "-inf", "+nan", "1e400", "\"1/0\"", "\"0/0\"", "\"1e400\"", "\"log(-1)\""] {
            let text = TEMPLATE.replacen(number, &format!("{key}= {odd}{tail}"), 1);
            let codes = codes(&text);
            assert!(!codes.is_empty(), "{number} {odd}");
            let refused = |c: &&str| ["not-finite", "wrong-type", "bad-date", "bad-expression"].contains(c);
            assert!(codes.iter().all(refused), "{number} {odd}: {codes:?}");
        }
    }
}
