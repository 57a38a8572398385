//! What each stage costs: the stages of one trial of DEFIANCE, the distributions, the expression language.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use patency::clock::Stopwatch;
use patency::column::Frame;
use patency::engine::{self, RowRecord, Tables};
use patency::expr::{self, ColumnId, Meaning, Program, Registers, Scope};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::{self, Options, Scenario};
use patency::workspace::Workspace;

const NO_FAULT: &str = "no parameter of the scenario lies outside its domain";

fn read(text: &str) -> Scenario {
    scenario::read(text, &Options::default()).unwrap_or_else(|report| panic!("{}", report.render(text, "bench", false)))
}

/// Enrolment, follow-up, analysis and true values. Each stage stands on what the ones before left, which is repeated untimed.
fn stages(criterion: &mut Criterion) {
    let scenario = read(include_str!("../scenarios/defiance.toml"));
    let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
    let mut work = Workspace::new(&protocol);
    let mut funnel = vec![0; scenario.criteria.len()];
    let mut rows = vec![RowRecord::EMPTY; scenario.analyses.len()];
    let mut tables = Tables::new(&protocol);
    let mut replicate = 0;
    let mut group = criterion.benchmark_group("defiance");
    group.throughput(Throughput::Elements(scenario.n as u64));
    for (number, stage) in ["enrol", "follow", "analyse", "truth"].into_iter().enumerate() {
        group.bench_function(stage, |b| {
            b.iter_custom(|iterations| {
                let mut total = Duration::ZERO;
                for _ in 0..iterations {
                    replicate += 1;
                    let mut timed = |this: usize, work: &mut dyn FnMut()| {
                        let watch = Stopwatch::start();
                        if this <= number {
                            work();
                        }
                        if this == number {
                            total += watch.elapsed();
                        }
                    };
                    let mut trial = None;
                    timed(0, &mut || {
                        trial = Some(engine::enrol(&protocol, replicate, &mut work, &mut funnel).expect(NO_FAULT));
                    });
                    let Some(mut trial) = trial else { continue };
                    timed(1, &mut || engine::follow(&protocol, replicate, &mut work, &mut trial).expect(NO_FAULT));
                    timed(2, &mut || engine::analyse_all(&protocol, replicate, &mut work, &mut rows));
                    timed(3, &mut || {
                        engine::truth(&protocol, replicate, &mut work, &mut rows, &mut tables).expect(NO_FAULT);
                    });
                }
                total
            });
        });
    }
    group.finish();
}

/// One outcome of 1,000 patients, its noise and its allocation included: the first is what all have in common.
fn distributions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("distribution");
    group.throughput(Throughput::Elements(1000));
    for law in [
        "derived = \"treatment\"",
        "uniform = { min = 0, max = 1 }",
        "normal = { mean = \"treatment\", sd = 2 }",
        "normal = { mean = 53, sd = 14, min = 18, max = 100 }",
        "lognormal = { median = 6, sigma = 0.7 }",
        "gamma = { shape = 2, rate = 0.5 }",
        "bernoulli = { probability = \"if(treatment, 0.5, 0.35)\" }",
        "bernoulli = { probability = \"expit(x)\" }",
        "poisson = { mean = 3 }",
        "categorical = { probabilities = [0.2, 0.3, 0.5] }",
        "ordinal = { probabilities = [0.2, 0.3, 0.5], odds-ratio = \"exp(x)\" }",
        "exponential = { median = 20, hazard-ratio = \"if(treatment, 0.75, 1)\" }",
        "weibull = { shape = 1.3, median = 20 }",
        "piecewise-exponential = { rates = [0.02, 0.05], from = [0, 6] }",
    ] {
        let text = format!(
            r#"title = "One outcome"
trial = {{ n = 1000, arms = [{{ name = "control" }}, {{ name = "treatment" }}] }}
[[variable]]
name = "x"
normal = {{ mean = 0, sd = 1 }}
[[outcome]]
name = "y"
{law}
[[endpoint]]
name = "y"
score = {{ value = "y", better = "higher" }}
[[analysis]]
name = "primary"
endpoint = "y"
t-test = {{}}
"#
        );
        let scenario = read(&text);
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let mut work = Workspace::new(&protocol);
        let mut trial = engine::enrol(&protocol, 0, &mut work, &mut []).expect(NO_FAULT);
        let mut replicate = 0;
        group.bench_function(BenchmarkId::from_parameter(law), |b| {
            b.iter(|| {
                replicate += 1;
                engine::follow(&protocol, replicate, &mut work, &mut trial).expect(NO_FAULT);
            });
        });
    }
    group.finish();
}

struct Names;

impl Scope for Names {
    fn look_up(&self, name: &str) -> Meaning {
        match name {
            "age" => Meaning::Column(ColumnId(0)),
            "score" => Meaning::Column(ColumnId(1)),
            "male" => Meaning::Column(ColumnId(2)),
            "treatment" => Meaning::Arm(1),
            _ => Meaning::Unknown,
        }
    }

    fn known(&self) -> Vec<String> {
        ["age", "score", "male", "treatment"].map(str::to_owned).to_vec()
    }
}

/// From text to a program, and the program over 1,000 patients.
fn expressions(criterion: &mut Criterion) {
    const ROWS: usize = 1000;
    let mut frame = Frame::new(3);
    frame.rows = ROWS;
    frame.real[0] = (0..ROWS).map(|i| 18.0 + (i * 37 % 70) as f64).collect();
    frame.real[1] = (0..ROWS).map(|i| (i * 61 % 101) as f64 / 3.0).collect();
    frame.code[2] = (0..ROWS).map(|i| (i * 7 % 2) as u8).collect();
    frame.arm = (0..ROWS).map(|i| (i * 11 % 2) as u8).collect();
    let texts = [
        "age + 1",
        "if(treatment, 0.5, 0.35)",
        "age >= 18 and not (score < 10) or male",
        "expit(-2 + 0.03 * age + 0.2 * male - 0.4 * treatment)",
        "clamp(round(exp(log(score + 1) * 0.8)), 0, 33) ^ 2",
    ];
    let compile = |text: &str| {
        let expr = expr::parse(text).and_then(|tree| expr::check(&tree, &Names)).expect("the text is an expression");
        Program::compile(&expr)
    };
    let mut group = criterion.benchmark_group("expression, compiled");
    for text in texts {
        group.bench_function(BenchmarkId::from_parameter(text), |b| b.iter(|| compile(black_box(text))));
    }
    group.finish();
    let mut group = criterion.benchmark_group("expression, evaluated");
    group.throughput(Throughput::Elements(ROWS as u64));
    let (mut registers, mut out) = (Registers::default(), vec![0.0; ROWS]);
    for text in texts {
        let program = compile(text);
        group.bench_function(BenchmarkId::from_parameter(text), |b| {
            b.iter(|| program.eval(ROWS, &frame, &mut registers, black_box(&mut out)));
        });
    }
    group.finish();
}

criterion_group!(benches, stages, distributions, expressions);
criterion_main!(benches);
