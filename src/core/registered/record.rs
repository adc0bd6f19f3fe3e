//! The record of a registered channel, read.

use super::{
    flags::{self, Flags},
    settings::{self, Setting},
};
use crate::{
    core::metadata::field,
    network::crdt::Epoch,
    registry::{ACCESS, Edit, Kind, Record, RecordId, What},
    time::{Stamp, Wall},
    wire::{casemap::Casemap, extban::Ban},
};
use std::collections::BTreeMap;

/// A registered channel.
#[derive(Debug)]
pub struct Registration {
    /// Which.
    pub id: RecordId,
    /// The account of its founder.
    pub founder: Option<RecordId>,
    /// Which account has which access, by their ids.
    pub access: BTreeMap<RecordId, Flags>,
    /// Who is kicked and kept out.
    pub akicks: Vec<Akick>,
    /// All that is registered of it.
    pub record: Record,
}

/// Somebody who is kicked and kept out.
#[derive(Debug)]
pub struct Akick {
    /// The mask, as it was entered.
    pub mask: Box<str>,
    /// The mask, read.
    pub ban: Ban,
    /// When it ends by itself; never if none.
    pub until: Option<Wall>,
    /// Why; empty for no reason.
    pub reason: Box<str>,
    /// By whom.
    pub by: Box<str>,
}

impl Registration {
    /// Reads a record.
    pub fn read(record: Record, casemap: Casemap) -> Registration {
        let founder = record.get(FOUNDER).and_then(RecordId::parse);
        let access = record.under(ACCESS).filter_map(|(id, field)| {
            let flags = Flags::of(field.value.as_deref()?).with('F', false);
            Some((RecordId::parse(id)?, flags))
        });
        let access = access.collect();
        let akicks = record.under(AKICK).filter_map(|(_, field)| {
            let (until, rest) = field.value.as_deref()?.split_once('\n')?;
            let (mask, reason) = rest.split_once('\n')?;
            Some(Akick {
                ban: Ban::parse(mask, casemap).ok()?,
                mask: mask.into(),
                until: until.parse().ok().map(Wall),
                reason: reason.into(),
                by: field.by.clone(),
            })
        });
        let akicks = akicks.collect();
        Registration { id: record.id, founder, access, akicks, record }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        self.record.name().unwrap_or_default()
    }

    /// The founding by its registration.
    pub fn epoch(&self) -> Epoch {
        let depth = self.record.get(DEPTH).and_then(|depth| depth.parse().ok());
        Epoch::registered(self.id.0, depth.unwrap_or(0))
    }

    /// Whether there is room for a key of metadata that is set at some moment.
    pub fn has_room_for(&self, key: &str, at: Stamp) -> bool {
        let (kind, what) = (Kind::Channel, What::Write(vec![(field(key), Some("".into()))]));
        self.record.has_room(&Edit { id: self.id, kind, at, by: "".into(), what })
    }

    /// The access of an account.
    pub fn flags(&self, account: Option<RecordId>) -> Flags {
        match account {
            Some(account) if self.founder == Some(account) => Flags::founder(),
            Some(account) => self.access.get(&account).copied().unwrap_or_default(),
            None => Flags::NONE,
        }
    }

    /// The templates of access that the channel has of its own.
    pub fn own_templates(&self) -> impl Iterator<Item = (&str, Flags)> {
        let fields = self.record.under(TEMPLATE);
        fields.filter_map(|(name, field)| Some((name, Flags::of(field.value.as_deref()?))))
    }

    /// The flags of a template, by its name in whatever case: of the channel's own, or else of the network's.
    pub fn template(&self, name: &str) -> Option<Flags> {
        let own = self.own_templates().find(|row| row.0.eq_ignore_ascii_case(name));
        own.map(|row| row.1).or_else(|| flags::template(name))
    }

    /// The name of the template that has just these flags.
    pub fn role(&self, flags: Flags) -> Option<&str> {
        let own = self.own_templates().find(|row| row.1 == flags).map(|row| row.0);
        // A template of the network's may be another here.
        let other = flags::name(flags).filter(|name| self.template(name) == Some(flags));
        own.or(other)
    }

    /// What a setting is set to.
    pub fn setting(&self, name: &str) -> Option<&str> {
        settings::named(name).and_then(|row: &Setting| row.value(&self.record))
    }

    /// Whether a setting is on.
    pub fn is_on(&self, name: &str) -> bool {
        settings::named(name).is_some_and(|row| row.is_on(&self.record))
    }
}

/// The field that holds an AKICK.
pub fn akick(ban: &Ban) -> Box<str> {
    format!("{AKICK}{}", ban.lasting()).into()
}

/// Whether a field says who may do what in a channel, or who is kept out.
pub fn is_access(key: &str) -> bool {
    key == FOUNDER
        || key == SUCCESSOR
        || [ACCESS, AKICK, TEMPLATE].iter().any(|begin| key.starts_with(begin))
}

/// What is stored of an AKICK.
pub fn akick_text(mask: &str, until: Option<Wall>, reason: &str) -> Box<str> {
    let until = until.map_or_else(String::new, |until| until.0.to_string());
    [&until, mask, reason].join("\n").into()
}

/// The field that holds an account's access.
pub fn access(account: RecordId) -> Box<str> {
    format!("{ACCESS}{account}").into()
}

/// The field that holds a template of the channel's own, by its name in capitals.
pub fn template(name: &str) -> Box<str> {
    format!("{TEMPLATE}{}", name.to_ascii_uppercase()).into()
}

/// The field of the founder's account.
pub const FOUNDER: &str = "founder";

/// The field of the account that inherits the channel.
pub const SUCCESSOR: &str = "successor";

/// The field that says after how many other registrations of the name its founding comes.
pub const DEPTH: &str = "depth";

/// The field of the account to which the channel is offered.
pub const OFFERED: &str = "offered";

/// The field that says that a channel is closed to all but operators of the network, and why.
pub const SUSPENDED: &str = "suspended";

/// The field of a note that operators have left.
pub const MARKED: &str = "mark";

/// The field that says when somebody with access last entered, in milliseconds since 1970.
pub const USED: &str = "used";

/// The field that keeps a registration from ending for want of use.
pub const HELD: &str = "held";

/// How the field of a template begins, which its name follows.
const TEMPLATE: &str = "template:";

/// How the field of an AKICK begins, which its mask follows as masks are compared.
const AKICK: &str = "akick:";
