//! The configuration, declared once: structure, defaults, documentation, and when a change takes effect.
//!
//! Reads no files: whoever calls hands over the texts, and a function that reads secrets from theirs.

pub mod dnsbl;
pub mod error;
mod list;
pub mod mail;
mod nearest;
mod node;
pub mod privilege;
pub mod schema;
pub mod value;

pub use error::{Error, Mistake};
pub use list::{DEFAULT_CLASS, LOOPBACK_TLS};
pub use schema::{
    Class, Cloak, Config, Dns, Dnsbl, Limits, Listen, Log, Mail, Oper, OperClass, Reputation,
    Server, Storage, Sts, Tls, Tor, Webirc,
};
pub use value::{Address, LogFormat, NameServer, Secret, Trusted};

use node::Node;
use std::{io, net::IpAddr, path::Path};

/// The largest file that is read, in bytes.
pub const FILE_MAX: u64 = 1 << 20;

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

/// Reads a configuration from its files, and finds every mistake in them; what is wrong is as if it were
/// not there, so that the rest can be looked at.
pub fn parse(sources: &[Source], mut reading: Reading<'_>) -> (Config, Vec<Error>) {
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
    for error in &mut errors {
        if let Some(source) = sources.get(error.file) {
            error.source.clone_from(&source.name);
            let before = source.text.get(..error.at.min(source.text.len())).unwrap_or_default();
            error.line = before.matches('\n').count() + 1;
        }
    }
    errors.sort_by_key(|error| (error.file, error.at));
    // Of one value the first mistake is enough.
    errors.dedup_by_key(|error| (error.file, error.at));
    (config, errors)
}

impl Limits {
    /// Whether limits by address do not hold for one.
    pub fn is_exempt(&self, address: IpAddr) -> bool {
        self.exempt.iter().any(|range| range.contains(address))
    }
}

impl Server {
    /// What the services of the network are called, as if they were a server.
    pub fn services(&self) -> String {
        let domain = self.name.split_once('.').map_or("", |parts| parts.1);
        let derived = format!("services.{domain}");
        let own = derived.eq_ignore_ascii_case(&self.name);
        let derived = if own { format!("services.{derived}") } else { derived };
        self.services.clone().unwrap_or(derived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2xpcmNkIG5vYm9keQ$0K0pVbUq0d4M1vJ3mYxYv5l8c2nqk7r9w1t3u5y7a8A";

    fn read(text: &str) -> Result<Config, Vec<String>> {
        let source = Source { name: "a.toml".into(), text: text.into() };
        let mut file = |path: &Path| match path.to_str() {
            Some("hash") => Ok(format!("{HASH}\n")),
            Some("secret") => Ok("q8ZrT0aXw3LmN7cVbHy2KpUo\r\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let (config, errors) = parse(&[source], Reading::new(&mut file, false));
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    #[track_caller]
    fn refuses(text: &str, mistake: &str) {
        let errors = read(text).unwrap_err();
        let wanted = format!("a.toml:{mistake}");
        assert!(errors.iter().any(|error| error.starts_with(&wanted)), "{wanted}\n{errors:?}");
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
    fn settings_that_do_not_go_together_are_mistakes() {
        let errors = read(
            "[[listen]]\naddress = \"127.0.0.1:1\"\nstarttls = true\n[[listen]]\naddress = \"127.0.0.1:2\"\norigins = [\"a\"]\n[[webirc]]\nname = \"a\"\npassword = \"b\"\n[[webirc]]\nhosts = [\"unix\"]\n[tor]\nhost = \"x\"\n",
        )
        .unwrap_err();
        let lines: Vec<_> = errors.iter().map(|error| error.split(' ').next().unwrap()).collect();
        assert_eq!(lines, ["a.toml:1:", "a.toml:6:", "a.toml:7:", "a.toml:10:", "a.toml:13:"]);
    }

    #[test]
    fn whom_to_believe_is_written_as_addresses_ranges_or_unix() {
        let fingerprint = ["AB"; 32].join(":");
        let config = read(&format!(
            "[[listen]]\naddress = \"127.0.0.1:1\"\nproxy = [\"10.0.0.0/8\", \"unix\"]\n[[webirc]]\nname = \"a\"\nfingerprint = \"{fingerprint}\"\n",
        ))
        .unwrap();
        assert_eq!(config.listen[0].proxy[1], Trusted::Unix);
        assert_eq!(config.webirc[0].fingerprint, Some("ab".repeat(32)));
    }

    #[test]
    fn values_are_written_as_people_write_them() {
        let config = read("[limits]\nping_interval = \"1h30m\"\nsend_queue = \"64k\"\nexempt = [\"192.0.2.0/24\"]\n[server]\npassword_file = \"hash\"\n[[listen]]\naddress = \"unix:/run/s.sock\"\n").unwrap();
        assert_eq!(config.limits.ping_interval, Duration::from_secs(5400));
        assert_eq!(config.limits.send_queue, 65_536);
        assert!(config.limits.exempt[0].contains("192.0.2.9".parse().unwrap()));
        assert_eq!(config.server.password.as_ref().map(Secret::expose), Some(HASH));
        assert_eq!(config.listen[0].address, Address::Unix("/run/s.sock".into()));
        let config = read("[dns]\nservers = [\"192.0.2.1\", \"[::1]:5353\", \"::2\"]\n").unwrap();
        let servers: Vec<String> = config.dns.servers.iter().map(|s| s.0.to_string()).collect();
        assert_eq!(servers, ["192.0.2.1:53", "[::1]:5353", "[::2]:53"]);
    }

    #[test]
    fn every_secret_can_stand_in_a_file_of_its_own() {
        let config = read(
            "[server]\npassword_file = \"hash\"\n[cloak]\nsecret_file = \"secret\"\n[[oper]]\nname = \"a\"\npassword_file = \"hash\"\n",
        )
        .unwrap();
        assert_eq!(config.server.password.as_ref().map(Secret::expose), Some(HASH));
        assert_eq!(config.oper[0].password.as_ref().map(Secret::expose), Some(HASH));
        let secret = config.cloak.secret.as_ref().map(Secret::expose);
        assert_eq!(secret, Some("q8ZrT0aXw3LmN7cVbHy2KpUo"));
        assert_eq!(
            read("[cloak]\nsecret_file = \"lost\"\n").unwrap_err(),
            ["a.toml:2: there is no file lost"]
        );
        let twice = format!("[server]\npassword = \"{HASH}\"\npassword_file = \"hash\"\n");
        assert_eq!(read(&twice).unwrap_err(), ["a.toml:3: `password` is set a second time"]);
    }

    #[test]
    fn what_a_table_says_as_a_whole_is_checked() {
        for (text, mistake) in [
            ("listen = [\"[::]:6667\"]", "1: `listen` must be tables, each begun with [[listen]]"),
            ("[[listen]]", "1: [[listen]] needs an `address`"),
            (
                "[[listen]]\naddress = \"[::]:6667\"\n[[listen]]\naddress = \"[::]:6667\"",
                "3: `[[listen]] [::]:6667` is set a second time",
            ),
            ("[[oper]]\nname = 5\nfingerprint = \"\"", "2: `name` must be a text"),
            (
                "[sts]\nenabled = true\nport = 6690",
                "2: nobody listens for TLS on port 6690, where `[sts]` sends clients: give `[sts]` the `port` of a [[listen]] with `tls`, or add one",
            ),
            (
                "[[listen]]\naddress = \"[::]:6697\"\n[sts]\nenabled = true",
                "4: nobody listens for TLS on port 6697",
            ),
            ("[[oper]]\nname = \"a b\"", "2: `name` must be one word"),
            ("[[oper]]\nname = \"a\"", "1: [[oper]] needs a `password` or a `fingerprint`"),
            (
                "[[oper]]\nname = \"a\"\npassword = \"sesame\"",
                "3: `password` must be a hash, which `slircd hash-password` makes of a password",
            ),
            (
                "[[oper]]\nname = \"a\"\nfingerprint = \"12:34\"",
                "3: `fingerprint` must be the SHA-256 of a certificate, 64 hexadecimal digits",
            ),
            (
                "[[oper]]\nname = \"a\"\npassword_file = \"hash\"\nclass = \"amdin\"",
                "4: there is no class of operators `amdin`",
            ),
            ("[server]\npassword = \"sesame\"", "2: `password` must be a hash"),
            (
                "[server]\nservices = \"services\"",
                "2: `services` must be a host name with a dot in it",
            ),
            ("[server]\nicon = \"icon.png\"", "2: `icon` must be a web address"),
            (
                "[relaymsg]\nseparators = \"|\"",
                "2: `separators` must be characters that no nick holds",
            ),
            ("[cloak]\nsuffix = \"a b\"", "2: `suffix` must be the end of a host name"),
            ("[limits]\nping_timeout = \"2d\"", "2: `ping_timeout` must be from 1s to 86400s"),
            ("motd = \"x\"", "1: `motd` belongs in [server]"),
            ("include = [7]", "1: `include` must be a list of file names"),
            ("[cloak]\nsecret = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "2: `secret` can be guessed"),
        ] {
            refuses(text, mistake);
        }
    }

    #[test]
    fn what_mail_says_as_a_whole_is_checked() {
        for (text, mistake) in [
            (
                "server = \"a.test\"",
                "2: [mail] needs `from`, the mail address that mail comes from",
            ),
            ("from = \"irc\"", "2: `from` must be a mail address"),
            ("server = \"a.test:25\"\nfrom = \"a@b\"", "2: `server` must be a host name or an"),
            (
                "server = \"a.test\"\nfrom = \"a@b\"\nsendmail = \"/x\"",
                "4: `server` and `sendmail` are two ways to send mail",
            ),
            (
                "server = \"a.test\"\nfrom = \"a@b\"\nuser = \"me\"",
                "4: `user` and `password` of [mail] go together",
            ),
            (
                "server = \"a.test\"\nfrom = \"a@b\"\ntls = \"none\"",
                "4: without `tls` mail goes only to this machine itself",
            ),
            ("tls = \"maybe\"", "2: `tls` must be implicit, starttls or none"),
            ("verify = \"Hello\"", "2: `verify` must be a subject, an empty line and a text"),
            ("timeout = \"1h\"", "2: `timeout` must be from 1s to 300s"),
        ] {
            refuses(&format!("[mail]\n{text}"), mistake);
        }
        let config = read(
            "[mail]\nserver = \"::1\"\ntls = \"none\"\nfrom = \"irc@a.test\"\nuser = \"me\"\npassword_file = \"secret\"\n",
        )
        .unwrap();
        assert!(config.mail.is_sent() && config.mail.port() == 25);
        assert!(!format!("{config:?}").contains("q8ZrT0aXw3LmN7cVbHy2KpUo"));
    }

    #[test]
    fn what_a_blocklist_says_as_a_whole_is_checked() {
        for (text, mistake) in [
            ("[[dnsbl]]\nzone = \"bl.test\"", "1: [[dnsbl]] needs a `name`"),
            ("[[dnsbl]]\nname = \"a\"", "1: [[dnsbl]] needs a `zone` or a `url`"),
            ("[[dnsbl]]\nname = \"a\"\nzone = \"a..b\"", "3: `zone` must be a domain"),
            (
                "[[dnsbl]]\nname = \"a\"\nurl = \"http://a.test/\"\nreplies = [\"200\"]",
                "3: `url` must be an http:// or https:// address with {address}",
            ),
            (
                "[[dnsbl]]\nname = \"a\"\nurl = \"http://a.test/{address}\"",
                "1: [[dnsbl]] needs `replies`",
            ),
            (
                "[[dnsbl]]\nname = \"a\"\nzone = \"a.test\"\nreplies = [\"300\"]",
                "4: `replies` must be replies of a zone",
            ),
            (
                "[[dnsbl]]\nname = \"a\"\nurl = \"http://a.test/{address}\"\nreplies = [\"3\"]",
                "4: `replies` must be replies of a page",
            ),
            (
                "[[dnsbl]]\nname = \"a\"\nzone = \"a.test\"\nreplies = [\"3 => shoot\"]",
                "4: `replies` must be replies, as 3",
            ),
            (
                "[[dnsbl]]\nname = \"a\"\nzone = \"a.test\"\n[[dnsbl]]\nname = \"a\"\nzone = \"b.test\"",
                "4: `[[dnsbl]] a` is set a second time",
            ),
        ] {
            refuses(text, mistake);
        }
    }

    #[test]
    fn what_a_class_says_as_a_whole_is_checked() {
        for (text, mistake) in [
            (
                "[[oper_class]]\nname = \"helper\"",
                "2: the class of operators `helper` is there already and cannot be another; choose a different name, with `extends = \"helper\"` for what it may do",
            ),
            (
                "[[class]]\nname = \"default\"\nhosts = \"unix\"",
                "2: `name` must be another than default, whose limits are those of [limits]",
            ),
            ("[[class]]\nname = \"a b\"\nhosts = \"unix\"", "2: `name` must be one word"),
            ("[[class]]\nhosts = \"unix\"", "1: [[class]] needs a `name`"),
            (
                "[[class]]\nname = \"a\"\nclients = 3",
                "1: [[class]] needs `hosts`, `listeners`, `gateways`, `accounts` or `certificate`; limits for everybody stand in [limits]",
            ),
            (
                "[[class]]\nname = \"a\"\nhosts = \"unix\"\n[[class]]\nname = \"a\"\nhosts = \"unix\"",
                "4: `[[class]] a` is set a second time",
            ),
            (
                "[[class]]\nname = \"a\"\nlisteners = [\"tls\", \"inside\"]",
                "3: there is no listener `inside`: name plain, tls, websocket, unix, tor or the `label` of a [[listen]]",
            ),
            ("[[class]]\nname = \"a\"\ngateways = \"chat\"", "3: there is no [[webirc]] `chat`"),
            (
                "[[class]]\nname = \"a\"\nhosts = \"unix\"\npassword = \"sesame\"",
                "4: `password` must be a hash, which `slircd hash-password` makes of a password",
            ),
            (
                "[[class]]\nname = \"a\"\nhosts = \"unix\"\nsend_queue = \"1k\"",
                "4: `send_queue` must be from 65536 to 1073741824",
            ),
            (
                "[[listen]]\naddress = \"[::]:1\"\nlabel = \"tor\"",
                "3: `label` must be one word, and none of plain, tls, websocket, unix and tor",
            ),
            ("[limits]\nnetwork_v6 = 65", "2: `network_v6` must be from 16 bits to 64 bits"),
        ] {
            refuses(text, mistake);
        }
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

    #[test]
    fn services_have_the_domain_of_the_server_unless_they_are_named() {
        let called = |name: &str, services: Option<&str>| {
            let services = services.map(str::to_owned);
            schema::Server { name: name.into(), services, ..Config::default().server }.services()
        };
        assert_eq!(called("irc.example.org", None), "services.example.org");
        assert_eq!(called("services.example.org", None), "services.services.example.org");
        assert_eq!(called("irc.example.org", Some("bots.test")), "bots.test");
    }
}
