//! Strict transport security (`ircv3: sts`): what clients are told about coming back by TLS, and the
//! refusal of those who may not go on without.

use super::{
    ConnId, Core,
    ctx::{Ctx, Outcome, Reject},
    effect::Effects,
    peer::Origin,
    render,
    session::Session,
};
use crate::{
    job::Material,
    time::Now,
    wire::{cap, certificate, name},
};

/// What clients are told.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// Those who speak plainly; nothing if nothing is told.
    upgrade: Option<String>,
    /// Those who are encrypted.
    persistence: Option<String>,
}

impl Policy {
    /// The policy that is configured, unless it would lock clients out.
    pub fn new(config: &crate::config::Sts, certificates: &[Material]) -> Policy {
        if !config.enabled {
            return Policy::default();
        }
        if certificates.iter().any(|one| certificate::is_self_issued(&one.chain)) {
            log::warn!(
                "[sts] is not told to clients: a listener's certificate vouches for itself, and clients that follow [sts] would refuse it; get one from an authority"
            );
            return Policy::default();
        }
        let preload = if config.preload { ",preload" } else { "" };
        Policy {
            upgrade: Some(format!("port={}", config.port)),
            persistence: Some(format!("duration={}{preload}", config.duration.as_secs())),
        }
    }

    /// The value of the capability, for one who may make use of it.
    pub fn value(&self, session: &Session, core: &Core) -> Option<&str> {
        let listen = session.listen(&core.config);
        let apart = listen.is_some_and(|listen| listen.tor || listen.websocket);
        match session.from {
            // Onion services and Unix sockets need no TLS, and browsers follow no policy.
            Origin::Ip(_) if !apart => match &session.tls {
                Some(tls) => self.persistence.as_deref().filter(|_| {
                    // ircv3: who does not say by which name it came is not told to keep to one.
                    let names = &core.config.sts.names;
                    let listed = |name| names.iter().any(|own| name::is_host_of(own, name));
                    tls.name.as_deref().is_some_and(|name| names.is_empty() || listed(name))
                }),
                None => self.upgrade.as_deref(),
            },
            Origin::Ip(_) | Origin::Local | Origin::Tor(_) => None,
        }
    }
}

/// Takes up a policy, and tells those who want to hear of it when it has changed.
pub fn renew(core: &mut Core, fx: &mut Effects, certificates: &[Material], now: Now) {
    let mut policy = Policy::new(&core.config.sts, certificates);
    if policy == core.sts {
        return;
    }
    let ended = policy.persistence.is_none();
    if ended {
        // ircv3: it is not taken back but ends at once.
        policy.persistence = Some("duration=0".into());
    }
    core.sts = policy;
    let conns: Vec<ConnId> = core.sessions.iter().map(|(conn, _)| conn).collect();
    for conn in conns {
        let Some(session) = core.sessions.get(conn) else { continue };
        if !session.caps.contains(cap::CAP_NOTIFY) {
            continue;
        }
        let Some(value) = core.sts.value(session, core) else { continue };
        let text = format!("sts={value}");
        let target = render::addressee(core, conn).to_owned();
        render::server_line(core, fx, conn, ("CAP", &[&target, "NEW"], Some(&text)), now);
    }
    if ended {
        core.sts = Policy::default();
    }
}

/// Refuses who speaks plainly where only TLS is served.
pub fn check(ctx: &Ctx<'_>) -> Outcome {
    let session = ctx.session();
    let listen = session.listen(&ctx.core.config);
    if session.tls.is_some() || !listen.is_some_and(|listen| listen.sts_only) {
        return Ok(());
    }
    let port = ctx.core.config.sts.port;
    Err(Reject::Quit(format!(
        "this server is for encrypted connections; set your client to use TLS (SSL) on port {port}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{self, Secret},
        core::{
            effect::Effect,
            peer::{Peer, Tls},
            registration,
        },
    };
    use std::time::Duration;

    fn told(fx: &mut Effects) -> Vec<String> {
        let list = fx.take();
        let lines = list.iter().filter_map(|effect| match effect {
            Effect::Send { line, .. } => Some(String::from_utf8_lossy(fx.line(*line)).into_owned()),
            _ => None,
        });
        let lines = lines.collect();
        fx.clear(list);
        lines
    }

    #[test]
    fn a_change_is_told_to_those_it_concerns_and_is_never_taken_back() {
        let now = Now::default();
        let (mut core, mut fx) = (Core::sample(), Effects::default());
        core.config.dns.enabled = false;
        let from = Origin::Ip("192.0.2.7".parse().unwrap());
        let mut config =
            config::Sts { enabled: true, duration: Duration::from_secs(60), ..Default::default() };
        config.names = vec!["irc.test".into(), "*.example".into()];
        let by = |name: Option<&str>| {
            let name = name.map(Into::into);
            Some(Tls { cipher: String::new(), fingerprint: None, name })
        };
        for (from, tls) in [
            (from, by(Some("irc.test"))),
            (from, by(Some("IRC.Example"))),
            (from, None),
            // None of these is told: whose name is another, who names none, who needs no TLS.
            (from, by(Some("test"))),
            (from, by(None)),
            (Origin::Local, None),
        ] {
            let conn = registration::open(&mut core, &mut fx, Peer { from, listener: 0, tls }, now);
            core.sessions[conn].caps = cap::CAP_NOTIFY;
        }
        core.config.sts = config;
        renew(&mut core, &mut fx, &[], now);
        let wanted = [
            ":irc.localhost CAP * NEW :sts=duration=60\r\n",
            ":irc.localhost CAP * NEW :sts=duration=60\r\n",
            ":irc.localhost CAP * NEW :sts=port=6697\r\n",
        ];
        assert_eq!(told(&mut fx), wanted);
        renew(&mut core, &mut fx, &[], now);
        assert_eq!(told(&mut fx), [""; 0], "nothing has changed");
        core.config.sts.enabled = false;
        renew(&mut core, &mut fx, &[], now);
        assert_eq!(told(&mut fx), [":irc.localhost CAP * NEW :sts=duration=0\r\n"; 2]);
        assert_eq!(core.sts, Policy::default());
    }

    #[test]
    fn nobody_is_told_to_trust_a_certificate_that_vouches_for_itself() {
        let config = config::Sts { enabled: true, ..Default::default() };
        assert_ne!(Policy::new(&config, &[]), Policy::default());
        let unreadable =
            Material { listener: 0, place: 0, chain: Vec::new(), key: Secret::new("") };
        assert_eq!(Policy::new(&config, &[unreadable]), Policy::default());
    }
}
