//! Wilcoxon's signed-rank test of matched pairs.

use super::{CONTINUITY, P, Reference, corrected, exact, key};
use crate::analysis::wald::score_test;
use crate::analysis::{
    Adjusts, Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status,
};
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

const ZEROS: Key = Key {
    name: "zeros",
    kind: Kind::Word(&["wilcoxon", "pratt"]),
    required: false,
    doc: "Whether differences of 0 are left out before ranks are given (`wilcoxon`) or after (`pratt`); default `wilcoxon`.",
};

/// Keys of `signed-rank`.
pub const FORM: Form = Form {
    name: "signed-rank",
    summary: "Wilcoxon's signed-rank test of matched pairs: each stratum holds one patient of either arm",
    keys: &[P, CONTINUITY, ZEROS],
    example: "{ p = \"exact\" }",
};

/// V = Σ ranks of |d| over pairs with d > 0, d experimental − control; z = (V − ½ Σ r)/√(¼ Σ r²) over the ranks r of pairs with
/// d ≠ 0, ties having their mean. A test without an estimate.
///
/// Pairs whose other patient is missing are left out; a stratum with two patients of one arm is no pair: [`Status::Singular`]. With
/// `continuity` V moves by ½ towards its mean for p (not for z). With `p = "exact"` p is that of all 2ⁿ signs, up to 1000 pairs; part
/// `exact` is 1 where it was found.
///
/// Source: Wilcoxon (1945), Biometrics Bulletin 1:80; Pratt (1959), JASA 54:655; the figures of R's `wilcox.test(paired = TRUE)`.
#[derive(Clone, Copy, Debug)]
struct SignedRank {
    reference: Reference,
    pratt: bool,
}

/// Builds the method from its keys.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(SignedRank { reference: Reference::read(values), pratt: values.text("zeros") == Some("pratt") }))
}

/// Writes the differences of complete pairs.
fn differences(data: &Dataset<'_>, y: &[f64], both: &mut Vec<f64>, out: &mut Vec<f64>) -> Result<(), Status> {
    both.clear();
    both.resize(2 * data.strata.count(), f64::NAN);
    for (row, (a, y)) in data.arm.iter().zip(y).enumerate() {
        let own = &mut both[2 * data.strata.of(row) + usize::from(*a != 0)];
        if !(own.is_nan() && y.is_finite()) {
            return Err(Status::Singular);
        }
        *own = *y;
    }
    out.clear();
    out.extend(both.as_chunks::<2>().0.iter().map(|[control, treated]| treated - control).filter(|d| !d.is_nan()));
    Ok(())
}

impl Analysis for SignedRank {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Score]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn estimates(&self) -> bool {
        false
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Always
    }

    fn parts(&self) -> &'static [&'static str] {
        &["pairs", "zeros", "rank-sum", "exact"]
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Score(y) = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        let treated = data.arm.iter().filter(|a| **a != 0).count();
        if treated == 0 || treated == rows {
            return Estimate::failed(Status::EmptyArm, rows);
        }
        let Scratch { real: [both, difference, table, ..], order, keys: doubled, .. } = scratch;
        if let Err(status) = differences(data, y, both, difference) {
            return Estimate::failed(status, rows);
        }
        let size = |pair: u32| key(difference[pair as usize].abs());
        order.clear();
        order.extend((0..difference.len() as u32).filter(|&pair| self.pratt || difference[pair as usize] != 0.0));
        order.sort_unstable_by_key(|&pair| size(pair));
        doubled.clear();
        let (mut below, mut observed, mut zeros) = (0_u64, 0_u64, 0_u64);
        for group in order.chunk_by(|&a, &b| size(a) == size(b)) {
            let t = group.len() as u64;
            if difference[group[0] as usize] == 0.0 {
                zeros = t;
            } else {
                let rank = 2 * below + t + 1;
                doubled.extend(group.iter().map(|_| rank));
                observed += rank * group.iter().filter(|&&pair| difference[pair as usize] > 0.0).count() as u64;
            }
            below += t;
        }
        zeros = if self.pratt { zeros } else { (difference.len() - order.len()) as u64 };
        let sum: u64 = doubled.iter().sum();
        let squares: u128 = doubled.iter().map(|&r| u128::from(r * r)).sum();
        // ranks are doubled
        let distance = 0.5 * (observed as f64 - 0.5 * sum as f64);
        let variance = squares as f64 / 16.0;
        let mut answer = score_test(distance, variance, rule, 2 * difference.len(), 0);
        answer.parts[..3].copy_from_slice(&[difference.len() as f64, zeros as f64, 0.5 * observed as f64]);
        let tails = match self.reference {
            _ if answer.status != Status::Estimated => None,
            Reference::Normal => None,
            Reference::Corrected => Some(corrected(distance, variance.sqrt())),
            Reference::Exact => {
                exact::signed(doubled, observed, table).map(|[lower, upper, both]| [upper, lower, both])
            }
        };
        if let Some([higher, lower, both]) = tails {
            let [favour, against] = if rule.better == Better::Higher { [higher, lower] } else { [lower, higher] };
            answer.p = favour;
            answer.others = Some([against, both]);
            answer.parts[3] = f64::from(u8::from(self.reference == Reference::Exact));
        }
        answer
    }
}
