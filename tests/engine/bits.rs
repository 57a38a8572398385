//! Covers: the value of a draw is an interface. Changing any figure here is a value-breaking change.

use patency::engine::{self, RowRecord};
use patency::protocol::{Protocol, Wanted};
use patency::random::{Address, Index, Sequence, TRUTH_REPLICATES};
use patency::scenario::Options;
use patency::workspace::Workspace;

use super::common::{P1, P2, P4, read};

fn uniforms(address: &Address, replicate: u64, index: Index<'_>) -> Vec<u64> {
    let mut out = vec![0.0; index.len()];
    address.uniforms(replicate, index, &mut out);
    out.into_iter().map(f64::to_bits).collect()
}

/// From SHA-256 and ChaCha8 written anew from their definitions (key, 64-bit counter, 64-bit stream): word 2i is the low half of
/// number i, its top 52 bits k give (k + ½)·2⁻⁵².
#[test]
fn reference_uniforms_at_their_addresses() {
    let age = Address::new(1, "variable", "age", "");
    let numbers = [0, 1, 255, 256, 100_000];
    let expected = [
        0x3fca_198a_e033_bb14,
        0x3fed_ba3a_c061_7de5,
        0x3fdf_1941_4064_4866,
        0x3fda_e90e_fc08_c3d6,
        0x3fe8_b358_7f84_0393,
    ];
    assert_eq!(uniforms(&age, 0, Index::Sparse(&numbers)), expected);
    assert_eq!(uniforms(&age, 0, Index::Dense { first: 255, len: 2 }), expected[2..4]);
    assert_eq!(uniforms(&age, 5, Index::Dense { first: 0, len: 1 }), [0x3fd5_fa96_d0e3_774a]);
    assert_eq!(uniforms(&age, TRUTH_REPLICATES, Index::Sparse(&[7])), [0x3fed_f6f4_47ce_c021]);

    let consent = Address::new(1, "criterion", "consent", "");
    let mut words = Vec::new();
    consent.words32(3, Index::Sparse(&[0, 1, 2, 300]), |_, w| words.extend_from_slice(w));
    assert_eq!(words, [0x8d9d_74c2, 0x7eb4_566b, 0xd9af_de50, 0x4597_6b2c]);

    let mut site = Sequence::new(&Address::new(2026, "enrolment", "site", "Universität Leipzig"), 9);
    let gaps: Vec<u64> = (0..3).map(|_| site.uniform().to_bits()).collect();
    assert_eq!(gaps, [0x3fdc_fa00_218e_7f82, 0x3fea_d848_691b_af9b, 0x3fb1_f4e9_135c_a9f8]);
    let mut block = Sequence::new(&Address::new(1, "allocation", "blocks", "age >= 65=1;"), 0);
    assert_eq!([block.word32(), block.word32(), block.word32()], [0x1e04_6e00, 0xa15a_903c, 0x401c_de16]);
}

#[test]
fn contract_dense_and_sparse_numbers_are_the_same_values() {
    let address = Address::new(9, "variable", "x", "");
    let all = uniforms(&address, 4, Index::Dense { first: 0, len: 5000 });
    // gaps within a chunk, of a chunk, of several
    let some: Vec<u32> =
        (0..5000).filter(|k| k % 7 == 3 || k % 1024 < 5 || *k > 4900).filter(|k| !(1500..3600).contains(k)).collect();
    let picked: Vec<u64> = some.iter().map(|&k| all[k as usize]).collect();
    assert_eq!(uniforms(&address, 4, Index::Sparse(&some)), picked);
    for first in [1, 255, 256, 4000] {
        assert_eq!(uniforms(&address, 4, Index::Dense { first, len: 999 }), all[first as usize..first as usize + 999]);
    }
}

/// Columns and single words come from two implementations of the stream: any run of a column, whole blocks or not, is what the other gives.
#[test]
fn twin_columns_are_the_words_of_the_sequence() {
    let address = Address::new(9, "variable", "x", "");
    for first in [0, 1, 7, 16, 31, 250, 255, 256, 5_000] {
        for len in [0, 1, 15, 16, 17, 31, 33, 240, 256, 257, 700] {
            for replicate in [0, 5, TRUTH_REPLICATES + 3] {
                let index = Index::Dense { first, len };
                let (mut halves, mut whole) = (Vec::new(), Vec::new());
                address.words32(replicate, index, |at, w| {
                    assert_eq!(at, halves.len());
                    halves.extend_from_slice(w);
                });
                address.words64(replicate, index, |at, w| {
                    assert_eq!(at, whole.len());
                    whole.extend_from_slice(w);
                });
                let mut one = Sequence::at(&address, replicate, u64::from(first));
                assert!(halves.len() == len && halves.iter().all(|&w| w == one.word32()), "{first} {len}");
                let mut one = Sequence::at(&address, replicate, 2 * u64::from(first));
                assert!(whole.len() == len && whole.iter().all(|&w| w == one.word64()), "{first} {len}");
                let mut one = Sequence::at(&address, replicate, 2 * u64::from(first));
                let expected: Vec<u64> = (0..len).map(|_| one.uniform().to_bits()).collect();
                assert_eq!(uniforms(&address, replicate, index), expected, "{first} {len}");
            }
        }
    }
}

/// Estimate and standard error of replicate 0 at seed 1, on CI's target.
#[test]
fn contract_one_row_of_each_yardstick() {
    let first = |text| {
        let scenario = read(text, &Options::default());
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let mut rows = [RowRecord::EMPTY];
        engine::replicate(&protocol, 0, &mut Workspace::new(&protocol), &mut [], &mut rows).expect("no fault");
        [rows[0].estimate.estimate.to_bits(), rows[0].estimate.se.to_bits()]
    };
    let found = [P1, P2, P4].map(first);
    let expected = [
        [0x3fc4_7ae1_47ae_147a, 0x3fac_cb2c_6e39_9641],
        [0xbfca_ac0a_e4fd_f5b2, 0x3fba_43bc_8d78_22c3],
        [0x3fbf_e1d8_1f29_f76a, 0x3fc3_b348_9ccf_c3d8],
    ];
    assert!(found == expected, "{found:#018x?}");
}
