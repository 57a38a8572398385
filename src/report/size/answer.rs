//! The answer in a sentence.

use super::{FEW, Words, sentence, trimmed};
use crate::report::table::{count, percent};
use crate::result::size::SizeResult;

/// The answer with its interval, or why there is none.
pub(super) fn answer(r: &SizeResult, words: &Words) -> String {
    let target = format!("{} % power", trimmed(100.0 * r.power));
    let [below, enough] = r.size.interval;
    let shown = |x: f64| words.shown(x);
    let estimate = r.size.n.map_or_else(|| "no estimate".to_owned(), |n| words.of(n));
    // a parameter with which power falls: the grid descends
    let falls = r.grid.first() > r.grid.last();
    let [over, up_to] = if falls { ["less than", "at least"] } else { ["more than", "at most"] };
    match (below, enough, r.ended) {
        (Some(b), Some(e), "settled") => {
            let coarse = (e - b).abs() > r.within * (e + b).abs() * (1.0 + 1e-6);
            let none = match r.unit {
                _ if !coarse => "",
                Some(unit) if (e - b).abs() <= unit * (1.0 + 1e-9) => {
                    if *words == Words::Events {
                        " There is no number between them."
                    } else {
                        " No size between them keeps the arms' ratio."
                    }
                }
                _ => " No value of the grid lies between them: --step takes a finer one.",
            };
            format!("{estimate} for {target}; {over} {} and {up_to} {} (95 %).{none}", shown(b), shown(e))
        }
        (Some(b), Some(e), why) => format!(
            "{estimate} for {target}; {over} {} and {up_to} {} (95 %). The interval is wider than asked: {}.",
            shown(b),
            shown(e),
            ending(why)
        ),
        (None, Some(e), _) if r.grid.first() == Some(&e) => format!(
            "{} {} enough for {target}, and so is every {} value looked at: the grid begins there.",
            words.of(e),
            if matches!(words, Words::Parameter(_)) || e == 1.0 { "is" } else { "are" },
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
        (Some(b), None, _) if r.grid.last() == Some(&b) => nowhere(r, words, &target, falls),
        (below, None, why) => format!(
            "Not settled: {}; {estimate} by the fitted curve alone. {}.",
            below.map_or_else(|| "no bound from below".to_owned(), |b| format!("{over} {} (95 %)", shown(b))),
            sentence(ending(why))
        ),
    }
}

/// That power at the last value of the grid is too little, so that from no value on it is enough; where it is enough all the same, and what
/// may help.
fn nowhere(r: &SizeResult, words: &Words, target: &str, falls: bool) -> String {
    let Some(last) = r.curve.last() else { return String::new() };
    let target = target.trim_end_matches(" power");
    let at = format!("at {} it is at most {} % (95 %)", words.shown(last.size), percent(last.interval[1], Some(0.001)));
    let beyond = if falls { "smaller" } else { "larger" };
    let from_none = format!(
        "No answer in the grid: there is no value from which on power is at least {target} at every {beyond} one, for {at}."
    );
    let enough: Vec<String> = r.curve.iter().filter(|p| p.verdict == "enough").map(|p| words.shown(p.size)).collect();
    const MOST: usize = 6;
    if let (Some(first), Some(end)) = (enough.first(), enough.last()) {
        let among = match enough.len() {
            1 => end.clone(),
            n if n <= MOST => format!("{} and {end}", enough[..n - 1].join(", ")),
            n => format!("{} values between {first} and {end}", count(n as u64)),
        };
        return format!("{from_none} Among those looked at it is at least {target} at {among}.");
    }
    let ruled_out = r.curve.len() == r.grid.len() && r.curve.iter().all(|p| p.verdict == "too little");
    let said = if ruled_out {
        format!("No value of the grid reaches {target} power: {at}, and too little at each of the others.")
    } else {
        format!("{from_none} Of the {} looked at none is known to reach it.", count(r.curve.len() as u64))
    };
    let full = r.most.is_some_and(|most| last.size >= most);
    let further = match words {
        Words::Events if full => "There are no more events than patients: --n takes more of these.".to_owned(),
        Words::Events if last.reached < FEW => {
            "More events are not seen: patients are lost, or the data are cut before.".to_owned()
        }
        Words::Patients if last.reached < FEW => {
            "More patients are not enrolled: the sites close or fill up before.".to_owned()
        }
        Words::Patients if full => String::new(),
        _ if r.ceiling.is_some() => r.ceiling.clone().unwrap_or_default(),
        _ => {
            let option = if falls { "--min" } else { "--max" };
            format!(
                "Bias, ties or missing data may keep power from rising, and no effect in favour leaves nothing to find; {option} looks further."
            )
        }
    };
    format!("{said} {further}").trim_end().to_owned()
}

fn ending(why: &str) -> &'static str {
    match why {
        "interrupted" => "the search was interrupted",
        _ => "the replicates allowed do not settle it (--replicates)",
    }
}
