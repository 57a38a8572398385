//! Covers: boundaries of group-sequential tests against rpact, closed forms and published values; probabilities of crossing against
//! simulated walks; what cannot be solved.

use std::collections::BTreeMap;

use patency::math::special::{normal_cdf, normal_quantile, normal_tail};
use patency::random::{Address, Sequence};
use patency::sequential::{Boundary, Compared, Efficacy, Futility, Plan, Spending};

const REFERENCE: &str = include_str!("reference/sequential.csv");
const DESIGNS: &str = include_str!("reference/sequential-designs.csv");

pub(crate) fn number(text: &str) -> f64 {
    let one = |t: &str| t.parse::<f64>().expect("a number of the reference");
    text.split_once('/').map_or_else(|| one(text), |(a, b)| one(a) / one(b))
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
pub(crate) fn plan(name: &str) -> Plan {
    let parts: Vec<&str> = name.split('|').collect();
    let [looks, efficacy, sides, alpha, beta, futility, binding] = parts[..] else { panic!("{name}") };
    Plan {
        looks: looks.split(' ').map(number).collect(),
        alpha: number(alpha),
        sides: number(sides) as u8,
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

/// Figures by design: quantity, look, value.
fn figures(text: &str) -> BTreeMap<&str, Vec<(&str, usize, f64)>> {
    let mut designs: BTreeMap<&str, Vec<(&str, usize, f64)>> = BTreeMap::new();
    for line in text.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let parts: Vec<&str> = line.split(',').collect();
        let [design, quantity, look, value] = parts[..] else { panic!("{line}") };
        designs.entry(design).or_default().push((quantity, number(look) as usize, number(value)));
    }
    designs
}

#[test]
fn reference_boundaries_agree_with_rpact() {
    let designs = figures(REFERENCE);
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
            // a NaN is the worst of all
            if off.is_nan() || off > worst.0 {
                *worst = (off, format!("{name} look {look}: {own} v {value}"));
            }
        }
    }
    for (quantity, (off, place)) in worst {
        assert!(off < 1e-6, "{quantity}: {off:e} in {place}");
    }
}

#[test]
fn reference_sizes_agree_with_rpact() {
    let designs = figures(DESIGNS);
    assert_eq!(designs.len(), 24);
    for (name, figures) in designs {
        let parts: Vec<&str> = name.split('|').collect();
        let plan = plan(&parts[..7].join("|"));
        let values: Vec<f64> = parts[7].split(':').skip(1).map(number).collect();
        let compared = match (parts[7].split(':').next().unwrap_or_default(), &values[..]) {
            ("means", [difference, sd]) => Compared::Means { difference: *difference, sd: *sd },
            ("proportions", [experimental, control]) => {
                Compared::Proportions { experimental: *experimental, control: *control }
            }
            ("hazard-ratio", [ratio]) => Compared::Hazards { ratio: *ratio },
            _ => panic!("{name}"),
        };
        let ratio = number(parts[8]);
        let boundary = plan.solve().unwrap_or_else(|e| panic!("{name}: {e}"));
        let sizes = boundary.sizes(compared, plan.alpha, plan.beta, ratio);
        for (quantity, look, value) in figures {
            let own = match quantity {
                "n" => sizes.looks[look - 1],
                "expected0" => sizes.expected[0],
                "expected01" => sizes.expected[1],
                "expected1" => sizes.expected[2],
                "effect" => compared.effect(boundary.upper[look - 1], sizes.looks[look - 1], ratio),
                _ => panic!("{quantity}"),
            };
            assert!((own - value).abs() <= 2e-6 * value.abs().max(1.0), "{name} {quantity} {look}: {own} v {value}");
        }
    }
}

fn solved(name: &str) -> Boundary {
    plan(name).solve().unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn reference_published_boundaries() {
    // Jennison and Turnbull 2000, tables 2.1 and 2.3 (two-sided .05): Pocock's and O'Brien and Fleming's constants; table 2.2 and 2.4:
    // their inflation factors at a power of .9
    for (looks, pocock, r_pocock, obf, r_obf) in
        [(2, 2.178, 1.100, 1.977, 1.007), (5, 2.413, 1.207, 2.040, 1.026), (10, 2.555, 1.271, 2.087, 1.037)]
    {
        let steps: Vec<String> =
            (1..=looks).map(|k| if k == looks { "1".to_owned() } else { format!("{k}/{looks}") }).collect();
        for (delta, constant, factor) in [("0.5", pocock, r_pocock), ("0", obf, r_obf)] {
            let found = solved(&format!("{}|wang-tsiatis:{delta}|2|0.05|0.1|never|0", steps.join(" ")));
            assert!((found.upper[looks - 1] - constant).abs() < 6e-4, "{looks} {delta}: {:?}", found.upper);
            assert!(
                (found.inflation(0.05, 0.1) - factor).abs() < 6e-4,
                "{looks} {delta}: {}",
                found.inflation(0.05, 0.1)
            );
        }
    }
}

#[test]
fn by_hand_one_look_is_the_fixed_test() {
    let found = solved("1|pocock|1|0.025|0.2|never|0");
    assert!((found.upper[0] - 1.959_963_984_540_054).abs() < 1e-10);
    assert!((found.inflation(0.025, 0.2) - 1.0).abs() < 1e-10);
    assert!((found.expected_information(1.0) - 1.0).abs() < 1e-12);
    assert!((found.drift_at(0, 2.3, 0.5) - 2.3).abs() < 1e-9);
    assert!((found.drift_at(0, 2.3, 0.025) - (2.3 - 1.959_963_984_540_054)).abs() < 1e-9);
}

#[test]
fn by_hand_conditional_and_predictive_power() {
    // before the last of two looks: B(1) − B(t) is normal with mean θ(1 − t) and variance 1 − t
    let found = solved("0.4 1|obrien-fleming|1|0.025|0.1|never|0");
    let (z, t, u, theta) = (1.2, 0.4_f64, found.upper[1], 3.0);
    let known = normal_tail((u - z * t.sqrt() - theta * (1.0 - t)) / (1.0 - t).sqrt());
    assert!((found.conditional_power(0, z, theta) - known).abs() < 1e-12);
    // over θ normal about z/√t with variance 1/t, B(1) is normal about z/√t with variance (1 − t)/t
    let known = normal_cdf((z / t.sqrt() - u) / ((1.0 - t) / t).sqrt());
    assert!((found.predictive_power(0, z) - known).abs() < 1e-12);
}

/// One trial: the look at which it stops and Z there.
fn stops(boundary: &Boundary, theta: f64, noise: &mut Sequence) -> (usize, f64) {
    let (mut b, mut at) = (0.0, 0.0);
    for (k, &t) in boundary.looks.iter().enumerate() {
        b += theta * (t - at) + (t - at).sqrt() * normal_quantile(noise.uniform());
        at = t;
        let z = b / t.sqrt();
        if z >= boundary.upper[k] || z < boundary.lower[k] || k + 1 == boundary.looks.len() {
            return (k, z);
        }
    }
    unreachable!("the last look ends every trial")
}

#[test]
fn statistical_walks_cross_as_integrated_and_estimates_are_median_unbiased() {
    let found = solved("0.3 0.8 1|hwang-shih-decani:-4|1|0.025|0.1|kim-demets:2|0");
    let address = Address::new(1, "test", "walks", "");
    let trials = 20_000;
    let mut noise = Sequence::new(&address, 0);
    for theta in [0.0, 0.6 * found.drift] {
        let known = found.crossing(theta);
        let mut seen = [[0_u32; 2]; 3];
        let mut below = [0_u32; 3];
        let levels = [0.025, 0.5, 0.975];
        for _ in 0..trials {
            let (k, z) = stops(&found, theta, &mut noise);
            seen[k][usize::from(z >= found.upper[k])] += 1;
            // P(p ≤ u) = u: intervals of the stage-wise ordering have exact coverage
            let p = found.stagewise(k, z, theta);
            for (count, level) in below.iter_mut().zip(levels) {
                *count += u32::from(p <= level);
            }
        }
        let judge = |count: u32, p: f64| {
            let mcse = (p * (1.0 - p) / f64::from(trials)).sqrt();
            assert!(
                (f64::from(count) / f64::from(trials) - p).abs() <= 5.0 * mcse,
                "{theta}: {count} of {trials}, {p}"
            );
        };
        for (k, [lower, upper]) in seen.into_iter().enumerate() {
            judge(upper, known.upper[k]);
            judge(lower, known.lower[k]);
        }
        for (count, level) in below.into_iter().zip(levels) {
            judge(count, level);
        }
    }
}

#[test]
fn contract_probabilities_of_stopping_add_up() {
    for name in [
        "0.5 0.75 1|obrien-fleming|1|0.025|0.1|hwang-shih-decani:-2|1",
        "0.001 0.5 0.999 1|pocock|1|0.1|0.2|pocock|0",
        "0.2 0.21 0.22 1|hwang-shih-decani:8|1|0.025|0.1|z:-1:0:0.3|0",
        "1/3 2/3 1|haybittle-peto:3|1|0.025|0.1|z:0:0.5|1",
    ] {
        let found = solved(name);
        for theta in [-4.0, 0.0, found.drift, 12.0] {
            let crossing = found.crossing(theta);
            let total: f64 = crossing.upper.iter().chain(&crossing.lower).sum();
            assert!((total - 1.0).abs() < 1e-9, "{name} {theta}: {total}");
        }
        assert!((found.power(found.drift) - (1.0 - plan(name).beta)).abs() < 1e-8, "{name}");
    }
}

#[test]
fn contract_what_cannot_be_solved_says_why() {
    let words = |name: &str| plan(name).solve().expect_err(name).to_string();
    assert!(words("0.5 0.4 1|pocock|1|0.025|0.1|never|0").contains("ascend"));
    assert!(words("0 1|pocock|1|0.025|0.1|never|0").contains("ascend"));
    assert!(words("0.5 1.2|pocock|1|0.025|0.1|never|0").contains("ascend"));
    assert!(words("0.5 1|pocock|1|0.7|0.1|never|0").contains("alpha is 0.7"));
    assert!(words("0.5 1|haybittle-peto:1|1|0.025|0.1|never|0").contains("nothing is left"));
    assert!(words("0.5 1|pocock|1|0.025|0.99|never|0").contains("type II error"));
    assert!(words("0.5 1|pocock|2|0.05|0.1|pocock|0").contains("two-sided"));
    assert!(words("0.5 1|pocock|1|0.025|0.1|z:0:0|0").contains("one each"));
    let table = |shares: &[f64]| Plan {
        efficacy: Efficacy::Spending(Spending::Table(shares.to_vec())),
        ..plan("0.5 1|pocock|1|0.025|0.1|never|0")
    };
    assert!(table(&[0.5, 0.4]).solve().expect_err("falls").to_string().contains("end at 1"));
    assert!(table(&[1.0]).solve().expect_err("one for two").to_string().contains("one each"));
    // all that can be spent is spent at the first look: the second has none left
    assert!(table(&[1.0, 1.0]).solve().is_ok_and(|b| b.upper[1] == f64::INFINITY));
}
