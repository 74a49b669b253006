//! Medians, and the tables that they are printed in.

use crate::measure::Figure;
use std::fmt::Write;

/// The figures of several runs.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Figures(Vec<Figure>);

/// Numbers of several runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers(Vec<f64>);

impl Figures {
    pub(crate) fn push(&mut self, figure: Figure) {
        self.0.push(figure);
    }

    fn server(&self) -> Numbers {
        Numbers(self.0.iter().map(|figure| figure.server).collect())
    }

    fn clients(&self) -> Numbers {
        Numbers(self.0.iter().filter_map(|figure| figure.clients).collect())
    }

    /// The server's by the clients' of the same run.
    pub(crate) fn by_clients(&self) -> Numbers {
        Numbers(self.0.iter().filter_map(|figure| Some(figure.server / figure.clients?)).collect())
    }

    /// The median of the server's.
    pub(crate) fn text(&self, unit: &str) -> String {
        text(self.server().median(), unit)
    }
}

impl Numbers {
    /// The middle one, or the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let upper = sorted.len() / 2;
        let lower = sorted.len().saturating_sub(1) / 2;
        (sorted.get(lower).unwrap_or(&f64::NAN) + sorted.get(upper).unwrap_or(&f64::NAN)) / 2.0
    }

    fn best(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn worst(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The ratios to those of the same rounds: what slows the machine for a while slows both.
    fn over(&self, others: &Numbers) -> Numbers {
        Numbers(self.0.iter().zip(&others.0).map(|(own, other)| own / other).collect())
    }
}

/// What a row aims at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// The first line's figure.
    Value(f64),
    /// The first line's figure by the second's.
    Ratio(f64),
}

const HEADS: [&str; 9] = ["row", "of", "median", "best", "worst", "first / this", "limit", "clients", "by clients"];

pub(crate) fn head() -> String {
    let rulers = ["---", "---", "---:", "---:", "---:", "---:", "---:", "---:", "---:"];
    in_columns(&HEADS) + &in_columns(&rulers)
}

/// The lines of one row of the table, of which each side has one.
pub(crate) fn lines(name: &str, unit: &str, limit: Limit, sides: &[(&str, Figures)]) -> String {
    let mut lines = String::new();
    for (nth, (side, figures)) in sides.iter().enumerate() {
        let first = sides.first().filter(|_| nth > 0).map(|(_, first)| first);
        let ratio = |of: fn(&Figures) -> Numbers| {
            let ratio = first.map(|first| of(first).over(&of(figures)).median()).filter(|ratio| ratio.is_finite());
            ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default()
        };
        let bound = match limit {
            Limit::Value(value) if nth == 0 => text(value, unit),
            Limit::Ratio(ratio) if nth == 1 => format!("{ratio:.2}"),
            _ => String::new(),
        };
        let server = figures.server();
        let clients = Some(figures.clients().median()).filter(|median| median.is_finite());
        lines += &in_columns(&[
            if nth == 0 { name } else { "" },
            side,
            &text(server.median(), unit),
            &text(server.best(), unit),
            &text(server.worst(), unit),
            &ratio(Figures::server),
            &bound,
            &clients.map(|median| text(median, unit)).unwrap_or_default(),
            &ratio(Figures::by_clients),
        ]);
    }
    lines
}

/// Three digits, as more of them are noise.
fn text(value: f64, unit: &str) -> String {
    let places = match value.abs() {
        ..1.0 => 3,
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.places$} {unit}")
}

/// A line of a table: names on the left, numbers on the right.
pub(crate) fn in_columns(cells: &[impl AsRef<str>]) -> String {
    let mut line = String::new();
    for (nth, cell) in cells.iter().enumerate() {
        let cell = cell.as_ref();
        // Writing to memory does not fail.
        let _ = match nth {
            0 => write!(line, "| {cell:<16} "),
            1 => write!(line, "| {cell:<20} "),
            _ => write!(line, "| {cell:>12} "),
        };
    }
    line + "|\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<const N: usize>(numbers: [f64; N]) -> Numbers {
        Numbers(numbers.into())
    }

    fn figures<const N: usize>(figures: [(f64, f64); N]) -> Figures {
        Figures(figures.map(|(server, clients)| Figure { server, clients: Some(clients) }).into())
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(numbers([3.0, 1.0, 100.0]).median(), 3.0);
        assert_eq!(numbers([4.0, 1.0, 100.0, 2.0]).median(), 3.0);
        assert_eq!(numbers([7.0]).median(), 7.0);
        assert!(numbers([]).median().is_nan());
    }

    #[test]
    fn ratios_are_those_of_the_same_round() {
        // The machine became slower twice as it went on; the ratio did not.
        let (own, other) = (numbers([3.0, 6.0, 12.0]), numbers([2.0, 4.0, 8.0]));
        assert_eq!(own.over(&other), numbers([1.5, 1.5, 1.5]));
    }

    #[test]
    fn a_row_has_its_name_and_its_limit_once() {
        let sides = [
            ("hub", figures([(30.0, 10.0), (36.0, 12.0), (33.0, 11.0)])),
            ("floor", figures([(20.0, 5.0), (24.0, 6.0), (30.0, 12.0)])),
        ];
        let lines = lines("invoke", "µs", Limit::Ratio(1.4), &sides);
        let cells: Vec<Vec<&str>> = lines.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
        assert_eq!(cells[0][1..10], ["invoke", "hub", "33.0 µs", "30.0 µs", "36.0 µs", "", "", "11.0 µs", ""]);
        assert_eq!(cells[1][1..10], ["", "floor", "24.0 µs", "20.0 µs", "30.0 µs", "1.50", "1.40", "6.00 µs", "0.75"]);
    }
}
