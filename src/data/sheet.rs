//! A file of data as columns of numbers and words.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Once;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::Error;

/// Most rows: their numbers must fit the analyses' indices.
const MOST_ROWS: usize = 10_000_000;

/// Longest line [bytes].
const LONGEST_LINE: usize = 64 << 20;

/// Most columns.
const MOST_COLUMNS: usize = 5_000;

/// A column: numbers where they are, words where not.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its header.
    pub header: String,
    /// The number in each row; NaN where it is missing or a word.
    pub number: Vec<f64>,
    /// Rows that hold a word, ascending, and which of `words`.
    pub text: Vec<(u32, u32)>,
    /// The words that occur, in the order of their first row.
    pub words: Vec<String>,
}

impl Column {
    /// The word in a row, where there is one.
    #[must_use]
    pub fn word(&self, row: usize) -> Option<&str> {
        let at = self.text.binary_search_by_key(&row, |&(r, _)| r as usize).ok()?;
        self.words.get(self.text[at].1 as usize).map(String::as_str)
    }

    /// Whether the row is missing: neither number nor word.
    #[must_use]
    pub fn is_missing(&self, row: usize) -> bool {
        self.number[row].is_nan() && self.word(row).is_none()
    }

    /// Lowest number and count of whole numbers up to the highest, where all are whole and few; words count from 1.
    #[must_use]
    pub fn levels(&self) -> Option<(f64, u8)> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for &x in self.number.iter().filter(|x| !x.is_nan()) {
            if x.fract() != 0.0 || !(0.0..=200.0).contains(&x) {
                return None;
            }
            low = low.min(x);
            high = high.max(x);
        }
        (low <= high).then(|| (low, (high - low) as u8 + 1))
    }

    /// Turns words into their codes 1, 2, … in the order of `labels`, or in alphabetical order; a column of numbers stays as it is.
    ///
    /// # Errors
    /// Rows whose word is none of the labels, or that hold a number among words.
    pub fn code(&mut self, labels: Option<&[String]>) -> Result<(), Vec<(usize, String)>> {
        if self.text.is_empty() {
            return Ok(());
        }
        let mut order: Vec<&str> = self.words.iter().map(String::as_str).collect();
        order.sort_unstable();
        if let Some(labels) = labels {
            order = labels.iter().map(String::as_str).collect();
        }
        if labels.is_none() {
            // words that were to be numbers are no categories
            let slips: Vec<bool> = self.words.iter().map(|w| slip(w).is_some()).collect();
            let wrong: Vec<(usize, String)> = self
                .text
                .iter()
                .filter(|(_, k)| slips[*k as usize])
                .map(|&(row, k)| (row as usize, self.words[k as usize].clone()))
                .collect();
            if !wrong.is_empty() {
                return Err(wrong);
            }
        }
        // the first of two equal labels counts
        let places: BTreeMap<&str, usize> = order.iter().enumerate().rev().map(|(k, label)| (*label, k)).collect();
        let code = |word: &String| places.get(word.as_str()).map(|k| *k as f64 + 1.0);
        let codes: Vec<Option<f64>> = self.words.iter().map(code).collect();
        let mut wrong = Vec::new();
        let numbers = self.number.iter().enumerate().filter(|(_, x)| !x.is_nan());
        if labels.is_none() {
            // a word among numbers is a slip, a number among words as well: the fewer are the ones to look at
            let numbers: Vec<(usize, String)> = numbers.map(|(row, x)| (row, x.to_string())).collect();
            if !numbers.is_empty() {
                return Err(if numbers.len() < self.text.len() {
                    numbers
                } else {
                    self.text.iter().map(|&(row, k)| (row as usize, self.words[k as usize].clone())).collect()
                });
            }
        } else {
            wrong.extend(numbers.map(|(row, x)| (row, x.to_string())));
        }
        for &(row, k) in &self.text {
            match codes[k as usize] {
                Some(code) => self.number[row as usize] = code,
                None => wrong.push((row as usize, self.words[k as usize].clone())),
            }
        }
        if wrong.is_empty() {
            self.text.clear();
            Ok(())
        } else {
            wrong.sort_unstable();
            Err(wrong)
        }
    }
}

/// The columns of a file, all of the same length.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// Number of rows.
    pub rows: usize,
    /// Columns in the order of the file.
    pub columns: Vec<Column>,
    /// Whether rows are counted below a header line, as in CSV.
    pub has_header_line: bool,
}

/// Why a file is no table.
#[derive(Debug)]
pub enum Unreadable {
    /// The world: the file cannot be read.
    World(Error),
    /// What stands in it.
    Content(String),
}

impl Sheet {
    /// Reads a CSV file, or a Parquet file where its name ends in `.parquet`; cells that hold one of `missing`, or nothing but spaces
    /// and one of these, are missing, and numbers that equal one of them.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn read(path: &Path, missing: &[String]) -> Result<Self, Unreadable> {
        let parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
        let file = File::open(path).map_err(|e| Unreadable::World(Error::read(path, e)))?;
        if parquet { damaged(|| Self::parquet(file, missing)) } else { Self::csv(path, file, missing) }
    }

    /// Reads comma-separated values: a line of headers, then a line a patient; lines that begin with `#` before the headers are
    /// comments.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn csv(path: &Path, reader: impl std::io::Read, missing: &[String]) -> Result<Self, Unreadable> {
        let wrong = |e: csv::Error| {
            let text = e.to_string();
            match e.into_kind() {
                csv::ErrorKind::Io(e) => Unreadable::World(Error::read(path, e)),
                csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                    let line = pos.map_or(0, |p| p.line());
                    let cells = if len == 1 { "1 cell".to_owned() } else { format!("{len} cells") };
                    let help =
                        "text with a comma or a line break stands in quotation marks, and each that opens is closed";
                    Unreadable::Content(format!(
                        "line {line} has {cells}; the line of headers has {expected_len} ({help})"
                    ))
                }
                csv::ErrorKind::Utf8 { pos, .. } => {
                    let line = pos.map_or(0, |p| p.line());
                    Unreadable::Content(format!("line {line} is not text in UTF-8; save the file as CSV in UTF-8"))
                }
                _ => Unreadable::Content(text),
            }
        };
        let lines = Lines { reader, since: 0 };
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).buffer_capacity(1 << 18).from_reader(lines);
        let headers = reader.headers().map_err(wrong)?.clone();
        no_other_format(&headers)?;
        let names = headers.iter().map(|h| h.trim().trim_start_matches('\u{feff}').to_owned());
        let missing = &Missing::new(missing);
        let mut sheet = Self::headed(names.collect())?;
        sheet.has_header_line = true;
        let mut words = vec![BTreeMap::new(); sheet.columns.len()];
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(wrong)? {
            if sheet.rows == MOST_ROWS {
                return Err(Unreadable::Content(format!("more than {MOST_ROWS} rows")));
            }
            for ((column, words), cell) in sheet.columns.iter_mut().zip(&mut words).zip(&record) {
                let Ok(cell) = std::str::from_utf8(cell) else {
                    let line = record.position().map_or(0, csv::Position::line);
                    return Err(Unreadable::Content(format!(
                        "line {line}, column `{}`: not text in UTF-8; save the file as CSV in UTF-8",
                        column.header
                    )));
                };
                push(column, words, cell.trim(), missing);
            }
            sheet.rows += 1;
        }
        Ok(sheet)
    }

    fn parquet(file: File, missing: &[String]) -> Result<Self, Unreadable> {
        let wrong = |e: parquet::errors::ParquetError| Unreadable::Content(e.to_string());
        let missing = &Missing::new(missing);
        let reader = SerializedFileReader::new(file).map_err(wrong)?;
        let fields = reader.metadata().file_metadata().schema().get_fields();
        let mut sheet = Self::headed(fields.iter().map(|c| c.name().to_owned()).collect())?;
        let mut words = vec![BTreeMap::new(); sheet.columns.len()];
        for row in reader.get_row_iter(None).map_err(wrong)? {
            let row = row.map_err(wrong)?;
            if sheet.rows == MOST_ROWS {
                return Err(Unreadable::Content(format!("more than {MOST_ROWS} rows")));
            }
            for ((column, words), (_, field)) in sheet.columns.iter_mut().zip(&mut words).zip(row.get_column_iter()) {
                match (number(field), field) {
                    (Some(x), _) if x.is_finite() => column.number.push(if missing.is(x) { f64::NAN } else { x }),
                    (Some(x), _) if x.is_nan() => column.number.push(x),
                    (_, Field::Null) => column.number.push(f64::NAN),
                    (_, Field::Str(text)) => push(column, words, text.trim(), missing),
                    (_, Field::Bytes(bytes)) => match bytes.as_utf8() {
                        Ok(text) => push(column, words, text.trim(), missing),
                        Err(_) => push(column, words, &field.to_string(), missing),
                    },
                    (_, other) => push(column, words, &other.to_string(), missing),
                }
            }
            sheet.rows += 1;
        }
        Ok(sheet)
    }

    fn headed(headers: Vec<String>) -> Result<Self, Unreadable> {
        if headers.is_empty() || headers.iter().all(String::is_empty) {
            return Err(Unreadable::Content("there is no line of headers".to_owned()));
        }
        if headers.len() > MOST_COLUMNS {
            return Err(Unreadable::Content(format!("{} columns; at most {MOST_COLUMNS} can be", headers.len())));
        }
        for (i, header) in headers.iter().enumerate() {
            if !header.is_empty() && headers[..i].contains(header) {
                return Err(Unreadable::Content(format!("two columns are called `{}`", super::finding::shown(header))));
            }
        }
        let columns = headers.into_iter().map(|header| Column { header, ..Column::default() }).collect();
        Ok(Self { rows: 0, columns, has_header_line: false })
    }

    /// The number of the column with a header.
    #[must_use]
    pub fn position(&self, header: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.header == header)
    }
}

/// Ends a file whose lines never end, before they fill the memory.
struct Lines<R> {
    reader: R,
    /// Bytes since the last line break.
    since: usize,
}

impl<R: std::io::Read> std::io::Read for Lines<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let got = self.reader.read(to)?;
        self.since = match to[..got].iter().rposition(|&b| b == b'\n') {
            Some(at) => got - at - 1,
            None => self.since + got,
        };
        if self.since > LONGEST_LINE {
            let why = format!("a line is longer than {} MB: no table is", LONGEST_LINE >> 20);
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, why));
        }
        Ok(got)
    }
}

fn number(field: &Field) -> Option<f64> {
    Some(match field {
        Field::Bool(x) => f64::from(u8::from(*x)),
        Field::Byte(x) => f64::from(*x),
        Field::Short(x) => f64::from(*x),
        Field::Int(x) => f64::from(*x),
        Field::Long(x) => *x as f64,
        Field::UByte(x) => f64::from(*x),
        Field::UShort(x) => f64::from(*x),
        Field::UInt(x) => f64::from(*x),
        Field::ULong(x) => *x as f64,
        Field::Float(x) => f64::from(*x),
        Field::Double(x) => *x,
        _ => return None,
    })
}

thread_local! {
    /// Whether a panic of this thread is caught and says nothing.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What a reader gives that panics on some damaged files.
fn damaged<T>(read: impl FnOnce() -> Result<T, Unreadable> + std::panic::UnwindSafe) -> Result<T, Unreadable> {
    // what the panic would say of itself helps nobody: the file is at fault
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    QUIET.set(true);
    let found = std::panic::catch_unwind(read);
    QUIET.set(false);
    found.unwrap_or_else(|_| Err(Unreadable::Content("it is a damaged Parquet file".to_owned())))
}

/// Spellings of a missing value, and those of them that are numbers, as `-9`.
struct Missing<'m> {
    words: &'m [String],
    numbers: Vec<f64>,
}

impl<'m> Missing<'m> {
    fn new(words: &'m [String]) -> Self {
        Self { words, numbers: words.iter().filter_map(|w| finite(w)).collect() }
    }

    fn is(&self, x: f64) -> bool {
        self.numbers.contains(&x)
    }
}

/// The finite number that a cell holds. `nan` and `inf` are words: no measurement is infinite.
fn finite(cell: &str) -> Option<f64> {
    let begins = cell.as_bytes().first().is_some_and(|c| c.is_ascii_digit() || b"+-.".contains(c));
    if begins { cell.parse().ok().filter(|x: &f64| x.is_finite()) } else { None }
}

/// What a word that should be a number comes from: why it is not one, and what to write.
#[must_use]
pub fn slip(word: &str) -> Option<&'static str> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let only = |signs: &str| digits > 0 && word.chars().all(|c| c.is_ascii_digit() || signs.contains(c));
    let parts = |separator: char| {
        let lengths: Vec<usize> = word.split(separator).map(str::len).collect();
        let date = matches!(lengths[..], [4, 1 | 2, 1 | 2] | [1 | 2, 1 | 2, 2 | 4]);
        date && word.chars().all(|c| c.is_ascii_digit() || c == separator)
    };
    match word.split([' ', 'T']).next() {
        _ if word.parse::<f64>().is_ok_and(|x| !x.is_finite()) => Some("numbers are finite, below 1.8e308"),
        _ if word.contains(',') && only("+-.,eE ") => Some("numbers have a decimal point and no commas"),
        _ if word.ends_with('%') && only("+-.% ") => Some("leave the percent sign out"),
        Some(date)
            if ['-', '/', '.'].into_iter().any(parts) || (date.len() < word.len() && slip(date) == Some(DATE)) =>
        {
            Some(DATE)
        }
        _ => None,
    }
}

/// See [`slip`].
const DATE: &str = "a date is no number: give the time from entry, in one unit";

/// That the line of headers is not one of another kind of file.
fn no_other_format(headers: &csv::StringRecord) -> Result<(), Unreadable> {
    let first = headers.get(0).unwrap_or_default();
    let what = match first {
        _ if first.starts_with("PK\u{3}\u{4}") => "it is a spreadsheet or an archive; save the table as CSV in UTF-8",
        _ if first.starts_with("PAR1") => "it is a Parquet file; let its name end in .parquet",
        _ => {
            let separators = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];
            let Some((_, name)) = separators.iter().find(|(sign, _)| headers.len() == 1 && first.contains(*sign))
            else {
                return Ok(());
            };
            return Err(Unreadable::Content(format!(
                "{name} stand between its headers; cells are separated by commas, and decimals have a point: save it as CSV so"
            )));
        }
    };
    Err(Unreadable::Content(what.to_owned()))
}

/// Appends a cell.
fn push(column: &mut Column, words: &mut BTreeMap<String, u32>, cell: &str, missing: &Missing<'_>) {
    if let Some(x) = finite(cell) {
        column.number.push(if missing.is(x) { f64::NAN } else { x });
        return;
    }
    let row = column.number.len() as u32;
    column.number.push(f64::NAN);
    if missing.words.iter().any(|m| m == cell) {
        return;
    }
    let next = words.len() as u32;
    let word = match words.get(cell) {
        Some(&word) => word,
        None => {
            words.insert(cell.to_owned(), next);
            column.words.push(cell.to_owned());
            next
        }
    };
    column.text.push((row, word));
}
