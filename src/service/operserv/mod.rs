//! OperServ: what operators do for the whole network, and what they have done.

mod exception;
mod forbid;
mod global;
mod jupe;
mod lines;
mod logsearch;
mod news;
mod session;
mod stats;

use super::Service;
use crate::{
    core::{bans, ctx::Ctx, dispatch::Table, notes, welcome},
    network::{
        UserId, crdt,
        note::{Note, Section},
    },
    time::{Stamp, Wall, parse_span},
};

/// The service.
pub static SERVICE: Service = Service {
    name: crdt::OPERSERV,
    alias: "OS",
    about: "What operators do for the whole network.",
    table: Table {
        commands: &[
            lines::AKILL,
            lines::DEFCON,
            exception::COMMANDS,
            forbid::COMMANDS,
            global::COMMANDS,
            jupe::COMMANDS,
            logsearch::COMMANDS,
            news::COMMANDS,
            session::COMMANDS,
            lines::SGLINE,
            forbid::SQLINE,
            stats::COMMANDS,
        ],
    },
};

/// The subcommand, in capitals, and the words behind it.
fn words<'a>(args: &crate::wire::message::Args<'a>) -> (String, Vec<&'a str>) {
    let mut words = args.iter().flat_map(str::split_whitespace);
    (words.next().unwrap_or("LIST").to_ascii_uppercase(), words.collect())
}

/// Until when something holds that is written as `+30d`, `!T 30d` or `30d` before the rest; for good
/// without, or with `+0`.
fn until<'a, 'w>(words: &'a [&'w str], now: Wall) -> (Option<Wall>, &'a [&'w str]) {
    let (span, rest) = match words {
        ["!T" | "!t", span, rest @ ..] => (parse_span(span), rest),
        ["+0" | "0", rest @ ..] => return (None, rest),
        [span, rest @ ..] => (parse_span(span.trim_start_matches('+')), rest),
        [] => (None, words),
    };
    match span {
        Some(span) => (Some(now + span).filter(|_| !span.is_zero()), rest),
        None => (None, words),
    }
}

/// Writes a note, and tells what has come of it.
fn note(
    ctx: &mut Ctx<'_>,
    user: UserId,
    which: (Section, &str),
    says: (&str, &str),
    (until, done): (Option<Wall>, &str),
) {
    match notes::write(ctx, user, which, says, until) {
        Ok(()) => ctx.notice(done),
        Err(full) => ctx.notice(&full),
    }
}

/// What is told of a note behind what it is about: until when, why, and who has written it.
fn described(note: &Note, at: Stamp) -> String {
    let set = welcome::date_text(at.wall());
    let (until, setter) = (bans::until_text(note.until), &note.setter);
    format!("{}{until}. Set {set} by {setter}.", note.text)
}

/// The list of a section: what each is about, and what is told of it.
fn list(ctx: &Ctx<'_>, section: Section, about: impl Fn(&str, &Note) -> String) -> Vec<String> {
    let notes = ctx.network().notes().of(section);
    let line =
        |(name, note, at): (_, _, _)| format!("{}: {}", about(name, note), described(note, at));
    let mut lines: Vec<String> = notes.map(line).collect();
    lines.push(format!("Entries of the kind {}: {}.", section.row().name, lines.len()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{ctx::STREAM_PIECE, scene::Scene},
        server::Input,
    };
    use std::time::Duration;

    #[test]
    fn a_long_list_comes_as_fast_as_it_is_read() {
        let mut scene = Scene::new();
        let root = scene.user("root");
        scene.oper(root);
        let all = STREAM_PIECE + 20;
        for n in 0..all {
            scene.line(root, &format!("OS FORBID ADD nick forbidden{n} no"));
        }
        let effects = scene.line(root, "OS FORBID LIST nick");
        assert_eq!(scene.said(&effects).len(), STREAM_PIECE);
        let effects = scene.input(Input::Drained { conn: root });
        let rest = scene.said(&effects);
        assert_eq!(rest.len(), 21, "{rest:?}");
    }

    #[test]
    fn how_long_something_holds_is_read_in_each_dialect() {
        let now = Wall(1000);
        let day = Some(now + Duration::from_secs(86_400));
        for (words, until_, rest) in [
            (&["+1d", "x"][..], day, 1),
            (&["1d", "x"], day, 1),
            (&["!T", "1d", "x"], day, 1),
            (&["+0", "x"], None, 1),
            (&["x", "1d"], None, 2),
            (&[], None, 0),
        ] {
            let read = until(words, now);
            assert_eq!((read.0, read.1.len()), (until_, rest), "{words:?}");
        }
    }
}
