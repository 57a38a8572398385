//! A table of patients as CSV or Parquet.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::Error;
use crate::report::csv::quoted;
use crate::report::table::Table;

/// A column with its values; missing ones are `None`.
#[derive(Clone, Debug)]
pub enum Values {
    /// Real numbers.
    Real(Vec<Option<f64>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Text.
    Text(Vec<Option<String>>),
}

/// Named columns of equal length.
#[derive(Clone, Debug, Default)]
pub struct DataTable {
    columns: Vec<(String, Values)>,
}

impl DataTable {
    /// Appends a column.
    pub fn push(&mut self, name: impl Into<String>, values: Values) {
        self.columns.push((name.into(), values));
    }

    /// Keeps the rows for which `keep` is true.
    pub fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        fn only<T>(values: &mut Vec<T>, keep: &impl Fn(usize) -> bool) {
            let mut row = 0;
            values.retain(|_| {
                row += 1;
                keep(row - 1)
            });
        }
        for (_, values) in &mut self.columns {
            match values {
                Values::Real(x) => only(x, &keep),
                Values::Integer(x) => only(x, &keep),
                Values::Text(x) => only(x, &keep),
            }
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, v)| match v {
            Values::Real(x) => x.len(),
            Values::Integer(x) => x.len(),
            Values::Text(x) => x.len(),
        })
    }

    /// The first rows as aligned tables of at most so many characters a line, the first column in each.
    #[must_use]
    pub fn text(&self, rows: usize, width: usize) -> String {
        let columns: Vec<Vec<String>> = self.columns.iter().map(|(name, values)| shown(name, values, rows)).collect();
        let Some((first, others)) = columns.split_first() else { return String::new() };
        let wide = |column: &Vec<String>| 2 + column.iter().map(|c| c.chars().count()).max().unwrap_or(0);
        let mut tables: Vec<Vec<&Vec<String>>> = vec![vec![first]];
        let mut used = wide(first);
        for column in others {
            if used + wide(column) > width + 2 && tables.last().is_some_and(|t| t.len() > 1) {
                tables.push(vec![first]);
                used = wide(first);
            }
            used += wide(column);
            if let Some(table) = tables.last_mut() {
                table.push(column);
            }
        }
        let render = |columns: &Vec<&Vec<String>>| {
            let mut table = Table::default();
            (0..first.len()).for_each(|i| table.row(columns.iter().map(|c| c[i].clone()).collect()));
            table.render()
        };
        tables.iter().map(render).collect::<Vec<_>>().join("\n")
    }

    /// One object a row; missing values are `null`.
    #[must_use]
    pub fn records(&self) -> Vec<serde_json::Map<String, serde_json::Value>> {
        let value = |values: &Values, i: usize| match values {
            Values::Real(x) => x[i].into(),
            Values::Integer(x) => x[i].into(),
            Values::Text(x) => x[i].clone().into(),
        };
        (0..self.rows()).map(|i| self.columns.iter().map(|(n, v)| (n.clone(), value(v, i))).collect()).collect()
    }

    /// Writes comma-separated values; numbers in full, missing ones empty.
    ///
    /// # Errors
    /// The writer's.
    pub fn csv(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let names: Vec<String> = self.columns.iter().map(|(n, _)| quoted(n)).collect();
        writeln!(out, "{}", names.join(","))?;
        for i in 0..self.rows() {
            for (c, (_, values)) in self.columns.iter().enumerate() {
                if c > 0 {
                    out.write_all(b",")?;
                }
                match values {
                    Values::Real(x) => x[i].map_or(Ok(()), |x| write!(out, "{x}"))?,
                    Values::Integer(x) => x[i].map_or(Ok(()), |x| write!(out, "{x}"))?,
                    Values::Text(x) => x[i].as_deref().map_or(Ok(()), |x| write!(out, "{}", quoted(x)))?,
                }
            }
            writeln!(out)?;
        }
        out.flush()
    }

    /// Writes a Parquet file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn parquet(&self, path: &Path) -> Result<(), Error> {
        let file = std::fs::File::create(path).map_err(|e| Error::write(path, e))?;
        self.write(file).map_err(|e| Error::parquet(path, e))
    }

    fn write(&self, file: std::fs::File) -> Result<(), ParquetError> {
        let field = |(name, values): &(String, Values)| {
            let physical = match values {
                Values::Real(_) => Physical::DOUBLE,
                Values::Integer(_) => Physical::INT64,
                Values::Text(_) => Physical::BYTE_ARRAY,
            };
            let text = matches!(values, Values::Text(_)).then_some(LogicalType::String);
            Type::primitive_type_builder(name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(text)
                .build()
                .map(Arc::new)
        };
        let fields: Vec<_> = self.columns.iter().map(field).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("cohort").with_fields(fields).build()?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?;
        let mut group = writer.next_row_group()?;
        for (_, values) in &self.columns {
            let Some(mut column) = group.next_column()? else { break };
            match values {
                Values::Real(x) => {
                    let (values, defined) = split(x);
                    column.typed::<DoubleType>().write_batch(&values, Some(&defined), None)?;
                }
                Values::Integer(x) => {
                    let (values, defined) = split(x);
                    column.typed::<Int64Type>().write_batch(&values, Some(&defined), None)?;
                }
                Values::Text(x) => {
                    let (values, defined) = split(x);
                    let values: Vec<ByteArray> = values.iter().map(|s| ByteArray::from(s.as_str())).collect();
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&defined), None)?;
                }
            }
            column.close()?;
        }
        group.close()?;
        writer.close().map(|_| ())
    }
}

/// A column's name and its first values, numbers to about four digits.
fn shown(name: &str, values: &Values, rows: usize) -> Vec<String> {
    let mut cells = vec![name.to_owned()];
    match values {
        Values::Real(x) => {
            let x = &x[..rows.min(x.len())];
            let largest = x.iter().flatten().fold(0.0_f64, |m, x| m.max(x.abs()));
            let decimals = match largest {
                _ if x.iter().flatten().all(|x| x.fract() == 0.0) => 0,
                size if size >= 100.0 => 1,
                size if size >= 1.0 => 2,
                _ => 4,
            };
            let real = |x: f64| {
                if x.abs() >= 1e9 { format!("{x:.3e}") } else { format!("{x:.decimals$}") }
            };
            cells.extend(x.iter().map(|x| x.map_or_else(String::new, real).replace('-', "−")));
        }
        Values::Integer(x) => {
            let whole = |x: &Option<i64>| x.map_or_else(String::new, |x| x.to_string().replace('-', "−"));
            cells.extend(x.iter().take(rows).map(whole));
        }
        Values::Text(x) => cells.extend(x.iter().take(rows).map(|x| x.clone().unwrap_or_default())),
    }
    cells
}

/// Values that are there, and for each row whether one is.
fn split<T: Clone>(x: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    (x.iter().flatten().cloned().collect(), x.iter().map(|v| i16::from(v.is_some())).collect())
}
