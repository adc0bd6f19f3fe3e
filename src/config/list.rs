//! Tables of which there are several, and what holds for one as a whole.

use super::{
    Address, Config, Listen, Mistake, Oper, OperClass, Reading, Secret, Webirc,
    node::{Entry, Node, Value},
    privilege,
};
use crate::wire::{casemap::Casemap, name::Nick};
use argon2::PasswordHash;
use std::path::PathBuf;

/// Where classes of operators are named: by the operators, and by other classes.
#[derive(Default)]
pub struct Classes {
    opers: Vec<(usize, usize)>,
    bases: Vec<(usize, usize)>,
}

impl Classes {
    /// That every class that is named is there.
    pub fn check(&self, config: &Config, reading: &mut Reading<'_>) {
        let known = |name: &str| {
            privilege::CLASSES.iter().any(|row| row.0 == name)
                || config.oper_class.iter().any(|class| class.name == name)
        };
        let named = config.oper.iter().map(|oper| Some(oper.class.as_str())).zip(&self.opers);
        let bases = config.oper_class.iter().map(|class| class.extends.as_deref()).zip(&self.bases);
        for (name, (file, at)) in named.chain(bases) {
            if let Some(name) = name.filter(|name| !known(name)) {
                reading.source = *file;
                reading.wrong(*at, Mistake::UnknownClass(name.to_owned()));
            }
        }
    }
}

/// Whether a nick can begin with a text and end with a number.
pub(super) fn begins_a_nick(text: &str) -> bool {
    Nick::new(text, Casemap::Ascii, GUEST_MAX).is_some()
}

/// The longest beginning of a guest's nick, in bytes.
const GUEST_MAX: usize = 20;

/// What marks the nick of a relayed message.
pub(super) const SEPARATORS: &str = "characters that no nick holds: one or more of / ; < > = ( )";

/// Whether every character of a text can mark the nick of a relayed message.
pub(super) fn is_separators(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| "/;<>=()".contains(c))
}

/// Whether a text is a web address that fits on a line of RPL_ISUPPORT.
pub(super) fn is_icon(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty())
        && text.len() <= 200
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Reads one of several tables of a name. No two may be the same.
pub fn read(
    config: &mut Config,
    classes: &mut Classes,
    name: &str,
    item: Node,
    file: usize,
    reading: &mut Reading<'_>,
) {
    let at = item.at;
    let twice = match name {
        "listen" => listen(item, file, reading).and_then(|listen| {
            let twice = !listen.is_free()
                && config.listen.iter().any(|other| other.address == listen.address);
            let address = listen.address.to_string();
            config.listen.push(listen);
            twice.then_some(address)
        }),
        "oper" => {
            classes.opers.push((file, place_of(&item, "class")));
            let oper = oper(item, file, reading);
            let twice = config.oper.iter().any(|other| other.name == oper.name);
            let name = oper.name.clone();
            config.oper.push(oper);
            twice.then_some(name)
        }
        "webirc" => {
            let webirc = webirc(item, file, reading);
            let twice = config.webirc.iter().any(|other| other.name == webirc.name);
            let name = webirc.name.clone();
            config.webirc.push(webirc);
            twice.then_some(name)
        }
        _ => {
            classes.bases.push((file, place_of(&item, "extends")));
            let class = oper_class(item, file, reading);
            let twice = config.oper_class.iter().any(|other| other.name == class.name);
            let name = class.name.clone();
            config.oper_class.push(class);
            twice.then_some(name)
        }
    };
    if let Some(twice) = twice {
        reading.source = file;
        reading.wrong(at, Mistake::Twice(format!("[[{name}]] {twice}")));
    }
}

impl Listen {
    /// Whether the system chooses the port, and so another one for each such listener.
    fn is_free(&self) -> bool {
        matches!(&self.address, Address::Tcp(address) if address.port() == 0)
    }
}

/// A listener.
fn listen(item: Node, file: usize, reading: &mut Reading<'_>) -> Option<Listen> {
    let keys = Keys::of(&item);
    let Value::Table(entries) = item.value else {
        reading.wrong(keys.at, Mistake::Wants("listen", "tables, each begun with [[listen]]"));
        return None;
    };
    let listen = Listen::read(within(entries, file), reading);
    if keys.place("address").is_none() {
        reading.wrong(keys.at, Mistake::Missing("listen", "an `address`"));
    }
    if listen.starttls && listen.tls.is_empty() {
        let what = "`starttls` needs `tls`, the certificates to turn to TLS with";
        reading.wrong(keys.at, Mistake::Listener(what));
    }
    if listen.starttls && listen.websocket {
        let what = "`starttls` is not for `websocket`; without `starttls`, `tls` makes it wss://";
        reading.wrong(keys.at, Mistake::Listener(what));
    }
    if let Some(at) = keys.place("origins").or(keys.place("forwarded")) {
        if !listen.websocket {
            let what = "`origins` and `forwarded` are for `websocket = true`";
            reading.wrong(at, Mistake::Listener(what));
        }
    }
    (listen.address != Address::Unix(PathBuf::new())).then_some(listen)
}

/// A gateway.
fn webirc(item: Node, file: usize, reading: &mut Reading<'_>) -> Webirc {
    let keys = Keys::of(&item);
    let Value::Table(entries) = item.value else {
        reading.wrong(keys.at, Mistake::Wants("webirc", "tables, each begun with [[webirc]]"));
        return Webirc::default();
    };
    let mut webirc = Webirc::read(within(entries, file), reading);
    if keys.place("name").is_none() {
        reading.wrong(keys.at, Mistake::Missing("webirc", "a `name`"));
    }
    let password = keys.place("password").or(keys.place("password_file"));
    match (password, keys.place("fingerprint")) {
        (None, None) => {
            reading.wrong(keys.at, Mistake::Missing("webirc", "a `password` or a `fingerprint`"));
        }
        (Some(_), None) if webirc.hosts.is_empty() => {
            // Whoever learned the password could be anybody.
            reading.wrong(keys.at, Mistake::Missing("webirc", "`hosts`, or a `fingerprint`"));
        }
        (Some(at), _) if webirc.password.as_ref().is_some_and(Secret::is_hash) => {
            hashed(webirc.password.as_ref(), at, reading);
        }
        (Some(_), _) | (None, Some(_)) => (),
    }
    webirc.fingerprint = fingerprint(webirc.fingerprint, &keys, reading);
    webirc
}

/// An operator.
fn oper(item: Node, file: usize, reading: &mut Reading<'_>) -> Oper {
    let keys = Keys::of(&item);
    let Value::Table(entries) = item.value else {
        reading.wrong(keys.at, Mistake::Wants("oper", "tables, each begun with [[oper]]"));
        return Oper::default();
    };
    let mut oper = Oper::read(within(entries, file), reading);
    match keys.place("name") {
        None => reading.wrong(keys.at, Mistake::Missing("oper", "a `name`")),
        Some(at) if !is_word(&oper.name) => reading.wrong(at, Mistake::Wants("name", "one word")),
        Some(_) => (),
    }
    let password = keys.place("password").or(keys.place("password_file"));
    match (password, keys.place("fingerprint")) {
        (None, None) => {
            reading.wrong(keys.at, Mistake::Missing("oper", "a `password` or a `fingerprint`"));
        }
        (Some(at), _) => hashed(oper.password.as_ref(), at, reading),
        (None, Some(_)) => (),
    }
    oper.fingerprint = fingerprint(oper.fingerprint, &keys, reading);
    oper
}

/// A fingerprint as it is compared, with or without colons, in either case.
fn fingerprint(given: Option<String>, keys: &Keys, reading: &mut Reading<'_>) -> Option<String> {
    let text = given.map(|text| text.replace(':', "").to_ascii_lowercase());
    let sha256 = |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(at) = keys.place("fingerprint").filter(|_| !text.iter().all(sha256)) {
        let wants = "the SHA-256 of a certificate, 64 hexadecimal digits";
        reading.wrong(at, Mistake::Wants("fingerprint", wants));
    }
    text
}

/// A class of operators.
fn oper_class(item: Node, file: usize, reading: &mut Reading<'_>) -> OperClass {
    let keys = Keys::of(&item);
    let Value::Table(entries) = item.value else {
        let wants = "tables, each begun with [[oper_class]]";
        reading.wrong(keys.at, Mistake::Wants("oper_class", wants));
        return OperClass::default();
    };
    let class = OperClass::read(within(entries, file), reading);
    if keys.place("name").is_none() {
        reading.wrong(keys.at, Mistake::Missing("oper_class", "a `name`"));
    }
    class
}

/// The place of a key's value, or of the table that lacks it.
fn place_of(item: &Node, key: &str) -> usize {
    let keys = Keys::of(item);
    keys.place(key).unwrap_or(keys.at)
}

/// Where the keys of a table stand.
struct Keys {
    /// Where the table begins.
    at: usize,
    /// Each key, and where its value begins.
    places: Vec<(String, usize)>,
}

impl Keys {
    fn of(item: &Node) -> Keys {
        let entries =
            if let Value::Table(entries) = &item.value { entries.as_slice() } else { &[] };
        let places = entries.iter().map(|entry| (entry.name.clone(), entry.node.at)).collect();
        Keys { at: item.at, places }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.iter().find(|place| place.0 == name).map(|place| place.1)
    }
}

/// The entries of a table, marked as being of a file.
pub fn within(entries: Vec<Entry>, file: usize) -> Vec<Entry> {
    entries.into_iter().map(|entry| Entry { file, ..entry }).collect()
}

/// What can be said as one parameter of a command.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(':') && !text.contains(char::is_whitespace)
}

/// A password in the configuration is a hash (PHC string).
pub fn hashed(password: Option<&Secret>, at: usize, reading: &mut Reading<'_>) {
    let is_hash = |secret: &Secret| {
        PasswordHash::new(secret.expose())
            .is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2"))
    };
    if password.is_some_and(|secret| !is_hash(secret)) {
        reading.wrong(at, Mistake::NoHash);
    }
}
