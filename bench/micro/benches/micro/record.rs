//! The figures that are kept in the repository.

use crate::Failure;
use crate::case::Case;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::process::Command;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");

const HEAD: &str = "# Instructions per operation. Written by `cargo xtask micro --record`.\n";

/// Lines of a number and a name, behind a line of the compiler they were counted with.
#[derive(Debug, Default)]
pub(crate) struct Record {
    compiler: String,
    figures: BTreeMap<String, u64>,
}

impl Record {
    /// What is in the file; nothing if there is none.
    pub(crate) fn read() -> Result<Self, Failure> {
        match fs::read_to_string(PATH) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Record::default()),
            Err(error) => Err(format!("{PATH}: {error}").into()),
        }
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let mut record = Record::default();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                // The last of them.
                record.compiler = comment.to_owned();
                continue;
            }
            let (figure, name) =
                line.trim_start().split_once(' ').ok_or_else(|| format!("{PATH}: not a figure: {line}"))?;
            record.figures.insert(name.trim().to_owned(), figure.parse()?);
        }
        Ok(record)
    }

    pub(crate) fn figure(&self, name: &str) -> Option<u64> {
        self.figures.get(name).copied()
    }

    /// Whether the figures were counted with the compiler of today. One without figures is of any compiler.
    pub(crate) fn is_of_this_compiler(&self) -> Result<bool, Failure> {
        Ok(self.figures.is_empty() || self.compiler == compiler()?)
    }

    pub(crate) fn compiler(&self) -> &str {
        &self.compiler
    }

    /// Writes the new figures, and keeps those of other benchmarks that there still are.
    pub(crate) fn replace(&mut self, counted: &[(&str, u64)], known: &[Case]) -> Result<(), Failure> {
        if counted.len() < known.len() && !self.is_of_this_compiler()? {
            return Err(format!("The recorded figures are of {}: record all of them.", self.compiler).into());
        }
        self.figures.extend(counted.iter().map(|(name, figure)| ((*name).to_owned(), *figure)));
        self.figures.retain(|name, _| known.iter().any(|case| case.name == *name));
        let mut text = format!("{HEAD}# {}\n", compiler()?);
        for (name, figure) in &self.figures {
            writeln!(text, "{figure:>12}  {name}")?;
        }
        Ok(fs::write(PATH, text)?)
    }
}

/// What decides about the instructions besides the code.
fn compiler() -> Result<String, Failure> {
    let rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version").output()?;
    let version = String::from_utf8(rustc.stdout)?;
    Ok(format!("{}, {}-{}", version.trim(), env::consts::ARCH, env::consts::OS))
}
