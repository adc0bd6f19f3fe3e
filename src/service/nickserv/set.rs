//! NickServ SET and GET, and SASET and SAGET, by which operators do the same for others: a row for each
//! setting.

use super::verifyemail;
use crate::{
    core::{
        account::{self, MAIL},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        second,
        settings::{
            EMAILMEMOS, ENFORCE, GRACE_MAX, HIDEMAIL, NEVEROP, NOEXPIRE, NOMEMO, NOOP, OFF, ON,
            PRIVATE,
        },
        verification,
    },
    job::Answer,
    network::UserId,
    registry::{Record, RecordId, What},
    store::Rows,
    time::{parse_span, span_text},
    wire::{mail::is_address, message::Args, name::Nick},
};

/// A setting.
#[derive(Debug)]
struct Setting {
    name: &'static str,
    takes: Takes,
    /// Whether only operators may change it.
    privileged: bool,
}

/// What a setting takes, and where that stands in the record.
#[derive(Clone, Copy, Debug)]
enum Takes {
    /// `on` or `off`.
    Switch(&'static str),
    /// `on`, `off` or a span.
    Grace(&'static str),
    /// One of the nicks of the account.
    Name,
    /// `off`, which ends the second factor.
    Factor,
    /// A mail address, or `none`.
    Address,
}

/// `"NAME" takes, anyone|operators, "values" "what it is";`
macro_rules! settings {
    ($($name:literal $takes:expr, $who:ident, $values:literal $about:literal;)*) => {
        /// Every setting.
        const SETTINGS: &[Setting] =
            &[$(Setting { name: $name, takes: $takes, privileged: settings!(@ $who) }),*];

        /// What HELP says of all of them, of SET and of SASET.
        const HELP: &str =
            concat!($($name, " ", $values, ": ", $about, "\n"),*, "Example: SET ENFORCE 30s");
        const HELP_FOR_OTHERS: &str =
            concat!($($name, " ", $values, ": ", $about, "\n"),*, "Example: SASET alice NOEXPIRE on");
    };
    (@ anyone) => { false };
    (@ operators) => { true };
}

settings! {
    "ACCOUNTNAME" Takes::Name, anyone, "<nick>" "What the account is called: another of its nicks.";
    "EMAIL" Takes::Address, anyone, "<address>|none" "Your mail address, for a password that you have lost. Where mail is sent, a code is sent there first, for VERIFYEMAIL, and the address before is told. Others never see it.";
    "EMAILMEMOS" Takes::Switch(EMAILMEMOS), anyone, "on|off" "Whether memos are sent to your mail address as well.";
    "ENFORCE" Takes::Grace(ENFORCE), anyone, "on|off|<time>" "What becomes of those who wear one of your nicks without logging in: on, they are called otherwise after as long as the server says; off, nothing; a time as 30s or 2m, after so long. Where the server gives nobody such a nick, it is always on.";
    "HIDEMAIL" Takes::Switch(HIDEMAIL), anyone, "on|off" "Whether your mail address is kept from operators too, but for those who administer accounts. Others never see it.";
    "NEVEROP" Takes::Switch(NEVEROP), anyone, "on|off" "Whether nobody may give you access to a channel.";
    "NOEXPIRE" Takes::Switch(NOEXPIRE), operators, "on|off" "Whether the account stays however long it is not used.";
    "NOMEMO" Takes::Switch(NOMEMO), anyone, "on|off" "Whether nobody may leave you memos.";
    "NOOP" Takes::Switch(NOOP), anyone, "on|off" "Whether you are not given your status when you enter a channel.";
    "PRIVATE" Takes::Switch(PRIVATE), anyone, "on|off" "Whether INFO tells others nothing but that the account is there.";
    "TOTP" Takes::Factor, operators, "off" "Ends the codes that logging in takes, for somebody who has lost what makes them.";
}

pub const SET: &[Command] = &[Command {
    name: "SET",
    params: "<setting> <value>",
    about: "Changes a setting of your account.",
    help: HELP,
    replies: &[],
    cost: 3,
    run: Run::User(set),
    ..Command::USUAL
}];

pub const GET: &[Command] = &[Command {
    name: "GET",
    params: "[<setting>]",
    about: "Shows the settings of your account, or one of them.",
    help: "HELP SET explains them.\nExample: GET ENFORCE",
    replies: &[],
    cost: 3,
    run: Run::User(get),
    ..Command::USUAL
}];

pub const SASET: &[Command] = &[Command {
    name: "SASET",
    params: "<account> <setting> <value>",
    about: "Changes a setting of somebody's account.",
    help: HELP_FOR_OTHERS,
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Accounts, saset),
    // Mail addresses are nobody's to read in a log.
    audited: |args| match args {
        [account, setting, _] if setting.eq_ignore_ascii_case("EMAIL") => vec![*account, *setting],
        _ => args.to_vec(),
    },
    ..Command::USUAL
}];

pub const SAGET: &[Command] = &[Command {
    name: "SAGET",
    params: "<account> [<setting>]",
    about: "Shows the settings of somebody's account, or one of them.",
    help: "HELP SASET explains them.\nExample: SAGET alice ENFORCE",
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Accounts, saget),
    ..Command::USUAL
}];

fn set(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    let Some(setting) = named(ctx, args[0]) else { return Ok(()) };
    if setting.privileged {
        ctx.notice(&format!("{} is for operators of the network to set.", setting.name));
        return Ok(());
    }
    let address = matches!(setting.takes, Takes::Address).then_some(args[1]);
    match address.filter(|address| is_address(address)) {
        Some(address) => verifyemail::change(ctx, user, login.id, address),
        None => change(ctx, user, login.id, (setting, args[1])),
    }
}

fn saset(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(account) = super::named(ctx, args[0]) else { return Ok(()) };
    let Some(setting) = named(ctx, args[1]) else { return Ok(()) };
    let value = match setting.takes {
        // There are operators who may not see it.
        Takes::Address => String::new(),
        _ => format!(" to {}", args[2]),
    };
    super::announce(ctx, user, &format!("sets {} of the account {}{value}", setting.name, args[0]));
    change(ctx, user, account, (setting, args[2]))
}

/// The setting of that name; if there is none, that is told.
fn named(ctx: &mut Ctx<'_>, name: &str) -> Option<&'static Setting> {
    let found = SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(name));
    if found.is_none() {
        ctx.notice("There is no such setting. HELP SET lists those that there are.");
    }
    found
}

fn change(
    ctx: &mut Ctx<'_>,
    user: UserId,
    account: RecordId,
    (setting, value): (&Setting, &str),
) -> Outcome {
    let Some(fields) = fields(ctx, account, (setting.takes, value)) else {
        let wants = HELP.lines().find(|line| line.starts_with(&format!("{} ", setting.name)));
        let wants = wants.and_then(|line| line.split(':').next()).unwrap_or_default();
        ctx.notice(&format!("That cannot be set. Syntax: SET {wants}"));
        return Ok(());
    };
    super::asks(ctx, &[setting.name]);
    super::write(ctx, user, account, What::Write(fields), changed)
}

type Fields = Vec<(Box<str>, Option<Box<str>>)>;

/// What a value writes to the record of an account; nothing if it is none.
fn fields(ctx: &Ctx<'_>, account: RecordId, (takes, value): (Takes, &str)) -> Option<Fields> {
    let word = value.to_ascii_lowercase();
    let switch = match word.as_str() {
        "on" | "true" | "yes" | "default" => Some(true),
        "off" | "false" | "no" | "none" => Some(false),
        _ => None,
    };
    let one = |key: &str, value: Option<&str>| vec![(key.into(), value.map(Into::into))];
    match takes {
        Takes::Switch(key) => switch.map(|on| one(key, on.then_some(ON))),
        Takes::Grace(key) => match switch {
            Some(on) => Some(one(key, (!on).then_some(OFF))),
            None => {
                let span = parse_span(&word).filter(|span| *span <= GRACE_MAX)?;
                Some(one(key, Some(&span_text(span))))
            }
        },
        Takes::Name => {
            let nick = Nick::lookup(value, ctx.network().casemap())?;
            let own = ctx.network().claims().nick(&nick) == Some(account);
            own.then(|| account::named(&nick, ctx.network().casemap()))
        }
        Takes::Factor => (switch == Some(false)).then(second::none),
        Takes::Address => {
            let none = switch == Some(false) && !ctx.core.config.accounts.email_required;
            let address = is_address(value).then_some(value);
            (none || address.is_some()).then(|| verification::mail_fields(address))
        }
    }
}

fn changed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let asked = super::asked(ctx);
    let setting = asked.first().and_then(|name| SETTINGS.iter().find(|it| it.name == name));
    let (Answer::Stored(Ok(Rows::Proposed(edited))), Some(setting)) = (&answer, setting) else {
        super::told(ctx, &answer, "");
        return Ok(());
    };
    if matches!(setting.takes, Takes::Address) {
        verification::tell_address_before(ctx, edited);
    }
    let account = edited.record.name().unwrap_or_default();
    let name = setting.name;
    let text = match (setting.takes, value(setting, &edited.record).as_str()) {
        (Takes::Switch(_) | Takes::Grace(_) | Takes::Factor, OFF) => {
            format!("The {name} flag has been removed for account {account}.")
        }
        (Takes::Switch(_) | Takes::Grace(_), ON) => {
            format!("The {name} flag has been set for account {account}.")
        }
        (_, value) => format!("{name} of account {account} is {value} now."),
    };
    ctx.notice(&text);
    Ok(())
}

/// What a setting is, in a word.
fn value(setting: &Setting, record: &Record) -> String {
    match setting.takes {
        Takes::Switch(key) => if record.get(key).is_some() { ON } else { OFF }.to_owned(),
        Takes::Grace(key) => record.get(key).unwrap_or(ON).to_owned(),
        Takes::Name => record.name().unwrap_or_default().to_owned(),
        Takes::Factor => if second::is_on(record) { ON } else { OFF }.to_owned(),
        Takes::Address => record.get(MAIL).unwrap_or("none").to_owned(),
    }
}

fn get(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    show(ctx, login.id, args.given(0))
}

fn saget(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let Some(account) = super::named(ctx, args[0]) else { return Ok(()) };
    show(ctx, account, args.given(1))
}

fn show(ctx: &mut Ctx<'_>, account: RecordId, setting: Option<&str>) -> Outcome {
    if let Some(name) = setting {
        let Some(setting) = named(ctx, name) else { return Ok(()) };
        super::asks(ctx, &[setting.name]);
    }
    super::read(ctx, account, shown)
}

fn shown(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let asked = super::asked(ctx);
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    let wanted = |setting: &&Setting| asked.is_empty() || *asked[0] == *setting.name;
    for setting in SETTINGS.iter().filter(wanted) {
        ctx.notice(&format!("{}: {}", setting.name, value(setting, &record)));
    }
    if asked.is_empty() {
        let name = record.name().unwrap_or_default();
        ctx.notice(&format!("End of the settings of {name}."));
    }
    Ok(())
}

/// The settings of an account that are others than usual, in a line, for whoever administers accounts.
pub(super) fn summary(record: &Record) -> String {
    let switched = SETTINGS.iter().filter(|setting| match setting.takes {
        Takes::Switch(key) | Takes::Grace(key) => record.get(key).is_some(),
        Takes::Factor => second::is_on(record),
        Takes::Name | Takes::Address => false,
    });
    let texts: Vec<String> =
        switched.map(|setting| format!("{} {}", setting.name, value(setting, record))).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::script::check;

    #[test]
    fn settings_are_in_order_and_can_be_told() {
        assert!(SETTINGS.is_sorted_by_key(|setting| setting.name));
        assert!(HELP.lines().all(|line| line.len() < 350));
    }

    #[test]
    fn owners_change_their_settings_and_operators_those_of_others() {
        check(
            r"
            servers 2
            config oper root sesame
            root@2 > OPER root sesame
            alice@1 > NS SET PRIVATE on
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS REGISTER sesame-open
            alice > NS SET PRIVATE on
            alice < :NickServ!services@services.test NOTICE alice :The PRIVATE flag has been set for account alice.
            alice > NS SET private off
            alice < :NickServ!services@services.test NOTICE alice :The PRIVATE flag has been removed for account alice.
            alice > NS SET ENFORCE 2m
            alice < :NickServ!services@services.test NOTICE alice :ENFORCE of account alice is 2m now.
            alice > NS SET ENFORCE 2h
            alice < :NickServ!services@services.test NOTICE alice :That cannot be set. Syntax: SET ENFORCE on|off|<time>
            alice > NS SET NOEXPIRE on
            alice < :NickServ!services@services.test NOTICE alice :NOEXPIRE is for operators of the network to set.
            alice > NS SET FROB on
            alice < :NickServ!services@services.test NOTICE alice :There is no such setting. HELP SET lists those that there are.
            alice > NS GET ENFORCE
            alice < :NickServ!services@services.test NOTICE alice :ENFORCE: 2m
            alice <! NOOP
            alice > NS GET
            alice < :NickServ!services@services.test NOTICE alice :ACCOUNTNAME: alice
            alice < :NickServ!services@services.test NOTICE alice :NOOP: off
            alice < :NickServ!services@services.test NOTICE alice :End of the settings of alice.
            alice > NS HELP SET
            alice < :NickServ!services@services.test NOTICE alice :NOMEMO on|off: Whether nobody may leave you memos.
            alice > NS SAGET alice
            alice < :NickServ!services@services.test NOTICE alice :Permission Denied - You're not an IRC operator with that privilege
            root > NS SASET alice NOEXPIRE on
            root < :NickServ!services@services.test NOTICE root :The NOEXPIRE flag has been set for account alice.
            root > NS SAGET alice NOEXPIRE
            root < :NickServ!services@services.test NOTICE root :NOEXPIRE: on
            root > NS SAGET nobody
            root < :NickServ!services@services.test NOTICE root :nobody is not registered.
            root > NS SASET nobody NOEXPIRE on
            root < :NickServ!services@services.test NOTICE root :nobody is not registered.
            same
            ",
        );
    }

    #[test]
    fn an_account_is_called_by_another_of_its_nicks() {
        check(
            r"
            servers 2
            account alice password=sesame nick:al=Al
            friend@2 > CAP REQ account-notify
            friend > JOIN #a
            alice@1 > JOIN #a
            alice > NS IDENTIFY alice sesame
            friend < :alice!~alice@alice.test ACCOUNT alice
            alice > NS SET ACCOUNTNAME bob
            alice < :NickServ!services@services.test NOTICE alice :That cannot be set. Syntax: SET ACCOUNTNAME <nick>
            alice > NS SET ACCOUNTNAME al
            alice < :s1.test NOTICE alice :Your account is called al from now on.
            alice < :NickServ!services@services.test NOTICE alice :ACCOUNTNAME of account al is al now.
            friend < :alice!~alice@alice.test ACCOUNT al
            same
            ",
        );
    }

    #[test]
    fn a_mail_address_is_set_by_its_owner_or_an_operator_and_audited_by_nobody_else() {
        check(
            r"
            config oper root sesame
            config accounts.email_required true
            account alice password=sesame mail=a@b.example
            root > OPER root sesame
            alice > NS IDENTIFY alice sesame
            alice > NS SET EMAIL nowhere
            alice < :NickServ!services@services.test NOTICE alice :That cannot be set. Syntax: SET EMAIL <address>|none
            alice > NS SET EMAIL none
            alice < :NickServ!services@services.test NOTICE alice :That cannot be set. Syntax: SET EMAIL <address>|none
            alice > NS SET EMAIL al@mail.example
            alice < :NickServ!services@services.test NOTICE alice :EMAIL of account alice is al@mail.example now.
            alice > NS GET EMAIL
            alice < :NickServ!services@services.test NOTICE alice :EMAIL: al@mail.example
            root > NS SASET alice EMAIL al@other.example
            root < :NickServ!services@services.test NOTICE root :EMAIL of account alice is al@other.example now.
            ",
        );
        check(
            r"
            account alice password=sesame mail=a@b.example
            alice > NS IDENTIFY alice sesame
            alice > NS SET EMAIL none
            alice < :NickServ!services@services.test NOTICE alice :EMAIL of account alice is none now.
            ",
        );
    }

    #[test]
    fn other_operators_are_not_told_the_address_that_one_sets() {
        check(
            r"
            config oper root sesame
            config oper guard sesame oper
            account alice password=sesame
            guard > OPER guard sesame
            guard > MODE guard +s +o
            root > OPER root sesame
            root > NS SASET alice EMAIL al@mail.example
            root > NS SASET alice NOOP on
            guard <~ :s1.test NOTICE guard :*sets EMAIL of the account alice
            guard <~ :s1.test NOTICE guard :*sets NOOP of the account alice to on
            guard <! al@mail.example
            root > OS LOGSEARCH SASET
            root <~ * NOTICE root :*NickServ SASET alice NOOP on
            root <~ * NOTICE root :*NickServ SASET alice EMAIL
            ",
        );
    }

    #[test]
    fn a_private_account_and_a_hidden_address_are_not_told() {
        check(
            r"
            config oper root sesame
            config oper guard sesame oper
            account alice password=sesame private=on hidemail=on mail=a@b.example
            root > OPER root sesame
            guard > OPER guard sesame
            alice > NS IDENTIFY alice sesame
            bob > NS INFO alice
            bob < :NickServ!services@services.test NOTICE bob :Information on alice:
            bob < :NickServ!services@services.test NOTICE bob :The owner keeps it private.
            bob < :NickServ!services@services.test NOTICE bob :End of information.
            bob <! Online
            guard > NS INFO alice
            guard < :NickServ!services@services.test NOTICE guard :Online as: alice
            guard < :NickServ!services@services.test NOTICE guard :End of information.
            guard <! Mail
            root > NS INFO alice
            root < :NickServ!services@services.test NOTICE root :Mail address: a@b.example
            root < :NickServ!services@services.test NOTICE root :Settings: HIDEMAIL on, PRIVATE on
            alice > NS INFO
            alice < :NickServ!services@services.test NOTICE alice :Mail address: a@b.example
            ",
        );
    }
}
