//! Covers: once a workspace has grown, a replicate and its true values allocate nothing.

use allocation_counter::measure;
use patency::engine::{self, RowRecord, Tables};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::Options;
use patency::workspace::Workspace;

use super::adjusted::RIGHT;
use super::common::{DEFIANCE, DEFIER, P1, P2, P4, P5, P6, read, solved};

#[test]
fn contract_nothing_is_allocated_after_warm_up() {
    let mut found = Vec::new();
    let resampled = P2.replace("log-rank = {}", "log-rank = {}\nbootstrap = { resamples = 20 }");
    assert_ne!(resampled, P2);
    for text in [DEFIANCE, DEFIER, P1, P2, P4, P5, P6, RIGHT, &resampled] {
        let scenario = solved(read(text, &Options::default()));
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        engine::pilot_roots(&protocol).expect("no fault");
        engine::pilot_scores(&protocol).expect("no fault");
        let mut work = Workspace::new(&protocol);
        let mut tables = Tables::new(&protocol);
        let mut rows = vec![RowRecord::EMPTY; scenario.analyses.len()];
        let mut funnel = vec![0; scenario.criteria.len()];
        let mut simulate = |work: &mut Workspace, rows: &mut [RowRecord]| {
            for replicate in 0..50 {
                engine::replicate(&protocol, replicate, work, &mut funnel, rows).expect("no fault");
            }
        };
        simulate(&mut work, &mut rows);
        let replicates = measure(|| simulate(&mut work, &mut rows)).count_total;
        let mut truth = |work: &mut Workspace, rows: &mut [RowRecord]| {
            for replicate in 0..50 {
                engine::replicate(&protocol, replicate, work, &mut funnel, rows).expect("no fault");
                engine::truth(&protocol, replicate, work, rows, &mut tables).expect("no fault");
            }
        };
        truth(&mut work, &mut rows);
        let truths = measure(|| truth(&mut work, &mut rows)).count_total;
        found.push((scenario.title.clone(), replicates, truths));
    }
    assert!(
        found.iter().all(|f| f.1 == 0 && f.2 == 0),
        "allocations in 50 replicates, and with true values: {found:#?}"
    );
}
