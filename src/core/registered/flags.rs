//! What access to a registered channel consists of: a row for each flag, and the templates that bundle
//! them. The letters are those of Atheme.

use crate::network::mode::Status;
use std::fmt;

/// A flag.
#[derive(Debug)]
pub struct Row {
    /// Its letter.
    pub letter: char,
    /// What it allows.
    pub about: &'static str,
    /// The status that it lets one have.
    holds: Status,
    /// The status that one who has it is given on entering.
    gives: Status,
}

const fn row(letter: char, about: &'static str) -> Row {
    Row { letter, about, holds: Status::NONE, gives: Status::NONE }
}

const fn holds(status: Status, row: Row) -> Row {
    Row { holds: status, ..row }
}

const fn gives(status: Status, row: Row) -> Row {
    Row { gives: status, holds: status, ..row }
}

/// Every flag, by letter.
pub const FLAGS: &[Row] = &[
    row('A', "see the access list"),
    row('F', "is the founder, who may do everything"),
    gives(Status::HALFOP, row('H', "is given half-operator on entering")),
    gives(Status::OP, row('O', "is given operator on entering")),
    row('R', "use RECOVER and CLEAR"),
    row('S', "may be the successor"),
    gives(Status::VOICE, row('V', "is given voice on entering")),
    holds(Status::ADMIN, row('a', "use PROTECT, and is given it with O")),
    row('b', "is kicked and kept out"),
    row('e', "is not touched by AKICK and RESTRICTED"),
    row('f', "change the access list"),
    holds(Status::HALFOP, row('h', "use HALFOP")),
    row('i', "use INVITE and GETKEY, and enter whatever keeps others out"),
    holds(Status::OP, row('o', "use OP")),
    holds(Status::FOUNDER, row('q', "use OWNER, and is given it with O")),
    row('r', "use KICK, BAN, UNBAN and AKICK"),
    row('s', "use SET"),
    row('t', "use TOPIC, and change it under TOPICLOCK"),
    holds(Status::VOICE, row('v', "use VOICE")),
];

/// The bundles of flags that have names, as `xOP` and ACCESS know them: the least first.
pub const TEMPLATES: &[(&str, &str)] = &[
    ("VOP", "AVv"),
    ("HOP", "AHehirtv"),
    ("AOP", "AOehiortv"),
    ("SOP", "AOaefhiorstv"),
    ("FOUNDER", "AFORSaefhioqrstv"),
];

/// A set of flags.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flags(u32);

impl Flags {
    /// No flags.
    pub const NONE: Flags = Flags(0);

    /// Of these letters; those that are no flags are left out.
    pub fn of(letters: &str) -> Flags {
        letters.chars().fold(Flags::NONE, |flags, letter| flags.with(letter, true))
    }

    /// What the founder has.
    pub fn founder() -> Flags {
        template("FOUNDER").unwrap_or_default()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a flag is among them.
    pub fn has(self, letter: char) -> bool {
        self.0 & bit(letter) != 0
    }

    /// Whether all of these are among them.
    pub fn includes(self, others: Flags) -> bool {
        self.0 & others.0 == others.0
    }

    /// With or without a flag.
    #[must_use]
    pub fn with(self, letter: char, on: bool) -> Flags {
        if on { Flags(self.0 | bit(letter)) } else { Flags(self.0 & !bit(letter)) }
    }

    /// Those that only one of both sets has.
    pub fn differing(self, others: Flags) -> Flags {
        Flags(self.0 ^ others.0)
    }

    /// What somebody who has them may give: also that a status which they may have is given on entering.
    pub fn to_give(self) -> Flags {
        let status = [('h', 'H'), ('o', 'O'), ('v', 'V')];
        let given = status.into_iter().filter(|pair| self.has(pair.0));
        given.fold(self.with('b', self.has('r')), |flags, pair| flags.with(pair.1, true))
    }

    /// What is left of what somebody may give where LIMITFLAGS is set.
    pub fn limited(self) -> Flags {
        match ["F", "Rs", "R", "s"].into_iter().find(|letters| self.includes(Flags::of(letters))) {
            Some("F" | "Rs") => self,
            Some(_) => "Rfs".chars().fold(self, |flags, letter| flags.with(letter, false)),
            None => Flags::NONE.with('b', self.has('b')),
        }
    }

    /// The letters, as FLAGS lists them.
    pub fn letters(self) -> impl Iterator<Item = char> {
        FLAGS.iter().map(|row| row.letter).filter(move |letter| self.has(*letter))
    }

    /// The status that somebody with them is given on entering.
    pub fn given(self) -> Status {
        let rows = FLAGS.iter().filter(|row| self.has(row.letter));
        let mut status = rows.fold(Status::NONE, |status, row| status.set(row.gives, true));
        if self.has('O') {
            status = status.set(Status::ADMIN, self.has('a'));
            status = status.set(Status::FOUNDER, self.has('q'));
        }
        // An owner is called so, and is an operator; what is below that says nothing more.
        if status.at_least(Status::FOUNDER) {
            Status::FOUNDER.set(Status::OP, true)
        } else {
            status
        }
    }

    /// The status that somebody with them may have.
    pub fn held(self) -> Status {
        let rows = FLAGS.iter().filter(|row| self.has(row.letter));
        rows.fold(Status::NONE, |status, row| status.set(row.holds, true))
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.letters().collect::<String>())
    }
}

/// The flags of a template, by its name in whatever case.
pub fn template(name: &str) -> Option<Flags> {
    let row = TEMPLATES.iter().find(|row| row.0.eq_ignore_ascii_case(name));
    row.map(|row| Flags::of(row.1))
}

/// The name of the template that has just these flags.
pub fn name(flags: Flags) -> Option<&'static str> {
    TEMPLATES.iter().find(|row| Flags::of(row.1) == flags).map(|row| row.0)
}

fn bit(letter: char) -> u32 {
    FLAGS.iter().position(|row| row.letter == letter).map_or(0, |place| 1 << place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_on_entering_may_be_held() {
        for row in FLAGS {
            let flags = Flags::of(&row.letter.to_string());
            assert!(flags.held().contains(flags.given()), "{}", row.letter);
        }
        assert_eq!(Flags::of("OaV").given().letters().collect::<String>(), "aov");
        assert_eq!(Flags::founder().given().letters().collect::<String>(), "qo");
        assert_eq!(Flags::of("q").given(), Status::NONE);
    }

    #[test]
    fn templates_are_of_flags_and_found_by_name() {
        for (called, letters) in TEMPLATES {
            let flags = template(&called.to_lowercase()).unwrap();
            assert_eq!(flags.letters().collect::<String>(), *letters, "in the table's order");
            assert_eq!(name(flags), Some(*called));
        }
    }
}
