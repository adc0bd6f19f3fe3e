//! The configuration (a stand-in until the real one is merged).
use std::fmt;

/// All settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {}

/// A mistake.
#[derive(Debug)]
pub struct Error {}

/// What no log may show.
#[derive(Clone, PartialEq)]
pub struct Secret(pub String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
