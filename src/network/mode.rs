//! The modes of users, channels and members: one row each, from which CHANMODES, PREFIX and 004 derive.

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

/// A channel mode.
#[derive(Debug)]
pub struct Row {
    /// Its letter.
    pub letter: char,
    /// What it takes.
    pub kind: Kind,
    /// What it does, for HELP.
    pub about: &'static str,
}

const fn row(letter: char, kind: Kind, about: &'static str) -> Row {
    Row { letter, kind, about }
}

/// Every channel mode: lists, values and flags, each kind by letter.
pub const CHANNEL: &[Row] = &[
    row('I', Kind::List, "Masks that may enter without an invitation while +i is set."),
    row('b', Kind::List, "Masks that may neither enter nor speak."),
    row('e', Kind::List, "Masks that bans do not touch."),
    row('k', Kind::Key, "The key that JOIN must name."),
    row('l', Kind::Value, "The most members that JOIN lets in."),
    row('i', Kind::Flag, "Only the invited may enter."),
    row('m', Kind::Flag, "Only members with a status may speak."),
    row('n', Kind::Flag, "Only members may speak."),
    row('s', Kind::Flag, "The channel is hidden from those outside."),
    row('t', Kind::Flag, "Only operators may set the topic."),
];

/// Every member status, the highest first: letter, prefix, what it is called.
pub const STATUS: &[(char, char, &str)] = &[
    ('q', '~', "founder"),
    ('a', '&', "admin"),
    ('o', '@', "operator"),
    ('h', '%', "half-operator"),
    ('v', '+', "voice"),
];

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
    /// Nobody but the server.
    Server,
}

/// Every user mode, by letter.
pub const USER: &[UserRow] = &[
    UserRow { letter: 'B', who: Who::User, about: "A bot." },
    UserRow { letter: 'Z', who: Who::Server, about: "Connected by TLS." },
    UserRow { letter: 'g', who: Who::User, about: "Hears only those on its ACCEPT list." },
    UserRow { letter: 'i', who: Who::User, about: "Invisible to those who share no channel." },
    UserRow { letter: 'o', who: Who::Drop, about: "An operator of the network." },
    UserRow { letter: 'w', who: Who::User, about: "Hears WALLOPS." },
    UserRow { letter: 'x', who: Who::User, about: "The host is cloaked." },
];

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
    fn no_letter_stands_for_two_modes() {
        let mut letters: Vec<char> =
            CHANNEL.iter().map(|row| row.letter).chain(STATUS.iter().map(|row| row.0)).collect();
        letters.sort_unstable();
        assert!(letters.windows(2).all(|pair| pair[0] != pair[1]), "{letters:?}");
        assert!(USER.is_sorted_by_key(|row| row.letter));
    }
}
