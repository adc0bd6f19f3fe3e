//! Durations as people write them: `90s`, `2h`, `1d12h`, `1w`.

use std::{fmt::Write, time::Duration};

/// The units, the longest first, in seconds.
const UNITS: &[(&str, u64)] =
    &[("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

/// Reads numbers with units; a number without one stands for so many of `bare` seconds.
pub fn parse(text: &str, bare: u64) -> Option<Duration> {
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let span = match rest.get(..letters)? {
            "" if digits == text.len() => Duration::from_secs(number.checked_mul(bare)?),
            "ms" => Duration::from_millis(number),
            unit => {
                let (_, secs) = UNITS.iter().find(|row| row.0 == unit)?;
                Duration::from_secs(number.checked_mul(*secs)?)
            }
        };
        total = total.checked_add(span)?;
        rest = rest.get(letters..)?;
    }
    Some(total)
}

/// Writes whole seconds in as few units as they need: `1h30m`.
pub fn show(span: Duration) -> String {
    let mut text = String::new();
    let mut left = span.as_secs();
    for (unit, secs) in UNITS {
        if left >= *secs {
            let _ = write!(text, "{}{unit}", left / secs);
            left %= secs;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_the_same() {
        for (text, secs, shown) in [
            ("90", 90, "1m30s"),
            ("2h", 7200, "2h"),
            ("1d12h", 129_600, "1d12h"),
            ("0s", 0, "0s"),
            ("1y", 31_536_000, "1y"),
        ] {
            let span = parse(text, 1).unwrap();
            assert_eq!((span.as_secs(), show(span).as_str()), (secs, shown), "{text}");
            assert_eq!(parse(shown, 1), Some(span));
        }
        assert_eq!(parse("5", 60), Some(Duration::from_secs(300)));
        for bad in ["", "h", "5x", "-1", "5 m", "99999999999999999999", "1h5", "99999999999999y"] {
            assert_eq!(parse(bad, 1), None, "{bad}");
        }
    }
}
