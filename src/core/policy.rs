//! Who may do what in a channel. Pure questions to the network, each asked in one place.

use super::{
    ctx::{Ctx, Outcome, Reject},
    oper::Priv,
};
use crate::{
    network::{
        Channel, ChannelId, Network, User, UserId,
        mode::{ChannelModes, Status},
        op::Entry,
    },
    wire::{mask, name::ChannelName, reply},
};

/// That a user is in a channel, with which status. Who acts by the powers of an operator of the network
/// need not be inside, and has every status.
pub fn member(ctx: &Ctx<'_>, channel: ChannelId, user: UserId) -> Result<Status, Reject> {
    if ctx.forced {
        return Ok(Status::FOUNDER);
    }
    let name = ctx.network().channel(channel).name.as_str();
    ctx.network().status(channel, user).ok_or_else(|| reply::not_on_channel(name).into())
}

/// The modes that a channel begins with.
const FIRST_MODES: &str = "nt";

/// How a user who enters finds a channel.
pub fn entry(network: &Network, channel: Option<ChannelId>) -> Entry {
    let modes = ChannelModes::of(FIRST_MODES);
    match channel.map(|channel| network.channel(channel)) {
        // Somebody is in it, if perhaps out of sight: there is nothing to be had by entering it anew.
        Some(record) if !record.is_empty() => Entry::Found(record.epoch),
        Some(record) => Entry::Founds { before: Some(record.epoch), modes },
        None => Entry::Founds { before: None, modes },
    }
}

/// That a user has at least a status in a channel.
pub fn require(ctx: &Ctx<'_>, channel: ChannelId, user: UserId, lowest: Status) -> Outcome {
    if member(ctx, channel, user)?.at_least(lowest) {
        return Ok(());
    }
    Err(reply::chan_op_needed(ctx.network().channel(channel).name.as_str()).into())
}

/// Whether a status gives power over another: half-operators over those below, operators over anybody
/// who is not above them.
pub fn outranks(mine: Status, theirs: Status) -> bool {
    match theirs {
        theirs if theirs.at_least(Status::FOUNDER) => mine.at_least(Status::FOUNDER),
        theirs if theirs.at_least(Status::ADMIN) => mine.at_least(Status::ADMIN),
        theirs if theirs.at_least(Status::HALFOP) => mine.at_least(Status::OP),
        _ => mine.at_least(Status::HALFOP),
    }
}

/// The status that giving or taking a status letter takes.
pub fn grants(letter: char) -> Status {
    match letter {
        'q' => Status::FOUNDER,
        'a' => Status::ADMIN,
        'v' => Status::HALFOP,
        _ => Status::OP,
    }
}

/// That a user may enter a channel, with this key.
pub fn join(ctx: &Ctx<'_>, user: UserId, channel: ChannelId, key: Option<&str>) -> Outcome {
    let (record, who) = (ctx.network().channel(channel), ctx.network().user(user));
    let name = record.name.as_str();
    let invited = invited(ctx, user, &record.name);
    if record.has('i') && !invited && !listed(ctx, record, 'I', who) {
        return Err(reply::invite_only_chan(name).into());
    }
    if record.value('k').is_some_and(|wanted| !same_secret(wanted, key.unwrap_or_default()))
        && !invited
    {
        return Err(reply::bad_channel_key(name).into());
    }
    let limit = record.value('l').and_then(|limit| limit.parse::<usize>().ok());
    if limit.is_some_and(|limit| ctx.network().members(channel).count() >= limit) && !invited {
        return Err(reply::channel_is_full(name).into());
    }
    if !invited && banned(ctx, record, who) {
        return Err(reply::banned_from_chan(name).into());
    }
    Ok(())
}

/// Why a user may not speak in a channel; `None` if they may.
pub fn mute(ctx: &Ctx<'_>, user: UserId, channel: ChannelId) -> Option<&'static str> {
    let record = ctx.network().channel(channel);
    let status = ctx.network().status(channel, user);
    if status.is_some_and(|status| status.at_least(Status::VOICE)) {
        return None;
    }
    if record.has('n') && status.is_none() {
        return Some("+n: you are not in it");
    }
    if record.has('m') {
        return Some("+m: only members with a status may speak");
    }
    banned(ctx, record, ctx.network().user(user)).then_some("+b: you are banned")
}

/// Whether a ban that no exception lifts touches a user.
pub fn banned(ctx: &Ctx<'_>, channel: &Channel, user: &User) -> bool {
    listed(ctx, channel, 'b', user) && !listed(ctx, channel, 'e', user)
}

/// Whether a user may know that a channel exists, and who is in it.
pub fn sees(ctx: &Ctx<'_>, user: UserId, channel: ChannelId) -> bool {
    let hidden = ctx.network().channel(channel).has('s');
    !hidden || ctx.network().status(channel, user).is_some() || ctx.may(user, Priv::See)
}

/// Whether a user may see another in WHO, WHOIS and NAMES without being asked for by name.
pub fn sees_user(ctx: &Ctx<'_>, user: UserId, other: UserId) -> bool {
    let invisible = ctx.network().user(other).modes.contains('i');
    !invisible
        || user == other
        || ctx.network().share_channel(user, other)
        || ctx.may(user, Priv::See)
}

fn invited(ctx: &Ctx<'_>, user: UserId, channel: &ChannelName) -> bool {
    ctx.local(user).is_some_and(|local| local.invites.contains(channel))
}

/// Whether a mask on a list fits a user, by the host shown, the real one, or the address.
fn listed(ctx: &Ctx<'_>, channel: &Channel, letter: char, user: &User) -> bool {
    let mut masks = channel.masks(letter).peekable();
    if masks.peek().is_none() {
        return false;
    }
    let (nick, casemap) = (user.nick().as_str(), ctx.network().casemap());
    let as_host = |host: &str| format!("{nick}!{}@{host}", user.user);
    let mut forms = vec![as_host(&user.host)];
    if user.real_host != user.host {
        forms.push(as_host(&user.real_host));
    }
    forms.extend(user.address.map(|address| as_host(&address.to_string())));
    masks.any(|entry| forms.iter().any(|form| mask::matches(&entry.canonical, form, casemap)))
}

/// Compares without telling by its time where the difference is.
fn same_secret(a: &str, b: &str) -> bool {
    let differ = a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    a.len() == b.len() && differ == 0
}
