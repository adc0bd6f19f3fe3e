//! Two networks into one: what to apply here, so that this network knows what the other knows.
//!
//! What one side has and the other has not is new on the one, or gone on the other. The version vectors
//! tell: who has seen it come and does not have it, has seen it go.

use crate::{
    core::frame::State,
    network::{
        ChannelId, Network,
        crdt::{Have, Source, Uid},
        op::{Entry, Leave, ModeChange, Op},
    },
    time::Stamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// The channels whose founding the other has seen and forgotten, and that have been founded anew since.
pub fn forgotten(network: &Network, state: &State) -> Vec<ChannelId> {
    let anew = state.ops.iter().filter_map(|(op, _)| match op {
        Op::Channel { name, epoch, .. } => Some((network.record(name)?, epoch)),
        _ => None,
    });
    let forgotten = anew.filter(|(channel, epoch)| {
        let known = network.channel(*channel);
        !known.epoch.registered && known.epoch > **epoch && state.have.covers(known.epoch.at)
    });
    forgotten.map(|(channel, _)| channel).collect()
}

/// The operations to apply here, in order.
pub fn plan(network: &Network, have: &Have, state: &State) -> Vec<(Op, Stamp)> {
    let (mut users, mut joins, mut masks) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut renamed = BTreeSet::new();
    for (op, at) in &state.ops {
        match op {
            Op::User(presence) => {
                users.insert(presence.uid);
            }
            Op::Join { uid, .. } => {
                joins.insert((*uid, *at));
            }
            Op::Mode { name, changes, .. } => masks.extend(changes.iter().filter_map(|change| {
                let ModeChange::Add { letter, mask, .. } = change else { return None };
                Some((name, *letter, mask, *at))
            })),
            Op::Rename(renaming) => renamed.extend(renaming.parts.iter().map(|part| part.1.at)),
            _ => (),
        }
    }
    let seen = |at: Stamp| state.have.covers(at);
    // Whoever goes with a server goes for that reason.
    let mut plan: Vec<(Op, Stamp)> =
        state.ops.iter().filter(|(op, _)| speaks_of_server(op)).cloned().collect();
    for (uid, channel, joined) in
        network.members_missing(seen, |uid, at| joins.contains(&(uid, at)))
    {
        if users.contains(&uid) {
            let how = Leave::Part("".into());
            plan.push((Op::Leave { uid, name: channel.name.clone(), joined, how }, joined));
        }
    }
    let moved = moved(network, have, state, |founded| renamed.contains(&founded));
    for ((uid, joined), channel) in &moved {
        let (name, how) = (network.channel(*channel).name.clone(), Leave::Part("".into()));
        plan.push((Op::Leave { uid: *uid, name, joined: *joined, how }, *joined));
    }
    for uid in network.users_missing(seen, |uid| users.contains(&uid)) {
        plan.push((
            Op::Quit { uid, reason: "Quit during a split".into() },
            quit_stamp(network, uid),
        ));
    }
    for (channel, mask) in
        // Of several masks set at once each goes by itself; those of a channel that has been renamed go
        // with it.
        network.masks_missing(seen, |channel, mask| {
            // What has been taken from a registered channel is told.
            channel.epoch.registered
                || renamed.contains(&channel.epoch.at)
                || masks.contains(&(&channel.name, mask.letter, &mask.mask, mask.at))
        })
    {
        let (name, epoch, by) =
            (channel.name.clone(), channel.epoch, Source::Server(mask.at.server));
        let changes = vec![ModeChange::Remove {
            letter: mask.letter,
            mask: mask.mask.clone(),
            added: vec![mask.at],
        }];
        plan.push((Op::Mode { name, epoch, by, changes }, mask.at));
    }
    let comes =
        |op: &Op, at: Stamp| matches!(op, Op::Join { uid, .. } if moved.contains_key(&(*uid, at)));
    let news = |(op, at): &&(Op, Stamp)| is_news(network, have, op, *at) || comes(op, *at);
    plan.extend(state.ops.iter().filter(news).cloned());
    plan
}

/// The joins that are known here, and that the other side has in a founding of which nothing is known here:
/// with where they are here. Their channel has been renamed, and all but this server have seen that and
/// forgotten it.
fn moved(
    network: &Network,
    have: &Have,
    state: &State,
    renamed: impl Fn(Stamp) -> bool,
) -> BTreeMap<(Uid, Stamp), ChannelId> {
    let mut there = BTreeMap::new();
    for (op, at) in &state.ops {
        if let Op::Join { uid, name, entry: Entry::Found(epoch) | Entry::Delayed(epoch, _) } = op {
            if have.covers(*at) && !have.covers(epoch.at) {
                there.insert((*uid, *at), name);
            }
        }
    }
    let mut moved = BTreeMap::new();
    if there.is_empty() {
        return moved;
    }
    for (id, channel) in network.channels() {
        for (user, member) in channel.joins().filter(|_| !renamed(channel.epoch.at)) {
            let join = (network.user(user).uid, member.joined);
            if there.get(&join).is_some_and(|name| **name != channel.name) {
                moved.insert(join, id);
            }
        }
    }
    moved
}

/// Whether an operation of a state may be news here, and not something that has been seen and gone again.
fn is_news(network: &Network, have: &Have, op: &Op, at: Stamp) -> bool {
    match op {
        Op::User(presence) => {
            let known = network.uid(presence.uid).is_some();
            known || presence.born.is_none_or(|born| !have.covers(born))
        }
        // Seen, and forgotten here.
        Op::Channel { name, epoch, .. } => {
            let known = network.record(name).map(|channel| network.channel(channel));
            !have.covers(epoch.at) || known.is_some_and(|known| known.epoch == *epoch)
        }
        Op::Join { .. } => !have.covers(at),
        Op::Rename(renaming) => {
            let mut renames = renaming.renames.iter().chain([&renaming.epoch.at]);
            renames.any(|at| !have.covers(*at))
        }
        // What has been seen may not have been seen under this name.
        Op::Mode { epoch, changes, .. } if adds(changes) => {
            epoch.registered || !have.covers(at) || !have.covers(epoch.at)
        }
        op => !speaks_of_server(op),
    }
}

fn speaks_of_server(op: &Op) -> bool {
    matches!(op, Op::Server(_) | Op::Links(_) | Op::Goodbye(_) | Op::Forget { .. })
}

fn adds(changes: &[ModeChange]) -> bool {
    changes.iter().any(|change| matches!(change, ModeChange::Add { .. }))
}

fn quit_stamp(network: &Network, uid: Uid) -> Stamp {
    network.uid(uid).map_or(Stamp::ZERO, |user| network.user(user).born)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::{
            crdt::{Epoch, Origin},
            mode::{ChannelModes, UserModes},
            op::{Presence, ServerInfo},
        },
        time::Sid,
        wire::{
            casemap::Casemap,
            name::{ChannelName, Nick},
        },
    };

    const HERE: Sid = Sid::FIRST;

    fn name(text: &str) -> ChannelName {
        ChannelName::new(text, Casemap::Ascii, 64).unwrap()
    }

    fn alice() -> Presence {
        Presence {
            uid: Uid { server: HERE, number: 1 },
            nick: Nick::new("alice", Casemap::Ascii, 9).unwrap(),
            claimed: None,
            born: None,
            user: "~a".into(),
            host: "a.test".into(),
            real_host: "a.test".into(),
            cloak: None,
            address: None,
            realname: "".into(),
            away: None,
            modes: UserModes::default(),
            class: None,
            connection: None,
            login: None,
        }
    }

    /// All that a server has said up to a tick has been seen.
    fn up_to(have: &mut Have, server: Sid, tick: u64) {
        let origin = Origin { server, life: 0 };
        (1..=tick).for_each(|tick| have.see(origin, tick, Stamp { tick, server }));
    }

    #[test]
    fn who_was_renamed_along_unseen_goes_where_all_others_know_them() {
        let at = |tick| Stamp { tick, server: HERE };
        let (uid, modes) = (alice().uid, ChannelModes::default());
        let info = ServerInfo { name: "s1.test".into(), description: "".into(), life: 0 };
        let mut network = Network::new(Casemap::Ascii, 1);
        let entry = Entry::Founds { before: None, modes };
        let known = [
            (Op::Server(Box::new(info)), at(1)),
            (Op::User(Box::new(alice())), at(2)),
            (Op::Join { uid, name: name("#old"), entry }, at(3)),
        ];
        for (op, at) in &known {
            network.apply(op, *at, &mut Vec::new());
        }
        let mut have = Have::default();
        up_to(&mut have, HERE, 3);

        // Another server has renamed the channel since, and all others have forgotten that it has.
        let there = Sid::from_number(7);
        let renamed = Stamp { tick: 4, server: there };
        let epoch = Epoch::founded(renamed, None);
        let mut theirs = have.clone();
        up_to(&mut theirs, there, 4);
        let state = State {
            from: Origin { server: there, life: 0 },
            have: theirs.clone(),
            known: BTreeMap::new(),
            weighty: theirs,
            ops: vec![
                (Op::User(Box::new(alice())), at(2)),
                (Op::Channel { name: name("#new"), epoch, modes }, renamed),
                (Op::Join { uid, name: name("#new"), entry: Entry::Found(epoch) }, at(3)),
            ],
        };
        for (op, at) in plan(&network, &have, &state) {
            network.apply(&op, at, &mut Vec::new());
        }
        let channels = network.channels().filter(|(_, channel)| !channel.is_empty());
        let names: Vec<_> = channels.map(|(_, channel)| channel.name.as_str().to_owned()).collect();
        assert_eq!(names, ["#new"]);
    }
}
