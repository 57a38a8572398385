//! The small generator of members that reject: what one addressed word becomes when a draw needs more words than one.

use std::convert::Infallible;

use rand::TryRng;

use super::Arg;

/// `SplitMix64` started at an addressed word.
///
/// Source: Steele, Lea, Flood (2014), OOPSLA '14, 453–472; constants of Stafford's mix 13.
#[derive(Debug)]
pub(super) struct Seeded(pub(super) u64);

/// out\[i\] = the value that `law` draws from word i; made once where its two parameters are the same for every row. NaN where there is no
/// such law.
pub(super) fn samples<L: rand_distr::Distribution<f64>>(
    words: &[u64],
    p: &[Arg<'_>],
    first: usize,
    out: &mut [f64],
    law: impl Fn(f64, f64) -> Option<L>,
) {
    let draw = |law: &Option<L>, word: u64| law.as_ref().map_or(f64::NAN, |law| law.sample(&mut Seeded(word)));
    if let [Arg::One(a), Arg::One(b)] = *p {
        let law = law(a, b);
        for (out, &word) in out.iter_mut().zip(words) {
            *out = draw(&law, word);
        }
    } else if let [a, b] = p {
        for (i, (out, &word)) in out.iter_mut().zip(words).enumerate() {
            *out = draw(&law(a.at(first + i), b.at(first + i)), word);
        }
    }
}

impl Seeded {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.word() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
