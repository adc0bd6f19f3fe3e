//! What a client believes, from nothing but the lines it has received; and that it is so.

use super::Sim;
use crate::network::{
    Sight,
    mode::{Kind, kind},
};
use std::collections::{BTreeMap, BTreeSet};

/// A client's idea of where it is and who is there.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct View {
    nick: String,
    /// The members of each channel, with their status.
    channels: BTreeMap<String, BTreeMap<String, BTreeSet<char>>>,
    topics: BTreeMap<String, String>,
    /// Channels that were auditoriums while the client was there, where it need not know of everybody.
    vague: BTreeSet<String>,
}

impl View {
    fn hear(&mut self, line: &str) {
        let line = if line.starts_with('@') {
            line.split_once(' ').map_or("", |parts| parts.1)
        } else {
            line
        };
        let Some((source, rest)) = line.strip_prefix(':').and_then(|line| line.split_once(' '))
        else {
            return;
        };
        let source = source.split('!').next().unwrap_or(source).to_owned();
        let (head, text) = rest.split_once(" :").unwrap_or((rest, ""));
        let words: Vec<&str> = head.split(' ').collect();
        match words.as_slice() {
            ["001", nick] => self.nick = (*nick).into(),
            ["JOIN", channel, ..] => {
                if source == self.nick {
                    self.channels.insert((*channel).into(), BTreeMap::new());
                    self.topics.remove(*channel);
                    self.vague.remove(*channel);
                }
                self.channels.entry((*channel).into()).or_default().insert(source, BTreeSet::new());
            }
            ["PART", channel] => self.leave(channel, &source),
            ["KICK", channel, nick] => self.leave(channel, nick),
            ["QUIT"] => {
                self.channels.values_mut().for_each(|members| drop(members.remove(&source)))
            }
            ["353", _, _, channel] => self.names(channel, text),
            ["NICK"] => self.rename(&source, text),
            ["332", _, channel] | ["TOPIC", channel] if self.channels.contains_key(*channel) => {
                drop(self.topics.insert((*channel).into(), text.into()))
            }
            ["MODE", channel, modes, params @ ..] if channel.starts_with('#') => {
                self.mode(channel, modes, params)
            }
            _ => (),
        }
    }

    fn names(&mut self, channel: &str, names: &str) {
        let Some(members) = self.channels.get_mut(channel) else { return };
        for name in names.split(' ') {
            let nick = name.trim_start_matches(['~', '&', '@', '%', '+']);
            let nick = nick.split('!').next().unwrap_or(nick);
            let status =
                name.chars().take_while(|c| "~&@%+".contains(*c)).filter_map(letter).collect();
            members.insert(nick.into(), status);
        }
    }

    fn mode(&mut self, channel: &str, modes: &str, params: &[&str]) {
        let Some(members) = self.channels.get_mut(channel) else { return };
        let (mut add, mut params) = (true, params.iter());
        for c in modes.chars() {
            match c {
                '+' | '-' => add = c == '+',
                'q' | 'a' | 'o' | 'h' | 'v' => {
                    let member = params.next().and_then(|nick| members.get_mut(*nick));
                    if let Some(status) = member {
                        let _: bool = if add { status.insert(c) } else { status.remove(&c) };
                    }
                }
                'u' => drop(self.vague.insert(channel.into())),
                _ => match kind(c) {
                    Some(Kind::List | Kind::Key) => drop(params.next()),
                    Some(Kind::Value) if add => drop(params.next()),
                    Some(Kind::Value | Kind::Flag | Kind::Status) | None => (),
                },
            }
        }
    }

    fn leave(&mut self, channel: &str, nick: &str) {
        if nick == self.nick {
            self.channels.remove(channel);
            self.topics.remove(channel);
        } else if let Some(members) = self.channels.get_mut(channel) {
            members.remove(nick);
        }
    }

    fn rename(&mut self, old: &str, new: &str) {
        if old == self.nick {
            self.nick = new.into();
        }
        for members in self.channels.values_mut() {
            if let Some(status) = members.remove(old) {
                members.insert(new.into(), status);
            }
        }
    }
}

fn letter(prefix: char) -> Option<char> {
    crate::network::mode::STATUS.iter().find(|row| row.1 == prefix).map(|row| row.0)
}

/// That every client believes what its server knows. Status is compared by its highest letter where the
/// client has not asked for all prefixes.
#[track_caller]
pub fn check(sim: &Sim) {
    for client in &sim.clients {
        let Some(server) = sim.servers.get(client.server) else { continue };
        let Some(user) = client
            .conn
            .and_then(|conn| server.core().sessions.get(conn))
            .and_then(|session| session.user())
        else {
            continue;
        };
        let mut believed = View::default();
        client.all.iter().for_each(|line| believed.hear(line));
        let vague = std::mem::take(&mut believed.vague);
        believed.topics.retain(|_, topic| !topic.is_empty());
        let network = server.core().network();
        let mut fact = View { nick: network.user(user).nick().to_string(), ..View::default() };
        for channel in network.user(user).channels() {
            let record = network.channel(*channel);
            let name = record.name.to_string();
            let seen = |other| record.sight(other) != Sight::Nobody || other == user;
            let members = network.members(*channel).filter(|(other, _)| seen(*other)).map(
                |(other, member)| {
                    (network.user(other).nick().to_string(), member.status.letters().collect())
                },
            );
            fact.topics
                .extend(record.topic().map(|topic| (name.clone(), topic.value.text.to_string())));
            let mut members: BTreeMap<String, BTreeSet<char>> = members.collect();
            if record.has('u') || vague.contains(&name) {
                // Of some members some others need not know; but nobody is believed in who is not there.
                let known = believed.channels.get(&name);
                members.retain(|nick, _| known.is_some_and(|known| known.contains_key(nick)));
            }
            fact.channels.insert(name, members);
        }
        for view in [&mut believed, &mut fact] {
            // Without multi-prefix NAMES shows the highest status only.
            for status in view.channels.values_mut().flat_map(BTreeMap::values_mut) {
                let highest = "qaohv".chars().find(|letter| status.contains(letter));
                status.retain(|letter| Some(*letter) == highest);
            }
        }
        assert_eq!(believed, fact, "{} was misled", client.name);
    }
}
