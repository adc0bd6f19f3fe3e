//! Figures over several rounds, and how they are printed.

use std::fmt;

/// What the rounds of one measurement have given.
#[derive(Clone, Debug, Default)]
pub struct Series(Vec<f64>);

impl Series {
    /// One more round.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Round by round, how many times the other.
    pub fn over(&self, other: &Series) -> Series {
        Series(self.0.iter().zip(&other.0).map(|(one, other)| one / other).collect())
    }

    /// The one in the middle.
    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// The value below which that part of the rounds lies.
    fn at(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (sorted.len().saturating_sub(1) as f64 * part).round() as usize;
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Series {
        Series(values.into_iter().collect())
    }
}

/// The median, and the quarter and three quarters of the rounds.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let (low, median, high) = (self.at(0.25), self.median(), self.at(0.75));
        write!(f, "{median:.digits$} ({low:.digits$} to {high:.digits$})")
    }
}

/// Where the figures go.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Whether they are good enough to be held against a budget.
    pub judged: bool,
}

impl Report {
    /// What the next figures are about.
    pub fn heading(self, text: &str) {
        println!("\n{text}");
    }

    /// One figure.
    pub fn figure(self, what: &str, value: impl fmt::Display) {
        println!("  {what:<34} {value}");
    }

    /// One figure that has a budget, and whether `number` keeps it.
    pub fn budget(self, what: &str, value: impl fmt::Display, number: f64, most: f64) {
        let verdict = match self.judged {
            true if number <= most => format!("   budget {most}: met"),
            true => format!("   budget {most}: MISSED"),
            false => String::new(),
        };
        println!("  {what:<34} {value}{verdict}");
    }
}
