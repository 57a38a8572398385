//! Against R, on real data; the other figures are cases.

use super::Table;

#[test]
fn reference_aipw_variance_has_every_part() {
    // what the estimated models and the estimated censoring do to the standard error, in each data set: both are seen
    let table = Table::read("aipw");
    let off = |row: usize, name: &str| (table.number("se", row) / table.number(name, row) - 1.0).abs();
    let most = |name: &str| (0..table.len()).map(|row| off(row, name)).fold(0.0, f64::max);
    assert!(most("plain") > 1e-3 && most("uncensored") > 1e-3, "{} {}", most("plain"), most("uncensored"));
}
