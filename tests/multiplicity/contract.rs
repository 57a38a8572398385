//! What every procedure does, and what is refused.

use patency::analysis::{Estimate, Status};
use patency::decision::{Scratch, decide};
use patency::multiplicity::{FAMILY, MOST};
use patency::scenario::FamilyPlan;
use patency::scenario::form::Complaint;

use super::{Written, names};

/// Each member at so many hypotheses, with equal shares.
fn members(k: usize) -> Vec<(&'static str, Written)> {
    let equal = vec![1.0 / k as f64; k];
    let ring: Vec<Vec<f64>> = (0..k).map(|j| (0..k).map(|l| f64::from(k > 1 && l == (j + 1) % k)).collect()).collect();
    let halves = [(0..k.div_ceil(2)).collect(), (k.div_ceil(2)..k).collect::<Vec<usize>>()];
    let halves: Vec<Vec<usize>> = halves.into_iter().filter(|f: &Vec<usize>| !f.is_empty()).collect();
    let mut all = Vec::new();
    for member in FAMILY {
        let name = member.form.name;
        match name {
            "fallback" => all.push((name, Written::of(k).weights(&equal))),
            "graph" => all.push((name, Written::of(k).weights(&equal).transitions(&ring))),
            "gatekeeping" => {
                all.push((name, Written::of(k).gate("serial", &halves)));
                all.push((name, Written::of(k).gate("parallel", &halves)));
            }
            _ => all.push((name, Written::of(k))),
        }
    }
    all
}

#[test]
fn contract_every_member_rejects_all_at_0_and_nothing_at_1() {
    for k in [1, 2, 5, MOST] {
        for (name, written) in members(k) {
            assert_eq!(written.adjusted(name, &vec![1.0; k]), vec![1.0; k], "{name}, {k}");
            assert_eq!(written.adjusted(name, &vec![0.0; k]), vec![0.0; k], "{name}, {k}");
        }
    }
}

#[test]
fn contract_decisions_allocate_nothing_once_memory_has_grown() {
    let estimates: Vec<Estimate> =
        (0..6_u8).map(|j| Estimate { p: 0.01 * f64::from(j + 1), ..Estimate::failed(Status::Estimated, 9) }).collect();
    let mut scratch = Scratch::default();
    for (name, written) in members(6) {
        let plan = FamilyPlan {
            name: String::new(),
            label: String::new(),
            procedure: written.build(name).unwrap(),
            procedure_name: name,
            hypotheses: (0..6).collect(),
            alpha: 0.05,
            sides: 1,
            graph: None,
            shown: true,
        };
        let first = decide(&plan, |h| &estimates[h], &mut scratch);
        let mut again = None;
        let info = allocation_counter::measure(|| again = Some(decide(&plan, |h| &estimates[h], &mut scratch)));
        assert_eq!(info.count_total, 0, "{name}");
        assert_eq!(again, Some(first), "{name}");
    }
}

/// Code, key and message of what is refused.
fn refused(procedure: &str, written: &Written) -> (&'static str, Option<&'static str>, String) {
    let Complaint { code, key, message, .. } = written.build(procedure).expect_err(procedure);
    (code.as_str(), key, message)
}

#[test]
fn contract_what_does_not_fit_is_refused() {
    let is = |procedure: &str, written: Written, code: &str, key: Option<&str>, message: &str| {
        let (c, k, m) = refused(procedure, &written);
        assert_eq!((c, k, m.as_str()), (code, key, message));
    };
    let two = || Written::of(2);
    let weights = Some("weights");
    is("bonferroni", two().weights(&[0.5]), "wrong-length", weights, "1 weights for 2 hypotheses");
    is("bonferroni", two().weights(&[0.5, 0.0]), "out-of-domain", weights, "a weight is 0");
    is("holm", two().weights(&[0.5, -0.5]), "out-of-domain", weights, "a weight is -0.5");
    is("holm", two().weights(&[0.75, 0.5]), "out-of-domain", weights, "the weights sum to 1.25");
    is("fallback", two(), "missing-key", None, "`fallback` has no `weights`");
    is("fallback", two().weights(&[1.0, 0.5]), "out-of-domain", weights, "the weights sum to 1.5");
    let graph = |rows: &[Vec<f64>]| two().weights(&[0.5, 0.5]).transitions(rows);
    let transitions = Some("transitions");
    let rows = |rows: &[Vec<f64>], code: &str, message: &str| is("graph", graph(rows), code, transitions, message);
    rows(&[vec![0.0, 1.0]], "wrong-length", "`transitions` has 1 rows for 2 hypotheses");
    rows(&[vec![0.0, 1.0], vec![1.0]], "wrong-length", "the transitions from `h1` are 1 for 2 hypotheses");
    rows(&[vec![0.5, 0.5], vec![1.0, 0.0]], "out-of-domain", "`h0` passes 0.5 of its share to itself");
    rows(&[vec![0.0, -1.0], vec![1.0, 0.0]], "out-of-domain", "a transition from `h0` is -1");
    rows(&[vec![0.0, 1.5], vec![1.0, 0.0]], "out-of-domain", "the transitions from `h0` sum to 1.5");
    let families = Some("families");
    let gate = |members: &[Vec<usize>], code: &str, message: &str| {
        is("gatekeeping", two().gate("serial", members), code, families, message);
    };
    gate(&[vec![0], vec![7]], "unknown-analysis", "`h7` is not one of the hypotheses");
    gate(&[vec![0, 1], vec![0]], "duplicate-name", "`h0` stands twice in the families");
    gate(&[vec![0, 1], vec![]], "wrong-length", "a family is empty");
    gate(&[vec![0]], "contradiction", "`h1` is in none of the families");
    // rounding is not an excess
    assert!(Written::of(3).weights(&[0.7, 0.2, 0.1]).build("holm").is_ok());
    assert!(Written::of(10).weights(&[0.1; 10]).build("fallback").is_ok());
    assert_eq!(names(2), ["h0", "h1"]);
}

/// Look by look a family is carried out as a graph: the same test as the procedure, where there is one look.
#[test]
fn contract_graphs_of_procedures_are_the_procedures() {
    let mut state = patency::multiplicity::Graph::default();
    let mut found = Vec::new();
    for (name, written) in members(4) {
        let procedure = written.build(name).unwrap();
        let Some(graph) = procedure.graph(4) else { continue };
        found.push(name);
        for k in 0..200_u32 {
            // p-values spread over 0 to .1, no two alike
            let p: Vec<f64> = (0..4).map(|j| f64::from((k * 37 + j * 101 + k * k * 7) % 997) / 9_970.0).collect();
            let (mut own, mut by_graph) = (vec![0.0; 4], vec![0.0; 4]);
            let mut memory = patency::multiplicity::Scratch::default();
            procedure.adjust(&p, &mut memory, &mut own);
            graph.adjust(&p, &mut state, &mut by_graph);
            for (a, b) in own.iter().zip(&by_graph) {
                assert!((a - b).abs() < 1e-12, "{name}: {own:?} and {by_graph:?}");
            }
        }
    }
    for name in ["bonferroni", "holm", "fixed-sequence", "fallback", "graph"] {
        assert!(found.contains(&name), "{found:?}");
    }
}
