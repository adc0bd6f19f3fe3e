//! Accounts: what one is, and registering one, whichever command asks for it. Logging in stands in `login`.
//!
//! What takes time goes one step after the other while the session waits: the password is hashed or
//! checked by a worker, the record is read or written by the store. What has to be remembered from step
//! to step is the session's errand.

use super::{
    Core, bans,
    ctx::{Ctx, Outcome},
    login, mail, notes, registry, sasl,
    session::Session,
    verification,
};
use crate::{
    config::{Config, Secret},
    job::{Answer, Hashes, Job},
    network::{Network, crdt::SPEAKERS, note::Section},
    registry::{CERT, Edit, Kind, LOOK, NAME, NICK, Record, RecordId, What},
    store::{Purpose, Rows},
    wire::{casemap::Casemap, mail::is_address, mask, name::Nick, precis},
};

/// What a session is at that takes several steps.
#[derive(Debug)]
pub struct Errand {
    /// The account, as it is written.
    pub(super) name: Nick,
    /// Whom somebody who logs in wants to act as, if they say so.
    pub(super) acting: Option<Nick>,
    /// The password, or the code of a mail, until it has been used.
    pub(super) password: Secret,
    /// The code that was given behind it, if the account takes one.
    pub(super) code: Option<Secret>,
    /// Whether the code can be asked for by itself.
    pub(super) asks: bool,
    /// What the password is to be from now on, for somebody who changes it and does not log in.
    pub(super) change: Option<Secret>,
    /// The mail address of a new account.
    pub(super) mail: Option<Box<str>>,
    /// What is to be stored of the password.
    pub(in crate::core) hashes: Option<Box<Hashes>>,
    /// The record of the account, once it has been read, or is there.
    pub(in crate::core) record: Option<Box<Record>>,
    /// What comes then.
    pub(super) then: Then,
}

/// What goes on when it has ended: the session is logged in, or it is not.
pub type Then = fn(&mut Ctx<'_>, &Nick, Result<(), Failure>) -> Outcome;

/// Why a session is not logged in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// There is no such account, or the password is another; it is not told which.
    Wrong,
    /// The account is suspended.
    Suspended,
    /// Somebody has an account of that name, or owns the nick.
    Taken,
    /// It has been tried, or done, too often.
    TooOften,
    /// The workers or the store cannot do it now.
    Unavailable,
    /// The account waits for the code that was sent to its mail address.
    Unverified,
    /// No mail can be sent to the address now.
    NoMail,
    /// No account can be registered now.
    Shut,
    /// No account can have the name.
    BadName,
    /// There is no mail address, or it cannot be one.
    BadMail,
    /// Nobody may register with the mail address.
    ForbiddenMail,
    /// No account may have the password.
    ForbiddenPassword,
    /// The password is too short.
    WeakPassword,
    /// The password is too long.
    LongPassword,
    /// The password is right, and a code is wanted too.
    CodeWanted,
    /// The password is right, and the code is not, or has been used.
    WrongCode,
    /// The password is right, but a code is wanted too, for which the mechanism has no place.
    NoPlaceForCode,
}

impl Failure {
    /// What whoever is not logged in is told.
    pub fn why(self) -> &'static str {
        match self {
            Failure::Wrong => "wrong account or password",
            Failure::Suspended => "the account is suspended",
            Failure::Taken => {
                "there is an account of that name already, or somebody else wears the nick"
            }
            Failure::TooOften => "too many attempts, wait a moment",
            Failure::Unavailable => "the server cannot check it now, try again later",
            Failure::Unverified => {
                "the account waits for the code that was sent to its mail address (VERIFY)"
            }
            Failure::NoMail => "no mail can be sent to that address now, try again later",
            Failure::Shut => "no account can be registered now",
            Failure::BadName => "no account can have this name, choose another nick",
            Failure::BadMail => "give a mail address, as alice@example.org",
            Failure::ForbiddenMail => "the network does not take this mail address, give another",
            Failure::ForbiddenPassword => "the network does not take this password, choose another",
            Failure::WeakPassword => "the password is too short",
            Failure::LongPassword => "the password is too long",
            Failure::CodeWanted => {
                "the account takes a code too; give it behind the password, after a space"
            }
            Failure::WrongCode => "the code is wrong, or has been used already",
            Failure::NoPlaceForCode => {
                "the account takes a code too, which SCRAM cannot carry; log in by PLAIN, with the code behind the password, after a space"
            }
        }
    }
}

impl Errand {
    pub(super) fn new(name: Nick, password: Secret, then: Then) -> Box<Errand> {
        let (acting, code, change, mail) = (None, None, None, None);
        let (hashes, record, asks) = (None, None, false);
        Box::new(Errand { name, acting, password, code, asks, change, mail, hashes, record, then })
    }
}

/// What the capability for registering accounts tells; none if nobody may register one.
pub fn registration(config: &Config, _: &Session) -> Option<String> {
    let accounts = &config.accounts;
    let tokens = [
        (before_connect(config), "before-connect"),
        (accounts.email_required, "email-required"),
        (accounts.custom_names, "custom-account-name"),
    ];
    let said: Vec<&str> = tokens.iter().filter(|token| token.0).map(|token| token.1).collect();
    accounts.registration.then(|| said.join(","))
}

/// Whether accounts may be registered before one is connected: not past a password of the server's.
pub fn before_connect(config: &Config) -> bool {
    let guarded = config.server.password.is_some()
        || config.class.iter().any(|class| class.password.is_some());
    config.accounts.registration_before_connect && !guarded
}

/// Whether no account may have a name.
pub fn is_reserved(config: &Config, name: &Nick, casemap: Casemap) -> bool {
    let masks = config.accounts.reserved.iter().map(String::as_str);
    let guests = format!("{}*", config.accounts.guest);
    let services = SPEAKERS.iter().chain(ELSEWHERE).copied();
    let masks = masks.chain(services).chain([guests.as_str()]);
    masks.into_iter().any(|mask| mask::matches(mask, name.as_str(), casemap))
}

/// Services of other networks, whose names people trust, and whom they tell their passwords.
const ELSEWHERE: &[&str] = &["AuthServ", "BotServ", "Global", "HistServ", "Services"];

/// Registers an account for whoever asks, and logs them in. The certificate of their connection, if they
/// have one, logs them in from then on.
pub fn register(
    ctx: &mut Ctx<'_>,
    name: Nick,
    mail: Option<Box<str>>,
    password: Secret,
    then: Then,
) -> Outcome {
    if let Err(failure) = may_register(ctx, &name, mail.as_deref(), password.expose()) {
        return then(ctx, &name, Err(failure));
    }
    let scram = sasl::keeps_verifiers(&ctx.core.config);
    let job = Job::Hash { password: password.clone(), scram };
    let errand = Errand::new(name, password, then);
    ctx.session_mut().errand = Some(Box::new(Errand { mail, ..*errand }));
    ctx.defer(job, hashed);
    Ok(())
}

/// That somebody may register an account like this, and does.
fn may_register(
    ctx: &mut Ctx<'_>,
    name: &Nick,
    mail: Option<&str>,
    password: &str,
) -> Result<(), Failure> {
    let (config, user) = (&ctx.core.config, ctx.session().user());
    let refuse_if = |refused: bool, failure| if refused { Err(failure) } else { Ok(()) };
    let casemap = ctx.network().casemap();
    // One's nick may be none that one has chosen.
    let chosen = Nick::new(name.as_str(), casemap, config.limits.nick).is_some();
    let forbidden = |section, text| notes::forbidding(ctx.network(), section, text).is_some();
    let shut = is_reserved(config, name, casemap) || forbidden(Section::ForbidNick, name.as_str());
    refuse_if(!chosen || shut, Failure::BadName)?;
    let worn = ctx.network().nick(name).is_some_and(|wearer| Some(wearer) != user);
    let taken = worn || holder(ctx.network(), name).is_some();
    refuse_if(taken || ctx.core.lookalikes.is_worn(name.as_str(), user), Failure::Taken)?;
    let mail_wanted = config.accounts.email_required;
    refuse_if(mail.map_or(mail_wanted, |mail| !is_address(mail)), Failure::BadMail)?;
    let forbidden_mail = mail.is_some_and(|mail| forbidden(Section::ForbidMail, mail));
    refuse_if(forbidden_mail, Failure::ForbiddenMail)?;
    may_be_password(ctx.core, password)?;
    refuse_if(!config.accounts.registration || ctx.network().defcon() <= 4, Failure::Shut)?;
    let waiting = ctx.network().claims().unverified();
    let full = verification::is_wanted(config) && waiting >= config.accounts.unverified;
    refuse_if(full, Failure::Shut)?;
    // Whoever may not come in without an account is not to make one for that.
    refuse_if(user.is_none() && bans::refusal(ctx).is_some(), Failure::Shut)?;
    let (from, limits) = (ctx.session().from, &ctx.core.config.limits);
    let exempt = ctx.core.terms(ctx.session()).uncounted(from);
    let (burst, interval) = (limits.register_burst, limits.register_interval);
    let often = !exempt && !ctx.core.attempts.registers(from, burst, interval, ctx.now);
    refuse_if(often, Failure::TooOften)?;
    let mails = ctx.core.config.mail.is_sent();
    let may = mail
        .is_none_or(|mail| !mails || mail::may_send(ctx.core, (Purpose::Verify, mail), ctx.now));
    refuse_if(!may, Failure::NoMail)
}

/// That a password may be one.
pub fn may_be_password(core: &Core, password: &str) -> Result<(), Failure> {
    fits(&core.config, password)?;
    let forbidding = notes::forbidding(core.network(), Section::ForbidPassword, password);
    if forbidding.is_some() { Err(Failure::ForbiddenPassword) } else { Ok(()) }
}

/// Whether a password has the length that it has to have.
pub fn fits(config: &Config, password: &str) -> Result<(), Failure> {
    match password.len() {
        len if len < config.accounts.password_min => Err(Failure::WeakPassword),
        len if len > PASSWORD_MAX => Err(Failure::LongPassword),
        _ => Ok(()),
    }
}

fn hashed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Hashed(hashes) = answer else { return ended(ctx, Err(Failure::Unavailable)) };
    if let Some(errand) = &mut ctx.session_mut().errand {
        errand.hashes = Some(Box::new(hashes));
    }
    propose(ctx, true);
    Ok(())
}

/// What is written to an account that is to own a nick, and with it whatever looks like it.
pub fn nick_claims(nick: &Nick, casemap: Casemap) -> Vec<(Box<str>, Option<Box<str>>)> {
    let mut claims = vec![(format!("{NICK}{}", nick.folded()).into(), Some(nick.as_str().into()))];
    if casemap == Casemap::Precis {
        let look = precis::skeleton(nick.as_str());
        claims.push((format!("{LOOK}{look}").into(), Some(nick.as_str().into())));
    }
    claims
}

/// What is written to an account that is to be called by a nick. It goes together with the claim of the nick,
/// so that no account comes to have a name that is not its own, whatever others write at the same time.
pub fn named(nick: &Nick, casemap: Casemap) -> Vec<(Box<str>, Option<Box<str>>)> {
    let mut fields = nick_claims(nick, casemap);
    fields.push((NAME.into(), Some(nick.as_str().into())));
    fields
}

/// What is written to an account that gives up a nick, and what it looks like if no other of its nicks does.
pub fn without_nick(
    record: &Record,
    nick: &Nick,
    casemap: Casemap,
) -> Vec<(Box<str>, Option<Box<str>>)> {
    let look = |text: &str| precis::skeleton(text);
    let mut others = record.under(NICK).filter(|(folded, _)| *folded != nick.folded());
    let shared = others.any(|(_, field)| {
        field.value.as_deref().is_some_and(|other| look(other) == look(nick.as_str()))
    });
    let claims = nick_claims(nick, casemap).into_iter().map(|(key, _)| (key, None));
    claims.filter(|(key, _)| !shared || !key.starts_with(LOOK)).collect()
}

/// The account that owns a nick, or one that looks like it. One that waits to be verified does not yet.
pub fn owner(network: &Network, nick: &Nick) -> Option<RecordId> {
    holder(network, nick).filter(|account| !network.claims().is_unverified(*account))
}

/// The account for which a nick is held, or one that looks like it.
pub fn holder(network: &Network, nick: &Nick) -> Option<RecordId> {
    let claims = network.claims();
    claims.nick(nick).or_else(|| match network.casemap() {
        Casemap::Precis => claims.look(&precis::skeleton(nick.as_str())),
        Casemap::Ascii | Casemap::Rfc1459 => None,
    })
}

/// Has the store make the new account, with the certificate of the connection or without.
fn propose(ctx: &mut Ctx<'_>, certified: bool) {
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = mask(ctx).into();
    let fingerprint = fingerprint(ctx).filter(|_| certified);
    let Some(errand) = &ctx.session().errand else { return };
    let mut fields = named(&errand.name, ctx.network().casemap());
    fields.extend(errand.hashes.iter().flat_map(|hashes| kept(hashes)));
    fields.extend(fingerprint.map(|it| (format!("{CERT}{it}").into(), Some("".into()))));
    let (id, address) = (RecordId(at), errand.mail.clone());
    if verification::is_wanted(&ctx.core.config) {
        fields.extend(address.map(|address| (MAIL.into(), Some(address))));
        let salt = mail::salt(ctx.core, ctx.now);
        fields.push((verification::unverified_key(id), Some(salt)));
    } else if let Some(address) = address {
        fields.push(verification::address_field(ctx.core, &address, ctx.now));
    }
    let edit = Edit { id, kind: Kind::Account, at, by, what: What::Write(fields) };
    registry::propose(ctx, edit, registered);
}

fn registered(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    match answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => {
            let record = edited.record;
            if record.unverified().is_none() {
                login::enter(ctx, &record);
            }
            let Some(letter) = verification::letter(&record, ctx.now) else {
                return ended(ctx, Ok(()));
            };
            if let Some(errand) = &mut ctx.session_mut().errand {
                errand.record = Some(Box::new(record));
            }
            mail::post(ctx, letter, posted);
            Ok(())
        }
        // The certificate logs in to another account already, as it may go on to.
        Answer::Stored(Ok(Rows::Taken(key))) if key.starts_with(CERT) => {
            propose(ctx, false);
            Ok(())
        }
        Answer::Stored(Ok(Rows::Taken(_))) => ended(ctx, Err(Failure::Taken)),
        _ => ended(ctx, Err(Failure::Unavailable)),
    }
}

/// The code for the mail address of a new account is on its way, or could not be sent.
fn posted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let posted = mail::posted(ctx, &answer);
    let record = ctx.session_mut().errand.as_mut().and_then(|errand| errand.record.take());
    match record.filter(|record| record.unverified().is_some()) {
        Some(_) if posted => ended(ctx, Err(Failure::Unverified)),
        Some(record) => {
            // Nobody could complete it.
            verification::release(ctx.core, ctx.fx, &record, ctx.now);
            ended(ctx, Err(Failure::NoMail))
        }
        None => {
            ctx.notice(match posted {
                true => "A code has been sent to your mail address, which belongs to the account once you have told it: /msg NickServ VERIFYEMAIL <code>",
                false => "No mail can be sent now, so the account has no mail address yet; give it one later: /msg NickServ SET EMAIL <address>",
            });
            ended(ctx, Ok(()))
        }
    }
}

/// Whether an account owns a nick.
pub fn owns(record: &Record, nick: &Nick) -> bool {
    record.get(&format!("{NICK}{}", nick.folded())).is_some()
}

/// The fingerprint of the certificate that a session has.
pub fn fingerprint<'a>(ctx: &'a Ctx<'_>) -> Option<&'a str> {
    ctx.session().tls.as_ref().and_then(|tls| tls.fingerprint.as_deref())
}

/// The fields that keep a password.
pub fn kept(hashes: &Hashes) -> [(Box<str>, Option<Box<str>>); 2] {
    let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().into());
    [(PASSWORD.into(), text(&hashes.hash)), (SCRAM.into(), text(&hashes.scram))]
}

/// What the session was at has come to its end.
pub(super) fn ended(ctx: &mut Ctx<'_>, how: Result<(), Failure>) -> Outcome {
    let Some(errand) = ctx.session_mut().errand.take() else { return Ok(()) };
    (errand.then)(ctx, &errand.name, how)
}

/// Who a session is, as records note who has written to them.
pub fn mask(ctx: &Ctx<'_>) -> String {
    ctx.session().user().map_or_else(|| "*".to_owned(), |user| ctx.whois(user).mask())
}

/// The account that the session is logged in to.
pub fn id_of_session(ctx: &Ctx<'_>) -> Option<RecordId> {
    let session = ctx.session();
    let user = session.user().and_then(|user| ctx.whois(user).login.as_deref());
    user.or_else(|| session.login()).map(|login| login.id)
}

/// The name of the account that the session is logged in to.
pub fn of_session(ctx: &Ctx<'_>) -> Option<Box<str>> {
    match ctx.session().user() {
        Some(user) => ctx.whois(user).account().map(Into::into),
        None => ctx.session().login().map(|login| login.name.clone()),
    }
}

/// The longest password, in bytes: more hardly fits in a line.
pub const PASSWORD_MAX: usize = 300;

/// The field of the password's hash.
pub const PASSWORD: &str = "password";

/// The field of the password's verifier for SCRAM-SHA-256.
pub const SCRAM: &str = "scram";

/// The field of the mail address.
pub const MAIL: &str = "mail";

#[cfg(test)]
mod tests {
    use crate::{
        config::Config,
        core::{effect::Effect, scene::Scene},
    };
    use std::time::Duration;

    #[test]
    fn one_address_registers_only_so_many() {
        let mut config = Config::default();
        config.limits.register_burst = 2;
        config.limits.register_interval = Duration::from_secs(60);
        let mut scene = Scene::with(config);
        for (number, may) in [true, true, false, true, false].into_iter().enumerate() {
            if number == 3 {
                scene.now.mono = scene.now.mono + Duration::from_secs(60);
            }
            let user = scene.user(&format!("u{number}"));
            let effects = scene.line(user, "REGISTER * * open-sesame");
            let asks = effects.iter().any(|effect| matches!(effect, Effect::Job { .. }));
            assert_eq!(asks, may, "{number}");
        }
    }
}
