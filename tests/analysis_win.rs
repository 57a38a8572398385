//! Win ratio, net benefit, win odds, and the comparison of pairs beneath them.

use patency::analysis::net_benefit::NetBenefit;
use patency::analysis::pairs::{Moments, Pairs, by_all_pairs, by_sweep, compare};
use patency::analysis::win_odds::WinOdds;
use patency::analysis::win_ratio::WinRatio;
use patency::analysis::{Analysis, Better, Covariates, Dataset, Estimate, Response, Rule, Scratch, Status};
use patency::endpoint::hierarchical::{Comparison, Tier};
use proptest::collection::vec as many;
use proptest::prelude::*;

use crate::analysis_survival::{RULE, Table, near};

/// A tier that a test owns.
#[derive(Clone, Debug)]
enum Column {
    Time(Vec<f64>, Vec<u8>),
    Code(Vec<u8>, u8),
    Score(Vec<f64>, f64),
}

impl Column {
    fn tier(&self) -> Tier<'_> {
        match self {
            Column::Time(time, event) => Tier::Time { time, event },
            Column::Code(code, levels) => Tier::Code { code, levels: *levels },
            Column::Score(value, threshold) => Tier::Score { value, threshold: *threshold },
        }
    }

    /// Whether patient i wins over j: `None` is a tie.
    fn verdict(&self, i: usize, j: usize) -> Option<bool> {
        match self {
            Column::Time(time, event) => match () {
                () if event[j] == 1 && time[j] < time[i] => Some(true),
                () if event[i] == 1 && time[i] < time[j] => Some(false),
                () => None,
            },
            Column::Code(code, _) => match (code[i], code[j]) {
                (255, _) | (_, 255) => None,
                (a, b) => (a != b).then_some(a > b),
            },
            Column::Score(value, threshold) => match () {
                () if value[i] - value[j] > *threshold => Some(true),
                () if value[j] - value[i] > *threshold => Some(false),
                () => None,
            },
        }
    }

    fn rows(&self, rows: &[usize]) -> Self {
        fn pick<T: Copy>(x: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&i| x[i]).collect()
        }
        match self {
            Column::Time(time, event) => Column::Time(pick(time, rows), pick(event, rows)),
            Column::Code(code, levels) => Column::Code(pick(code, rows), *levels),
            Column::Score(value, threshold) => Column::Score(pick(value, rows), *threshold),
        }
    }
}

#[derive(Clone, Debug)]
struct Data {
    arm: Vec<u8>,
    columns: Vec<Column>,
}

impl Data {
    fn comparison(&self) -> Comparison<'_> {
        Comparison::new(&self.columns.iter().map(Column::tier).collect::<Vec<_>>())
    }

    fn analyse_with(&self, method: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let data = Dataset {
            arm: &self.arm,
            response: Response::Hierarchical(self.comparison()),
            covariates: Covariates::default(),
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

    fn rows(&self, rows: &[usize]) -> Self {
        Self {
            arm: rows.iter().map(|&i| self.arm[i]).collect(),
            columns: self.columns.iter().map(|column| column.rows(rows)).collect(),
        }
    }

    /// The columns named in a case of win.R, as `data/tier+tier+…/unit`.
    fn read(case: &str) -> Self {
        let [data, tiers, unit] = case.split('/').collect::<Vec<_>>()[..] else {
            panic!("{case}");
        };
        let unit: f64 = unit.parse().expect("a number");
        let table = Table::read(&format!("data/{}", data.replace("concordance", "colon")));
        let code = |name: &str| -> Vec<u8> {
            let code = |&x: &f64| if x.is_nan() { 255 } else { x as u8 };
            table.column(name).iter().map(code).collect()
        };
        let column = |name: &str| match name {
            "time" => Column::Time(table.column("time").iter().map(|t| (t / unit).ceil()).collect(), code("event")),
            "celltype" | "extent" | "differ" => Column::Code(code(name), 5),
            "karno" => Column::Score(table.column(name), 10.0),
            "nodes" => Column::Score(table.column(name), if case.contains("time+age") { 3.0 } else { 2.0 }),
            "age" => Column::Score(table.column(name), if data == "concordance" { 0.0 } else { 4.5 }),
            _ => panic!("{name}"),
        };
        Self { arm: code("arm"), columns: tiers.split('+').map(column).collect() }
    }
}

/// All pairs by the definition.
fn naive(data: &Data) -> Pairs {
    let n = data.arm.len();
    let (mut won, mut lost) = (vec![0_u64; n], vec![0_u64; n]);
    let mut pairs = Pairs::default();
    for i in (0..n).filter(|&i| data.arm[i] == 1) {
        for j in (0..n).filter(|&j| data.arm[j] == 0) {
            let verdict = data.columns.iter().enumerate().find_map(|(t, c)| Some((t, c.verdict(i, j)?)));
            let Some((tier, wins)) = verdict else {
                continue;
            };
            pairs.decided[tier] += 1;
            let (count, all) = if wins { (&mut won, &mut pairs.wins) } else { (&mut lost, &mut pairs.losses) };
            count[i] += 1;
            count[j] += 1;
            *all += 1;
        }
    }
    for i in 0..n {
        let arm = usize::from(data.arm[i]);
        let Moments { ww, wl, ll } = &mut pairs.moments[arm];
        pairs.patients[arm] += 1;
        *ww += u128::from(won[i] * won[i]);
        *wl += u128::from(won[i] * lost[i]);
        *ll += u128::from(lost[i] * lost[i]);
    }
    pairs
}

// Control: dead at 3, censored at 2 (category 1), alive at 5 (category 0).
// Experimental: dead at 3 (category 2), alive at 5 (category 1).
fn tiny() -> Data {
    Data {
        arm: vec![0, 0, 0, 1, 1],
        columns: vec![
            Column::Time(vec![3.0, 2.0, 5.0, 3.0, 5.0], vec![1, 0, 0, 1, 0]),
            Column::Code(vec![1, 1, 0, 2, 1], 3),
        ],
    }
}

#[test]
fn by_hand_pairs() {
    // first experimental patient: dead with the first control (then 2 over 1: win), the second was lost before (win by
    // category), dead before the third (loss). Second: outlives the first (win), tied with the second twice over,
    // tied by time with the third and 1 over 0 (win).
    let data = tiny();
    let found = compare(&data.arm, &data.comparison(), &mut Scratch::default());
    let expected = Pairs {
        patients: [3, 2],
        wins: 4,
        losses: 1,
        decided: [2, 3, 0, 0, 0, 0],
        moments: [
            // controls: (2, 0), (1, 0), (1, 1); experimental: (2, 1), (2, 0), each wins and losses of the experimental
            Moments { ww: 6, wl: 1, ll: 1 },
            Moments { ww: 8, wl: 2, ll: 1 },
        ],
    };
    assert_eq!(found, expected);
    assert_eq!(by_all_pairs(&data.arm, &data.comparison(), &mut Scratch::default()), expected);
    assert_eq!(naive(&data), expected);

    // ln WR: Σ (w/4 − l/1)²: controls ¼ + 1/16 + 9/16, experimental ¼ + ¼
    let ratio = data.analyse(&WinRatio);
    near(ratio.estimate, 4.0_f64.ln(), 1e-15);
    near(ratio.se, f64::sqrt(0.25 + 1.0 / 16.0 + 9.0 / 16.0 + 0.25 + 0.25), 1e-15);
    for (part, sixths) in ratio.parts.iter().zip([4.0, 1.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0]) {
        near(*part, sixths / 6.0, 1e-15);
    }
    // net benefit ½: controls (1, ½, 0) − ½ over 3² , experimental (⅓, ⅔) − ½ over 2²
    let benefit = data.analyse(&NetBenefit);
    near(benefit.estimate, 0.5, 1e-15);
    let variance = (0.25 + 0.0 + 0.25) / 9.0 + (1.0 / 36.0 + 1.0 / 36.0) / 4.0;
    near(benefit.se, f64::sqrt(variance), 1e-15);
    // win odds 4½ : 1½
    let odds = data.analyse(&WinOdds);
    near(odds.estimate, 3.0_f64.ln(), 1e-15);
    near(odds.se, 2.0 * f64::sqrt(variance) / 0.75, 1e-15);
}

#[test]
fn reference_win_statistics() {
    let table = Table::read("win");
    for row in 0..table.len() {
        let case = table.text("case", row);
        let data = Data::read(case);
        let found = compare(&data.arm, &data.comparison(), &mut Scratch::default());
        assert_eq!(found.wins as f64, table.number("wins", row), "{case}");
        assert_eq!(found.losses as f64, table.number("losses", row), "{case}");
        for (decided, tier) in found.decided.iter().zip(["tier1", "tier2", "tier3"]) {
            assert_eq!(*decided as f64, table.number(tier, row), "{case}");
        }
        for (method, name) in
            [(&WinRatio as &dyn Analysis, "log_win_ratio"), (&NetBenefit, "net_benefit"), (&WinOdds, "log_win_odds")]
        {
            let found = data.analyse(method);
            near(found.estimate, table.number(name, row), 1e-11);
            let se = table.number(&format!("se_{name}"), row);
            if !case.starts_with("concordance") || name == "net_benefit" {
                near(found.se, se, 1e-10);
            }
            near(found.z, found.estimate / found.se, 1e-15);
        }
    }
    assert_eq!(table.len(), 14);
}

fn column(n: usize) -> impl Strategy<Value = Column> {
    let time = (0_u8..5, 0_u8..3).prop_map(|(t, steps)| f64::from(t) * (1.0 + f64::from(steps) * f64::EPSILON));
    let code = prop_oneof![4 => 0_u8..3, 1 => Just(255_u8)];
    let complete = 0_u8..4;
    let score = prop_oneof![
        8 => (-4_i8..5).prop_map(|x| f64::from(x) * 0.1),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-0.0),
    ];
    let threshold = prop_oneof![Just(0.0), Just(0.1), Just(0.2), Just(0.35)];
    prop_oneof![
        (many(time, n), many(0_u8..2, n)).prop_map(|(time, event)| Column::Time(time, event)),
        many(code, n).prop_map(|code| Column::Code(code, 3)),
        many(complete, n).prop_map(|code| Column::Code(code, 4)),
        (many(score, n), threshold).prop_map(|(value, threshold)| Column::Score(value, threshold)),
    ]
}

/// Any tiers.
fn any_data() -> impl Strategy<Value = Data> {
    (2_usize..40, 0_usize..4).prop_flat_map(|(n, tiers)| {
        (many(0_u8..2, n), many(column(n), tiers)).prop_map(|(arm, columns)| Data { arm, columns })
    })
}

/// Tiers that need no pairs: perhaps a time, then categories.
fn sweepable() -> impl Strategy<Value = Data> {
    any_data().prop_map(|mut data| {
        let timed = matches!(data.columns.first(), Some(Column::Time(..)));
        let mut place = 0;
        data.columns.retain(|column| {
            place += 1;
            matches!(column, Column::Code(..)) || (timed && place == 1)
        });
        data
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn twin_pairs(data in any_data()) {
        let found = compare(&data.arm, &data.comparison(), &mut Scratch::default());
        prop_assert_eq!(found, naive(&data));
    }

    #[test]
    fn twin_all_pairs(data in any_data()) {
        let found = by_all_pairs(&data.arm, &data.comparison(), &mut Scratch::default());
        prop_assert_eq!(found, naive(&data));
    }

    #[test]
    fn twin_sweep(data in sweepable()) {
        // at most three tiers of four states: within what the sweep takes
        let found = by_sweep(&data.arm, &data.comparison(), &mut Scratch::default());
        prop_assert_eq!(found, Some(naive(&data)));
    }

    #[test]
    fn contract_swapped_arms(data in any_data()) {
        for method in [&WinRatio as &dyn Analysis, &NetBenefit, &WinOdds] {
            let (one, other) = (data.analyse(method), data.swapped().analyse(method));
            prop_assert_eq!(one.status, other.status);
            prop_assert_eq!((one.parts[0], one.parts[1]), (other.parts[1], other.parts[0]));
            if one.status == Status::Estimated {
                prop_assert!((one.estimate + other.estimate).abs() < 1e-13);
                prop_assert!((one.se - other.se).abs() < 1e-13 * one.se);
                prop_assert!((one.z + other.z).abs() < 1e-12 * one.z.abs().max(1.0));
            }
        }
    }
}

/// Larger data in which every kernel has all it is made for: ties, missing values, late patients.
fn large(n: usize) -> Data {
    // a fixed scatter, coarse enough to tie
    let scatter = |i: usize, salt: usize| (i * 7919 + salt * 104_729 + i * i * 31) % 1009;
    let time =
        |i: usize| (scatter(i, 1) as f64 / 20.0).min(40.0).floor() + if i.is_multiple_of(5) { 0.25 } else { 0.0 };
    let code = |i: usize| {
        if scatter(i, 2).is_multiple_of(11) { 255 } else { (scatter(i, 3) % 4) as u8 }
    };
    Data {
        arm: (0..n).map(|i| (scatter(i, 4) % 2) as u8).collect(),
        columns: vec![
            Column::Time(
                (0..n).map(time).collect(),
                (0..n).map(|i| u8::from(scatter(i, 5).is_multiple_of(3) && time(i) < 38.0)).collect(),
            ),
            Column::Code((0..n).map(|i| (scatter(i, 6) % 2) as u8).collect(), 2),
            Column::Code((0..n).map(code).collect(), 4),
        ],
    }
}

#[test]
fn twin_large() {
    let data = large(700);
    let expected = naive(&data);
    let comparison = data.comparison();
    assert_eq!(by_sweep(&data.arm, &comparison, &mut Scratch::default()), Some(expected));
    assert_eq!(by_all_pairs(&data.arm, &comparison, &mut Scratch::default()), expected);
    let discrete = Data { columns: data.columns[1..].to_vec(), ..data };
    let expected = naive(&discrete);
    let comparison = discrete.comparison();
    assert_eq!(by_sweep(&discrete.arm, &comparison, &mut Scratch::default()), Some(expected));
    assert_eq!(by_all_pairs(&discrete.arm, &comparison, &mut Scratch::default()), expected);
}

#[test]
fn twin_beyond_sixteen_bits() {
    // more patients than a 16-bit rank can tell: the wide ranks of all pairs against the sweep
    let mut data = large(36_000);
    // few of them experimental, so that the test is quick
    for (i, arm) in data.arm.iter_mut().enumerate() {
        *arm = u8::from(i % 360 == 7);
    }
    let comparison = data.comparison();
    let swept = by_sweep(&data.arm, &comparison, &mut Scratch::default());
    assert_eq!(swept, Some(by_all_pairs(&data.arm, &comparison, &mut Scratch::default())));
    let scores = (0..data.arm.len()).map(|i| i as f64 * 0.5).collect();
    let data = Data { columns: vec![Column::Score(scores, 3.0)], ..data };
    let comparison = data.comparison();
    assert_eq!(by_all_pairs(&data.arm, &comparison, &mut Scratch::default()), naive(&data));
}

#[test]
fn by_hand_failures() {
    let methods = [&WinRatio as &dyn Analysis, &NetBenefit, &WinOdds];
    let coded = |arm: &[u8], code: &[u8]| Data { arm: arm.to_vec(), columns: vec![Column::Code(code.to_vec(), 3)] };
    for method in methods {
        for arm in [vec![], vec![1], vec![0, 0], vec![1, 1, 1]] {
            let code = vec![1; arm.len()];
            assert_eq!(coded(&arm, &code).analyse(method).status, Status::EmptyArm);
        }
        assert_eq!(coded(&[0, 1, 1], &[0, 1, 2]).analyse(method).status, Status::TooFew);
        // all tied: equal, missing, or without a tier
        for code in [[1, 1, 1, 1], [255, 255, 255, 255]] {
            let found = coded(&[0, 1, 1, 0], &code).analyse(method);
            assert_eq!(found.status, Status::NoVariation);
            assert!(found.estimate.is_nan());
            assert_eq!(found.parts[..3], [0.0, 0.0, 1.0]);
        }
        let nothing = Data { arm: vec![0, 1, 0, 1], columns: vec![] };
        assert_eq!(nothing.analyse(method).status, Status::NoVariation);
        // all won
        let found = coded(&[0, 0, 1, 1], &[0, 0, 2, 2]).analyse(method);
        assert_eq!(found.status, Status::NoVariation);
        assert_eq!(found.parts[0], 1.0);
        // nobody died
        let alive = Data { arm: vec![0, 1, 0, 1], columns: vec![Column::Time(vec![1.0, 2.0, 3.0, 3.0], vec![0; 4])] };
        assert_eq!(alive.analyse(method).status, Status::NoVariation);
    }
    // no losses: the ratio runs to infinity, the difference does not
    let winning = coded(&[0, 0, 1, 1], &[0, 1, 1, 2]);
    assert_eq!(winning.analyse(&WinRatio).status, Status::NoVariation);
    near(winning.analyse(&NetBenefit).estimate, 0.75, 1e-15);
    near(winning.analyse(&WinOdds).estimate, 7.0_f64.ln(), 1e-15);
    // a circle: each experimental patient beats one control and loses to another, one control is tied with all
    let tier = |code: [u8; 5]| Column::Code(code.to_vec(), 2);
    let circle = Data {
        arm: vec![1, 1, 0, 0, 0],
        columns: vec![
            tier([1, 255, 0, 255, 255]),
            tier([0, 255, 255, 1, 255]),
            tier([255, 0, 1, 255, 255]),
            tier([255, 1, 255, 0, 255]),
        ],
    };
    for method in methods {
        let found = circle.analyse(method);
        assert_eq!(found.status, Status::NoVariation);
        assert_eq!(found.parts[3..7], [1.0 / 6.0; 4]);
    }
}

#[test]
fn contract_direction_order_and_scratch() {
    let mut scratch = Scratch::default();
    for case in ["colon/nodes+time+age/1", "veteran/time+celltype/90", "colon/extent+differ/1"] {
        let data = Data::read(case);
        let n = data.arm.len();
        let reversed = data.rows(&(0..n).rev().collect::<Vec<_>>());
        for method in [&WinRatio as &dyn Analysis, &NetBenefit, &WinOdds] {
            let found = data.analyse(method);
            // to the last bit
            assert_eq!(reversed.analyse(method), found);
            assert_eq!(data.analyse_with(method, &RULE, &mut scratch), found);
            // a win is a win whichever direction of the endpoint is better
            let lower = Rule { better: Better::Lower, ..RULE };
            assert_eq!(data.analyse_with(method, &lower, &mut scratch), found);
            let margin = Rule { null: -0.2, ..RULE };
            let shifted = data.analyse_with(method, &margin, &mut scratch);
            near(shifted.z, (found.estimate + 0.2) / found.se, 1e-14);
        }
    }
}

#[test]
fn contract_unit_of_time() {
    let data = Data::read("colon/time+extent+differ/1");
    let found = data.analyse(&WinRatio);
    let mut months = data;
    let Column::Time(time, _) = &mut months.columns[0] else { panic!() };
    for t in time {
        *t /= 30.4375;
    }
    assert_eq!(months.analyse(&WinRatio), found);
}
