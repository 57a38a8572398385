//! When replicates are enough: `--precision`.

use super::Failure;
use crate::math::sequence;
use crate::result::Precision;
use crate::scenario::Scenario;
use crate::summary::Summary;

/// Replicates of the first look, and between looks at least.
const FIRST: u64 = 1024;

/// Probability that the confidence sequence ever leaves the power out.
const ALPHA: f64 = 0.05;

/// When a design's replicates are enough.
#[derive(Debug)]
pub(super) struct Rule {
    /// Name of the analysis.
    pub(super) name: String,
    /// Monte Carlo standard error asked for.
    pub(super) asked: f64,
    analysis: usize,
}

impl Rule {
    /// The rule for an analysis of a scenario: the one named, or the primary.
    pub(super) fn new(scenario: &Scenario, name: Option<&str>, asked: f64) -> Result<Self, Failure> {
        let names: Vec<&str> = scenario.analyses.iter().map(|a| a.name.as_str()).collect();
        let wrong = |why: String| {
            let listed: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
            Failure::Scenario(format!("error: {why}; there are {}", listed.join(", ")))
        };
        let found: Vec<usize> = match name {
            Some(name) => (0..names.len()).filter(|&a| names[a] == name).collect(),
            None if names.len() == 1 => vec![0],
            None => (0..names.len()).filter(|&a| names[a] == "primary").collect(),
        };
        match (found.first(), name) {
            (Some(&analysis), _) => Ok(Self { name: names[analysis].to_owned(), asked, analysis }),
            (None, Some(name)) => {
                let near = crate::expr::nearest(name, names.iter().copied());
                let near = near.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
                Err(wrong(format!("variant `{}` has no analysis `{name}`{near}", scenario.variant)))
            }
            (None, None) => Err(wrong("--precision of which analysis? add --analysis NAME".to_owned())),
        }
    }

    /// The first look after so many replicates: looks are the same whatever is found, and stand at 1,024 and then 1/32 apart.
    pub(super) fn next_look(&self, replicates: u64) -> u64 {
        let mut look = FIRST;
        while look <= replicates {
            look += (look / 32 / FIRST * FIRST).max(FIRST);
        }
        look
    }

    /// Whether these many replicates are a look, and enough.
    pub(super) fn stops(&self, replicates: u64, summary: &Summary) -> bool {
        replicates > 0 && self.next_look(replicates - 1) == replicates && self.result(summary).reached
    }

    /// How precise the power is.
    pub(super) fn result(&self, summary: &Summary) -> Precision {
        let sequence = sequence::interval(summary.favour(self.analysis), summary.replicates(), ALPHA);
        let largest_se = sequence::largest_se(sequence, summary.replicates());
        Precision {
            analysis: self.name.clone(),
            asked: self.asked,
            reached: largest_se <= self.asked,
            largest_se,
            sequence,
        }
    }
}

/// A Monte Carlo standard error of a share.
pub(super) fn standard_error(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(x) if x > 0.0 && x < 0.5 => Ok(x),
        _ => Err("a standard error between 0 and 0.5, as 0.002".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_looks() {
        let rule = Rule { name: String::new(), asked: 0.01, analysis: 0 };
        let looks: Vec<u64> = (0..40)
            .scan(0, |at, _| {
                *at = rule.next_look(*at);
                Some(*at)
            })
            .collect();
        assert_eq!(looks[..3], [1024, 2048, 3072]);
        // at 64 × 1,024 replicates and beyond they are 2 × 1,024 apart
        assert_eq!(rule.next_look(65_535), 65_536);
        assert_eq!(rule.next_look(65_536), 67_584);
        assert!(looks.windows(2).all(|w| w[1] > w[0]));
    }
}
