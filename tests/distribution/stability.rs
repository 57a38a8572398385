//! The value of a draw is an interface: exact bits, for members that reject those of Linux on x86-64 (system `ln`, `exp`). A
//! change here is *value-breaking* and belongs into the changelog.

use super::{build, parameters, quantile};
use patency::distribution::{Arg, Draw};

const U: [f64; 5] = [1e-9, 0.04, 0.35, 0.5, 0.999];

/// Quantiles at [`U`], or values of the seeds 1 … 5, or codes at [`U`].
fn draws(member: &str, table: &str) -> [u64; 5] {
    let law = build(member, table);
    let p = parameters(law.as_ref(), 1);
    match law.draw() {
        Draw::Quantile => {
            let x = quantile(law.as_ref(), &U, 1);
            std::array::from_fn(|i| x[i].to_bits())
        }
        Draw::Seeded => std::array::from_fn(|i| law.sample(i as u64 + 1, &p).to_bits()),
        Draw::Code { .. } => {
            let p: Vec<Arg<'_>> = p.iter().map(|x| Arg::One(*x)).collect();
            let mut codes = [0; 5];
            law.code(&U, &p, &mut codes);
            codes.map(u64::from)
        }
        Draw::Derived => unreachable!("has no draws"),
    }
}

#[test]
fn contract_bits_of_draws() {
    #[rustfmt::skip]
    let fixed: &[(&str, &str, [u64; 5])] = &[
        ("normal", "{ mean = 53, sd = 14 }", [0xc03e_f823_ed70_7bc8, 0x403c_7d8a_86e1_ba98, 0x4047_cd81_7724_19a8, 0x404a_8000_0000_0000, 0x4058_10d9_201e_1df1]),
        ("normal", "{ mean = 53, sd = 14, min = 18, max = 100 }", [0x4032_0000_0d4f_c600, 0x403d_6725_d3f2_c815, 0x4047_e054_2ca5_93ed, 0x404a_8d0f_f188_9a31, 0x4057_b88f_6d5a_b973]),
        ("lognormal", "{ mean-log = 1.5, sd-log = 0.7 }", [0x3fb1_3b25_943d_e125, 0x3ff5_0deb_a6cd_0f66, 0x400b_609c_2334_0f51, 0x4011_ed3f_e64f_c541, 0x4043_7e02_2881_7da6]),
        ("gamma", "{ shape = 2, scale = 4.5 }", [0x4020_bf65_023e_b518, 0x4021_30b1_34d3_6cf3, 0x4013_70d4_b653_bc81, 0x401a_de64_1698_3946, 0x4015_75c6_e914_f906]),
        ("uniform", "{ min = 0.5, max = 14 }", [0x3fe0_0000_073f_6d06, 0x3ff0_a3d7_0a3d_70a4, 0x4014_e666_6666_6666, 0x401d_0000_0000_0000, 0x402b_f916_872b_020c]),
        ("bernoulli", "{ probability = 0.6 }", [0, 0, 0, 1, 1]),
        ("poisson", "{ mean = 2.5 }", [0x4010_0000_0000_0000, 0x4010_0000_0000_0000, 0x3ff0_0000_0000_0000, 0x4010_0000_0000_0000, 0x4000_0000_0000_0000]),
        ("poisson", "{ mean = 30 }", [0x403e_0000_0000_0000, 0x403e_0000_0000_0000, 0x403b_0000_0000_0000, 0x403d_0000_0000_0000, 0x403b_0000_0000_0000]),
        ("categorical", "{ probabilities = [0.2, 0.3, 0.5] }", [1, 1, 2, 2, 3]),
        ("ordinal", "{ probabilities = [0.4, 0.3, 0.2, 0.1], odds-ratio = 0.6 }", [1, 1, 1, 1, 4]),
        ("exponential", "{ rate = 0.07 }", [0x3e4e_ada7_7df8_bd06, 0x3fe2_a956_f6ae_9f69, 0x4018_9dbd_18b5_4aa6, 0x4023_cde0_63a8_8f27, 0x4058_aba9_76d2_db17]),
        ("weibull", "{ shape = 1.3, scale = 14 }", [0x3ebc_0a1f_c757_3708, 0x3ff3_212b_3804_6f98, 0x401d_4c77_c69b_3d0a, 0x4025_1efe_f609_7c22, 0x404e_f4ae_6c7f_1551]),
        ("beta", "{ alpha = 2, beta = 5 }", [0x3fd4_87ac_30ee_5364, 0x3fd5_69d9_8c9d_89c2, 0x3fb9_bc54_32b4_db58, 0x3fd0_2286_38df_45e0, 0x3fcd_9483_2f14_bc88]),
        ("binomial", "{ trials = 10, probability = 0.3 }", [0x4008_0000_0000_0000, 0x4008_0000_0000_0000, 0x3ff0_0000_0000_0000, 0x4008_0000_0000_0000, 0x4008_0000_0000_0000]),
        ("binomial", "{ trials = 300, probability = 0.6 }", [0x4066_0000_0000_0000, 0x4066_2000_0000_0000, 0x4067_8000_0000_0000, 0x4066_c000_0000_0000, 0x4066_a000_0000_0000]),
        ("gompertz", "{ shape = 0.05, rate = 0.02 }", [0x3e6a_d7f2_8da9_87ea, 0x3fff_18b5_248c_b126, 0x402d_3c74_eee7_2551, 0x4034_1b66_6f6f_1072, 0x404d_0d61_7d77_bdb2]),
        ("gompertz", "{ shape = -0.02, risk = 0.3, by = 12 }", [0x3e60_0ef9_daf9_98eb, 0x3ff3_c774_751e_26b2, 0x402d_cd08_a0f6_ce44, 0x403a_c72a_7a10_68a1, 0x7ff0_0000_0000_0000]),
        ("log-logistic", "{ shape = 1.5, median = 14, hazard-ratio = 0.8 }", [0x3ef1_08e2_6ce2_8830, 0x3fff_58f4_26a1_7885, 0x4026_5af1_1cbe_4a61, 0x4031_5707_0880_3216, 0x40b1_4aa9_f284_83b0]),
        ("piecewise-exponential", "{ rates = [0.02, 0.01], from = [0, 6], hazard-ratio = 1.5 }", [0x3e61_e54c_5ed1_18ee, 0x3ff5_c590_1fcb_b9fb, 0x4036_b807_477e_2c6d, 0x4044_1adb_1eef_51ae, 0x407c_6845_b54b_54f1]),
    ];
    let mut differing = String::new();
    for (member, table, wanted) in fixed {
        let found = draws(member, table);
        if found != *wanted {
            differing += &format!("{member} = {table}: {found:#x?}\n");
        }
    }
    assert!(differing.is_empty(), "{differing}");
}
