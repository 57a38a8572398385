//! Covers: planning formulas against those of other software: sizes and powers of two proportions, t tests, hazards and win ratios, with
//! margins and unequal arms; the events that a design with entry and loss expects.

use patency::planning::{self, Given, Known, lachin_foulkes};
use patency::protocol::{Protocol, Wanted};

use crate::engine::common::{Run, assert_calibrated, assert_within, sized};

const FIGURES: &str = include_str!("reference/planning.csv");

/// A row of the figures.
struct Row {
    line: &'static str,
    test: &'static str,
    by: &'static str,
    /// Parts of the arms (experimental, control).
    shares: [f64; 2],
    alpha: f64,
    sides: f64,
    null: f64,
    /// Proportions, means, hazards, chances of winning, up to a factor (experimental, control).
    effect: [f64; 2],
    /// Standard deviation, probability of a tie, median survival of the control arm.
    of: f64,
    n: f64,
    power: f64,
}

fn rows(tests: &[&str]) -> Vec<Row> {
    let lines = FIGURES.lines().skip_while(|l| l.starts_with('#')).skip(1);
    let read = |line: &'static str| {
        let fields: Vec<&str> = line.split(',').collect();
        let x: Vec<f64> = fields[2..].iter().map(|x| x.parse().expect("a number")).collect();
        let (shares, effect) = ([x[0], x[1]], [x[5], x[6]]);
        let [alpha, sides, null, of, n, power] = [2, 3, 4, 7, 8, 9].map(|k| x[k]);
        Row { line, test: fields[0], by: fields[1], shares, alpha, sides, null, effect, of, n, power }
    };
    lines.map(read).filter(|r| tests.contains(&r.test)).collect()
}

impl Row {
    /// The trial that is meant, of so many patients.
    fn text(&self, n: f64) -> String {
        let ([e, c], of, null) = (self.effect, self.of, self.null);
        let [experimental, control] = self.shares;
        let (outcome, value, method) = match self.test {
            "proportions" | "margin" => (
                format!("bernoulli = {{ probability = \"if(treatment, {e}, {c})\" }}"),
                "binary = { value = \"x\", ",
                if self.test == "margin" { "farrington-manning" } else { "difference-of-proportions" },
            ),
            "t-test" => (
                format!("normal = {{ mean = \"if(treatment, {e}, {c})\", sd = {of} }}"),
                "score = { value = \"x\", ",
                "t-test",
            ),
            "win-ratio" => (
                "ordinal = { probabilities = [0.2, 0.3, 0.5] }".to_owned(),
                "hierarchical = { tiers = [{ name = \"x\", category = { value = \"x\", better = \"higher\" }, observed = \"always\" }] }",
                "win-ratio",
            ),
            _ => (
                format!("exponential = {{ median = {}, hazard-ratio = \"if(treatment, {e}, {c})\" }}", of.max(1.0)),
                "time-to-event = { event = \"x\", ",
                if null == 1.0 { "log-rank" } else { "cox" },
            ),
        };
        let better = match (method, e - c > null) {
            ("win-ratio", _) => "",
            ("log-rank" | "cox", _) if e < null => "better = \"higher\" }",
            ("log-rank" | "cox", _) | (_, false) => "better = \"lower\" }",
            (_, true) => "better = \"higher\" }",
        };
        let ratio_scale = matches!(method, "log-rank" | "cox" | "win-ratio");
        let margin =
            if null == f64::from(u8::from(ratio_scale)) { String::new() } else { format!("margin = {null}\n") };
        let variance = if method == "t-test" { " variance = \"pooled\" " } else { "" };
        let entered = if ["entry", "lachin-foulkes"].contains(&self.test) {
            "[enrolment]\nuniform = { over = 24 }\n[observation]\ndropout.exponential = { risk = 0.05, by = 12 }\n[cut]\ndate = 48\n"
        } else {
            ""
        };
        format!(
            "title = \"A design\"\n[trial]\nn = {n}\narms = [{{ name = \"control\", ratio = {control} }}, {{ name = \"treatment\", ratio = \
             {experimental} }}]\nallocation.blocks = {{ sizes = [{}] }}\n{entered}[[outcome]]\nname = \"x\"\n{outcome}\n[[endpoint]]\nname = \
             \"x\"\n{value}{better}\n[[analysis]]\nname = \"primary\"\nendpoint = \"x\"\n{method} = {{{variance}}}\nalpha = {}\nsides = \
             {}\n{margin}",
            experimental + control,
            self.alpha,
            self.sides,
        )
    }

    /// The formula's power at `n`, and its `n` at the power.
    fn answers(&self) -> [Option<f64>; 2] {
        let scenario = sized(&self.text(60.0), 60);
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let share = planning::share(&scenario, 0);
        assert_eq!(share, self.shares[0] / (self.shares[0] + self.shares[1]));
        let at = |n: f64| {
            let none = Given {
                target: None,
                sums: [f64::NAN; 4],
                patients: n,
                events: n,
                se: f64::NAN,
                cubes: None,
                weighted_variance: None,
            };
            if self.test == "win-ratio" {
                let [win, loss] = self.effect.map(|x| x / (self.effect[0] + self.effect[1]) * (1.0 - self.of));
                Given { target: Some((self.effect[0] / self.effect[1]).ln()), sums: [win, loss, 1.0, f64::NAN], ..none }
            } else {
                Known::of(&scenario, 0).expect("constant in each arm").put_into(
                    none,
                    share,
                    scenario.analyses[0].method.scale(),
                )
            }
        };
        [
            planning::power(&protocol, 0, &at(self.n)).map(|p| p.power),
            planning::multiple(&protocol, 0, &at(100.0), self.power).map(|m| 100.0 * m),
        ]
    }
}

/// Fleiss, and Farrington and Manning against margins, by nBinomial; Schoenfeld by nEvents, with margins; the t test by pwr; Yu and Ganju by
/// WRestimates and hce, which rounds up.
#[test]
fn reference_formulas_of_other_software() {
    let rows = rows(&["proportions", "margin", "events", "t-test", "win-ratio"]);
    assert_eq!(rows.len(), 96 + 16 + 120 + 108 + 144 + 48);
    for row in rows {
        let [power, n] = row.answers().map(|x| x.unwrap_or_else(|| panic!("no answer to {}", row.line)));
        assert!((power - row.power).abs() <= 1e-10, "power {power} in {}", row.line);
        let right = match row.by {
            // power near 1 is had at many sizes
            "pwr" => row.power > 0.999 || (n - row.n).abs() <= 1e-7 * row.n,
            "hce" => n <= row.n * (1.0 + 1e-11) && n > (row.n - 1.0) * (1.0 - 1e-11),
            "WRestimates" => row.power > 0.999 || (n - row.n).abs() <= 1e-9 * row.n,
            _ => (n - row.n).abs() <= 1e-10 * row.n,
        };
        assert!(right, "size {n} in {}", row.line);
    }
}

/// Schoenfeld's events over those that a patient brings, simulated, against nSurv's integral. Lachin and Foulkes's size, by nSurvival, allows
/// for unequal numbers of events in the arms: 617.2 for 618.6, and 702.3 for 715.2 with twice as many in the experimental arm.
#[test]
fn reference_sizes_with_entry_and_loss() {
    for (row, other) in rows(&["entry"]).iter().zip(rows(&["lachin-foulkes"])) {
        assert_eq!((row.effect, row.shares, row.of), (other.effect, other.shares, other.of));
        let needed = row.answers()[1].expect("a number of events");
        let text = row.text(600.0);
        let (mut sums, replicates) = ([0.0; 2], 500.0);
        Run::new(&text, replicates as u64, row.line).each(|_, rows| {
            let events = f64::from(rows[0].estimate.events);
            sums[0] += events;
            sums[1] += events * events;
        });
        let mean = sums[0] / replicates;
        let error = ((sums[1] / replicates - mean * mean) / (replicates - 1.0)).sqrt();
        let n = 600.0 * needed / mean;
        assert_calibrated(row.line, n, row.n, n * error / mean, 0.015 * row.n);
        let scenario = sized(&text, 600);
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let closed = lachin_foulkes::patients(&protocol, 0, other.power).expect("uniform entry, loss and a date");
        assert!((closed / other.n - 1.0).abs() < 1e-10, "{}: {closed}", other.line);
        assert_within(other.line, n, other.n, 0.02 * other.n, n * error / mean, 0.05 * other.n);
    }
}
