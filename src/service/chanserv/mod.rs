//! ChanServ: registered channels, and who may do what in them.
//!
//! `service::hear` has read the records of the channels that a command names before it runs.

mod akick;
mod ban;
mod clear;
mod flags;
mod grant;
mod info;
mod invite;
mod look;
mod oper;
mod purge;
mod register;
mod room;
mod set;
mod status;
mod template;
mod topic;
mod transfer;
mod unregister;
mod views;

use super::{Service, account};
use crate::{
    core::{
        ctx::{Again, Ctx, Outcome},
        dispatch::Table,
        notes,
        registered::{
            CHANSERV, access,
            flags::Flags,
            kept::Fields,
            record::{self, Registration},
            settings::{self, ON},
        },
        registry,
    },
    job::Answer,
    network::{
        ChannelId, UserId, crdt,
        mode::Status,
        op::{Hearers, Op},
    },
    registry::{Edit, Kind, Record, What},
    store::Rows,
    wire::name::ChannelName,
};

/// The service.
pub static SERVICE: Service = Service {
    name: crdt::CHANSERV,
    alias: "CS",
    about: "Registered channels, and who may do what in them.",
    table: Table {
        commands: &[
            views::ACCESS,
            akick::COMMANDS,
            views::AMODE,
            views::AOP,
            ban::BAN,
            clear::CLEAR,
            look::CLONE,
            oper::CLOSE,
            views::COUNT,
            status::DEHALFOP,
            status::DEOP,
            status::DEOWNER,
            status::DEPROTECT,
            status::DEVOICE,
            status::DOWN,
            unregister::DROP,
            clear::ENFORCE,
            flags::FFLAGS,
            flags::COMMANDS,
            invite::GETKEY,
            status::HALFOP,
            oper::HOLD,
            views::HOP,
            ban::HOWTOBAN,
            info::COMMANDS,
            invite::INVITE,
            ban::KICK,
            ban::KICKBAN,
            oper::LIST,
            oper::MARK,
            status::OP,
            status::OWNER,
            status::PROTECT,
            purge::COMMANDS,
            ban::QUIET,
            clear::RECOVER,
            register::COMMANDS,
            set::COMMANDS,
            views::SOP,
            look::STATUS,
            oper::SUSPEND,
            clear::SYNC,
            template::COMMANDS,
            topic::TOPIC,
            topic::TOPICAPPEND,
            topic::TOPICPREPEND,
            topic::TOPICSWAP,
            transfer::COMMANDS,
            ban::UNBAN,
            ban::UNQUIET,
            unregister::COMMANDS,
            oper::UNSUSPEND,
            status::UP,
            status::VOICE,
            views::VOP,
            look::WHY,
        ],
    },
};

/// The name of a channel that is registered; if it is not, that is told.
fn registered(ctx: &mut Ctx<'_>, text: &str) -> Option<ChannelName> {
    let name = ctx.channel_name(text);
    let id = name.as_ref().and_then(|name| ctx.network().claims().channel(name));
    if id.is_none() {
        let purged = name.and_then(|name| purged(ctx, &name));
        ctx.notice(&purged.unwrap_or_else(|| format!("{text} is not registered.")));
        return None;
    }
    let name = name.filter(|name| ctx.core.registration(name).is_some());
    if name.is_none() {
        unavailable(ctx);
    }
    name
}

/// What is told of a channel that has been purged, if it has been.
fn purged(ctx: &Ctx<'_>, name: &ChannelName) -> Option<String> {
    let note = notes::purged(ctx.network(), name)?;
    Some(format!("{name} is purged: {}. Nobody can use it.", note.text))
}

/// The registration of a channel that [`registered`] has found.
fn registration<'a>(ctx: &'a Ctx<'_>, name: &ChannelName) -> Option<&'a Registration> {
    ctx.core.registration(name)
}

/// The access of a user to a channel.
fn flags(ctx: &Ctx<'_>, user: UserId, name: &ChannelName) -> Flags {
    registration(ctx, name).map(|known| access::flags(ctx.core, user, known)).unwrap_or_default()
}

/// The channel, if it is registered and the user has one of the flags there; otherwise that is told.
fn allowed(ctx: &mut Ctx<'_>, user: UserId, text: &str, any: &str) -> Option<ChannelName> {
    let name = registered(ctx, text)?;
    let flags = flags(ctx, user, &name);
    if any.chars().any(|flag| flags.has(flag)) {
        return Some(name);
    }
    refused(ctx);
    None
}

/// A channel in which somebody is, if it is registered and the user has one of the flags there; otherwise
/// that is told.
fn there(
    ctx: &mut Ctx<'_>,
    user: UserId,
    text: &str,
    any: &str,
) -> Option<(ChannelName, ChannelId)> {
    let name = allowed(ctx, user, text, any)?;
    let channel = ctx.network().name(&name);
    if channel.is_none() {
        ctx.notice(&format!("Nobody is in {name}."));
    }
    channel.map(|channel| (name, channel))
}

/// Has the store write to the record of a channel; `done` is told then.
fn write(ctx: &mut Ctx<'_>, user: UserId, name: &ChannelName, what: What, again: Again) -> Outcome {
    let Some(id) = registration(ctx, name).map(|known| known.id) else { return Ok(()) };
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = ctx.whois(user).mask().into();
    ctx.session_mut().again = Some(Box::new(again));
    registry::propose(ctx, Edit { id, kind: Kind::Channel, at, by, what }, written);
    Ok(())
}

/// The same with fields, of which there is nothing more to say than these words.
fn set(
    ctx: &mut Ctx<'_>,
    user: UserId,
    name: &ChannelName,
    fields: Fields,
    done: String,
) -> Outcome {
    write(ctx, user, name, What::Write(fields), say(done))
}

/// Says something once it is true.
fn say(done: String) -> Again {
    Again {
        words: vec![done],
        then: |ctx, _, words| {
            words.iter().for_each(|text| ctx.notice(text));
            Ok(())
        },
    }
}

fn written(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (user, again) = (ctx.session().user(), ctx.session_mut().again.take());
    let Some((user, again)) = user.zip(again) else { return Ok(()) };
    match answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => {
            let told = edited.changed.iter().any(|change| record::is_access(&change.key));
            if let Some(what) = again.words.first().filter(|_| told) {
                announce(ctx, user, &edited.record, what);
            }
            return (again.then)(ctx, user, &again.words);
        }
        Answer::Stored(Ok(Rows::Taken(_))) => {
            ctx.notice("The channel is not registered any more. Nothing has been changed.");
        }
        Answer::Stored(Ok(Rows::Full)) => ctx.notice(
            "The channel's record holds as much as it may: a thousand entries of access, AKICK and the like. Nothing has been changed; take some away first.",
        ),
        _ => unavailable(ctx),
    }
    Ok(())
}

/// Tells a channel that is set VERBOSE, or its operators, who has done what to its access list.
fn announce(ctx: &mut Ctx<'_>, user: UserId, record: &Record, what: &str) {
    let least = match settings::named("VERBOSE").and_then(|row| row.value(record)) {
        Some(ON) => Status::NONE,
        Some("ops") => Status::OP,
        _ => return,
    };
    let Some(name) = record.name().and_then(|name| ctx.channel_name(name)) else { return };
    let text = format!("{}: {what}", ctx.whois(user).nick()).into();
    ctx.commit(Op::Announce { by: CHANSERV, to: Hearers::Channel(name, least), text });
}

fn refused(ctx: &mut Ctx<'_>) {
    ctx.notice("You are not authorized to perform this operation.");
}

fn unavailable(ctx: &mut Ctx<'_>) {
    ctx.notice("Registered channels cannot be reached now. Nothing has been changed; please try again later.");
}
