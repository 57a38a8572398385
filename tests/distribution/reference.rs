//! Quantiles and survival functions against R.

use super::{build, parameters, quantile};

#[test]
fn reference_r() {
    let mut rows = 0;
    for line in include_str!("../reference/distribution.csv").lines().skip(2) {
        let fields: Vec<&str> = line.split(';').collect();
        let law = build(fields[0], fields[1]);
        let [at, wanted] = [3, 4].map(|i| fields[i].parse::<f64>().unwrap());
        let found = match fields[2] {
            "quantile" => quantile(law.as_ref(), &[at], 0)[0],
            "survival" => law.survival(at, &parameters(law.as_ref(), 0)),
            other => panic!("{other}"),
        };
        let error = (found - wanted).abs();
        // never is never
        assert!(found == wanted || error <= 1e-12 * wanted.abs(), "{line}: found {found}, error {error:e}");
        rows += 1;
    }
    assert_eq!(rows, 231);
}
