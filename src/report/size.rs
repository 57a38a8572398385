//! The sample size as a statistician reads it.

mod answer;

use std::fmt::Write;

use super::data::{DataTable, Values};
use super::table::{Table, count, percent};
use crate::result::size::{Point, SizeResult};
use answer::answer;

/// The answer, the power curve, and what remains to be said.
#[must_use]
pub fn text(r: &SizeResult) -> String {
    let mut out = format!(
        "{}\nvariant {}, analysis {}, seed {}, patency {}\n",
        r.title, r.variant, r.analysis, r.seed, r.version
    );
    let among = r.patients.map_or(String::new(), |n| format!("{}; ", Words::Patients.of(n as f64)));
    let _ = writeln!(out, "{}", sentence(&format!("{among}{}", r.accrual)));
    let words = Words::new(r);
    let _ = writeln!(out, "\n{}", answer(r, &words));
    remarks(&mut out, r, &words);
    planning(&mut out, r, &words);
    let some_few = r.curve.iter().any(|p| p.reached < FEW);
    let header = [r.solved.as_str(), "replicates", "power %", "band %", "fitted %"].map(str::to_owned);
    let reached = some_few.then(|| if words == Words::Events { "seen %" } else { "enrolled %" }.to_owned());
    let mut table = Table::of(header.into_iter().chain(reached).chain([String::new()]).collect());
    for p in thinned(&r.curve) {
        let error = (p.power * (1.0 - p.power) / p.replicates as f64).sqrt().max(0.5 / p.replicates as f64);
        let [low, high] = p.interval.map(|x| percent(x, Some(error)));
        let mut row = vec![
            words.shown(p.size),
            count(p.replicates),
            percent(p.power, Some(error)),
            format!("{low} to {high}"),
            p.fitted.map_or_else(|| "–".to_owned(), |f| percent(f, Some(0.001))),
        ];
        row.extend(some_few.then(|| percent(p.reached, Some(0.005))));
        row.push(p.verdict.to_owned());
        table.row(row);
    }
    let _ = write!(out, "\n{}", table.render());
    if r.curve.iter().any(|p| p.fitted.is_some()) && r.curve.iter().any(|p| p.fitted.is_none()) {
        out.push_str(
            "Where the fitted column has –, the fitted curve lies outside the band: it does not hold there.\n",
        );
    }
    let left = r.curve.len() - thinned(&r.curve).len();
    if left > 0 {
        let _ = writeln!(out, "{left} more values were looked at: see --curve or --format json.");
    }
    let _ = writeln!(
        out,
        "Grid: {}, fixed before the first replicate.\nBand: at 95 % for all of them at once, whenever one stops.",
        grid(&r.grid, &|x| words.shown(x)),
    );
    let guess = match (r.work.guess_trials, r.guess.is_some()) {
        (0, _) => String::new(),
        (trials, true) => format!(" ({} of them for the first guess)", count(trials)),
        (trials, false) => format!(" (one a value of a replicate; {} to see which way power rises)", count(trials)),
    };
    let sorted = match r.work.sorted_rows {
        0 => String::new(),
        rows => format!(" ({} rows put in order)", count(rows)),
    };
    let _ = writeln!(
        out,
        "{} trials{guess} of {} patients in all, analysed {} times{sorted}; {:.1} s on {} thread{}",
        count(r.work.trials),
        count(r.work.patients),
        count(r.work.analyses),
        r.timing.seconds,
        r.timing.threads,
        if r.timing.threads == 1 { "" } else { "s" }
    );
    out
}

/// A share of the trials below which it is said how many reach a size.
const FEW: f64 = 0.99;

/// What is solved for, and how it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    Patients,
    Events,
    Parameter(String),
}

impl Words {
    fn new(r: &SizeResult) -> Self {
        // a parameter may be called events
        match (r.solved.as_str(), r.guess.is_some()) {
            ("n", true) => Words::Patients,
            ("events", true) => Words::Events,
            (name, _) => Words::Parameter(name.to_owned()),
        }
    }

    /// The number alone.
    fn shown(&self, x: f64) -> String {
        if matches!(self, Words::Parameter(_)) { trimmed(x) } else { count(x as u64) }
    }

    /// With its unit: 1 patient, 30 events, hr = 0.75.
    fn of(&self, x: f64) -> String {
        let many = if x == 1.0 { "" } else { "s" };
        match self {
            Words::Patients => format!("{} patient{many}", self.shown(x)),
            Words::Events => format!("{} event{many}", self.shown(x)),
            Words::Parameter(name) => format!("{name} = {}", self.shown(x)),
        }
    }
}

/// What the answer does not say by itself.
fn remarks(out: &mut String, r: &SizeResult, words: &Words) {
    for adjusted in &r.adjusted {
        let why = if *words == Words::Events { "events are whole" } else { "the arms' ratio allows no such size" };
        let _ = writeln!(out, "{adjusted}: {why}.");
    }
    if let Some([a, b]) = r.reversal {
        let _ =
            writeln!(out, "Power is not monotone: at {} it is above what it is at {}.", words.shown(a), words.shown(b));
    }
    let (reach, others) = match words {
        Words::Events => ("see as many", "where there are fewer, these are analysed"),
        _ => ("enrol as many before the last site closes", "where there are fewer, these are analysed"),
    };
    let wanted = r.size.n.map(|n| (n, share_at(&r.curve, n)));
    match wanted {
        Some((n, Some([low, high]))) if low < FEW => {
            let shares = [low, high].map(|p| percent(p, Some(0.005)));
            let share = if shares[0] == shares[1] {
                format!("{} %", shares[0])
            } else {
                format!("between {} and {} %", shares[0], shares[1])
            };
            let _ = writeln!(out, "At {} {share} of the trials {reach}; {others}.", words.of(n));
        }
        // the smallest size that a share of the trials worth mentioning does not reach
        _ => {
            if let Some(p) = r.curve.iter().find(|p| p.reached < FEW) {
                let share = percent(p.reached, Some(0.005));
                let share = if p.reached > 0.0 { format!("{share} %") } else { "none".to_owned() };
                let _ = writeln!(out, "At {} {share} of the trials {reach}; {others}.", words.of(p.size));
            }
        }
    }
}

/// The share of the trials that reach a size: what was seen there, or at the nearest sizes on either side.
fn share_at(curve: &[Point], n: f64) -> Option<[f64; 2]> {
    let smaller = curve.iter().filter(|p| p.size <= n).max_by(|a, b| a.size.total_cmp(&b.size));
    let larger = curve.iter().filter(|p| p.size >= n).min_by(|a, b| a.size.total_cmp(&b.size));
    let high = smaller.map_or(1.0, |p| p.reached);
    larger.map(|p| [p.reached.min(high), high])
}

/// The planning formula's answer.
fn planning(out: &mut String, r: &SizeResult, words: &Words) {
    if let Some(why) = r.no_planning {
        let _ = writeln!(out, "No formula: {why}.");
    }
    let Some(f) = &r.planning else { return };
    let exact = f.size.mcse.is_some_and(|e| e < 0.05);
    let mut raw = String::new();
    let said = match f.size.mcse {
        Some(error) if error >= 0.05 => {
            let place = 10_f64.powf(error.log10().floor());
            let near = |x: f64, place: f64| (x / place).round() * place;
            // an error below one is said to its first digit
            let shown = if place >= 1.0 { count(near(error, place) as u64) } else { trimmed(near(error, place)) };
            // the figure that has the error stands beside the size; where it has fewer digits than that, in its place
            if place > 1.0 {
                format!("about {} (± {shown})", words.of(near(f.size.estimate, place)))
            } else {
                let size = if place < 1.0 { tenths(f.size.estimate) } else { count(f.size.estimate.round() as u64) };
                raw = format!("{size} ± {shown} before it is rounded up; ");
                format!("about {}", words.of(f.n))
            }
        }
        Some(_) => words.of(f.n),
        None => format!("about {} (its Monte Carlo error is not known)", words.of(f.n)),
    };
    if exact && f.n - f.size.estimate > 0.05 {
        raw = format!("{} before it is rounded up; ", tenths(f.size.estimate));
    }
    let at = r.size.n.map_or_else(String::new, |n| words.shown(n));
    let power = percent(f.power.estimate, f.power.mcse.filter(|e| *e > 0.0005).or(Some(0.001)));
    let _ = writeln!(out, "Formula: {said} ({}; {raw}its power at {at} is {power} %).", f.formula);
    for other in &f.others {
        let _ =
            writeln!(out, "{}: {} ({} before it is rounded up).", other.formula, words.of(other.n), tenths(other.size));
    }
    if !f.reasons.is_empty() {
        let _ = writeln!(out, "{}.", f.reasons.join(". "));
    }
}

/// A size with one decimal.
fn tenths(x: f64) -> String {
    let tenths = (10.0 * x).round() as u64;
    format!("{}.{}", count(tenths / 10), tenths % 10)
}

/// The grid in words.
fn grid(sizes: &[f64], shown: &dyn Fn(f64) -> String) -> String {
    let ends = [sizes[0], sizes[sizes.len() - 1]].map(shown);
    let gaps: Vec<f64> = sizes.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let [narrowest, widest] =
        [gaps.iter().copied().fold(f64::INFINITY, f64::min), gaps.iter().copied().fold(0.0, f64::max)];
    let apart = if widest > narrowest * (1.0 + 1e-6) {
        format!("{} apart near the first guess and up to {} away from it", shown(narrowest), shown(widest))
    } else {
        format!("{} apart", shown(narrowest))
    };
    format!("{} values from {} to {}, {apart}", count(sizes.len() as u64), ends[0], ends[1])
}

/// The power curve with its band, a row a size.
#[must_use]
pub fn curve(r: &SizeResult) -> DataTable {
    let mut table = DataTable::default();
    let real = |value: &dyn Fn(&Point) -> Option<f64>| Values::Real(r.curve.iter().map(value).collect());
    table.push(r.solved.as_str(), real(&|p| Some(p.size)));
    table.push("replicates", Values::Integer(r.curve.iter().map(|p| i64::try_from(p.replicates).ok()).collect()));
    table.push("power", real(&|p| Some(p.power)));
    table.push("lower", real(&|p| Some(p.interval[0])));
    table.push("upper", real(&|p| Some(p.interval[1])));
    table.push("fitted", real(&|p| p.fitted));
    table.push("reached", real(&|p| Some(p.reached)));
    table.push("verdict", Values::Text(r.curve.iter().map(|p| Some(p.verdict.to_owned())).collect()));
    table
}

/// The points nearest to the answer, and the ends: a terminal shows no more.
fn thinned(curve: &[Point]) -> Vec<&Point> {
    const MOST: usize = 24;
    if curve.len() <= MOST {
        return curve.iter().collect();
    }
    let mut by_replicates: Vec<usize> = (0..curve.len()).collect();
    by_replicates.sort_by_key(|&i| std::cmp::Reverse(curve[i].replicates));
    let mut kept: Vec<usize> = by_replicates.into_iter().take(MOST - 2).chain([0, curve.len() - 1]).collect();
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|i| &curve[i]).collect()
}

fn trimmed(x: f64) -> String {
    let text = format!("{x:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |c| c.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Timing;
    use crate::result::size::{Answer, Work};

    fn found(grid: &[f64], interval: [Option<f64>; 2], ended: &'static str, guess: Option<f64>) -> SizeResult {
        SizeResult {
            program: "patency",
            version: "0",
            title: String::new(),
            variant: "base".to_owned(),
            scenario: String::new(),
            set: Vec::new(),
            seed: 1,
            analysis: "primary".to_owned(),
            accrual: "",
            solved: if guess.is_some() { "n" } else { "hr" }.to_owned(),
            patients: None,
            power: 0.9,
            confidence: 0.95,
            within: 0.02,
            size: Answer { n: Some(grid[1]), power: None, interval },
            curve: Vec::new(),
            grid: grid.to_vec(),
            unit: guess.map(|_| 2.0),
            most: guess.map(|_| 1e6),
            adjusted: Vec::new(),
            guess,
            ended,
            reversal: None,
            ceiling: None,
            planning: None,
            no_planning: None,
            work: Work::default(),
            timing: Timing::default(),
        }
    }

    #[test]
    fn by_hand_the_answer_says_what_is_known() {
        let sizes = [146.0, 560.0, 580.0, 586.0];
        let used_up = "replicates used up";
        // the grid does not begin at the only size that is known to be enough
        let text = super::text(&found(&sizes, [None, Some(580.0)], used_up, Some(300.0)));
        let wanted = "560 patients for 90 % power; at most 580 (95 %), and no smaller size is ruled out: the replicates allowed do not settle it (--replicates).";
        assert!(text.contains(wanted), "{text}");
        assert!(!text.contains("begins there"), "{text}");
        let text = super::text(&found(&sizes, [None, Some(146.0)], "settled", Some(300.0)));
        assert!(
            text.contains(
                "146 patients are enough for 90 % power, and so is every larger value looked at: the grid begins there."
            ),
            "{text}"
        );
        let text = super::text(&found(&sizes, [Some(146.0), Some(560.0)], used_up, Some(300.0)));
        assert!(text.contains("more than 146 and at most 560 (95 %)"), "{text}");
        // power falls with the hazard ratio
        let ratios = [0.9, 0.8, 0.7];
        let text = super::text(&found(&ratios, [Some(0.9), Some(0.8)], "settled", None));
        assert!(text.contains("hr = 0.8 for 90 % power; less than 0.9 and at least 0.8 (95 %)"), "{text}");
        let text = super::text(&found(&ratios, [None, Some(0.8)], used_up, None));
        assert!(text.contains("at least 0.8 (95 %), and no larger value is ruled out"), "{text}");
    }

    #[test]
    fn by_hand_sizes_are_said_with_their_error_and_their_unit() {
        use crate::result::Figure;
        use crate::result::size::Formula;
        let mut found = found(&[1.0, 2.0, 3.0], [None, Some(1.0)], "settled", Some(2.0));
        assert!(text(&found).contains("1 patient is enough for 90 % power"), "{}", text(&found));
        let mut ask = |n: f64, size: f64, mcse: f64| {
            found.planning = Some(Formula {
                n,
                size: Figure { estimate: size, mcse: Some(mcse) },
                formula: "Fleiss",
                power: Figure { estimate: 0.8, mcse: Some(0.0) },
                others: Vec::new(),
                reasons: vec!["It is discrete".to_owned()],
            });
            text(&found)
        };
        let exact = ask(340.0, 338.62, 0.0);
        assert!(exact.contains("Formula: 340 patients (Fleiss; 338.6 before it is rounded up; its power"), "{exact}");
        assert!(exact.contains("\nIt is discrete.\n"), "{exact}");
        for (n, size, mcse, said) in [
            (340.0, 338.2, 4.9, "about 340 patients (Fleiss; 338 ± 5 before it is rounded up; its power"),
            (4_570.0, 4_569.0, 23.0, "about 4,570 patients (± 20)"),
            (340.0, 338.2, 0.42, "about 340 patients (Fleiss; 338.2 ± 0.4 before it is rounded up; its power"),
        ] {
            let shown = ask(n, size, mcse);
            assert!(shown.contains(said), "{shown}");
        }
    }

    #[test]
    fn by_hand_power_that_is_enough_from_no_size_on() {
        let mut found = found(&[200.0, 400.0, 578.0], [Some(578.0), None], "settled", Some(400.0));
        found.solved = "events".to_owned();
        found.size.n = None;
        found.most = Some(578.0);
        let point = |size: f64, verdict: &'static str| Point {
            size,
            replicates: 1_000,
            power: 0.5,
            interval: [0.4, 0.6],
            fitted: None,
            reached: 1.0,
            verdict,
        };
        found.curve = vec![point(200.0, "too little"), point(578.0, "too little")];
        let shown = text(&found);
        // one of the grid was not looked at: it may reach the target
        let none = "there is no value from which on power is at least 90 % at every larger one, for at 578 it is at most 60.0 % (95 %).";
        assert!(shown.contains(none) && shown.contains("Of the 2 looked at none is known to reach it."), "{shown}");
        assert!(shown.contains("There are no more events than patients") && !shown.contains("--max"), "{shown}");
        found.curve.insert(1, point(400.0, "too little"));
        assert!(text(&found).contains("No value of the grid reaches 90 % power: at 578 it is at most 60.0 % (95 %)"));
        found.curve[1].verdict = "enough";
        assert!(text(&found).contains("Among those looked at it is at least 90 % at 400."), "{}", text(&found));
        // a parameter with which power falls may be looked for below
        found.curve.iter_mut().for_each(|p| p.verdict = "too little");
        (found.solved, found.guess, found.most) = ("hr".to_owned(), None, None);
        found.grid.reverse();
        found.curve.reverse();
        found.size.interval = [Some(200.0), None];
        assert!(text(&found).contains("--min looks further"), "{}", text(&found));
    }

    #[test]
    fn by_hand_shares_at_a_size_that_was_not_looked_at() {
        let point = |size: f64, reached: f64| Point {
            size,
            replicates: 1,
            power: 0.5,
            interval: [0.0, 1.0],
            fitted: None,
            reached,
            verdict: "open",
        };
        let curve = [point(100.0, 0.9), point(120.0, 0.5)];
        assert_eq!(share_at(&curve, 120.0), Some([0.5, 0.5]));
        assert_eq!(share_at(&curve, 110.0), Some([0.5, 0.9]));
        assert_eq!(share_at(&curve, 90.0), Some([0.9, 1.0]));
        assert_eq!(share_at(&curve, 130.0), None);
    }
}
