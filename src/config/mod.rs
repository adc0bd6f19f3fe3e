//! The configuration, declared once: structure, defaults, documentation, and when a change takes effect.
//!
//! Reads no files: whoever calls hands over the texts, and a function that reads secrets from theirs.

pub mod error;
mod node;
pub mod privilege;
pub mod schema;
pub mod value;

pub use error::{Error, Mistake};
pub use schema::{Cloak, Config, Dns, Limits, Listen, Log, Oper, OperClass, Server, Storage, Tls};
pub use value::{Address, LogFormat, Secret};

use node::Node;
use std::{io, path::Path};

/// A file's name and text.
#[derive(Clone, Debug)]
pub struct Source {
    /// As messages name it.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// When a change of a key takes effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reload {
    /// As soon as the configuration is read again.
    Live,
    /// When the server starts again.
    Restart,
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// The table that it stands in.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// When a change takes effect.
    pub reload: Reload,
    /// What it is for.
    pub doc: &'static str,
}

/// What comes with reading: how secrets are read from their files, and what is let pass.
pub struct Reading<'a> {
    /// Reads the file that a `…_file` key names.
    pub file: &'a mut dyn FnMut(&Path) -> io::Result<String>,
    /// Whether a weak cloak secret is let pass, for tests.
    pub allow_insecure_cloak: bool,
    errors: Vec<Error>,
    source: usize,
}

impl<'a> Reading<'a> {
    /// A reading in which nothing is wrong yet.
    pub fn new(
        file: &'a mut dyn FnMut(&Path) -> io::Result<String>,
        allow_insecure_cloak: bool,
    ) -> Reading<'a> {
        Reading { file, allow_insecure_cloak, errors: Vec::new(), source: 0 }
    }

    fn wrong(&mut self, at: usize, mistake: Mistake) {
        self.errors.push(Error { source: String::new(), file: self.source, at, line: 0, mistake });
    }
}

/// The globs that a file's `include` names; a file that cannot be read names none, and `parse` says why.
pub fn includes(source: &Source) -> Vec<String> {
    let Ok(Node { value: node::Value::Table(entries), .. }) = node::read(&source.text) else {
        return Vec::new();
    };
    let include =
        entries.into_iter().find(|entry| entry.name == "include").map(|entry| entry.node.value);
    let Some(node::Value::Array(items)) = include else { return Vec::new() };
    items
        .into_iter()
        .filter_map(|item| if let node::Value::Text(text) = item.value { Some(text) } else { None })
        .collect()
}

/// Reads a configuration from its files, or finds every mistake in them.
pub fn parse(sources: &[Source], mut reading: Reading<'_>) -> Result<Config, Vec<Error>> {
    let mut tables: Vec<node::Entry> = Vec::new();
    for (place, source) in sources.iter().enumerate() {
        reading.source = place;
        match node::read(&source.text) {
            Ok(Node { value: node::Value::Table(entries), .. }) => {
                tables
                    .extend(entries.into_iter().map(|entry| node::Entry { file: place, ..entry }));
            }
            Ok(_) => (),
            Err((at, message)) => reading.wrong(at, Mistake::Syntax(message)),
        }
    }
    let config = Config::read(tables, &mut reading);
    let mut errors = reading.errors;
    if errors.is_empty() {
        return Ok(config);
    }
    for error in &mut errors {
        if let Some(source) = sources.get(error.file) {
            error.source.clone_from(&source.name);
            let before = source.text.get(..error.at.min(source.text.len())).unwrap_or_default();
            error.line = before.matches('\n').count() + 1;
        }
    }
    errors.sort_by_key(|error| (error.file, error.at));
    Err(errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read(text: &str) -> Result<Config, Vec<String>> {
        let source = Source { name: "a.toml".into(), text: text.into() };
        let mut file = |_: &Path| Ok("from a file\n".to_owned());
        parse(&[source], Reading::new(&mut file, false))
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_is_a_configuration() {
        assert_eq!(read("").unwrap(), Config::default());
    }

    #[test]
    fn every_mistake_is_found_at_once() {
        let errors = read(
            "[server]\nnmae = \"x.y\"\nname = 7\n[limits]\nnick = 0\nsend_queue = \"many\"\n[serverr]\n[[listen]]\naddress = \"nowhere\"\n[cloak]\nsecret = \"changeme\"\n[[oper]]\nname = \"a\"\n",
        )
        .unwrap_err();
        let text = errors.join("\n");
        assert_eq!(errors.len(), 8, "{text}");
        for part in [
            "a.toml:2: unknown key `nmae`; did you mean `name`?",
            "a.toml:3: ",
            "a.toml:5: ",
            "a.toml:6: ",
            "a.toml:7: unknown table `serverr`; did you mean `server`?",
            "a.toml:9: ",
            "a.toml:11: ",
            "a.toml:12: ",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn values_are_written_as_people_write_them() {
        let config = read("[limits]\nping_interval = \"1h30m\"\nsend_queue = \"64k\"\nexempt = [\"192.0.2.0/24\"]\n[server]\npassword_file = \"x\"\n[[listen]]\naddress = \"unix:/run/s.sock\"\n").unwrap();
        assert_eq!(config.limits.ping_interval, Duration::from_secs(5400));
        assert_eq!(config.limits.send_queue, 65_536);
        assert!(config.limits.exempt[0].contains("192.0.2.9".parse().unwrap()));
        assert_eq!(config.server.password.as_ref().map(Secret::expose), Some("from a file"));
        assert_eq!(config.listen[0].address, Address::Unix("/run/s.sock".into()));
    }

    #[test]
    fn a_line_that_is_no_toml_is_named() {
        let errors = read("[server]\nname = \n").unwrap_err();
        assert!(errors[0].starts_with("a.toml:2: "), "{errors:?}");
    }

    #[test]
    fn the_example_is_the_default_and_names_every_key() {
        let example = schema::example();
        assert_eq!(read(&example).unwrap(), Config::default());
        for key in schema::keys() {
            assert!(example.contains(key.name), "{}", key.name);
        }
    }

    #[test]
    fn what_needs_a_restart_is_kept_and_named() {
        let old = Config::default();
        let mut new = Config::default();
        new.server.name = "other.test".into();
        new.limits.targets = 9;
        assert_eq!(new.keep(&old), ["server.name"]);
        assert_eq!((new.server.name.as_str(), new.limits.targets), (old.server.name.as_str(), 9));
    }

    #[test]
    fn no_secret_is_ever_printed() {
        let config = read("[cloak]\nsecret = \"q8ZrT0aXw3LmN7cVbHy2KpUo\"\n").unwrap();
        assert!(!format!("{config:?}").contains("q8Zr"));
    }
}
