//! Special functions on slices.

/// out\[i\] = Φ(z\[i\]).
pub fn normal_cdf_slice(z: &[f64], out: &mut [f64]) {
    for (o, z) in out.iter_mut().zip(z) {
        *o = 0.5 * statrs::function::erf::erfc(-z / std::f64::consts::SQRT_2);
    }
}
