//! `slircd account`: accounts without a client, whether the server runs or not.

use super::{
    Arguments, CONFIG, USAGE, complain, loader, password,
    run::{self, NotYours},
    say,
};
use crate::{
    config::{Config, Secret},
    core::{
        account::{self, Failure},
        recovery, sasl, second,
        settings::NOEXPIRE,
        suspension::{self, SUSPENDED, UNTIL},
        welcome,
    },
    job::Hashes,
    reactor::system::wall,
    registry::{CERT, Edit, KeyValue, Kind, LOOK, NAME, NICK, Record, RecordId, SEEN, What},
    store::{
        Draft, Error, Find, LISTED_MAX, Outcome, Query, Rows, Store, Which, handed::Desk, sqlite,
    },
    time::{Stamp, Wall},
    wire::{casemap::Casemap, mail::is_address, mask, name::Nick},
    work,
};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

/// What can be done with accounts.
struct Verb {
    name: &'static str,
    params: &'static str,
    about: &'static str,
    run: fn(&Office<'_>, &[String]) -> Result<String, Trouble>,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "list",
        params: "[MASK]",
        about: "Lists accounts, those whose names fit a mask as *bot or all.",
        run: list,
    },
    Verb {
        name: "info",
        params: "NAME",
        about: "Shows what is stored of an account, but for its passwords.",
        run: info,
    },
    Verb {
        name: "add",
        params: "NAME [MAIL]",
        about: "Makes an account; asks for its password, or reads a line.",
        run: add,
    },
    Verb {
        name: "reset-password",
        params: "NAME",
        about: "Gives an account another password, and logs all out; asks for it, or reads a line.",
        run: reset_password,
    },
    Verb {
        name: "drop-totp",
        params: "NAME",
        about: "Has an account want no codes any more, for whoever has lost theirs.",
        run: drop_totp,
    },
    Verb {
        name: "suspend",
        params: "NAME [REASON]",
        about: "Keeps everybody from logging in to an account.",
        run: suspend,
    },
    Verb {
        name: "unsuspend",
        params: "NAME",
        about: "Lets an account be logged in to again.",
        run: unsuspend,
    },
    Verb {
        name: "delete",
        params: "NAME",
        about: "Ends an account, and frees its name and nicks, for good.",
        run: delete,
    },
];

/// Why nothing has been done.
#[derive(Debug)]
enum Trouble {
    /// The data folder belongs to another user of the system.
    NotYours(NotYours),
    /// There is no database there.
    NoDatabase(PathBuf),
    /// There is no such account.
    NoAccount(String),
    /// No account can have that name.
    BadName(String),
    /// The mail address can be none.
    BadMail(String),
    /// The password was typed differently the second time.
    OtherPassword,
    /// The password is too short or too long.
    BadPassword(Failure),
    /// The password could not be read.
    NoPassword(io::Error),
    /// The system has no random bytes.
    NoRandom,
    /// The store fails.
    Store(Error),
    /// What the edit came to.
    Refused(Outcome),
    /// The server that uses the store does not take what it is given.
    Untaken,
    /// It was handed over, and then the database could not be read.
    Unanswered,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NotYours(folder) => folder.fmt(f),
            Trouble::NoDatabase(folder) => write!(
                f,
                "there is no database in {} yet; -c names the configuration of the server that is meant",
                folder.display()
            ),
            Trouble::NoAccount(name) => {
                write!(f, "there is no account {name}; `slircd account list` shows all")
            }
            Trouble::BadName(name) => write!(
                f,
                "no account can be called {name}: it has to be a nick that is not reserved ([accounts] reserved)"
            ),
            Trouble::BadMail(mail) => {
                write!(f, "{mail} is no mail address, as alice@example.org; nothing was changed")
            }
            Trouble::OtherPassword => {
                f.write_str("the password was not the same twice; nothing was changed")
            }
            Trouble::BadPassword(failure) => write!(
                f,
                "{} ([accounts] password_min says how long it has to be); nothing was changed",
                failure.why()
            ),
            Trouble::NoPassword(error) => write!(f, "the password could not be read: {error}"),
            Trouble::NoRandom => f.write_str("the system has no random bytes to give"),
            Trouble::Store(error) => write!(f, "{error}; {}", error.remedy()),
            Trouble::Refused(Outcome::Taken(claim)) => match claim.strip_prefix(NICK) {
                Some(nick) => write!(f, "{nick} belongs to an account already"),
                None => f.write_str("the account has just ended"),
            },
            Trouble::Refused(Outcome::Full) => {
                f.write_str("the account holds as much as it may; nothing was changed")
            }
            Trouble::Refused(Outcome::Done | Outcome::Failed) => {
                f.write_str("the server could not store it; its log says why")
            }
            Trouble::Untaken => f.write_str(
                "a program uses the database, but no server that takes this, or one that cannot store it now, as its log would say; nothing was changed",
            ),
            Trouble::Unanswered => f.write_str(
                "it was handed to the server, and then the database could not be used to see whether it is done, or to take it back; `slircd account info` shows how it is",
            ),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Store(error)
    }
}

/// Where accounts are looked up and changed.
struct Office<'a> {
    config: &'a Config,
    folder: &'a Path,
}

pub(super) fn account(arguments: &Arguments) -> ExitCode {
    let Some((verb, words)) = arguments.words.split_first() else {
        return say(&help());
    };
    let Some(verb) = VERBS.iter().find(|known| known.name == verb) else {
        complain(&format!("accounts cannot be {verb:?}; `slircd account` says what there is"));
        return ExitCode::from(USAGE);
    };
    let required =
        verb.params.split(' ').filter(|param| !param.is_empty() && !param.starts_with('['));
    let most = verb.params.split(' ').count();
    if words.len() < required.count() || words.len() > most {
        complain(&format!("usage: slircd account {} {}", verb.name, verb.params));
        return ExitCode::from(USAGE);
    }
    let loaded = match loader(arguments).load() {
        Ok(loaded) => loaded,
        Err(errors) => {
            errors.iter().for_each(|error| complain(&error.to_string()));
            return ExitCode::from(CONFIG);
        }
    };
    let folder = run::folder(&loaded.config);
    let office = Office { config: &loaded.config, folder: &folder };
    let ours = run::is_ours(&folder).map_err(Trouble::NotYours);
    match ours.and_then(|()| (verb.run)(&office, words)) {
        Ok(text) => say(&text),
        Err(trouble) => {
            complain(&trouble.to_string());
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = String::from(
        "usage: slircd account VERB [NAME] [-c FILE]\n\nThe server may run meanwhile: it takes what is changed within some seconds.\nPasswords that are forbidden (OperServ FORBID) are taken here: only servers know of them.\n\n",
    );
    for verb in VERBS {
        let call = format!("{} {}", verb.name, verb.params);
        text += &format!("  {call:<32} {}\n", verb.about);
    }
    text
}

fn list(office: &Office<'_>, words: &[String]) -> Result<String, Trouble> {
    let mask = words.first().map_or("*", String::as_str);
    let (mut store, mut after, mut text) = (office.reader()?, None, String::new());
    loop {
        let query = Query::List { kind: Kind::Account, after, which: Which::All };
        let Rows::Records(records) = store.ask(&query)? else { return Err(Error::Damaged.into()) };
        let named = records.iter().filter_map(|record| Some((record.name()?, record)));
        for (name, record) in named.filter(|(name, _)| mask::matches(mask, name, office.casemap()))
        {
            let suspended = suspension::of(record, wall()).map_or("", |_| "  suspended");
            text += &format!("{}  {name}{suspended}\n", born(record));
        }
        match records.last() {
            Some(last) if records.len() == LISTED_MAX => after = Some(last.id),
            _ => return Ok(text),
        }
    }
}

fn info(office: &Office<'_>, words: &[String]) -> Result<String, Trouble> {
    let record = office.account(words)?;
    let mut text = format!("registered {}\n", born(&record));
    for (key, field) in record.fields() {
        let Some(value) = &field.value else { continue };
        // What is not known to be harmless may be a secret.
        let shown = SHOWN.iter().any(|known| key.starts_with(known));
        let value = if shown { format!("{value:?}") } else { "(not shown)".into() };
        text += &format!("{key} = {value}, by {}\n", field.by);
    }
    Ok(text)
}

fn add(office: &Office<'_>, words: &[String]) -> Result<String, Trouble> {
    let name = words.first().map(String::as_str).unwrap_or_default();
    let nick = Nick::new(name, office.casemap(), office.config.limits.nick)
        .filter(|nick| !account::is_reserved(office.config, nick, office.casemap()))
        .ok_or_else(|| Trouble::BadName(name.into()))?;
    if let Some(mail) = words.get(1).filter(|mail| !is_address(mail)) {
        return Err(Trouble::BadMail(mail.clone()));
    }
    let mut fields = account::named(&nick, office.casemap());
    fields.extend(words.get(1).map(|mail| (account::MAIL.into(), Some(mail.as_str().into()))));
    fields.extend(account::kept(&office.hashes()?));
    office.change(None, What::Write(fields))?;
    Ok(format!("the account {name} is made\n"))
}

fn reset_password(office: &Office<'_>, words: &[String]) -> Result<String, Trouble> {
    let record = office.account(words)?;
    let hashes = office.hashes()?;
    office.change(Some(record.id), What::Write(recovery::taken_back(&hashes, wall())))?;
    let name = record.name().unwrap_or_default();
    let mut text =
        format!("{name} has another password, and whoever was logged in to it is logged out\n");
    if second::is_on(&record) {
        text += &format!(
            "its second factor stays: it is asked for a code as before; `slircd account drop-totp {name}` ends that\n"
        );
    }
    Ok(text)
}

fn drop_totp(office: &Office<'_>, words: &[String]) -> Result<String, Trouble> {
    let name = office.write(words, |_| second::none())?;
    Ok(format!("{name} can be logged in to without a code\n"))
}

fn suspend(office: &Office<'_>, words: &[String]) -> Result<String, Trouble> {
    let reason = words.get(1).map_or("by an administrator", String::as_str);
    let fields = |_: &Record| vec![(SUSPENDED.into(), Some(reason.into())), (UNTIL.into(), None)];
    let name = office.write(words, fields)?;
    Ok(format!("{name} is suspended\n"))
}

fn unsuspend(office: &Office<'_>, words: &[String]) -> Result<String, Trouble> {
    let name = office.write(words, |_| vec![(SUSPENDED.into(), None), (UNTIL.into(), None)])?;
    Ok(format!("{name} can be logged in to again\n"))
}

fn delete(office: &Office<'_>, words: &[String]) -> Result<String, Trouble> {
    let record = office.account(words)?;
    office.change(Some(record.id), What::End)?;
    Ok(format!("the account {} is no more\n", record.name().unwrap_or_default()))
}

impl Office<'_> {
    fn casemap(&self) -> Casemap {
        self.config.server.casemapping
    }

    fn reader(&self) -> Result<sqlite::Sqlite, Trouble> {
        match sqlite::reader(self.folder) {
            Err(Error::Unreachable) => Err(Trouble::NoDatabase(self.folder.into())),
            reader => Ok(reader?),
        }
    }

    /// The record of the account that owns a nick.
    fn account(&self, words: &[String]) -> Result<Box<Record>, Trouble> {
        let name = words.first().map(String::as_str).unwrap_or_default();
        let nobody = || Trouble::NoAccount(name.into());
        let nick = Nick::lookup(name, self.casemap()).ok_or_else(nobody)?;
        let claim = format!("{NICK}{}", nick.folded()).into();
        match self.reader()?.ask(&Query::Find(Find::Claim(claim)))? {
            Rows::Record(Some(record)) => Ok(record),
            _ => Err(nobody()),
        }
    }

    /// The hashes of a password that is asked for.
    fn hashes(&self) -> Result<Hashes, Trouble> {
        let password = password::ask().map_err(Trouble::NoPassword)?;
        let password = password.ok_or(Trouble::OtherPassword)?;
        account::fits(self.config, &password).map_err(Trouble::BadPassword)?;
        let scram = sasl::keeps_verifiers(self.config);
        work::hashes(&Secret::new(&password), scram).ok_or(Trouble::NoRandom)
    }

    /// Writes fields of an account, or takes them away; what the account is called.
    fn write(
        &self,
        words: &[String],
        fields: impl FnOnce(&Record) -> Vec<KeyValue>,
    ) -> Result<String, Trouble> {
        let record = self.account(words)?;
        self.change(Some(record.id), What::Write(fields(&record)))?;
        Ok(record.name().unwrap_or_default().into())
    }

    /// Changes an account, or makes one: in the store, or through the server that has it.
    fn change(&self, id: Option<RecordId>, what: What) -> Result<(), Trouble> {
        let draft = Draft { id, kind: Kind::Account, by: BY.into(), what };
        let mut outcome = self.propose(&draft)?;
        if outcome.is_none() {
            outcome = hand(self.folder, &draft)?;
        }
        if outcome.is_none() {
            // Nobody has taken it: the server may have ended in between.
            outcome = self.propose(&draft)?;
        }
        match outcome {
            Some(Outcome::Done) => Ok(()),
            Some(outcome) => Err(Trouble::Refused(outcome)),
            None => Err(Trouble::Untaken),
        }
    }

    /// Makes an edit in the store; nothing if a server has that.
    fn propose(&self, draft: &Draft) -> Result<Option<Outcome>, Trouble> {
        match sqlite::open(self.folder) {
            Ok(mut store) => Ok(Some(propose(&mut store, self.config, draft.clone(), wall())?)),
            Err(Error::Locked) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes an edit in a store that no server uses, in a life of its own, so that its moment is no other's.
fn propose(
    store: &mut dyn Store,
    config: &Config,
    draft: Draft,
    now: Wall,
) -> Result<Outcome, Error> {
    let random = work::load::number().map_err(|_| Error::Unreachable)?;
    let identify = Query::Identify { sid: config.server.sid, random, tick: Stamp::tick_at(now) };
    let Rows::Identity { sid: server, clock, .. } = store.ask(&identify)? else {
        return Err(Error::Damaged);
    };
    let at = Stamp { tick: clock + 1, server };
    let Draft { id, kind, by, what } = draft;
    let edit = Edit { id: id.unwrap_or(RecordId(at)), kind, at, by, what };
    let answer = store.ask(&Query::Propose(Box::new(edit)))?;
    store.ask(&Query::RaiseClock { tick: at.tick, clean: true })?;
    Ok(Outcome::of(Ok(&answer)))
}

/// Hands an edit to the server that runs, and waits for what it says; nothing if it has been taken back since no
/// server has made it.
fn hand(folder: &Path, draft: &Draft) -> Result<Option<Outcome>, Trouble> {
    let mut desk = Desk::open(folder)?;
    let number = desk.hand(draft)?;
    let begun = Instant::now();
    while begun.elapsed() < ANSWERED_MAX {
        // From here on the server may have made it, so what fails is tried again.
        if let Ok(Some(outcome)) = desk.outcome(number) {
            return Ok(Some(outcome));
        }
        if begun.elapsed() > TAKEN_MAX && desk.withdraw(number).unwrap_or(false) {
            return Ok(None);
        }
        thread::sleep(LOOKED_EVERY);
    }
    Err(Trouble::Unanswered)
}

/// When a record was made.
fn born(record: &Record) -> String {
    welcome::date_text(Wall(record.id.0.tick >> 16))
}

/// How the keys of fields begin that are shown.
const SHOWN: &[&str] =
    &[NAME, NICK, LOOK, CERT, SEEN, account::MAIL, SUSPENDED, UNTIL, NOEXPIRE, "mark"];

/// By whom accounts are changed here, as people are told.
const BY: &str = "the command line";

/// How long the server may take to make what it is given: it looks every few seconds.
const TAKEN_MAX: Duration = Duration::from_secs(12);

/// How long it is tried to find out what has become of it.
const ANSWERED_MAX: Duration = Duration::from_secs(30);

/// How often it is looked whether it has.
const LOOKED_EVERY: Duration = Duration::from_millis(100);
