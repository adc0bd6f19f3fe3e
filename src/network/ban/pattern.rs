//! What a server ban fits, and where it is looked for.

use super::{Kind, Looks, Suspect};
use crate::wire::{casemap::Casemap, cidr::Cidr, mask};
use std::net::IpAddr;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Pattern {
    Account(Box<str>),
    Mask { nick: Box<str>, user: Box<str>, host: Host },
    Realname(Box<str>),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Host {
    Range(Cidr),
    Glob(Box<str>),
}

/// Where a ban is found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Range(Cidr),
    Host(Box<str>),
    Domain(Box<str>),
    Rest,
}

impl Pattern {
    pub(super) fn fits(&self, who: &Suspect<'_>, casemap: Casemap) -> bool {
        let glob = |pattern: &str, text: &str| mask::matches(pattern, text, casemap);
        match self {
            Pattern::Account(account) => who.account.is_some_and(|known| glob(account, known)),
            Pattern::Realname(realname) => glob(realname, who.realname),
            Pattern::Mask { nick, user, host } => {
                let host = match host {
                    Host::Range(cidr) => who.address.is_some_and(|ip| cidr.contains(ip)),
                    Host::Glob(host) => {
                        who.hosts.iter().any(|known| glob(host, known))
                            || who.address.is_some_and(|ip| glob(host, &ip.to_string()))
                    }
                };
                host && glob(user, who.user) && glob(nick, who.nick)
            }
        }
    }

    /// Where to look for it: by range, by host, by the domain behind the last wildcard, or one by one.
    pub(super) fn place(&self) -> Place {
        let host = match self {
            Pattern::Mask { host: Host::Range(cidr), .. } => return Place::Range(*cidr),
            Pattern::Mask { host: Host::Glob(host), .. } => host,
            Pattern::Account(_) | Pattern::Realname(_) => return Place::Rest,
        };
        let Some(last) = host.rfind(['*', '?']) else { return Place::Host(host.clone()) };
        let tail = host.get(last + 1..).unwrap_or_default();
        // What looks like the end of an address may have to fit one, which has no domain.
        let name = tail.split_once('.').map(|parts| parts.1);
        match name.filter(|name| name.contains(|c: char| c.is_ascii_alphabetic())) {
            Some(domain) if !domain.contains(':') => Place::Domain(domain.into()),
            Some(_) | None => Place::Rest,
        }
    }
}

/// Writes a mask of a kind as such masks are compared, if it is one: `KLINE *.Example.org` is
/// `*@*.example.org`, `ZLINE 192.0.2.*` is `192.0.2.0/24`.
pub fn canonical(kind: Kind, text: &str) -> Option<String> {
    Some(match read(kind, text)? {
        Pattern::Realname(text) => text.into(),
        Pattern::Account(text) => format!("{ACCOUNT}{text}"),
        Pattern::Mask { nick, user, host } => {
            let host = match host {
                Host::Range(cidr) => cidr.to_string(),
                Host::Glob(host) => host.into(),
            };
            match (&*nick, &*user, kind.row().looks) {
                ("*", "*", Looks::Address) => host,
                ("*", "*", Looks::Either) if Cidr::parse(&host).is_some() => host,
                ("*", _, _) => format!("{user}@{host}"),
                (_, _, _) => format!("{nick}!{user}@{host}"),
            }
        }
    })
}

/// How a ban by account begins, as the extended ban of channels does.
const ACCOUNT: &str = "account:";

/// How many characters of a mask are no wildcards: how much it says.
pub fn substance(mask: &str) -> usize {
    let mask = mask.strip_prefix(ACCOUNT).unwrap_or(mask);
    mask.chars().filter(|c| !matches!(c, '*' | '?' | '!' | '@' | '.' | ':' | '/')).count()
}

/// Reads what a ban of a kind fits, if it is one.
pub(super) fn read(kind: Kind, text: &str) -> Option<Pattern> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return None;
    }
    let looks = kind.row().looks;
    if looks == Looks::Realname {
        return Some(Pattern::Realname(mask::collapse(&text.to_ascii_lowercase()).into()));
    }
    if text.contains(' ') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if let Some(account) = lower.strip_prefix(ACCOUNT).filter(|_| looks == Looks::Either) {
        return (!account.is_empty()).then(|| Pattern::Account(mask::collapse(account).into()));
    }
    let whoever = |host| Pattern::Mask { nick: "*".into(), user: "*".into(), host };
    if let Some(cidr) = range(text) {
        return Some(whoever(Host::Range(cidr)));
    }
    if looks == Looks::Address {
        return None;
    }
    let part = |part: &str| -> Box<str> {
        if part.is_empty() { "*".into() } else { mask::collapse(&part.to_ascii_lowercase()).into() }
    };
    let (nick, rest) = text.split_once('!').unwrap_or(("*", text));
    let (user, host) = match rest.rsplit_once('@') {
        Some(parts) => parts,
        None if text.contains('!') => (rest, "*"),
        None => ("*", rest),
    };
    let host = range(host).map_or_else(|| Host::Glob(part(host)), Host::Range);
    Some(Pattern::Mask { nick: part(nick), user: part(user), host })
}

/// An address, a range, or whole bytes of an IPv4 address before a star: `192.0.2.*`.
fn range(text: &str) -> Option<Cidr> {
    let Some(start) = text.strip_suffix(".*") else { return Cidr::parse(text) };
    let bytes: Option<Vec<u8>> =
        start.trim_end_matches(".*").split('.').map(|byte| byte.parse().ok()).collect();
    let bytes = bytes.filter(|bytes| (1..=3).contains(&bytes.len()))?;
    let mut address = [0; 4];
    address.iter_mut().zip(&bytes).for_each(|(to, byte)| *to = *byte);
    Cidr::new(IpAddr::from(address), u8::try_from(bytes.len() * 8).ok()?)
}
