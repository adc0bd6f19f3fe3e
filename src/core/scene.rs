//! A server of its own for a test of this room, in which every input and every answer is chosen.

use super::{
    ConnId,
    effect::{Effect, Effects},
};
use crate::{
    config::{Config, Oper, Secret},
    job::{Answer, JobId, Loaded},
    server::{Input, Origin, Peer, Server, Setup},
    time::{Now, Sid},
};

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
        let peer = Peer { from: Origin::Local, listener: 0, tls: None };
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
            Effect::Job { id, .. } => Some(*id),
            _ => None,
        });
        job.unwrap()
    }

    /// Somebody becomes an operator.
    pub fn oper(&mut self, conn: ConnId) {
        let id = Scene::asked(&self.line(conn, "OPER root sesame"));
        self.input(Input::Done { id, answer: Answer::Verified(true) });
    }
}
