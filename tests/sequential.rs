//! Covers: boundaries of group-sequential tests against rpact, closed forms and published values; probabilities of crossing against
//! simulated walks; what cannot be solved.

use std::collections::BTreeMap;

use patency::sequential::{Efficacy, Futility, Plan, Spending};

const REFERENCE: &str = include_str!("reference/sequential.csv");

fn number(text: &str) -> f64 {
    match text.split_once('/') {
        Some((a, b)) => a.parse::<f64>().unwrap() / b.parse::<f64>().unwrap(),
        None => text.parse().unwrap(),
    }
}

fn spending(words: &str) -> Spending {
    let (name, value) = words.split_once(':').unwrap_or((words, "0"));
    match name {
        "obrien-fleming" => Spending::OBrienFleming,
        "pocock" => Spending::Pocock,
        "hwang-shih-decani" => Spending::HwangShihDeCani(number(value)),
        "kim-demets" => Spending::KimDeMets(number(value)),
        _ => panic!("{words}"),
    }
}

/// `looks|efficacy|sides|alpha|beta|futility|binding`, as the script names its designs.
fn plan(name: &str) -> Plan {
    let parts: Vec<&str> = name.split('|').collect();
    let [looks, efficacy, sides, alpha, beta, futility, binding] = parts[..] else { panic!("{name}") };
    Plan {
        looks: looks.split(' ').map(number).collect(),
        alpha: number(alpha),
        sides: sides.parse().unwrap(),
        beta: number(beta),
        efficacy: match efficacy.split_once(':') {
            Some(("wang-tsiatis", delta)) => Efficacy::WangTsiatis(number(delta)),
            Some(("haybittle-peto", z)) => Efficacy::HaybittlePeto(number(z)),
            _ => Efficacy::Spending(spending(efficacy)),
        },
        futility: match futility.strip_prefix("z:") {
            Some(z) => Futility::Given(z.split(':').map(number).collect()),
            None if futility == "never" => Futility::Never,
            None => Futility::Spending(spending(futility)),
        },
        binding: binding == "1",
    }
}

#[test]
fn reference_boundaries_agree_with_rpact() {
    let mut designs: BTreeMap<&str, Vec<(&str, usize, f64)>> = BTreeMap::new();
    for line in REFERENCE.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let parts: Vec<&str> = line.split(',').collect();
        let [design, quantity, look, value] = parts[..] else { panic!("{line}") };
        designs.entry(design).or_default().push((quantity, look.parse().unwrap(), value.parse().unwrap()));
    }
    assert_eq!(designs.len(), 100);
    let mut worst: BTreeMap<&str, (f64, String)> = BTreeMap::new();
    for (name, figures) in designs {
        let plan = plan(name);
        let found = plan.solve().unwrap_or_else(|e| panic!("{name}: {e}"));
        let inflation = found.inflation(plan.alpha, plan.beta);
        for (quantity, look, value) in figures {
            let own = match quantity {
                "upper" => found.upper[look - 1],
                "lower" => found.lower[look - 1],
                "inflation" => inflation,
                "information0" => inflation * found.expected_information(0.0),
                "information01" => inflation * found.expected_information(0.5 * found.drift),
                "information1" => inflation * found.expected_information(found.drift),
                "rejection" => found.crossing(found.drift).upper[look - 1],
                _ => panic!("{quantity}"),
            };
            let off = (own - value).abs();
            let worst = worst.entry(quantity).or_default();
            if !(off <= worst.0) {
                *worst = (off, format!("{name} look {look}: {own} v {value}"));
            }
        }
    }
    for (quantity, (off, place)) in &worst {
        eprintln!("{quantity}: {off:.2e} {place}");
    }
    for (quantity, (off, place)) in worst {
        assert!(off < 1e-6, "{quantity}: {off:e} in {place}");
    }
}
