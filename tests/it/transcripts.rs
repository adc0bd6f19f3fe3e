//! Whatever a command may answer stands in a transcript: each numeric that its row declares, and each
//! standard reply there is.

use slircd::{command::TABLE, wire::fail};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// What no transcript can show.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("*", "INVALID_UTF8", "transcripts are UTF-8: tests/it/sockets/bad_input.rs"),
    ("STARTTLS", "670", "the handshake takes sockets: tests/it/sockets/transports.rs"),
];

/// What is one function under several names.
const ALIKE: &[&[&str]] = &[
    &["HELP", "HELPOP"],
    &["KICK", "SAKICK"],
    &["MODE", "SAMODE"],
    &["NPC", "NPCA", "SCENE", "AMBIANCE"],
    &["NS", "NICKSERV"],
    &["TOPIC", "SATOPIC"],
];

fn is_elsewhere(command: &str, code: &str) -> bool {
    ELSEWHERE.iter().any(|row| (row.0, row.1) == (command, code))
}

/// What the transcripts show: which answers followed a line with a verb.
#[derive(Default)]
struct Shown {
    numerics: BTreeSet<(String, String)>,
    standards: BTreeSet<(String, String)>,
}

impl Shown {
    /// Takes in the transcripts of a file. A client's answers belong to the last line that it has sent.
    fn read(&mut self, text: &str) {
        let mut asked: BTreeMap<&str, String> = BTreeMap::new();
        for line in text.split('\n').flat_map(|line| line.split("\\n")) {
            let line = line.trim().rsplit('"').find(|part| !part.is_empty()).unwrap_or_default();
            let Some((who, sign, rest)) = speech(line) else { continue };
            let mut words = rest.split_whitespace();
            let mut first = words.next().unwrap_or_default();
            if first.starts_with('@') {
                first = words.next().unwrap_or_default();
            }
            if sign == ">" {
                asked.insert(who, first.to_ascii_uppercase());
                continue;
            }
            let code = words.next().unwrap_or_default();
            if ["FAIL", "WARN", "NOTE"].contains(&code) {
                let mut word = || words.next().unwrap_or_default().to_owned();
                self.standards.insert((word(), word()));
            } else if let Some(verb) = asked.get(who) {
                self.numerics.insert((verb.clone(), code.to_owned()));
            }
        }
    }
}

/// `alice@2 > JOIN #a` and `alice <~ * JOIN #*`: who, which way, and what.
fn speech(line: &str) -> Option<(&str, &str, &str)> {
    let (who, rest) = line.split_once(' ')?;
    let (sign, rest) = rest.trim_start().split_once(' ')?;
    let who = who.split('@').next()?;
    let named = !who.is_empty() && who.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (named && [">", "<", "<~"].contains(&sign)).then_some((who, sign, rest.trim_start()))
}

fn shown() -> Shown {
    fn visit(dir: &Path, shown: &mut Shown) {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                visit(&path, shown);
            } else {
                shown.read(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut shown = Shown::default();
    visit(Path::new("src"), &mut shown);
    shown
}

#[test]
fn every_declared_numeric_stands_in_a_transcript() {
    let shown = shown();
    let mut missing = Vec::new();
    for command in TABLE.iter() {
        let own = [command.name];
        let alike = ALIKE.iter().copied().find(|names| names.contains(&command.name));
        let alike = alike.unwrap_or(&own);
        for code in command.replies {
            let after = |name: &str| shown.numerics.contains(&(name.into(), (*code).into()));
            if alike.iter().any(|name| after(name)) == is_elsewhere(command.name, code) {
                missing.push(format!("{} {code}", command.name));
            }
        }
    }
    assert!(missing.is_empty(), "write a transcript, or declare it no more: {missing:#?}");
}

#[test]
fn every_standard_reply_stands_in_a_transcript() {
    let shown = shown();
    let missing = fail::ALL.iter().filter(|row| {
        let stands = shown.standards.contains(&(row.command.into(), row.code.into()));
        stands == is_elsewhere(row.command, row.code)
    });
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
