//! Four problems through the engine beside hand-written kernels, on one thread.
//!
//! `cargo bench --bench yardsticks` first prints how many times as long as the kernel the engine takes (medians over interleaved
//! rounds: a busy machine slows both), then measures each. Times are printed, never asserted; powers are.

mod floor;

use std::hint::black_box;
use std::io::Write;

use criterion::Criterion;
use patency::clock::Stopwatch;
use patency::engine::{self, RowRecord};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::{self, Options, Scenario};
use patency::summary::rejection;
use patency::workspace::Workspace;

struct Problem {
    name: &'static str,
    file: &'static str,
    kernel: floor::Kernel,
    /// Trials of a round.
    trials: usize,
    /// Known power and its standard error.
    power: (f64, f64),
}

const PROBLEMS: [Problem; 4] = [
    Problem {
        name: "P1 binary",
        file: include_str!("../scenarios/yardstick/p1-binary.toml"),
        kernel: floor::binary,
        trials: 40_000,
        power: (0.7613, 0.0),
    },
    Problem {
        name: "P2 log-rank",
        file: include_str!("../scenarios/yardstick/p2-log-rank.toml"),
        kernel: floor::log_rank,
        trials: 1_600,
        power: (0.7715, 0.0004),
    },
    Problem {
        name: "P5 looks",
        file: include_str!("../scenarios/yardstick/p5-group-sequential.toml"),
        kernel: floor::group_sequential,
        trials: 800,
        power: (0.7934, 0.0018),
    },
    Problem {
        name: "P4 win ratio",
        file: include_str!("../scenarios/yardstick/p4-win-ratio.toml"),
        kernel: floor::win_ratio,
        trials: 1_200,
        power: (0.5891, 0.0005),
    },
];

/// The engine on one problem: generation and analysis, as the kernels; true values are left out.
struct Engine<'p, 's> {
    protocol: &'p Protocol<'s>,
    work: Workspace,
    funnel: Vec<u32>,
    rows: Vec<RowRecord>,
    next: u64,
}

impl<'p, 's> Engine<'p, 's> {
    fn new(protocol: &'p Protocol<'s>) -> Self {
        let (criteria, analyses) = (protocol.scenario.criteria.len(), protocol.scenario.analyses.len());
        let work = Workspace::new(protocol);
        Self { protocol, work, funnel: vec![0; criteria], rows: vec![RowRecord::EMPTY; analyses], next: 0 }
    }

    /// Trials that reject, of the next `trials`.
    fn run(&mut self, trials: usize) -> usize {
        let rule = &self.protocol.analyses[0].rule;
        let mut rejected = 0;
        for _ in 0..trials {
            engine::replicate(self.protocol, self.next, &mut self.work, &mut self.funnel, &mut self.rows)
                .expect("no parameter of these problems lies outside its domain");
            rejected += usize::from(rejection(&self.rows[0], rule.tail(), rule.sides == 2) != 0);
            self.next += 1;
        }
        rejected
    }
}

fn read(file: &str) -> Scenario {
    scenario::read(file, &Options::default())
        .unwrap_or_else(|report| panic!("{}", report.render(file, "yardstick", false)))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn ratios(rounds: usize, shorter: usize) {
    let mut out = std::io::stdout().lock();
    let mut line = |text: String| writeln!(out, "{text}").expect("standard output can be written");
    line(format!(
        "{:<14}{:>16}{:>16}{:>8}{:>18}{:>10}{:>10}{:>10}",
        "", "kernel trials/s", "engine trials/s", "ratio", "quartiles", "kernel", "engine", "power"
    ));
    for problem in &PROBLEMS {
        let scenario = read(problem.file);
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let mut engine = Engine::new(&protocol);
        let trials = problem.trials / shorter;
        let mut times = [Vec::new(), Vec::new()];
        let mut ratios = Vec::new();
        let mut rejected = [0; 2];
        // memory grows in the first trials
        engine.run(100);
        for round in 0..rounds {
            let watch = Stopwatch::start();
            rejected[0] += black_box((problem.kernel)(trials, round as u64));
            let kernel = watch.seconds();
            let watch = Stopwatch::start();
            rejected[1] += black_box(engine.run(trials));
            let general = watch.seconds();
            times[0].push(kernel / trials as f64);
            times[1].push(general / trials as f64);
            ratios.push(general / kernel);
        }
        let (known, se) = problem.power;
        let size = (rounds * trials) as f64;
        let mcse = (known * (1.0 - known) / size + se * se).sqrt();
        let powers = rejected.map(|r| r as f64 / size);
        for power in powers {
            assert!((power - known).abs() < 5.0 * mcse, "{}: power {power}, not {known}", problem.name);
        }
        let [kernel, general] = times.each_mut().map(|t| 1.0 / median(t));
        let middle = median(&mut ratios);
        let quartiles = format!("{:.2}–{:.2}", ratios[rounds / 4], ratios[3 * rounds / 4]);
        line(format!(
            "{:<14}{kernel:>16.0}{general:>16.0}{middle:>8.2}{quartiles:>18}{:>10.4}{:>10.4}{known:>10.4}",
            problem.name, powers[0], powers[1]
        ));
    }
}

fn measure(criterion: &mut Criterion) {
    for problem in &PROBLEMS {
        let scenario = read(problem.file);
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let mut engine = Engine::new(&protocol);
        let mut group = criterion.benchmark_group(problem.name);
        group.throughput(criterion::Throughput::Elements(100));
        group.bench_function("kernel, 100 trials", |b| b.iter(|| (problem.kernel)(black_box(100), 1)));
        group.bench_function("engine, 100 trials", |b| b.iter(|| engine.run(black_box(100))));
        group.finish();
    }
}

fn main() {
    // as under `cargo bench -- --test`: see that it works, quickly
    let test = std::env::args().any(|a| a == "--test");
    let (rounds, shorter) = if test { (3, 20) } else { (31, 1) };
    if std::env::args().all(|a| a != "--list") {
        ratios(rounds, shorter);
    }
    let mut criterion = Criterion::default().configure_from_args();
    measure(&mut criterion);
    criterion.final_summary();
}
