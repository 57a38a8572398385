//! Covers: reviews of the sample size at looks. What happened before a review stays as it was; nobody enters before the decision, also
//! where the trial would be over by then; the patients counted are those sized, and their number is made that of the trial.

use patency::analysis::Decision;
use patency::engine::{self, RowRecord};
use patency::expr::ColumnId;
use patency::monitoring::Crossed;
use patency::protocol::{Protocol, Wanted};
use patency::scenario::Options;
use patency::sequential::predictive::{Count, Proportions};
use patency::workspace::Workspace;

use super::common::{Run, read};
use super::looks::trials;

const SCORE: &str = r#"
title = "A score at month 6"

[trial]
n = 100
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[enrolment]
piecewise = { rates = [20], from = [0] }

[[outcome]]
name = "y"
normal = { mean = "0.5 * treatment", sd = 1.6 }

[[visit]]
name = "month-6"
at = 6

[cut]
horizon = 6

[[endpoint]]
name = "y"
score = { value = "y", visit = "month-6", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "y"
t-test = { variance = "pooled" }
alpha = 0.025
sides = 1

[[look]]
name = "one"
complete = { share = 0.5, endpoint = "y" }
"#;

fn review(name: &str, look: &str, most: u32) -> String {
    format!(
        "\n[[reestimation]]\nname = \"{name}\"\nlook = \"{look}\"\nanalysis = \"primary\"\nmost = {most}\npooled-variance = {{ difference = 0.5 }}\n"
    )
}

const SECOND: &str = "\n[[look]]\nname = \"two\"\ncomplete = { share = 0.9, endpoint = \"y\" }\ndelay = 3\n";

#[test]
fn twin_a_second_review_leaves_what_was_before_it() {
    let one = SCORE.to_owned() + SECOND + &review("first", "one", 160);
    let two = one.clone() + &review("second", "two", 400);
    let mut before = Vec::new();
    trials(&one, None, 12, |_, _, work| before.push((work.entry().to_vec(), work.watch().looks.clone())));
    let (mut k, mut paused) = (0, 0);
    trials(&two, None, 12, |trial, _, work| {
        let (entry, looks) = &before[k];
        k += 1;
        let own = &work.watch().looks;
        let planned = own[0].reviewed as usize;
        assert_eq!(&work.entry()[..planned], &entry[..planned], "patients of the first review enter when they did");
        assert_eq!((own[0].date, own[0].enrolled), (looks[0].date, looks[0].enrolled));
        assert_eq!((own[1].date, own[1].enrolled), (looks[1].date, looks[1].enrolled));
        assert!(entry[100..].iter().all(|e| *e >= own[0].date));
        let added = &work.entry()[planned..];
        assert!(added.iter().all(|e| *e >= own[1].date + 3.0), "after the second decision");
        assert!(work.entry().windows(2).all(|w| w[0] <= w[1]));
        assert_eq!((trial.planned, trial.enrolled), (own[1].reviewed, own[1].reviewed));
        paused += usize::from(!added.is_empty() && entry[100] - entry[99] > 1.0);
    });
    assert!(paused > 8, "in {paused} of 12 trials enrolment is interrupted twice");
}

#[test]
fn by_hand_nobody_is_added_before_the_decision() {
    // all are in by month 5 and followed to month 11; the decision falls beyond
    let text = SCORE.replace("share = 0.5", "share = 0.95") + "delay = 4\n" + &review("late", "one", 160);
    let mut added = 0;
    trials(&text, None, 12, |trial, _, work| {
        let look = &work.watch().looks[0];
        let decision = look.date + 4.0;
        let alone = work.entry()[99] + 6.0;
        assert!(look.date < alone && alone < decision);
        if look.reviewed == 100 {
            assert!((trial.end - alone).abs() < 1e-9);
            return;
        }
        added += 1;
        // the first who is added enters at the distance from the 100th, counted from the decision
        assert!(work.entry()[100] >= decision, "{} and {decision}", work.entry()[100]);
        assert!((trial.end - trial.last_entry - 6.0).abs() < 1e-9 && trial.last_entry > decision);
        assert_eq!(trial.enrolled, look.reviewed);
    });
    assert!(added > 8, "{added}");
}

#[test]
fn by_hand_a_stop_that_is_decided_after_the_end_moves_nothing() {
    let text = SCORE.replace("share = 0.5", "share = 0.95").replace("0.5 * treatment", "treatment")
        + "delay = 4\n\n[[rule]]\nname = \"efficacy\"\nanalysis = \"primary\"\nefficacy = { p = [0.015, 0.01] }\n";
    let mut stopped = 0;
    trials(&text, None, 12, |trial, rows, work| {
        let alone = work.entry()[99] + 6.0;
        assert!((trial.end - alone).abs() < 1e-9, "{} and {alone}", trial.end);
        if trial.stop.is_some() {
            stopped += 1;
            assert_eq!((rows[0].decision, rows[0].estimate.n), (Some(Decision::Favour), 100));
        }
    });
    assert!(stopped > 6, "{stopped}");
}

/// Three arms; what an analysis compares is two of them, in those aged 60 and more.
const ARMS: &str = r#"
title = "Three arms"

[trial]
n = 160
arms = [{ name = "control" }, { name = "low" }, { name = "high", ratio = 2 }]
allocation.blocks = { sizes = [4] }

[enrolment]
piecewise = { rates = [20], from = [0] }

[[variable]]
name = "age"
normal = { mean = 63, sd = 10 }

[[outcome]]
name = "r"
bernoulli = { probability = "if(low, 0.8, 0.35 + 0.1 * high)" }

[[outcome]]
name = "y"
normal = { mean = "if(low, 5, 0.3 * high)", sd = "if(age >= 60, 1, 3)" }

[[outcome]]
name = "relapse"
exponential = { median = "if(low, 1, 12)" }

[[visit]]
name = "month-1"
at = 1

[cut]
horizon = 6

[[endpoint]]
name = "r"
binary = { value = "r", visit = "month-1", better = "higher" }

[[endpoint]]
name = "y"
score = { value = "y", visit = "month-1", better = "higher" }

[[endpoint]]
name = "relapse"
time-to-event = { event = "relapse", better = "higher" }

[[analysis]]
name = "primary"
PRIMARY
arms = ["high", "control"]
alpha = 0.025
sides = 1

[[look]]
name = "half"
complete = { share = 0.5, endpoint = "r" }

[[reestimation]]
name = "review"
look = "half"
analysis = "primary"
most = 4000
REVIEW
"#;

/// A patient of the analysis at the look: the response or the score, or whether there was a relapse; and the months until then or the look.
type Seen = (f64, f64);

/// Holds what reviews find against `needed` patients of the analysis, which makes some number of all patients.
fn assert_reviewed(primary: &str, by: &str, subset: bool, needed: impl Fn(&[Seen]) -> f64) {
    let primary = if subset { format!("{primary}\nsubset = \"age >= 60\"") } else { primary.to_owned() };
    let text = ARMS.replace("PRIMARY", &primary).replace("REVIEW", by);
    let place = ["rate", "variance", "events"].iter().position(|word| by.contains(word)).expect("a review") as u16 + 1;
    let time = place == 3;
    let mut larger = 0;
    trials(&text, None, 12, |_, _, work| {
        let look = &work.watch().looks[0];
        let column = |c: u16, i: usize| work.cohort().value(ColumnId(c), i);
        let compared = |i: &usize| work.cohort().arm[*i] != 1 && work.entry()[*i] <= look.date;
        let enrolled: Vec<usize> = (0..work.entry().len()).filter(compared).collect();
        let inside: Vec<usize> = enrolled.iter().copied().filter(|&i| !subset || column(0, i) >= 60.0).collect();
        let seen: Vec<Seen> = inside
            .iter()
            .map(|&i| (i, look.date - work.entry()[i]))
            .filter(|(_, followed)| time || *followed >= 1.0 - 1e-9)
            .map(|(i, followed)| {
                let value = column(place, i);
                let months = followed.min(6.0);
                if time { (f64::from(u8::from(value <= months)), value.min(months)) } else { (value, months) }
            })
            .collect();
        assert!(seen.len() < look.enrolled as usize);
        let all = needed(&seen) * 4.0 / 3.0 * enrolled.len() as f64 / inside.len() as f64;
        let planned = (all - 1e-9).ceil().clamp(160.0, 4000.0) as u32;
        assert_eq!(look.reviewed, planned, "{all} of {primary}");
        larger += usize::from(planned > 160 && planned < 4000);
    });
    assert!(larger > 8, "{larger} of 12 are larger");
}

const Z: [f64; 2] = [1.959_963_984_540_054, 1.281_551_565_544_600_4];

#[test]
fn twin_a_review_counts_and_sizes_the_patients_of_its_analysis() {
    let rate = |seen: &[Seen]| {
        let pooled = seen.iter().map(|s| s.0).sum::<f64>() / seen.len() as f64;
        // two of the high dose for one control
        let (e, c) = (pooled + 0.05, pooled - 0.1);
        let sum =
            Z[0] * (4.5 * pooled * (1.0 - pooled)).sqrt() + Z[1] * (3.0 * (e * (1.0 - e) / 2.0 + c * (1.0 - c))).sqrt();
        (sum / 0.15).powi(2)
    };
    let variance = |seen: &[Seen], difference: f64, margin: f64| {
        let n = seen.len() as f64;
        let mean = seen.iter().map(|s| s.0).sum::<f64>() / n;
        let total = seen.iter().map(|s| (s.0 - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let within = total - n / (n - 1.0) * difference * difference * 2.0 / 9.0;
        4.5 * within * ((Z[0] + Z[1]) / (difference - margin)).powi(2)
    };
    let events = |seen: &[Seen]| {
        let hazard = seen.iter().map(|s| s.0).sum::<f64>() / seen.iter().map(|s| s.1).sum::<f64>();
        120.0 / (1.0 - (-6.0 * hazard).exp())
    };
    for subset in [false, true] {
        let binary = "endpoint = \"r\"\ndifference-of-proportions = {}";
        assert_reviewed(binary, "pooled-rate = { difference = 0.15 }", subset, rate);
        let score = "endpoint = \"y\"\nt-test = {}";
        assert_reviewed(score, "pooled-variance = { difference = 0.3 }", subset, |s| variance(s, 0.3, 0.0));
        // non-inferiority where no difference is planned with
        let within = format!("{score}\nmargin = -0.4");
        assert_reviewed(&within, "pooled-variance = { difference = 0 }", subset, |s| variance(s, 0.0, -0.4));
        let time = "endpoint = \"relapse\"\nlog-rank = {}";
        assert_reviewed(time, "pooled-events = { events = 120, by = 6 }", subset, events);
    }
}

#[test]
fn twin_a_review_against_a_margin_takes_the_distance_from_it() {
    // proportions that differ by as much as planned are not pooled under the margin
    for (margin, planned, ratio) in [(-0.15, 0.0, 1.0), (-0.1, 0.05, f64::NAN)] {
        let needed = |seen: &[Seen]| {
            let pooled = seen.iter().map(|s| s.0).sum::<f64>() / seen.len() as f64;
            let (e, c) = (pooled + planned / 3.0, pooled - planned / 1.5);
            3.0 * (e * (1.0 - e) / 2.0 + c * (1.0 - c)) * ((Z[0] + Z[1]) / (planned - margin)).powi(2)
        };
        let primary = format!("endpoint = \"r\"\ndifference-of-proportions = {{}}\nmargin = {margin}");
        assert_reviewed(&primary, &format!("pooled-rate = {{ difference = {planned} }}"), false, needed);
        if ratio == 1.0 {
            assert_reviewed(&primary, "pooled-rate = { ratio = 1 }", false, needed);
        }
    }
    // a ratio that lies beyond the margin where the rate is as high as it is: the trial stays as it was
    let text = ARMS
        .replace("PRIMARY", "endpoint = \"r\"\ndifference-of-proportions = {}\nmargin = -0.05")
        .replace("REVIEW", "pooled-rate = { ratio = 0.7 }");
    trials(&text, None, 6, |_, _, work| assert_eq!(work.watch().looks[0].reviewed, 160));
}

#[test]
fn twin_follow_up_is_extended_by_the_events_of_the_analysis() {
    let text = ARMS
        .replace("PRIMARY", "endpoint = \"relapse\"\nlog-rank = {}\nsubset = \"age >= 60\"")
        .replace("most = 4000\nREVIEW", "follow-up = { fewer-than = 5, months = 3 }");
    let (mut few, mut many) = (0, 0);
    trials(&text, None, 16, |trial, _, work| {
        let look = &work.watch().looks[0];
        let column = |c: u16, i: usize| work.cohort().value(ColumnId(c), i);
        let theirs = |i: &usize| work.cohort().arm[*i] != 1 && column(0, *i) >= 60.0;
        let by_then = |i: &usize| work.entry()[*i] + column(3, *i) <= look.date && column(3, *i) <= 6.0;
        let events = (0..160).filter(theirs).filter(by_then).count();
        assert_eq!(look.reviewed, 1 + u32::from(events < 5), "{events} events");
        assert!((trial.end - trial.last_entry - if events < 5 { 9.0 } else { 6.0 }).abs() < 1e-9);
        few += usize::from(events < 5);
        many += usize::from(events >= 5);
    });
    assert!(few > 2 && many > 2, "{few}, {many}");
}

#[test]
fn by_hand_what_is_planned_is_of_the_arms_compared() {
    let planned = |primary: &str, rule: &str, cut: &str| {
        let text = ARMS[..ARMS.find("[[reestimation]]").expect("a review")].replace("PRIMARY", primary)
            + "[[rule]]\nname = \"rule\"\nanalysis = \"primary\"\nshares = [0.5]\n"
            + rule;
        let text = if cut.is_empty() { text } else { text.replace("horizon = 6", cut) };
        let scenario = read(&text, &Options::default());
        (scenario.rules[0].planned, scenario.rules[0].patients)
    };
    let pocock = "efficacy = { spending = \"pocock\" }\n";
    let binary = "endpoint = \"r\"\ndifference-of-proportions = {}";
    assert_eq!(planned(binary, pocock, ""), (120.0, Some([3.0, 4.0])));
    let one = "endpoint = \"r\"\nclopper-pearson = { probability = 0.3 }";
    assert_eq!(planned(one, pocock, ""), (80.0, Some([2.0, 4.0])));
    // what is given is taken as it is
    assert_eq!(planned(binary, &format!("{pocock}planned = 100\n"), ""), (100.0, None));
    let subset = format!("{binary}\nsubset = \"age >= 60\"");
    let observed = format!("{pocock}planned = 90\nspend-by = \"observed\"\n");
    assert_eq!(planned(&subset, &observed, ""), (90.0, None));
    // nothing says how much
    assert_eq!(planned(&subset, pocock, ""), (1.0, None));
    let time = "endpoint = \"relapse\"\nlog-rank = {}";
    let ends = "events = { count = 100, endpoint = \"relapse\" }";
    assert_eq!(planned(time, pocock, ends), (75.0, Some([3.0, 4.0])));
    assert_eq!(planned(&format!("{time}\nsubset = \"age >= 60\""), pocock, ends), (1.0, None));
}

#[test]
fn twin_shares_of_observed_information_are_of_what_is_planned_by_then() {
    let rule = "\n[[rule]]\nname = \"efficacy\"\nanalysis = \"primary\"\nefficacy = { spending = \"obrien-fleming\" }\nspend-by = \"observed\"\n";
    let looks = SCORE.to_owned() + "\n[[look]]\nname = \"two\"\ncomplete = { share = 0.8, endpoint = \"y\" }\n" + rule;
    let mut larger = 0;
    for planned in ["", "planned = 100\n"] {
        trials(&(looks.clone() + planned + &review("more", "one", 400)), None, 12, |trial, _, work| {
            let (look, marks) = (&work.watch().looks[0], &work.watch().marks);
            assert_eq!(marks[0].share, f64::from(marks[0].patients) / 100.0);
            if marks[1].crossed == Crossed::Unseen {
                return;
            }
            let shares = [1, 2].map(|k: usize| f64::from(marks[k].patients) / f64::from(look.reviewed));
            assert!((marks[1].share - shares[0]).abs() < 1e-12, "{} and {}", marks[1].share, shares[0]);
            larger += usize::from(look.reviewed > 200);
            if trial.stop.is_none() {
                assert!((marks[2].share - 1.0).abs() < 1e-12 && shares[1] == 1.0);
            }
        });
    }
    assert!(larger > 12, "{larger}");

    // a smaller trial has its own whole
    let scenario = read(&looks, &Options::default());
    let protocol = Protocol::compile(&scenario, 11, Wanted::Analyses);
    let (mut work, mut rows) = (Workspace::new(&protocol), [RowRecord::EMPTY]);
    let mut trial = engine::enrol(&protocol, 0, &mut work, &mut []).expect("no fault");
    engine::outcomes(&protocol, 0, &mut work).expect("no fault");
    engine::keep(60, &protocol, &mut work, &mut trial);
    engine::conclude(&protocol, 0, 60, &mut work, &mut trial, &mut [], &mut rows).expect("no fault");
    assert_eq!((work.watch().marks[0].patients, work.watch().marks[0].share), (30, 0.5));
}

const BAYES: &str = r#"endpoint = "r"
beta-binomial = { prior = [1, 1] }"#;

#[test]
fn twin_success_is_predicted_for_as_many_as_the_arms_compared_will_have() {
    let rule = "[[rule]]\nname = \"rule\"\nanalysis = \"primary\"\nefficacy = { probability = [0.9999, 0.975] }\nfutility = { predictive-probability = [0.3] }\n";
    let text = ARMS[..ARMS.find("[[reestimation]]").expect("a review")]
        .replace("PRIMARY", BAYES)
        .replace(
            "bernoulli = { probability = \"if(low, 0.8, 0.35 + 0.1 * high)\" }",
            "bernoulli = { probability = \"if(high, 0.5, 0.35)\" }",
        )
        .replace("at = 1\n", "at = 0.001\n")
        + rule;
    let scenario = read(&text, &Options::default());
    let small = read(&text, &Options { n: Some(120), ..Options::default() });
    let (protocol, alone) =
        (Protocol::compile(&scenario, 11, Wanted::Analyses), Protocol::compile(&small, 11, Wanted::Analyses));
    let (mut work, mut own) = (Workspace::new(&protocol), Workspace::new(&alone));
    let (mut rows, mut own_rows) = ([RowRecord::EMPTY], [RowRecord::EMPTY]);
    let mut stopped = 0;
    for replicate in 0..40 {
        let mut trial = engine::enrol(&protocol, replicate, &mut work, &mut []).expect("no fault");
        engine::outcomes(&protocol, replicate, &mut work).expect("no fault");
        engine::conclude(&protocol, replicate, 160, &mut work, &mut trial, &mut [], &mut rows).expect("no fault");
        let mark = work.watch().marks[0];
        let date = work.watch().looks[0].date;
        let mut counts = [Count::default(); 2];
        for (i, &entry) in work.entry().iter().enumerate().filter(|(_, e)| **e + 0.001 <= date + 1e-9) {
            let arm = match work.cohort().arm[i] {
                0 => 1,
                2 => 0,
                _ => continue,
            };
            assert!(entry < date);
            counts[arm].n += 1;
            counts[arm].events += u32::from(work.cohort().value(ColumnId(1), i) == 1.0);
        }
        // 80 of the high dose and 40 controls
        let mut model = Proportions::new([[1.0; 2]; 2], 0.0, 0.975).expect("a model");
        let [high, control] = counts;
        let missing = f64::from(120 - high.n - control.n);
        let sizes = [high.n + (missing * 2.0 / 3.0).round() as u32, control.n + (missing / 3.0).round() as u32];
        let chance = model.predictive(counts, sizes);
        assert_eq!(mark.crossed == Crossed::Futility, chance < 0.3, "{chance}");
        stopped += usize::from(chance < 0.3);

        // a smaller trial has fewer at its end
        engine::keep(120, &protocol, &mut work, &mut trial);
        engine::conclude(&protocol, replicate, 120, &mut work, &mut trial, &mut [], &mut rows).expect("no fault");
        let record = engine::replicate(&alone, replicate, &mut own, &mut [], &mut own_rows).expect("no fault");
        assert_eq!((trial.stop, trial.planned, trial.end), (record.stop, 120, record.end));
    }
    assert!((5..38).contains(&stopped), "{stopped} of 40 stop");
}

#[test]
fn contract_a_trial_reaches_what_its_review_asks_for() {
    // nobody comes any more from month 6 on: some 120 in all
    let sites = "[[site]]\nname = \"Bern\"\nrate = 20\ncloses = 6\n";
    let text = SCORE
        .replace("[enrolment]\npiecewise = { rates = [20], from = [0] }", sites)
        .replace("share = 0.5", "count = 20")
        + &review("more", "one", 160);
    let (mut reached, mut fewer) = (0.0, 0);
    let run = Run::new(&text, 40, "contract_a_trial_reaches_what_its_review_asks_for");
    run.each(|trial, _| {
        assert!(trial.planned >= 100 && trial.planned <= 160);
        reached += f64::from(u32::from(trial.enrolled == trial.planned));
        fewer += usize::from(trial.enrolled >= 100 && trial.enrolled < trial.planned);
    });
    assert!(fewer > 20, "{fewer} of 40 have as many as planned, and fewer than their review asks for");
    assert!((run.go().design.enrolment.reached.estimate - reached / 40.0).abs() < 1e-12);
}
