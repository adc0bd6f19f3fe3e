//! What of the network outlives its servers: server bans, content filters, notes and DEFCON, as the store
//! keeps them. Each is a register, so what is read again is applied as any operation is, under its old stamp.
//!
//! A text is a list of fields with a LF between them, which can stand in nothing that comes from a line.

use super::{
    ban::{KINDS, Key, Terms},
    crdt::Source,
    filter::{ACTIONS, Rule},
    note::{self, Note, SECTIONS},
    op::Op,
};
use crate::time::{Sid, Stamp, Wall};
use std::time::Duration;

/// A register as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// Which register.
    pub key: String,
    /// What was written to it.
    pub text: String,
    /// When it means nothing any more; never if none.
    pub over: Option<Wall>,
}

/// Since when what is over, be it a ban, a filter or a note, is still remembered.
pub fn remembered_since(now: Wall) -> Wall {
    Wall(now.0.saturating_sub(REMEMBERED_MS))
}

/// Until when something that is over is still remembered.
pub fn remembered_until(over: Wall) -> Wall {
    Wall(over.0.saturating_add(REMEMBERED_MS))
}

/// For so long, in milliseconds: a server that was away for longer than these 30 days may bring it back.
const REMEMBERED_MS: u64 = 30 * 86_400_000;

/// What an operation writes that has to be kept.
pub fn written(op: &Op, at: Stamp) -> Option<Written> {
    match op {
        Op::Ban { by, key, terms } => {
            let server = key.server.map_or_else(String::new, |server| server.to_string());
            let fields = terms.as_ref().map(|terms| {
                let until = terms.until.map_or_else(String::new, |until| until.0.to_string());
                let soft = u8::from(terms.soft).to_string();
                [&*terms.reason, &terms.private, &terms.setter, &until, &soft].join("\n")
            });
            let over = match terms {
                Some(terms) => terms.until,
                None => Some(at.wall()),
            };
            let key = ["ban", key.kind.row().name, &server, &key.mask].join("\n");
            Some(Written { key, text: with(*by, fields), over })
        }
        Op::Filter { by, pattern, rule } => {
            let fields = rule.as_ref().map(|rule| {
                let span = rule.span.map_or_else(String::new, |span| span.as_millis().to_string());
                [rule.action.name(), &rule.places, &span, &rule.reason, &rule.setter].join("\n")
            });
            let over = rule.is_none().then(|| at.wall());
            Some(Written { key: format!("filter\n{pattern}"), text: with(*by, fields), over })
        }
        Op::Note { by, key, note } => {
            let fields = note.as_ref().map(|note| {
                let until = note.until.map_or_else(String::new, |until| until.0.to_string());
                [&*note.value, &note.text, &note.setter, &until].join("\n")
            });
            let over = match note {
                Some(note) => note.until,
                None => Some(at.wall()),
            };
            let key = format!("note\n{}\n{}", key.section.row().name, key.name);
            Some(Written { key, text: with(*by, fields), over })
        }
        Op::Defcon { by, level } => {
            let text = with(*by, Some(level.to_string()));
            Some(Written { key: "defcon".into(), text, over: None })
        }
        _ => None,
    }
}

/// The operation that wrote so; none if it cannot be read, which only another version can have written.
pub fn read(key: &str, text: &str) -> Option<Op> {
    let (kind, which) = key.split_once('\n').unwrap_or((key, ""));
    let (by, fields) = match text.split_once('\n') {
        Some((by, fields)) => (by, Some(fields.split('\n').collect::<Vec<_>>())),
        None => (text, None),
    };
    let by = source(by)?;
    match (kind, fields) {
        ("ban", fields) => {
            let &[kind, server, mask] = &which.splitn(3, '\n').collect::<Vec<_>>()[..] else {
                return None;
            };
            let kind = KINDS.iter().find(|row| row.name == kind)?.kind;
            let server = if server.is_empty() { None } else { Some(Sid::parse(server)?) };
            let terms = match fields {
                Some(fields) => Some(Box::new(terms(&fields)?)),
                None => None,
            };
            Some(Op::Ban { by, key: Key { kind, server, mask: mask.into() }, terms })
        }
        ("filter", fields) => {
            let rule = match fields {
                Some(fields) => Some(Box::new(rule(&fields)?)),
                None => None,
            };
            Some(Op::Filter { by, pattern: which.into(), rule })
        }
        ("note", fields) => {
            let (section, name) = which.split_once('\n')?;
            let section = SECTIONS.iter().find(|row| row.name == section)?.section;
            let note = match fields {
                Some(fields) => Some(Box::new(self::note(&fields)?)),
                None => None,
            };
            Some(Op::Note { by, key: note::Key { section, name: name.into() }, note })
        }
        ("defcon", Some(fields)) => Some(Op::Defcon { by, level: fields.first()?.parse().ok()? }),
        _ => None,
    }
}

fn terms(fields: &[&str]) -> Option<Terms> {
    let &[reason, private, setter, until, soft] = fields else { return None };
    let until = if until.is_empty() { None } else { Some(Wall(until.parse().ok()?)) };
    let (reason, private, setter) = (reason.into(), private.into(), setter.into());
    Some(Terms { reason, private, setter, until, soft: soft == "1" })
}

fn rule(fields: &[&str]) -> Option<Rule> {
    let &[action, places, span, reason, setter] = fields else { return None };
    let action = ACTIONS.iter().find(|row| row.1 == action)?.0;
    let span = if span.is_empty() { None } else { Some(Duration::from_millis(span.parse().ok()?)) };
    Some(Rule { action, places: places.into(), span, reason: reason.into(), setter: setter.into() })
}

fn note(fields: &[&str]) -> Option<Note> {
    let &[value, text, setter, until] = fields else { return None };
    let until = if until.is_empty() { None } else { Some(Wall(until.parse().ok()?)) };
    Some(Note { value: value.into(), text: text.into(), setter: setter.into(), until })
}

/// Who wrote, and what; nothing for what was taken away.
fn with(by: Source, fields: Option<String>) -> String {
    let by = match by {
        Source::User(uid) => format!("user {uid}"),
        Source::Server(sid) => format!("server {sid}"),
        Source::Service(name) => format!("service {name}"),
    };
    match fields {
        Some(fields) => by + "\n" + &fields,
        None => by,
    }
}

fn source(text: &str) -> Option<Source> {
    let (kind, name) = text.split_once(' ')?;
    ["user", "server", "service"].contains(&kind).then(|| Source::parse(name)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{ban::Kind, crdt::Uid, filter::Action, note::Section};

    #[test]
    fn what_is_kept_reads_as_it_was_written() {
        let at = Stamp { tick: 5 << 16, server: Sid::FIRST };
        let by = Source::User(Uid { server: Sid::FIRST, number: 77 });
        let key = Key { kind: Kind::Gline, server: None, mask: "*@x".into() };
        let local = Key { kind: Kind::Kline, server: Some(Sid::FIRST), mask: "*@y".into() };
        let terms = Terms {
            reason: "\u{1f}loud\u{1f}, and: so".into(),
            private: "".into(),
            setter: "a!b@c".into(),
            until: Some(Wall(99)),
            soft: true,
        };
        let rule = Rule {
            action: Action::Shun,
            places: "cp".into(),
            span: Some(Duration::from_millis(1500)),
            reason: "no".into(),
            setter: "a!b@c".into(),
        };
        let jupe = note::Key { section: Section::Jupe, name: "bad.test".into() };
        let note = Note {
            value: "".into(),
            text: "a, b".into(),
            setter: "a!b@c".into(),
            until: Some(Wall(7)),
        };
        let for_good = Terms { until: None, soft: false, ..terms.clone() };
        let (pattern, server) = ("* buy *", Source::Server(Sid::from_number(7)));
        for op in [
            Op::Ban { by, key: key.clone(), terms: Some(Box::new(terms)) },
            Op::Ban { by: server, key: local, terms: Some(Box::new(for_good)) },
            Op::Ban { by, key, terms: None },
            Op::Filter { by, pattern: pattern.into(), rule: Some(Box::new(rule)) },
            Op::Filter { by, pattern: pattern.into(), rule: None },
            Op::Note { by, key: jupe.clone(), note: Some(Box::new(note)) },
            Op::Note { by, key: jupe, note: None },
            Op::Defcon { by: server, level: 3 },
        ] {
            let kept = written(&op, at).unwrap();
            let again = read(&kept.key, &kept.text).unwrap();
            assert_eq!(format!("{again:?}"), format!("{op:?}"));
        }
        assert!(written(&Op::Beat, at).is_none());
        for (key, text) in [
            ("", ""),
            ("ban\nx\n\ny", "user x"),
            ("defcon", "server 000"),
            ("note\nfrob\nx", "server 000"),
            ("filter\nx", "server 000\nhush\n\n\n\n"),
        ] {
            assert!(read(key, text).is_none(), "{key:?} {text:?}");
        }
    }
}
