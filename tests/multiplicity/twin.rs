//! Every procedure beside the closed test that it abbreviates: a hypothesis is rejected where every intersection that holds it is.

use patency::multiplicity::Procedure;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Written, adjusted};

/// Adjusted p-values of a closed test; `local` gives the p-value of the intersection of a set, as ascending indices.
fn closed(k: usize, local: impl Fn(&[usize]) -> f64) -> Vec<f64> {
    let sets = (1_u32..1 << k).map(|set| (0..k).filter(|j| set >> j & 1 == 1).collect::<Vec<_>>());
    let mut out = vec![0.0_f64; k];
    for set in sets {
        let p = local(&set).min(1.0);
        for &j in &set {
            out[j] = out[j].max(p);
        }
    }
    out
}

/// Weighted Bonferroni within a set.
fn bonferroni(p: &[f64], set: &[usize], weight: impl Fn(usize) -> f64) -> f64 {
    let ratios = set.iter().filter(|&&j| weight(j) > 0.0).map(|&j| p[j] / weight(j));
    ratios.fold(f64::INFINITY, f64::min)
}

/// The p-values of a set in ascending order.
fn sorted(p: &[f64], set: &[usize]) -> Vec<f64> {
    let mut p: Vec<f64> = set.iter().map(|&j| p[j]).collect();
    p.sort_by(f64::total_cmp);
    p
}

/// Weights of a graph once all but a set are gone, taken out from the last to the first; each step makes a new matrix.
fn left(set: &[usize], weights: &[f64], transitions: &[Vec<f64>]) -> Vec<f64> {
    let (mut w, mut g) = (weights.to_vec(), transitions.to_vec());
    let k = w.len();
    let mut here: Vec<usize> = (0..k).collect();
    for gone in (0..k).rev().filter(|j| !set.contains(j)) {
        here.retain(|&j| j != gone);
        let (old_w, old_g) = (w.clone(), g.clone());
        for &l in &here {
            w[l] = old_w[l] + old_w[gone] * old_g[gone][l];
            for &m in here.iter().filter(|&&m| m != l) {
                let back = old_g[l][gone] * old_g[gone][l];
                g[l][m] = if back < 1.0 - 1e-12 {
                    (old_g[l][m] + old_g[l][gone] * old_g[gone][m]) / (1.0 - back)
                } else {
                    0.0
                };
            }
        }
    }
    w
}

/// Serial gatekeeping: Holm's test of what is left of the first family.
fn serial(p: &[f64], set: &[usize], families: &[Vec<usize>]) -> f64 {
    let first: Vec<usize> = families
        .iter()
        .map(|f| f.iter().copied().filter(|j| set.contains(j)).collect())
        .find(|f: &Vec<_>| !f.is_empty())
        .unwrap();
    bonferroni(p, &first, |_| 1.0 / first.len() as f64)
}

/// Parallel gatekeeping: what is gone from a family, in parts of it, goes to the next; the last family shares all that reaches it.
fn parallel(p: &[f64], set: &[usize], families: &[Vec<usize>]) -> f64 {
    let mut reaches = 1.0;
    let mut weights = vec![0.0; p.len()];
    for (number, family) in families.iter().enumerate() {
        let here: Vec<usize> = family.iter().copied().filter(|j| set.contains(j)).collect();
        let parts = if number + 1 == families.len() { here.len() } else { family.len() };
        here.iter().for_each(|&j| weights[j] = reaches / parts as f64);
        reaches *= 1.0 - here.len() as f64 / family.len() as f64;
    }
    bonferroni(p, set, |j| weights[j])
}

/// Shares that sum to at most 1, in quarters, eighths or thirds.
fn shares(k: usize) -> impl Strategy<Value = Vec<f64>> {
    (prop::collection::vec(0_u8..4, k), 0_u8..3).prop_map(|(parts, spare)| {
        let sum = parts.iter().map(|&x| f64::from(x)).sum::<f64>() + f64::from(spare == 2);
        parts.iter().map(|&x| if sum > 0.0 { f64::from(x) / sum } else { 0.0 }).collect()
    })
}

/// p-values full of ties, with 0 and 1.
fn p_values(k: usize) -> impl Strategy<Value = Vec<f64>> {
    let one =
        prop_oneof![select(vec![0.0, 0.001, 0.01, 0.0125, 0.02, 0.025, 0.05, 0.3, 1.0]), 0.0..1.0_f64, 0.0..0.1_f64];
    prop::collection::vec(one, k)
}

/// A procedure of some size, p-values, and the adjusted ones of its closed test.
#[derive(Clone, Debug)]
struct Case {
    name: &'static str,
    written: Written,
    p: Vec<f64>,
}

fn case() -> impl Strategy<Value = Case> {
    let plain = select(vec!["bonferroni", "holm", "hochberg", "hommel", "fixed-sequence"]);
    let kind = prop_oneof![
        plain,
        select(vec!["bonferroni-weighted", "holm-weighted", "fallback", "graph", "serial", "parallel"])
    ];
    (kind, 1_usize..=5).prop_flat_map(|(kind, k)| {
        let rows = prop::collection::vec(shares(k), k);
        (Just(kind), p_values(k), shares(k), rows, prop::collection::vec(0_usize..3, k)).prop_map(
            |(kind, p, w, mut g, family)| {
                let k = p.len();
                g.iter_mut().enumerate().for_each(|(j, row)| row[j] = 0.0);
                let positive: Vec<f64> = w.iter().map(|x| (x + 0.125) / (1.0 + 0.125 * k as f64)).collect();
                let mut families: Vec<Vec<usize>> =
                    (0..3).map(|f| (0..k).filter(|&j| family[j] == f).collect()).collect();
                families.retain(|f| !f.is_empty());
                let (name, written) = match kind {
                    "bonferroni-weighted" => ("bonferroni", Written::of(k).weights(&positive)),
                    "holm-weighted" => ("holm", Written::of(k).weights(&positive)),
                    "fallback" => ("fallback", Written::of(k).weights(&w)),
                    "graph" => ("graph", Written::of(k).weights(&w).transitions(&g)),
                    "serial" => ("gatekeeping", Written::of(k).gate("serial", &families)),
                    "parallel" => ("gatekeeping", Written::of(k).gate("parallel", &families)),
                    plain => (plain, Written::of(k)),
                };
                Case { name, written, p }
            },
        )
    })
}

impl Case {
    fn build(&self) -> Box<dyn Procedure> {
        self.written.build(self.name).unwrap()
    }

    /// By the closed test.
    fn closed(&self) -> Vec<f64> {
        let (k, p) = (self.p.len(), &self.p);
        let equal = vec![1.0 / k as f64; k];
        let weights = self.written.weights.as_ref().unwrap_or(&equal);
        let used: f64 = weights.iter().sum::<f64>();
        closed(k, |set| {
            let (m, sorted) = (set.len(), sorted(p, set));
            let shares: f64 = set.iter().map(|&j| weights[j]).sum();
            match (self.name, &self.written.gate, &self.written.transitions) {
                ("bonferroni", ..) => bonferroni(p, set, |j| weights[j]),
                ("holm", ..) => bonferroni(p, set, |j| weights[j] / shares * used),
                ("hochberg", ..) => (0..m).map(|i| (m - i) as f64 * sorted[i]).fold(f64::INFINITY, f64::min),
                ("hommel", ..) => (0..m).map(|i| m as f64 / (i + 1) as f64 * sorted[i]).fold(f64::INFINITY, f64::min),
                ("fixed-sequence", ..) => p[set[0]],
                // what stands between a hypothesis and the one of the set before it adds to its share
                ("fallback", ..) => bonferroni(p, set, |j| {
                    let from = set.iter().rev().find(|&&l| l < j).map_or(0, |l| l + 1);
                    weights[from..=j].iter().sum()
                }),
                ("graph", _, Some(g)) => {
                    let w = left(set, weights, g);
                    bonferroni(p, set, |j| w[j])
                }
                (_, Some(("serial", families)), _) => serial(p, set, families),
                (_, Some((_, families)), _) => parallel(p, set, families),
                other => panic!("{other:?}"),
            }
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn twin_every_procedure_is_its_closed_test(case in case()) {
        let (found, expected) = (adjusted(&*case.build(), &case.p), case.closed());
        for (f, e) in found.iter().zip(&expected) {
            prop_assert!((f - e).abs() <= 1e-9 * e + 1e-300, "{:?} where {:?} is expected", found, expected);
        }
    }

    #[test]
    fn contract_adjusted_p_values_are_no_smaller_and_rise_with_p(case in case(), at in 0_usize..5, to in 0.0..1.0_f64) {
        let procedure = case.build();
        let before = adjusted(&*procedure, &case.p);
        for (a, p) in before.iter().zip(&case.p) {
            prop_assert!(*a >= p * (1.0 - 1e-12) && (0.0..=1.0).contains(a), "{:?}", before);
        }
        let mut lower = case.p.clone();
        let at = at % lower.len();
        lower[at] *= to;
        let after = adjusted(&*procedure, &lower);
        for (a, b) in after.iter().zip(&before) {
            prop_assert!(*a <= b * (1.0 + 1e-9), "{:?} after {:?}", after, before);
        }
    }

    /// Where nothing depends on the order, the order of the hypotheses does not matter.
    #[test]
    fn contract_order_matters_only_where_it_is_part_of_the_procedure(p in (1_usize..=6).prop_flat_map(p_values)) {
        let backwards: Vec<f64> = p.iter().rev().copied().collect();
        for name in ["bonferroni", "holm", "hochberg", "hommel"] {
            let procedure = Written::of(p.len()).build(name).unwrap();
            let mut turned = adjusted(&*procedure, &backwards);
            turned.reverse();
            prop_assert_eq!(turned, adjusted(&*procedure, &p), "{}", name);
        }
    }

    /// Graphs that are other procedures, and procedures that reject no less than others.
    #[test]
    fn contract_graphs_are_the_procedures_they_draw(p in (2_usize..=6).prop_flat_map(p_values)) {
        let k = p.len();
        let of = |name: &str| Written::of(k).adjusted(name, &p);
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * b);
        let graph = |w: &[f64], g: &dyn Fn(usize, usize) -> f64| {
            let rows: Vec<Vec<f64>> = (0..k).map(|j| (0..k).map(|l| if l == j { 0.0 } else { g(j, l) }).collect()).collect();
            Written::of(k).weights(w).transitions(&rows).adjusted("graph", &p)
        };
        let equal = vec![1.0 / k as f64; k];
        prop_assert!(near(&graph(&equal, &|_, _| 1.0 / (k - 1) as f64), &of("holm")));
        prop_assert!(near(&graph(&equal, &|_, _| 0.0), &of("bonferroni")));
        let mut first = vec![0.0; k];
        first[0] = 1.0;
        let chain = |j: usize, l: usize| f64::from(l == j + 1);
        prop_assert_eq!(graph(&first, &chain), of("fixed-sequence"));
        prop_assert_eq!(Written::of(k).weights(&first).adjusted("fallback", &p), of("fixed-sequence"));
        prop_assert_eq!(graph(&equal, &chain), Written::of(k).weights(&equal).adjusted("fallback", &p));
        let alone: Vec<Vec<usize>> = (0..k).map(|j| vec![j]).collect();
        prop_assert_eq!(Written::of(k).gate("serial", &alone).adjusted("gatekeeping", &p), of("fixed-sequence"));
        prop_assert_eq!(Written::of(k).gate("parallel", &alone).adjusted("gatekeeping", &p), of("fixed-sequence"));
        let one = [(0..k).collect::<Vec<_>>()];
        prop_assert_eq!(Written::of(k).gate("serial", &one).adjusted("gatekeeping", &p), of("holm"));
        prop_assert!(near(&Written::of(k).gate("parallel", &one).adjusted("gatekeeping", &p), &of("holm")));
        for (more, less) in [("hommel", "hochberg"), ("hochberg", "holm"), ("holm", "bonferroni")] {
            prop_assert!(of(more).iter().zip(of(less)).all(|(a, b)| *a <= b * (1.0 + 1e-12)), "{} beside {}", more, less);
        }
    }
}
