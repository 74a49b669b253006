//! Medians, and the table that they are printed in.

use std::fmt::Write;

/// The figures of several runs.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

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

    /// The ratios to those figures of the same rounds: what slows the machine for a while slows both.
    fn over(&self, others: &Figures) -> Figures {
        Figures(self.0.iter().zip(&others.0).map(|(own, other)| own / other).collect())
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

pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) figures: Figures,
}

pub(crate) fn head() -> String {
    row(["row", "of", "median", "best", "worst", "first / this", "limit"].map(str::to_owned))
        + &row(["---", "---", "---:", "---:", "---:", "---:", "---:"].map(str::to_owned))
}

/// The lines of one row of the table.
pub(crate) fn lines(name: &str, unit: &str, limit: Limit, lines: Vec<Line>) -> String {
    let mut text = String::new();
    let figure = |value: f64| format!("{value:.*} {unit}", if value < 10.0 { 2 } else { 1 });
    for (nth, line) in lines.iter().enumerate() {
        let ratio = lines.first().filter(|_| nth > 0).map(|first| first.figures.over(&line.figures).median());
        let bound = match limit {
            Limit::Value(value) if nth == 0 => figure(value),
            Limit::Ratio(ratio) if nth == 1 => format!("{ratio:.2}"),
            _ => String::new(),
        };
        let _ = write!(
            text,
            "{}",
            row([
                if nth == 0 { name.to_owned() } else { String::new() },
                line.name.to_owned(),
                figure(line.figures.median()),
                figure(line.figures.best()),
                figure(line.figures.worst()),
                ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
                bound,
            ])
        );
    }
    text
}

fn row(cells: [String; 7]) -> String {
    let [name, of, median, best, worst, ratio, limit] = cells;
    format!("| {name:<10} | {of:<20} | {median:>10} | {best:>10} | {worst:>10} | {ratio:>12} | {limit:>8} |\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures<const N: usize>(figures: [f64; N]) -> Figures {
        Figures(figures.into())
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(figures([3.0, 1.0, 100.0]).median(), 3.0);
        assert_eq!(figures([4.0, 1.0, 100.0, 2.0]).median(), 3.0);
        assert_eq!(figures([7.0]).median(), 7.0);
        assert!(figures([]).median().is_nan());
    }

    #[test]
    fn ratios_are_those_of_the_same_round() {
        // The machine became slower twice as it went on; the ratio did not.
        let (own, other) = (figures([3.0, 6.0, 12.0]), figures([2.0, 4.0, 8.0]));
        assert_eq!(own.over(&other), figures([1.5, 1.5, 1.5]));
    }

    #[test]
    fn a_row_has_its_name_and_its_limit_once() {
        let lines = lines(
            "polls",
            "µs",
            Limit::Ratio(1.5),
            vec![
                Line { name: "long polling", figures: figures([30.0, 36.0, 33.0]) },
                Line { name: "axum", figures: figures([20.0, 24.0, 30.0]) },
            ],
        );
        let cells: Vec<Vec<&str>> = lines.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
        assert_eq!(cells[0][1..8], ["polls", "long polling", "33.0 µs", "30.0 µs", "36.0 µs", "", ""]);
        assert_eq!(cells[1][1..8], ["", "axum", "24.0 µs", "20.0 µs", "30.0 µs", "1.50", "1.50"]);
    }
}
