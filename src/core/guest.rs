//! The questions of other servers: answered as if the user who asks were connected here for a moment, by
//! the same handlers, with the rights that the user has at home. Linked servers trust each other for these.

use super::{
    ConnId, Core,
    ctx::{Ctx, Outcome},
    dispatch::{self, Command, Run, Table},
    effect::{Capture, Effects},
    flood::Bucket,
    frame::{Body, Line, Routed},
    oper::{self, Priv},
    peer::{Origin, Peer},
    question::{self, Asks, LINES_MAX},
    session::{Phase, Session, Wait},
};
use crate::{
    network::{UserId, crdt::Uid},
    time::{Now, Sid},
    wire::{
        framing::BODY_MAX,
        message::{self, Args, Message},
        reply,
    },
};
use std::time::Duration;

/// How many questions of other servers are answered at once, and how fast it may go on.
const BURST: u32 = 100;
const INTERVAL: Duration = Duration::from_millis(50);

/// Those who ask from elsewhere.
#[derive(Debug)]
pub struct Guests {
    /// How fast they are answered.
    gate: Bucket,
    /// Who is being answered at this moment.
    present: Option<Guest>,
}

#[derive(Debug)]
struct Guest {
    conn: ConnId,
    user: UserId,
    privileges: Vec<Priv>,
}

impl Guests {
    /// Nobody has asked yet.
    pub fn new(now: Now) -> Guests {
        Guests { gate: Bucket::full(now.mono), present: None }
    }

    /// Whether a session stands for a guest, and is no connection.
    pub fn has(&self, conn: ConnId) -> bool {
        self.present.as_ref().is_some_and(|guest| guest.conn == conn)
    }
}

/// Takes in what another server asks of this one, or answers it.
pub fn take(core: &mut Core, fx: &mut Effects, table: &Table, routed: Routed, now: Now) {
    let (from, number) = (routed.from, routed.number);
    match routed.body {
        Body::Question { by, privileges, line } => {
            let asked = Asked { from, by, privileges, line };
            if let Some((lines, cut)) = answer(core, fx, table, asked, now) {
                core.send(from, number, Body::Answer { lines, cut });
            }
        }
        Body::Answer { lines, cut } => {
            question::answered(core, fx, (from, number), (&lines, cut), now);
        }
    }
}

/// A question of another server.
struct Asked {
    from: Sid,
    by: Uid,
    privileges: Vec<Priv>,
    line: Box<str>,
}

/// What there is to say to a question; nothing to one that makes no sense, or of somebody who is not
/// known here (yet).
fn answer(
    core: &mut Core,
    fx: &mut Effects,
    table: &Table,
    asked: Asked,
    now: Now,
) -> Option<(Vec<Line>, bool)> {
    let message = message::parse(&asked.line).filter(|_| asked.line.len() <= BODY_MAX)?;
    let command = table.find(message.verb).filter(|command| command.asks != Asks::Here)?;
    let Run::User(run) = command.run else { return None };
    let user = core.network().uid(asked.by).filter(|_| asked.by.server == asked.from)?;
    if message.args.len() < command.required() {
        return None;
    }
    if core.guests.gate.take(BURST, INTERVAL, now.mono).is_err() {
        let reply = reply::try_again(command.name);
        let line = Line { code: reply.code.into(), body: reply.body.as_str().into() };
        return Some((vec![line], false));
    }
    let peer = Peer { from: Origin::Local, listener: usize::from(u16::MAX), tls: None };
    let conn =
        core.sessions.insert(Session { phase: Phase::User(user), ..Session::new(peer, now) });
    core.guests.present = Some(Guest { conn, user, privileges: asked.privileges });
    let said = run_for(core, fx, (conn, user), (command, run), &message, now);
    core.guests.present = None;
    core.sessions.remove(conn);
    Some(said)
}

type Handler = fn(&mut Ctx<'_>, UserId, Args<'_>) -> Outcome;

/// Runs a command for a guest, and returns its numerics, and whether there would be more.
fn run_for(
    core: &mut Core,
    fx: &mut Effects,
    (conn, user): (ConnId, UserId),
    (command, run): (&Command, Handler),
    message: &Message<'_>,
    now: Now,
) -> (Vec<Line>, bool) {
    fx.hold(Capture { conn, lines: Vec::new(), count: 0, closes: false });
    let mut ctx = Ctx { core, fx, now, conn, declared: command.replies, forced: false };
    dispatch::guarded(&mut ctx, |ctx| run(ctx, user, message.args.clone()));
    while ctx.fx.held() < LINES_MAX {
        let Wait::Stream(next) = std::mem::take(&mut ctx.session_mut().wait) else { break };
        dispatch::guarded(&mut ctx, |ctx| {
            ctx.stream(next.cursor, next.step);
            Ok(())
        });
    }
    let unfinished = !matches!(ctx.session().wait, Wait::Nothing);
    let said = fx.release().map(|capture| capture.lines).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let mut lines: Vec<Line> = said.lines().filter_map(read).collect();
    let fit = question::bounded(&lines);
    let cut = unfinished || fit < lines.len();
    if fit < lines.len() {
        // Clients wait for the end of the answer.
        let last = lines.pop();
        lines.truncate(fit.saturating_sub(1));
        lines.extend(last);
    }
    (lines, cut)
}

/// `:server 351 nick rest` without the server and the nick.
fn read(line: &str) -> Option<Line> {
    let mut words = line.splitn(4, ' ').skip(1);
    let (code, _, body) = (words.next()?, words.next()?, words.next().unwrap_or_default());
    let numeric = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    numeric.then(|| Line { code: code.into(), body: body.into() })
}

impl Core {
    /// Whether a user may use a privilege.
    pub fn may(&self, user: UserId, privilege: Priv) -> bool {
        match self.guests.present.as_ref().filter(|guest| guest.user == user) {
            Some(guest) => guest.privileges.contains(&privilege),
            None => oper::may(&self.config, self.network().user(user).class.as_deref(), privilege),
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::scene::{Neighbour, Scene};

    /// What bob is answered, if anything.
    fn answers(scene: &mut Scene, other: Neighbour, by: Uid, text: &str) -> Option<Vec<Line>> {
        let to = scene.server.core().sid();
        let body = Body::Question { by, privileges: vec![Priv::See], line: text.into() };
        let question = Routed { from: other.sid, to, number: 7, hops: 3, body };
        let (_, answer) = scene.hear(other.peer, question);
        match answer.map(|answer| answer.body) {
            Some(Body::Answer { lines, .. }) => Some(lines),
            Some(Body::Question { .. }) | None => None,
        }
    }

    #[test]
    fn a_server_asks_only_what_may_be_asked_by_those_who_are_on_it() {
        let mut scene = Scene::new();
        scene.user("alice");
        let other = scene.peer();
        let alice = scene.server.core().network().users().next().unwrap().1.uid;
        let nobody = Uid { number: 2, ..other.bob };
        for by in [alice, nobody] {
            assert_eq!(answers(&mut scene, other, by, "STATS l :x"), None);
        }
        let long = format!("STATS l :{}", "x".repeat(BODY_MAX));
        for text in ["JOIN #a", "OPER root sesame", "NICK x", "SAJOIN alice #a", "WHOIS", "", &long]
        {
            assert_eq!(answers(&mut scene, other, other.bob, text), None, "{text}");
        }
        let rows = answers(&mut scene, other, other.bob, "STATS l :x").unwrap();
        let codes: Vec<&str> = rows.iter().map(|row| &*row.code).collect();
        assert_eq!(codes, ["211", "219"]);
        assert_eq!(scene.server.core().sessions.len(), 1, "guests leave nothing behind");
    }

    #[test]
    fn a_server_that_asks_too_often_is_told_to_wait() {
        let mut scene = Scene::new();
        let other = scene.peer();
        for _ in 0..BURST {
            let answer = answers(&mut scene, other, other.bob, "TIME :x").unwrap();
            assert_eq!(&*answer[0].code, "391");
        }
        let answer = answers(&mut scene, other, other.bob, "TIME :x").unwrap();
        assert_eq!(&*answer[0].body, "TIME :Please wait a while and try again.");
        scene.now.mono = scene.now.mono + INTERVAL;
        let answer = answers(&mut scene, other, other.bob, "TIME :x").unwrap();
        assert_eq!(&*answer[0].code, "391");
    }

    #[test]
    fn an_answer_without_end_is_cut_and_said_to_be() {
        let mut config = crate::config::Config::default();
        config.limits.clients_per_address = 0;
        let mut scene = Scene::with(config);
        let other = scene.peer();
        for number in 0..2 * LINES_MAX {
            scene.user(&format!("u{number}"));
        }
        for (text, codes) in [("TRACE :x", ["205", "205"]), ("STATS l :x", ["211", "219"])] {
            let to = scene.server.core().sid();
            let privileges = vec![Priv::See];
            let body = Body::Question { by: other.bob, privileges, line: text.into() };
            let question = Routed { from: other.sid, to, number: 7, hops: 3, body };
            let Some(Body::Answer { lines, cut }) =
                scene.hear(other.peer, question).1.map(|answer| answer.body)
            else {
                panic!("no answer")
            };
            assert!(lines.len() <= LINES_MAX && lines.len() == question::bounded(&lines));
            assert_eq!(cut, text.starts_with("TRACE"));
            let ends = [&lines[0], &lines[lines.len() - 1]].map(|line| &*line.code);
            assert_eq!(ends, codes, "{text}");
        }
    }
}
