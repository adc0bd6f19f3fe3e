//! What owners do about the second factor of their account, whether they say it to NickServ or by the command
//! 2FA: one thing underneath, which differs in words.

use super::{APP, APPS_MAX, ON, PENDING, RECOVERY, USED, accept, apps, is_on, none, recovery};
use crate::{
    config::Secret,
    core::{
        account,
        ctx::{Ctx, Outcome},
        login, registry,
    },
    job::{Answer, Job, RANDOM_LEN},
    registry::{Edit, KeyValue, Kind, Record, RecordId, What},
    store::{Find, Query, Rows},
    time::Wall,
    wire::{
        encode,
        name::Nick,
        totp::{self, SECRET_LEN},
    },
};

/// What is asked for.
#[derive(Debug)]
pub enum Request {
    /// How things are.
    Show,
    /// A secret for an app, which does not count until a code of it has been given.
    Prepare,
    /// That the app counts to which the secret was given, and whose code this is.
    Add {
        /// What it is called.
        name: Box<str>,
        /// The code.
        code: Secret,
        /// Whether logging in takes a code from then on.
        on: bool,
    },
    /// That the app of this id counts no more.
    Remove(Box<str>),
    /// That logging in takes a code.
    Enable,
    /// That it takes none, for whoever gives one.
    Disable(Secret),
    /// Other recovery codes, for whoever gives a code.
    Codes(Secret),
    /// The same as [`Request::Disable`], and that all apps are forgotten.
    End(Secret),
}

/// Why it is not done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Logging in takes a code already.
    AlreadyOn,
    /// It takes none.
    AlreadyOff,
    /// There is no secret whose code could be given.
    NoSecret,
    /// The account has no app.
    NoApp,
    /// It has no app of this id.
    UnknownApp(Box<str>),
    /// It is the only one, and logging in takes its codes.
    LastApp,
    /// There are as many as there may be, or the account holds as much as it may.
    Full,
    /// The code is wrong, or has been used.
    WrongCode,
    /// Too many have been wrong.
    TooOften,
    /// It cannot be done now.
    Unavailable,
}

/// An app that counts.
#[derive(Debug)]
pub struct App {
    /// By which it is removed.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub added: String,
}

/// How things are once it is done.
#[derive(Debug)]
pub struct Done {
    /// What the account is called.
    pub account: String,
    /// Whether logging in takes a code.
    pub on: bool,
    /// The apps that count.
    pub apps: Vec<App>,
    /// The id of the one that has been added or removed.
    pub id: String,
    /// The secret that has been made.
    pub secret: Option<Vec<u8>>,
    /// The recovery codes that have been made.
    pub codes: Vec<Secret>,
}

/// What goes on then.
pub type Then = fn(&mut Ctx<'_>, Result<Done, Refusal>) -> Outcome;

/// A request that is being done.
#[derive(Debug)]
pub struct Task {
    account: RecordId,
    request: Request,
    then: Then,
    random: Option<Box<[u8; RANDOM_LEN]>>,
    id: String,
    codes: Vec<Secret>,
}

/// Does it for the account that the session is logged in to.
pub fn carry_out(ctx: &mut Ctx<'_>, request: Request, then: Then) -> Outcome {
    let Some(account) = account::id_of_session(ctx) else {
        return then(ctx, Err(Refusal::Unavailable));
    };
    let takes_random = match &request {
        Request::Prepare | Request::Enable | Request::Codes(_) => true,
        Request::Add { on, .. } => *on,
        Request::Show | Request::Remove(_) | Request::Disable(_) | Request::End(_) => false,
    };
    let (random, id, codes) = (None, String::new(), Vec::new());
    let task = Task { account, request, then, random, id, codes };
    ctx.session_mut().second = Some(Box::new(task));
    if takes_random {
        ctx.defer(Job::Random, made);
    } else {
        read(ctx, account);
    }
    Ok(())
}

/// There are random bytes, of which a secret or recovery codes can be made.
fn made(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    match (answer, &mut ctx.session_mut().second) {
        (Answer::Random(bytes), Some(task)) => {
            task.random = Some(bytes);
            let account = task.account;
            read(ctx, account);
            Ok(())
        }
        _ => ended(ctx, Err(Refusal::Unavailable)),
    }
}

fn read(ctx: &mut Ctx<'_>, account: RecordId) {
    ctx.defer(Job::Store(Query::Find(Find::Id(account))), found);
}

/// The record of the account is there, by which it is known whether the code is right.
fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(mut task) = ctx.session_mut().second.take() else { return Ok(()) };
    let record = match answer {
        Answer::Stored(Ok(Rows::Record(Some(record)))) => record,
        _ => return (task.then)(ctx, Err(Refusal::Unavailable)),
    };
    if account::id_of_session(ctx) != Some(task.account) {
        return (task.then)(ctx, Err(Refusal::Unavailable));
    }
    let guarded = match &task.request {
        Request::Add { .. } | Request::Disable(_) | Request::Codes(_) | Request::End(_) => true,
        Request::Show | Request::Prepare | Request::Remove(_) | Request::Enable => false,
    };
    let name = record.name().and_then(|name| Nick::lookup(name, ctx.network().casemap()));
    let name = name.filter(|_| guarded);
    if name.as_ref().is_some_and(|name| !login::may_try(ctx, name)) {
        return (task.then)(ctx, Err(Refusal::TooOften));
    }
    match task.fields(&record, ctx.now.wall) {
        Ok(fields) if fields.is_empty() => {
            let done = task.done(&record);
            (task.then)(ctx, Ok(done))
        }
        Ok(fields) => {
            let (at, by) = (ctx.core.clock.tick(ctx.now.wall), account::mask(ctx).into());
            let (id, what) = (task.account, What::Write(fields));
            ctx.session_mut().second = Some(task);
            registry::propose(ctx, Edit { id, kind: Kind::Account, at, by, what }, written);
            Ok(())
        }
        Err(refusal) => {
            if let Some(name) = name.filter(|_| refusal == Refusal::WrongCode) {
                login::failed(ctx, &name);
            }
            (task.then)(ctx, Err(refusal))
        }
    }
}

fn written(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let how = match (answer, &mut ctx.session_mut().second) {
        (Answer::Stored(Ok(Rows::Proposed(edited))), Some(task)) => Ok(task.done(&edited.record)),
        (Answer::Stored(Ok(Rows::Full)), _) => Err(Refusal::Full),
        _ => Err(Refusal::Unavailable),
    };
    ended(ctx, how)
}

fn ended(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    match ctx.session_mut().second.take() {
        Some(task) => (task.then)(ctx, how),
        None => Ok(()),
    }
}

impl Task {
    /// What is written to the record; nothing if nothing is to be.
    fn fields(&mut self, record: &Record, now: Wall) -> Result<Vec<KeyValue>, Refusal> {
        let used = |code: &Secret| accept(record, code.expose(), now).ok_or(Refusal::WrongCode);
        let on = is_on(record);
        match &self.request {
            Request::Show => Ok(Vec::new()),
            Request::Prepare => {
                let random = self.random.as_deref().ok_or(Refusal::Unavailable)?;
                let secret: Vec<u8> = random.iter().take(SECRET_LEN).copied().collect();
                Ok(vec![(PENDING.into(), Some(totp::base32(&secret).into()))])
            }
            Request::Add { name, code, on: turns_on } => {
                let turns_on = *turns_on && !on;
                let (id, mut fields) = app(record, (name, code), now)?;
                self.id = id;
                if turns_on {
                    fields.extend(self.on()?);
                }
                Ok(fields)
            }
            Request::Remove(id) => {
                let app = apps(record).find(|app| id_of(app.number) == **id);
                let app = app.ok_or_else(|| Refusal::UnknownApp(id.clone()))?;
                if on && apps(record).count() == 1 {
                    return Err(Refusal::LastApp);
                }
                let fields = vec![(format!("{APP}{}", app.number).into(), None)];
                self.id = id.to_string();
                Ok(fields)
            }
            Request::Enable if on => Err(Refusal::AlreadyOn),
            Request::Enable if apps(record).next().is_none() => Err(Refusal::NoApp),
            Request::Enable => self.on(),
            Request::Disable(_) | Request::Codes(_) if !on => Err(Refusal::AlreadyOff),
            Request::Disable(code) => {
                let mut fields = used(code)?;
                fields.push((ON.into(), None));
                Ok(fields)
            }
            Request::Codes(code) => {
                // A code that has just been used is followed by another in its place.
                let mut fields = used(code)?;
                fields.retain(|(key, _)| !key.starts_with(RECOVERY));
                fields.extend(self.recovery()?);
                Ok(fields)
            }
            Request::End(_) if !on && apps(record).next().is_none() => Err(Refusal::AlreadyOff),
            Request::End(code) => used(code).map(|_| none()),
        }
    }

    /// What has logging in take a code, with recovery codes for when all apps are lost.
    fn on(&mut self) -> Result<Vec<KeyValue>, Refusal> {
        let mut fields = self.recovery()?;
        fields.push((ON.into(), Some("on".into())));
        Ok(fields)
    }

    fn recovery(&mut self) -> Result<Vec<KeyValue>, Refusal> {
        let random = self.random.as_deref().ok_or(Refusal::Unavailable)?;
        let (codes, fields) = recovery(random);
        self.codes = codes;
        Ok(fields)
    }

    fn done(&mut self, record: &Record) -> Done {
        let prepares = matches!(self.request, Request::Prepare);
        Done {
            account: record.name().unwrap_or_default().to_owned(),
            on: is_on(record),
            apps: apps(record)
                .map(|app| App {
                    id: id_of(app.number),
                    name: app.name.to_owned(),
                    added: encode::timestamp(app.at.wall()),
                })
                .collect(),
            id: std::mem::take(&mut self.id),
            secret: record.get(PENDING).filter(|_| prepares).and_then(totp::unbase32),
            codes: std::mem::take(&mut self.codes),
        }
    }
}

/// The id of the app that counts from now on, and what makes it: whose secret was given, and this code.
fn app(
    record: &Record,
    (name, code): (&str, &Secret),
    now: Wall,
) -> Result<(String, Vec<KeyValue>), Refusal> {
    let text = record.get(PENDING).ok_or(Refusal::NoSecret)?;
    let free = |number: &usize| record.get(&format!("{APP}{number}")).is_none();
    let number = (1..=APPS_MAX).find(free).ok_or(Refusal::Full)?;
    let secret = totp::unbase32(text).ok_or(Refusal::NoSecret)?;
    let step = totp::check(&secret, code.expose(), now.secs(), None);
    let step = step.ok_or(Refusal::WrongCode)?;
    let fields = vec![
        (format!("{APP}{number}").into(), Some(format!("{text}:{name}").into())),
        (PENDING.into(), None),
        (format!("{USED}{number}").into(), Some(step.to_string().into())),
    ];
    Ok((id_of(&number.to_string()), fields))
}

/// The id of the app of a number.
fn id_of(number: &str) -> String {
    format!("totp-{number}")
}

/// Shows recovery codes that have been made, once.
pub fn show_codes(ctx: &mut Ctx<'_>, codes: &[Secret]) {
    ctx.notice("These recovery codes are each good once in place of a code of your app. Write them down: they are not shown again.");
    codes.iter().for_each(|code| ctx.notice(code.expose()));
}
