//! Addressed random numbers: a value is a pure function of (seed, replicate, variable, patient).
//!
//! Carrier: ChaCha8 (Bernstein 2008). *Key* = SHA-256 of ("patency/1", seed, kind, name, label), made once per scenario;
//! *stream* = replicate; *position* = patient. No generator is passed around and advanced, so any value can be had again
//! alone, for any number of threads, in any order. The only file that names a generator.
//!
//! Columns are written by `chacha20`, many blocks at once and straight to where they are read; numbers that are asked for one by one come
//! from `rand_chacha`. Both are the same stream.

use chacha20::cipher::{KeyIvInit, StreamCipherCore, StreamCipherSeekCore, array::Array};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::math::wide::wide;

/// Values of sparse numbers are looked up in chunks of so many.
const RUN: usize = 256;

/// Values of dense numbers that are handed over at once: 16 blocks of the stream or more, the most that a processor makes together.
const DENSE: usize = 256;

/// 32-bit words of a block of the stream.
const BLOCK: u64 = 16;

/// Blocks are made in multiples of so many: one alone takes longer than two.
const TOGETHER: usize = 2;

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

    /// The stream of a replicate from a block on.
    fn blocks(&self, replicate: Replicate, block: u64) -> Blocks {
        let mut nonce = [0; 12];
        // the upper half of a 64-bit counter comes first: no column is as long
        nonce[4..].copy_from_slice(&replicate.to_le_bytes());
        let mut blocks = Blocks(Core::new((&self.key).into(), (&nonce).into()));
        blocks.seek(block);
        blocks
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
        if let Index::Dense { first: 0, len } = index {
            let out = &mut out[..len];
            // words stand where their uniforms will
            let words: &mut [u64] = bytemuck::cast_slice_mut(out);
            let mut stream = self.blocks(replicate, 0);
            const PART: usize = TOGETHER * BLOCK as usize / 2;
            let whole = len - len % PART;
            stream.fill(&mut words[..whole]);
            if whole < len {
                let mut last = [0_u64; PART];
                stream.fill(&mut last);
                words[whole..].copy_from_slice(&last[..len - whole]);
            }
            wide!(for o in &mut *out {
                *o = unit(u64::from_le(o.to_bits()));
            });
            return;
        }
        self.words64(replicate, index, |at, words| {
            for (o, &w) in out[at..].iter_mut().zip(words) {
                *o = unit(w);
            }
        });
    }

    /// Reads chunks: dense numbers `DENSE` at a time from the block of the first one on, sparse ones from chunks aligned at multiples of
    /// `RUN`. `WORDS` is how many 32-bit words a value takes.
    #[inline]
    fn read<W: bytemuck::Pod, const WORDS: u64>(
        &self,
        replicate: Replicate,
        index: Index<'_>,
        native: impl Fn(W) -> W,
        mut take: impl FnMut(usize, &[W]),
    ) {
        let a_block = BLOCK / WORDS;
        let fill = |stream: &mut Blocks, words: &mut [W]| {
            stream.fill(words);
            if cfg!(target_endian = "big") {
                words.iter_mut().for_each(|w| *w = native(*w));
            }
        };
        match index {
            Index::Dense { first, len } => {
                let mut stream = self.blocks(replicate, u64::from(first) / a_block);
                let mut skip = (u64::from(first) % a_block) as usize;
                let mut words = [W::zeroed(); DENSE];
                let mut done = 0;
                while done < len {
                    let end = (skip + len - done).min(DENSE);
                    fill(&mut stream, &mut words[..end.next_multiple_of(TOGETHER * a_block as usize)]);
                    take(done, &words[skip..end]);
                    done += end - skip;
                    skip = 0;
                }
            }
            Index::Sparse(numbers) => {
                let Some(&start) = numbers.first() else { return };
                let mut base = start - start % RUN as u32;
                let mut stream = self.blocks(replicate, u64::from(base) / a_block);
                let (mut words, mut picked) = ([W::zeroed(); RUN], [W::zeroed(); RUN]);
                let mut done = 0;
                while done < numbers.len() {
                    let end = base + RUN as u32;
                    let run = numbers[done..].partition_point(|&k| k < end);
                    if run == 0 {
                        // a gap of at least a chunk: seek
                        base = numbers[done] - numbers[done] % RUN as u32;
                        stream.seek(u64::from(base) / a_block);
                        continue;
                    }
                    fill(&mut stream, &mut words);
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

/// Eight rounds, a counter of 32 bits.
type Core = chacha20::ChaChaCore<chacha20::R8, chacha20::variants::Ietf>;

/// A stream, in whole blocks.
struct Blocks(Core);

impl Blocks {
    /// Goes on from a block. Numbers have 32 bits, and at most half as many blocks.
    fn seek(&mut self, block: u64) {
        StreamCipherSeekCore::set_block_pos(&mut self.0, block as u32);
    }

    /// Writes the next blocks: `words` are whole blocks.
    #[inline]
    fn fill<W: bytemuck::Pod>(&mut self, words: &mut [W]) {
        let (blocks, rest) = Array::slice_as_chunks_mut(bytemuck::cast_slice_mut(words));
        debug_assert!(rest.is_empty());
        self.0.write_keystream_blocks(blocks);
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
        let mut rng = ChaCha8Rng::from_seed(address.key);
        rng.set_stream(replicate);
        Self(rng)
    }

    /// The words from number `word` on.
    #[must_use]
    pub fn at(address: &Address, replicate: Replicate, word: u64) -> Self {
        let Self(mut rng) = Self::new(address, replicate);
        rng.set_word_pos(u128::from(word));
        Self(rng)
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
