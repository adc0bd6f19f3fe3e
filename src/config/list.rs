//! Tables of which there are several, and what holds for one as a whole.

use super::{
    Address, Listen, Mistake, Oper, Reading, Secret,
    node::{Entry, Node, Value},
    schema::CLASSES,
};
use argon2::PasswordHash;
use std::path::PathBuf;

/// A listener.
pub fn listen(item: Node, file: usize, reading: &mut Reading<'_>) -> Option<Listen> {
    let keys = Keys::of(&item);
    let Value::Table(entries) = item.value else {
        reading.wrong(keys.at, Mistake::Wants("listen", "tables, each begun with [[listen]]"));
        return None;
    };
    let listen = Listen::read(within(entries, file), reading);
    if keys.place("address").is_none() {
        reading.wrong(keys.at, Mistake::Missing("listen", "an `address`"));
    }
    (listen.address != Address::Unix(PathBuf::new())).then_some(listen)
}

/// An operator.
pub fn oper(item: Node, file: usize, reading: &mut Reading<'_>) -> Option<Oper> {
    let keys = Keys::of(&item);
    let Value::Table(entries) = item.value else {
        reading.wrong(keys.at, Mistake::Wants("oper", "tables, each begun with [[oper]]"));
        return None;
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
    oper.fingerprint = oper.fingerprint.map(|text| text.replace(':', "").to_ascii_lowercase());
    let sha256 = |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(at) = keys.place("fingerprint").filter(|_| !oper.fingerprint.iter().all(sha256)) {
        let wants = "the SHA-256 of a certificate, 64 hexadecimal digits";
        reading.wrong(at, Mistake::Wants("fingerprint", wants));
    }
    if let Some(at) = keys.place("class").filter(|_| !CLASSES.contains(&oper.class.as_str())) {
        reading.wrong(at, Mistake::Wants("class", "admin, oper or helper"));
    }
    Some(oper)
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
