//! The configuration is read again: all of it is checked before any of it counts.

use super::{
    Core,
    capability::{self, Offer},
    ctx::Then,
    effect::{Effect, Effects},
    render, sts,
};
use crate::{
    config::{self, Listen},
    job::{Answer, Job, Loaded},
    time::Now,
};

/// What came of reading the configuration again.
#[derive(Debug)]
pub enum Reload {
    /// It is in force, except for these keys, which need a restart.
    Done(Vec<&'static str>),
    /// It is as it was; these are the mistakes.
    Refused(Vec<config::Error>),
    /// It could not be read now.
    Busy,
}

/// Reads the configuration again, because a signal said so.
pub fn begin(core: &mut Core, fx: &mut Effects, now: Now) {
    core.ask(fx, Job::Load, Then::Server(loaded), now);
}

fn loaded(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    finish(core, fx, answer, now);
}

/// Puts a configuration in force, if it is right. The log is told, whoever has asked for it.
pub fn finish(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) -> Reload {
    let reload = take(core, fx, answer, now);
    match &reload {
        Reload::Done(restart) if restart.is_empty() => {
            log::info!("the configuration has been read again");
        }
        Reload::Done(restart) => {
            log::warn!(
                "the configuration has been read again; a restart is needed for: {}",
                restart.join(", ")
            );
        }
        Reload::Refused(errors) => {
            log::error!("the configuration has mistakes and stays as it was:");
            for error in errors {
                log::error!("{error}");
            }
        }
        Reload::Busy => {
            log::error!("the configuration could not be read now and stays as it was; try again");
        }
    }
    reload
}

fn take(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) -> Reload {
    let loaded = match answer {
        Answer::Loaded(Ok(loaded)) => loaded,
        Answer::Loaded(Err(errors)) => return Reload::Refused(errors),
        _ => return Reload::Busy,
    };
    let Loaded { mut config, texts, certificates, atlas } = *loaded;
    let restart = config.keep(&core.config);
    core.whowas.limit(config.limits.whowas);
    let before = std::mem::replace(&mut core.config, config.clone());
    if config.dnsbl != before.dnsbl {
        core.blocklists.renew(&config.dnsbl);
    }
    core.admission.resize(&core.config.limits);
    rebind(core, fx, &before.listen);
    core.reclassify();
    core.texts.clone_from(&texts);
    core.atlas = atlas.clone();
    let offered = Offer { config: &before, log_in: core.logs_in() };
    capability::tell(core, fx, &offered, now);
    sts::renew(core, fx, &certificates, now);
    fx.push(Effect::Reconfigure(Box::new(Loaded { config, texts, certificates, atlas })));
    Reload::Done(restart)
}

/// Sessions follow their listeners to where these are configured now. Who has not registered and came to
/// one that is gone could not be told its rules any more, and has to come again.
fn rebind(core: &mut Core, fx: &mut Effects, before: &[Listen]) {
    let mut stranded = Vec::new();
    for (conn, session) in core.sessions.iter_mut() {
        let Some(place) = session.listener.map(usize::from) else { continue };
        let Some(listen) = before.get(place) else { continue };
        let now = listen.moved(place, &core.config.listen);
        session.listener = now.and_then(|place| u16::try_from(place).ok());
        if session.listener.is_none() && session.user().is_none() {
            stranded.push(conn);
        }
    }
    for conn in stranded {
        render::goodbye(core, fx, conn, "this port has been closed, connect to another");
    }
}

/// Certificates whose files have changed are used from now on.
pub fn watched(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    match answer {
        Answer::Watched(Ok(Some(certificates))) => {
            log::info!("certificate files have changed and are used from now on");
            sts::renew(core, fx, &certificates, now);
            let (config, texts) = (core.config.clone(), core.texts.clone());
            let loaded = Loaded { config, texts, certificates, atlas: core.atlas.clone() };
            fx.push(Effect::Reconfigure(Box::new(loaded)));
        }
        Answer::Watched(Err(errors)) => {
            for error in errors {
                log::error!(
                    "a certificate has changed and cannot be used, the one before stays: {error}"
                );
            }
        }
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::scene::Scene,
        job::Texts,
        server::Input,
        wire::{cap, sasl::Mechanism},
    };

    #[test]
    fn what_is_offered_otherwise_after_a_reload_is_told() {
        let mut scene = Scene::new();
        let (alice, bob) = (scene.user("alice"), scene.user("bob"));
        scene.line(alice, "CAP LS 302");
        scene.line(alice, "CAP REQ sasl");
        scene.line(bob, "CAP REQ sasl");
        let mut reload = |mechanisms: &[Mechanism]| {
            let mut config = scene.server.core().config.clone();
            config.accounts.sasl = mechanisms.to_vec();
            let loaded = Loaded {
                config,
                texts: Texts::default(),
                certificates: Vec::new(),
                atlas: Default::default(),
            };
            let id = Scene::asked(&scene.input(Input::Reload));
            let answer = Answer::Loaded(Ok(Box::new(loaded)));
            let effects = scene.input(Input::Done { id, answer });
            let said = effects.iter().filter_map(|effect| match effect {
                Effect::Send { line, .. } => Some(scene.fx.line(*line)),
                _ => None,
            });
            let said =
                said.map(|line| String::from_utf8_lossy(line).into_owned()).collect::<String>();
            let has = |conn| scene.server.core().sessions[conn].caps.contains(cap::SASL);
            (said, has(alice), has(bob))
        };
        let new = ":irc.localhost CAP alice NEW :sasl=PLAIN\r\n".to_owned();
        assert_eq!(reload(&[Mechanism::Plain]), (new.clone(), true, true));
        assert_eq!(reload(&[Mechanism::Plain, Mechanism::External]), (String::new(), true, true));
        let gone = ":irc.localhost CAP alice DEL :sasl\r\n".to_owned();
        assert_eq!(reload(&[]), (gone, false, false));
        assert_eq!(reload(&[Mechanism::Plain]), (new, false, false));
    }
}
