//! The log of what operators do, and of what is registered: a bounded one of each server, which all know
//! (OperServ LOGSEARCH). What is secret does not come here: see `Command::audited`.

use super::{Core, effect::Effects, notes::TEXT_MAX};
use crate::{
    network::{
        crdt::Source,
        note::{Key, Note, Section},
        op::Op,
    },
    time::{Now, Stamp},
    wire::encode,
};
use std::{cmp::Reverse, time::Duration};

/// For how long an entry is kept, unless so much is done that its place is needed.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// An entry, to be read.
#[derive(Debug)]
pub struct Entry<'a> {
    /// When.
    pub at: Stamp,
    /// Who has done something.
    pub who: &'a str,
    /// What.
    pub text: &'a str,
}

/// Writes down that somebody has done something, in the place of the oldest entry of this server if there
/// is no other.
pub fn record(core: &mut Core, fx: &mut Effects, (who, text): (&str, &str), now: Now) {
    let own = format!("{} ", core.sid());
    let entries = core.network().notes().of(Section::Audit);
    let latest = entries
        .filter_map(|(name, _, at)| Some((at, name.strip_prefix(&own)?.parse::<usize>().ok()?)))
        .max();
    let place = latest.map_or(0, |(_, place)| (place + 1) % Section::Audit.row().most);
    let key = Key { section: Section::Audit, name: format!("{own}{place}").into() };
    let note = Note {
        value: "".into(),
        text: encode::head(text, TEXT_MAX).into(),
        setter: who.into(),
        until: Some(now.wall + KEPT),
    };
    let by = Source::Server(core.sid());
    core.commit(fx, Op::Note { by, key, note: Some(Box::new(note)) }, None, now);
}

/// What is in the logs of all servers, the latest first.
pub fn entries(core: &Core) -> Vec<Entry<'_>> {
    let notes = core.network().notes().of(Section::Audit);
    let mut entries: Vec<Entry<'_>> =
        notes.map(|(_, note, at)| Entry { at, who: &note.setter, text: &note.text }).collect();
    entries.sort_unstable_by_key(|entry| Reverse(entry.at));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_makes_room() {
        let (mut core, mut fx, now) = (Core::sample(), Effects::default(), Now::default());
        let most = Section::Audit.row().most;
        for number in 0..most + 3 {
            record(&mut core, &mut fx, ("alice", &format!("does {number}")), now);
        }
        let entries = entries(&core);
        assert_eq!(entries.len(), most);
        let texts: Vec<&str> = entries.iter().map(|entry| entry.text).collect();
        assert_eq!(texts.first(), Some(&format!("does {}", most + 2).as_str()));
        assert_eq!(texts.last(), Some(&"does 3"));
    }
}
