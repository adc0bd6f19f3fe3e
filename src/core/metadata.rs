//! How sessions are told of metadata (`ircv3: metadata`): those with `draft/metadata-2` in METADATA lines,
//! all others in numerics, and unasked only of the keys that they have subscribed to.

pub mod account;
pub mod early;

use super::{ConnId, Core, audience, effect::Effects, render, session::Session};
use crate::{
    network::{ChannelId, Network, UserId, metadata::Holder},
    registry::METADATA,
    time::Now,
    wire::{
        cap,
        encode::Msg,
        reply::{self, Reply},
    },
};

/// The most members of a channel whose metadata is told unasked; that of a larger one can be asked for.
const MEMBERS_MAX: usize = 32;

/// The field of a record that keeps a key.
pub fn field(key: &str) -> Box<str> {
    format!("{METADATA}{key}").into()
}

/// Whether a session speaks the version before the third.
pub fn is_second(session: &Session) -> bool {
    session.caps.contains(cap::METADATA_2) && !session.caps.contains(cap::METADATA_3)
}

/// Whether a session is told of metadata.
pub fn hears(session: &Session) -> bool {
    session.caps.contains(cap::METADATA_2) || session.caps.contains(cap::METADATA_3)
}

/// Whether a session is told of a key.
pub fn wants(session: &Session, key: &str) -> bool {
    hears(session) && session.keys.iter().any(|known| &**known == key)
}

/// What a user or channel is called.
pub fn name(network: &Network, of: Holder) -> &str {
    match of {
        Holder::User(user) => network.find_user(user).map_or("*", |user| user.nick().as_str()),
        Holder::Channel(channel) => {
            network.find_channel(channel).map_or("*", |channel| channel.name.as_str())
        }
    }
}

/// Tells a session of a key, or that it has no value, as its version has it. `source` has set it; the
/// server if none.
pub fn tell(
    core: &Core,
    fx: &mut Effects,
    conn: ConnId,
    (source, batch): (Option<&str>, Option<&str>),
    (target, key, value): (&str, &str, Option<&str>),
    now: Now,
) {
    let Some(session) = core.sessions.get(conn) else { return };
    let msg = if is_second(session) {
        let msg = Msg::new(source.unwrap_or_else(|| core.name()), "METADATA").time(now.wall);
        let msg = msg.param(target).param(key).param("*");
        match value {
            Some(value) => msg.text(value),
            None => msg,
        }
    } else {
        let Reply { code, body } = match value {
            Some(value) => reply::key_value(target, key, value),
            None => reply::key_not_set(target, key),
        };
        render::server_msg(core, code, now).param(render::addressee(core, conn)).rest(&body)
    };
    let msg = match batch {
        Some(batch) => msg.tag(cap::BATCH, "batch", batch),
        None => msg,
    };
    audience::send(core, fx, &msg, [conn]);
}

/// Opens a batch about somebody, for those who know batches.
pub fn open(
    core: &mut Core,
    fx: &mut Effects,
    conn: ConnId,
    (kind, target): (&str, Option<&str>),
    now: Now,
) -> Option<String> {
    if !core.sessions.get(conn)?.caps.contains(cap::BATCH) {
        return None;
    }
    let batch = core.new_batch();
    let opening = format!("+{batch}");
    let params: Vec<&str> = [opening.as_str(), kind].into_iter().chain(target).collect();
    render::server_line(core, fx, conn, ("BATCH", &params, None), now);
    Some(batch)
}

/// Closes a batch, if one has been opened.
pub fn close(core: &Core, fx: &mut Effects, conn: ConnId, batch: Option<&str>, now: Now) {
    if let Some(batch) = batch {
        render::server_line(core, fx, conn, ("BATCH", &[&format!("-{batch}")], None), now);
    }
}

/// What somebody has set of the keys that a session wants.
fn wanted(core: &Core, conn: ConnId, of: Holder) -> Vec<(Box<str>, Box<str>)> {
    let session = core.sessions.get(conn).filter(|session| !session.keys.is_empty());
    let found = session.zip(core.network().metadata(of));
    let Some((session, metadata)) = found else { return Vec::new() };
    let keys = metadata.iter().filter(|(key, _)| wants(session, key));
    keys.map(|(key, value)| (key.into(), value.into())).collect()
}

/// Tells a session of all that somebody has set of the keys that it wants.
pub fn told(
    core: &Core,
    fx: &mut Effects,
    conn: ConnId,
    (of, batch): (Holder, Option<&str>),
    now: Now,
) {
    for (key, value) in wanted(core, conn, of) {
        let target = name(core.network(), of);
        tell(core, fx, conn, (None, batch), (target, &key, Some(&value)), now);
    }
}

/// Tells a new user what is set of themselves.
pub fn own(core: &mut Core, fx: &mut Effects, conn: ConnId, user: UserId, now: Now) {
    if !core.sessions.get(conn).is_some_and(hears) {
        return;
    }
    let nick = core.network().user(user).nick().to_string();
    let batch = open(core, fx, conn, ("metadata", Some(&nick)), now);
    for (key, value) in core.network().user(user).metadata.iter() {
        tell(core, fx, conn, (None, batch.as_deref()), (&nick, key, Some(value)), now);
    }
    close(core, fx, conn, batch.as_deref(), now);
}

/// Tells a session of a channel that it has entered, and of those inside; or that it may ask.
pub fn entered(core: &mut Core, fx: &mut Effects, conn: ConnId, channel: ChannelId, now: Now) {
    let Some(session) = core.sessions.get(conn).filter(|session| hears(session)) else { return };
    if session.keys.is_empty() {
        return;
    }
    let of = Holder::Channel(channel);
    let target = name(core.network(), of).to_owned();
    if core.network().members(channel).nth(MEMBERS_MAX).is_some() {
        return render::reply(core, fx, conn, &reply::metadata_sync_later(&target), now);
    }
    let own = session.user();
    let members = core.network().members(channel).map(|(user, _)| user);
    let seen = |user| own.is_some_and(|own| core.network().sees_member(channel, own, user));
    let users = members.filter(|user| Some(*user) != own && seen(*user)).map(Holder::User);
    let all: Vec<Holder> = std::iter::once(of).chain(users).collect();
    if all.iter().all(|of| wanted(core, conn, *of).is_empty()) {
        return;
    }
    let batch = open(core, fx, conn, ("metadata", Some(&target)), now);
    for of in all {
        told(core, fx, conn, (of, batch.as_deref()), now);
    }
    close(core, fx, conn, batch.as_deref(), now);
}

/// Tells sessions of a user whom they did not see before.
pub fn introduce(
    core: &Core,
    fx: &mut Effects,
    user: UserId,
    to: impl IntoIterator<Item = ConnId>,
    now: Now,
) {
    if core.network().find_user(user).is_none_or(|user| user.metadata.is_empty()) {
        return;
    }
    for conn in to {
        told(core, fx, conn, (Holder::User(user), None), now);
    }
}
