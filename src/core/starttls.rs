//! A connection that began in plain text and has become encrypted.

use super::{ConnId, Core, dispatch, effect::Effects, peer::Tls, render, session::Wait};

/// Both sides have agreed: the session goes on where it was.
pub fn secured(core: &mut Core, fx: &mut Effects, conn: ConnId, tls: Tls) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    session.tls = Some(Box::new(tls));
    session.wait = Wait::Nothing;
    match core.classify(conn) {
        Ok(()) => dispatch::wake(core, fx, conn),
        Err(why) => render::goodbye(core, fx, conn, &why),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        config::{Config, Listen},
        core::{
            peer::{Origin, Peer},
            scene::Scene,
            session::Phase,
        },
    };

    #[test]
    fn what_was_said_before_does_not_count_afterwards() {
        let mut config = Config::default();
        config.listen.push(Listen { starttls: true, ..Listen::default() });
        let mut scene = Scene::with(config);
        let peer = Peer { from: Origin::Local, listener: 0, tls: None };
        let conn = scene.server.open(peer, scene.now, &mut scene.fx);
        let before = [
            "CAP REQ :draft/pre-away draft/metadata-3",
            "PASS sesame",
            "AWAY :put in",
            "METADATA * SET url :put.in",
            "STARTTLS",
        ];
        for line in before {
            scene.line(conn, line);
        }
        let session = &scene.server.core().sessions[conn];
        let Phase::New(registration) = &session.phase else { panic!("{session:?}") };
        assert!(!session.ready() && registration.password.is_none());
        assert!(registration.away.is_none() && registration.metadata.all().is_empty());
    }
}
