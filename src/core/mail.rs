//! Mail: the queue in the store, from which one mail after the other is sent, and the codes that mails hold.
//!
//! A mail in the queue does not say what it will: only what it is for, and which memo it shows. Neither does the store know a code,
//! only the salt that it is made from, with the network's secret. A mail that was sent as the server ended
//! is sent again.

use super::{
    Core,
    ctx::{Ctx, Resume, Then},
    effect::Effects,
    housekeeping, policy, snotice,
    timer::{self, Timer},
    welcome,
};
use crate::{
    config::Config,
    job::{Answer, Carrier, Delivery, Job, Undelivered},
    registry::{Record, RecordId},
    store::{Letter, Posted, Purpose, Query, Rows},
    time::{Mono, Now, Wall, span_text},
    wire::mail::{self, Mail},
};
use std::{collections::VecDeque, time::Duration};

/// What this server is at with its mail.
#[derive(Debug)]
pub struct Mailing {
    /// Whether the store may have a mail that waits.
    waiting: bool,
    /// Whether the store is being asked, or a mail is being sent.
    busy: bool,
    /// The mail that is being sent.
    sending: Option<Box<Posted>>,
    /// What the store has still to be told about a mail.
    unsettled: Option<Query>,
    /// Whether the last mail could not be sent.
    fails: bool,
    /// When the next mail is due.
    timer: timer::Key,
    /// When accounts were last looked for that wait to be verified.
    pub(in crate::core) looked: Mono,
    /// To which accounts a code is to be sent, and what for; by what they claim, if they are there.
    pub(in crate::core) asked: VecDeque<(Purpose, Box<str>)>,
}

impl Default for Mailing {
    fn default() -> Mailing {
        Mailing {
            // An earlier life may have left something.
            waiting: true,
            busy: false,
            sending: None,
            unsettled: None,
            fails: false,
            timer: timer::Key::default(),
            looked: Mono::default(),
            asked: VecDeque::new(),
        }
    }
}

/// The code that a mail for this purpose has, about an account. Whoever does not know the network's secret
/// cannot make it, not from the salt either.
pub fn code(core: &Core, purpose: Purpose, id: RecordId, salt: &str) -> String {
    // Without letters and digits that look alike.
    const DIGITS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let purpose = format!("a code in a mail: {} {id} {salt}", purpose.number());
    let bytes = core.cloak.derive(purpose.as_bytes());
    let digits = bytes.iter().take(CODE_LEN).map(|byte| DIGITS.get(usize::from(byte % 32)));
    digits.flatten().map(|digit| char::from(*digit)).collect()
}

/// Whether somebody knows a code, which is compared in a time that tells nothing.
pub fn is_code(core: &Core, purpose: Purpose, (id, salt): (RecordId, &str), given: &str) -> bool {
    policy::same_secret(&code(core, purpose, id, salt), &given.to_ascii_lowercase())
}

/// Something to make a code from, which nobody can foresee.
pub fn salt(core: &mut Core, now: Now) -> Box<str> {
    let bytes = core.unforeseen("the salt of a code", now);
    bytes.iter().take(SALT_LEN).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// A mail about an account, if something is known to make its code from.
pub fn letter(
    record: &Record,
    (purpose, address, salt): (Purpose, &str, &str),
    now: Now,
) -> Letter {
    Letter {
        address: address.into(),
        purpose,
        account: record.name().unwrap_or_default().into(),
        id: record.id,
        salt: salt.into(),
        memo: "".into(),
        made: now.wall,
    }
}

/// Whether another mail may go to an address, and if so notes that one does.
pub fn may_send(core: &mut Core, to: (Purpose, &str), now: Now) -> bool {
    let config = &core.config.mail;
    core.attempts.mails(to, (config.hourly_address, config.hourly), now)
}

/// Puts a mail into the queue; the session waits.
pub fn post(ctx: &mut Ctx<'_>, letter: Letter, resume: Resume) {
    let query = posting(ctx.core, letter);
    ctx.defer(Job::Store(query), resume);
}

/// Whether a mail has come into the queue.
pub fn posted(ctx: &mut Ctx<'_>, answer: &Answer) -> bool {
    note_posted(ctx.core, ctx.fx, answer, ctx.now)
}

/// Puts a mail into the queue for which nobody waits.
pub fn post_aside(core: &mut Core, fx: &mut Effects, letter: Letter, now: Now) {
    let query = posting(core, letter);
    let then = |core: &mut Core, fx: &mut Effects, answer, now| {
        note_posted(core, fx, &answer, now);
    };
    core.ask(fx, Job::Store(query), Then::Server(then), now);
}

/// What puts a mail into the queue. From then on it may be there, though whoever asks may not hear of it: a
/// slow disk answers when nobody waits any more.
fn posting(core: &mut Core, letter: Letter) -> Query {
    core.mailing.waiting = true;
    let queue = core.config.mail.queue;
    // As of what is sent in an hour, half is left to codes.
    let most = match letter.purpose {
        Purpose::Memo => queue / 2,
        Purpose::Verify | Purpose::Reset | Purpose::Address | Purpose::Changed => queue,
    };
    Query::Post { letter: Box::new(letter), most }
}

fn note_posted(core: &mut Core, fx: &mut Effects, answer: &Answer, now: Now) -> bool {
    let posted = matches!(answer, Answer::Stored(Ok(Rows::Done)));
    if posted {
        turn(core, fx, now);
    } else {
        log::warn!("a mail could not be put into the queue: {answer:?}");
    }
    posted
}

/// Goes on with the queue, if there is something to do.
pub fn turn(core: &mut Core, fx: &mut Effects, now: Now) {
    let mailing = &mut core.mailing;
    if mailing.busy || !core.config.mail.is_sent() {
        return;
    }
    if let Some(query) = mailing.unsettled.clone() {
        mailing.busy = true;
        core.ask(fx, Job::Store(query), Then::Server(settled), now);
    } else if std::mem::take(&mut mailing.waiting) {
        mailing.busy = true;
        let query = Query::Due { by: now.wall };
        core.ask(fx, Job::Store(query), Then::Server(found), now);
    }
}

/// The time of a mail has come, or may have.
pub fn due(core: &mut Core, fx: &mut Effects, now: Now) {
    core.mailing.waiting = true;
    turn(core, fx, now);
}

fn found(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.mailing.busy = false;
    match answer {
        Answer::Stored(Ok(Rows::Letter(Some(posted), _))) => {
            core.mailing.waiting = true;
            send(core, fx, posted, now);
        }
        Answer::Stored(Ok(Rows::Letter(None, Some(next)))) => {
            let wait = Duration::from_millis(next.0.saturating_sub(now.wall.0)).min(WATCH);
            core.timers.cancel(core.mailing.timer);
            core.mailing.timer = core.timers.set(now.mono + wait, Timer::Mail);
        }
        Answer::Stored(Ok(_)) => (),
        // The next housekeeping asks again.
        _ => core.mailing.waiting = true,
    }
}

fn send(core: &mut Core, fx: &mut Effects, posted: Box<Posted>, now: Now) {
    if now.wall >= expiry(&core.config, &posted.letter) {
        return give_up(core, fx, &posted, "it has waited for too long", now);
    }
    let Some(delivery) = delivery(core, &posted, now) else { return };
    core.mailing.busy = true;
    core.mailing.sending = Some(posted);
    core.ask(fx, Job::Mail(Box::new(delivery)), Then::Server(sent), now);
}

fn sent(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.mailing.busy = false;
    let Some(posted) = core.mailing.sending.take() else { return };
    let failed = !matches!(answer, Answer::Mailed(Ok(())));
    core.metrics.mails_failed += u64::from(failed);
    match answer {
        Answer::Mailed(Ok(())) => {
            core.metrics.mails_sent += 1;
            if std::mem::take(&mut core.mailing.fails) {
                let text = "mail can be sent again";
                log::info!("{text}");
                snotice::here(core, fx, 'r', |_| text.to_owned(), now);
            }
            settle(core, fx, Query::Discard { number: posted.number }, now);
        }
        Answer::Mailed(Err(Undelivered { is_final: true, why })) => {
            give_up(core, fx, &posted, &why, now);
        }
        Answer::Mailed(Err(Undelivered { why, .. })) => later(core, fx, &posted, &why, now),
        _ => later(core, fx, &posted, "the mail server takes too long", now),
    }
}

/// A mail that could not be sent is tried again, each time later.
fn later(core: &mut Core, fx: &mut Effects, posted: &Posted, why: &str, now: Now) {
    let wait = core.config.mail.retry * 2_u32.saturating_pow(posted.tries.min(TRIES_COUNTED));
    let due = now.wall + wait.min(RETRY_MAX);
    if due >= expiry(&core.config, &posted.letter) {
        return give_up(core, fx, posted, why, now);
    }
    log::debug!("a mail could not be sent: {why}");
    if !std::mem::replace(&mut core.mailing.fails, true) {
        let text = format!(
            "a mail to somebody at {} could not be sent: {why}; it is tried again, and so are those that follow",
            mail::host(&posted.letter.address)
        );
        housekeeping::fault(core, fx, &text, now);
    }
    settle(core, fx, Query::Postpone { number: posted.number, due }, now);
}

/// A mail that cannot be delivered is thrown away. Nobody but the recipient's mail server is named.
fn give_up(core: &mut Core, fx: &mut Effects, posted: &Posted, why: &str, now: Now) {
    core.metrics.mails_given_up += 1;
    let text = format!(
        "a mail to somebody at {} cannot be delivered and is given up: {why}",
        mail::host(&posted.letter.address)
    );
    housekeeping::fault(core, fx, &text, now);
    settle(core, fx, Query::Discard { number: posted.number }, now);
}

/// Has the store note what has become of a mail, until it has: else the mail would be sent again.
fn settle(core: &mut Core, fx: &mut Effects, query: Query, now: Now) {
    core.mailing.unsettled = Some(query);
    turn(core, fx, now);
}

fn settled(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.mailing.busy = false;
    if matches!(answer, Answer::Stored(Ok(_))) {
        core.mailing.unsettled = None;
        core.mailing.waiting = true;
        turn(core, fx, now);
    }
}

/// Until when it makes sense to send a mail.
fn expiry(config: &Config, letter: &Letter) -> Wall {
    let given_up = letter.made + config.mail.give_up;
    good_until(config, letter).map_or(given_up, |end| end.min(given_up))
}

/// Until when the code of a mail is good, if it has one.
fn good_until(config: &Config, letter: &Letter) -> Option<Wall> {
    match letter.purpose {
        // However often it is sent again, the account waits from its registration on.
        Purpose::Verify => Some(letter.id.0.wall() + config.accounts.verify_timeout),
        Purpose::Address => Some(letter.made + config.accounts.verify_timeout),
        Purpose::Reset => Some(letter.made + config.accounts.reset_timeout),
        Purpose::Changed | Purpose::Memo => None,
    }
}

/// A mail as it is sent now.
fn delivery(core: &Core, posted: &Posted, now: Now) -> Option<Delivery> {
    let (config, letter) = (&core.config, &posted.letter);
    let settings = &config.mail;
    let template = match letter.purpose {
        Purpose::Verify => &settings.verify,
        Purpose::Reset => &settings.reset,
        Purpose::Address => &settings.address,
        Purpose::Changed => &settings.changed,
        Purpose::Memo => &settings.memo,
    };
    let (sender, memo) = letter.memo.split_once('\n').unwrap_or_default();
    let text = welcome::fill(template, |name| match name {
        "account" => Some(letter.account.to_string()),
        "network" => Some(config.server.network.clone()),
        "server" => Some(core.name().to_owned()),
        "code" => Some(code(core, letter.purpose, letter.id, &letter.salt)),
        "sender" => Some(sender.to_owned()),
        "memo" => Some(memo.to_owned()),
        "time" => Some(span_text(left(config, letter, now))),
        _ => None,
    });
    let (subject, text) = text.split_once("\n\n")?;
    let from = settings.from.clone()?;
    let id = format!("{}.{}.{}@{}", posted.number, letter.made.0, core.sid(), core.name());
    let mail = Mail {
        from: &from,
        name: &config.server.network,
        to: &letter.address,
        subject,
        text,
        date: letter.made,
        id: &id,
    };
    Some(Delivery {
        carrier: carrier(core)?,
        to: letter.address.to_string(),
        message: crate::config::Secret::new(&mail.message()),
        timeout: settings.timeout,
        from,
    })
}

/// For how long a code will still be good, to the minute.
fn left(config: &Config, letter: &Letter, now: Now) -> Duration {
    let end = good_until(config, letter).unwrap_or_default();
    let minutes = end.0.saturating_sub(now.wall.0).div_ceil(60_000);
    Duration::from_secs(60 * minutes)
}

fn carrier(core: &Core) -> Option<Carrier> {
    let settings = &core.config.mail;
    if let Some(program) = &settings.sendmail {
        return Some(Carrier::Program(program.clone()));
    }
    Some(Carrier::Server {
        host: settings.server.clone()?,
        port: settings.port(),
        encryption: settings.tls,
        ca_file: settings.ca_file.clone(),
        login: settings.user.clone().zip(settings.password.clone()),
        hello: core.name().to_owned(),
    })
}

/// How long a code is: with 32 digits, 60 bits.
const CODE_LEN: usize = 12;

/// How many bytes a salt has.
const SALT_LEN: usize = 12;

/// How often at most the time is doubled after which it is tried again, and how long that is at most.
const TRIES_COUNTED: u32 = 12;
const RETRY_MAX: Duration = Duration::from_secs(3600);

/// How far ahead a timer is set for what the clock on the wall tells, which may be set meanwhile.
const WATCH: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{effect::Effect, scene::Scene},
        job::JobId,
        server::Input,
        sim::script::check,
        store::{Store, memory::Memory},
    };

    #[test]
    fn what_cannot_be_sent_is_sent_later_and_operators_are_told_once() {
        check(
            r"
            servers 2
            config mail irc@test.example
            config accounts.email_required true
            config limits.ping_interval 5000
            config oper root sesame
            root@1  > OPER root sesame
            root    > MODE root +s
            alice@1 > REGISTER * later@mail.example sesame-open
            alice   <~ :s1.test REGISTER VERIFICATION_REQUIRED alice *
            root    < :s1.test NOTICE root :*** Notice -- a mail to somebody at mail.example could not be sent: as the test wants it; it is tried again, and so are those that follow
            nomail later@mail.example
            bob@1   > REGISTER * later2@mail.example sesame-open
            root    <! Notice
            wait 59
            nomail later@mail.example
            wait 2
            mail later@mail.example *VERIFY alice $code*
            root    < :s1.test NOTICE root :*** Notice -- mail can be sent again
            mail later2@mail.example *VERIFY bob *
            alice   > VERIFY alice $code
            ",
        );
    }

    #[test]
    fn what_nobody_takes_is_given_up_without_telling_for_whom() {
        check(
            r"
            config mail irc@test.example
            config accounts.email_required true
            config oper root sesame
            root  > OPER root sesame
            root  > MODE root +s
            alice > REGISTER * nobody@mail.example sesame-open
            root  < :s1.test NOTICE root :*** Notice -- a mail to somebody at mail.example cannot be delivered and is given up: as the test wants it
            bob   > REGISTER * bob@mail.example sesame-open
            mail bob@mail.example *VERIFY bob *
            wait 70
            nomail nobody@mail.example
            ",
        );
    }

    #[test]
    fn what_waits_outlives_the_server_and_is_given_up_when_its_code_is_too_old() {
        check(
            r"
            config mail irc@test.example
            config accounts.email_required true
            config accounts.verify_timeout 600
            config limits.ping_interval 5000
            alice > REGISTER * later@mail.example sesame-open
            bob   > REGISTER * later2@mail.example sesame-open
            crash 1
            start 1
            wait 61
            mail later@mail.example *VERIFY alice $code*The code is good for 9m.*
            mail later2@mail.example *VERIFY bob*
            ali   > NICK alice
            ali   > VERIFY alice $code
            carol > REGISTER * later3@mail.example sesame-open
            crash 1
            wait 700
            start 1
            wait 70
            nomail later3@mail.example
            ",
        );
    }

    #[test]
    fn the_queue_is_bounded_and_so_is_what_is_sent_in_an_hour() {
        check(
            r"
            config mail irc@test.example
            config mail.queue 1
            config accounts.email_required true
            config limits.ping_interval 5000
            alice > REGISTER * later@mail.example sesame-open
            bob   > REGISTER * bob@mail.example sesame-open
            bob   < :s1.test FAIL REGISTER TEMPORARILY_UNAVAILABLE bob :No account can be registered now; try again later.
            wait 70
            bob   > REGISTER * bob@mail.example sesame-open
            bob   <~ :s1.test REGISTER VERIFICATION_REQUIRED bob *
            same
            ",
        );
        check(
            r"
            config mail irc@test.example
            config mail.hourly 2
            config accounts.email_required true
            alice > REGISTER * al@mail.example sesame-open
            bob   > REGISTER * bob@mail.example sesame-open
            carol > REGISTER * carol@mail.example sesame-open
            carol < :s1.test FAIL REGISTER TEMPORARILY_UNAVAILABLE carol :No account can be registered now; try again later.
            wait 1800
            ",
        );
    }

    fn note() -> Letter {
        Letter {
            address: "a@b".into(),
            purpose: Purpose::Changed,
            account: "a".into(),
            id: RecordId(crate::time::Stamp::ZERO),
            salt: "".into(),
            memo: "".into(),
            made: Wall(0),
        }
    }

    /// A server whose jobs a test does, and in whose store a mail waits.
    fn posted() -> (Scene, Memory) {
        let mut config = Config::default();
        config.mail.server = Some("mail.test".into());
        config.mail.from = Some("irc@test.example".into());
        let mut store = Memory::default();
        let post = Query::Post { letter: Box::new(note()), most: 9 };
        assert_eq!(store.ask(&post), Ok(Rows::Done));
        (Scene::with(config), store)
    }

    /// What a server asks of its workers about mail.
    fn asked(effects: Vec<Effect>) -> Vec<(JobId, Job)> {
        let jobs = effects.into_iter().filter_map(|effect| match effect {
            Effect::Job { id, job } => Some((id, *job)),
            _ => None,
        });
        let of_mail = |job: &Job| match job {
            Job::Mail(_) => true,
            Job::Store(query) => matches!(query, Query::Due { .. } | Query::Discard { .. }),
            _ => false,
        };
        jobs.filter(|(_, job)| of_mail(job)).collect()
    }

    #[test]
    fn a_mail_that_has_been_sent_is_not_sent_again_because_the_store_fails() {
        let (mut scene, mut store) = posted();
        let next = |scene: &mut Scene, answer: Option<(JobId, Answer)>| {
            let effects = match answer {
                Some((id, answer)) => scene.input(Input::Done { id, answer }),
                None => {
                    scene.now.mono = scene.now.mono + Duration::from_secs(5);
                    scene.input(Input::Tick)
                }
            };
            let mut asked = asked(effects);
            assert!(asked.len() <= 1, "one at a time: {asked:?}");
            asked.pop()
        };
        let (id, Job::Store(due)) = next(&mut scene, None).unwrap() else { panic!() };
        let answer = Answer::Stored(store.ask(&due));
        let Some((id, Job::Mail(_))) = next(&mut scene, Some((id, answer))) else { panic!() };
        let (id, Job::Store(Query::Discard { .. })) =
            next(&mut scene, Some((id, Answer::Mailed(Ok(()))))).unwrap()
        else {
            panic!()
        };
        let failed = Answer::Stored(Err(crate::store::Error::Full));
        assert!(next(&mut scene, Some((id, failed))).is_none());
        // Until the store has noted it nothing else is sent.
        let (id, Job::Store(discard)) = next(&mut scene, None).unwrap() else { panic!() };
        assert!(matches!(discard, Query::Discard { .. }));
        let answer = Answer::Stored(store.ask(&discard));
        let (id, Job::Store(due)) = next(&mut scene, Some((id, answer))).unwrap() else { panic!() };
        let answer = Answer::Stored(store.ask(&due));
        assert!(matches!(answer, Answer::Stored(Ok(Rows::Letter(None, None)))));
        assert!(next(&mut scene, Some((id, answer))).is_none());
        assert!(next(&mut scene, None).is_none(), "nothing waits");
    }

    #[test]
    fn a_mail_is_looked_for_though_nobody_hears_that_it_was_put_into_the_queue() {
        let mut core = Core::sample();
        core.config.mail.server = Some("mail.test".into());
        let (mut fx, now) = (Effects::default(), Now::default());
        // An earlier life has left nothing.
        core.mailing.waiting = false;
        post_aside(&mut core, &mut fx, note(), now);
        fx.take();
        turn(&mut core, &mut fx, now);
        let asked = asked(fx.take());
        assert!(matches!(&*asked, [(_, Job::Store(Query::Due { .. }))]), "{asked:?}");
    }

    #[test]
    fn a_code_cannot_be_guessed_from_another() {
        let core = Core::sample();
        let id = RecordId(crate::time::Stamp::ZERO);
        let one = code(&core, Purpose::Reset, id, "a");
        assert_eq!(one.len(), CODE_LEN);
        assert_ne!(one, code(&core, Purpose::Reset, id, "b"));
        assert_ne!(one, code(&core, Purpose::Verify, id, "a"));
        assert!(is_code(&core, Purpose::Reset, (id, "a"), &one.to_uppercase()));
        assert!(!is_code(&core, Purpose::Verify, (id, "a"), &one));
    }
}
