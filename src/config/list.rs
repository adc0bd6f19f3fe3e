//! Tables of which there are several, and what holds for one as a whole.

use super::{
    Address, Class, Config, Dnsbl, Listen, Mistake, Oper, OperClass, Reading, Secret, Webirc,
    dnsbl::PLACE,
    node::{Entry, Node, Value},
    privilege,
};
use crate::wire::{
    casemap::Casemap,
    http::Url,
    name::{Nick, is_host_name},
};
use argon2::PasswordHash;
use std::path::PathBuf;

/// The class of the connections that are in no other.
pub const DEFAULT_CLASS: &str = "default";

/// Where others are named: classes of operators by the operators and by other classes, listeners and
/// gateways by classes of connections.
#[derive(Default)]
pub struct Named {
    opers: Vec<(usize, usize)>,
    bases: Vec<(usize, usize)>,
    listeners: Vec<(usize, usize)>,
    gateways: Vec<(usize, usize)>,
}

impl Named {
    /// That all that is named is there.
    pub fn check(&self, config: &Config, reading: &mut Reading<'_>) {
        self.check_opers(config, reading);
        let labels = config.listen.iter().filter_map(|listen| listen.label.as_deref());
        let listeners: Vec<&str> = labels.chain(LISTENER_KINDS.iter().copied()).collect();
        let gateways: Vec<&str> = config.webirc.iter().map(|webirc| webirc.name.as_str()).collect();
        for (place, class) in config.class.iter().enumerate() {
            for (key, names, known, at) in [
                ("listeners", &class.listeners, &listeners, &self.listeners),
                ("gateways", &class.gateways, &gateways, &self.gateways),
            ] {
                let Some((file, at)) = at.get(place) else { continue };
                for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
                    reading.source = *file;
                    reading.wrong(*at, Mistake::UnknownOf(key, name.clone()));
                }
            }
        }
    }

    fn check_opers(&self, config: &Config, reading: &mut Reading<'_>) {
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

/// Whether clients who are sent to a port to speak TLS may find somebody there: a listener, those of a
/// server that has none configured, or a proxy, whose own ports are not known here.
pub(super) fn is_served(listen: &[Listen], port: u16) -> bool {
    let secure = |one: &Listen| {
        one.is_called("tls")
            && !one.websocket
            && !one.tor
            && matches!(&one.address, Address::Tcp(address) if address.port() == port)
    };
    let own = listen.is_empty() && port == LOOPBACK_TLS;
    own || listen.iter().any(|one| secure(one) || !one.proxy.is_empty())
}

/// The port on which a server without listeners in its configuration speaks TLS.
pub const LOOPBACK_TLS: u16 = 6697;

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
    named: &mut Named,
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
        "class" => {
            named.listeners.push((file, place_of(&item, "listeners")));
            named.gateways.push((file, place_of(&item, "gateways")));
            let class = class(item, file, reading);
            let twice = config.class.iter().any(|other| other.name == class.name);
            let name = class.name.clone();
            config.class.push(class);
            twice.then_some(name)
        }
        "oper" => {
            named.opers.push((file, place_of(&item, "class")));
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
        "dnsbl" => {
            let dnsbl = dnsbl(item, file, reading);
            let twice = config.dnsbl.iter().any(|other| other.name == dnsbl.name);
            let name = dnsbl.name.clone();
            config.dnsbl.push(dnsbl);
            twice.then_some(name)
        }
        _ => {
            named.bases.push((file, place_of(&item, "extends")));
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

/// What a class can ask of a listener besides its label.
const LISTENER_KINDS: &[&str] = &["plain", "tls", "websocket", "unix", "tor"];

impl Listen {
    /// Whether a class means this listener by a name: that of a kind, or the label.
    pub fn is_called(&self, name: &str) -> bool {
        let secure = !self.tls.is_empty() && !self.starttls;
        match name {
            "plain" => !secure,
            "tls" => secure,
            "websocket" => self.websocket,
            "unix" => matches!(self.address, Address::Unix(_)),
            "tor" => self.tor,
            label => self.label.as_deref() == Some(label),
        }
    }

    /// Where this listener, which was at `place`, is in a newer configuration, if it is still there. It is
    /// known by its address; where several leave the port to the system, by its place.
    pub fn moved(&self, place: usize, new: &[Listen]) -> Option<usize> {
        let same = |place: &usize| new.get(*place).is_some_and(|one| one.address == self.address);
        std::iter::once(place).chain(0..new.len()).find(same)
    }

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
    if let Some(at) = keys.place("label") {
        let own = |label: &String| is_word(label) && !LISTENER_KINDS.contains(&label.as_str());
        if !listen.label.as_ref().is_some_and(own) {
            let wants = "one word, and none of plain, tls, websocket, unix and tor";
            reading.wrong(at, Mistake::Wants("label", wants));
        }
    }
    if listen.starttls && listen.tls.is_empty() {
        let what = "`starttls` needs `tls`, the certificates to turn to TLS with";
        reading.wrong(keys.at, Mistake::Clash(what));
    }
    if listen.starttls && listen.websocket {
        let what = "`starttls` is not for `websocket`; without `starttls`, `tls` makes it wss://";
        reading.wrong(keys.at, Mistake::Clash(what));
    }
    if let Some(at) = keys.place("origins").or(keys.place("forwarded")) {
        if !listen.websocket {
            let what = "`origins` and `forwarded` are for `websocket = true`";
            reading.wrong(at, Mistake::Clash(what));
        }
    }
    (listen.address != Address::Unix(PathBuf::new())).then_some(listen)
}

/// A class of connections.
fn class(item: Node, file: usize, reading: &mut Reading<'_>) -> Class {
    let keys = Keys::of(&item);
    let Value::Table(entries) = item.value else {
        reading.wrong(keys.at, Mistake::Wants("class", "tables, each begun with [[class]]"));
        return Class::default();
    };
    let class = Class::read(within(entries, file), reading);
    match keys.place("name") {
        None => reading.wrong(keys.at, Mistake::Missing("class", "a `name`")),
        Some(at) if !is_word(&class.name) => reading.wrong(at, Mistake::Wants("name", "one word")),
        Some(at) if class.name == DEFAULT_CLASS => {
            let wants = "another than default, whose limits are those of [limits]";
            reading.wrong(at, Mistake::Wants("name", wants));
        }
        Some(_) => (),
    }
    let named = [&class.listeners, &class.gateways, &class.accounts];
    let any = class.hosts.is_empty() && named.iter().all(|names| names.is_empty());
    if any && !class.certificate {
        // Nobody would be in the classes below it.
        let what = "`hosts`, `listeners`, `gateways`, `accounts` or `certificate`; limits for everybody stand in [limits]";
        reading.wrong(keys.at, Mistake::Missing("class", what));
    }
    if let Some(at) = keys.place("password").or(keys.place("password_file")) {
        hashed(class.password.as_ref(), at, reading);
    }
    class
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

/// A blocklist.
fn dnsbl(item: Node, file: usize, reading: &mut Reading<'_>) -> Dnsbl {
    let keys = Keys::of(&item);
    let Value::Table(entries) = item.value else {
        reading.wrong(keys.at, Mistake::Wants("dnsbl", "tables, each begun with [[dnsbl]]"));
        return Dnsbl::default();
    };
    let dnsbl = Dnsbl::read(within(entries, file), reading);
    if keys.place("name").is_none() {
        reading.wrong(keys.at, Mistake::Missing("dnsbl", "a `name`"));
    }
    let replies = keys.place("replies");
    match (keys.place("zone"), keys.place("url")) {
        (Some(at), None) => {
            // The longest name that an address of IPv6 can have in a zone leaves so much for it.
            let fits = |zone: &String| is_host_name(zone) && zone.len() <= 180;
            if !dnsbl.zone.iter().all(fits) {
                reading.wrong(at, Mistake::Wants("zone", "a domain, as dnsbl.example.org"));
            }
            if !dnsbl.replies.iter().all(|rule| rule.reply.is_of_zone()) {
                let wants = "replies of a zone: numbers up to 255, their bits, or addresses";
                reading.wrong(replies.unwrap_or(at), Mistake::Wants("replies", wants));
            }
        }
        (None, Some(at)) => {
            let fits = |url: &Secret| {
                let url = url.expose();
                url.contains(PLACE) && Url::parse(&url.replace(PLACE, "::1")).is_some()
            };
            if !dnsbl.url.iter().all(fits) {
                let wants = "an http:// or https:// address with {address} in it";
                reading.wrong(at, Mistake::Wants("url", wants));
            }
            match replies {
                // Every page is a reply, one that tells of an error too.
                None => reading.wrong(keys.at, Mistake::Missing("dnsbl", "`replies`")),
                Some(at) if !dnsbl.replies.iter().all(|rule| rule.reply.is_of_page()) => {
                    let wants = "replies of a page: status codes from 200 to 599, or texts";
                    reading.wrong(at, Mistake::Wants("replies", wants));
                }
                Some(_) => (),
            }
        }
        (None, None) | (Some(_), Some(_)) => {
            reading.wrong(keys.at, Mistake::Missing("dnsbl", "a `zone` or a `url`"));
        }
    }
    dnsbl
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
    match keys.place("name") {
        None => reading.wrong(keys.at, Mistake::Missing("oper_class", "a `name`")),
        Some(at) if privilege::CLASSES.iter().any(|row| row.0 == class.name) => {
            reading.wrong(at, Mistake::BuiltinClass(class.name.clone()));
        }
        Some(_) => (),
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
