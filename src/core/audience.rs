//! Who hears of something: the local sessions behind users and channels, each once.

use super::{ConnId, Core, effect::Effects};
use crate::{
    network::{ChannelId, UserId, mode::Status},
    wire::{cap::CapSet, encode::Msg},
};

/// The sessions of one user; none if the user is at home elsewhere.
pub fn of_user(core: &Core, user: UserId) -> &[ConnId] {
    core.locals.get(user).map_or(&[], |local| &local.sessions)
}

/// The sessions of a channel's members, of at least a status.
pub fn of_channel(
    core: &Core,
    channel: ChannelId,
    lowest: Status,
) -> impl Iterator<Item = ConnId> + '_ {
    let members = core.network().members(channel);
    let members =
        members.filter(move |(_, member)| lowest == Status::NONE || member.status.at_least(lowest));
    members.flat_map(|(user, _)| of_user(core, user).iter().copied())
}

/// The sessions of a channel's members, of at least a status, who want to hear what is said there.
pub fn who_hear(
    core: &Core,
    channel: ChannelId,
    lowest: Status,
) -> impl Iterator<Item = ConnId> + '_ {
    let network = core.network();
    let members = network.members(channel);
    let members = members.filter(move |(user, member)| {
        (lowest == Status::NONE || member.status.at_least(lowest))
            && !network.user(*user).modes.contains('d')
    });
    members.flat_map(|(user, _)| of_user(core, user).iter().copied())
}

/// The sessions of everybody in any of the channels, each once.
pub fn of_channels(core: &Core, channels: &[ChannelId]) -> Vec<ConnId> {
    let mut heard: Vec<ConnId> =
        channels.iter().flat_map(|channel| of_channel(core, *channel, Status::NONE)).collect();
    heard.sort_unstable();
    heard.dedup();
    heard
}

/// The sessions of everybody who shares a channel with a user, and the user's own; each once.
pub fn around(core: &Core, user: UserId) -> Vec<ConnId> {
    let mut heard = of_channels(core, core.network().user(user).channels());
    heard.extend_from_slice(of_user(core, user));
    heard.sort_unstable();
    heard.dedup();
    heard
}

/// Sends a message to each of `to`, encoded once for each set of capabilities that changes it.
pub fn send(core: &Core, fx: &mut Effects, msg: &Msg, to: impl IntoIterator<Item = ConnId>) {
    let relevant = msg.relevant();
    let mut groups: Vec<(CapSet, Vec<ConnId>)> = Vec::new();
    let mut last = 0;
    for conn in to {
        let Some(session) = core.sessions.get(conn) else { continue };
        let caps = session.caps.and(relevant);
        // Most recipients see what the one before them saw.
        if groups.get(last).is_none_or(|group| group.0 != caps) {
            last = groups.iter().position(|group| group.0 == caps).unwrap_or(groups.len());
            if last == groups.len() {
                groups.push((caps, Vec::new()));
            }
        }
        if let Some(group) = groups.get_mut(last) {
            group.1.push(conn);
        }
    }
    for (caps, conns) in groups {
        fx.send(&conns, |out| msg.encode(caps, out));
    }
}
