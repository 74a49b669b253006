//! What was counted beside what is recorded.

use crate::Failure;
use crate::record::Record;
use std::fmt::Write;

/// How much more than recorded is a regression, in per cent.
const TOLERANCE: f64 = 5.0;

/// A table in Markdown.
pub(crate) fn of(counted: &[(&str, u64)], record: &Record) -> String {
    let width = counted.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = format!("| {:<width$} | instructions |   recorded | difference |\n", "operation");
    let _ = writeln!(text, "| {:<width$} | {:>12} | {:>10} | {:>10} |", "---", "---:", "---:", "---:");
    for (name, count) in counted {
        let recorded = record.figure(name).map(|figure| figure.to_string()).unwrap_or_default();
        let difference = difference(name, *count, record).map(|percent| format!("{percent:+.1} %")).unwrap_or_default();
        let _ = writeln!(text, "| {name:<width$} | {count:>12} | {recorded:>10} | {difference:>10} |");
    }
    text
}

/// Fails if there is a regression.
pub(crate) fn verdict(counted: &[(&str, u64)], record: &Record) -> Result<(), Failure> {
    let is_worse = |(name, count): &&(&str, u64)| difference(name, *count, record) > Some(TOLERANCE);
    match counted.iter().filter(is_worse).count() {
        0 => Ok(()),
        worse => Err(format!(
            "{worse} of {} take over {TOLERANCE} % more instructions than recorded. If that is meant: --record",
            counted.len()
        )
        .into()),
    }
}

/// How much more than recorded, in per cent.
fn difference(name: &str, count: u64, record: &Record) -> Option<f64> {
    let recorded = record.figure(name)?;
    Some((count as f64 / recorded as f64 - 1.0) * 100.0)
}
