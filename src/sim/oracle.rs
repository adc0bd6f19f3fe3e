//! What must be true: of every client at any moment, of all servers once nothing stands between them.

use super::{
    Sim,
    client::Client,
    view::{Room, View},
};
use crate::{
    network::{ChannelId, Network, Sight, User, UserId, mode},
    server::Server,
    wire::{casemap::Casemap, mask},
};
use std::collections::{BTreeMap, BTreeSet};

/// That every client who is connected believes what its server knows.
#[track_caller]
pub fn nobody_is_misled(sim: &Sim) {
    for client in &sim.clients {
        let wrong = misled(sim, client);
        assert!(wrong.is_empty(), "{} was misled:\n  {}", client.name, wrong.join("\n  "));
    }
}

/// That all servers that run agree.
#[track_caller]
pub fn all_agree(sim: &Sim) {
    let digests = sim.digests();
    for (n, digest) in digests.iter().enumerate() {
        let first = digests.first().map_or("", String::as_str);
        assert!(digest == first, "servers 1 and {} differ:\n{}", n + 1, difference(first, digest));
    }
}

/// That all stores hold the same registry, and that every server believes what its store says: who has
/// which claims, and who may be logged in as whom.
#[track_caller]
pub fn registries_agree(sim: &mut Sim) {
    let registries = sim.registries();
    for (n, registry) in registries.iter().enumerate() {
        let first = registries.first().map_or("", String::as_str);
        let differ = difference(first, registry);
        assert!(registry == first, "the stores of servers 1 and {} differ:\n{differ}", n + 1);
    }
    let at = sim.at();
    for (n, host) in sim.hosts.iter_mut().enumerate() {
        let wrong = host.misbelieves();
        assert!(wrong.is_empty(), "server {} and its store: {wrong:#?}", n + 1);
        let wrong = host.misnamed(at);
        assert!(wrong.is_empty(), "server {} and its store: {wrong:#?}", n + 1);
    }
}

/// That the records of registered channels keep what the channels have.
#[track_caller]
pub fn channels_are_kept(sim: &mut Sim) {
    let at = sim.at();
    for (n, host) in sim.hosts.iter_mut().enumerate() {
        let wrong = host.forgets(host.now(at).wall);
        assert!(wrong.is_empty(), "server {} and its store: {wrong:#?}", n + 1);
    }
}

/// That nothing is left of what was only there until all had seen it.
#[track_caller]
pub fn nothing_is_left_over(sim: &Sim) {
    let left = left_over(sim);
    assert!(left.is_empty(), "what should be gone by now: {left:#?}");
}

/// What is there only until all have seen it.
pub fn left_over(sim: &Sim) -> Vec<String> {
    let servers = sim.servers();
    let left = servers.flat_map(|(n, server)| {
        server.left_over().into_iter().map(move |what| format!("server {}: {what}", n + 1))
    });
    left.collect()
}

/// That every session that is there is listened to: whatever it asked for has been answered, or it has
/// been told that there is no answer.
#[track_caller]
pub fn nobody_waits(sim: &Sim) {
    for (n, server) in sim.servers() {
        let core = server.core();
        assert_eq!(core.questions.waiting(), 0, "server {} has open questions", n + 1);
        for (conn, session) in core.sessions.iter() {
            assert!(session.closing || session.ready(), "{conn:?} of server {} waits", n + 1);
        }
    }
}

fn difference(a: &str, b: &str) -> String {
    let (left, right): (BTreeSet<&str>, BTreeSet<&str>) =
        (a.lines().collect(), b.lines().collect());
    let only = |mark: &str, these: &BTreeSet<&str>, those: &BTreeSet<&str>| {
        these.difference(those).map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    only("<", &left, &right) + &only(">", &right, &left)
}

/// In what a client is wrong, in sentences.
fn misled(sim: &Sim, client: &Client) -> Vec<String> {
    let found = client.conn.and_then(|conn| {
        let server = sim.server(client.server)?;
        let user = server.core().sessions.get(conn)?.user()?;
        Some((server, user))
    });
    let Some((server, user)) = found else { return Vec::new() };
    let mut wrong = Vec::new();
    compare_self(server, user, &client.view, &mut wrong);
    compare_rooms(server.core().network(), user, &client.view, &mut wrong);
    compare_people(server.core().network(), user, &client.view, &mut wrong);
    let rooms = client.view.rooms.iter();
    let vague = rooms.filter(|(_, room)| room.vague).map(|(name, _)| name.as_str()).collect();
    wrong.extend(client.told.misled(server.core().network(), user, &vague));
    wrong
}

fn compare_self(server: &Server, user: UserId, view: &View, wrong: &mut Vec<String>) {
    let fact = server.core().network().user(user);
    if view.nick != fact.nick().as_str() {
        wrong.push(format!("goes by {}, not {}", fact.nick(), view.nick));
    }
    let modes: BTreeSet<char> = fact.modes.letters().collect();
    if view.modes != modes {
        wrong.push(format!("has user modes {modes:?}, not {:?}", view.modes));
    }
    if view.away != fact.away.is_some() {
        wrong.push(format!("is away: {:?}, not {}", fact.away, view.away));
    }
}

fn compare_rooms(network: &Network, user: UserId, view: &View, wrong: &mut Vec<String>) {
    let rooms: BTreeMap<String, ChannelId> = network
        .user(user)
        .channels()
        .iter()
        .map(|channel| (network.channel(*channel).name.folded().to_owned(), *channel))
        .collect();
    let (believed, fact): (Vec<_>, Vec<_>) = (view.rooms.keys().collect(), rooms.keys().collect());
    if believed != fact {
        wrong.push(format!("is in {fact:?}, not {believed:?}"));
    }
    for (name, channel) in &rooms {
        if let Some(room) = view.rooms.get(name) {
            compare_room(network, (*channel, user), (room, view.casemap), wrong);
        }
    }
}

fn compare_room(
    network: &Network,
    (channel, user): (ChannelId, UserId),
    (room, casemap): (&Room, Casemap),
    wrong: &mut Vec<String>,
) {
    let record = network.channel(channel);
    let name = &record.name;
    let mut members: BTreeMap<&str, BTreeSet<char>> = network
        .members(channel)
        .filter(|(other, _)| record.sight(*other) != Sight::Nobody || *other == user)
        .map(|(user, member)| {
            (network.user(user).nick().as_str(), member.status.letters().collect())
        })
        .collect();
    if record.has('u') || room.vague {
        // Of some members some others need not know; but nobody is believed in who is not there.
        members.retain(|nick, _| room.members.contains_key(*nick));
    }
    let believed: BTreeSet<&str> = room.members.keys().map(String::as_str).collect();
    let fact: BTreeSet<&str> = members.keys().copied().collect();
    if believed != fact {
        wrong.push(format!("{name} has {fact:?}, not {believed:?}"));
    }
    for (nick, standing) in &room.members {
        if let Some(letters) = members.get(nick.as_str()).filter(|fact| !standing.fits(fact)) {
            wrong.push(format!("{nick} has {letters:?} in {name}, not {standing:?}"));
        }
    }
    let topic = record.topic().map_or("", |topic| &topic.value.text);
    if room.topic != topic {
        wrong.push(format!("{name} has the topic {topic:?}, not {:?}", room.topic));
    }
    let flags = record.flags().letters().map(|letter| (letter, String::new()));
    let values = mode::CHANNEL
        .iter()
        .map(|row| row.letter)
        .filter_map(|letter| record.value(letter).map(|value| (letter, value.to_owned())));
    let modes: BTreeMap<char, String> = flags.chain(values).collect();
    if room.modes.as_ref().is_some_and(|believed| *believed != modes) {
        wrong.push(format!("{name} has {modes:?}, not {:?}", room.modes));
    }
    for (letter, believed) in &room.lists {
        let fact: BTreeSet<String> =
            record.masks(*letter).map(|entry| mask::canonical(&entry.mask, casemap)).collect();
        if *believed != fact {
            wrong.push(format!("{name} has +{letter} {fact:?}, not {believed:?}"));
        }
    }
}

/// Away states and names are compared for those who are told of their changes.
fn compare_people(network: &Network, user: UserId, view: &View, wrong: &mut Vec<String>) {
    let around: BTreeMap<&str, &User> = network
        .user(user)
        .channels()
        .iter()
        .flat_map(|channel| network.members(*channel))
        .filter(|(other, _)| *other != user)
        .map(|(other, _)| (network.user(other).nick().as_str(), network.user(other)))
        .collect();
    for (nick, person) in &view.people {
        let Some(fact) = around.get(nick.as_str()) else { continue };
        let away = fact.away.is_some();
        if view.has("away-notify") && person.away.is_some_and(|believed| believed != away) {
            wrong.push(format!("{nick} is away: {away}"));
        }
        let account = fact.account().map(str::to_owned);
        if view.has("account-notify")
            && person.account.as_ref().is_some_and(|believed| *believed != account)
        {
            wrong.push(format!("{nick} has the account {account:?}, not {:?}", person.account));
        }
        if view.has("setname")
            && person.realname.as_ref().is_some_and(|name| **name != *fact.realname)
        {
            wrong.push(format!("{nick} is called {:?}, not {:?}", fact.realname, person.realname));
        }
    }
}

/// Every mail has been sent, or given up.
pub fn no_mail_is_left(sim: &mut Sim) {
    for host in &mut sim.hosts {
        let left = host.unsent();
        assert!(left.is_none() || !host.config.mail.is_sent(), "a mail is left: {left:?}");
    }
}
