//! Kaplan–Meier, log-rank and Cox.

use patency::analysis::cox::Cox;
use patency::analysis::kaplan_meier::{self, KaplanMeier};
use patency::analysis::log_rank::LogRank;
use patency::analysis::{Analysis, Better, Covariates, Dataset, Estimate, FAMILY, Response, Rule, Scratch, Status};
use patency::scenario::form::{Value, Values};
use proptest::prelude::*;

pub(crate) const RULE: Rule = Rule { alpha: 0.05, sides: 2, null: 0.0, better: Better::Higher, treated: 1 };

/// A csv of tests/reference: its column names and its rows.
pub(crate) struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn read(name: &str) -> Self {
        let path = format!("{}/tests/reference/{name}.csv", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let split = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let names = split(lines.next().expect("a line of names"));
        Self { names, rows: lines.map(split).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn text(&self, name: &str, row: usize) -> &str {
        let j = self.names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no {name}"));
        &self.rows[row][j]
    }

    /// NaN where R wrote NA.
    pub(crate) fn number(&self, name: &str, row: usize) -> f64 {
        match self.text(name, row) {
            "NA" => f64::NAN,
            text => text.parse().expect("a number"),
        }
    }

    pub(crate) fn column(&self, name: &str) -> Vec<f64> {
        (0..self.len()).map(|row| self.number(name, row)).collect()
    }
}

#[track_caller]
pub(crate) fn near(found: f64, expected: f64, relative: f64) {
    let error = (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
    assert!(found == expected || error <= relative, "{found} instead of {expected}: off by {error:e}");
}

/// Survival data that a test owns.
#[derive(Clone, Debug, Default)]
struct Data {
    time: Vec<f64>,
    event: Vec<u8>,
    arm: Vec<u8>,
    covariates: Vec<f64>,
}

impl Data {
    fn of(patients: &[(f64, u8, u8)]) -> Self {
        Self {
            time: patients.iter().map(|p| p.0).collect(),
            event: patients.iter().map(|p| p.1).collect(),
            arm: patients.iter().map(|p| p.2).collect(),
            covariates: Vec::new(),
        }
    }

    /// A data set of tests/reference with times in units of so many days, rounded up.
    fn read(name: &str, unit: f64, covariates: &str) -> Self {
        let table = Table::read(&format!("data/{name}"));
        let code = |name| table.column(name).iter().map(|&x| x as u8).collect();
        Self {
            time: table.column("time").iter().map(|t| (t / unit).ceil()).collect(),
            event: code("event"),
            arm: code("arm"),
            covariates: covariates
                .split('+')
                .filter(|name| !name.is_empty())
                .flat_map(|name| table.column(name))
                .collect(),
        }
    }

    fn analyse_with(&self, method: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let data = Dataset {
            arm: &self.arm,
            response: Response::Time { time: &self.time, event: &self.event, competing: &[] },
            covariates: Covariates { values: &self.covariates, count: self.covariates.len() / self.time.len().max(1) },
            strata: Default::default(),
        };
        method.analyse(&data, rule, scratch)
    }

    fn analyse(&self, method: &dyn Analysis) -> Estimate {
        self.analyse_with(method, &RULE, &mut Scratch::default())
    }

    fn swapped(&self) -> Self {
        Self { arm: self.arm.iter().map(|a| 1 - a).collect(), ..self.clone() }
    }

    fn reordered(&self) -> Self {
        // 7 and n have no common factor in the data sets used, so this is a permutation
        let n = self.time.len();
        let rows: Vec<usize> = (0..n).map(|i| (7 * i + 3) % n).collect();
        let columns = self.covariates.len() / n;
        Self {
            time: rows.iter().map(|&i| self.time[i]).collect(),
            event: rows.iter().map(|&i| self.event[i]).collect(),
            arm: rows.iter().map(|&i| self.arm[i]).collect(),
            covariates: (0..columns)
                .flat_map(|j| rows.iter().map(move |&i| j * n + i))
                .map(|k| self.covariates[k])
                .collect(),
        }
    }
}

const METHODS: [&dyn Analysis; 3] = [&KaplanMeier::plain(300.0), &LogRank, &Cox::STANDARD];

// Seven patients: tied events of both arms at 2, an event tied with a censoring at 4, the last censored.
const TINY: [(f64, u8, u8); 7] =
    [(2.0, 1, 0), (6.0, 0, 1), (4.0, 1, 1), (2.0, 1, 1), (1.0, 1, 0), (4.0, 0, 0), (5.0, 1, 0)];

#[test]
fn by_hand_log_rank() {
    // time 1: d 1, at risk 7, experimental 3; time 2: d 2 (1), 6, 3; time 4: d 1 (1), 4, 2; time 5: d 1, 2, 1
    let e = 3.0 / 7.0 + 2.0 * 3.0 / 6.0 + 2.0 / 4.0 + 1.0 / 2.0;
    let v = 3.0 / 7.0 * 4.0 / 7.0 + 2.0 * 0.5 * 0.5 * (4.0 / 5.0) + 0.25 + 0.25;
    let found = Data::of(&TINY).analyse(&LogRank);
    assert_eq!(found.status, Status::Estimated);
    assert_eq!((found.n, found.events), (7, 5));
    assert_eq!(found.parts[0], 2.0);
    near(found.parts[1], e, 1e-15);
    assert_eq!(found.parts[2], 3.0);
    near(found.parts[3], 5.0 - e, 1e-15);
    near(found.parts[4], v, 1e-15);
    near(found.estimate, (2.0 - e) / v, 1e-15);
    near(found.se, 1.0 / f64::sqrt(v), 1e-15);
    // fewer events than expected, and later is better: z is positive
    near(found.z, (e - 2.0) / f64::sqrt(v), 1e-14);
    // R: pnorm(-z), qnorm(.975)
    near(found.lower, found.estimate - 1.959963984540054 * found.se, 1e-13);
    near(found.upper, found.estimate + 1.959963984540054 * found.se, 1e-13);
    assert!(found.p < 0.5);
}

#[test]
fn by_hand_kaplan_meier() {
    let data = Data::of(&TINY);
    // control: 4 at risk at 1, 3 at 2, then one censored at 4; experimental: 3 at risk at 2, 2 at 4
    let (s0, s1) = (3.0 / 4.0 * 2.0 / 3.0, 2.0 / 3.0 * 1.0 / 2.0);
    let (g0, g1) = (1.0 / (4.0 * 3.0) + 1.0 / (3.0 * 2.0), 1.0 / (3.0 * 2.0) + 1.0 / 2.0);
    let found = data.analyse(&KaplanMeier::plain(4.0));
    assert_eq!((found.n, found.events), (7, 4));
    near(found.parts[0], s1, 1e-15);
    near(found.parts[1], s1 * f64::sqrt(g1), 1e-15);
    near(found.parts[2], s0, 1e-15);
    near(found.parts[3], s0 * f64::sqrt(g0), 1e-15);
    near(found.estimate, s1 - s0, 1e-15);
    near(found.se, f64::sqrt(s1 * s1 * g1 + s0 * s0 * g0), 1e-15);
    assert!(found.z < 0.0);
    // the event at 5 is not yet counted just before 5, and is at 5: with it the control curve is at 0
    near(data.analyse(&KaplanMeier::plain(4.99)).parts[2], s0, 1e-15);
    let found = data.analyse(&KaplanMeier::plain(5.0));
    assert_eq!(found.parts[2..4], [0.0, 0.0]);
    near(found.se, s1 * f64::sqrt(g1), 1e-15);
    // control reached 0, experimental followed to 6: still estimable at 6, not beyond
    assert_eq!(data.analyse(&KaplanMeier::plain(6.0)).status, Status::Estimated);
    let beyond = data.analyse(&KaplanMeier::plain(6.5));
    assert_eq!(beyond.status, Status::TooFew);
    assert!(beyond.estimate.is_nan());
    near(beyond.parts[0], s1, 1e-15);
}

#[test]
fn by_hand_cox() {
    // events at 1 (control), 2 (experimental); at risk 2 + 1, then 1 + 1: score 1 - θ/(2+θ) - θ/(1+θ) = 0 at θ² = 2
    let data = Data::of(&[(1.0, 1, 0), (2.0, 1, 1), (3.0, 0, 0)]);
    let found = data.analyse(&Cox::STANDARD);
    let theta = f64::sqrt(2.0);
    near(found.estimate, theta.ln(), 1e-14);
    let share = [theta / (2.0 + theta), theta / (1.0 + theta)];
    let information: f64 = share.iter().map(|p| p * (1.0 - p)).sum();
    near(found.se, 1.0 / information.sqrt(), 1e-14);
    assert_eq!(found.parts[..2], [1.0, 1.0]);
    assert!(found.z < 0.0, "a higher hazard is worse where later is better");

    // Efron: two tied events, one of each arm, one more of each at risk, then nothing:
    // 1 - θ2/(2+2θ) - θ1.5/(1.5+1.5θ) = 0 at θ = 1
    let data = Data::of(&[(1.0, 1, 0), (1.0, 1, 1), (3.0, 0, 0), (3.0, 0, 1)]);
    let found = data.analyse(&Cox::STANDARD);
    assert!(found.estimate.abs() < 1e-15);
    near(found.se, f64::sqrt(2.0), 1e-15);
}

#[test]
fn reference_log_rank() {
    let table = Table::read("log_rank");
    for row in 0..table.len() {
        let data = Data::read(table.text("data", row), table.number("unit", row), "");
        let found = data.analyse(&LogRank);
        near(found.parts[0], table.number("observed", row), 1e-15);
        near(found.parts[1], table.number("expected", row), 1e-12);
        near(found.parts[4], table.number("variance", row), 1e-12);
        near(found.estimate, table.number("estimate", row), 1e-11);
        near(-found.z, table.number("z", row), 1e-11);
    }
    assert_eq!(table.len(), 6);
}

#[test]
fn reference_kaplan_meier() {
    let table = Table::read("kaplan_meier");
    let mut extrapolated = 0;
    for row in 0..table.len() {
        let data = Data::read(table.text("data", row), table.number("unit", row), "");
        let found = data.analyse(&KaplanMeier::plain(table.number("at", row)));
        let curves = ["experimental", "control"].map(|arm| table.number(arm, row));
        // R has no standard error at 0
        let errors = ["se_experimental", "se_control"].map(|se| table.number(se, row));
        let errors = errors.map(|se| if se.is_nan() { 0.0 } else { se });
        near(found.parts[0], curves[0], 1e-12);
        near(found.parts[1], errors[0], 1e-12);
        near(found.parts[2], curves[1], 1e-12);
        near(found.parts[3], errors[1], 1e-12);
        let at_risk = ["experimental_at_risk", "control_at_risk"].map(|name| table.number(name, row));
        if (0..2).any(|a| at_risk[a] == 0.0 && curves[a] > 0.0) {
            assert_eq!(found.status, Status::TooFew);
            extrapolated += 1;
        } else {
            near(found.estimate, curves[0] - curves[1], 1e-11);
            near(found.se, errors[0].hypot(errors[1]), 1e-12);
        }
    }
    assert_eq!((table.len(), extrapolated), (26, 2));
}

#[test]
fn reference_cox() {
    let table = Table::read("cox");
    let mut scratch = Scratch::default();
    for row in 0..table.len() {
        let covariates = table.text("covariates", row);
        let data = Data::read(table.text("data", row), table.number("unit", row), covariates);
        let found = data.analyse_with(&Cox::STANDARD, &RULE, &mut scratch);
        for (found, name) in
            [(found.estimate, "estimate"), (found.se, "se"), (found.lower, "lower"), (found.upper, "upper")]
        {
            near(found, table.number(name, row), 1e-9);
        }
    }
    assert_eq!(table.len(), 18);
}

/// Expected events and variance by a table at each time.
fn log_rank_by_tables(data: &Data) -> (f64, f64) {
    let n = data.time.len();
    let mut times: Vec<f64> = (0..n).filter(|&i| data.event[i] == 1).map(|i| data.time[i]).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times.iter().fold((0.0, 0.0), |(e, v), &t| {
        let at_risk = |a: u8| (0..n).filter(|&i| data.time[i] >= t && data.arm[i] == a).count() as f64;
        let d = (0..n).filter(|&i| data.time[i] == t && data.event[i] == 1).count() as f64;
        let (r1, r) = (at_risk(1), at_risk(0) + at_risk(1));
        let v_t = if r > 1.0 { d * r1 / r * (1.0 - r1 / r) * (r - d) / (r - 1.0) } else { 0.0 };
        (e + d * r1 / r, v + v_t)
    })
}

/// Score of the Efron partial likelihood by its definition, arm first.
fn cox_score(data: &Data, beta: &[f64]) -> Vec<f64> {
    let n = data.time.len();
    let x = |i: usize| -> Vec<f64> {
        let covariates = (0..beta.len() - 1).map(|j| data.covariates[j * n + i]);
        std::iter::once(f64::from(data.arm[i])).chain(covariates).collect()
    };
    let weight = |i: usize| x(i).iter().zip(beta).map(|(x, b)| x * b).sum::<f64>().exp();
    let mut score = vec![0.0; beta.len()];
    for i in (0..n).filter(|&i| data.event[i] == 1) {
        let t = data.time[i];
        let tied: Vec<usize> = (0..n).filter(|&j| data.event[j] == 1 && data.time[j] == t).collect();
        let place = tied.iter().take_while(|&&j| j != i).count() as f64 / tied.len() as f64;
        let at_risk = (0..n).filter(|&j| data.time[j] >= t);
        let weights: Vec<(usize, f64)> =
            at_risk.map(|j| (j, weight(j) * if tied.contains(&j) { 1.0 - place } else { 1.0 })).collect();
        let total: f64 = weights.iter().map(|w| w.1).sum();
        for (k, score) in score.iter_mut().enumerate() {
            *score += x(i)[k] - weights.iter().map(|&(j, w)| w * x(j)[k]).sum::<f64>() / total;
        }
    }
    score
}

fn root(falling: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (-30.0, 30.0);
    for _ in 0..70 {
        let middle = 0.5 * (low + high);
        if falling(middle) > 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Small data full of ties; some times differ by less than a sort key can tell.
fn tied_data() -> impl Strategy<Value = Data> {
    let time = (1_u8..6, 0_u8..3).prop_map(|(t, steps)| f64::from(t) + f64::from(steps) * f64::EPSILON * 4.0);
    let patient = (time, 0_u8..2, 0_u8..2, -2_i8..3);
    prop::collection::vec(patient, 2..25).prop_map(|patients| Data {
        time: patients.iter().map(|p| p.0).collect(),
        event: patients.iter().map(|p| p.1).collect(),
        arm: patients.iter().map(|p| p.2).collect(),
        covariates: patients.iter().map(|p| f64::from(p.3)).collect(),
    })
}

fn both_arms(data: &Data) -> bool {
    data.arm.contains(&0) && data.arm.contains(&1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn twin_log_rank(data in tied_data()) {
        prop_assume!(both_arms(&data));
        let found = data.analyse(&LogRank);
        let (e, v) = log_rank_by_tables(&data);
        prop_assert!((found.parts[1] - e).abs() < 1e-12 && (found.parts[4] - v).abs() < 1e-12);
        prop_assert_eq!(found.status == Status::Estimated, v > 0.0);
    }

    #[test]
    fn twin_kaplan_meier(data in tied_data(), at in 1_u8..6) {
        prop_assume!(both_arms(&data));
        let at = f64::from(at);
        let found = data.analyse(&KaplanMeier::plain(at));
        for (arm, part) in [(1, 0), (0, 2)] {
            let rows: Vec<usize> = (0..data.arm.len()).filter(|&i| data.arm[i] == arm).collect();
            let mut survival = 1.0;
            let mut times: Vec<f64> = rows.iter().map(|&i| data.time[i]).filter(|&t| t <= at).collect();
            times.sort_by(f64::total_cmp);
            times.dedup();
            for t in times {
                let r = rows.iter().filter(|&&i| data.time[i] >= t).count() as f64;
                let d = rows.iter().filter(|&&i| data.time[i] == t && data.event[i] == 1).count() as f64;
                survival *= 1.0 - d / r;
            }
            prop_assert!((found.parts[part] - survival).abs() < 1e-13);
        }
    }

    #[test]
    fn twin_cox_unadjusted(data in tied_data()) {
        prop_assume!(both_arms(&data));
        let data = Data { covariates: vec![], ..data };
        let found = data.analyse(&Cox::STANDARD);
        // the score falls: it has a root where its limits have different signs
        let [first, last] = [-30.0, 30.0].map(|b| cox_score(&data, &[b])[0]);
        let estimable = first > 1e-6 && last < -1e-6;
        prop_assert_eq!(found.status == Status::Estimated, estimable);
        if estimable {
            let twin = root(|b| cox_score(&data, &[b])[0]);
            prop_assert!((found.estimate - twin).abs() < 1e-9, "{} {}", found.estimate, twin);
            let h = 1e-4;
            let slope = (cox_score(&data, &[twin - h])[0] - cox_score(&data, &[twin + h])[0]) / (2.0 * h);
            prop_assert!((found.se * slope.sqrt() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn twin_order(times in prop::collection::vec((0_i8..4, 0_u8..4, 0_u8..2), 0..60), copies in 1_usize..200) {
        // enough copies make rows beyond 4,096
        let copies = if times.len() > 30 { copies } else { 1 };
        let one: Vec<(f64, u8)> = times
            .iter()
            .map(|&(t, steps, e)| (f64::from(t - 1) * (1.0 + f64::from(steps) * f64::EPSILON), e))
            .collect();
        let all = one.repeat(copies);
        let time: Vec<f64> = all.iter().map(|x| x.0).collect();
        let event: Vec<u8> = all.iter().map(|x| x.1).collect();
        let (mut keys, mut order) = (vec![], vec![]);
        let last = patency::analysis::time_order::last_event(&time, &event, 1.0);
        patency::analysis::time_order::ascending(&time, last, &mut keys, &mut order);
        let events = all.iter().filter(|x| x.1 == 1 && x.0 <= 1.0).map(|x| x.0);
        prop_assert_eq!(last, events.fold(f64::NEG_INFINITY, f64::max));
        let mut twin: Vec<u32> = (0..time.len() as u32).filter(|&i| time[i as usize] <= last).collect();
        twin.sort_by(|&a, &b| (time[a as usize] + 0.0).total_cmp(&(time[b as usize] + 0.0)));
        prop_assert_eq!(order, twin);
    }

    #[test]
    fn twin_order_of_any_values(
        shape in 0..SHAPES.len(),
        n in prop_oneof![0_usize..200, 0_usize..5_000],
        seed in 0_u64..1 << 40,
    ) {
        let word = |k: usize| splitmix(seed.wrapping_add(k as u64));
        let unit = |k: usize| (word(k) >> 12) as f64 / (1_u64 << 52) as f64;
        let value: Vec<f64> = (0..n).map(|k| SHAPES[shape](unit(k), k)).collect();
        // memory of another data set
        let (mut keys, mut order) = (vec![seed; 7], vec![1; 9]);
        let tied = patency::analysis::time_order::ascending(&value, f64::INFINITY, &mut keys, &mut order);
        let mut twin: Vec<u32> = (0..n as u32).collect();
        twin.sort_by(|&a, &b| (value[a as usize] + 0.0).total_cmp(&(value[b as usize] + 0.0)));
        prop_assert!(tied || twin.windows(2).all(|w| value[w[0] as usize] < value[w[1] as usize]));
        prop_assert_eq!(order, twin);
    }
}

/// Values of a uniform number and a row: spread evenly and not, tied, signed, and at the ends of what a number can be.
const SHAPES: [fn(f64, usize) -> f64; 15] = [
    |u, _| u,
    |u, _| -20.0 * (1.0 - u).ln(),
    |u, _| (-20.0 * (1.0 - u).ln()).min(12.0),
    |u, _| 40.0 * u - 20.0,
    |u, k| 40.0 * (u - 0.5).powi(3) + [0.0, 1e12][usize::from(k % 97 == 5)],
    |u, _| (60.0 * (u - 0.5)).exp(),
    |u, _| (10.0 * u).floor(),
    |u, _| (600.0 * u).floor() / 30.0,
    |_, _| 3.25,
    |_, k| 1e6 - k as f64,
    |u, k| [-0.0, 0.0, 5e-324, -5e-324, 1e-310 * u][k % 5],
    |u, k| [f64::INFINITY, f64::NEG_INFINITY, u, -u, 1.0][(u * 1e4) as usize % 5 * k % 5],
    |u, k| [f64::MAX, f64::MIN, u][(u * 1e4) as usize % 3 * k % 3],
    |u, _| 1.0 + (5_000.0 * u).floor() * f64::EPSILON,
    |u, k| [u, 48.0][usize::from(k % 50 == 3)],
];

fn splitmix(state: u64) -> u64 {
    let z = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn by_hand_order_of_either_zero() {
    let (mut keys, mut order) = (vec![], vec![]);
    let tied = patency::analysis::time_order::ascending(&[0.0, 1.0, -0.0, 0.0, -0.0], 0.0, &mut keys, &mut order);
    assert!(tied);
    assert_eq!(order, [0, 2, 3, 4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn twin_cox_adjusted(data in tied_data()) {
        prop_assume!(both_arms(&data));
        let found = data.analyse(&Cox::STANDARD);
        // profile: the covariate's coefficient at each coefficient of the arm
        let covariate = |b: f64| root(|g| cox_score(&data, &[b, g])[1]);
        if found.status == Status::Estimated {
            let twin = root(|b| cox_score(&data, &[b, covariate(b)])[0]);
            prop_assert!((found.estimate - twin).abs() < 1e-7, "{} {}", found.estimate, twin);
        } else {
            let constant = data.covariates.iter().all(|&x| x == data.covariates[0]);
            let alone = Data { covariates: vec![], ..data.clone() }.analyse(&Cox::STANDARD);
            let b = root(|b| cox_score(&data, &[b, covariate(b)])[0]);
            // each failure has its reason: in the arm, in the covariate, or in both together
            prop_assert!(
                constant
                    || alone.status != Status::Estimated
                    || found.status == Status::Singular
                    || b.abs() > 9.0
                    || covariate(b).abs() > 4.0,
                "{:?} {b} {}", found.status, covariate(b)
            );
        }
    }
}

#[test]
fn by_hand_failures() {
    let empty = Data::default();
    let one = Data::of(&[(1.0, 1, 1)]);
    let one_arm = Data::of(&[(1.0, 1, 0), (2.0, 0, 0)]);
    let censored = Data::of(&[(1.0, 0, 0), (2.0, 0, 1), (3.0, 0, 1), (3.0, 0, 0)]);
    for method in METHODS {
        for data in [&empty, &one, &one_arm] {
            let found = data.analyse(method);
            assert_eq!(found.status, Status::EmptyArm);
            assert!(found.estimate.is_nan() && found.p.is_nan());
        }
    }
    for method in [&KaplanMeier::plain(1.0) as &dyn Analysis, &LogRank, &Cox::STANDARD] {
        assert_eq!(censored.analyse(method).status, Status::NoVariation);
    }
    // a patient an arm
    let pair = Data::of(&[(1.0, 1, 0), (2.0, 1, 1)]);
    assert_eq!(pair.analyse(&Cox::STANDARD).status, Status::Separation);
    near(pair.analyse(&LogRank).se, 2.0, 1e-15);
    assert_eq!(pair.analyse(&KaplanMeier::plain(1.0)).status, Status::NoVariation);
    // events in one arm only: the log-rank test has an answer, the hazard ratio has none
    let one_sided = Data::of(&[(1.0, 1, 0), (2.0, 1, 0), (3.0, 0, 0), (3.0, 0, 1), (2.5, 0, 1)]);
    for data in [&one_sided, &one_sided.swapped()] {
        assert_eq!(data.analyse(&Cox::STANDARD).status, Status::Separation);
        assert_eq!(data.analyse(&LogRank).status, Status::Estimated);
    }
    // events in both arms, but in the experimental arm only after the controls have left
    let late = Data::of(&[(1.0, 1, 0), (2.0, 0, 0), (3.0, 1, 1), (4.0, 1, 1)]);
    assert_eq!(late.analyse(&Cox::STANDARD).status, Status::Separation);
    // the only events come where nobody of the other arm is left
    let never = Data::of(&[(1.0, 0, 0), (3.0, 1, 1), (4.0, 1, 1)]);
    assert_eq!(never.analyse(&Cox::STANDARD).status, Status::NoVariation);
    assert_eq!(never.analyse(&LogRank).status, Status::NoVariation);
}

#[test]
fn by_hand_cox_covariate_failures() {
    let arm_and_event = [(1.0, 1, 0), (2.0, 1, 1), (3.0, 1, 0), (4.0, 1, 1), (5.0, 0, 0), (6.0, 0, 1)];
    let with = |covariates: &[f64]| Data { covariates: covariates.to_vec(), ..Data::of(&arm_and_event) };
    assert_eq!(with(&[1.0; 6]).analyse(&Cox::STANDARD).status, Status::Singular);
    assert_eq!(with(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]).analyse(&Cox::STANDARD).status, Status::Singular);
    assert_eq!(with(&[f64::NAN, 1.0, 0.0, 1.0, 0.0, 1.0]).analyse(&Cox::STANDARD).status, Status::Singular);
    // the covariate orders the events perfectly: its coefficient has no bound
    assert_eq!(with(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]).analyse(&Cox::STANDARD).status, Status::Separation);
    // nobody with the condition has an event
    assert_eq!(with(&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0]).analyse(&Cox::STANDARD).status, Status::Separation);
    assert_eq!(with(&[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]).analyse(&Cox::STANDARD).status, Status::Estimated);
}

#[test]
fn contract_swapped_arms() {
    for (name, covariates) in [("lung", ""), ("veteran", "karno+age"), ("colon", "age")] {
        let data = Data::read(name, 30.0, covariates);
        for method in [&KaplanMeier::plain(10.0) as &dyn Analysis, &LogRank, &Cox::STANDARD] {
            let (one, other) = (data.analyse(method), data.swapped().analyse(method));
            near(other.estimate, -one.estimate, 1e-10);
            near(other.se, one.se, 1e-10);
            near(other.z, -one.z, 1e-10);
            near(other.lower, -one.upper, 1e-10);
            near(other.p + one.p, 1.0, 1e-12);
        }
    }
}

#[test]
fn contract_unit_of_time_and_order_of_rows() {
    for (name, covariates) in [("lung", "age+ecog"), ("veteran", "karno"), ("colon", "")] {
        let data = Data::read(name, 7.0, covariates);
        let time = data.time.iter().map(|t| t / 30.4375).collect();
        let months = Data { time, ..data.clone() };
        let reordered = data.reordered();
        for method in [&LogRank as &dyn Analysis, &Cox::STANDARD] {
            assert_eq!(months.analyse(method), data.analyse(method));
        }
        let weeks = data.analyse(&KaplanMeier::plain(52.0));
        assert_eq!(months.analyse(&KaplanMeier::plain(52.0 / 30.4375)), weeks);
        assert_eq!(reordered.analyse(&KaplanMeier::plain(52.0)), weeks);
        assert_eq!(reordered.analyse(&LogRank), data.analyse(&LogRank));
        near(reordered.analyse(&Cox::STANDARD).estimate, data.analyse(&Cox::STANDARD).estimate, 1e-11);
        near(reordered.analyse(&Cox::STANDARD).se, data.analyse(&Cox::STANDARD).se, 1e-11);
    }
}

#[test]
fn contract_orientation_and_margin() {
    let data = Data::read("colon", 1.0, "age");
    for (method, sign) in [(METHODS[0], 1.0), (METHODS[1], -1.0), (METHODS[2], -1.0)] {
        let found = data.analyse(method);
        // Lev+5FU lowers the hazard of death in this trial
        assert_eq!(found.estimate.signum(), sign);
        assert!(found.z > 0.0 && found.p < 0.5);
        near(found.z, sign * found.estimate / found.se, 1e-14);
        let earlier = Rule { better: Better::Lower, ..RULE };
        near(data.analyse_with(method, &earlier, &mut Scratch::default()).z, -found.z, 1e-15);
        let margin = Rule { null: 0.1, sides: 1, alpha: 0.025, ..RULE };
        let shifted = data.analyse_with(method, &margin, &mut Scratch::default());
        near(shifted.z, sign * (found.estimate - 0.1) / found.se, 1e-14);
        near(shifted.lower, found.lower, 1e-15);
    }
}

#[test]
fn contract_scratch_carries_nothing_over() {
    let mut scratch = Scratch::default();
    let data = [
        Data::read("colon", 1.0, "age+sex+obstruct+extent"),
        Data::read("lung", 90.0, ""),
        Data::of(&TINY),
        Data::read("veteran", 1.0, "karno"),
    ];
    for _ in 0..2 {
        for data in &data {
            for method in [&KaplanMeier::plain(100.0) as &dyn Analysis, &LogRank, &Cox::STANDARD] {
                let reused = data.analyse_with(method, &RULE, &mut scratch);
                // as text, since no NaN equals another
                assert_eq!(format!("{reused:?}"), format!("{:?}", data.analyse(method)));
            }
        }
    }
}

#[test]
fn by_hand_kaplan_meier_form() {
    let values = |at: f64| Values { entries: vec![("at", Value::Number(at), 0..2)], span: 0..2 };
    assert!(kaplan_meier::build(&values(12.0)).is_ok());
    for at in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(kaplan_meier::build(&values(at)).unwrap_err().key, Some("at"));
    }
    assert!(kaplan_meier::build(&Values::default()).is_err());
    for name in ["kaplan-meier", "log-rank", "cox", "win-ratio", "net-benefit", "win-odds"] {
        assert_eq!(FAMILY.iter().filter(|member| member.form.name == name).count(), 1);
    }
}
