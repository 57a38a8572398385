//! Adjusted p-values of R.

use super::Written;

const FIGURES: &str = include_str!("../reference/multiplicity.csv");
const GMCP: &str = include_str!("../reference/multiplicity-gmcp.csv");
const MULTCOMP: &str = include_str!("../reference/multiplicity-multcomp.csv");

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|x| x.parse().unwrap()).collect()
}

/// Every row of a file against the procedure of this name, at a tolerance by procedure and software, and where decisions are given, these.
fn assert_agrees(figures: &str, alpha: f64, tolerance: impl Fn(&str, &str) -> f64, counts: &[(&str, usize)]) {
    let mut seen: Vec<(String, usize)> = Vec::new();
    for line in figures.lines().skip_while(|l| l.starts_with('#')).skip(1) {
        let mut fields = line.split(',');
        let [procedure, by, p, weights, transitions, families, expected] = [(); 7].map(|()| fields.next().unwrap());
        let (p, expected) = (numbers(p), numbers(expected));
        let mut written = Written::of(p.len());
        if !weights.is_empty() {
            written = written.weights(&numbers(weights));
        }
        if !transitions.is_empty() {
            written = written.transitions(&transitions.split('/').map(numbers).collect::<Vec<_>>());
        }
        let families: Vec<Vec<usize>> =
            families.split('/').map(|f| numbers(f).into_iter().map(|j| j as usize).collect()).collect();
        let found = match procedure {
            "serial" | "parallel" => {
                let gate = if procedure == "serial" { "serial" } else { "parallel" };
                written.gate(gate, &families).adjusted("gatekeeping", &p)
            }
            _ => written.adjusted(procedure, &p),
        };
        assert_eq!(found.len(), expected.len(), "{line}");
        for (f, e) in found.iter().zip(&expected) {
            let off = if f == e { 0.0 } else { (f - e).abs() / e.abs().max(1e-300) };
            assert!(off <= tolerance(procedure, by), "{off:e} in {line}\n{found:?}");
        }
        if let Some(rejected) = fields.next() {
            let decisions: Vec<f64> = found.iter().map(|p| f64::from(u8::from(*p <= alpha))).collect();
            assert_eq!(decisions, numbers(rejected), "{line}\n{found:?}");
        }
        match seen.iter_mut().find(|(name, _)| name == procedure) {
            Some((_, count)) => *count += 1,
            None => seen.push((procedure.to_owned(), 1)),
        }
    }
    let mut counts: Vec<(String, usize)> = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    seen.sort();
    counts.sort();
    assert_eq!(seen, counts);
}

/// p.adjust to 1e-12; graphicalMCP to 1e-11, since it is given weights to fifteen digits.
#[test]
fn reference_adjusted_p_values() {
    let counts = [
        ("bonferroni", 78),
        ("holm", 78),
        ("hochberg", 48),
        ("hommel", 48),
        ("fixed-sequence", 30),
        ("fallback", 30),
        ("graph", 52),
        ("serial", 42),
        ("parallel", 14),
    ];
    assert_agrees(FIGURES, 0.025, |_, by| if by == "p.adjust" { 1e-12 } else { 1e-11 }, &counts);
}

/// gMCP's adjusted p-values and its decisions at .025. Families one after another are a graph to it, whose edges of 1e-9 between them cost
/// digits.
#[test]
fn reference_adjusted_p_values_and_decisions_of_gmcp() {
    let counts = [
        ("bonferroni", 72),
        ("holm", 72),
        ("hommel", 30),
        ("fixed-sequence", 30),
        ("fallback", 30),
        ("graph", 103),
        ("serial", 42),
        ("parallel", 14),
    ];
    assert_agrees(GMCP, 0.025, |procedure, _| if procedure == "serial" { 1e-6 } else { 1e-11 }, &counts);
}

/// multcomp's contrasts on real data.
#[test]
fn reference_adjusted_p_values_and_decisions_of_multcomp() {
    let counts = [("bonferroni", 8), ("holm", 8), ("hochberg", 8), ("hommel", 8)];
    assert_agrees(MULTCOMP, 0.05, |_, _| 1e-12, &counts);
}
