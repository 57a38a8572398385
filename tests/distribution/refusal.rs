//! What is refused before a run, and in which words.

use super::{build, parameters, try_build};
use patency::distribution::Domain;
use patency::scenario::diagnostic::Code;

#[test]
fn by_hand_refusals() {
    use Code::{Contradiction, OutOfDomain, WrongLength};
    #[rustfmt::skip]
    let cases = [
        ("normal", "{ mean = 1, sd = 0 }", OutOfDomain, Some("sd")),
        ("normal", "{ mean = 1, sd = -1 }", OutOfDomain, Some("sd")),
        ("normal", "{ mean = nan, sd = 1 }", OutOfDomain, Some("mean")),
        ("normal", "{ mean = 1, sd = inf }", OutOfDomain, Some("sd")),
        ("normal", "{ mean = 1, sd = 1, min = 3, max = 3 }", Contradiction, Some("max")),
        ("normal", "{ mean = 1, sd = 1, min = 50 }", OutOfDomain, Some("min")),
        ("normal", "{ mean = 1, sd = 1, max = -50 }", OutOfDomain, Some("max")),
        ("lognormal", "{ median = 6 }", Contradiction, Some("median")),
        ("lognormal", "{ median = 6, sd = 2 }", Contradiction, Some("sd")),
        ("lognormal", "{ median = 6, sigma = 1, mean-log = 2, sd-log = 1 }", Contradiction, Some("sd-log")),
        ("lognormal", "{ median = 0, sigma = 1 }", OutOfDomain, Some("median")),
        ("gamma", "{ shape = 1 }", Contradiction, None),
        ("gamma", "{ shape = 1, rate = 1, scale = 1 }", Contradiction, Some("scale")),
        ("gamma", "{ shape = 0, rate = 1 }", OutOfDomain, Some("shape")),
        ("beta", "{ alpha = 1 }", Contradiction, Some("alpha")),
        ("beta", "{ alpha = 0, beta = 1 }", OutOfDomain, Some("alpha")),
        ("beta", "{ mean = 1, precision = 1 }", OutOfDomain, Some("mean")),
        ("binomial", "{ trials = 2.5, probability = 0.5 }", OutOfDomain, Some("trials")),
        ("binomial", "{ trials = -1, probability = 0.5 }", OutOfDomain, Some("trials")),
        ("binomial", "{ trials = 1e300, probability = 0.5 }", OutOfDomain, Some("trials")),
        ("binomial", "{ trials = 5, probability = 1.5 }", OutOfDomain, Some("probability")),
        ("uniform", "{ min = 2, max = 1 }", Contradiction, Some("max")),
        ("bernoulli", "{ probability = 1.2 }", OutOfDomain, Some("probability")),
        ("poisson", "{ mean = -1 }", OutOfDomain, Some("mean")),
        ("categorical", "{ probabilities = [1] }", WrongLength, Some("probabilities")),
        ("categorical", "{ probabilities = [0.2, 0.3, 0.6] }", OutOfDomain, Some("probabilities")),
        ("categorical", "{ probabilities = [1.2, -0.2] }", OutOfDomain, Some("probabilities")),
        ("categorical", "{ probabilities = [0.5, 0.499999] }", OutOfDomain, Some("probabilities")),
        ("ordinal", "{ probabilities = [0.5, 0.6] }", OutOfDomain, Some("probabilities")),
        ("ordinal", "{ probabilities = [0.5, 0.5], odds-ratio = 0 }", OutOfDomain, Some("odds-ratio")),
        ("exponential", "{}", Contradiction, None),
        ("exponential", "{ hazard-ratio = 2 }", Contradiction, None),
        ("exponential", "{ rate = 1, median = 2 }", Contradiction, Some("median")),
        ("exponential", "{ risk = 0.2 }", Contradiction, Some("risk")),
        ("exponential", "{ risk = 1, by = 2 }", OutOfDomain, Some("risk")),
        ("exponential", "{ risk = 0.2, by = 0 }", OutOfDomain, Some("by")),
        ("exponential", "{ rate = -0.1 }", OutOfDomain, Some("rate")),
        ("exponential", "{ rate = 1, hazard-ratio = -1 }", OutOfDomain, Some("hazard-ratio")),
        ("weibull", "{ shape = 1, scale = 1, median = 2 }", Contradiction, Some("median")),
        ("weibull", "{ shape = 0, scale = 1 }", OutOfDomain, Some("shape")),
        ("gompertz", "{ shape = 0.1, rate = 1, median = 2 }", Contradiction, Some("median")),
        ("gompertz", "{ shape = inf, rate = 1 }", OutOfDomain, Some("shape")),
        ("log-logistic", "{ shape = -1, scale = 1 }", OutOfDomain, Some("shape")),
        ("log-logistic", "{ shape = 1, risk = 1, by = 3 }", OutOfDomain, Some("risk")),
        ("piecewise-exponential", "{ rates = [], from = [] }", WrongLength, Some("rates")),
        ("piecewise-exponential", "{ rates = [1, 2], from = [0] }", WrongLength, Some("from")),
        ("piecewise-exponential", "{ rates = [1, 2], from = [1, 2] }", OutOfDomain, Some("from")),
        ("piecewise-exponential", "{ rates = [1, 2, 3], from = [0, 6, 6] }", OutOfDomain, Some("from")),
        ("piecewise-exponential", "{ rates = [1, 2], from = [0, nan] }", OutOfDomain, Some("from")),
        ("piecewise-exponential", "{ rates = [1, -2], from = [0, 6] }", OutOfDomain, Some("rates")),
        ("derived", "{ value = inf }", OutOfDomain, Some("value")),
    ];
    for (member, table, code, key) in cases {
        let complaint = try_build(member, table).expect_err(table);
        assert_eq!((complaint.code, complaint.key), (code, key), "{member} = {table}: {}", complaint.message);
    }
    let long: Vec<&str> = vec!["0.03"; 33];
    let table = format!("{{ probabilities = [{}] }}", long.join(", "));
    assert_eq!(try_build("categorical", &table).unwrap_err().code, WrongLength);
}

#[test]
fn by_hand_messages() {
    let message = |member, table| try_build(member, table).unwrap_err().message;
    assert_eq!(
        message("exponential", "{ rate = 1, risk = 0.2 }"),
        "given: `rate` with `risk`; allowed: `rate`, or `median`, or `risk` with `by`"
    );
    assert_eq!(
        message("exponential", "{}"),
        "none of the ways of quoting it is given: `rate`, or `median`, or `risk` with `by`"
    );
    assert_eq!(message("bernoulli", "{ probability = 1.2 }"), "`probability` is 1.2; it must be from 0 to 1");
    assert_eq!(
        message("categorical", "{ probabilities = [0.2, 0.3, 0.6] }"),
        "`probabilities` sum to 1.1; their sum must be 1"
    );
}

/// Where probabilities are expressions, what checks their sum is a parameter of its own.
#[test]
fn by_hand_probabilities_of_a_row_must_sum_to_one() {
    let table = r#"{ probabilities = ["if(treatment, 0.2, 0.3)", 0.3, 0.5] }"#;
    let law = build("categorical", table);
    assert_eq!(law.parameters().len(), 2 + 3 + 1);
    assert!(parameters(law.as_ref(), 1)[5] >= 0.0);
    assert!(parameters(law.as_ref(), 0)[5] < 0.0);
}

/// The formula squares the standard deviation.
#[test]
fn by_hand_a_negative_sd_of_a_row_stays_visible() {
    let law = build("lognormal", r#"{ mean = 8, sd = "if(treatment, -5, 5)" }"#);
    assert_eq!(parameters(law.as_ref(), 1)[2], -5.0);
    assert_eq!(law.parameters()[2].domain, Domain::Positive);
}
