//! What a client believes others tell of themselves (`ircv3: metadata`), from nothing but the lines it has
//! received.

use crate::network::{Network, Sight, UserId, metadata::Holder};
use std::collections::{BTreeMap, BTreeSet};

/// What a client that speaks `draft/metadata-3` believes.
#[derive(Debug, Default)]
pub struct Told {
    nick: String,
    speaks: bool,
    keys: BTreeSet<String>,
    /// The channel whose names come because it has just been entered.
    entering: Option<String>,
    values: BTreeMap<(String, String), String>,
}

impl Told {
    /// Takes in a line.
    pub fn hear(&mut self, line: &str) {
        let line =
            line.strip_prefix('@').and_then(|line| line.split_once(' ')).map_or(line, |l| l.1);
        let Some((source, rest)) = line.strip_prefix(':').and_then(|line| line.split_once(' '))
        else {
            return;
        };
        let source = source.split('!').next().unwrap_or(source);
        let (head, text) = rest.split_once(" :").unwrap_or((rest, ""));
        let words: Vec<&str> = head.split(' ').collect();
        match words.as_slice() {
            ["001", nick] => self.nick = (*nick).into(),
            ["CAP", _, "ACK"] => {
                for cap in text.split(' ') {
                    let (name, on) =
                        cap.strip_prefix('-').map_or((cap, true), |name| (name, false));
                    if name == "draft/metadata-3" {
                        self.speaks = on;
                    }
                }
            }
            ["771", _, keys @ ..] => self.keys.retain(|key| !keys.contains(&key.as_str())),
            ["770", _, keys @ ..] => self.keys.extend(keys.iter().map(|key| (*key).to_owned())),
            ["761", _, target, key, _] => {
                self.values.insert((folded(target), (*key).into()), text.into());
            }
            ["766", _, target, key] => {
                self.values.remove(&(folded(target), (*key).into()));
            }
            // Whoever comes into sight is told of from then on.
            ["JOIN", channel, ..] if source == self.nick => {
                self.forget(&folded(channel));
                self.entering = Some((*channel).into());
            }
            ["366", ..] => self.entering = None,
            ["JOIN", ..] | ["QUIT"] => self.forget(source),
            ["353", _, _, channel] if self.entering.as_deref() == Some(*channel) => {
                for name in text.split(' ') {
                    let nick = name.trim_start_matches(['~', '&', '@', '%', '+']);
                    let nick = nick.split('!').next().unwrap_or(nick);
                    if nick != self.nick {
                        self.forget(nick);
                    }
                }
            }
            ["NICK"] => self.rename(source, text),
            ["RENAME", old, new] => self.rename(&folded(old), &folded(new)),
            _ => (),
        }
    }

    /// In what it is wrong, in sentences, about those whom it sees. Who is in a `vague` channel, one that has
    /// been an auditorium, need not be seen.
    pub fn misled(&self, network: &Network, user: UserId, vague: &BTreeSet<&str>) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.speaks {
            return wrong;
        }
        let mut seen = vec![Holder::User(user)];
        for channel in network.user(user).channels() {
            seen.push(Holder::Channel(*channel));
            let record = network.channel(*channel);
            if !record.has('u') && !vague.contains(record.name.folded()) {
                let members = network.members(*channel).map(|(other, _)| other);
                let members = members.filter(|other| record.sight(*other) != Sight::Nobody);
                seen.extend(members.map(Holder::User));
            }
        }
        for of in seen {
            let name = crate::core::metadata::name(network, of);
            for key in &self.keys {
                let known = (folded(name), key.clone());
                let believed = self.values.get(&known).map(String::as_str);
                let fact = network.metadata(of).and_then(|metadata| metadata.get(key));
                if believed != fact {
                    wrong.push(format!("{key} of {name} is {fact:?}, not {believed:?}"));
                }
            }
        }
        wrong
    }

    fn forget(&mut self, target: &str) {
        self.values.retain(|(known, _), _| known != target);
    }

    fn rename(&mut self, old: &str, new: &str) {
        if old == self.nick {
            self.nick = new.into();
        }
        // Whoever had the nick before may have gone unseen.
        if old != new {
            self.forget(new);
        }
        let values = std::mem::take(&mut self.values);
        self.values = values
            .into_iter()
            .map(|((target, key), value)| {
                ((if target == old { new.to_owned() } else { target }, key), value)
            })
            .collect();
    }
}

/// A channel's name as it is compared, where nobody writes letters that not all fold alike; a nick as it
/// stands.
fn folded(target: &str) -> String {
    if target.starts_with('#') { target.to_ascii_lowercase() } else { target.to_owned() }
}
