//! The settings of a registered channel: a row for each, with what it takes.

use crate::registry::Record;

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name, as SET takes it.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it does, for HELP.
    pub about: &'static str,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Takes {
    /// ON or OFF, which it is unless it is set.
    Switch(bool),
    /// One of these words, the first of which it is unless it is set.
    Choice(&'static [&'static str]),
    /// A text of at most so many bytes, or nothing.
    Text(usize),
    /// Modes that are locked, as `+nt-i`.
    Modes,
    /// A character.
    Character,
}

/// Every setting, by name.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "ANTIFLOOD",
        takes: Takes::Choice(&[OFF, ON, "quiet", "kickban", "akill"]),
        about: "What becomes for ten minutes of who says too much at once, by +F, or by its profile normal without: QUIET (or ON) mutes them, KICKBAN keeps them out, AKILL bans them from the network, which only operators with the privilege ban can set (where +F has rates of its own and no profile, it is as KICKBAN).",
    },
    Setting {
        name: "EMAIL",
        takes: Takes::Text(200),
        about: "A mail address that INFO shows to everybody.",
    },
    Setting {
        name: "ENTRYMSG",
        takes: Takes::Text(350),
        about: "What everybody is told who enters.",
    },
    Setting {
        name: "FANTASY",
        takes: Takes::Switch(false),
        about: "Commands in the channel itself: !op bob does what OP does.",
    },
    Setting {
        name: "KEEPTOPIC",
        takes: Takes::Switch(true),
        about: "The topic is there again after the channel has been empty.",
    },
    Setting {
        name: "LIMITFLAGS",
        takes: Takes::Switch(false),
        about: "Who has the flag f changes nothing but b without the flags s and R, and none of f, R and s without both.",
    },
    Setting {
        name: "MLOCK",
        takes: Takes::Modes,
        about: "Modes that nobody can change: those after + are set, those after - are not.",
    },
    Setting {
        name: "PREFIX",
        takes: Takes::Character,
        about: "The character that commands in the channel begin with, which is ! otherwise.",
    },
    Setting {
        name: "PRIVATE",
        takes: Takes::Switch(false),
        about: "INFO tells about the channel only to those with access.",
    },
    Setting {
        name: "RESTRICTED",
        takes: Takes::Switch(false),
        about: "Only those with access, and the invited, may enter.",
    },
    Setting {
        name: "SECURE",
        takes: Takes::Switch(false),
        about: "Only those may be operators to whom the access list gives that.",
    },
    Setting {
        name: "TOPICLOCK",
        takes: Takes::Switch(false),
        about: "Only those with the flag t may change the topic.",
    },
    Setting { name: "URL", takes: Takes::Text(200), about: "A web address that INFO shows." },
    Setting {
        name: "VERBOSE",
        takes: Takes::Choice(&[OFF, ON, "ops"]),
        about: "The channel is told of changes of its access list and of AKICK, or with OPS its operators are.",
    },
];

/// The setting of a name, in whatever case.
pub fn named(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|row| row.name.eq_ignore_ascii_case(name))
}

impl Setting {
    /// The field that holds it.
    pub fn field(&self) -> Box<str> {
        format!("set:{}", self.name.to_ascii_lowercase()).into()
    }

    /// What it is set to.
    pub fn value<'a>(&self, record: &'a Record) -> Option<&'a str> {
        record.get(&self.field())
    }

    /// Whether it is on.
    pub fn is_on(&self, record: &Record) -> bool {
        match (self.takes, self.value(record)) {
            (Takes::Switch(usual), None) => usual,
            (_, value) => value == Some(ON),
        }
    }
}

/// What is stored of a setting that is on.
pub const ON: &str = "on";

/// What is stored of a setting that is off.
pub const OFF: &str = "off";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stand_by_name() {
        assert!(SETTINGS.is_sorted_by_key(|row| row.name));
    }
}
