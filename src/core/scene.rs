//! A server of its own for a test of this room, in which every input and every answer is chosen.

use super::{
    ConnId,
    effect::{Effect, Effects},
    frame::{Frame, Numbered, PeerId, Routed},
    peer::{Origin as From, Peer},
};
use crate::{
    config::{Config, Oper, Secret},
    job::{Answer, Job, JobId, Loaded},
    network::{
        crdt::{Origin, Uid},
        op::{Op, Presence, ServerInfo},
    },
    server::{Input, Server, Setup},
    store::Query,
    time::{Now, Sid, Stamp},
    wire::{casemap::Casemap, name::Nick},
};
use std::rc::Rc;

/// A server, driven input by input.
#[derive(Debug)]
pub struct Scene {
    /// The server.
    pub server: Server,
    /// What it wanted done last.
    pub fx: Effects,
    /// The time.
    pub now: Now,
}

/// A linked server.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour {
    /// The link.
    pub peer: PeerId,
    /// Its id.
    pub sid: Sid,
    /// Who is on it.
    pub bob: Uid,
}

impl Scene {
    /// With everything at its default, except for what would be in the way.
    pub fn new() -> Scene {
        Scene::with(Config::default())
    }

    /// With this configuration, except for what would be in the way.
    pub fn with(mut config: Config) -> Scene {
        let password = Some(Secret::new("sesame"));
        config.oper.push(Oper { name: "root".into(), password, ..Oper::default() });
        config.limits.flood_burst = 1000;
        config.dns.enabled = true;
        let loaded = Loaded::of(config);
        let cloak = Secret::new("any");
        let sid = Sid::FIRST;
        let setup = Setup { loaded, sid, life: 1, clock: 0, seed: 0, cloak };
        let now = Now::default();
        Scene { server: Server::new(setup, now), fx: Effects::default(), now }
    }

    /// Somebody who has registered.
    pub fn user(&mut self, nick: &str) -> ConnId {
        let peer = Peer { from: From::Local, listener: 0, tls: None };
        let conn = self.server.open(peer, self.now, &mut self.fx);
        self.line(conn, &format!("NICK {nick}"));
        self.line(conn, &format!("USER {nick} 0 * :{nick}"));
        conn
    }

    /// A client says something; what the server wants done.
    pub fn line(&mut self, conn: ConnId, line: &str) -> Vec<Effect> {
        assert!(self.server.ready(conn), "not ready for {line}");
        self.input(Input::Line { conn, line: line.as_bytes() })
    }

    /// Something happens; what the server wants done.
    pub fn input(&mut self, input: Input<'_>) -> Vec<Effect> {
        self.fx.clear(Vec::new());
        self.server.handle(input, self.now, &mut self.fx);
        self.fx.take()
    }

    /// The job that has been asked for.
    pub fn asked(effects: &[Effect]) -> JobId {
        let job = effects.iter().find_map(|effect| match effect {
            // What operators do is noted down on the side.
            Effect::Job { id, job } if !matches!(**job, Job::Store(Query::Keep(_))) => Some(*id),
            _ => None,
        });
        job.unwrap()
    }

    /// Another server is linked: it is called `two.test`, and `bob` is on it.
    pub fn peer(&mut self) -> Neighbour {
        let sid = Sid::from_number(4711);
        let peer = self.server.link(sid, self.now, &mut self.fx);
        let bob = Uid { server: sid, number: 1 };
        let info = ServerInfo { name: "two.test".into(), description: "".into(), life: 1 };
        let presence = Presence {
            uid: bob,
            nick: Nick::new("bob", Casemap::Ascii, 9).unwrap(),
            claimed: None,
            born: None,
            user: "b".into(),
            host: "h".into(),
            real_host: "h".into(),
            cloak: None,
            address: None,
            realname: "B".into(),
            away: None,
            modes: Default::default(),
            class: None,
            connection: None,
            login: None,
        };
        let here = self.server.core().sid();
        let ops = [Op::Server(Box::new(info)), Op::Links(vec![here]), Op::User(Box::new(presence))];
        for (op, seq) in ops.into_iter().zip(1..) {
            let origin = Origin { server: sid, life: 1 };
            let at = Stamp { tick: seq, server: sid };
            let numbered = Numbered { origin, seq, at, deps: Vec::new(), op };
            self.input(Input::Frame { peer, frame: Frame::Op(Rc::new(numbered)) });
        }
        Neighbour { peer, sid, bob }
    }

    /// A peer says something to one server alone; what it is answered in the same way.
    pub fn hear(&mut self, peer: PeerId, routed: Routed) -> (Vec<Effect>, Option<Routed>) {
        let frame = Frame::Routed(Box::new(routed));
        let effects = self.input(Input::Frame { peer, frame });
        let answer = Scene::routed(&effects);
        (effects, answer)
    }

    /// What goes to one other server alone.
    pub fn routed(effects: &[Effect]) -> Option<Routed> {
        effects.iter().find_map(|effect| match effect {
            Effect::Frame { frame: Frame::Routed(routed), .. } => Some((**routed).clone()),
            _ => None,
        })
    }

    /// The lines that clients are sent.
    pub fn said(&self, effects: &[Effect]) -> Vec<String> {
        let lines = effects.iter().filter_map(|effect| match effect {
            Effect::Send { line, .. } => {
                Some(String::from_utf8_lossy(self.fx.line(*line)).trim_end().to_owned())
            }
            _ => None,
        });
        lines.collect()
    }

    /// Somebody becomes an operator.
    pub fn oper(&mut self, conn: ConnId) {
        let id = Scene::asked(&self.line(conn, "OPER root sesame"));
        self.input(Input::Done { id, answer: Answer::Verified(true) });
    }
}
