//! What can be wrong in a configuration, and how an administrator is told.

use super::{FILE_MAX, Source};
use std::{fmt, io, path::Path};

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

    /// A mistake that is about a file which a configuration names, at the line that does.
    pub fn of_named(sources: &[Source], named: &Path, mistake: Mistake) -> Error {
        let name = named.display().to_string();
        let names = |line: &str| !line.trim_start().starts_with('#') && line.contains(&name);
        for source in sources {
            if let Some(before) = source.text.lines().position(names) {
                return Error { line: before + 1, ..Error::of_file(&source.name, mistake) };
            }
        }
        Error::of_file(sources.first().map_or("", |source| &source.name), mistake)
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
    /// A key that stands outside of its table, and the table.
    Misplaced(String, &'static str),
    /// A key that stands in two places.
    Twice(String),
    /// A value of the wrong kind.
    Wants(&'static str, &'static str),
    /// A number out of its range, and what it is counted in.
    Range(&'static str, u64, u64, &'static str),
    /// A password that is not a hash.
    NoHash,
    /// A file that is included includes others.
    NestedInclude,
    /// More files than may be included.
    TooManyFiles(usize),
    /// A class of operators that is not there.
    UnknownClass(String),
    /// A listener or a gateway that a class of connections names, and which is not there.
    UnknownOf(&'static str, String),
    /// A class of operators that has the name of one that is there without being configured.
    BuiltinClass(String),
    /// STS sends clients to a port on which nobody speaks TLS.
    StsPort(u16),
    /// A key that must be there.
    Missing(&'static str, &'static str),
    /// Settings that do not go together.
    Clash(&'static str),
    /// The name of a server that is none.
    ServerName,
    /// A secret that could be guessed.
    WeakSecret,
    /// A file that could not be read, and why.
    Unreadable(String, io::ErrorKind),
    /// A server that serves would have no listener any more.
    NoListener,
    /// A file that is not what it should be, and why.
    Unusable(String, String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 if self.source.is_empty() => write!(f, "{}", self.mistake),
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
            Mistake::Misplaced(name, table) => write!(f, "`{name}` belongs in [{table}]"),
            Mistake::Twice(name) => write!(f, "`{name}` is set a second time"),
            Mistake::Wants(name, what) => write!(f, "`{name}` must be {what}"),
            Mistake::Range(name, least, most, unit) => {
                write!(f, "`{name}` must be from {least}{unit} to {most}{unit}")
            }
            Mistake::NoHash => f.write_str(
                "`password` must be a hash, which `slircd hash-password` makes of a password",
            ),
            Mistake::NestedInclude => {
                f.write_str("a file that is included cannot include others; name them in the main file")
            }
            Mistake::TooManyFiles(most) => write!(f, "`include` names more than {most} files"),
            Mistake::Missing(table, what) => write!(f, "[[{table}]] needs {what}"),
            Mistake::Clash(what) => f.write_str(what),
            Mistake::UnknownClass(name) => write!(f, "there is no class of operators `{name}`: name admin, oper, helper or an [[oper_class]]"),
            Mistake::UnknownOf("listeners", name) => write!(
                f,
                "there is no listener `{name}`: name plain, tls, websocket, unix, tor or the `label` of a [[listen]]"
            ),
            Mistake::UnknownOf(_, name) => write!(f, "there is no [[webirc]] `{name}`"),
            Mistake::BuiltinClass(name) => write!(
                f,
                "the class of operators `{name}` is there already and cannot be another; choose a different name, with `extends = \"{name}\"` for what it may do"
            ),
            Mistake::StsPort(port) => write!(
                f,
                "nobody listens for TLS on port {port}, where `[sts]` sends clients: give `[sts]` the `port` of a [[listen]] with `tls`, or add one"
            ),
            Mistake::ServerName => f.write_str("`name` must be a host name with a dot in it, as irc.example.org"),
            Mistake::WeakSecret => f.write_str(
                "`secret` can be guessed; make one with `openssl rand -base64 32` (SLIRCD_ALLOW_INSECURE_CLOAK=1 lets it pass in tests)",
            ),
            Mistake::Unreadable(file, io::ErrorKind::NotFound) => {
                write!(f, "there is no file {file}")
            }
            Mistake::Unreadable(file, io::ErrorKind::IsADirectory) => {
                write!(f, "{file} is a folder; name a file")
            }
            Mistake::Unreadable(file, io::ErrorKind::InvalidInput) => {
                write!(f, "{file} is a pipe, a socket or a device; name a file")
            }
            Mistake::Unreadable(file, io::ErrorKind::FileTooLarge) => {
                write!(f, "{file} is larger than {FILE_MAX} bytes")
            }
            Mistake::Unreadable(file, io::ErrorKind::InvalidData) => {
                write!(f, "{file} is not text in UTF-8")
            }
            Mistake::Unreadable(file, kind) => write!(f, "{file} cannot be read: {kind}"),
            Mistake::NoListener => f.write_str(
                "there is no [[listen]] any more; to go back to the loopback addresses takes a restart",
            ),
            Mistake::Unusable(file, why) => write!(f, "{file} cannot be used: {why}"),
        }
    }
}
