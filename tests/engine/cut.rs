//! Covers: when the data are cut. A number of events, a date, a time after the last entry, a horizon; the earliest counts.

use patency::analysis::Status;
use patency::engine::{self, RowRecord};
use patency::protocol::{Protocol, Wanted};
use patency::workspace::Workspace;

use super::common::{Run, sized};

const SURVIVAL: &str = r#"
title = "Cuts"

[trial]
n = 200
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[enrolment]
uniform = { over = 24 }

[[outcome]]
name = "death"
exponential = { median = 20, hazard-ratio = "if(treatment, 0.75, 1)" }

[observation]
dropout.exponential = { risk = 0.05, by = 12 }

CUT

[[endpoint]]
name = "survival"
time-to-event = { event = "death", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "survival"
log-rank = {}
"#;

/// One trial as it was cut.
struct Trial {
    record: engine::TrialRecord,
    row: RowRecord,
    entry: Vec<f64>,
    death: Vec<f64>,
    lost: Vec<f64>,
    /// Patients in the analysis with follow-up time and event.
    seen: Vec<Option<(f64, u8)>>,
}

/// 100 trials under a cut.
fn trials(cut: &str) -> Vec<Trial> {
    let table = if cut.is_empty() { String::new() } else { format!("[cut]\n{cut}") };
    let scenario = sized(&SURVIVAL.replace("CUT", &table), 200);
    let protocol = Protocol::compile(&scenario, 3, Wanted::Analyses);
    let mut work = Workspace::new(&protocol);
    let mut rows = [RowRecord::EMPTY];
    (0..100)
        .map(|replicate| {
            let record = engine::replicate(&protocol, replicate, &mut work, &mut [], &mut rows).expect("no fault");
            let m = &work.measured()[0];
            let seen = (0..200).map(|i| (m.known[i] == 1).then(|| (m.values.real[i], m.values.event[i])));
            Trial {
                record,
                row: rows[0],
                entry: work.entry().to_vec(),
                death: work.cohort().real[0].clone(),
                lost: work.view().lost.clone(),
                seen: seen.collect(),
            }
        })
        .collect()
}

/// Follow-up by its definition: to death, loss and the end, none before entry.
fn check_follow_up(t: &Trial, end: impl Fn(usize) -> f64) {
    let mut events = 0;
    let mut patients = 0;
    for (i, seen) in t.seen.iter().enumerate() {
        let end = end(i);
        match *seen {
            None => assert!(end < 0.0, "patient {i} is left out with {end} months to go"),
            Some((time, event)) => {
                assert!(end >= 0.0 && time >= 0.0, "patient {i}: {time} of {end}");
                let expected = t.death[i].min(t.lost[i]).min(end);
                assert!((time - expected).abs() < 1e-9, "patient {i}: {time} where {expected}");
                assert_eq!(event == 1, t.death[i] <= t.lost[i] && t.death[i] <= end + 1e-9);
                events += u32::from(event);
                patients += 1;
            }
        }
    }
    // the first event may come before anyone has entered the other arm
    if t.row.estimate.status == Status::Estimated {
        assert_eq!((t.row.estimate.events, t.row.estimate.n), (events, patients));
    }
}

#[test]
fn contract_a_cut_at_events_has_exactly_that_many() {
    for count in [1, 40, 80, 100] {
        for t in trials(&format!("events = {{ count = {count}, endpoint = \"survival\" }}")) {
            let events: u32 = t.seen.iter().flatten().map(|s| u32::from(s.1)).sum();
            assert_eq!(events, count);
            // the date is that of the event that completes the number
            let mut dates: Vec<f64> =
                (0..200).filter(|&i| t.death[i] <= t.lost[i]).map(|i| t.entry[i] + t.death[i]).collect();
            dates.sort_unstable_by(f64::total_cmp);
            assert!((t.record.cut - dates[count as usize - 1]).abs() < 1e-9);
            check_follow_up(&t, |i| t.record.cut - t.entry[i]);
        }
    }
}

#[test]
fn contract_a_cut_after_the_last_entry() {
    for t in trials("after-last-entry = 6") {
        let last = t.entry.iter().copied().fold(0.0, f64::max);
        assert_eq!(t.record.last_entry, last);
        // never less than 6 after the last entry by rounding
        assert!((6.0..6.0 + 1e-12).contains(&(t.record.cut - last)), "{}", t.record.cut - last);
        assert_eq!(t.row.estimate.n, 200);
        check_follow_up(&t, |i| t.record.cut - t.entry[i]);
    }
}

#[test]
fn contract_a_date_leaves_out_who_enters_later() {
    let mut left_out = 0;
    for t in trials("date = 15") {
        assert_eq!(t.record.cut, 15.0);
        assert_eq!(t.record.enrolled, 200);
        assert_eq!(t.row.estimate.n as usize, t.entry.iter().filter(|&&e| e <= 15.0).count());
        assert!(t.record.follow_up >= 0.0 && t.record.follow_up < 15.0);
        left_out += 200 - t.row.estimate.n;
        check_follow_up(&t, |i| 15.0 - t.entry[i]);
    }
    // 9 of 24 months, in 100 trials of 200: 7,500
    assert!((7000..8000).contains(&left_out), "{left_out}");
}

#[test]
fn contract_a_horizon_runs_from_entry() {
    for t in trials("horizon = 9") {
        assert_eq!(t.record.cut, f64::INFINITY);
        assert_eq!(t.row.estimate.n, 200);
        check_follow_up(&t, |_| 9.0);
    }
}

#[test]
fn contract_the_earliest_cut_counts() {
    // 60 events never come by month 6: the date decides
    for t in trials("events = { count = 60, endpoint = \"survival\" }\ndate = 6") {
        assert_eq!(t.record.cut, 6.0);
        assert!(t.row.estimate.events < 60);
        check_follow_up(&t, |i| 6.0 - t.entry[i]);
    }
    // 20 events come long before month 48: they decide
    for t in trials("events = { count = 20, endpoint = \"survival\" }\ndate = 48\nafter-last-entry = 6") {
        assert_eq!(t.row.estimate.events, 20);
        assert!(t.record.cut < 30.0);
    }
    // events are counted among those seen within the horizon
    for t in trials("events = { count = 20, endpoint = \"survival\" }\nhorizon = 9") {
        assert_eq!(t.row.estimate.events, 20);
        check_follow_up(&t, |i| (t.record.cut - t.entry[i]).min(9.0));
    }
}

#[test]
fn contract_without_a_cut_everyone_is_seen_to_the_end() {
    for t in trials("") {
        assert_eq!(t.record.cut, f64::INFINITY);
        check_follow_up(&t, |_| f64::INFINITY);
    }
}

/// A visit due when follow-up ends is attended, by the last patient too: month and entry add up with rounding.
#[test]
fn contract_a_visit_on_the_last_day_is_attended() {
    let text = r#"
title = "A visit on the last day"

[trial]
n = 40
arms = [{ name = "control" }, { name = "treatment" }]

[enrolment]
piecewise = { rates = [10], from = [0] }

[[outcome]]
name = "y"
bernoulli = { probability = 0.4 }

[[visit]]
name = "v"
at = 1

[cut]
after-last-entry = 1

[[endpoint]]
name = "y"
binary = { value = "y", visit = "v", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "y"
difference-of-proportions = {}
"#;
    Run::new(text, 300, "last-day").each(|_, rows| assert_eq!(rows[0].estimate.n, 40));
}

/// With looks a date may end the trial before all have entered: mean follow-up is of those who have.
#[test]
fn contract_follow_up_is_of_those_who_have_entered() {
    let looks = "date = 12\n\n[[look]]\nname = \"early\"\nenrolled = { share = 0.1 }\n\n[[rule]]\nname = \"never\"\nanalysis = \"primary\"\n\
                 efficacy = { z = [9, 1.96] }\nshares = [0.1]\n";
    let text = SURVIVAL.replace("CUT", &format!("[cut]\n{looks}")).replace("median = 20", "median = 1e9");
    Run::new(&text.replace("risk = 0.05", "risk = 1e-9"), 50, "entered").each(|trial, _| {
        // entry is uniform over 24 months: half of 200 enter, and are seen for 6 months on average, within 5 standard errors
        assert!((65..=135).contains(&trial.enrolled), "{}", trial.enrolled);
        assert!(
            (trial.follow_up - 6.0).abs() < 5.0 * 12.0 / (12.0 * f64::from(trial.enrolled)).sqrt(),
            "{}",
            trial.follow_up
        );
    });
}
