//! `patency check`: every mistake at once; when clean, the resolved design in the protocol's words.

mod looks;

use std::fmt::Write;

use super::shared::{Source, fault_report};
use super::{Failure, print};
use crate::engine;
use crate::marginal::{Controls, PATIENTS};
use crate::protocol::{Fault, Protocol, Wanted};
use crate::report::table::{Table, percent, rounded};
use crate::scenario::{Accrual, Allocation, Marginal, Measure, Per, RateOf, Scenario};
use crate::workspace::Workspace;

pub(super) const EXAMPLES: &str = "Examples:
  patency check scenarios/defiance.toml
  patency check scenarios/defiance.toml --variant attract --set site_rate=0.2";

#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    source: Source,
    /// Pilot trials behind the figures
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    trials: u32,
}

impl Check {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let text = self.source.text()?;
        let scenarios = self.source.scenarios(&text)?;
        let mut out = String::new();
        for scenario in &scenarios {
            let protocol = Protocol::compile(scenario, self.source.seed, Wanted::Everything);
            self.source.pilot(&protocol, &text)?;
            describe(&mut out, &protocol);
            figures(&mut out, &protocol, self.trials)
                .map_err(|(trial, fault)| Failure::Scenario(fault_report(&protocol, trial, &fault, &text)))?;
            out.push('\n');
        }
        let _ = writeln!(out, "No mistakes found.");
        print(&out)
    }
}

/// The design in words.
fn describe(out: &mut String, protocol: &Protocol<'_>) {
    let s = protocol.scenario;
    let _ = writeln!(out, "{} · variant {}", s.title, s.variant);
    let arms: Vec<String> = s
        .arms
        .iter()
        .enumerate()
        .map(|(i, a)| format!("{} ({}{})", a.label, a.ratio, if i == s.control { ", control" } else { "" }))
        .collect();
    let _ = writeln!(out, "{} patients: {}", s.n, arms.join(" : "));
    let allocation = match &s.allocation {
        Allocation::Simple => "simple randomisation".to_owned(),
        Allocation::Blocks { sizes, strata, by_site } => {
            let mut by: Vec<String> = strata.iter().map(|e| s.expression_text(e)).collect();
            if *by_site {
                by.push("site".to_owned());
            }
            let sizes: Vec<String> = sizes.iter().map(u32::to_string).collect();
            let strata = if by.is_empty() { String::new() } else { format!(", stratified by {}", by.join(" and ")) };
            format!("permuted blocks of {}{strata}", sizes.join(" or "))
        }
        Allocation::Observational { probabilities } => {
            let of = |(arm, e): (&crate::scenario::Arm, &crate::expr::Expr)| {
                format!("{} with probability {}", arm.name, s.expression_text(e))
            };
            let chosen: Vec<String> = s.arms.iter().zip(probabilities).map(of).collect();
            format!("observational, a clinician chooses: {}", chosen.join(", "))
        }
    };
    let _ = writeln!(out, "Allocation: {allocation}");
    let accrual = match &s.enrolment.accrual {
        Accrual::AtOnce => "everyone at month 0".to_owned(),
        Accrual::Uniform { over } => format!("uniform over {over} months"),
        Accrual::Piecewise { rates, from } => format!("{rates:?} patients a month from months {from:?}"),
        Accrual::Ramp { rate, over } => {
            format!("from 0 to {rate} patients a month over {over} months, then at this rate")
        }
        Accrual::Sites(sites) => {
            let open = sites.iter().filter(|x| x.closes.is_infinite()).count();
            format!("{} sites, {open} of them without a closing date", sites.len())
        }
    };
    let of = match (&s.enrolment.accrual, s.enrolment.rate_of) {
        (Accrual::AtOnce, _) => "",
        (_, RateOf::Screened) => "; rates are of screened candidates",
        (_, RateOf::Enrolled) => "; rates are of enrolled patients",
    };
    let _ = writeln!(out, "Enrolment: {accrual}{of}");
    let mut cut = Vec::new();
    if let Some(m) = s.cut.horizon {
        cut.push(format!("{m} months from entry"));
    }
    if let Some(m) = s.cut.date {
        cut.push(format!("month {m} of the calendar"));
    }
    if let Some(m) = s.cut.after_last_entry {
        cut.push(format!("{m} months after the last entry"));
    }
    if let Some((d, e)) = s.cut.events {
        cut.push(format!("{d} events of {}", s.endpoints[e].name));
    }
    let _ = writeln!(out, "Data cut: {}", if cut.is_empty() { "none".to_owned() } else { cut.join(" or ") });
    if !s.parameters.is_empty() {
        let _ = writeln!(out, "\nParameters");
        let mut table = Table::new(["parameter", "value", "source"]);
        for p in &s.parameters {
            let value = p.prior.clone().unwrap_or_else(|| rounded_plain(p.value));
            table.row(vec![p.name.clone(), value, p.source.clone()]);
        }
        out.push_str(&table.render());
    }
    let _ = writeln!(out, "\nAnalyses");
    let mut table = Table::new(["analysis", "endpoint", "method", "test", "of"]);
    for (a, row) in s.analyses.iter().zip(&protocol.analyses) {
        let sides = if a.sides == 2 { "two-sided" } else { "one-sided" };
        let mut method = a.method_name.to_owned();
        if let Some(e) = &a.subset {
            let _ = write!(method, " in {}", s.expression_text(e));
        }
        if let Some(e) = &a.interaction {
            let _ = write!(method, ", interaction with {}", s.expression_text(e));
        }
        if let Some(resamples) = a.bootstrap {
            let _ = write!(method, ", standard error by bootstrap ({resamples} resamples)");
        }
        table.row(vec![
            a.name.clone(),
            s.endpoints[a.endpoint].name.clone(),
            method,
            format!("{sides} {}", a.alpha),
            a.hypothesis(row.orientation),
        ]);
    }
    out.push_str(&table.render());
    looks::describe(out, s);
    if !s.multiplicity.is_empty() {
        let _ = writeln!(out, "\nFamilies of hypotheses");
        let mut table = Table::new(["family", "procedure", "level", "hypotheses"]);
        for f in &s.multiplicity {
            let names: Vec<&str> = f.hypotheses.iter().map(|&h| s.analyses[h].name.as_str()).collect();
            let sides = if f.sides == 2 { "two-sided" } else { "one-sided" };
            table.row(vec![
                f.name.clone(),
                f.procedure_name.to_owned(),
                format!("{sides} {}", f.alpha),
                names.join(", "),
            ]);
        }
        out.push_str(&table.render());
    }
}

fn rounded_plain(x: f64) -> String {
    let text = format!("{x:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.replace('-', "−")
}

/// Figures of pilot trials: acceptance, risks by arm, correlations, enrolment.
///
/// # Errors
/// A parameter outside its domain for some patient, with the trial in which it shows.
fn figures(out: &mut String, protocol: &Protocol<'_>, trials: u32) -> Result<(), (u64, Fault)> {
    let s = protocol.scenario;
    let mut work = Workspace::new(protocol);
    let mut funnel = vec![0; s.criteria.len()];
    let mut excluded = vec![0u64; s.criteria.len()];
    let (mut screened, mut enrolled, mut reached) = (0u64, 0u64, 0u32);
    let mut last = Vec::new();
    // sums of outcomes by arm: events by the horizon, or values
    let outcomes: Vec<usize> = (s.population..s.variables.len()).collect();
    let horizons = horizons(s);
    let mut sums = vec![vec![vec![0.0; horizons.len().max(1)]; s.arms.len()]; outcomes.len()];
    let mut quoted: Vec<Controls<'_>> = outcomes.iter().filter_map(|&c| Controls::new(s, c)).collect();
    let mut moments = vec![(0.0, 0.0, 0.0); s.population];
    // where clinicians choose, the arms differ at baseline
    let observational = matches!(s.allocation, Allocation::Observational { .. });
    let mut by_arm = vec![vec![(0.0, 0.0); s.arms.len()]; s.population];
    for t in 0..trials {
        let number = u64::from(t);
        let trial = engine::enrol(protocol, number, &mut work, &mut funnel).map_err(|fault| (number, fault))?;
        screened += u64::from(trial.screened);
        enrolled += u64::from(trial.enrolled);
        reached += u32::from(trial.enrolled as usize >= s.n);
        last.push(trial.last_entry);
        for (a, b) in excluded.iter_mut().zip(&funnel) {
            *a += u64::from(*b);
        }
        let rows = work.cohort().rows;
        for (v, m) in moments.iter_mut().enumerate() {
            for i in 0..rows {
                let x = work.cohort().value(crate::expr::ColumnId(v as u16), i);
                m.0 += 1.0;
                m.1 += x;
                m.2 += x * x;
                let of_arm = &mut by_arm[v][usize::from(work.cohort().arm[i])];
                of_arm.0 += 1.0;
                of_arm.1 += x;
            }
        }
        for arm in 0..s.arms.len() as u8 {
            engine::potential_outcomes(protocol, number, arm, &mut work).map_err(|fault| (number, fault))?;
            if usize::from(arm) == s.control {
                let short = |controls: &&mut Controls<'_>| controls.patients() < PATIENTS;
                quoted.iter_mut().filter(short).for_each(|controls| controls.add(work.cohort()));
            }
            for (sums, &c) in sums.iter_mut().zip(&outcomes) {
                let sums = &mut sums[usize::from(arm)];
                for i in 0..rows {
                    let x = work.cohort().value(crate::expr::ColumnId(c as u16), i);
                    if is_event(s, c) {
                        for (sum, &by) in sums.iter_mut().zip(&horizons) {
                            *sum += f64::from(u8::from(x <= by));
                        }
                    } else {
                        sums[0] += x;
                    }
                }
            }
        }
    }
    let patients = enrolled.max(1) as f64;
    let _ = writeln!(
        out,
        "\nScreening of {trials} pilot trials: {}% of candidates are eligible",
        percent(patients / screened.max(1) as f64, None)
    );
    if !s.criteria.is_empty() {
        let mut left = screened as f64;
        let mut table = Table::new(["criterion", "kind", "% excluded of those asked"]);
        for (c, &count) in s.criteria.iter().zip(&excluded) {
            let share = if left > 0.0 { count as f64 / left } else { 0.0 };
            left -= count as f64;
            let kind = if c.inclusion { "inclusion" } else { "exclusion" };
            table.row(vec![c.label.clone(), kind.to_owned(), percent(share, None)]);
        }
        out.push_str(&table.render());
    }
    if s.variables[..s.population].iter().any(|v| v.per != Per::Replicate) {
        let _ = writeln!(out, "\nBaseline of the enrolled (mean, SD)");
        let mut table = Table::default();
        let mut header = vec!["variable".to_owned(), "mean".to_owned(), "SD".to_owned()];
        if observational {
            header.extend(s.arms.iter().map(|a| format!("mean, {}", a.name)));
        }
        table.row(header);
        for (v, (n, sum, square)) in moments.iter().enumerate() {
            // parameters with a prior are no one's baseline
            if s.variables[v].per == Per::Replicate {
                continue;
            }
            let mean = sum / n;
            let sd = (square / n - mean * mean).max(0.0).sqrt();
            let digits = Some((sd / n.sqrt()).max(1e-3));
            let mut row = vec![s.variables[v].label.clone(), rounded(mean, digits), rounded(sd, digits)];
            if observational {
                row.extend(by_arm[v].iter().map(|(n, sum)| rounded(sum / n, digits)));
            }
            table.row(row);
        }
        out.push_str(&table.render());
    }
    if !outcomes.is_empty() {
        let _ = writeln!(
            out,
            "\nOutcomes by arm (events: % by month; others: mean).\n\
             Predictions of this scenario for the patients whom it enrols, no one lost; not published figures."
        );
        let mut header = vec!["outcome".to_owned(), "month".to_owned()];
        header.extend(s.arms.iter().map(|a| a.name.clone()));
        let mut table = Table::default();
        table.row(header);
        for (k, &c) in outcomes.iter().enumerate() {
            let event = is_event(s, c);
            for (h, by) in horizons.iter().enumerate().take(if event { horizons.len() } else { 1 }) {
                let mut row =
                    vec![s.variables[c].label.clone(), if event { rounded_plain(*by) } else { String::new() }];
                for arm in &sums[k] {
                    row.push(if event {
                        percent(arm[h] / patients, None)
                    } else {
                        rounded(arm[0] / patients, Some(0.001))
                    });
                }
                table.row(row);
            }
        }
        out.push_str(&table.render());
    }
    quoted_figures(out, s, &quoted);
    correlations(out, protocol).map_err(|fault| (0, fault))?;
    if protocol.arrivals.is_some() {
        let mean = last.iter().sum::<f64>() / f64::from(trials);
        let date = s.enrolment.start.as_deref().and_then(|d| crate::calendar::date_after(d, mean));
        let _ = writeln!(
            out,
            "\nExpected enrolment: {}% of trials reach {}; last patient in at month {}{}",
            percent(f64::from(reached) / f64::from(trials), None),
            s.n,
            rounded(mean, Some(0.1)),
            date.map_or(String::new(), |d| format!(" ({d})"))
        );
    }
    Ok(())
}

/// What was quoted of event times, beside the same figure of the enrolled controls.
fn quoted_figures(out: &mut String, s: &Scenario, quoted: &[Controls<'_>]) {
    if quoted.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\nQuoted figures (% with the event by the month quoted): of a patient whose hazard ratio is 1, and of the enrolled\n\
         controls, no one lost. Where a rate is quoted, by its median."
    );
    let mut table = Table::new(["outcome", "month", "as written", "hazard ratio 1", "enrolled controls"]);
    for controls in quoted {
        let variable = &s.variables[controls.outcome];
        let (whose, factor) = match variable.marginal {
            Marginal::Solved(factor) => (", of the controls", factor),
            _ => ("", 1.0),
        };
        let at_one = -(-factor * controls.quoted.hazard).exp_m1();
        table.row(vec![
            format!("{}{whose}", variable.label),
            rounded(controls.quoted.time, Some(0.01)),
            percent(controls.quoted.risk(), None),
            percent(at_one, None),
            percent(controls.risk(1.0), None),
        ]);
    }
    out.push_str(&table.render());
}

/// Months at which risks are shown: visits, horizons of endpoints and the cut.
fn horizons(s: &Scenario) -> Vec<f64> {
    let mut all: Vec<f64> = s.visits.iter().map(|v| v.at).chain(s.cut.horizon).collect();
    for e in &s.endpoints {
        if let Measure::Time { by, .. } = e.measure {
            all.push(by);
        }
    }
    all.retain(|x| x.is_finite());
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    if all.is_empty() {
        all.push(12.0);
    }
    all
}

/// Whether a column is the time of an event: by its distribution, or because an endpoint or death reads it as one.
fn is_event(s: &Scenario, c: usize) -> bool {
    let column = crate::expr::ColumnId(c as u16);
    let reads = |e: &crate::scenario::Endpoint| match &e.measure {
        Measure::Time { events, competing, .. } => events.contains(&column) || competing.contains(&column),
        Measure::Visits { events, revealed_by, .. } => events.contains(&column) || revealed_by.contains(&column),
        Measure::Binary { of: crate::scenario::BinaryOf::Occurrence { events, .. }, .. } => events.contains(&column),
        _ => false,
    };
    s.variables[c].law.is_event_time() || s.deaths.contains(&column) || s.endpoints.iter().any(reads)
}

/// Pearson and Spearman correlations that the normal-score correlations imply, before and after eligibility.
fn correlations(out: &mut String, protocol: &Protocol<'_>) -> Result<(), Fault> {
    let s = protocol.scenario;
    if s.correlations.is_empty() {
        return Ok(());
    }
    let pool = engine::candidates(protocol, 0, crate::pilot::CANDIDATES)?;
    let _ = writeln!(out, "\nCorrelations: as written (normal scores of candidates), and as implied");
    let mut table =
        Table::new(["variables", "written", "Pearson", "Spearman", "Pearson, eligible", "Spearman, eligible"]);
    for c in &s.correlations {
        let [a, b] = c.between;
        let values = |only: bool| -> (Vec<f64>, Vec<f64>) {
            (0..pool.frame.rows)
                .filter(|&i| !only || pool.reason[i] == 0)
                .map(|i| (pool.frame.value(a, i), pool.frame.value(b, i)))
                .unzip()
        };
        let mut row = vec![
            format!("{} and {}", s.variables[a.0 as usize].name, s.variables[b.0 as usize].name),
            rounded_plain(c.value),
        ];
        for only in [false, true] {
            let (x, y) = values(only);
            row.push(rounded(pearson(&x, &y), Some(0.01)));
            row.push(rounded(pearson(&ranks(&x), &ranks(&y)), Some(0.01)));
        }
        table.row(row);
    }
    out.push_str(&table.render());
    Ok(())
}

fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xy += (a - mx) * (b - my);
        xx += (a - mx).powi(2);
        yy += (b - my).powi(2);
    }
    xy / (xx * yy).sqrt()
}

/// Mid-ranks.
fn ranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_unstable_by(|&a, &b| x[a].total_cmp(&x[b]));
    let mut out = vec![0.0; x.len()];
    let mut i = 0;
    while i < order.len() {
        let mut j = i;
        while j < order.len() && x[order[j]].total_cmp(&x[order[i]]).is_eq() {
            j += 1;
        }
        for &k in &order[i..j] {
            out[k] = 0.5 * (i + j - 1) as f64;
        }
        i = j;
    }
    out
}
