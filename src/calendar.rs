//! Calendar dates: months are 30.4375 days since the first site opened.

/// Days in a month.
pub const DAYS: f64 = 30.4375;

/// The date `months` after `start` (`YYYY-MM-DD`), to the day; none where either is no date.
#[must_use]
pub fn date_after(start: &str, months: f64) -> Option<String> {
    let start: jiff::civil::Date = start.parse().ok()?;
    if !months.is_finite() || months.abs() > 12_000.0 {
        return None;
    }
    let days = jiff::Span::new().try_days((months * DAYS).round() as i64).ok()?;
    start.checked_add(days).ok().map(|d| d.to_string())
}
