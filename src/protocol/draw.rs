//! One column drawn: its address, its parameters as programs, and the map from noise to values.

use crate::column::{Frame, Kind};
use crate::distribution::{Arg, Distribution, Domain, Draw, is_count};
use crate::expr::{Expr, Program, Registers};
use crate::math::special::{normal_cdf_slice, normal_quantile_slice};
use crate::random::{Address, Index, Replicate, cut_point, unit32};
use crate::scenario::{Accrual, Per, Scenario, Variable};

use super::prior::{Prior, Single};
use super::{Layout, kind_of};

/// Most parameters that a distribution may have.
const MAX_PARAMETERS: usize = 72;

/// A value outside its domain that only a replicate could show.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The column whose parameter is at fault.
    pub column: usize,
    /// The parameter.
    pub parameter: &'static str,
    /// What was found.
    pub value: f64,
    /// What is allowed.
    pub domain: &'static str,
}

/// Memory that drawing reuses.
#[derive(Debug, Default)]
pub struct Noise {
    /// Registers of the programs.
    pub registers: Registers,
    uniform: Vec<f64>,
    /// Values of one program.
    pub values: Vec<f64>,
    parameters: Vec<Vec<f64>>,
}

/// How one column is drawn.
#[derive(Debug)]
pub struct Step<'s> {
    /// The column it fills.
    pub column: usize,
    address: Address,
    source: Source<'s>,
}

#[derive(Debug)]
enum Source<'s> {
    /// A distribution with its parameters.
    Law {
        law: &'s dyn Distribution,
        draw: Draw,
        parameters: Vec<ParameterPlan>,
        cuts: Option<Cuts>,
        /// Column of the correlated normal score that replaces the column's own uniform.
        score: Option<usize>,
    },
    /// An independent normal score.
    Score,
    /// A correlated score: a weighted sum of independent ones.
    Combine(Vec<(usize, f64)>),
    /// One value a site, at the address of the site's name; a patient has his site's.
    Site {
        law: Single<'s>,
        /// By site.
        addresses: Vec<Address>,
    },
    /// One value a replicate.
    Prior(Prior<'s>),
    /// A flag with a probability that is one number.
    Flag(Cut),
    /// A flag with a probability a candidate.
    FlagOf(Program),
}

#[derive(Debug)]
struct ParameterPlan {
    name: &'static str,
    domain: Domain,
    value: ParameterValue,
}

#[derive(Debug)]
enum ParameterValue {
    One(f64),
    ByArm(Vec<f64>),
    Each(Program),
}

/// A level is reached where the word is at least `at`, if it can be reached at all.
#[derive(Clone, Copy, Debug)]
struct Cut {
    at: u32,
    reachable: u8,
}

/// Integer cut points of a code column: by arm (one entry where the arm does not matter), then by level.
#[derive(Debug)]
struct Cuts {
    first: u8,
    by_arm: Vec<Vec<Cut>>,
}

impl Cut {
    fn above(cumulative: f64) -> Self {
        let at = cut_point(cumulative);
        match u32::try_from(at) {
            Ok(at) => Self { at, reachable: 1 },
            Err(_) => Self { at: u32::MAX, reachable: 0 },
        }
    }
}

impl Domain {
    /// Whether a value lies in it.
    #[must_use]
    pub fn allows(self, x: f64) -> bool {
        match self {
            Domain::Real => x.is_finite(),
            Domain::Positive => x.is_finite() && x > 0.0,
            Domain::NonNegative => x.is_finite() && x >= 0.0,
            Domain::Probability => (0.0..=1.0).contains(&x),
            Domain::OpenProbability => x > 0.0 && x < 1.0,
            Domain::Count => is_count(x),
        }
    }

    /// It in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Domain::Real => "a finite number",
            Domain::Positive => "greater than 0",
            Domain::NonNegative => "0 or more",
            Domain::Probability => "from 0 to 1",
            Domain::OpenProbability => "between 0 and 1, neither included",
            Domain::Count => "a whole number from 0 to 1,000,000,000",
        }
    }
}

/// Builds steps.
pub(super) struct Compiler<'s, 'l> {
    pub(super) scenario: &'s Scenario,
    pub(super) seed: u64,
    pub(super) layout: &'l Layout,
}

impl<'s> Compiler<'s, '_> {
    /// The step that fills column `c`.
    pub(super) fn step(&self, c: usize) -> Step<'s> {
        let scenario = self.scenario;
        if let Some(m) = self.layout.members.iter().find(|m| m.raw == c || m.score == c) {
            let name = &scenario.variables[m.variable].name;
            let address = Address::new(self.seed, "variable", name, "");
            let source = if m.raw == c { Source::Score } else { Source::Combine(m.weights.clone()) };
            return Step { column: c, address, source };
        }
        let variable = &scenario.variables[c];
        let kind = if c < scenario.population { "variable" } else { "outcome" };
        let address = Address::new(self.seed, kind, &variable.name, "");
        match variable.per {
            Per::Site => return Step { column: c, address, source: self.per_site(variable) },
            Per::Replicate if variable.law.draw() != Draw::Derived => {
                return Step { column: c, address, source: Source::Prior(Prior::new(variable, self.seed)) };
            }
            Per::Candidate | Per::Replicate => {}
        }
        let score = self.layout.members.iter().find(|m| m.variable == c).map(|m| m.score);
        Step { column: c, address, source: self.law(variable.law.as_ref(), score) }
    }

    /// A value a site: its parameters are the same for all sites.
    fn per_site(&self, variable: &'s Variable) -> Source<'s> {
        let sites = match &self.scenario.enrolment.accrual {
            Accrual::Sites(sites) => sites.as_slice(),
            _ => &[],
        };
        let address = |name: &str| Address::new(self.seed, "site-variable", &variable.name, name);
        Source::Site { law: Single::new(variable), addresses: sites.iter().map(|s| address(&s.name)).collect() }
    }

    /// The step that fills the time of loss to follow-up.
    pub(super) fn dropout(&self, law: &'s dyn Distribution) -> Step<'s> {
        let address = Address::new(self.seed, "observation", "dropout", "");
        Step { column: self.layout.dropout, address, source: self.law(law, None) }
    }

    /// The flag of a criterion that holds in a share of candidates.
    pub(super) fn prevalence(&self, criterion: &str, share: &Expr) -> Step<'static> {
        let address = Address::new(self.seed, "criterion", criterion, "");
        let source = match share.as_number() {
            Some(p) => Source::Flag(Cut::above(1.0 - p)),
            None => Source::FlagOf(Program::compile(share)),
        };
        Step { column: usize::MAX, address, source }
    }

    fn law(&self, law: &'s dyn Distribution, score: Option<usize>) -> Source<'s> {
        let arms = self.scenario.arms.len();
        let draw = law.draw();
        let parameters: Vec<ParameterPlan> = law
            .parameters()
            .into_iter()
            .map(|p| {
                let by_arm: Option<Vec<f64>> = (0..arms).map(|a| p.value.specialise_arm(a as u8).as_number()).collect();
                let value = match (p.value.as_number(), by_arm) {
                    (Some(x), _) => ParameterValue::One(x),
                    (None, Some(xs)) => ParameterValue::ByArm(xs),
                    (None, None) => ParameterValue::Each(Program::compile(&p.value)),
                };
                ParameterPlan { name: p.name, domain: p.domain, value }
            })
            .collect();
        let constant = parameters.iter().all(|p| !matches!(p.value, ParameterValue::Each(_)));
        let cuts = match draw {
            Draw::Code { first, levels } if constant && score.is_none() => {
                let one = parameters.iter().all(|p| matches!(p.value, ParameterValue::One(_)));
                let by_arm = (0..if one { 1 } else { arms }).map(|arm| {
                    let values: Vec<f64> = parameters
                        .iter()
                        .map(|p| match &p.value {
                            ParameterValue::ByArm(xs) => xs[arm],
                            ParameterValue::One(x) => *x,
                            ParameterValue::Each(_) => f64::NAN,
                        })
                        .collect();
                    let mut cumulative = vec![0.0; usize::from(levels) - 1];
                    law.cumulative(&values, &mut cumulative);
                    cumulative.into_iter().map(Cut::above).collect()
                });
                Some(Cuts { first, by_arm: by_arm.collect() })
            }
            _ => None,
        };
        Source::Law { law, draw, parameters, cuts, score }
    }
}

impl Step<'_> {
    /// Draws the column for the frame's rows, whose candidates have the numbers `index`.
    ///
    /// # Errors
    /// A parameter outside its domain for some row.
    pub fn draw(
        &self,
        replicate: Replicate,
        index: Index<'_>,
        frame: &mut Frame,
        noise: &mut Noise,
    ) -> Result<(), Fault> {
        let rows = frame.rows;
        debug_assert_eq!(rows, index.len());
        match &self.source {
            Source::Score => {
                let mut out = std::mem::take(&mut frame.real[self.column]);
                out.resize(rows, 0.0);
                noise.uniform.resize(rows, 0.0);
                self.address.uniforms(replicate, index, &mut noise.uniform);
                normal_quantile_slice(&noise.uniform, &mut out);
                frame.real[self.column] = out;
            }
            Source::Combine(weights) => {
                let mut out = std::mem::take(&mut frame.real[self.column]);
                out.clear();
                out.resize(rows, 0.0);
                for (raw, weight) in weights {
                    for (o, z) in out.iter_mut().zip(&frame.real[*raw]) {
                        *o += weight * z;
                    }
                }
                frame.real[self.column] = out;
            }
            Source::Law { law, draw, parameters, cuts: Some(cuts), .. } => {
                let _ = (law, draw, parameters);
                let mut out = std::mem::take(&mut frame.code[self.column]);
                out.resize(rows, 0);
                draw_cuts(&self.address, replicate, index, cuts, &frame.arm, &mut out);
                frame.code[self.column] = out;
            }
            Source::Law { law, draw, parameters, cuts: None, score } => {
                return self.draw_law(*law, *draw, parameters, *score, replicate, index, frame, noise);
            }
            Source::Site { law, addresses } => self.draw_sites(law, addresses, replicate, frame, noise),
            Source::Prior(prior) => self.fill(prior, replicate, frame),
            Source::Flag(_) | Source::FlagOf(_) => {}
        }
        Ok(())
    }

    /// Draws a value a site and gives it to the site's patients; a candidate who has no site yet has none.
    fn draw_sites(
        &self,
        law: &Single<'_>,
        addresses: &[Address],
        replicate: Replicate,
        frame: &mut Frame,
        noise: &mut Noise,
    ) {
        noise.values.clear();
        noise.values.extend(addresses.iter().map(|address| law.value(address, replicate)));
        let of = |row: usize| frame.site.get(row).map(|&s| noise.values[usize::from(s)]);
        if law.coded() {
            let mut out = std::mem::take(&mut frame.code[self.column]);
            out.clear();
            out.extend((0..frame.rows).map(|i| of(i).map_or(0, |x| x as u8)));
            frame.code[self.column] = out;
        } else {
            let mut out = std::mem::take(&mut frame.real[self.column]);
            out.clear();
            out.extend((0..frame.rows).map(|i| of(i).unwrap_or(f64::NAN)));
            frame.real[self.column] = out;
        }
    }

    /// Gives every row the replicate's value.
    fn fill(&self, prior: &Prior<'_>, replicate: Replicate, frame: &mut Frame) {
        let (rows, x) = (frame.rows, prior.value(replicate));
        if prior.coded() {
            let out = &mut frame.code[self.column];
            out.clear();
            out.resize(rows, x as u8);
        } else {
            let out = &mut frame.real[self.column];
            out.clear();
            out.resize(rows, x);
        }
    }

    /// Draws a criterion's flag for the frame's rows.
    ///
    /// # Errors
    /// A prevalence outside 0 to 1 for some row.
    pub fn draw_flag(
        &self,
        replicate: Replicate,
        index: Index<'_>,
        frame: &Frame,
        noise: &mut Noise,
        out: &mut [u8],
    ) -> Result<(), Fault> {
        match &self.source {
            Source::Flag(cut) => {
                let Cut { at, reachable } = *cut;
                self.address.words32(replicate, index, |start, words| {
                    for (o, &w) in out[start..].iter_mut().zip(words) {
                        *o = u8::from(w >= at) & reachable;
                    }
                });
            }
            Source::FlagOf(program) => {
                noise.uniform.resize(frame.rows, 0.0);
                program.eval(frame.rows, frame, &mut noise.registers, &mut noise.uniform);
                check(&noise.uniform, Domain::Probability, "prevalence", self.column)?;
                let p = &noise.uniform;
                self.address.words32(replicate, index, |start, words| {
                    for ((o, &w), p) in out[start..].iter_mut().zip(words).zip(&p[start..]) {
                        *o = u8::from(unit32(w) > 1.0 - p);
                    }
                });
            }
            _ => {}
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a law's own parts and where its column goes")]
    fn draw_law(
        &self,
        law: &dyn Distribution,
        draw: Draw,
        parameters: &[ParameterPlan],
        score: Option<usize>,
        replicate: Replicate,
        index: Index<'_>,
        frame: &mut Frame,
        noise: &mut Noise,
    ) -> Result<(), Fault> {
        let rows = frame.rows;
        if noise.parameters.len() < parameters.len() {
            noise.parameters.resize_with(parameters.len(), Vec::new);
        }
        for (p, values) in parameters.iter().zip(&mut noise.parameters) {
            match &p.value {
                ParameterValue::One(_) => {}
                ParameterValue::ByArm(by_arm) => {
                    values.clear();
                    values.extend(frame.arm.iter().map(|&a| by_arm[usize::from(a)]));
                }
                ParameterValue::Each(program) => {
                    values.resize(rows, 0.0);
                    program.eval(rows, frame, &mut noise.registers, values);
                    check(values, p.domain, p.name, self.column)?;
                }
            }
        }
        let mut args = [Arg::One(0.0); MAX_PARAMETERS];
        for ((arg, p), values) in args.iter_mut().zip(parameters).zip(&noise.parameters) {
            *arg = match &p.value {
                ParameterValue::One(x) => Arg::One(*x),
                _ => Arg::Each(values),
            };
        }
        let args = &args[..parameters.len().min(MAX_PARAMETERS)];
        let uniform = &mut noise.uniform;
        uniform.resize(rows, 0.0);
        match kind_of(draw) {
            Kind::Code => {
                let mut out = std::mem::take(&mut frame.code[self.column]);
                out.resize(rows, 0);
                match score {
                    Some(score) => normal_cdf_slice(&frame.real[score], uniform),
                    None => self.address.words32(replicate, index, |start, words| {
                        for (u, &w) in uniform[start..].iter_mut().zip(words) {
                            *u = unit32(w);
                        }
                    }),
                }
                law.code(uniform, args, &mut out);
                frame.code[self.column] = out;
            }
            Kind::Real => {
                let mut out = std::mem::take(&mut frame.real[self.column]);
                out.resize(rows, 0.0);
                match draw {
                    Draw::Derived => match args[0] {
                        Arg::One(x) => out.fill(x),
                        Arg::Each(xs) => out.copy_from_slice(xs),
                    },
                    Draw::Seeded => self.address.words64(replicate, index, |start, words| {
                        law.samples(words, args, start, &mut out[start..start + words.len()]);
                    }),
                    Draw::Quantile | Draw::Code { .. } => match score {
                        Some(score) => law.from_score(&frame.real[score], args, uniform, &mut out),
                        None => {
                            self.address.uniforms(replicate, index, uniform);
                            law.quantile(uniform, args, &mut out);
                        }
                    },
                }
                frame.real[self.column] = out;
            }
        }
        Ok(())
    }
}

/// Refuses values outside a domain; the sum of flags vectorises, the search for the culprit is cold.
fn check(values: &[f64], domain: Domain, parameter: &'static str, column: usize) -> Result<(), Fault> {
    let bad: u32 = values.iter().map(|&x| u32::from(!domain.allows(x))).sum();
    if bad == 0 {
        return Ok(());
    }
    let value = values.iter().copied().find(|&x| !domain.allows(x)).unwrap_or(f64::NAN);
    Err(Fault { column, parameter, value, domain: domain.words() })
}

fn draw_cuts(address: &Address, replicate: Replicate, index: Index<'_>, cuts: &Cuts, arm: &[u8], out: &mut [u8]) {
    let first = cuts.first;
    match &cuts.by_arm[..] {
        [levels] => address.words32(replicate, index, |start, words| match levels[..] {
            [Cut { at, reachable }] => {
                for (o, &w) in out[start..].iter_mut().zip(words) {
                    *o = first + (u8::from(w >= at) & reachable);
                }
            }
            _ => {
                let out = &mut out[start..start + words.len()];
                out.fill(first);
                for &Cut { at, reachable } in levels {
                    for (o, &w) in out.iter_mut().zip(words) {
                        *o += u8::from(w >= at) & reachable;
                    }
                }
            }
        }),
        [control, treatment] => address.words32(replicate, index, |start, words| {
            let out = &mut out[start..start + words.len()];
            out.fill(first);
            for (a, b) in control.iter().zip(treatment) {
                reach(words, &arm[start..], [*a, *b], out);
            }
        }),
        many => address.words32(replicate, index, |start, words| {
            for ((o, &w), &arm) in out[start..].iter_mut().zip(words).zip(&arm[start..]) {
                *o = first + many[usize::from(arm)].iter().map(|c| u8::from(w >= c.at) & c.reachable).sum::<u8>();
            }
        }),
    }
}

/// Adds 1 where the word reaches the cut of the patient's arm. Both arms' answers for everyone, then the patient's own: sixteen at a
/// time, so that words and bytes both fill registers, and without a branch.
fn reach(words: &[u32], arm: &[u8], cuts: [Cut; 2], out: &mut [u8]) {
    const LANES: usize = 16;
    // words compared as signed numbers, for which there is an instruction
    const BIAS: u32 = 1 << 31;
    let [a, b] = cuts.map(|c| (c.at ^ BIAS) as i32);
    let [may_a, may_b] = cuts.map(|c| c.reachable);
    let arm = &arm[..words.len()];
    let mut outs = out.chunks_exact_mut(LANES);
    let (runs, arms) = (words.chunks_exact(LANES), arm.chunks_exact(LANES));
    let rest = runs.remainder().iter().zip(arms.remainder());
    for ((out, words), arm) in (&mut outs).zip(runs).zip(arms) {
        let (mut low, mut high) = ([0; LANES], [0; LANES]);
        for ((l, h), &w) in low.iter_mut().zip(&mut high).zip(words) {
            let w = (w ^ BIAS) as i32;
            *l = u8::from(w >= a);
            *h = u8::from(w >= b);
        }
        for (((o, l), h), &arm) in out.iter_mut().zip(low).zip(high).zip(arm) {
            *o += (l & may_a & (1 ^ arm)) | (h & may_b & arm);
        }
    }
    for (o, (&w, &arm)) in outs.into_remainder().iter_mut().zip(rest) {
        let cut = cuts[usize::from(arm)];
        *o += u8::from(w >= cut.at) & cut.reachable;
    }
}
