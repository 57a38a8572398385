//! Permuted blocks within strata. A block is addressed by (stratum, block number): one 32-bit word chooses its size and, by the
//! fraction left over, its permutation. Where all blocks are of two patients and there is one stratum, a block takes one bit.

use super::{Allocate, BlockState, Enrolled, Stratum};
use crate::random::{Address, Index, Replicate, Sequence};

/// All arrangements of one block size.
#[derive(Debug)]
struct Size {
    size: usize,
    /// First entry in the table.
    offset: usize,
    permutations: u64,
}

#[derive(Debug)]
pub(super) struct Blocks {
    addresses: Vec<Address>,
    sizes: Vec<Size>,
    table: Vec<u8>,
    /// See [`octets`].
    octets: Vec<[u8; 16]>,
}

impl Blocks {
    pub(super) fn new(seed: u64, ratios: &[u32], sizes: &[u32], strata: &[String]) -> Self {
        let total: u32 = ratios.iter().sum();
        let mut table = Vec::new();
        let mut all = Vec::new();
        for &size in sizes {
            let mut left: Vec<u32> = ratios.iter().map(|r| r * size / total).collect();
            let offset = table.len();
            arrange(&mut left, &mut Vec::with_capacity(size as usize), size as usize, &mut table);
            let permutations = ((table.len() - offset) / size as usize) as u64;
            all.push(Size { size: size as usize, offset, permutations });
        }
        let addresses = strata.iter().map(|label| Address::new(seed, "allocation", "blocks", label)).collect();
        Self { addresses, sizes: all, octets: octets(sizes, &table), table }
    }

    /// Range of the table that a block's word stands for.
    #[inline(always)]
    fn block(&self, word: u32) -> (usize, usize) {
        let (size, rest) = if let [only] = &self.sizes[..] {
            (only, u64::from(word))
        } else {
            let scaled = u64::from(word) * self.sizes.len() as u64;
            (&self.sizes[(scaled >> 32) as usize], scaled & 0xFFFF_FFFF)
        };
        let start = size.offset + ((rest * size.permutations) >> 32) as usize * size.size;
        (start, start + size.size)
    }

    /// One stratum: the words of all blocks are read in bulk.
    fn allocate_one(&self, replicate: Replicate, arm: &mut [u8]) {
        if !self.octets.is_empty() {
            return self.allocate_pairs(replicate, arm);
        }
        let smallest = self.sizes.iter().map(|s| s.size).min().unwrap_or(1);
        let blocks = arm.len().div_ceil(smallest);
        let mut done = 0;
        self.addresses[0].words32(replicate, Index::Dense { first: 0, len: blocks }, |_, words| {
            for &w in words {
                if done >= arm.len() {
                    return;
                }
                let (start, end) = self.block(w);
                let len = (end - start).min(arm.len() - done);
                arm[done..done + len].copy_from_slice(&self.table[start..start + len]);
                done += len;
            }
        });
    }

    /// One stratum of blocks of two: block b is turned round by bit b mod 32 of word b div 32.
    fn allocate_pairs(&self, replicate: Replicate, arm: &mut [u8]) {
        let words = arm.len().div_ceil(64);
        self.addresses[0].words32(replicate, Index::Dense { first: 0, len: words }, |at, words| {
            let mut whole = arm[64 * at..].chunks_exact_mut(64);
            let mut words = words.iter();
            for (arms, w) in (&mut whole).zip(&mut words) {
                for (arms, byte) in arms.as_chunks_mut::<16>().0.iter_mut().zip(w.to_le_bytes()) {
                    *arms = self.octets[usize::from(byte)];
                }
            }
            if let Some(w) = words.next() {
                for (arms, byte) in whole.into_remainder().chunks_mut(16).zip(w.to_le_bytes()) {
                    arms.copy_from_slice(&self.octets[usize::from(byte)][..arms.len()]);
                }
            }
        });
    }
}

/// The arms of eight blocks of two for each byte of random bits; empty where blocks are not of two patients in two arms.
fn octets(sizes: &[u32], table: &[u8]) -> Vec<[u8; 16]> {
    let ([2], [a, b, c, d]) = (sizes, table) else { return Vec::new() };
    let blocks = [[*a, *b], [*c, *d]];
    (0..256).map(|byte| std::array::from_fn(|i| blocks[(byte >> (i / 2)) & 1][i % 2])).collect()
}

fn arrange(left: &mut [u32], so_far: &mut Vec<u8>, size: usize, table: &mut Vec<u8>) {
    if so_far.len() == size {
        table.extend_from_slice(so_far);
        return;
    }
    for arm in 0..left.len() {
        if left[arm] > 0 {
            left[arm] -= 1;
            so_far.push(arm as u8);
            arrange(left, so_far, size, table);
            so_far.pop();
            left[arm] += 1;
        }
    }
}

impl Allocate for Blocks {
    fn allocate(&self, replicate: Replicate, enrolled: Enrolled<'_>, state: &mut BlockState, arm: &mut [u8]) {
        if enrolled.stratum.is_empty() {
            self.allocate_one(replicate, arm);
            return;
        }
        if state.strata.is_empty() {
            let fresh = |a| Stratum { generation: 0, sequence: Sequence::new(a, 0), next: 0, end: 0 };
            state.strata.extend(self.addresses.iter().map(fresh));
        }
        state.generation += 1;
        let generation = state.generation;
        for (arm, &s) in arm.iter_mut().zip(enrolled.stratum) {
            let stratum = &mut state.strata[s as usize];
            if stratum.generation != generation {
                *stratum = Stratum {
                    generation,
                    sequence: Sequence::new(&self.addresses[s as usize], replicate),
                    next: 0,
                    end: 0,
                };
            }
            if stratum.next == stratum.end {
                (stratum.next, stratum.end) = self.block(stratum.sequence.word32());
            }
            *arm = self.table[stratum.next];
            stratum.next += 1;
        }
    }
}
