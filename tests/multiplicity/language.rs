//! What may be written under `[[multiplicity]]`, and what is said of mistakes.

use patency::scenario::{Declared, Options, Scenario, read};

const TRIAL: &str = include_str!("language.toml");

fn with(family: &str) -> String {
    format!("{TRIAL}\n[[multiplicity]]\nname = \"family\"\n{family}\n")
}

fn good(text: &str, variant: Option<&str>) -> Scenario {
    let options = Options { variant, ..Options::default() };
    read(text, &options).unwrap_or_else(|report| panic!("{}", report.render(text, "a.toml", false)))
}

#[test]
fn by_hand_families_as_written() {
    let scenario = good(&with("hypotheses = [\"b\", \"a\"]\nlabel = \"Both\"\nholm = {}"), None);
    let family = &scenario.multiplicity[0];
    assert_eq!((family.name.as_str(), family.label.as_str()), ("family", "Both"));
    assert_eq!(family.hypotheses, [1, 0]);
    assert_eq!((family.alpha, family.sides, family.procedure_name), (0.05, 2, "holm"));
    // one-sided tests, of superiority and of equivalence, and a level of their own
    let scenario = good(&with("hypotheses = [\"one-sided\", \"equivalent\"]\nalpha = 0.025\nhochberg = {}"), None);
    assert_eq!((scenario.multiplicity[0].alpha, scenario.multiplicity[0].sides), (0.025, 1));
    // one name stands for a list of one; weights may be expressions of parameters
    assert_eq!(good(&with("hypotheses = \"strict\"\nbonferroni = {}"), None).multiplicity[0].alpha, 0.01);
    let text = with("hypotheses = [\"a\", \"b\"]\nfallback = { weights = [\"first\", \"1 - first\"] }");
    let graph = good(&text, None).multiplicity[0].procedure.graph(3).unwrap();
    assert_eq!(
        [graph.weight(0), graph.weight(1), graph.transition(0, 1), graph.transition(1, 0)],
        [0.5, 0.5, 1.0, 0.0]
    );
}

#[test]
fn by_hand_variants_replace_and_switch_off_families() {
    let text = with("hypotheses = [\"a\", \"b\"]\nholm = {}")
        + "[variant.off]\noff = [\"family\"]\n[variant.other]\nnulls = \"a\"\n[[variant.other.multiplicity]]\nname = \"family\"\nhypotheses = [\"a\", \"b\"]\nhommel = {}\n[variant.less]\noff = [\"b\"]\n";
    assert_eq!(good(&text, None).nulls, None);
    assert!(good(&text, Some("off")).multiplicity.is_empty());
    let other = good(&text, Some("other"));
    assert_eq!((other.multiplicity[0].procedure_name, other.nulls), ("hommel", Some(vec![0])));
    // a hypothesis that is switched off must be so in its family as well
    let options = Options { variant: Some("less"), ..Options::default() };
    let report = read(&text, &options).unwrap_err();
    let shown = report.render(&text, "a.toml", false);
    assert!(shown.contains("the variant switches `b` off"), "{shown}");
    // a declaration of the file is of the file as written
    let text = text.replacen("title =", "nulls = []\ntitle =", 1);
    assert_eq!((good(&text, None).nulls, good(&text, Some("off")).nulls), (Some(vec![]), None));
    // nor of the world in which effects take their null values
    let text = text.replace("value = 0.5, source", "value = 0.5, null = 0.4, source");
    let declared = [("first".to_owned(), Declared::Null)];
    let moved = read(&text, &Options { declared: &declared, ..Options::default() }).unwrap();
    assert_eq!((moved.parameters[0].value, moved.nulls), (0.4, None));
}

#[test]
fn contract_mistakes_are_named_where_they_are() {
    let many: Vec<String> = (0..65).map(|_| "\"a\"".to_owned()).collect();
    for (family, code, place, words) in [
        ("holm = {}".to_owned(), "missing-key", "[[multiplicity]]", "hypotheses"),
        ("hypotheses = []\nholm = {}".to_owned(), "wrong-length", "[]", "from 1 to 64"),
        (format!("hypotheses = [{}]\nholm = {{}}", many.join(", ")), "", "", "65 hypotheses"),
        ("hypotheses = [\"a\"]".to_owned(), "no-method", "[[multiplicity]]", "multiplicity `family` has no procedure"),
        ("hypotheses = [\"a\"]\nholm = {}\nhommel = {}".to_owned(), "several-methods", "hommel", "has two procedures"),
        ("hypotheses = [\"a\", \"c\"]\nholm = {}".to_owned(), "unknown-analysis", "\"c\"", "no analysis is called `c`"),
        ("hypotheses = [\"a\", \"a\"]\nholm = {}".to_owned(), "duplicate-name", "\"a\"", "`a` stands twice"),
        (
            "hypotheses = [\"a\", \"one-sided\"]\nholm = {}".to_owned(),
            "contradiction",
            "\"one-sided\"",
            "one-sided and two-sided tests share one level",
        ),
        ("hypotheses = [\"a\", \"strict\"]\nholm = {}".to_owned(), "missing-key", "[\"a\"", "different levels"),
        ("hypotheses = [\"posterior\"]\nholm = {}".to_owned(), "contradiction", "\"posterior\"", "no p-value"),
        ("hypotheses = [\"one-sided\"]\nalpha = 0.5\nholm = {}".to_owned(), "out-of-domain", "0.5", "below 0.5"),
        ("hypotheses = [\"a\"]\nalpha = 1.0\nholm = {}".to_owned(), "out-of-domain", "1.0", "between 0 and 1"),
        ("hypotheses = [\"a\"]\nfallback = {}".to_owned(), "missing-key", "{}", "weights"),
        (
            "hypotheses = [\"a\", \"b\"]\nholm = { weights = [0.5, \"first + 0.25\"] }".to_owned(),
            "out-of-domain",
            "[0.5, \"first",
            "the weights sum to 1.25",
        ),
        (
            "hypotheses = [\"a\", \"b\"]\ngraph = { weights = [1, 0], transitions = [[0, 1], [0, 0.5]] }".to_owned(),
            "out-of-domain",
            "[[0, 1]",
            "`b` passes 0.5 of its share to itself",
        ),
        (
            "hypotheses = [\"a\", \"b\"]\ngatekeeping = { gate = \"serial\", families = [[\"a\"], [\"bb\"]] }"
                .to_owned(),
            "unknown-analysis",
            "[[\"a\"]",
            "did you mean `b`?",
        ),
        (
            "hypotheses = [\"a\"]\ngatekeeping = { gate = \"parallell\", families = [[\"a\"]] }".to_owned(),
            "unknown-word",
            "\"parallell\"",
            "did you mean `\"parallel\"`?",
        ),
        (
            "hypotheses = [\"a\"]\nholm = { weight = [1] }".to_owned(),
            "unknown-key",
            "weight",
            "did you mean `weights`?",
        ),
        (
            "hypotheses = [\"a\"]\nhochberg = { weights = [1] }".to_owned(),
            "unknown-key",
            "weights",
            "`hochberg` has no key",
        ),
    ] {
        let text = with(&family);
        let report = read(&text, &Options::default()).expect_err(&family);
        let shown = report.render(&text, "a.toml", false);
        assert!(shown.contains(words), "{family}\n{shown}");
        if code.is_empty() {
            continue;
        }
        assert!(report.codes().iter().all(|c| c.as_str() == code), "{code} expected, and no other:\n{shown}");
        let (span, _) = report.diagnostics[0].primary.as_ref().unwrap();
        assert!(text[span.start..].starts_with(place), "{family}: at {:?}\n{shown}", &text[span.clone()]);
    }
    let twice = with("hypotheses = [\"a\"]\nholm = {}")
        + "[[multiplicity]]\nname = \"family\"\nhypotheses = [\"a\"]\nhommel = {}\n";
    let report = read(&twice, &Options::default()).unwrap_err();
    assert_eq!(report.codes().iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["duplicate-name"]);
}
