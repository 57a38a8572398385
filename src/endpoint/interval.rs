//! Events that only visits can find.

use crate::endpoint::measured::Values;
use crate::observation::View;
use crate::protocol::VisitsPlan;
use crate::scenario::Dated;

/// Between which times each patient's event is known to lie, or at which visit it was found.
///
/// A visit finds whether the event has happened; so does a revealing event on its day. The event lies after the last time without it
/// (entry, where there is none) and not after the first time with it. Death without a visit censors at the last visit attended.
pub(super) fn find(plan: &VisitsPlan, event: &[f64], revealed: &[f64], view: &View, values: &mut Values) {
    let Values { real, event: found, right, competing, .. } = values;
    real.clear();
    found.clear();
    right.clear();
    competing.clear();
    for (i, &happens) in event.iter().enumerate() {
        let dead = view.dead_at(i);
        let reveals = revealed.get(i).copied().unwrap_or(f64::INFINITY);
        let reveals = if reveals <= view.seen_until(i) && reveals <= dead { reveals } else { f64::INFINITY };
        let (mut free, mut known) = (0.0_f64, f64::INFINITY);
        for &v in &plan.visits {
            let visit = &view.visits[v];
            let day = visit.day[i];
            if visit.held[i] == 0 || day > dead {
                continue;
            }
            if happens <= day {
                known = known.min(day);
            } else {
                free = free.max(day);
            }
        }
        if happens <= reveals {
            known = known.min(reveals);
        } else if reveals.is_finite() {
            free = free.max(reveals);
        }
        match plan.dated {
            Dated::Between => {
                real.push(free);
                right.push(known);
            }
            Dated::AtVisit(by) => {
                let time = if known.is_finite() { known } else { free };
                real.push(time.min(by));
                found.push(u8::from(known <= by));
            }
        }
    }
}
