//! The designs.

use patency::math::special::normal_cdf;

use super::exact::{
    ancova_power, binomial, enumerate, equivalence_t, hypergeometric_tail, log_odds_ratio, log_risk_ratio, pooled,
    t_power, wald, z,
};
use super::{Case, Known};
use crate::engine::common::{P1, P2, P4, P5, P6};

/// Arms of a trial: patients, experimental first.
#[derive(Clone, Copy)]
struct Arms {
    n: [usize; 2],
}

const EQUAL: Arms = Arms { n: [150, 150] };
const TWO_TO_ONE: Arms = Arms { n: [200, 100] };

impl Arms {
    fn words(self) -> String {
        let [e, c] = self.n;
        format!("{e} v {c}")
    }

    fn sizes(self) -> [f64; 2] {
        self.n.map(|n| n as f64)
    }

    /// 1/n₁ + 1/n₀
    fn inverse(self) -> f64 {
        self.sizes().iter().map(|n| 1.0 / n).sum()
    }

    /// A scenario from the tables between the trial and its only analysis.
    fn scenario(self, tables: &str, endpoint: &str, analysis: &str) -> String {
        let [e, c] = self.n;
        let ratio = e / c;
        format!(
            "title = \"Known power\"\n[trial]\nn = {}\narms = [{{ name = \"control\" }}, {{ name = \"treatment\", ratio = {ratio} }}]\n\
             allocation.blocks = {{ sizes = [{}] }}\n{tables}\n[[endpoint]]\nname = \"endpoint\"\n{endpoint}\n\
             [[analysis]]\nname = \"primary\"\nendpoint = \"endpoint\"\n{analysis}\n",
            e + c,
            ratio + 1,
        )
    }
}

/// The one-sided level of nearly all of them.
const ONE_SIDED: &str = "alpha = 0.025\nsides = 1";

fn case(name: &str, arms: Arms, what: &str, scenario: String, power: f64, known: Known) -> Case {
    let design = format!("{what}, {}", arms.words());
    let analysis = format!("`{name}`");
    Case { name: format!("{analysis}, {design}"), analysis, design, scenario, power, known }
}

pub(super) fn all() -> Vec<Case> {
    let mut all = binary();
    all.extend(scores());
    all.extend(times());
    all.extend(ranks());
    all.extend(published());
    all
}

/// A response with probabilities p₁ and p₀.
fn response(p: [f64; 2]) -> String {
    format!("[[outcome]]\nname = \"response\"\nbernoulli = {{ probability = \"if(treatment, {}, {})\" }}", p[0], p[1])
}

const RESPONSE: &str = "binary = { value = \"response\", better = \"higher\" }";

fn binary() -> Vec<Case> {
    let mut all = Vec::new();
    let c = z(0.025);
    for arms in [EQUAL, TWO_TO_ONE] {
        let n = arms.n;
        let p = [0.5, 0.35];
        let mut add =
            |method: &str, more: &str, what: &str, p: [f64; 2], rejects: &dyn Fn([f64; 2], [f64; 2]) -> bool| {
                let words = format!("{} % v {} %{what}", 100.0 * p[0], 100.0 * p[1]);
                let scenario = arms.scenario(&response(p), RESPONSE, &format!("{method}\n{more}{ONE_SIDED}"));
                let name = method.replace(" = {}", "").replace(" = {", " {");
                all.push(case(&name, arms, &words, scenario, enumerate(n, p, rejects), Known::Exact));
            };
        add("difference-of-proportions = {}", "", "", p, &|x, n| pooled(x, n, 0.0) >= c);
        add("difference-of-proportions = { test = \"wald\" }", "", "", p, &|x, n| wald(x, n, 0.0) >= c);
        add("difference-of-proportions = { continuity = true }", "", "", p, &|x, n| pooled(x, n, 1.0) >= c);
        add("ratio-of-proportions = {}", "", "", p, &|x, n| log_risk_ratio(x, n, 1.0) >= c);
        add("logistic = {}", "", "", p, &|x, n| log_odds_ratio(x, n) >= c);
        add("fisher = {}", "", "", p, &|x, n| hypergeometric_tail(x, n) <= 0.025);
        let same = [0.8, 0.8];
        add("difference-of-proportions = {}", "margin = -0.1\n", ", non-inferior by 10 points", same, &|x, n| {
            wald(x, n, -0.1) >= c
        });
        add("ratio-of-proportions = {}", "margin = 0.85\n", ", non-inferior by a ratio of .85", same, &|x, n| {
            log_risk_ratio(x, n, 0.85) >= c
        });
        // two one-sided tests, each at 5 %
        let scenario = arms.scenario(
            &response([0.6, 0.6]),
            RESPONSE,
            "difference-of-proportions = {}\nequivalence = [-0.18, 0.18]\nalpha = 0.05",
        );
        let each = z(0.05);
        let both = enumerate(n, [0.6, 0.6], |x, n| wald(x, n, -0.18) >= each && wald(x, n, 0.18) <= -each);
        all.push(case(
            "difference-of-proportions",
            arms,
            "60 % v 60 %, equivalent within 18 points",
            scenario,
            both,
            Known::Exact,
        ));
        // a tenth is missing, and counts as no response
        let scenario = arms.scenario(
            &format!("{}\n[observation]\n[[visit]]\nname = \"end\"\nat = 6\nmissed = 0.1", response([0.55, 0.38])),
            "binary = { value = \"response\", visit = \"end\", better = \"higher\", missing = \"worst\" }",
            &format!("difference-of-proportions = {{}}\n{ONE_SIDED}"),
        );
        let power = enumerate(n, [0.9 * 0.55, 0.9 * 0.38], |x, n| pooled(x, n, 0.0) >= c);
        all.push(case(
            "difference-of-proportions",
            arms,
            "55 % v 38 %, 10 % missing as failures",
            scenario,
            power,
            Known::Exact,
        ));
    }
    all
}

/// A normal score with standard deviation 1.
fn score(shift: f64) -> String {
    format!("[[outcome]]\nname = \"score\"\nnormal = {{ mean = \"if(treatment, {shift}, 0)\", sd = 1 }}")
}

const SCORE: &str = "score = { value = \"score\", better = \"higher\" }";

fn scores() -> Vec<Case> {
    let mut all = Vec::new();
    for arms in [Arms { n: [60, 60] }, Arms { n: [80, 40] }] {
        let error = arms.inverse().sqrt();
        let n: f64 = arms.sizes().iter().sum();
        let pooled = "t-test = { variance = \"pooled\" }";
        let scenario = arms.scenario(&score(0.55), SCORE, &format!("{pooled}\n{ONE_SIDED}"));
        all.push(case("t-test", arms, "shift .55 SD", scenario, t_power(0.55 / error, n - 2.0, 0.025), Known::Exact));
        let scenario = arms.scenario(&score(0.0), SCORE, &format!("{pooled}\nmargin = -0.5\n{ONE_SIDED}"));
        all.push(case(
            "t-test",
            arms,
            "no shift, non-inferior by .5 SD",
            scenario,
            t_power(0.5 / error, n - 2.0, 0.025),
            Known::Exact,
        ));
        let scenario = arms.scenario(&score(0.0), SCORE, &format!("{pooled}\nequivalence = [-0.6, 0.6]\nalpha = 0.05"));
        all.push(case(
            "t-test",
            arms,
            "no shift, equivalent within .6 SD",
            scenario,
            equivalence_t(0.6 / error, n - 2.0, 0.05),
            Known::Exact,
        ));
        // correlation .6 with baseline: residual SD .8
        let tables = "[[variable]]\nname = \"before\"\nnormal = { mean = 0, sd = 1 }\n[[outcome]]\nname = \"score\"\n\
                      normal = { mean = \"0.6 * before + if(treatment, 0.4, 0)\", sd = 0.8 }";
        let scenario = arms.scenario(tables, SCORE, &format!("ancova = {{}}\ncovariates = [\"before\"]\n{ONE_SIDED}"));
        all.push(case(
            "ancova",
            arms,
            "shift .4 SD, ρ = .6",
            scenario,
            ancova_power(0.4 / (0.8 * error), n, 0.025),
            Known::Exact,
        ));
        // a tenth is missing at random: the sizes are binomial
        let scenario = arms.scenario(
            &format!("{}\n[observation]\n[[visit]]\nname = \"end\"\nat = 6\nmissed = 0.1", score(0.6)),
            "score = { value = \"score\", visit = \"end\", better = \"higher\" }",
            &format!("{pooled}\n{ONE_SIDED}"),
        );
        let [left, right] = arms.n.map(|n| binomial(n, 0.9));
        let mut power = 0.0;
        let mut by_size = std::collections::BTreeMap::new();
        for (a, p) in left.iter().enumerate() {
            for (b, q) in right.iter().enumerate() {
                if p * q > 1e-8 {
                    let error = (1.0 / a as f64 + 1.0 / b as f64).sqrt();
                    let own = by_size
                        .entry((a.max(b), a.min(b)))
                        .or_insert_with(|| t_power(0.6 / error, (a + b - 2) as f64, 0.025));
                    power += p * q * *own;
                }
            }
        }
        all.push(case("t-test", arms, "shift .6 SD, 10 % missing", scenario, power, Known::Exact));
    }
    all
}

const SCHOENFELD: &str = "Schoenfeld (1981): the statistic is taken for normal with mean ln h √(d q(1 − q)) and variance 1; it is of first order in ln h, and \
                          the share of the arms among those at risk moves away from q as the worse arm dies out.";
const UNEQUAL: &str = "Schoenfeld's formula again, low with two thirds of the patients in the arm that lives longer: at the start a death falls to that arm with \
                       a chance of 2h/(2h + 1), which for h = .67 lies 5.6 % further below 2/3 than the formula's q(1 − q) ln h.";
const MEANS: &str =
    "Normal approximation to a difference of two means with their true variances; the trial uses estimated ones.";

fn death(hazard_ratio: f64) -> String {
    format!(
        "[[outcome]]\nname = \"death\"\nexponential = {{ median = 20, hazard-ratio = \"if(treatment, {hazard_ratio}, 1)\" }}"
    )
}

const SURVIVAL: &str = "time-to-event = { event = \"death\", better = \"higher\" }";

fn times() -> Vec<Case> {
    let mut all = Vec::new();
    let c = z(0.025);
    let rate = 2f64.ln() / 20.0;
    for arms in [EQUAL, TWO_TO_ONE] {
        let [e, k] = arms.sizes();
        let n = e + k;
        let q = e / n;
        // everyone is followed to 24 months: the curve is a proportion, Greenwood's variance a binomial one
        let followed = |hr: f64| format!("{}\n[cut]\nhorizon = 24", death(hr));
        let alive = |hr: f64| [(-rate * hr * 24.0).exp(), (-rate * 24.0).exp()];
        let scenario = arms.scenario(&followed(0.65), SURVIVAL, &format!("kaplan-meier = {{ at = 24 }}\n{ONE_SIDED}"));
        let power = enumerate(arms.n, alive(0.65), |x, n| wald(x, n, 0.0) >= c);
        all.push(case("kaplan-meier", arms, "hazard ratio .65, 24 months", scenario, power, Known::Exact));
        let scenario = arms.scenario(
            &followed(1.0),
            SURVIVAL,
            &format!("kaplan-meier = {{ at = 24 }}\nmargin = -0.15\n{ONE_SIDED}"),
        );
        let power = enumerate(arms.n, alive(1.0), |x, n| wald(x, n, -0.15) >= c);
        all.push(case(
            "kaplan-meier",
            arms,
            "no effect, non-inferior by 15 points at 24 months",
            scenario,
            power,
            Known::Exact,
        ));
        // min(T, 24): mean and mean square by integration
        let area = |hr: f64| {
            let h = rate * hr;
            let mean = (1.0 - (-h * 24.0f64).exp()) / h;
            let square = 2.0 * (1.0 / (h * h) - (-h * 24.0f64).exp() * (24.0 / h + 1.0 / (h * h)));
            (mean, square - mean * mean)
        };
        let ((m1, v1), (m0, v0)) = (area(0.65), area(1.0));
        let scenario =
            arms.scenario(&followed(0.65), SURVIVAL, &format!("restricted-mean = {{ at = 24 }}\n{ONE_SIDED}"));
        let power = normal_cdf((m1 - m0) / (v1 / e + v0 / k).sqrt() - c);
        all.push(case(
            "restricted-mean",
            arms,
            "hazard ratio .65, 24 months",
            scenario,
            power,
            Known::Formula(0.006, MEANS),
        ));
        // all die
        let events = |d: f64, hr: f64, null: f64| normal_cdf((null / hr).ln() * (d * q * (1.0 - q)).sqrt() - c);
        for (method, hr, null, more, what) in [
            ("log-rank", 0.72, 1.0, "", "hazard ratio .72, all followed to death"),
            ("cox", 0.72, 1.0, "", "hazard ratio .72, all followed to death"),
            ("cox", 1.0, 1.4, "margin = 1.4\n", "no effect, non-inferior by 1.4, all followed to death"),
        ] {
            let scenario = arms.scenario(&death(hr), SURVIVAL, &format!("{method} = {{}}\n{more}{ONE_SIDED}"));
            all.push(case(method, arms, what, scenario, events(n, hr, null), Known::Formula(0.016, SCHOENFELD)));
        }
        // a fixed number of events, patients lost on the way
        let tables = format!(
            "{}\n[observation]\ndropout.exponential = {{ risk = 0.1, by = 12 }}\n[cut]\nevents = {{ count = 180, endpoint = \"endpoint\" }}",
            death(0.67)
        );
        let scenario = arms.scenario(&tables, SURVIVAL, &format!("log-rank = {{}}\n{ONE_SIDED}"));
        all.push(case(
            "log-rank",
            arms,
            "hazard ratio .67, cut at 180 deaths, dropout",
            scenario,
            events(180.0, 0.67, 1.0),
            if q > 0.5 { Known::Formula(0.025, UNEQUAL) } else { Known::Formula(0.016, SCHOENFELD) },
        ));
    }
    all
}

const NOETHER: &str = "Normal approximation to the Wilcoxon statistic with mean P(X > Y) and its variance under the alternative, P and the variance by \
                       integration over the normal shift.";
const WHITEHEAD: &str = "Whitehead (1993): variance of the log odds ratio 3 / (n q(1 − q)(1 − Σ p̄³)), of first order in the log odds ratio.";

fn ranks() -> Vec<Case> {
    let mut all = Vec::new();
    let c = z(0.025);
    for arms in [EQUAL, TWO_TO_ONE] {
        // one tier with two values: net benefit, win odds and win ratio are functions of two proportions
        let tier = "hierarchical = { tiers = [{ name = \"response\", category = { value = \"response + 1\", cuts = [1.5], better = \"higher\" }, observed = \"always\" }] }";
        let p = [0.5, 0.35];
        for (method, z) in [
            ("net-benefit", (|x, n| wald(x, n, 0.0)) as fn([f64; 2], [f64; 2]) -> f64),
            ("win-ratio", log_odds_ratio),
            ("win-odds", |x, n| {
                let d = x[0] / n[0] - x[1] / n[1];
                let error = d / wald(x, n, 0.0);
                ((1.0 + d) / (1.0 - d)).ln() / (2.0 * error / (1.0 - d * d))
            }),
        ] {
            let scenario = arms.scenario(&response(p), tier, &format!("{method} = {{}}\n{ONE_SIDED}"));
            let power = enumerate(arms.n, p, |x, n| z(x, n) >= c);
            all.push(case(method, arms, "50 % v 35 %, one tier of two values", scenario, power, Known::Exact));
        }
        // normal shift: P(X > Y) = Φ(d/√2), and its projections
        let d = 0.38;
        let mean = normal_cdf(d / 2f64.sqrt());
        let spread = {
            const STEPS: usize = 2_000;
            let mut sum = 0.0;
            for i in 0..STEPS {
                let x = -8.0 + 16.0 * (i as f64 + 0.5) / STEPS as f64;
                sum += (-0.5 * x * x).exp() * normal_cdf(x + d).powi(2);
            }
            sum * 16.0 / STEPS as f64 / (2.0 * std::f64::consts::PI).sqrt() - mean * mean
        };
        let [e, k] = arms.sizes();
        let null = ((e + k + 1.0) / (12.0 * e * k)).sqrt();
        let power = normal_cdf((mean - 0.5 - c * null) / (spread / e + spread / k).sqrt());
        let scenario = arms.scenario(&score(d), SCORE, &format!("wilcoxon = {{}}\n{ONE_SIDED}"));
        all.push(case("wilcoxon", arms, "shift .38 SD", scenario, power, Known::Formula(0.008, NOETHER)));
        // five categories, odds ratio 1.8
        let tables = "[[outcome]]\nname = \"grade\"\nordinal = { probabilities = [0.15, 0.25, 0.25, 0.2, 0.15], odds-ratio = \"if(treatment, 1.8, 1)\" }";
        let scenario = arms.scenario(
            tables,
            "ordinal = { value = \"grade\", better = \"higher\" }",
            &format!("proportional-odds = {{}}\n{ONE_SIDED}"),
        );
        let control = [0.15, 0.4, 0.65, 0.85, 1.0];
        let treated = control.map(|f: f64| if f == 1.0 { 1.0 } else { f / (f + 1.8 * (1.0 - f)) });
        let q = e / (e + k);
        let cubes: f64 = (0..5)
            .map(|i| {
                let step = |f: &[f64; 5]| f[i] - if i == 0 { 0.0 } else { f[i - 1] };
                (q * step(&treated) + (1.0 - q) * step(&control)).powi(3)
            })
            .sum();
        let variance = 3.0 / ((e + k) * q * (1.0 - q) * (1.0 - cubes));
        let power = normal_cdf(1.8f64.ln() / variance.sqrt() - c);
        all.push(case(
            "proportional-odds",
            arms,
            "odds ratio 1.8, five categories",
            scenario,
            power,
            Known::Formula(0.012, WHITEHEAD),
        ));
    }
    all
}

const SIMULATED: &str = "Simulated by a hand-written kernel, and by lrstat 0.3.3 within its error.";
const ELSEWHERE: &str = "Simulated by other software, some 50,000 trials.";
const KERNEL: &str = "Simulated by a hand-written kernel that compares all pairs.";
const WEIGHTED: &str = "Simulated with R's glm and coxph.";

/// The yardsticks.
fn published() -> Vec<Case> {
    let case = |name: &str, design: &str, scenario: &str, power, known| Case {
        name: name.to_owned(),
        analysis: name.to_owned(),
        design: design.to_owned(),
        scenario: scenario.replace("name = \"primary/robust\"", "name = \"primary\""),
        power,
        known,
    };
    vec![
        case(
            "`difference-of-proportions`, yardstick P1",
            "50 % v 35 %, 150 v 150",
            P1,
            0.7613,
            Known::Published(0.000_03, "Exact, printed to four digits."),
        ),
        case(
            "`log-rank`, yardstick P2",
            "hazard ratio .75, 289 v 289, staggered entry, dropout, cut at 48 months",
            P2,
            0.7715,
            Known::Published(0.0004, SIMULATED),
        ),
        case(
            "`win-ratio`, yardstick P4",
            "death, then an ordered category, 150 v 150, dropout",
            P4,
            0.5891,
            Known::Published(0.0005, KERNEL),
        ),
        case(
            "`log-rank` at 190, 285 and 380 events, yardstick P5",
            "the patients of P2, looks with O'Brien-Fleming-like bounds",
            P5,
            0.7934,
            Known::Published(0.0018, ELSEWHERE),
        ),
        case(
            "`weighted-cox`, yardstick P6",
            "a cohort of 578, confounded, robust variance",
            P6,
            0.7059,
            Known::Published(0.0006, WEIGHTED),
        ),
    ]
}
