//! Families in simulated trials: what a run says follows from its rows, and is what is known of independent endpoints.

use patency::analysis::Status;
use patency::result::multiplicity::Family;
use patency::result::{Design, Figure};
use patency::scenario::{Options, Scenario};

use super::Written;
use crate::engine::common::{Run, assert_calibrated, read};

const TWO_DOSES: &str = include_str!("../../scenarios/yardstick/p7-two-doses.toml");

/// Two independent normal endpoints of 12 patients, without an effect; exact t tests.
const INDEPENDENT: &str = include_str!("independent.toml");

fn independent(sides: u8, nulls: &str) -> String {
    INDEPENDENT.replace("SIDES", &format!("sides = {sides}")).replace("NULLS", nulls)
}

fn family<'d>(design: &'d Design, name: &str) -> &'d Family {
    design.multiplicity.iter().find(|f| f.name == name).unwrap()
}

/// Endpoints are independent and t tests exact, so that p-values are independent and uniform: one-sided at α = .2 two p-values above and
/// below .2, .1, .16, .04 have the probabilities of a square.
#[test]
fn statistical_families_of_independent_endpoints() {
    const REPLICATES: u64 = 30_000;
    let text = independent(1, "");
    let mut run = Run::new(&text, REPLICATES, "statistical_families_of_independent_endpoints");
    run.truth = true;
    let design = run.go().design;
    let judge = |what: &str, f: Figure, expected: f64| {
        assert_calibrated(what, f.estimate, expected, f.mcse.unwrap(), 0.02);
    };
    let both = 0.2_f64 * 0.2;
    let at_least_one = |a: f64, b: f64| 1.0 - (1.0 - a) * (1.0 - b);
    let expected = [
        // any; the first hypothesis; the second; both
        ("holm", at_least_one(0.1, 0.1), 0.1 + 0.1 * 0.1, 0.1 + 0.1 * 0.1, both - 0.01),
        ("hochberg", 0.2, both + 0.1 * 0.8, both + 0.1 * 0.8, both),
        ("sequence", 0.2, 0.2, both, both),
        ("fallback", at_least_one(0.16, 0.04), 0.16, 0.16 * 0.2 + 0.84 * 0.04, 0.16 * 0.2),
    ];
    let holm = family(&design, "holm");
    assert!(holm.more.is_none());
    for (name, any, first, second, all) in expected {
        let f = family(&design, name);
        if let Some(more) = &f.more {
            assert_eq!(more.than, "holm");
            let near = |d: Figure, own: Figure, other: Figure| {
                assert!((d.estimate - own.estimate + other.estimate).abs() < 1e-12, "{name}");
            };
            near(more.any, f.any, holm.any);
            near(more.all, f.all, holm.all);
            near(more.rejections, f.rejections, holm.rejections);
            // Hochberg rejects what Holm rejects and more, so that differences are 0 or 1
            if name == "hochberg" {
                let (d, n) = (more.any.estimate, REPLICATES as f64);
                assert!((more.any.mcse.unwrap() - (d * (1.0 - d) / (n - 1.0)).sqrt()).abs() < 1e-12);
            }
        }
        judge(&format!("{name}, any"), f.any, any);
        judge(&format!("{name}, all"), f.all, all);
        judge(&format!("{name}, first"), f.hypotheses[0].power, first);
        judge(&format!("{name}, second"), f.hypotheses[1].power, second);
        judge(&format!("{name}, alone"), f.hypotheses[1].alone.expect("tested at the end"), 0.2);
        // both null hypotheses are true, and seen to be so
        assert!(f.hypotheses.iter().all(|h| h.null == "true" && h.null_by == Some("true value")), "{name}");
        assert_eq!(f.familywise_error, Some(f.any), "one-sided: any rejection is one in favour");
        let mean = f.rejections;
        let shares: f64 = f.hypotheses.iter().map(|h| h.power.estimate).sum();
        assert!((mean.estimate - shares).abs() < 1e-12, "{name}: the mean of a sum");
        assert!((mean.estimate - f.any.estimate - f.all.estimate).abs() < 1e-12, "{name}: of two, any and all");
        let total: f64 = f.sets.iter().map(|s| s.share.estimate).sum();
        assert!((total - 1.0).abs() < 1e-12, "{name}: every replicate rejects some set, or none");
    }
}

/// The figures of a run are those of its rows: Holm's and the graph's decisions by their definitions, row by row.
#[test]
fn twin_families_follow_from_the_rows() {
    let mut run = Run::new(TWO_DOSES, 500, "twin_families_follow_from_the_rows");
    run.variant = Some("low-null");
    run.n = Some(60);
    run.truth = true;
    let design = run.go().design;
    let graph = Written::of(4).weights(&[0.5, 0.5, 0.0, 0.0]).transitions(&[
        vec![0.0, 0.5, 0.5, 0.0],
        vec![0.5, 0.0, 0.0, 0.5],
        vec![0.0, 1.0, 0.0, 0.0],
        vec![1.0, 0.0, 0.0, 0.0],
    ]);
    for (name, procedure) in [("holm", Written::of(4)), ("graph", graph)] {
        let (mut power, mut any, mut all, mut wrong, mut alone) = ([0; 4], 0, 0, 0, [0; 4]);
        run.each(|_, rows| {
            assert!(rows.iter().all(|r| r.estimate.status == Status::Estimated));
            let p: Vec<f64> = rows.iter().map(|r| r.estimate.p).collect();
            let rejected = procedure.adjusted(name, &p).iter().map(|a| *a <= 0.025).collect::<Vec<_>>();
            (0..4).for_each(|j| power[j] += u64::from(rejected[j]));
            (0..4).for_each(|j| alone[j] += u64::from(p[j] <= 0.025));
            any += u64::from(rejected.contains(&true));
            all += u64::from(!rejected.contains(&false));
            // the low dose does nothing: the second and the fourth
            wrong += u64::from(rejected[1] || rejected[3]);
        });
        let f = family(&design, name);
        let counts = |f: Figure| (f.estimate * 500.0).round() as u64;
        assert_eq!(f.hypotheses.iter().map(|h| counts(h.power)).collect::<Vec<_>>(), power, "{name}");
        assert_eq!(
            f.hypotheses.iter().map(|h| counts(h.alone.expect("tested at the end"))).collect::<Vec<_>>(),
            alone,
            "{name}"
        );
        assert_eq!((counts(f.any), counts(f.all)), (any, all), "{name}");
        assert_eq!(f.familywise_error.map(counts), Some(wrong), "{name}");
        let nulls: Vec<&str> = f.hypotheses.iter().map(|h| h.null).collect();
        assert_eq!(nulls, ["false", "true", "false", "true"], "{name}");
        assert!(power[0] > 50 && any >= power[0], "{name}: something is rejected");
    }
}

/// Which null hypotheses are true, by variant: of a two-sided test only no effect, of a one-sided one harm as well; declared ones as
/// declared, with a mark where true values say otherwise; unknown where nobody says.
#[test]
fn contract_true_null_hypotheses() {
    let nulls = |text: &str, variant: Option<&str>, truth: bool| -> Vec<(&'static str, Option<&'static str>, bool)> {
        let mut run = Run::new(text, 40, "contract_true_null_hypotheses");
        (run.variant, run.truth) = (variant, truth);
        let design = run.go().design;
        let found = family(&design, "holm");
        let known =
            found.hypotheses.iter().all(|h| h.null != "unknown") && found.hypotheses.iter().any(|h| h.null == "true");
        assert_eq!(found.familywise_error.is_some(), known);
        found.hypotheses.iter().map(|h| (h.null, h.null_by, h.null_contradicted)).collect()
    };
    let by = Some("true value");
    let (one, two) = (independent(1, ""), independent(2, ""));
    let exact = ("true", by, false);
    assert_eq!(nulls(&two, None, true), [exact, exact]);
    assert_eq!(nulls(&two, Some("better"), true), [("false", by, false), exact]);
    assert_eq!(nulls(&two, Some("worse"), true), [("false", by, false), exact]);
    assert_eq!(nulls(&one, Some("worse"), true), [exact, exact]);
    let unknown = ("unknown", None, false);
    assert_eq!(nulls(&one, None, false), [unknown, unknown]);
    // a margin that is the effect but for Monte Carlo error cannot be told from a small effect
    let margin = one.replacen("alpha = 0.2", "alpha = 0.2\nmargin = -0.0001\n", 1);
    assert_eq!(nulls(&margin, None, true)[0], ("false", by, false));
    // where a prior lets it vary, each replicate has its own: only what nothing depends on is told
    let prior = two.replace("value = 0, source", "value = { normal = { mean = 1, sd = 0.1 } }, source");
    assert_eq!(nulls(&prior, None, true), [unknown, exact]);
    let declared = Some("declared");
    let declares = [("false", declared, false), ("true", declared, false)];
    assert_eq!(nulls(&one, Some("declared"), true), declares);
    assert_eq!(nulls(&one, Some("declared"), false), declares);
    assert_eq!(nulls(&one, Some("wrong"), true), [("true", declared, true), ("true", declared, false)]);
    // the file's own declaration is not that of its variants
    let file = independent(1, "nulls = [\"a\"]");
    assert_eq!(nulls(&file, None, true), [("true", declared, false), ("false", declared, true)]);
    assert_eq!(nulls(&file, Some("better"), true), [("false", by, false), exact]);
}

/// Of an equivalence test the null hypothesis is true outside the limits; a true value with Monte Carlo error near one leaves it open.
#[test]
fn contract_true_null_hypotheses_of_margins() {
    let null = |test: &str, effect: &str| {
        let text = independent(1, "").replacen("alpha = 0.2\nsides = 1", &format!("alpha = 0.2\n{test}"), 1);
        let text = text.replace("value = 0, source", &format!("value = {effect}, source"));
        let design = {
            let mut run = Run::new(&text, 40, "margins");
            run.truth = true;
            run.go().design
        };
        family(&design, "holm").hypotheses[0].null
    };
    assert_eq!(null("equivalence = [-0.5, 0.5]", "0"), "false");
    assert_eq!(null("equivalence = [-0.5, 0.5]", "0.8"), "true");
    assert_eq!(null("margin = -0.5\nsides = 1", "-0.5"), "true");
    assert_eq!(null("margin = -0.5\nsides = 1", "-0.7"), "true");
    assert_eq!(null("margin = -0.5\nsides = 1", "-0.2"), "false");
    // the control's course is another one: the true value varies about the margin
    let text =
        independent(1, "").replace("effect * treatment\", sd = 1", "effect * treatment\", sd = \"1 + treatment\"");
    let mut run = Run::new(&text, 40, "margins");
    run.truth = true;
    assert_eq!(family(&run.go().design, "holm").hypotheses[0].null, "unknown");
}

/// A failure rejects nothing and is counted.
#[test]
fn contract_what_has_no_answer_is_not_rejected() {
    let text = independent(1, "").replace("n = 12", "n = 2");
    let f = Run::new(&text, 70, "contract_what_has_no_answer_is_not_rejected").go().design;
    for f in &f.multiplicity {
        assert!(f.hypotheses.iter().all(|h| h.missing == 70 && h.power.estimate == 0.0), "{}", f.name);
        assert_eq!((f.any.estimate, f.rejections.estimate), (0.0, 0.0));
    }
}

/// Keeping some analyses keeps the families that are whole, and moves their hypotheses.
#[test]
fn contract_families_of_the_analyses_that_are_kept() {
    let kept = |names: &[&str]| {
        let mut scenario: Scenario = read(TWO_DOSES, &Options::default());
        scenario.nulls = Some(vec![1, 2]);
        scenario.keep_analyses(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
        scenario
    };
    assert_eq!(kept(&["all"]).multiplicity.len(), 6);
    let some = kept(&["low/first", "low/second"]);
    assert!(some.multiplicity.is_empty());
    assert_eq!(some.nulls, Some(vec![0]));
    let text = TWO_DOSES.replace(
        "name = \"hommel\"\nhypotheses = [\"high/first\", \"low/first\", \"high/second\", \"low/second\"]",
        "name = \"hommel\"\nhypotheses = [\"low/second\", \"low/first\"]",
    );
    let mut scenario = read(&text, &Options::default());
    scenario.keep_analyses(&["low/first".to_owned(), "low/second".to_owned()]).unwrap();
    assert_eq!(scenario.multiplicity.len(), 1);
    assert_eq!(scenario.multiplicity[0].hypotheses, [1, 0]);
}
