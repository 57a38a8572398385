//! What stands behind the figures of survival and of pairs: curves by arm, wins and losses by tier.

use std::path::Path;

use super::Trial;
use crate::Error;
use crate::analysis::{Response, Scratch, pairs};
use crate::report::data::{DataTable, Values};
use crate::scenario::Measure;
use crate::selection;

/// Tables of curves, each with the name of its file; those of which the data have none are left out.
#[derive(Debug, Default)]
pub struct Curves {
    /// File and table.
    pub tables: Vec<(&'static str, DataTable)>,
}

impl Curves {
    /// Writes the tables into a folder.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        std::fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
        for (name, table) in &self.tables {
            let path = folder.join(name);
            let file = std::fs::File::create(&path).map_err(|e| Error::write(&path, e))?;
            table.csv(&mut std::io::BufWriter::new(file)).map_err(|e| Error::write(&path, e))?;
        }
        Ok(())
    }
}

/// Columns of text, whole and real numbers that grow row by row.
#[derive(Default)]
struct Growing {
    text: Vec<(&'static str, Vec<Option<String>>)>,
    whole: Vec<(&'static str, Vec<Option<i64>>)>,
    real: Vec<(&'static str, Vec<Option<f64>>)>,
}

impl Growing {
    fn new(text: &[&'static str], whole: &[&'static str], real: &[&'static str]) -> Self {
        Self {
            text: text.iter().map(|&n| (n, Vec::new())).collect(),
            whole: whole.iter().map(|&n| (n, Vec::new())).collect(),
            real: real.iter().map(|&n| (n, Vec::new())).collect(),
        }
    }

    fn row(&mut self, text: &[&str], whole: &[usize], real: &[f64]) {
        for ((_, to), x) in self.text.iter_mut().zip(text) {
            to.push(Some((*x).to_owned()));
        }
        for ((_, to), &x) in self.whole.iter_mut().zip(whole) {
            to.push(Some(x as i64));
        }
        for ((_, to), &x) in self.real.iter_mut().zip(real) {
            to.push(Some(x).filter(|x| x.is_finite()));
        }
    }

    fn table(self) -> Option<DataTable> {
        let rows = self.text.first().map_or(0, |(_, x)| x.len());
        let mut table = DataTable::default();
        self.text.into_iter().for_each(|(name, x)| table.push(name, Values::Text(x)));
        self.whole.into_iter().for_each(|(name, x)| table.push(name, Values::Integer(x)));
        self.real.into_iter().for_each(|(name, x)| table.push(name, Values::Real(x)));
        (rows > 0).then_some(table)
    }
}

impl Trial<'_, '_> {
    /// Kaplan–Meier curves with Greenwood's standard error and limits on the scale of ln S (the default of R's survfit), cumulative
    /// incidences where there are competing events (Aalen–Johansen), and pairs won and lost at each tier.
    #[must_use]
    pub fn curves(&self) -> Curves {
        let scenario = self.protocol.scenario;
        let mut survival = Growing::new(
            &["endpoint", "arm"],
            &["at_risk", "events", "censored"],
            &["time", "survival", "se", "lower", "upper"],
        );
        let mut incidence = Growing::new(&["endpoint", "arm"], &["at_risk"], &["time", "incidence", "competing"]);
        let mut tiers = Growing::new(&["analysis", "tier"], &["pairs", "wins", "losses"], &["won", "lost"]);
        for (e, endpoint) in scenario.endpoints.iter().enumerate() {
            let measured = &self.work.measured[e];
            let data = selection::whole(measured, &self.work.cohort.arm, Default::default());
            if let Response::Time { time, event, competing } = data.response {
                for (a, arm) in scenario.arms.iter().enumerate() {
                    let mut rows: Vec<(f64, u8, u8)> = (0..time.len())
                        .filter(|&i| self.known[e][i] == 1 && usize::from(data.arm[i]) == a)
                        .map(|i| (time[i], event[i], competing.get(i).copied().unwrap_or(0)))
                        .collect();
                    rows.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
                    curve(
                        &rows,
                        &endpoint.name,
                        &arm.name,
                        &mut survival,
                        (!competing.is_empty()).then_some(&mut incidence),
                    );
                }
            }
        }
        let mut scratch = Scratch::default();
        for (number, plan) in scenario.analyses.iter().enumerate() {
            let Measure::Hierarchical(plans) = &scenario.endpoints[plan.endpoint].measure else { continue };
            let before = scenario.analyses[..number].iter();
            if before.clone().any(|a| (a.endpoint, a.arms) == (plan.endpoint, plan.arms)) {
                continue;
            }
            let [experimental, control] = plan.arms.map(|a| a as u8);
            let mut chosen = selection::Selection::default();
            let arm = &self.work.cohort.arm;
            let known = &self.known[plan.endpoint];
            chosen.picks = (0..arm.len())
                .filter(|&i| known[i] == 1 && plan.arms.contains(&usize::from(arm[i])))
                .map(|i| i as u32)
                .collect();
            chosen.append(&self.work.measured[plan.endpoint], |i| u8::from(arm[i] == experimental));
            let data = chosen.dataset(&self.work.measured[plan.endpoint]);
            let Response::Hierarchical(comparison) = data.response else { continue };
            let treated = data.arm.iter().map(|&a| usize::from(a)).sum::<usize>();
            let all = treated * (data.arm.len() - treated);
            if all == 0 || control == experimental {
                continue;
            }
            let mut before = [0_u64; 2];
            for (k, tier) in plans.iter().enumerate() {
                // the first k tiers decide what the first k − 1 do, and their own
                let upto = crate::endpoint::hierarchical::Comparison { count: k + 1, ..comparison };
                let found = pairs::compare(data.arm, &upto, &mut scratch);
                let [wins, losses] = [found.wins - before[0], found.losses - before[1]];
                before = [found.wins, found.losses];
                let shares = [wins as f64 / all as f64, losses as f64 / all as f64];
                tiers.row(&[&plan.name, &tier.name], &[all, wins as usize, losses as usize], &shares);
            }
        }
        let tables = [("survival.csv", survival), ("incidence.csv", incidence), ("tiers.csv", tiers)];
        Curves { tables: tables.into_iter().filter_map(|(name, table)| Some((name, table.table()?))).collect() }
    }
}

/// One arm's curve, a row for each time at which anyone leaves; rows ascend in time.
fn curve(
    rows: &[(f64, u8, u8)],
    endpoint: &str,
    arm: &str,
    survival: &mut Growing,
    mut incidence: Option<&mut Growing>,
) {
    const Z: f64 = 1.959_963_984_540_054;
    let names = [endpoint, arm];
    let (mut s, mut sum) = (1.0_f64, 0.0_f64);
    // free of either event, and the incidences of the two
    let (mut free, mut happened) = (1.0, [0.0; 2]);
    survival.row(&names, &[rows.len(), 0, 0], &[0.0, 1.0, 0.0, 1.0, 1.0]);
    let mut start = 0;
    for group in rows.chunk_by(|x, y| x.0 == y.0) {
        let at_risk = rows.len() - start;
        start += group.len();
        let died = group.iter().filter(|r| r.1 == 1).count();
        let competed = group.iter().filter(|r| r.2 == 1).count();
        let (d, c, r) = (died as f64, competed as f64, at_risk as f64);
        s *= (r - d) / r;
        sum += if died < at_risk { d / (r * (r - d)) } else { 0.0 };
        let time = group[0].0;
        let error = sum.sqrt();
        let limits = if s > 0.0 { [s * (-Z * error).exp(), (s * (Z * error).exp()).min(1.0)] } else { [f64::NAN; 2] };
        let se = if s > 0.0 { s * error } else { f64::NAN };
        survival.row(&names, &[at_risk, died, group.len() - died], &[time, s, se, limits[0], limits[1]]);
        if let Some(incidence) = incidence.as_deref_mut() {
            happened[0] += free * d / r;
            happened[1] += free * c / r;
            free *= (r - d - c) / r;
            incidence.row(&names, &[at_risk], &[time, happened[0], happened[1]]);
        }
    }
}
