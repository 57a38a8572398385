//! Covers: the same binary, scenario and seed give the same bytes, for any threads, order or shards.

use patency::engine::{self, RowRecord, Tables, TrialRecord};
use patency::protocol::{Protocol, Wanted};
use patency::workspace::Workspace;

use super::common::{DEFIANCE, DEFIER, Each, P2, P4, Run, read, simulate};

/// Everything in a trial and its rows, as bits.
fn bits(trial: &TrialRecord, rows: &[RowRecord]) -> Vec<u64> {
    let mut out = vec![u64::from(trial.screened), u64::from(trial.enrolled), u64::from(trial.site_full)];
    out.extend([trial.last_entry, trial.cut, trial.follow_up].map(f64::to_bits));
    for r in rows {
        let e = &r.estimate;
        out.extend([e.estimate, e.se, e.lower, e.upper, e.z, e.p].map(f64::to_bits));
        out.extend([u64::from(e.n), u64::from(e.events), e.status as u64]);
        out.extend(e.parts.iter().chain(&r.target).chain(r.sums.iter().flatten().flatten()).map(|x| x.to_bits()));
    }
    out
}

fn same_bytes(text: &str, replicates: u64, name: &str) {
    let run = |threads: usize| Run { threads, truth: true, ..Run::new(text, replicates, name) }.go();
    let one = run(1);
    let json = serde_json::to_string(&one.design).expect("a design is JSON");
    assert!(json.len() > 1000 && one.replicates.len() > 1000 && one.trials.len() > 1000);
    for threads in [2, 5] {
        let other = run(threads);
        assert_eq!(json, serde_json::to_string(&other.design).expect("a design is JSON"), "{threads} threads");
        assert!(one.replicates == other.replicates, "replicates.parquet differs with {threads} threads");
        assert!(one.trials == other.trials, "trials.parquet differs with {threads} threads");
    }
}

#[test]
fn contract_defiance_has_the_same_bytes_for_any_threads() {
    same_bytes(DEFIANCE, 200, "contract_defiance_has_the_same_bytes_for_any_threads");
}

#[test]
fn contract_defier_has_the_same_bytes_for_any_threads() {
    same_bytes(DEFIER, 130, "contract_defier_has_the_same_bytes_for_any_threads");
}

#[test]
fn contract_p2_has_the_same_bytes_for_any_threads() {
    same_bytes(P2, 500, "contract_p2_has_the_same_bytes_for_any_threads");
}

#[test]
fn contract_shards_make_up_the_whole() {
    for text in [DEFIANCE, P2, P4] {
        let scenario = read(text, &patency::scenario::Options::default());
        let protocol = Protocol::compile(&scenario, 7, Wanted::Analyses);
        let part = |range| {
            let mut all = Vec::new();
            simulate(&protocol, range, 2, true, &mut Each(|t: &TrialRecord, r: &[RowRecord]| all.push(bits(t, r))));
            all
        };
        let whole = part(0..128);
        assert_eq!(whole.len(), 128);
        // a boundary between batches, and one within a batch
        for at in [64, 50] {
            let mut shards = part(0..at);
            shards.extend(part(at..128));
            assert!(whole == shards, "{}: shards at {at}", scenario.title);
        }
    }
}

#[test]
fn contract_the_order_of_replicates_does_not_matter() {
    for text in [DEFIANCE, P2, P4] {
        let scenario = read(text, &patency::scenario::Options::default());
        let protocol = Protocol::compile(&scenario, 7, Wanted::Analyses);
        let mut work = Workspace::new(&protocol);
        let mut one = |replicate: u64| {
            let mut rows = vec![RowRecord::EMPTY; scenario.analyses.len()];
            let mut funnel = vec![0; scenario.criteria.len()];
            let trial = engine::replicate(&protocol, replicate, &mut work, &mut funnel, &mut rows).expect("no fault");
            let mut tables = Tables::new(&protocol);
            engine::truth(&protocol, replicate, &mut work, &mut rows, &mut tables).expect("no fault");
            (bits(&trial, &rows), funnel)
        };
        let ascending: Vec<_> = (0..20).map(&mut one).collect();
        let mut descending: Vec<_> = (0..20).rev().map(&mut one).collect();
        descending.reverse();
        assert!(ascending == descending, "{}", scenario.title);
        // one replicate depends on the workspace of another in no way
        let mut fresh = Workspace::new(&protocol);
        let mut rows = vec![RowRecord::EMPTY; scenario.analyses.len()];
        let mut funnel = vec![0; scenario.criteria.len()];
        let trial = engine::replicate(&protocol, 13, &mut fresh, &mut funnel, &mut rows).expect("no fault");
        let mut tables = Tables::new(&protocol);
        engine::truth(&protocol, 13, &mut fresh, &mut rows, &mut tables).expect("no fault");
        assert!((bits(&trial, &rows), funnel) == ascending[13], "{}", scenario.title);
    }
}

#[test]
fn contract_all_columns_or_only_those_needed_give_the_same_rows() {
    for text in [DEFIANCE, P2, P4] {
        let scenario = read(text, &patency::scenario::Options::default());
        let rows = |wanted| {
            let protocol = Protocol::compile(&scenario, 7, wanted);
            let mut all = Vec::new();
            simulate(&protocol, 0..30, 1, true, &mut Each(|t: &TrialRecord, r: &[RowRecord]| all.push(bits(t, r))));
            all
        };
        assert!(rows(Wanted::Analyses) == rows(Wanted::Everything), "{}", scenario.title);
    }
}
