//! Messages about a hand-written scenario: what was found, where, what is allowed there, and what to write instead.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::form::Span;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+) => {
        /// Stable, kebab-case code of a diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the passes that give them.
            #[must_use]
            pub fn all() -> &'static [Code] {
                &[$(Code::$variant),+]
            }

            /// As printed, as `unknown-arm`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$variant => $text,)+
                }
            }
        }
    };
}

codes! {
    /// The text is not TOML.
    Syntax = "syntax",
    /// A key stands twice in one table.
    DuplicateKey = "duplicate-key",
    /// A key that the table does not have.
    UnknownKey = "unknown-key",
    /// A key that must be given is not.
    MissingKey = "missing-key",
    /// Text where a number is wanted, and the like.
    WrongType = "wrong-type",
    /// A word outside a closed list.
    UnknownWord = "unknown-word",
    /// A name with characters that names do not have, or one that the language reserves.
    BadName = "bad-name",
    /// A date that is not in the calendar.
    BadDate = "bad-date",
    /// NaN, an infinity, or a number too large to hold.
    NotFinite = "not-finite",
    /// A value lies outside its domain.
    OutOfDomain = "out-of-domain",
    /// A list has the wrong length.
    WrongLength = "wrong-length",
    /// Numbers that must ascend do not.
    NotAscending = "not-ascending",
    /// Keys of one table contradict each other, or one of several is missing.
    Contradiction = "contradiction",
    /// A variable or outcome does not say how it is drawn.
    NoDistribution = "no-distribution",
    /// A variable or outcome has more than one distribution.
    SeveralDistributions = "several-distributions",
    /// An analysis does not say its method, or a family of hypotheses its procedure.
    NoMethod = "no-method",
    /// An analysis has more than one method, or a family of hypotheses more than one procedure.
    SeveralMethods = "several-methods",
    /// An endpoint or tier does not say what is measured.
    NoMeasure = "no-measure",
    /// An endpoint or tier measures more than one thing.
    SeveralMeasures = "several-measures",
    /// A criterion says neither when it holds nor in what share.
    NoRule = "no-rule",
    /// A criterion says both when it holds and in what share.
    SeveralRules = "several-rules",
    /// Enrolment does not say how patients arrive.
    NoAccrual = "no-accrual",
    /// Enrolment has more than one model of arrival.
    SeveralAccruals = "several-accruals",
    /// Allocation has more than one method.
    SeveralAllocations = "several-allocations",
    /// Two things of a kind have one name, or two things that expressions can read.
    DuplicateName = "duplicate-name",
    /// An expression cannot be read.
    BadExpression = "bad-expression",
    /// An expression reads a name that nothing has.
    UnknownName = "unknown-name",
    /// An expression calls a function that does not exist.
    UnknownFunction = "unknown-function",
    /// A function has too few or too many arguments.
    WrongArity = "wrong-arity",
    /// An expression reads a name that is not known at that point of a patient's history.
    HiddenName = "hidden-name",
    /// Parameters are defined by each other.
    ParameterCycle = "parameter-cycle",
    /// A parameter has several values where one world is wanted.
    SeveralValues = "several-values",
    /// A parameter does not say where its value comes from.
    MissingSource = "missing-source",
    /// Reference to a parameter that does not exist.
    UnknownParameter = "unknown-parameter",
    /// Reference to a variable that does not exist.
    UnknownVariable = "unknown-variable",
    /// Reference to an outcome that does not exist.
    UnknownEvent = "unknown-event",
    /// Reference to a visit that does not exist.
    UnknownVisit = "unknown-visit",
    /// Reference to an endpoint that does not exist.
    UnknownEndpoint = "unknown-endpoint",
    /// Reference to an analysis that does not exist.
    UnknownAnalysis = "unknown-analysis",
    /// Reference to a look that does not exist.
    UnknownLook = "unknown-look",
    /// Reference to an arm that does not exist.
    UnknownArm = "unknown-arm",
    /// A variant that the file does not have was asked for.
    UnknownVariant = "unknown-variant",
    /// A variant replaces an entry that the file does not have.
    UnknownEntry = "unknown-entry",
    /// A variant switches off an entry that the file does not have.
    UnknownOff = "unknown-off",
    /// A variant switches off a name that several entries have.
    AmbiguousOff = "ambiguous-off",
    /// A value given on the command line cannot be used.
    BadOption = "bad-option",
    /// A trial needs two arms.
    ArmsTooFew = "arms-too-few",
    /// A block cannot hold the arms in their ratios.
    BlockSize = "block-size",
    /// A date is written but the date of month 0 is not.
    MissingStart = "missing-start",
    /// A site closes before it opens.
    SiteClosesBeforeOpening = "site-closes-before-opening",
    /// The window of a visit does not hold its planned time.
    WindowOrder = "window-order",
    /// Correlations that no variables can have together.
    NotPositiveDefinite = "not-positive-definite",
    /// A variable cannot be correlated through normal scores.
    NotInCopula = "not-in-copula",
    /// An outcome that is not the time of an event stands where one is wanted.
    NotAnEvent = "not-an-event",
    /// A value that is not a category stands where one is wanted.
    NotACategory = "not-a-category",
    /// A fate asks for the worst value, and none is given.
    MissingWorst = "missing-worst",
    /// A method cannot analyse an endpoint of this kind.
    WrongEndpointForMethod = "wrong-endpoint-for-method",
    /// A method takes no covariates, or needs one.
    WrongCovariates = "wrong-covariates",
    /// The plan asks for something that cannot happen in the trial.
    Unreachable = "unreachable",
    /// The scenario has no analysis.
    NothingToAnalyse = "nothing-to-analyse",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// One sentence: what was found.
    pub message: String,
    /// The place in the file and what is said beside it; none for values given on the command line.
    pub primary: Option<(Span, String)>,
    /// Another place that it disagrees with.
    pub secondary: Option<(Span, String)>,
    /// What is allowed, in a form that can be pasted where possible; empty where there is nothing to add.
    pub help: String,
}

impl Diagnostic {
    /// A mistake at a place in the file.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: Some((span, String::new())),
            secondary: None,
            help: String::new(),
        }
    }

    /// A mistake on the command line.
    #[must_use]
    pub fn without_place(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), primary: None, secondary: None, help: String::new() }
    }

    /// What is said beside the marked place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some((_, label)) = &mut self.primary {
            *label = text.into();
        }
        self
    }

    /// Another place that it disagrees with.
    #[must_use]
    pub fn and(mut self, span: Span, label: impl Into<String>) -> Self {
        self.secondary = Some((span, label.into()));
        self
    }

    /// What is allowed.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = text.into();
        self
    }
}

/// All mistakes of a scenario, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// At least one.
    pub diagnostics: Vec<Diagnostic>,
}

/// Most mistakes that are shown: a file with more is of another language.
const SHOWN: usize = 60;

impl Report {
    /// The codes, in order.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        self.diagnostics.iter().map(|d| d.code).collect()
    }

    /// The messages with the lines of `source` that they speak of, as a compiler shows them.
    #[must_use]
    pub fn render(&self, source: &str, file_name: &str, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let lines = Lines::new(source);
        let mut out = String::new();
        for diagnostic in self.diagnostics.iter().take(SHOWN) {
            render(diagnostic, &lines, file_name, &renderer, &mut out);
        }
        let count = self.diagnostics.len();
        if count > SHOWN {
            out.push_str(&format!("… and {} more\n\n", count - SHOWN));
        }
        out.push_str(&format!("{file_name}: {count} {}\n", if count == 1 { "mistake" } else { "mistakes" }));
        out
    }
}

fn render(diagnostic: &Diagnostic, lines: &Lines<'_>, file_name: &str, renderer: &Renderer, out: &mut String) {
    let title = Level::ERROR.primary_title(printable(&diagnostic.message)).id(diagnostic.code.as_str());
    let mut group = annotate_snippets::Group::with_title(title);
    if let Some((span, label)) = &diagnostic.primary {
        let primary = lines.clip(span);
        let secondary = diagnostic.secondary.as_ref().map(|(span, label)| (lines.clip(span), label));
        // Only the lines between the marks are handed over: the cost of a message does not grow with the file.
        let (mut from, mut to) = (primary.start, primary.end);
        if let Some((span, _)) = &secondary {
            from = from.min(span.start);
            to = to.max(span.end);
        }
        let first = lines.line_of(from);
        let begin = lines.starts[first];
        let end = lines.end_of_line(lines.line_of(to));
        let shift = |span: &Span| span.start - begin..span.end - begin;
        let mark = |kind: AnnotationKind, span: &Span, label: &str| {
            let annotation = kind.span(shift(span));
            if label.is_empty() { annotation } else { annotation.label(printable(label)) }
        };
        let mut snippet = Snippet::source(&lines.text[begin..end])
            .line_start(first + 1)
            .path(file_name)
            .annotation(mark(AnnotationKind::Primary, &primary, label));
        if let Some((span, label)) = &secondary {
            snippet = snippet.annotation(mark(AnnotationKind::Context, span, label));
        }
        group = group.element(snippet);
    }
    if !diagnostic.help.is_empty() {
        group = group.element(Level::HELP.message(printable(&diagnostic.help)));
    }
    let text = renderer.render(&[group]);
    for line in text.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
}

/// Without control characters, which could move the terminal's cursor; line breaks stay.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || !c.is_control() { c } else { '\u{fffd}' }).collect()
}

/// Where the lines of a text begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Self { text, starts }
    }

    fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|&s| s <= byte) - 1
    }

    fn end_of_line(&self, line: usize) -> usize {
        self.starts.get(line + 1).map_or(self.text.len(), |&next| next - 1)
    }

    /// The span on whole characters inside the text, and not beyond its first line: one line is enough to find it.
    fn clip(&self, span: &Span) -> Span {
        let mut start = span.start.min(self.text.len());
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let line_end = self.end_of_line(self.line_of(start));
        let mut end = span.end.clamp(start, line_end.max(start));
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }
}
