//! The sample size as a statistician reads it.

use std::fmt::Write;

use super::data::{DataTable, Values};
use super::table::{Table, count, percent};
use crate::result::size::{Point, SizeResult};

/// The answer, the power curve, and what remains to be said.
#[must_use]
pub fn text(r: &SizeResult) -> String {
    let mut out = format!(
        "{}\nvariant {}, analysis {}, seed {}, patency {}\n",
        r.title, r.variant, r.analysis, r.seed, r.version
    );
    let among = r.patients.map_or(String::new(), |n| format!("{} patients; ", count(n as u64)));
    let _ = writeln!(out, "{}", sentence(&format!("{among}{}", r.accrual)));
    let what = match r.solved.as_str() {
        "n" => "patients".to_owned(),
        "events" => "events".to_owned(),
        name => format!("= {name}"),
    };
    let whole = r.guess.is_some();
    let shown = |x: f64| if whole { count(x as u64) } else { trimmed(x) };
    let _ = writeln!(out, "\n{}", answer(r, &what, &shown));
    remarks(&mut out, r, &what, &shown);
    if let Some(f) = &r.planning {
        let _ = writeln!(
            out,
            "Formula: {} {what} ({}; its power at {} is {} %). {}.",
            shown(f.n),
            f.at_estimate.formula,
            r.size.n.map_or_else(String::new, shown),
            percent(f.at_estimate.power, Some(0.001)),
            f.at_estimate.note
        );
    }
    let mut table = Table::new([r.solved.as_str(), "replicates", "power %", "band %", "fitted %", ""]);
    for p in thinned(&r.curve) {
        let error = (p.power * (1.0 - p.power) / p.replicates as f64).sqrt().max(0.5 / p.replicates as f64);
        let [low, high] = p.interval.map(|x| percent(x, Some(error)));
        table.row(vec![
            shown(p.size),
            count(p.replicates),
            percent(p.power, Some(error)),
            format!("{low} to {high}"),
            p.fitted.map_or_else(|| "–".to_owned(), |f| percent(f, Some(0.001))),
            p.verdict.to_owned(),
        ]);
    }
    let _ = write!(out, "\n{}", table.render());
    let left = r.curve.len() - thinned(&r.curve).len();
    if left > 0 {
        let _ = writeln!(out, "{left} more values were looked at: see --curve or --format json.");
    }
    let _ = writeln!(
        out,
        "Grid: {}, fixed before the first replicate.\nBand: at 95 % for all of them at once, whenever one stops.",
        grid(&r.grid, &shown),
    );
    let sorted = match r.work.sorted_rows {
        0 => String::new(),
        rows => format!(" ({} rows put in order)", count(rows)),
    };
    let _ = writeln!(
        out,
        "{} trials of {} patients in all, analysed {} times{sorted}; {:.1} s on {} thread{}",
        count(r.work.trials),
        count(r.work.patients),
        count(r.work.analyses),
        r.timing.seconds,
        r.timing.threads,
        if r.timing.threads == 1 { "" } else { "s" }
    );
    out
}

/// What the answer does not say by itself.
fn remarks(out: &mut String, r: &SizeResult, what: &str, shown: &dyn Fn(f64) -> String) {
    if let Some([a, b]) = r.reversal {
        let _ = writeln!(out, "Power is not monotone: at {} it is above what it is at {}.", shown(a), shown(b));
    }
    // the smallest size that a share of the trials worth mentioning does not reach
    if let Some(p) = r.curve.iter().find(|p| p.reached < 0.99) {
        let why = if r.solved == "events" { "see as many events" } else { "enrol as many before the last site closes" };
        let _ = writeln!(out, "At {} {what} {} % of the trials {why}.", shown(p.size), percent(p.reached, Some(0.005)));
    }
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

fn answer(r: &SizeResult, what: &str, shown: &dyn Fn(f64) -> String) -> String {
    let target = format!("{} % power", trimmed(100.0 * r.power));
    let [below, enough] = r.size.interval;
    let last = r.curve.last();
    let estimate = r.size.n.map_or_else(|| "no estimate".to_owned(), |n| format!("{} {what}", shown(n)));
    // a parameter with which power falls: the grid descends
    let falls = r.grid.first() > r.grid.last();
    let [over, up_to] = if falls { ["less than", "at least"] } else { ["more than", "at most"] };
    match (below, enough, r.ended) {
        (Some(b), Some(e), "settled") => {
            let coarse = (e - b).abs() > r.within * (e + b).abs() * (1.0 + 1e-6);
            let none = if coarse { " No value of the grid lies between them: --step takes a finer one." } else { "" };
            format!("{estimate} for {target}; {over} {} and {up_to} {} (95 %).{none}", shown(b), shown(e))
        }
        (Some(b), Some(e), why) => format!(
            "{estimate} for {target}; {over} {} and {up_to} {} (95 %). The interval is wider than asked: {}.",
            shown(b),
            shown(e),
            ending(why)
        ),
        (None, Some(e), _) if r.grid.first() == Some(&e) => format!(
            "{} {what} is enough for {target}, and so is every {} value looked at: the grid begins there.",
            shown(e),
            if falls { "smaller" } else { "larger" }
        ),
        (None, Some(e), why) => format!(
            "{estimate} for {target}; {up_to} {} (95 %), and no {} is ruled out: {}.",
            shown(e),
            match (r.guess.is_some(), falls) {
                (true, _) => "smaller size",
                (false, false) => "smaller value",
                (false, true) => "larger value",
            },
            ending(why)
        ),
        (Some(b), None, _) if last.is_some_and(|p| p.size == b) => format!(
            "No value of the grid reaches {target}: at {} power is at most {} % (95 %). Bias, ties, missing data or too few sites may keep power from rising, and no effect in favour leaves nothing to find; --max looks further.",
            shown(b),
            last.map_or_else(String::new, |p| percent(p.interval[1], Some(0.001)))
        ),
        (below, None, why) => format!(
            "Not settled: {}; {estimate} by the fitted curve alone. {}.",
            below.map_or_else(|| "no bound from below".to_owned(), |b| format!("{over} {} (95 %)", shown(b))),
            sentence(ending(why))
        ),
    }
}

fn ending(why: &str) -> &'static str {
    match why {
        "interrupted" => "the search was interrupted",
        _ => "the replicates allowed do not settle it (--replicates)",
    }
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
            guess,
            ended,
            reversal: None,
            planning: None,
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
                "146 patients is enough for 90 % power, and so is every larger value looked at: the grid begins there."
            ),
            "{text}"
        );
        let text = super::text(&found(&sizes, [Some(146.0), Some(560.0)], used_up, Some(300.0)));
        assert!(text.contains("more than 146 and at most 560 (95 %)"), "{text}");
        // power falls with the hazard ratio
        let ratios = [0.9, 0.8, 0.7];
        let text = super::text(&found(&ratios, [Some(0.9), Some(0.8)], "settled", None));
        assert!(text.contains("0.8 = hr for 90 % power; less than 0.9 and at least 0.8 (95 %)"), "{text}");
        let text = super::text(&found(&ratios, [None, Some(0.8)], used_up, None));
        assert!(text.contains("at least 0.8 (95 %), and no larger value is ruled out"), "{text}");
    }
}
