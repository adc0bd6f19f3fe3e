//! What can be wrong in a configuration, and how an administrator is told.

use std::fmt;

/// A mistake, and where it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    /// The file's name.
    pub source: String,
    pub(super) file: usize,
    pub(super) at: usize,
    /// The line, from 1; 0 if it is about the file.
    pub line: usize,
    /// What is wrong.
    pub mistake: Mistake,
}

impl Error {
    /// A mistake that is about a whole file.
    pub fn of_file(source: &str, mistake: Mistake) -> Error {
        Error { source: source.into(), file: 0, at: 0, line: 0, mistake }
    }
}

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Mistake {
    /// It is no TOML; what the parser says.
    Syntax(String),
    /// A key that means nothing, and the nearest that does.
    UnknownKey(String, Option<&'static str>),
    /// A table that means nothing, and the nearest that does.
    UnknownTable(String, Option<&'static str>),
    /// A key that stands in two places.
    Twice(String),
    /// A value of the wrong kind.
    Wants(&'static str, &'static str),
    /// A number out of its range.
    Range(&'static str, u64, u64),
    /// A class of operators that is not there.
    UnknownClass(String),
    /// A key that must be there.
    Missing(&'static str, &'static str),
    /// The name of a server that is none.
    ServerName,
    /// A secret that could be guessed.
    WeakSecret,
    /// A file that could not be read, and why.
    Unreadable(String, std::io::ErrorKind),
    /// A certificate or key that cannot be used, and the file.
    Certificate(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.source, self.mistake),
            line => write!(f, "{}:{line}: {}", self.source, self.mistake),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown =
            |f: &mut fmt::Formatter<'_>, what: &str, name: &str, near: &Option<&str>| match near {
                Some(near) => write!(f, "unknown {what} `{name}`; did you mean `{near}`?"),
                None => write!(f, "unknown {what} `{name}`"),
            };
        match self {
            Mistake::Syntax(message) => f.write_str(message),
            Mistake::UnknownKey(name, near) => unknown(f, "key", name, near),
            Mistake::UnknownTable(name, near) => unknown(f, "table", name, near),
            Mistake::Twice(name) => write!(f, "`{name}` is set a second time"),
            Mistake::Wants(name, what) => write!(f, "`{name}` must be {what}"),
            Mistake::Range(name, least, most) => write!(f, "`{name}` must be from {least} to {most}"),
            Mistake::Missing(table, what) => write!(f, "[[{table}]] needs {what}"),
            Mistake::UnknownClass(name) => write!(f, "there is no class of operators `{name}`: name admin, oper, helper or an [[oper_class]]"),
            Mistake::ServerName => f.write_str("`name` must be a host name with a dot in it, as irc.example.org"),
            Mistake::WeakSecret => f.write_str(
                "`secret` can be guessed; make one with `openssl rand -base64 32` (SLIRCD_ALLOW_INSECURE_CLOAK=1 lets it pass in tests)",
            ),
            Mistake::Unreadable(file, kind) => write!(f, "{file} cannot be read: {kind}"),
            Mistake::Certificate(file) => write!(f, "{file} holds no certificate or key that can be used"),
        }
    }
}
