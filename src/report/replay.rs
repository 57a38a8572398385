//! One trial as text.

use std::fmt::Write;

use super::answers;
use super::data::DataTable;
use super::table::{Table, count};
use super::text::short;
use crate::result::replay::Replayed;

/// Characters of a line of patients.
const WIDTH: usize = 118;

/// A value on the natural scale of the estimate of an analysis.
fn own(r: &Replayed, analysis: &str, x: f64) -> String {
    let ratio = r.analyses.iter().any(|row| row.answer.name == analysis && row.answer.scale == "log-ratio");
    answers::significant(if ratio { x.exp() } else { x }, None)
}

/// Looks and what rules decided at them.
fn looks(out: &mut String, r: &Replayed) {
    if r.looks.is_empty() {
        return;
    }
    let dash = || "–".to_owned();
    let mut table =
        Table::new(["look", "", "month", "enrolled", "rule", "z", "rejects from", "futile below", "crossed"]);
    for look in &r.looks {
        let first = vec![
            look.look.clone(),
            look.held.to_owned(),
            look.month.map_or_else(dash, |m| format!("{m:.2}")),
            look.enrolled.map_or_else(dash, |n| count(n.into())),
        ];
        let z = |z: Option<f64>| z.map_or_else(dash, |z| format!("{z:.4}"));
        if look.rules.is_empty() {
            table.row([first.clone(), vec![String::new(); 5]].concat());
        }
        for (k, saw) in look.rules.iter().enumerate() {
            let head = if k == 0 { first.clone() } else { vec![String::new(); 4] };
            let futile = match (saw.futility_effect, saw.futility_probability) {
                (Some(effect), _) => format!("effect {}", own(r, &saw.analysis, effect)),
                (None, Some(p)) => format!("probability {p}"),
                (None, None) => z(saw.lower),
            };
            let rest = [saw.rule.clone(), z(saw.z), z(saw.upper), futile, saw.crossed.to_owned()];
            table.row([head, rest.into()].concat());
        }
    }
    let _ = write!(out, "\n{}", table.render());
    for look in &r.looks {
        if let Some(n) = look.reviewed {
            let _ = writeln!(out, "Reviewed at {}: {} planned from then on", look.look, count(n.into()));
        }
    }
}

/// The trial with its first patients.
#[must_use]
pub fn text(replayed: &Replayed, patients: &DataTable, most: usize) -> String {
    let r = replayed;
    let mut out = format!(
        "{}\nreplicate {}, seed {}, variant {}, n = {}, patency {}\n",
        r.title, r.replicate, r.seed, r.variant, r.n, r.version
    );
    for drawn in &r.drawn {
        let _ = writeln!(out, "{} = {}, drawn from its prior", drawn.parameter, drawn.value);
    }
    let t = &r.trial;
    let _ = write!(
        out,
        "\n{} screened, {} enrolled{}",
        count(t.screened.into()),
        count(t.enrolled.into()),
        match &t.stopped {
            Some(look) => format!(" (stopped at {look})"),
            None if t.reached => String::new(),
            None => " (fewer than planned)".to_owned(),
        }
    );
    let mut say = |what: &str, x: Option<f64>| {
        if let Some(x) = x {
            let _ = write!(out, "; {what} {x:.2}");
        }
    };
    say("last patient in at month", Some(t.last_entry).filter(|&x| x > 0.0));
    say("data cut at month", t.cut);
    say("mean follow-up in months", t.follow_up);
    out.push('\n');
    if !r.screening.is_empty() {
        let mut table = Table::new(["screening", "candidates"]);
        table.row(vec!["screened".to_owned(), count(t.screened.into())]);
        for c in &r.screening {
            let sign = if c.kind == "inclusion" { "not" } else { "out" };
            table.row(vec![format!("  {sign}: {}", short(&c.label)), format!("−{}", c.excluded)]);
        }
        if t.site_full > 0 {
            table.row(vec!["  (site full, not screened)".to_owned(), count(t.site_full.into())]);
        }
        table.row(vec!["enrolled".to_owned(), count(t.enrolled.into())]);
        let _ = write!(out, "\n{}", table.render());
    }
    looks(&mut out, r);
    let _ = write!(out, "\n{}", patients.text(most, WIDTH));
    if patients.rows() > most {
        let _ = writeln!(out, "{most} of {} patients; --all shows the others", patients.rows());
    }
    let _ = write!(out, "\n{}", answers::table(r.analyses.iter().map(|row| &row.answer)));
    let adjusted = r.analyses.iter().any(|row| row.median_unbiased.is_some());
    let mut header = vec!["", "decision", "true in these patients", "limit"];
    if adjusted {
        header.extend(["median-unbiased", "its interval"]);
    }
    let mut table = Table::default();
    table.row(header.into_iter().map(str::to_owned).collect());
    for row in &r.analyses {
        let ratio = row.answer.scale == "log-ratio";
        let shown = |x: Option<f64>| {
            x.map_or_else(|| "–".to_owned(), |x| answers::significant(if ratio { x.exp() } else { x }, None))
        };
        let decision = match (row.answer.decision, row.rejects) {
            (None, _) => "no answer: does not reject",
            (_, 1) => "rejects in favour",
            (_, -1) => "rejects against",
            _ => "does not reject",
        };
        let mut cells = vec![row.answer.label.clone(), decision.to_owned(), shown(row.truth), shown(row.limit)];
        if adjusted {
            cells.push(shown(row.median_unbiased.map(|m| m.estimate)));
            cells.push(row.median_unbiased.map_or_else(|| "–".to_owned(), |m| m.interval.map(shown).join(" to ")));
        }
        table.row(cells);
    }
    let _ = write!(out, "\n{}", table.render());
    if adjusted {
        let _ = writeln!(
            out,
            "Median-unbiased: by the stage-wise ordering of trials that rules may stop; the intervals in the table above are those of a design \
             without looks."
        );
    }
    out.push_str(&super::multiplicity::answers(&r.multiplicity, answers::p_value));
    out
}
