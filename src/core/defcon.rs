//! DEFCON: what is locked when the network is under attack.

use super::{
    Core,
    class::Terms,
    ctx::{Ctx, Outcome},
    peer::Origin,
    sasl,
};
use crate::{
    network::{UserId, crdt::Source, op::Op},
    wire::reply,
};

/// Every level, with what it locks; each locks what those above it lock as well.
pub const LEVELS: &[(u8, &str)] = &[
    (5, "nothing is locked"),
    (4, "nothing new is registered: no accounts, no channels"),
    (3, "private messages only from those who are logged in, and to and from operators"),
    (2, "nobody connects without logging in to an account"),
    (
        1,
        "nobody connects but from the addresses of limits.exempt, in classes that are exempt, and from this machine",
    ),
];

/// What a level locks.
pub fn meaning(level: u8) -> &'static str {
    LEVELS.iter().find(|row| row.0 == level).map_or("", |row| row.1)
}

/// Shows the level to an operator, or sets it.
pub fn command(ctx: &mut Ctx<'_>, user: UserId, level: Option<&str>) -> Outcome {
    let level = match level.map(str::parse::<u8>) {
        Some(Ok(level @ 1..=5)) => level,
        Some(_) => {
            ctx.notice("A level is a number from 5 (nothing is locked) to 1 (nearly everything).");
            return Ok(());
        }
        None => {
            let level = ctx.network().defcon();
            ctx.notice(&format!("DEFCON {level}: {}.", meaning(level)));
            return Ok(());
        }
    };
    let by = Source::User(ctx.whois(user).uid);
    ctx.commit(Op::Defcon { by, level });
    ctx.notice(&format!("DEFCON {level} is set: {}.", meaning(level)));
    Ok(())
}

/// Why nobody may connect from there now.
pub fn refused_origin(core: &Core, from: Origin, terms: Terms<'_>) -> Option<&'static str> {
    (core.network().defcon() <= 1 && !is_trusted(from, terms))
        .then_some("the network is locked against an attack; try again later")
}

/// Whether no attack is expected from there: from this machine, the addresses of `limits.exempt` and the
/// classes that are exempt. Who comes by Tor may be anybody.
fn is_trusted(from: Origin, terms: Terms<'_>) -> bool {
    let own = match from {
        Origin::Ip(ip) => ip.is_loopback(),
        Origin::Local => true,
        Origin::Tor(_) => false,
    };
    own || terms.uncounted(from)
}

/// Lets a session become a user, unless all must log in now.
pub fn admit(ctx: &mut Ctx<'_>) -> Outcome {
    let logged_in = ctx.session().login().is_some();
    let trusted = is_trusted(ctx.session().from, ctx.core.terms(ctx.session()));
    if ctx.network().defcon() > 2 || logged_in || trusted {
        return Ok(());
    }
    let why =
        "The network is locked against an attack: log in to an account (SASL), or try again later";
    sasl::require(ctx, why)
}

/// That a user may write to another privately now.
pub fn private(ctx: &Ctx<'_>, user: UserId, target: UserId) -> Outcome {
    let free = |user| ctx.whois(user).is_oper() || ctx.whois(user).modes.contains('r');
    if ctx.network().defcon() > 3 || user == target || free(user) || ctx.whois(target).is_oper() {
        return Ok(());
    }
    let nick = ctx.whois(target).nick().as_str();
    Err(reply::cannot_send_to_user(
        nick,
        "the network is locked against an attack; log in to an account",
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{
            ConnId,
            peer::{Peer, Verdict},
            scene::Scene,
        },
        server::Input,
    };

    fn opens(scene: &mut Scene, from: Origin) -> ConnId {
        let conn =
            scene.server.open(Peer { from, listener: 0, tls: None }, scene.now, &mut scene.fx);
        for line in ["NICK carol", "USER carol 0 * :Carol"] {
            scene.input(Input::Line { conn, line: line.as_bytes() });
        }
        conn
    }

    #[test]
    fn who_comes_by_tor_is_locked_out_like_everybody_else() {
        let mut scene = Scene::new();
        let alice = scene.user("alice");
        scene.oper(alice);
        scene.line(alice, "DEFCON 1");
        let tor = Origin::Tor(Some(1));
        let refused = |verdict| matches!(verdict, Verdict::Refuse(_));
        assert!(refused(scene.server.admit(tor, 0, scene.now)));
        assert!(refused(scene.server.admit(Origin::Ip([192, 0, 2, 1].into()), 0, scene.now)));
        assert!(!refused(scene.server.admit(Origin::Local, 0, scene.now)));
        assert!(!refused(scene.server.admit(Origin::Ip([127, 0, 0, 1].into()), 0, scene.now)));
        scene.line(alice, "DEFCON 2");
        assert!(!refused(scene.server.admit(tor, 0, scene.now)));
        let conn = opens(&mut scene, tor);
        assert!(scene.server.core().sessions[conn].closing);
        let conn = opens(&mut scene, Origin::Local);
        assert!(scene.server.core().sessions[conn].user().is_some());
    }
}
