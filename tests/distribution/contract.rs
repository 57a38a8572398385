//! What every member owes, over the examples of the whole family and some harder tables.

use super::{build, parameters, quantile, try_build, values};
use patency::distribution::{Arg, Distribution, Domain, Draw, FAMILY};
use patency::math::special::normal_cdf;

/// Remote tails, with the smallest and largest uniform, and an even grid: ascending.
fn uniforms() -> Vec<f64> {
    let tail = [1e-16, f64::EPSILON / 2.0, 1e-13, 1e-10, 1e-7, 1e-5];
    let mut u: Vec<f64> = tail.to_vec();
    u.extend((1..1500).map(|i| f64::from(i) / 1500.0));
    u.extend(tail.iter().rev().map(|t| 1.0 - t));
    u
}

/// Every example in both arms, and tables that examples do not reach.
fn laws() -> Vec<(String, Box<dyn Distribution>)> {
    let mut laws: Vec<_> =
        FAMILY.iter().map(|m| (m.form.name.to_owned(), build(m.form.name, m.form.example))).collect();
    let harder = [
        ("normal", "{ mean = 53, sd = 14 }"),
        ("normal", "{ mean = 0, sd = 1, min = 7, max = 9 }"),
        ("normal", "{ mean = 0, sd = 1, min = 30 }"),
        ("normal", "{ mean = 0, sd = 1, max = -12 }"),
        ("normal", "{ mean = 0, sd = 1, min = -0.4, max = 0.5 }"),
        ("normal", r#"{ mean = "if(treatment, 4, 8)", sd = 3, min = 5 }"#),
        ("lognormal", "{ mean = 8, sd = 5 }"),
        ("uniform", "{ min = -3, max = 0.1 }"),
        ("bernoulli", "{ probability = 0 }"),
        ("bernoulli", "{ probability = 1 }"),
        ("categorical", r#"{ probabilities = ["if(treatment, 0.2, 0.3)", "if(treatment, 0.8, 0.7)", 0] }"#),
        ("ordinal", "{ probabilities = [0, 0.3, 0.2, 0.5, 0], odds-ratio = 3 }"),
        ("exponential", "{ median = 1e-6 }"),
        ("weibull", "{ shape = 0.3, scale = 100, hazard-ratio = 2.5 }"),
        ("weibull", "{ shape = 9, median = 4 }"),
        ("gompertz", "{ shape = 0.3, rate = 1e-4, hazard-ratio = 2 }"),
        ("gompertz", "{ shape = 0, median = 9 }"),
        ("gompertz", "{ shape = 1e-9, rate = 0.1 }"),
        ("gompertz", "{ shape = 90, median = 12 }"),
        ("log-logistic", "{ shape = 0.6, scale = 14, hazard-ratio = 1.7 }"),
        ("log-logistic", "{ shape = 3, risk = 0.02, by = 9, hazard-ratio = 0.03 }"),
        ("piecewise-exponential", "{ rates = [0, 0.5, 0, 0.1], from = [0, 1, 2, 30], hazard-ratio = 0.8 }"),
    ];
    laws.extend(harder.iter().map(|(m, t)| (format!("{m} = {t}"), build(m, t))));
    laws
}

#[test]
fn contract_examples_build_and_name_their_keys() {
    let mut names: Vec<&str> = FAMILY.iter().map(|m| m.form.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FAMILY.len());
    for member in FAMILY {
        let form = member.form;
        let given = values(form, form.example);
        for key in form.keys {
            assert!(
                !key.doc.is_empty() && key.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{}.{}",
                form.name,
                key.name
            );
            assert!(!key.required || given.get(key.name).is_some(), "{}.{}", form.name, key.name);
        }
        // A required key that is missing is a complaint too, so that no caller can bring about a panic.
        let wrong = try_build(form.name, "{}").map(|law| law.draw());
        assert!(wrong.is_err(), "{}", form.name);
    }
}

#[test]
fn contract_parameters_lie_in_their_domains() {
    for (name, law) in laws() {
        for arm in [0, 1] {
            for (p, x) in law.parameters().iter().zip(parameters(law.as_ref(), arm)) {
                let inside = match p.domain {
                    Domain::Real => x.is_finite(),
                    Domain::Positive => x.is_finite() && x > 0.0,
                    Domain::NonNegative => x.is_finite() && x >= 0.0,
                    Domain::Probability => (0.0..=1.0).contains(&x),
                    Domain::OpenProbability => x > 0.0 && x < 1.0,
                    Domain::Count => x >= 0.0 && x.fract() == 0.0,
                };
                assert!(inside, "{name}: {} = {x}", p.name);
            }
        }
    }
}

/// S(F⁻¹(u)) = 1 − u to 1e-12, beyond what the last digits of the value (and of the location added to it) decide.
#[test]
fn contract_survival_of_quantile() {
    let u = uniforms();
    let mut members = 0;
    for (name, law) in laws() {
        if law.draw() != Draw::Quantile {
            continue;
        }
        members += 1;
        for arm in [0, 1] {
            let p = parameters(law.as_ref(), arm);
            let x = quantile(law.as_ref(), &u, arm);
            let location = quantile(law.as_ref(), &[0.5], arm)[0].abs();
            let last_digits = |x: f64| 8.0 * f64::EPSILON * (location + x.abs());
            for w in x.windows(2) {
                assert!(w[0] <= w[1] + last_digits(w[1]), "{name}: {} before {}", w[0], w[1]);
            }
            for (u, x) in u.iter().zip(&x) {
                assert!(x.is_finite(), "{name} at {u:e}: {x}");
                let ulps = if law.is_event_time() { 8.0 * f64::EPSILON * x } else { last_digits(*x) };
                let (high, low) = (law.survival(x - ulps, &p), law.survival(x + ulps, &p));
                let wanted = 1.0 - u;
                assert!(
                    low * (1.0 - 1e-12) <= wanted && wanted <= high * (1.0 + 1e-12),
                    "{name} at {u:e}: x = {x}, S from {low:e} to {high:e}, wanted {wanted:e}"
                );
            }
        }
    }
    assert!(members >= 15);
}

/// In the middle of the distribution, without allowance for the digits of the value.
#[test]
fn contract_survival_of_quantile_in_the_middle() {
    let u: Vec<f64> = (1..100).map(|i| f64::from(i) / 100.0).collect();
    for member in FAMILY {
        let law = build(member.form.name, member.form.example);
        if law.draw() == Draw::Quantile {
            let p = parameters(law.as_ref(), 1);
            for (u, x) in u.iter().zip(quantile(law.as_ref(), &u, 1)) {
                let s = law.survival(x, &p);
                assert!(super::close(s, 1.0 - u, 1e-12), "{} at {u}: {s}", member.form.name);
            }
        }
    }
}

#[test]
fn contract_codes_are_the_smallest_with_u_at_most_f() {
    let mut members = 0;
    for (name, law) in laws() {
        let Draw::Code { first, levels } = law.draw() else {
            assert_eq!(law.levels(), 0, "{name}");
            continue;
        };
        members += 1;
        assert_eq!(law.levels(), levels);
        for arm in [0, 1] {
            let p = parameters(law.as_ref(), arm);
            let mut f = vec![f64::NAN; usize::from(levels) - 1];
            law.cumulative(&p, &mut f);
            assert!(f.is_sorted() && f.iter().all(|f| (0.0..=1.0).contains(f)), "{name}: {f:?}");
            // The very cut points are left out: there two roundings of one formula may differ.
            let u: Vec<f64> = uniforms()
                .into_iter()
                .chain(f.iter().flat_map(|f| [f - 1e-9, f + 1e-9]))
                .filter(|u| *u > 0.0 && *u < 1.0 && f.iter().all(|f| (u - f).abs() > 1e-13 || *f == 0.0 || *f == 1.0))
                .collect();
            let args: Vec<Arg<'_>> = p.iter().map(|x| Arg::One(*x)).collect();
            let mut codes = vec![u8::MAX; u.len()];
            law.code(&u, &args, &mut codes);
            for (u, code) in u.iter().zip(codes) {
                let q = usize::from(code - first);
                let above = f.get(q).copied().unwrap_or(1.0);
                let below = if q == 0 { 0.0 } else { f[q - 1] };
                assert!(below < *u && *u <= above, "{name}: code {code} at {u:e}, F {f:?}");
            }
            for (k, f) in f.iter().enumerate() {
                let s = law.survival(f64::from(first) + k as f64, &p);
                assert!((s - (1.0 - f)).abs() < 1e-15, "{name}: {s} and {f}");
            }
            assert_eq!(law.survival(f64::from(first) - 0.5, &p), 1.0);
            assert_eq!(law.survival(f64::from(first + levels) - 1.0, &p), 0.0);
        }
    }
    assert_eq!(members, 7);
}

/// A parameter that is the same for all, given as one number or as a column; blocks of any length.
#[test]
fn contract_columns_have_the_bits_of_numbers() {
    let grid = uniforms();
    for (name, law) in laws() {
        let p = parameters(law.as_ref(), 1);
        let columns: Vec<Vec<f64>> = p.iter().map(|x| vec![*x; grid.len()]).collect();
        for n in [0, 1, 7, 255, 256, 257, 513, grid.len()] {
            let u = &grid[..n];
            for mixed in 0..=p.len() {
                let one: Vec<Arg<'_>> = p.iter().map(|x| Arg::One(*x)).collect();
                let args: Vec<Arg<'_>> = one
                    .iter()
                    .zip(&columns)
                    .enumerate()
                    .map(|(i, (one, column))| if i == mixed { *one } else { Arg::Each(&column[..n]) })
                    .collect();
                let (mut a, mut b) = (vec![0.5; n], vec![0.25; n]);
                let (mut c, mut d) = (vec![9; n], vec![8; n]);
                match law.draw() {
                    Draw::Quantile => {
                        law.quantile(u, &one, &mut a);
                        law.quantile(u, &args, &mut b);
                        assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}, {n} rows");
                    }
                    Draw::Code { .. } => {
                        law.code(u, &one, &mut c);
                        law.code(u, &args, &mut d);
                        assert_eq!(c, d, "{name}, {n} rows");
                    }
                    Draw::Seeded | Draw::Derived => {}
                }
            }
        }
    }
}

/// Parameters that differ between rows: every row has what it would have alone.
#[test]
fn contract_rows_do_not_see_each_other() {
    let tables = [
        (
            "normal",
            r#"{ mean = "if(treatment, 50, 80)", sd = "if(treatment, 9, 14)", min = "if(treatment, 18, 60)", max = 100 }"#,
        ),
        ("lognormal", r#"{ median = "if(treatment, 5, 6)", sigma = "if(treatment, 0.6, 0.7)" }"#),
        ("uniform", r#"{ min = "if(treatment, 1, 2)", max = "if(treatment, 7, 6)" }"#),
        ("exponential", r#"{ rate = "if(treatment, 0.01, 0.02)" }"#),
        ("weibull", r#"{ shape = "if(treatment, 1.2, 0.7)", scale = "if(treatment, 5, 6)" }"#),
        ("gompertz", r#"{ shape = "if(treatment, 0.1, 0.02)", rate = "if(treatment, 0.01, 0.02)" }"#),
        ("gompertz", r#"{ shape = "if(treatment, 0.1, -0.02)", risk = "if(treatment, 0.2, 0.3)", by = 6 }"#),
        (
            "log-logistic",
            r#"{ shape = "if(treatment, 1.2, 0.7)", median = 5, hazard-ratio = "if(treatment, 0.8, 1)" }"#,
        ),
        (
            "piecewise-exponential",
            r#"{ rates = ["if(treatment, 0, 0.02)", 0.3], from = [0, 4], hazard-ratio = "if(treatment, 0.8, 1)" }"#,
        ),
    ];
    let u = uniforms();
    for (member, table) in tables {
        let law = build(member, table);
        let by_arm = [quantile(law.as_ref(), &u, 0), quantile(law.as_ref(), &u, 1)];
        let p = [parameters(law.as_ref(), 0), parameters(law.as_ref(), 1)];
        let columns: Vec<Vec<f64>> = (0..p[0].len()).map(|j| (0..u.len()).map(|i| p[i % 2][j]).collect()).collect();
        let args: Vec<Arg<'_>> = columns.iter().map(|c| Arg::Each(c)).collect();
        let mut out = vec![0.0; u.len()];
        law.quantile(&u, &args, &mut out);
        for (i, x) in out.iter().enumerate() {
            assert_eq!(x.to_bits(), by_arm[i % 2][i].to_bits(), "{member}, row {i}");
        }
    }
}

#[test]
fn contract_from_score_is_the_quantile_of_phi() {
    let z: Vec<f64> = (-60..=45).map(|i| f64::from(i) / 10.0).collect();
    let u: Vec<f64> = z.iter().map(|z| normal_cdf(*z)).collect();
    for (name, law) in laws() {
        if law.draw() != Draw::Quantile {
            continue;
        }
        let p = parameters(law.as_ref(), 1);
        let args: Vec<Arg<'_>> = p.iter().map(|x| Arg::One(*x)).collect();
        let (mut scratch, mut out) = (vec![0.0; z.len()], vec![0.0; z.len()]);
        law.from_score(&z, &args, &mut scratch, &mut out);
        let direct = quantile(law.as_ref(), &u, 1);
        let spread = direct[60] - direct[40];
        for ((a, b), z) in out.iter().zip(direct).zip(&z) {
            // In the upper tail Φ(z) has lost digits that a function of z itself has not: 1e-16/(1 − Φ(4.5)) = 3e-11.
            assert!((a - b).abs() <= 1e-10 * (spread + b.abs()), "{name} at {z}: {a} and {b}");
        }
        // Remote scores, where Φ rounds to 0 or 1.
        let remote = [-40.0, -9.0, 9.0, 40.0];
        let (mut scratch, mut out) = ([0.0; 4], [f64::NAN; 4]);
        law.from_score(&remote, &args, &mut scratch, &mut out);
        assert!(out.iter().all(|x| x.is_finite()) && out.is_sorted(), "{name}: {out:?}");
    }
}

#[test]
fn contract_limits_are_kept() {
    let u = uniforms();
    for (table, min, max) in [
        ("{ mean = 53, sd = 14, min = 18, max = 100 }", 18.0, 100.0),
        ("{ mean = 0.1, sd = 0.3, min = 0.7, max = 0.9 }", 0.7, 0.9),
    ] {
        let x = quantile(build("normal", table).as_ref(), &u, 0);
        assert!(x.iter().all(|x| (min..=max).contains(x)), "{table}");
    }
    let x = quantile(build("uniform", "{ min = 0.1, max = 0.3 }").as_ref(), &u, 0);
    assert!(x.iter().all(|x| (0.1..=0.3).contains(x)));
}

#[test]
fn contract_event_times() {
    let times: Vec<&str> =
        FAMILY.iter().filter(|m| build(m.form.name, m.form.example).is_event_time()).map(|m| m.form.name).collect();
    assert_eq!(times, ["exponential", "weibull", "gompertz", "log-logistic", "piecewise-exponential"]);
}
