//! What notes do here: names that are forbidden, exceptions from limits, servers that may not be linked,
//! news.

use super::{
    Core, bans,
    ctx::Ctx,
    effect::Effects,
    oper::{self, Priv},
    peer::Origin,
    render, reserve, snotice,
};
use crate::{
    network::{
        Network, UserId,
        crdt::{OPERSERV, Source},
        note::{Key, Note, Section},
        op::{Leave, Op},
    },
    time::{Now, Wall},
    wire::{cidr::Cidr, encode, mask, name::ChannelName},
};

/// The longest name of a note: a mask, a host, an address.
pub const NAME_MAX: usize = 200;

/// The longest text of a note: what fits in a line with who says it.
pub const TEXT_MAX: usize = 350;

/// Writes a note for a user; if there is no room for it, tells why.
pub fn write(
    ctx: &mut Ctx<'_>,
    user: UserId,
    (section, name): (Section, &str),
    (value, text): (&str, &str),
    until: Option<Wall>,
) -> Result<(), String> {
    let row = section.row();
    let notes = ctx.network().notes();
    if notes.get(section, name).is_none() && notes.of(section).count() >= row.most {
        return Err(format!(
            "There are {} entries of the kind {}, and more are not kept. Take one away first.",
            row.most, row.name
        ));
    }
    let note = Note {
        value: encode::head(value, NAME_MAX).into(),
        text: encode::head(text, TEXT_MAX).into(),
        setter: ctx.whois(user).mask().into(),
        until,
    };
    commit(ctx, user, Key { section, name: name.into() }, Some(note));
    Ok(())
}

/// Takes a note away for a user; false if there is none.
pub fn remove(ctx: &mut Ctx<'_>, user: UserId, section: Section, name: &str) -> bool {
    let there = ctx.network().notes().get(section, name).is_some();
    if there {
        commit(ctx, user, Key { section, name: name.into() }, None);
    }
    there
}

fn commit(ctx: &mut Ctx<'_>, user: UserId, key: Key, note: Option<Note>) {
    let by = Source::User(ctx.whois(user).uid);
    ctx.commit(Op::Note { by, key, note: note.map(Box::new) });
}

/// What forbids a name, if something does: the first mask that it fits.
pub fn forbidding<'a>(network: &'a Network, section: Section, name: &str) -> Option<&'a Note> {
    let casemap = network.casemap();
    let mut notes = network.notes().of(section);
    notes.find(|(pattern, _, _)| mask::matches(pattern, name, casemap)).map(|(_, note, _)| note)
}

/// Why the session may not take a name, if it may not.
pub fn forbidden(ctx: &Ctx<'_>, section: Section, name: &str) -> Option<String> {
    let exempt = ctx.session().user().is_some_and(|user| ctx.may(user, Priv::Forbid));
    let note = forbidding(ctx.network(), section, name).filter(|_| !exempt)?;
    Some(note.text.to_string())
}

/// The same of the name of a channel, in the words that JOIN has for it. One that is purged is for nobody.
pub fn shut(ctx: &Ctx<'_>, text: &str) -> Option<String> {
    let purged = ctx.channel_name(text).and_then(|name| purged(ctx.network(), &name));
    purged.map(|note| format!("purged: {}", note.text)).or_else(|| {
        forbidden(ctx, Section::ForbidChannel, text).map(|why| format!("forbidden: {why}"))
    })
}

/// That a channel has been purged, and why.
pub fn purged<'a>(network: &'a Network, name: &ChannelName) -> Option<&'a Note> {
    network.notes().get(Section::Purge, name.folded())
}

/// How many connections may come from somewhere, if an exception says so: the narrowest range that does.
pub fn exception(network: &Network, from: Origin) -> Option<u32> {
    let ip = from.ip()?;
    let ranges = network.notes().of(Section::Exception).filter_map(|(range, note, _)| {
        let range = Cidr::parse(range).filter(|range| range.contains(ip))?;
        Some((range.bits(), note.value.parse().ok()?))
    });
    ranges.max_by_key(|(bits, _)| *bits).map(|(_, most)| most)
}

/// Whether a server may not be linked.
pub fn is_juped(network: &Network, name: &str) -> bool {
    network.notes().get(Section::Jupe, &name.to_ascii_lowercase()).is_some()
}

/// Tells a user who has just come, or become an operator, what there is to tell.
pub fn news(ctx: &mut Ctx<'_>, user: UserId, section: Section) {
    let items: Vec<&Note> = ctx.network().notes().of(section).map(|(_, note, _)| note).collect();
    let shown = match section {
        Section::NewsRandom if !items.is_empty() => {
            // Each who comes is told the next.
            let place = ctx.whois(user).uid.number as usize % items.len();
            items.into_iter().skip(place).take(1).collect()
        }
        _ => items,
    };
    let lines: Vec<String> = shown.iter().map(|note| format!("[News] {}", note.text)).collect();
    let source = ctx.core.service_mask(OPERSERV);
    for line in lines {
        render::tell_as(ctx.core, ctx.fx, (&source, user), &line, ctx.now);
    }
}

/// Tells operators of this server that a note has been written or taken away.
pub fn announce(
    core: &Core,
    fx: &mut Effects,
    (by, key, note): (&str, &Key, Option<&Note>),
    now: Now,
) {
    let (kind, name) = (key.section.row().name, &key.name);
    let text = match (key.section, note) {
        // The log is read when it is wanted, and whoever asks for a host says so.
        (Section::Audit | Section::Request, _) => return,
        // News have no names but for servers.
        (Section::NewsLogon | Section::NewsOper | Section::NewsRandom, Some(note)) => {
            format!("{by} adds {kind}: {}", note.text)
        }
        (Section::NewsLogon | Section::NewsOper | Section::NewsRandom, None) => {
            format!("{by} takes away {kind}")
        }
        (Section::ForbidPassword, note) => {
            let verb = if note.is_some() { "forbids" } else { "allows again" };
            format!("{by} {verb} a password")
        }
        (_, Some(note)) => {
            let part = |before, text: &str, after| match text {
                "" => String::new(),
                text => format!("{before}{text}{after}"),
            };
            let (value, why) = (part(" (", &note.value, ")"), part(": ", &note.text, ""));
            format!("{by} sets the {kind} {name}{value}{}{why}", bans::until_text(note.until))
        }
        (_, None) => format!("{by} takes away the {kind} {name}"),
    };
    log::info!("{text}");
    snotice::here(core, fx, 'x', |_| text, now);
}

/// A note has been written or taken away: those it concerns here are seen to.
pub fn changed(core: &mut Core, fx: &mut Effects, key: &Key, note: Option<&Note>, now: Now) {
    match (key.section, note) {
        (Section::ForbidNick, Some(note)) => nick_forbidden(core, fx, &key.name, note, now),
        (Section::ForbidChannel, Some(note)) => {
            let (users, casemap) = (bound(core).collect::<Vec<_>>(), core.network().casemap());
            let fits = |name: &ChannelName| mask::matches(&key.name, name.as_str(), casemap);
            let reason = format!("This channel is forbidden: {}", note.text);
            put_out(core, fx, &users, (fits, reason), now);
        }
        (Section::Purge, Some(note)) => {
            let users: Vec<UserId> = core.locals.iter().map(|(user, _)| user).collect();
            let fits = |name: &ChannelName| name.folded() == &*key.name;
            let reason = format!("This channel is purged: {}", note.text);
            put_out(core, fx, &users, (fits, reason), now);
        }
        (Section::Jupe, _) => core.links_questioned = true,
        _ => (),
    }
}

/// Users of this server for whom what is forbidden is.
fn bound(core: &Core) -> impl Iterator<Item = UserId> + '_ {
    core.locals.iter().map(|(user, _)| user).filter(|user| {
        let class = core.network().user(*user).class.as_deref();
        !oper::may(&core.config, class, Priv::Forbid)
    })
}

fn nick_forbidden(core: &mut Core, fx: &mut Effects, pattern: &str, note: &Note, now: Now) {
    let casemap = core.network().casemap();
    let wears = |user: &UserId| {
        let nick = core.network().user(*user).nick();
        mask::matches(pattern, nick.as_str(), casemap)
    };
    for user in bound(core).filter(wears).collect::<Vec<_>>() {
        let why = format!("This nickname is forbidden: {}", note.text);
        reserve::rename(core, fx, (user, OPERSERV), &why, now);
    }
}

/// Puts users out of those of their channels that fit.
fn put_out(
    core: &mut Core,
    fx: &mut Effects,
    users: &[UserId],
    (fits, reason): (impl Fn(&ChannelName) -> bool, String),
    now: Now,
) {
    let network = core.network();
    let mut kicks = Vec::new();
    for user in users {
        let who = network.user(*user);
        let channels = who.channels().iter().map(|channel| network.channel(*channel));
        for record in channels.filter(|record| fits(&record.name)) {
            let member = record.member(*user);
            kicks.extend(member.map(|member| (who.uid, record.name.clone(), member.joined)));
        }
    }
    let by = Source::Server(core.sid());
    let reason: Box<str> = reason.into();
    for (uid, name, joined) in kicks {
        let how = Leave::Kick { by, reason: reason.clone() };
        core.commit(fx, Op::Leave { uid, name, joined, how }, None, now);
    }
}
