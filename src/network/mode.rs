//! The modes of users, channels and members: one row each, from which CHANMODES, PREFIX and 004 derive.

use crate::wire::flood::{Profile, Rate};
use std::fmt;

/// What a channel mode's letter takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A list of masks (CHANMODES type A).
    List,
    /// A value, named when it is taken away as well (type B).
    Key,
    /// A value while it is on (type C).
    Value,
    /// Nothing (type D).
    Flag,
    /// A member (PREFIX).
    Status,
}

/// Who may change a channel mode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// Half-operators of the channel, and whoever is above.
    Halfop,
    /// Operators of the network.
    Oper,
    /// Nobody but the server.
    Server,
}

/// A channel mode.
#[derive(Debug)]
pub struct Row {
    /// Its letter.
    pub letter: char,
    /// What it takes.
    pub kind: Kind,
    /// Who may change it.
    pub by: By,
    /// Makes of a parameter what is kept, or says what it should be.
    pub read: fn(&str) -> Result<String, &'static str>,
    /// What it does, for HELP.
    pub about: &'static str,
}

const fn row(letter: char, kind: Kind, about: &'static str) -> Row {
    Row { letter, kind, by: By::Halfop, read: as_it_is, about }
}

const fn by(by: By, row: Row) -> Row {
    Row { by, ..row }
}

const fn reads(read: fn(&str) -> Result<String, &'static str>, row: Row) -> Row {
    Row { read, ..row }
}

/// Every channel mode: lists, values and flags, each kind by letter.
pub const CHANNEL: &[Row] = &[
    row('I', Kind::List, "Masks that may enter without an invitation while +i is set."),
    row(
        'b',
        Kind::List,
        "Masks that may neither enter nor speak; HELP EXTBANS tells what else a ban can do.",
    ),
    row('e', Kind::List, "Masks that bans do not touch."),
    row('g', Kind::List, "Texts that members may not say; * and ? as in masks."),
    row('k', Kind::Key, "The key that JOIN must name."),
    reads(
        profile,
        row(
            'F',
            Kind::Value,
            "How much is a flood: off, relaxed, normal, strict, or rates such as 5m:10,3j:10 (c CTCPs, j joins, k KNOCKs, m messages of one member, n nick changes, r repeats of one member; so many in so many seconds). What is too much is refused; a member who sends twice as much is kicked.",
        ),
    ),
    reads(
        delay,
        row('J', Kind::Value, "For how many seconds somebody who was kicked may not come back."),
    ),
    reads(
        delay,
        row(
            'W',
            Kind::Value,
            "How many seconds a member without a status must let pass between two messages.",
        ),
    ),
    reads(
        delay,
        row(
            'd',
            Kind::Value,
            "How many seconds after joining a member without a status may speak.",
        ),
    ),
    row('f', Kind::Value, "The channel to which those are sent who may not enter."),
    reads(rate, row('j', Kind::Value, "How many may join in how many seconds, as 5:10.")),
    reads(limit, row('l', Kind::Value, "The most members that JOIN lets in.")),
    row('A', Kind::Flag, "Every member may invite."),
    row('C', Kind::Flag, "No CTCP but ACTION."),
    row('D', Kind::Flag, "Who joins is shown to others only once they speak or get a status."),
    row('E', Kind::Flag, "Parts may be played (NPC, NPCA, SCENE, AMBIANCE)."),
    row('K', Kind::Flag, "No KNOCK."),
    row(
        'M',
        Kind::Flag,
        "Only those logged in to an account, and members with a status, may speak.",
    ),
    row('N', Kind::Flag, "Members may not change their nicks."),
    by(By::Oper, row('O', Kind::Flag, "Only operators of the network may enter.")),
    by(By::Oper, row('P', Kind::Flag, "The channel stays when nobody is in it.")),
    row('Q', Kind::Flag, "Nobody may be kicked."),
    row('R', Kind::Flag, "Only those logged in to an account may enter."),
    row('S', Kind::Flag, "Formatting is taken from messages."),
    row('T', Kind::Flag, "No NOTICE."),
    row('U', Kind::Flag, "What members without a status say is heard by operators only."),
    row('V', Kind::Flag, "Nobody may be invited."),
    row('c', Kind::Flag, "No messages with formatting."),
    row('i', Kind::Flag, "Only the invited may enter."),
    row('m', Kind::Flag, "Only members with a status may speak."),
    row('n', Kind::Flag, "Only members may speak."),
    row('p', Kind::Flag, "The channel is not shown in LIST and WHOIS to those outside."),
    by(By::Server, row('r', Kind::Flag, "The channel is registered.")),
    row('s', Kind::Flag, "The channel is hidden from those outside."),
    row('t', Kind::Flag, "Only operators may set the topic."),
    row(
        'u',
        Kind::Flag,
        "Auditorium: members without a status do not see each other come, go and listed.",
    ),
    row('z', Kind::Flag, "Only those connected by TLS may enter."),
];

fn as_it_is(text: &str) -> Result<String, &'static str> {
    Ok(text.to_owned())
}

fn limit(text: &str) -> Result<String, &'static str> {
    match text.parse::<u32>() {
        Ok(limit @ 1..) => Ok(limit.to_string()),
        Ok(0) | Err(_) => Err("The limit must be a number above 0"),
    }
}

/// The longest delay, in seconds.
const DELAY_MAX: u32 = 86_400;

fn delay(text: &str) -> Result<String, &'static str> {
    match text.parse::<u32>() {
        Ok(secs @ 1..=DELAY_MAX) => Ok(secs.to_string()),
        Ok(_) | Err(_) => Err("The time must be a number of seconds, from 1 to 86400"),
    }
}

fn rate(text: &str) -> Result<String, &'static str> {
    let rate = Rate::parse(text).map(|rate| rate.to_string());
    rate.ok_or("The rate must be joins and seconds, as 5:10; at most 1000 and 3600")
}

fn profile(text: &str) -> Result<String, &'static str> {
    let profile = Profile::parse(text).map(|profile| profile.text.into_string());
    profile.ok_or("It must be off, relaxed, normal, strict, or rates such as 5m:10,3j:10; HELP CMODES explains them")
}

/// Every member status, the highest first: letter, prefix, what it is called.
pub const STATUS: &[(char, char, &str)] = &[
    ('q', '~', "founder"),
    ('a', '&', "admin"),
    ('o', '@', "operator"),
    ('h', '%', "half-operator"),
    ('v', '+', "voice"),
];

/// The modes that a registered channel begins with, before what it has is restored.
pub const REGISTERED: &str = "ntr";

/// The row of a channel mode's letter; status letters have none.
pub fn channel(letter: char) -> Option<&'static Row> {
    CHANNEL.iter().find(|row| row.letter == letter)
}

/// What a letter takes, status letters included.
pub fn kind(letter: char) -> Option<Kind> {
    match channel(letter) {
        Some(row) => Some(row.kind),
        None => Status::of(letter).map(|_| Kind::Status),
    }
}

/// The words of a MODE, mode string first, as others than the channel may read them: without its key.
pub fn without_key<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut shown = words.to_vec();
    let (mut add, mut param) = (true, 1);
    for letter in words.first().copied().unwrap_or_default().chars() {
        let takes = match kind(letter) {
            Some(Kind::List | Kind::Key | Kind::Status) => true,
            Some(Kind::Value) => add,
            Some(Kind::Flag) | None => false,
        };
        match letter {
            '+' | '-' => add = letter == '+',
            _ if takes => {
                if let Some(word) = shown.get_mut(param).filter(|_| letter == 'k') {
                    *word = "*";
                }
                param += 1;
            }
            _ => (),
        }
    }
    shown
}

/// The letters of one kind, in table order.
pub fn letters(kind: Kind) -> String {
    CHANNEL.iter().filter(|row| row.kind == kind).map(|row| row.letter).collect()
}

/// The status of a member: a set of letters of [`STATUS`].
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Status(u8);

impl Status {
    /// No status.
    pub const NONE: Status = Status(0);
    /// `v`
    pub const VOICE: Status = Status(1);
    /// `h`
    pub const HALFOP: Status = Status(1 << 1);
    /// `o`
    pub const OP: Status = Status(1 << 2);
    /// `a`
    pub const ADMIN: Status = Status(1 << 3);
    /// `q`
    pub const FOUNDER: Status = Status(1 << 4);

    /// The status of one letter.
    pub fn of(letter: char) -> Option<Status> {
        let place = STATUS.iter().position(|row| row.0 == letter)?;
        Some(Status(1 << (STATUS.len() - 1 - place)))
    }

    /// The status of one prefix.
    pub fn of_prefix(prefix: char) -> Option<Status> {
        STATUS.iter().find(|row| row.1 == prefix).and_then(|row| Status::of(row.0))
    }

    /// Whether it is this status or a higher one.
    pub fn at_least(self, lowest: Status) -> bool {
        self.0 >= lowest.0 && self.0 != 0
    }

    /// Whether the status includes `other` itself.
    pub fn contains(self, other: Status) -> bool {
        self.0 & other.0 == other.0
    }

    /// With or without `other`.
    pub fn set(self, other: Status, on: bool) -> Status {
        if on { Status(self.0 | other.0) } else { Status(self.0 & !other.0) }
    }

    /// The letters, the highest first.
    pub fn letters(self) -> impl Iterator<Item = char> {
        STATUS
            .iter()
            .map(|row| row.0)
            .filter(move |letter| Status::of(*letter).is_some_and(|s| self.contains(s)))
    }

    /// The prefixes, the highest first: all, or only the first.
    pub fn prefixes(self, all: bool) -> impl Iterator<Item = char> {
        let most = if all { STATUS.len() } else { 1 };
        self.letters()
            .filter_map(|letter| STATUS.iter().find(|row| row.0 == letter))
            .map(|row| row.1)
            .take(most)
    }
}

/// The modes a channel can begin with: flags only.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ChannelModes(u64);

impl ChannelModes {
    /// Of these letters; those that are no flags are left out.
    pub fn of(letters: &str) -> ChannelModes {
        let flags = letters
            .chars()
            .filter(|letter| channel(*letter).is_some_and(|row| row.kind == Kind::Flag));
        ChannelModes(flags.fold(0, |bits, letter| bits | bit(letter)))
    }

    /// Whether a flag is on.
    pub fn contains(self, letter: char) -> bool {
        self.0 & bit(letter) != 0
    }

    /// With or without a flag.
    pub fn set(&mut self, letter: char, on: bool) {
        if on { self.0 |= bit(letter) } else { self.0 &= !bit(letter) }
    }

    /// The letters that are on, in table order.
    pub fn letters(self) -> impl Iterator<Item = char> {
        CHANNEL.iter().map(|row| row.letter).filter(move |letter| self.contains(*letter))
    }
}

/// A user mode.
#[derive(Debug)]
pub struct UserRow {
    /// Its letter.
    pub letter: char,
    /// Who may change it.
    pub who: Who,
    /// What it does, for HELP.
    pub about: &'static str,
}

/// Who may change a user mode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// The user, both ways.
    User,
    /// The user may only take it away.
    Drop,
    /// Operators of the network; others may only take it away.
    Oper,
    /// Nobody but the server.
    Server,
}

const fn user(letter: char, who: Who, about: &'static str) -> UserRow {
    UserRow { letter, who, about }
}

/// Every user mode, by letter.
pub const USER: &[UserRow] = &[
    user('B', Who::User, "A bot."),
    user('D', Who::User, "Takes no private messages, except from operators of the network."),
    user('E', Who::User, "May be spoken to by NPC, NPCA, SCENE and AMBIANCE."),
    user('H', Who::Oper, "That one is an operator is shown to operators only."),
    user('I', Who::User, "The channels one is in are not shown to others."),
    user('L', Who::User, "Is not sent to another channel than the one asked for."),
    user('O', Who::Oper, "Overrides what channels decide; other operators are told."),
    user('R', Who::User, "Takes private messages only from those logged in to an account."),
    user('S', Who::Server, "A service of the network."),
    user('T', Who::User, "Takes no CTCP but ACTION."),
    user('W', Who::Oper, "Is told who asks WHOIS about one."),
    user('Z', Who::Server, "Connected by TLS."),
    user('c', Who::User, "Takes private messages only from those in a common channel."),
    user('d', Who::User, "Deaf: hears nothing that is said in channels."),
    user('g', Who::User, "Hears only those on its ACCEPT list."),
    user('h', Who::Oper, "Is available for help; WHOIS says so."),
    user('i', Who::User, "Invisible to those who share no channel."),
    user('o', Who::Drop, "An operator of the network."),
    user('r', Who::Server, "Logged in to an account."),
    user('s', Who::Oper, "Is told of what happens on the server; HELP SNOMASKS lists the letters."),
    user('w', Who::User, "Hears WALLOPS."),
    user('x', Who::User, "The host is cloaked."),
    user('z', Who::User, "Takes private messages only from those connected by TLS."),
];

/// Whether a letter is a user mode.
pub fn is_user(letter: char) -> bool {
    USER.iter().any(|row| row.letter == letter)
}

/// A set of user modes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UserModes(u64);

impl UserModes {
    /// Whether a mode is on.
    pub fn contains(self, letter: char) -> bool {
        self.0 & bit(letter) != 0
    }

    /// With or without a mode.
    #[must_use]
    pub fn set(self, letter: char, on: bool) -> UserModes {
        if on { UserModes(self.0 | bit(letter)) } else { UserModes(self.0 & !bit(letter)) }
    }

    /// With or without a mode that the user may change so; unchanged otherwise.
    #[must_use]
    pub fn change(self, letter: char, on: bool) -> UserModes {
        let row = USER.iter().find(|row| row.letter == letter);
        let allowed = row.is_some_and(|row| match row.who {
            Who::User => true,
            Who::Drop => !on,
            Who::Oper => !on || self.contains('o'),
            Who::Server => false,
        });
        if allowed { self.set(letter, on) } else { self }
    }

    /// Without what takes an operator, unless this is one.
    #[must_use]
    pub fn settled(self) -> UserModes {
        if self.contains('o') {
            return self;
        }
        let privileged = USER.iter().filter(|row| row.who == Who::Oper);
        privileged.fold(self, |modes, row| modes.set(row.letter, false))
    }

    /// Of these letters, those that a user may set.
    pub fn chosen(letters: &str) -> UserModes {
        let rows = USER.iter().filter(|row| row.who == Who::User && letters.contains(row.letter));
        rows.fold(UserModes::default(), |modes, row| modes.set(row.letter, true))
    }

    /// The letters that are on, in table order.
    pub fn letters(self) -> impl Iterator<Item = char> {
        USER.iter().map(|row| row.letter).filter(move |letter| self.contains(*letter))
    }

    /// What became of `before`: on or off, and the letter; what went off first.
    pub fn since(self, before: UserModes) -> impl Iterator<Item = (bool, char)> {
        let off = USER
            .iter()
            .map(|row| row.letter)
            .filter(move |l| before.contains(*l) && !self.contains(*l));
        let on = USER
            .iter()
            .map(|row| row.letter)
            .filter(move |l| !before.contains(*l) && self.contains(*l));
        off.map(|letter| (false, letter)).chain(on.map(|letter| (true, letter)))
    }
}

impl fmt::Display for UserModes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("+")?;
        self.letters().try_for_each(|letter| write!(f, "{letter}"))
    }
}

/// A letter's bit; letters are `A`–`Z` and `a`–`z`, and `z` is the 58th from `A`.
fn bit(letter: char) -> u64 {
    match u32::from(letter).checked_sub(u32::from('A')) {
        Some(place @ 0..=57) => 1 << place,
        Some(_) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_by_letter_and_by_prefix() {
        for (letter, prefix, _) in STATUS {
            assert_eq!(Status::of(*letter), Status::of_prefix(*prefix), "{letter}");
        }
        let both = Status::OP.set(Status::VOICE, true);
        assert_eq!(both.prefixes(true).collect::<String>(), "@+");
        assert_eq!(both.prefixes(false).collect::<String>(), "@");
        assert!(both.at_least(Status::HALFOP) && !both.at_least(Status::ADMIN));
        assert!(!Status::NONE.at_least(Status::NONE));
    }

    #[test]
    fn a_key_is_not_for_everybody() {
        for (words, shown) in [
            ("+k sesame", "+k *"),
            ("+ok-l+lb a sesame 5 x!*@*", "+ok-l+lb a * 5 x!*@*"),
            ("-k", "-k"),
            ("+nt", "+nt"),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            assert_eq!(without_key(&words).join(" "), shown);
        }
    }

    #[test]
    fn no_letter_stands_for_two_modes() {
        let mut letters: Vec<char> =
            CHANNEL.iter().map(|row| row.letter).chain(STATUS.iter().map(|row| row.0)).collect();
        letters.sort_unstable();
        assert!(letters.windows(2).all(|pair| pair[0] != pair[1]), "{letters:?}");
        assert!(USER.is_sorted_by_key(|row| row.letter));
    }
}
