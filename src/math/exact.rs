//! Sums of floating-point numbers without rounding: in any order and by any parts they come to the same, bit by bit.
//!
//! Source: Neal RM. Fast exact summation using small and large superaccumulators. arXiv:1505.05571 (2015), section 3.

use serde::{Deserialize, Serialize};

/// Pieces of 32 bits that hold any sum of up to 2⁴⁰ finite numbers; the last is signed.
const PIECES: usize = 67;

/// Weight of the lowest bit of the first piece, as a power of two.
const LOWEST: i32 = -1075;

/// Additions after which carries must be taken: each adds less than 2⁵³ to a piece.
const MOST: u32 = 1 << 9;

/// An exact sum.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExactSum {
    pieces: [i64; PIECES],
    additions: u32,
    /// What was added that is not finite: 1 for ∞, 2 for −∞, both for NaN.
    not_finite: u8,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { pieces: [0; PIECES], additions: 0, not_finite: 0 }
    }
}

impl ExactSum {
    /// Adds a number.
    #[inline]
    pub fn add(&mut self, x: f64) {
        if x == 0.0 {
            return;
        }
        let bits = x.to_bits();
        let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
        let (place, mantissa) = match exponent {
            0x7ff => {
                self.not_finite |= if x.is_nan() { 3 } else { 1 + u8::from(x < 0.0) };
                return;
            }
            0 => (1, fraction),
            _ => (exponent, fraction | 1 << 52),
        };
        let (piece, shift) = ((place >> 5) as usize, place & 31);
        let low = ((mantissa << shift) & 0xffff_ffff) as i64;
        let high = (mantissa >> (32 - shift)) as i64;
        // −1 for a negative number, with which (k ^ −1) − (−1) is −k: signs of what rounding leaves cannot be foreseen
        let sign = bits as i64 >> 63;
        self.pieces[piece] += (low ^ sign) - sign;
        self.pieces[piece + 1] += (high ^ sign) - sign;
        self.additions += 1;
        if self.additions >= MOST {
            self.carry();
        }
    }

    /// Adds a product without rounding it, as long as its last bit is not below the smallest number there is.
    pub fn add_product(&mut self, a: f64, b: f64) {
        let product = a * b;
        if product == 0.0 {
            return;
        }
        self.add(product);
        // Dekker 1971: what rounding took away
        const SPLIT: f64 = 134_217_729.0;
        let halves = |x: f64| {
            let t = SPLIT * x;
            let high = t - (t - x);
            [high, x - high]
        };
        let ([a1, a0], [b1, b0]) = (halves(a), halves(b));
        let rest = ((a1 * b1 - product) + a1 * b0 + a0 * b1) + a0 * b0;
        if rest.is_finite() {
            self.add(rest);
        }
    }

    /// Adds another sum.
    pub fn absorb(&mut self, other: &Self) {
        let mut other = *other;
        other.carry();
        self.carry();
        for (a, b) in self.pieces.iter_mut().zip(other.pieces) {
            *a += b;
        }
        self.carry();
        self.not_finite |= other.not_finite;
    }

    /// The sum, rounded once.
    #[must_use]
    pub fn value(&self) -> f64 {
        match self.not_finite {
            1 => return f64::INFINITY,
            2 => return f64::NEG_INFINITY,
            3 => return f64::NAN,
            _ => {}
        }
        let (negative, pieces) = self.magnitude();
        let Some(top) = pieces.iter().rposition(|&p| p != 0) else { return 0.0 };
        let top = top.max(2);
        let [a, b, c] = [top, top - 1, top - 2].map(|k| u128::from(pieces[k]));
        // whatever lies below decides between halves only
        let below = u128::from(pieces[..top - 2].iter().any(|&p| p != 0));
        let digits = (a << 65 | b << 33 | c << 1 | below) as f64;
        let power = LOWEST + 32 * (top as i32 - 2) - 1;
        let two_to = |k: i32| f64::from_bits(((1023 + k) as u64) << 52);
        let value = digits * two_to(power / 2) * two_to(power - power / 2);
        if negative { -value } else { value }
    }

    /// The sum as three numbers, each what the ones before leave: some 159 bits.
    #[must_use]
    pub fn parts(&self) -> [f64; 3] {
        let mut rest = *self;
        std::array::from_fn(|_| {
            let part = rest.value();
            if part.is_finite() {
                rest.add(-part);
            }
            part
        })
    }

    /// Brings all pieces but the last into 0 … 2³² − 1.
    fn carry(&mut self) {
        for k in 0..PIECES - 1 {
            let over = self.pieces[k] >> 32;
            self.pieces[k] -= over << 32;
            self.pieces[k + 1] += over;
        }
        self.additions = 0;
    }

    /// Sign and pieces of the absolute value.
    fn magnitude(&self) -> (bool, [u32; PIECES]) {
        let mut sum = *self;
        sum.carry();
        let negative = sum.pieces[PIECES - 1] < 0;
        if negative {
            sum.pieces.iter_mut().for_each(|p| *p = -*p);
            sum.carry();
        }
        (negative, sum.pieces.map(|p| p as u32))
    }
}

/// Sign, number of the lowest piece that is not 0, and the pieces in hexadecimal from the highest down: one way for each sum.
impl From<ExactSum> for String {
    fn from(sum: ExactSum) -> Self {
        match sum.not_finite {
            1 => return "inf".to_owned(),
            2 => return "-inf".to_owned(),
            3 => return "nan".to_owned(),
            _ => {}
        }
        let (negative, pieces) = sum.magnitude();
        let (Some(low), Some(high)) = (pieces.iter().position(|&p| p != 0), pieces.iter().rposition(|&p| p != 0))
        else {
            return "0".to_owned();
        };
        let digits: String = pieces[low..=high].iter().rev().map(|p| format!("{p:08x}")).collect();
        format!("{}{low}:{digits}", if negative { "-" } else { "" })
    }
}

impl TryFrom<String> for ExactSum {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "not an exact sum";
        let mut sum = Self::default();
        match text.as_str() {
            "0" => return Ok(sum),
            "inf" => sum.not_finite = 1,
            "-inf" => sum.not_finite = 2,
            "nan" => sum.not_finite = 3,
            _ => {
                let (negative, rest) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
                let (low, digits) = rest.split_once(':').ok_or(WRONG)?;
                let low: usize = low.parse().map_err(|_| WRONG)?;
                if !digits.is_ascii() || digits.is_empty() || !digits.len().is_multiple_of(8) {
                    return Err(WRONG);
                }
                for (k, piece) in digits.as_bytes().rchunks_exact(8).enumerate() {
                    let piece = std::str::from_utf8(piece).map_err(|_| WRONG)?;
                    let value = i64::from(u32::from_str_radix(piece, 16).map_err(|_| WRONG)?);
                    *low.checked_add(k).and_then(|at| sum.pieces.get_mut(at)).ok_or(WRONG)? =
                        if negative { -value } else { value };
                }
            }
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        values.iter().for_each(|&x| sum.add(x));
        sum
    }

    fn text(sum: ExactSum) -> String {
        String::from(sum)
    }

    #[test]
    fn by_hand_sums_that_rounding_would_lose() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]).value(), 1.0);
        assert_eq!(sum(&[1.0, 2f64.powi(-53)]).value(), 1.0);
        // just above the half rounds up, whatever the distance
        assert_eq!(sum(&[1.0, 2f64.powi(-53), 2f64.powi(-1000)]).value(), 1.0 + f64::EPSILON);
        assert_eq!(sum(&[-1.0, -2f64.powi(-53), -2f64.powi(-1000)]).value(), -1.0 - f64::EPSILON);
        assert_eq!(sum(&[5e-324, 5e-324]).value(), 1e-323);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]).value(), f64::MAX);
        assert_eq!(sum(&[f64::MAX, f64::MAX]).value(), f64::INFINITY);
        assert_eq!(sum(&[]).value(), 0.0);
        // a tenth is 0.1000000000000000055511151231257827…: ten of them exceed 1 by 5.55e-17, less than half a unit
        assert_eq!(sum(&[0.1; 10]).parts(), [1.0, 5.551_115_123_125_783e-17, 0.0]);
        // 1 is bit 1,075 above the lowest: bit 19 of piece 33
        assert_eq!(text(sum(&[1.0])), "33:00080000");
        assert_eq!(text(sum(&[-1.0, 0.0])), "-33:00080000");
        for (values, written) in [(&[f64::INFINITY][..], "inf"), (&[f64::NEG_INFINITY, 3.0], "-inf")] {
            assert_eq!((sum(values).value(), text(sum(values)).as_str()), (values[0], written));
        }
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).value().is_nan() && sum(&[f64::NAN]).value().is_nan());
    }

    #[test]
    fn by_hand_products() {
        let third = 1.0 / 3.0;
        let mut sum = ExactSum::default();
        // (2⁵³ − 1)² = 2¹⁰⁶ − 2⁵⁴ + 1
        let odd = 2f64.powi(53) - 1.0;
        sum.add_product(odd, odd);
        assert_eq!(sum.parts(), [2f64.powi(106) - 2f64.powi(54), 1.0, 0.0]);
        let mut sum = ExactSum::default();
        sum.add_product(third, 3.0);
        sum.add(-1.0);
        // 3 × 0.333…33314829616256247
        assert_eq!(sum.value(), -(2f64.powi(-54)));
    }

    #[test]
    fn contract_what_is_no_sum_is_refused() {
        for wrong in ["", "1", "1:", "1:0", "x:00000001", "67:00000001", "-1:0000000g", "1:ффффффф1", "1:+0000001é"]
        {
            assert!(ExactSum::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn contract_order_and_parts_do_not_matter(values in prop::collection::vec(any::<i32>(), 0..3000), at in 0usize..3000) {
            // magnitudes from 2⁻⁶⁰ to 2⁵⁰
            let values: Vec<f64> = values.iter().map(|&v| f64::from(v) * 2f64.powi(v.rem_euclid(80) - 60)).collect();
            let whole = text(sum(&values));
            let reversed: Vec<f64> = values.iter().rev().copied().collect();
            prop_assert_eq!(&whole, &text(sum(&reversed)));
            let (first, second) = values.split_at(at.min(values.len()));
            let mut parts = sum(second);
            parts.absorb(&ExactSum::try_from(text(sum(first))).unwrap());
            prop_assert_eq!(&whole, &text(parts));
            prop_assert_eq!(parts.value().to_bits(), sum(&values).value().to_bits());
            // 2⁶⁰ times each is a whole number, and the sum of so many fits into 128 bits
            let exact: i128 = values.iter().map(|v| (v * 2f64.powi(60)) as i128).sum();
            prop_assert_eq!(parts.value(), exact as f64 * 2f64.powi(-60));
        }
    }
}
