//! What the server does of its own accord, when its time has come.

use super::{
    ConnId, Core, blocklist, class,
    ctx::Then,
    dispatch,
    effect::{Effect, Effects, Ending},
    mail, multiline,
    peer::{Gone, Origin},
    registered, registration, reload, render, reputation, reserve, sasl,
    session::{Phase, Wait},
    snotice,
    timer::Timer,
    verification,
};
use crate::{
    job::{Answer, Job},
    network::op::{Op, ServerInfo},
    store::Query,
    time::{Mono, Now, Sid},
    wire::{cap::CapSet, encode::Msg},
};
use std::{collections::BTreeMap, time::Duration};

/// How often the regular housekeeping comes.
const EVERY: Duration = Duration::from_secs(5);

/// How long after the start it is looked whether the store is whole.
const STORE_CHECKED: Duration = Duration::from_secs(3);

/// How far the clock goes on, after a time in which nothing happened, before that is noted at once.
pub const UNMARKED_MAX: u64 = 5_000 << 16;

/// The most timers handled at once; what is left comes in the next turn.
const TIMERS_PER_TURN: usize = 4096;

/// Servers out of reach, since when.
pub type Outs = BTreeMap<Sid, Mono>;

/// The first things that a server does.
pub fn begin(core: &mut Core, now: Now) {
    // Nobody is connected, so there is nothing to be done.
    introduce(core, &mut Effects::default(), now);
    core.timers.set(now.mono + EVERY, Timer::Housekeeping);
    core.timers.set(now.mono + STORE_CHECKED, Timer::Store);
}

/// Says that a life of this server begins.
pub fn introduce(core: &mut Core, fx: &mut Effects, now: Now) {
    let info = ServerInfo {
        name: core.name().into(),
        description: core.config.server.description.as_str().into(),
        life: core.origin.life,
    };
    core.commit(fx, Op::Server(Box::new(info)), None, now);
}

/// Does what is due.
pub fn tick(core: &mut Core, fx: &mut Effects, now: Now) {
    for _ in 0..TIMERS_PER_TURN {
        let Some(timer) = core.timers.due(now.mono) else { return };
        match timer {
            Timer::Ping(conn) => ping(core, fx, conn, now),
            Timer::Registration(conn) => registration(core, fx, conn, now),
            Timer::Batch(conn) => multiline::expire(core, fx, conn, now),
            Timer::Sasl(conn) => sasl::abort(core, fx, conn, now),
            Timer::Nick(user) => reserve::enforce(core, fx, user, now),
            Timer::Gate(conn) => gate(core, fx, conn, now),
            Timer::Inquiries(conn) => blocklist::give_up(core, fx, conn, now),
            Timer::Job(id) => core.question_due(fx, id, now),
            Timer::Mail => mail::due(core, fx, now),
            Timer::Grace(server) => grace(core, fx, server, now),
            Timer::Expire => expire(core, fx, now),
            Timer::Store => core.look_at_store(fx, now),
            Timer::Housekeeping => regular(core, fx, now),
        }
    }
}

fn ping(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Core { sessions, config, .. } = core;
    let Some(session) = sessions.get_mut(conn) else { return };
    let terms = class::terms(config, session.class);
    let (interval, timeout) = (terms.ping_interval(), terms.ping_timeout());
    let name = config.server.name.clone();
    if session.closing {
        return;
    }
    if matches!(session.wait, Wait::Stream(_)) {
        // It is asked nothing, since it does not read what it has asked for.
        let latest = session.heard + interval + timeout;
        return match latest <= now.mono {
            true => registration::depart(core, fx, conn, "Reads too slowly", now),
            false => core.look_after(conn, latest, Timer::Ping(conn)),
        };
    }
    if !session.ready() {
        // It is this server that does not listen.
        session.heard = now.mono;
        session.pinged = None;
    }
    let silent = now.mono.since(session.heard);
    match session.pinged {
        Some(pinged) if now.mono.since(pinged) >= timeout => {
            let reason = format!("Ping timeout: {} seconds", silent.as_secs());
            registration::depart(core, fx, conn, &reason, now);
        }
        Some(pinged) => core.look_after(conn, pinged + timeout, Timer::Ping(conn)),
        None if silent >= interval => {
            session.pinged = Some(now.mono);
            fx.send(&[conn], |out| Msg::bare("PING").text(&name).encode(CapSet::EMPTY, out));
            core.look_after(conn, now.mono + timeout, Timer::Ping(conn));
        }
        None => {
            let next = session.heard + interval;
            core.look_after(conn, next, Timer::Ping(conn));
        }
    }
}

fn registration(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    if core.sessions.get(conn).is_some_and(|session| matches!(session.phase, Phase::New(_))) {
        let reason = "Registration timed out";
        unfinished(core, fx, conn, reason, now);
        render::goodbye(core, fx, conn, reason);
    }
}

fn gate(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    session.flood.open();
    session.heard = now.mono;
    // Its answer to a PING may be among what has not been read.
    session.pinged = None;
    dispatch::wake(core, fx, conn);
}

/// Sees to it that the next mask that ends by itself is not forgotten.
pub fn watch_expiries(core: &mut Core, now: Now) {
    let Some(next) = core.network.next_expiry() else { return };
    let span = Duration::from_millis(next.0.saturating_sub(now.wall.0)).min(EXPIRY_WATCH);
    let due = now.mono + span;
    if core.expiry.is_none_or(|set| due < set.0) {
        if let Some((_, later)) = core.expiry {
            core.timers.cancel(later);
        }
        core.expiry = Some((due, core.timers.set(due, Timer::Expire)));
    }
}

/// How far ahead a timer is set for what the clock on the wall tells, which may be set meanwhile.
const EXPIRY_WATCH: Duration = Duration::from_secs(60);

fn expire(core: &mut Core, fx: &mut Effects, now: Now) {
    core.expiry = None;
    if core.network.next_expiry().is_some_and(|next| next <= now.wall) {
        core.see(fx, &Op::Lapse, now);
    }
    watch_expiries(core, now);
}

/// A server has been out of reach for as long as it may.
fn grace(core: &mut Core, fx: &mut Effects, server: Sid, now: Now) {
    let Some(since) = core.outs.get(&server).copied() else { return };
    if now.mono.since(since) >= core.config.limits.split_grace {
        core.see(fx, &Op::Hide(server), now);
    }
}

fn regular(core: &mut Core, fx: &mut Effects, now: Now) {
    core.timers.set(now.mono + EVERY, Timer::Housekeeping);
    core.due_beat = true;
    core.chanflood.forget(now.mono);
    core.blocklists.forget(now.mono);
    reputation::turn(core, fx, now);
    if core.network().bans().age() || core.network().notes().age(now.wall) {
        core.see(fx, &Op::Lapse, now);
    }
    forget_lost(core, fx, now);
    core.compare_registries(fx, now);
    core.look_for_contests(fx, now);
    core.steady.look(now);
    core.look_for_unused(fx, now);
    core.store_kept(fx, now);
    core.look_for_handed(fx, now);
    core.store_unstored(fx, now);
    registered::regular(core, fx, now);
    verification::answer_asked(core, fx, now);
    verification::release_old(core, fx, now);
    mail::turn(core, fx, now);
    if core.clock.last() > core.marked {
        mark(core, fx, now);
    }
    if core.config.listen.iter().any(|listen| !listen.tls.is_empty()) {
        core.ask(fx, Job::Watch, Then::Server(reload::watched), now);
    }
}

/// Something does not work that an administrator has to look after; the server goes on.
pub fn fault(core: &mut Core, fx: &mut Effects, text: &str, now: Now) {
    log::error!("{text}");
    snotice::here(core, fx, 'r', |_| text.to_owned(), now);
}

/// Servers that have been out of reach for so long that nobody expects them back are forgotten, with the
/// places that their users hold in channels.
fn forget_lost(core: &mut Core, fx: &mut Effects, now: Now) {
    let most = core.config.limits.split_forget;
    core.strangers.retain(|_, since| now.mono.since(*since) < most);
    let lost = core.outs.iter().filter(|(_, since)| now.mono.since(**since) >= most);
    for server in lost.map(|(server, _)| *server).collect::<Vec<Sid>>() {
        core.outs.remove(&server);
        let Some(known) = core.network.server(server).filter(|known| known.gone.is_none()) else {
            continue;
        };
        log::warn!("{} has been out of reach for too long and is forgotten", known.info.name);
        let life = known.info.life;
        core.commit(fx, Op::Forget { server, life }, None, now);
    }
}

/// The other servers have forgotten this one, which was out of reach for too long: nobody knows its users
/// any more. It ends, to begin another life when it is started again.
pub fn forgotten(core: &mut Core, fx: &mut Effects, now: Now) {
    log::error!(
        "this server has been out of reach of its network for so long (limits.split_forget) that it is forgotten there; it ends, start it again"
    );
    let reason = "This server has to start anew, please connect again";
    stop(core, fx, reason, Ending::Exit, now);
}

/// Has the store remember how far the clock has come.
pub fn mark(core: &mut Core, fx: &mut Effects, now: Now) {
    core.marked = core.clock.last();
    let query = Query::RaiseClock { tick: core.marked, clean: false };
    core.ask(fx, Job::Store(query), Then::Server(marked), now);
}

fn marked(core: &mut Core, _: &mut Effects, answer: Answer, _: Now) {
    if !matches!(answer, Answer::Stored(Ok(_))) {
        // Whether or not the clock goes on, it is tried again with the next housekeeping.
        core.marked = 0;
    }
}

/// The connection of a session has ended.
pub fn closed(core: &mut Core, fx: &mut Effects, conn: ConnId, why: Gone, now: Now) {
    let reason = match why {
        Gone::Eof => "Connection closed",
        Gone::Error => "Connection lost",
        Gone::SendQueue => "Send queue exceeded: reads too slowly",
        Gone::Endless => "Input line was too long",
    };
    unfinished(core, fx, conn, reason, now);
    registration::depart(core, fx, conn, reason, now);
    core.end_exchange(conn);
    if let Some(session) = core.sessions.remove(conn) {
        for nick in &session.monitor {
            core.monitor.remove(nick, conn);
        }
        core.timers.cancel(session.timer);
        core.classes.leave(session.class);
        core.release(session.from);
    }
}

/// Tells operators of a connection that ends, if it has not been told goodbye, before it was a user.
fn unfinished(core: &Core, fx: &mut Effects, conn: ConnId, reason: &str, now: Now) {
    let Some(session) = core.sessions.get(conn).filter(|session| !session.closing) else { return };
    if let (Phase::New(_), Origin::Ip(ip)) = (&session.phase, session.from) {
        let text = |_: &Core, open: bool| {
            let from = if open { format!(" from {ip}") } else { String::new() };
            format!("A connection{from} ended before it was a user ({reason})")
        };
        snotice::here_of(core, fx, 'd', text, now);
    }
}

/// Tells everybody at home here what is about to happen to their server.
pub fn warn(core: &Core, fx: &mut Effects, text: &str, now: Now) {
    let text = format!("*** {text}");
    for (user, local) in core.locals.iter() {
        let nick = core.network().user(user).nick().to_string();
        for conn in &local.sessions {
            render::server_line(core, fx, *conn, ("NOTICE", &[&nick], Some(&text)), now);
        }
    }
}

/// Says goodbye to everybody.
pub fn stop(core: &mut Core, fx: &mut Effects, reason: &str, ending: Ending, now: Now) {
    if std::mem::replace(&mut core.stopping, true) {
        return;
    }
    let conns: Vec<ConnId> = core.sessions.iter().map(|(conn, _)| conn).collect();
    for conn in conns {
        if let Some(session) = core.sessions.get_mut(conn) {
            session.wait = Wait::Nothing;
        }
        render::goodbye(core, fx, conn, reason);
    }
    core.commit(fx, Op::Goodbye(reason.into()), None, now);
    reputation::store(core, fx, now);
    core.store_last(fx, now);
    let query = Query::RaiseClock { tick: core.clock.last(), clean: true };
    core.ask(fx, Job::Store(query), Then::Server(marked), now);
    fx.push(Effect::Stop(ending));
}

impl Core {
    /// Applies what concerns only what this server sees.
    pub fn see(&mut self, fx: &mut Effects, op: &Op, now: Now) {
        let at = self.clock.tick(now.wall);
        render::apply(self, fx, op, at, None, now);
    }

    /// Looks which servers are in reach: those that have been out of sight are shown at once, those that
    /// cannot be reached any more have a grace.
    pub fn watch_reach(&mut self, fx: &mut Effects, now: Now) {
        let reach = self.network.reach(self.sid());
        let known: Vec<(Sid, bool)> =
            self.network.servers().map(|(sid, server)| (sid, server.hidden)).collect();
        for (sid, hidden) in known {
            if reach.contains(&sid) {
                self.outs.remove(&sid);
                if hidden {
                    self.see(fx, &Op::Show(sid), now);
                }
            } else if let std::collections::btree_map::Entry::Vacant(entry) = self.outs.entry(sid) {
                entry.insert(now.mono);
                self.timers.set(now.mono + self.config.limits.split_grace, Timer::Grace(sid));
            }
        }
    }

    /// Whether no other server is known, and none knows of this one.
    pub fn alone(&self) -> bool {
        self.strangers.is_empty() && self.network.servers().all(|(sid, _)| sid == self.sid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{core::scene::Scene, server::Input, store};

    fn full() -> Answer {
        Answer::Stored(Err(store::Error::Full))
    }

    /// What the store is asked, and whether it is to mark the clock.
    fn asked(effects: Vec<Effect>) -> Vec<(crate::job::JobId, bool)> {
        let asked = effects.into_iter().filter_map(|effect| match effect {
            Effect::Job { id, job } => match *job {
                Job::Store(query) => {
                    Some((id, matches!(query, Query::RaiseClock { .. } | Query::Probe)))
                }
                _ => None,
            },
            _ => None,
        });
        asked.collect()
    }

    #[test]
    fn a_mark_that_could_not_be_stored_is_stored_later() {
        let mut scene = Scene::new();
        // The first asks that the clock be marked, the second whether it can be, as do those that follow.
        let (mut answers, mut marks) = (vec![full(), full(), full()], 0);
        for _ in 0..12 {
            scene.now.mono = scene.now.mono + EVERY;
            let mut questions = asked(scene.input(Input::Tick));
            while let Some((id, mark)) = questions.pop() {
                let failed = if mark { answers.pop() } else { None };
                marks += u32::from(mark);
                let answer = failed.unwrap_or(Answer::Stored(Ok(store::Rows::Done)));
                questions.extend(asked(scene.input(Input::Done { id, answer })));
            }
        }
        assert_eq!(marks, 5, "three that failed, one that did not, and the mark");
        // Nothing has happened since.
        scene.now.mono = scene.now.mono + EVERY;
        assert!(asked(scene.input(Input::Tick)).iter().all(|(_, mark)| !mark));
    }
}
