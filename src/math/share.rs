//! Shares of a count.

/// Wilson's 95% interval of a share (Wilson, JASA 1927;22:209).
#[must_use]
pub fn wilson(count: u64, of: u64) -> [f64; 2] {
    let (p, n, z) = (count as f64 / of as f64, of as f64, 1.959_963_984_540_054_f64);
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    [((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0)]
}
