//! Adjusted p-values of R.

use super::Written;

const FIGURES: &str = include_str!("../reference/multiplicity.csv");

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|x| x.parse().unwrap()).collect()
}

/// p.adjust to 1e-12; graphicalMCP to 1e-11, since it is given weights to fifteen digits.
#[test]
fn reference_adjusted_p_values() {
    let mut seen: Vec<(String, usize)> = Vec::new();
    let mut worst: f64 = 0.0;
    for line in FIGURES.lines().skip_while(|l| l.starts_with('#')).skip(1) {
        let [procedure, by, p, weights, transitions, families, expected] =
            line.split(',').collect::<Vec<_>>().try_into().unwrap();
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
        for (f, e) in found.iter().zip(&expected) {
            let off = (f - e).abs() / e.abs().max(1e-300);
            let off = if f == e { 0.0 } else { off };
            worst = worst.max(off);
            assert!(off <= if by == "p.adjust" { 1e-12 } else { 1e-11 }, "{line}\n{found:?}");
        }
        match seen.iter_mut().find(|(name, _)| name == procedure) {
            Some((_, count)) => *count += 1,
            None => seen.push((procedure.to_owned(), 1)),
        }
    }
    let least = |name: &str| seen.iter().find(|(n, _)| n == name).map_or(0, |s| s.1);
    for (name, count) in [
        ("bonferroni", 78),
        ("holm", 78),
        ("hochberg", 48),
        ("hommel", 48),
        ("fixed-sequence", 30),
        ("fallback", 30),
        ("graph", 52),
        ("serial", 42),
        ("parallel", 14),
    ] {
        assert_eq!(least(name), count, "{name}");
    }
    assert!(worst < 1e-11, "{worst}");
}
