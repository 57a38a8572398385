//! Finkelstein–Schoenfeld, stratified win statistics, the DOOR probability and weights for censoring, against all pairs.

use patency::analysis::pairs::contributions;
use patency::analysis::{Better, Covariates, Dataset, Estimate, Response, Rule, Scratch, Status, Strata};
use patency::endpoint::hierarchical::{Comparison, Tier};
use proptest::collection::vec as many;
use proptest::prelude::*;

use super::{Rows, Y, close, method, rule};

/// A time, a category and a score a patient.
#[derive(Clone, Debug)]
struct Patients {
    arm: Vec<u8>,
    time: Vec<f64>,
    event: Vec<u8>,
    code: Vec<u8>,
    score: Vec<f64>,
    strata: Vec<u32>,
}

impl Patients {
    fn look<T>(&self, f: impl FnOnce(&Dataset<'_>) -> T) -> T {
        let tiers = Comparison::new(&[
            Tier::Time { time: &self.time, event: &self.event },
            Tier::Code { code: &self.code, levels: 3 },
            Tier::Score { value: &self.score, threshold: 1.0 },
        ]);
        f(&Dataset {
            arm: &self.arm,
            response: Response::Hierarchical(tiers),
            covariates: Covariates::default(),
            strata: Strata { code: &self.strata, levels: self.strata.iter().max().map_or(0, |s| *s as usize + 1) },
        })
    }

    fn analyse(&self, name: &str) -> Estimate {
        let method = method(name, &[], &[]);
        self.look(|data| method.analyse(data, &rule(&*method), &mut Scratch::default()))
    }

    /// +1 where i beats j, and the tier.
    fn verdict(&self, i: usize, j: usize) -> (f64, usize) {
        let by_time = match () {
            () if self.event[j] == 1 && self.time[j] < self.time[i] => 1.0,
            () if self.event[i] == 1 && self.time[i] < self.time[j] => -1.0,
            () => 0.0,
        };
        let known = self.code[i] < 3 && self.code[j] < 3;
        let by_code = if known { (f64::from(self.code[i]) - f64::from(self.code[j])).signum() } else { 0.0 };
        let by_code = if known && self.code[i] == self.code[j] { 0.0 } else { by_code };
        let difference = self.score[i] - self.score[j];
        let by_score = if difference.abs() > 1.0 { difference.signum() } else { 0.0 };
        let verdicts = [by_time, by_code, by_score];
        verdicts.iter().position(|v| *v != 0.0).map_or((0.0, 3), |tier| (verdicts[tier], tier))
    }

    fn rows(&self, arm: u8) -> impl Iterator<Item = usize> + '_ {
        (0..self.arm.len()).filter(move |&i| self.arm[i] == arm)
    }

    fn stratum(&self, i: usize) -> u32 {
        self.strata.get(i).copied().unwrap_or(0)
    }
}

/// Three patients an arm, decided by time throughout.
fn by_time(time: [f64; 6], event: [u8; 6]) -> Patients {
    Patients {
        arm: vec![1, 1, 1, 0, 0, 0],
        time: time.to_vec(),
        event: event.to_vec(),
        code: vec![1; 6],
        score: vec![0.0; 6],
        strata: Vec::new(),
    }
}

#[test]
fn by_hand_finkelstein_schoenfeld() {
    // no censoring: ranks; u = 2 rank − 7 by time
    let e = by_time([2.0, 5.0, 6.0, 1.0, 3.0, 4.0], [1; 6]).analyse("finkelstein-schoenfeld");
    // experimental ranks 2, 5, 6: −3 + 3 + 5; Σ u² = 2 (25 + 9 + 1)
    assert_eq!(e.parts[..2], [5.0, 9.0 / 30.0 * 70.0]);
    close(e.z, 5.0 / 21.0_f64.sqrt(), 1e-15);
    assert!(e.estimate.is_nan() && e.status == Status::Estimated);
    let e = by_time([2.0; 6], [0; 6]).analyse("finkelstein-schoenfeld");
    assert_eq!(e.status, Status::NoVariation);
}

#[test]
fn by_hand_stratified_win_ratio() {
    // strata of 4: two of either arm, W = 3, L = 1; and the same again with W = L = 2
    let mut patients = by_time([2.0, 4.0, 0.0, 1.0, 3.0, 0.0], [1; 6]);
    patients.arm = vec![1, 1, 0, 0, 1, 1, 0, 0, 1];
    patients.time = vec![2.0, 4.0, 1.0, 3.0, 1.0, 4.0, 2.0, 3.0, 9.0];
    patients.event = vec![1; 9];
    patients.code = vec![1; 9];
    patients.score = vec![0.0; 9];
    patients.strata = vec![0, 0, 0, 0, 1, 1, 1, 1, 2];
    let e = patients.analyse("win-ratio");
    close(e.estimate, (5.0_f64 / 3.0).ln(), 1e-15);
    // weights alike: deviations of w − l within strata and arms ±½·…: experimental w 1, 2 and 0, 2; control 2, 1 and 1, 1
    let (w, l) = (5.0, 3.0);
    let spread = |d: f64| 2.0 * (d * (1.0 / w + 1.0 / l)).powi(2);
    let variance: f64 = spread(0.5) + spread(0.5) + spread(1.0);
    close(e.se, variance.sqrt(), 1e-14);
    assert_eq!(e.parts[..4], [0.625, 0.375, 0.0, 1.0]);
    close(patients.analyse("net-benefit").estimate, 0.25, 1e-15);
    close(patients.analyse("win-odds").estimate, (5.0_f64 / 3.0).ln(), 1e-14);
    // a lone control beside two experimental patients
    patients.arm[2] = 1;
    assert_eq!(patients.analyse("win-ratio").status, Status::TooFew);
}

#[test]
fn by_hand_weights_for_censoring() {
    // experimental 2, 3+, 6; control 1+, 4, 5. G₁: ½ from 3 on (of 2 at risk); G₀: 2/3 from 1 on
    let patients = by_time([2.0, 3.0, 6.0, 1.0, 4.0, 5.0], [1, 0, 1, 0, 1, 1]);
    let e = patients.analyse("win-ratio-ipcw");
    // losers: the experimental 2 to 4 and 5, weight 1/(1 · 2/3); controls 4 and 5 to 6, weight 1/(½ · 2/3)
    close(e.parts[0], 6.0 / 9.0, 1e-15);
    close(e.parts[1], 3.0 / 9.0, 1e-15);
    close(e.estimate, 2.0_f64.ln(), 1e-15);
    // shares w/W, l/L: 2 (0, 1), 6 (1, 0), 4 and 5 (½, ½)
    close(e.se, 2.0_f64.sqrt(), 1e-15);
}

#[test]
fn by_hand_door() {
    // categories 0 1 2, experimental 1 2 3, control 3 2 1: wins 1·3 + 2·0…
    let codes = [vec![0], vec![1; 2], vec![2; 3], vec![0; 3], vec![1; 2], vec![2]].concat();
    let rows = Rows::new(&[vec![1; 6], vec![0; 6]].concat(), Y::Ordinal(codes, 3));
    let door = method("door", &[], &[]);
    let wilcoxon = method("wilcoxon", &[], &[]);
    let (e, f) = (rows.analyse(&*door, &rule(&*door)), rows.analyse(&*wilcoxon, &rule(&*wilcoxon)));
    // 2·3 + 3·3 + 3·2 of 36 won, 2·1 + 1·(2 + 1) lost
    assert_eq!(e.parts[..2], [21.0 / 36.0, 5.0 / 36.0]);
    close(e.estimate, 26.0 / 36.0, 1e-15);
    close(e.estimate, f.estimate, 1e-15);
    close(e.z, (e.estimate - 0.5) / e.se, 1e-15);
    // lower is better: the same turned
    let lower = Rule { better: Better::Lower, ..rule(&*door) };
    let g = rows.analyse(&*door, &lower);
    close(g.estimate, 10.0 / 36.0, 1e-15);
    close(g.z, -e.z, 1e-14);
    let logit = method("door", &[("interval", "logit")], &[]);
    let h = rows.analyse(&*logit, &rule(&*logit));
    let (theta, slope) = (26.0_f64 / 36.0, 26.0 / 36.0 * 10.0 / 36.0);
    close(h.z, (2.6_f64).ln() * slope / e.se, 1e-14);
    let at = (h.lower / (1.0 - h.lower)).ln();
    close(at, (theta / (1.0 - theta)).ln() - 1.959963984540054 * e.se / slope, 1e-13);
}

fn patients() -> impl Strategy<Value = Patients> {
    (4_usize..16).prop_flat_map(|n| {
        (
            (many(0_u8..2, n), many(0_u8..5, n), many(0_u8..2, n)),
            (many(prop_oneof![4 => 0_u8..3, 1 => Just(255_u8)], n), many(0_u8..4, n), many(0_u32..3, n), any::<bool>()),
        )
            .prop_map(|((arm, time, event), (code, score, strata, stratified))| Patients {
                arm,
                time: time.into_iter().map(f64::from).collect(),
                event,
                code,
                score: score.into_iter().map(f64::from).collect(),
                strata: if stratified { strata } else { Vec::new() },
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn twin_finkelstein_schoenfeld_over_all_patients(p in patients()) {
        let e = p.analyse("finkelstein-schoenfeld");
        let n = p.arm.len();
        let (mut u, mut v) = (0.0, 0.0);
        for s in 0..3 {
            let own: Vec<usize> = (0..n).filter(|&i| p.stratum(i) == s).collect();
            let score = |i: usize| own.iter().map(|&j| p.verdict(i, j).0).sum::<f64>();
            let treated = own.iter().filter(|&&i| p.arm[i] == 1).count() as f64;
            let size = own.len() as f64;
            u += own.iter().filter(|&&i| p.arm[i] == 1).map(|&i| score(i)).sum::<f64>();
            if size > 1.0 {
                v += treated * (size - treated) / (size * (size - 1.0)) * own.iter().map(|&i| score(i).powi(2)).sum::<f64>();
            }
        }
        if e.status == Status::Estimated {
            prop_assert!((e.z - u / v.sqrt()).abs() < 1e-12);
        } else {
            prop_assert!(v == 0.0 || p.rows(1).count() * p.rows(0).count() == 0);
        }
    }

    #[test]
    fn twin_stratified_win_statistics_over_all_pairs(p in patients()) {
        let (ratio, benefit, odds) = (p.analyse("win-ratio"), p.analyse("net-benefit"), p.analyse("win-odds"));
        prop_assume!(benefit.status == Status::Estimated);
        let n = p.arm.len();
        let size = |s: u32| (0..n).filter(|&i| p.stratum(i) == s).count() as f64;
        let (mut won, mut lost, mut met) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for i in p.rows(1) {
            for j in p.rows(0).filter(|&j| p.stratum(i) == p.stratum(j)) {
                let weight = 1.0 / size(p.stratum(i));
                let (v, _) = p.verdict(i, j);
                for k in [i, j] {
                    won[k] += weight * f64::from(u8::from(v > 0.0));
                    lost[k] += weight * f64::from(u8::from(v < 0.0));
                    met[k] += weight;
                }
            }
        }
        let total = |x: &[f64]| p.rows(1).map(|i| x[i]).sum::<f64>();
        let (w, l, all) = (total(&won), total(&lost), total(&met));
        // each patient's part less the mean of arm and stratum
        let spread = |part: &dyn Fn(usize) -> f64| -> f64 {
            (0..n)
                .map(|i| {
                    let like: Vec<usize> = (0..n).filter(|&j| p.arm[j] == p.arm[i] && p.stratum(j) == p.stratum(i)).collect();
                    part(i) - like.iter().map(|&j| part(j)).sum::<f64>() / like.len() as f64
                })
                .map(|x| x * x)
                .sum()
        };
        prop_assert!((benefit.estimate - (w - l) / all).abs() < 1e-12);
        let se = spread(&|i| (won[i] - lost[i]) / all).sqrt();
        prop_assert!((benefit.se - se).abs() < 1e-12, "{} {se}", benefit.se);
        if ratio.status == Status::Estimated {
            prop_assert!((ratio.estimate - (w / l).ln()).abs() < 1e-12);
            prop_assert!((ratio.se - spread(&|i| won[i] / w - lost[i] / l).sqrt()).abs() < 1e-9);
        }
        if odds.status == Status::Estimated {
            let theta = 0.5 + 0.5 * (w - l) / all;
            prop_assert!((odds.estimate - (theta / (1.0 - theta)).ln()).abs() < 1e-10);
        }
    }

    #[test]
    fn twin_weights_for_censoring_over_all_pairs(mut p in patients()) {
        p.strata.clear();
        let e = p.analyse("win-ratio-ipcw");
        prop_assume!(e.status == Status::Estimated);
        // G(t−): over earlier times, of those at risk and not with an event then, who is not censored
        let free = |arm: u8, t: f64| {
            let mut g = 1.0;
            let mut held = 1.0;
            for at in 0..5 {
                let at = f64::from(at);
                let exposed = p.rows(arm).filter(|&i| p.time[i] > at || p.time[i] == at && p.event[i] == 0).count() as f64;
                let censored = p.rows(arm).filter(|&i| p.time[i] == at && p.event[i] == 0).count() as f64;
                if at < t && censored > 0.0 {
                    g *= 1.0 - censored / exposed;
                    held = if g >= 0.1 { g } else { held };
                }
            }
            held
        };
        let n = p.arm.len();
        let (mut won, mut lost) = (vec![0.0; n], vec![0.0; n]);
        for i in p.rows(1) {
            for j in p.rows(0) {
                let (v, tier) = p.verdict(i, j);
                if v != 0.0 {
                    let t = p.time[if v > 0.0 { j } else { i }];
                    let weight = if tier == 0 { 1.0 / (free(0, t) * free(1, t)) } else { 1.0 };
                    let sums = if v > 0.0 { &mut won } else { &mut lost };
                    sums[i] += weight;
                    sums[j] += weight;
                }
            }
        }
        let total = |x: &[f64]| p.rows(1).map(|i| x[i]).sum::<f64>();
        let (w, l) = (total(&won), total(&lost));
        prop_assert!((e.estimate - (w / l).ln()).abs() < 1e-10);
        let variance: f64 = (0..n).map(|i| (won[i] / w - lost[i] / l).powi(2)).sum();
        prop_assert!((e.se - variance.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn twin_contributions_add_up(p in patients()) {
        let mut expected = vec![[0, 0]; 3];
        for i in p.rows(1) {
            for j in p.rows(0) {
                let (v, tier) = p.verdict(i, j);
                if v != 0.0 {
                    expected[tier][usize::from(v < 0.0)] += 1;
                }
            }
        }
        let found = p.look(|data| match data.response {
            Response::Hierarchical(comparison) => contributions(data.arm, &comparison),
            _ => Vec::new(),
        });
        prop_assert_eq!(found, expected);
    }
}
