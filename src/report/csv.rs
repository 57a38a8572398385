//! One line a design and analysis, and one a figure of a family of hypotheses.

use std::fmt::Write;

use crate::result::{Figure, RunResult};

/// The operating characteristics as comma-separated values; what does not exist is empty. After the analyses of a design come its families:
/// a line each hypothesis, `any`, `all`, `rejections` and `familywise-error`, the procedure as their method.
#[must_use]
pub fn render(result: &RunResult) -> String {
    let mut out = String::from(
        "variant,n,replicates,analysis,endpoint,method,scale,power,power_mcse,power_lower,power_upper,rejects_against,rejects_total,\
         true,limit,mean,bias_true,bias_true_mcse,bias_limit,bias_limit_mcse,empirical_se,model_se,coverage_true,coverage_limit,\
         planning_power,patients,events,failures,alone,null_hypothesis,rejections,rejections_mcse,familywise_error,familywise_error_mcse\n",
    );
    let value = |f: Option<Figure>| f.map_or(String::new(), |f| f.estimate.to_string());
    let mcse = |f: Option<Figure>| f.and_then(|f| f.mcse).map_or(String::new(), |e| e.to_string());
    for d in &result.designs {
        for a in &d.analyses {
            let e = &a.estimate;
            let cells = [
                quoted(&d.variant),
                d.n.to_string(),
                d.replicates.to_string(),
                quoted(&a.name),
                quoted(&a.endpoint),
                a.method.to_owned(),
                a.scale.to_owned(),
                a.power.estimate.to_string(),
                a.power.mcse.map_or(String::new(), |x| x.to_string()),
                a.power.interval[0].to_string(),
                a.power.interval[1].to_string(),
                a.rejects.against.estimate.to_string(),
                a.rejects.total.estimate.to_string(),
                value(a.estimand.truth),
                value(a.estimand.limit),
                value(e.mean),
                value(e.bias.truth),
                mcse(e.bias.truth),
                value(e.bias.limit),
                mcse(e.bias.limit),
                value(e.empirical_se),
                value(e.model_se),
                value(e.coverage.truth),
                value(e.coverage.limit),
                a.planning.as_ref().map_or(String::new(), |p| p.power.to_string()),
                a.patients.to_string(),
                a.events.to_string(),
                a.failures.total.to_string(),
            ];
            let _ = writeln!(out, "{},,,,,,", cells.join(","));
        }
        for row in d.multiplicity.iter().flat_map(|f| f.rows(d.replicates)) {
            let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
            let (power, rejects) = (row.power.as_ref(), row.rejects.as_ref());
            let hypothesis = row.of.hypothesis.as_ref();
            let mut cells = vec![
                quoted(&d.variant),
                d.n.to_string(),
                d.replicates.to_string(),
                quoted(&row.name),
                String::new(),
                row.of.procedure.to_owned(),
                String::new(),
                number(power.map(|p| p.estimate)),
                number(power.and_then(|p| p.mcse)),
                number(power.map(|p| p.interval[0])),
                number(power.map(|p| p.interval[1])),
                number(rejects.map(|r| r.against.estimate)),
                number(rejects.map(|r| r.total.estimate)),
            ];
            // from the true value to the events
            cells.extend(std::iter::repeat_n(String::new(), 14));
            cells.extend([
                row.missing.to_string(),
                value(hypothesis.and_then(|h| h.alone)),
                hypothesis.map_or(String::new(), |h| h.null.to_owned()),
                value(row.of.rejections),
                mcse(row.of.rejections),
                value(row.of.familywise_error),
                mcse(row.of.familywise_error),
            ]);
            let _ = writeln!(out, "{}", cells.join(","));
        }
    }
    out
}

/// A text cell, in quotation marks where it needs them.
#[must_use]
pub fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
