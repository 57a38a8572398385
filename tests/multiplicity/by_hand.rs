//! Small families worked out by hand.

use patency::analysis::{Estimate, Status};
use patency::decision::{Scratch, Verdict, decide};
use patency::multiplicity::Graph;
use patency::scenario::FamilyPlan;

use super::{Written, assert_near};

/// p with a tie; factors 4, 3, 2, 1 on .01, .02, .02, .5.
#[test]
fn by_hand_unweighted_procedures() {
    let p = [0.02, 0.5, 0.01, 0.02];
    let of = |procedure: &str| Written::of(4).adjusted(procedure, &p);
    assert_near(&of("bonferroni"), &[0.08, 1.0, 0.04, 0.08], 1e-15);
    // step down: .04, max(.04, .06), max(.06, .04), max(.06, .5)
    assert_near(&of("holm"), &[0.06, 0.5, 0.04, 0.06], 1e-15);
    // step up: .5, min(.5, .04), min(.04, .06), min(.04, .04)
    assert_near(&of("hochberg"), &[0.04, 0.5, 0.04, 0.04], 1e-15);
    // Simes: with all four 4/3 × .02 = .0267, with .01 and the three others of which .5 is one 3/2 × .02 = .03
    assert_near(&of("hommel"), &[0.04, 0.5, 0.03, 0.04], 1e-15);
    assert_near(&of("fixed-sequence"), &[0.02, 0.5, 0.5, 0.5], 0.0);
}

#[test]
fn by_hand_one_hypothesis_is_its_p_value() {
    for procedure in ["bonferroni", "holm", "hochberg", "hommel", "fixed-sequence"] {
        for p in [0.0, 0.03, 1.0] {
            assert_eq!(Written::of(1).adjusted(procedure, &[p]), [p], "{procedure}");
        }
    }
}

/// Weights .5, .3, .2: ratios .04, .1, .05, in the order 1, 3, 2 with 1, .5, .3 left.
#[test]
fn by_hand_weighted_holm_and_bonferroni() {
    let written = Written::of(3).weights(&[0.5, 0.3, 0.2]);
    let p = [0.02, 0.03, 0.01];
    assert_near(&written.adjusted("bonferroni", &p), &[0.04, 0.1, 0.05], 1e-15);
    // .04; max(.04, .01 × .5/.2) = .04; max(.04, .03)
    assert_near(&written.adjusted("holm", &p), &[0.04, 0.04, 0.04], 1e-15);
    // half of the level unused: twice the p-values
    let half = Written::of(3).weights(&[0.25, 0.15, 0.1]);
    assert_near(&half.adjusted("holm", &p), &[0.08, 0.08, 0.08], 1e-15);
}

/// Shares .5, .3, .2 of .05: .025, .015, .01. The second is rejected and leaves .015 to the third, now at .025; the first is not.
#[test]
fn by_hand_fallback() {
    let written = Written::of(3).weights(&[0.5, 0.3, 0.2]);
    let adjusted = written.adjusted("fallback", &[0.03, 0.012, 0.02]);
    assert_near(&adjusted, &[0.06, 0.04, 0.04], 1e-15);
    // the first at .06 leaves its share to the second, which leaves both to the third
    let adjusted = written.adjusted("fallback", &[0.03, 0.03, 0.02]);
    assert_near(&adjusted, &[0.06, 0.06, 0.06], 1e-14);
}

/// The graph of two doses with two endpoints (Bretz and others 2011, figure 4) at p = .010, .030, .012, .004, step by step.
#[test]
fn by_hand_every_step_of_a_graph() {
    let transitions = [0.0, 0.5, 0.5, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    let start = Graph::new(&[0.5, 0.5, 0.0, 0.0], &transitions);
    let p = [0.010, 0.030, 0.012, 0.004];
    let mut graph = start.clone();
    let weights = |g: &Graph| (0..4).map(|j| g.weight(j)).collect::<Vec<_>>();
    let row = |g: &Graph, j: usize| (0..4).map(|l| g.transition(j, l)).collect::<Vec<_>>();

    // ratios .02, .06, and two without a share
    let (j, ratio) = graph.next(&p).unwrap();
    assert_eq!(j, 0);
    assert_near(&[ratio], &[0.02], 1e-15);
    graph.reject(0);
    assert_eq!(weights(&graph), [0.0, 0.75, 0.25, 0.0]);
    // second → third: (0 + .5 × .5)/(1 − .5 × .5); second → fourth: .5/.75
    assert_near(&row(&graph, 1), &[0.0, 0.0, 1.0 / 3.0, 2.0 / 3.0], 1e-15);
    assert_eq!(row(&graph, 2), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(row(&graph, 3), [0.0, 0.5, 0.5, 0.0]);
    assert!(!graph.is_open(0) && graph.is_open(1));

    // ratios .04, .048
    let (j, ratio) = graph.next(&p).unwrap();
    assert_eq!(j, 1);
    assert_near(&[ratio], &[0.04], 1e-15);
    graph.reject(1);
    assert_near(&weights(&graph), &[0.0, 0.0, 0.5, 0.5], 1e-15);
    assert_near(&row(&graph, 2), &[0.0, 0.0, 0.0, 1.0], 1e-15);
    assert_near(&row(&graph, 3), &[0.0, 0.0, 1.0, 0.0], 1e-15);

    // ratios .024, .008
    let (j, ratio) = graph.next(&p).unwrap();
    assert_eq!(j, 3);
    assert_near(&[ratio], &[0.008], 1e-15);
    graph.reject(3);
    assert_near(&weights(&graph), &[0.0, 0.0, 1.0, 0.0], 1e-15);
    assert_eq!(row(&graph, 2), [0.0; 4]);
    let before = graph.clone();
    graph.reject(3);
    assert_eq!(graph, before, "what is rejected passes nothing on again");
    graph.reject(2);
    assert_eq!(graph.next(&p), None);

    let mut adjusted = [f64::NAN; 4];
    start.adjust(&p, &mut Graph::default(), &mut adjusted);
    assert_near(&adjusted, &[0.02, 0.04, 0.04, 0.04], 1e-15);
}

/// Two hypotheses that pass all but ε to each other and ε to the third: with both rejected the third has everything, however small ε is.
#[test]
fn by_hand_epsilon_edges() {
    for epsilon in [1e-3, 1e-9, 1e-13] {
        let back = 1.0 - epsilon;
        let mut graph = Graph::new(&[0.5, 0.5, 0.0], &[0.0, back, epsilon, back, 0.0, epsilon, 0.0, 0.0, 0.0]);
        graph.reject(0);
        assert!(graph.transition(1, 2) <= 1.0 + 1e-9, "{epsilon}");
        graph.reject(1);
        assert!((graph.weight(2) - 1.0).abs() < 1e-3, "{epsilon}: {}", graph.weight(2));
    }
}

/// A loop from which nothing leads: its members keep what they have.
#[test]
fn by_hand_a_closed_loop() {
    let mut graph = Graph::new(&[0.5, 0.25, 0.25], &[0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.5, 0.0]);
    graph.reject(0);
    assert_eq!([0, 1, 2].map(|j| graph.weight(j)), [0.0, 0.75, 0.25]);
    assert_eq!([0, 1, 2].map(|l| graph.transition(1, l)), [0.0; 3]);
    // .5 directly, .5 by way of the one that is gone
    assert_eq!([0, 1, 2].map(|l| graph.transition(2, l)), [0.0, 1.0, 0.0]);
}

/// No share, no rejection: not even where p is 0.
#[test]
fn by_hand_what_has_no_share_is_not_rejected() {
    let written = Written::of(2).weights(&[1.0, 0.0]);
    assert_eq!(written.adjusted("fallback", &[0.5, 0.0]), [0.5, 0.5]);
    let none = written.transitions(&[vec![0.0; 2], vec![0.0; 2]]);
    assert_eq!(none.adjusted("graph", &[0.0, 0.0]), [0.0, 1.0]);
}

/// Two families of two. Serial: Holm .02, .03 in the first, then .04, .04 and no less than .03. Parallel: the first at p/½; after one of
/// its rejections half of the level is with the second family.
#[test]
fn by_hand_gatekeeping() {
    let p = [0.01, 0.03, 0.001, 0.02];
    let families = [vec![0, 1], vec![2, 3]];
    let serial = Written::of(4).gate("serial", &families).adjusted("gatekeeping", &p);
    assert_near(&serial, &[0.02, 0.03, 0.03, 0.03], 1e-15);
    let parallel = Written::of(4).gate("parallel", &families).adjusted("gatekeeping", &p);
    // .01/.5; then the third .001/.25, the fourth at ½: .04; the second .03/.5
    assert_near(&parallel, &[0.02, 0.06, 0.02, 0.04], 1e-15);
    // nothing in the first family, nothing in the second
    let p = [0.3, 0.4, 0.0, 0.0];
    assert_eq!(Written::of(4).gate("serial", &families).adjusted("gatekeeping", &p), [0.6; 4]);
    assert_eq!(Written::of(4).gate("parallel", &families).adjusted("gatekeeping", &p), [0.6, 0.8, 0.6, 0.6]);
}

fn plan(sides: u8, count: usize, procedure: &'static str) -> FamilyPlan {
    FamilyPlan {
        name: "family".to_owned(),
        label: "family".to_owned(),
        procedure: Written::of(count).build(procedure).unwrap(),
        procedure_name: procedure,
        hypotheses: (0..count).collect(),
        alpha: 0.05,
        sides,
        graph: None,
        shown: true,
    }
}

fn estimate(p: f64, others: Option<[f64; 2]>) -> Estimate {
    Estimate { p, others, status: Status::Estimated, ..Estimate::failed(Status::Estimated, 10) }
}

/// Two-sided p .008 against, .02 in favour, an exact test with its own .06, one without an answer.
#[test]
fn by_hand_what_two_sided_tests_decide() {
    let estimates = [
        estimate(0.996, None),
        estimate(0.01, None),
        estimate(0.02, Some([0.99, 0.06])),
        Estimate::failed(Status::NoVariation, 10),
    ];
    let mut scratch = Scratch::default();
    let verdict = decide(&plan(2, 4, "holm"), |h| &estimates[h], &mut scratch);
    assert_near(&scratch.p, &[0.008, 0.02, 0.06, 1.0], 1e-12);
    // Holm: .032, .06, .12, 1
    assert_near(&scratch.adjusted, &[0.032, 0.06, 0.12, 1.0], 1e-12);
    assert_eq!(verdict, Verdict { rejected: 0b0001, favour: 0, alone: 0b0010, missing: 0b1000 });
    let verdict = decide(&plan(2, 4, "hochberg"), |h| &estimates[h], &mut scratch);
    assert_eq!(verdict.rejected, 0b0001);
}

/// One-sided tests enter with the p-value in favour, and reject nothing against.
#[test]
fn by_hand_what_one_sided_tests_decide() {
    let estimates = [estimate(0.999, None), estimate(0.024, None), estimate(0.049, Some([0.96, 0.09]))];
    let mut scratch = Scratch::default();
    let verdict = decide(&plan(1, 3, "holm"), |h| &estimates[h], &mut scratch);
    assert_near(&scratch.p, &[0.999, 0.024, 0.049], 1e-15);
    assert_eq!(verdict, Verdict { rejected: 0, favour: 0, alone: 0b110, missing: 0 });
    let two = [estimate(0.024, None), estimate(0.049, None)];
    let verdict = decide(&plan(1, 2, "hochberg"), |h| &two[h], &mut scratch);
    assert_eq!(verdict, Verdict { rejected: 0b11, favour: 0b11, alone: 0b11, missing: 0 });
    // an answer without a p-value is none
    let mut none = estimate(0.01, None);
    none.p = f64::NAN;
    let verdict = decide(&plan(1, 1, "holm"), |_| &none, &mut scratch);
    assert_eq!(verdict, Verdict { missing: 1, ..Verdict::default() });
}
