//! Addressed random numbers: a value is a pure function of (seed, replicate, variable, patient).
//!
//! Carrier: ChaCha8 (Bernstein 2008). *Key* = SHA-256 of ("patency/1", seed, kind, name, label), made once per scenario;
//! *stream* = replicate; *position* = patient. No generator is passed around and advanced, so any value can be had again
//! alone, for any number of threads, in any order. The only file that names a generator.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// Values of sparse numbers are looked up in chunks of so many.
const RUN: usize = 256;

/// Values of dense numbers that are handed over at once: the words of a refill of the generator, so that nothing is set to zero in vain.
const DENSE: usize = 64;

/// Replicate number; replicates are numbered from 0.
pub type Replicate = u64;

/// First number of truth-only replicates.
pub const TRUTH_REPLICATES: Replicate = 1 << 40;

/// Where the random numbers of one purpose live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    key: [u8; 32],
}

/// Which patients' values are read: a run of consecutive numbers, or some numbers in ascending order.
#[derive(Clone, Copy, Debug)]
pub enum Index<'a> {
    /// `len` numbers from `first` on.
    Dense {
        /// First number.
        first: u32,
        /// How many.
        len: usize,
    },
    /// These numbers, ascending.
    Sparse(&'a [u32]),
}

impl Index<'_> {
    /// How many numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Index::Dense { len, .. } => *len,
            Index::Sparse(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Address {
    /// The address of what is called `name` (and within it `label`) among things of a `kind`; labels, never indices.
    #[must_use]
    pub fn new(seed: u64, kind: &str, name: &str, label: &str) -> Self {
        let mut hash = Sha256::new();
        for part in ["patency/1".as_bytes(), &seed.to_le_bytes(), kind.as_bytes(), name.as_bytes(), label.as_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self { key: hash.finalize().into() }
    }

    fn stream(&self, replicate: Replicate, word: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::from_seed(self.key);
        rng.set_stream(replicate);
        if word != 0 {
            rng.set_word_pos(u128::from(word));
        }
        rng
    }

    /// Hands over the 32-bit words of the numbers of `index`, in runs: `take(at, words)` gets those of positions
    /// `at..at + words.len()`.
    #[inline]
    pub fn words32(&self, replicate: Replicate, index: Index<'_>, take: impl FnMut(usize, &[u32])) {
        self.read::<u32, 1>(replicate, index, u32::from_le, take);
    }

    /// As [`Address::words32`] with 64-bit words.
    #[inline]
    pub fn words64(&self, replicate: Replicate, index: Index<'_>, take: impl FnMut(usize, &[u64])) {
        self.read::<u64, 2>(replicate, index, u64::from_le, take);
    }

    /// out\[i\] = uniform in (0, 1) of the i-th number of `index`.
    pub fn uniforms(&self, replicate: Replicate, index: Index<'_>, out: &mut [f64]) {
        self.words64(replicate, index, |at, words| {
            for (o, &w) in out[at..].iter_mut().zip(words) {
                *o = unit(w);
            }
        });
    }

    /// Reads chunks: a dense run of `DENSE` values from its first number, sparse numbers from chunks aligned at multiples of `RUN`.
    /// `WORDS` is how many 32-bit words a value takes.
    #[inline]
    fn read<W: bytemuck::Pod, const WORDS: u64>(
        &self,
        replicate: Replicate,
        index: Index<'_>,
        native: impl Fn(W) -> W,
        mut take: impl FnMut(usize, &[W]),
    ) {
        let fill = |rng: &mut ChaCha8Rng, words: &mut [W]| {
            rng.fill_bytes(bytemuck::cast_slice_mut(words));
            if cfg!(target_endian = "big") {
                words.iter_mut().for_each(|w| *w = native(*w));
            }
        };
        match index {
            Index::Dense { first, len } => {
                let mut rng = self.stream(replicate, u64::from(first) * WORDS);
                let mut words = [W::zeroed(); DENSE];
                let mut done = 0;
                while done < len {
                    let part = &mut words[..(len - done).min(DENSE)];
                    fill(&mut rng, part);
                    take(done, part);
                    done += part.len();
                }
            }
            Index::Sparse(numbers) => {
                let Some(&start) = numbers.first() else { return };
                let mut base = start - start % RUN as u32;
                let mut rng = self.stream(replicate, u64::from(base) * WORDS);
                let (mut words, mut picked) = ([W::zeroed(); RUN], [W::zeroed(); RUN]);
                let mut done = 0;
                while done < numbers.len() {
                    let end = base + RUN as u32;
                    let run = numbers[done..].partition_point(|&k| k < end);
                    if run == 0 {
                        // a gap of at least a chunk: seek
                        base = numbers[done] - numbers[done] % RUN as u32;
                        rng.set_word_pos(u128::from(u64::from(base) * WORDS));
                        continue;
                    }
                    fill(&mut rng, &mut words);
                    for (p, &k) in picked.iter_mut().zip(&numbers[done..done + run]) {
                        *p = words[(k - base) as usize % RUN];
                    }
                    take(done, &picked[..run]);
                    done += run;
                    base = end;
                }
            }
        }
    }
}

/// A uniform from a 64-bit word: (k + ½)·2⁻⁵² with k its top 52 bits, exact, from 1.1e-16 to 1 − 1.1e-16. With 53 bits the top
/// cell would round to 1.0.
#[must_use]
#[inline(always)]
pub fn unit(word: u64) -> f64 {
    f64::from_bits((word >> 12) | 0x3FF0_0000_0000_0000) - (1.0 - f64::EPSILON / 2.0)
}

/// A uniform from a 32-bit word: (w + ½)·2⁻³².
#[must_use]
#[inline(always)]
pub fn unit32(word: u32) -> f64 {
    (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0)
}

/// The smallest 32-bit word w with (w + ½)·2⁻³² > `cumulative`, from 0 to 2³² (never).
#[must_use]
pub fn cut_point(cumulative: f64) -> u64 {
    let x = (cumulative * 4_294_967_296.0 - 0.5).floor() + 1.0;
    x.clamp(0.0, 4_294_967_296.0) as u64
}

/// Words of one address and replicate in order: word j belongs to the j-th thing (arrival, block) of the purpose.
#[derive(Clone, Debug)]
pub struct Sequence(ChaCha8Rng);

impl Sequence {
    /// The words of `address` in `replicate`, from the first.
    #[must_use]
    pub fn new(address: &Address, replicate: Replicate) -> Self {
        Self(address.stream(replicate, 0))
    }

    /// The words from number `word` on.
    #[must_use]
    pub fn at(address: &Address, replicate: Replicate, word: u64) -> Self {
        Self(address.stream(replicate, word))
    }

    /// The next of the numbers 0 … n − 1, all alike to 2⁻⁶⁴ n, from a 64-bit word.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// The next 32-bit word.
    #[inline]
    pub fn word32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// The next 64-bit word.
    #[inline]
    pub fn word64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// The next uniform in (0, 1), from a 64-bit word.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        unit(self.0.next_u64())
    }
}
