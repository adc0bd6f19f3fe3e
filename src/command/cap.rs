//! CAP (`ircv3: capability-negotiation`).

use crate::{
    command::starttls,
    core::{
        account, capability,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        registration,
    },
    wire::{
        cap::{self, Cap},
        message::Message,
        reply,
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "CAP",
    params: "<subcommand> [<capabilities>]",
    about: "Negotiates capabilities: LS, LIST, REQ, END.",
    help: "Clients do this by themselves, before NICK and USER.\nExample: CAP REQ :server-time away-notify",
    replies: &[reply::INVALID_CAP_CMD],
    cost: 1,
    run: Run::Any(cap),
    ..Command::USUAL
}];

/// The most bytes of capabilities on a line.
const LINE: usize = 400;

fn cap(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    let argument = message.args.get(1).unwrap_or_default();
    match message.args[0].to_ascii_uppercase().as_str() {
        "LS" => {
            negotiate(ctx, true);
            let version = argument.parse().unwrap_or(0);
            let session = ctx.session_mut();
            session.cap_version = session.cap_version.max(version);
            if version >= 302 {
                // ircv3: whoever speaks 302 hears of changes.
                session.caps = session.caps.or(cap::CAP_NOTIFY);
            }
            let names = cap::ALL.iter().filter_map(|cap| shown(ctx, cap)).collect();
            list(ctx, "LS", names);
        }
        "LIST" => {
            let caps = ctx.session().caps;
            let held = cap::ALL.iter().filter(|cap| caps.contains(cap.set));
            let names = held.map(|cap| cap.name.to_owned()).collect();
            list(ctx, "LIST", names);
        }
        "REQ" => {
            negotiate(ctx, true);
            request(ctx, argument);
        }
        "END" => {
            negotiate(ctx, false);
            return registration::progress(ctx);
        }
        _ => return Err(reply::invalid_cap_cmd(message.args[0]).into()),
    }
    Ok(())
}

/// A capability as this session is shown it, if it is; those who speak 302 are told its value.
fn shown(ctx: &Ctx<'_>, cap: &Cap) -> Option<String> {
    let (session, config) = (ctx.session(), &ctx.core.config);
    let speaks_302 = session.cap_version >= 302;
    let limits = &config.limits;
    let value = match cap.set {
        cap::METADATA_2 | cap::METADATA_3 => Some(format!(
            "before-connect,max-subs={},max-keys={},max-value-bytes={}",
            limits.metadata_subs, limits.metadata_keys, limits.metadata_value
        )),
        cap::MULTILINE => Some(format!(
            "max-bytes={},max-lines={}",
            limits.multiline_bytes, limits.multiline_lines
        )),
        cap::RELAYMSG if config.relaymsg.enabled => Some(config.relaymsg.separators.clone()),
        cap::STS if speaks_302 => Some(ctx.core.sts.value(session, ctx.core)?.to_string()),
        cap::ACCOUNT_2FA => Some(capability::factors(&ctx.core.offer())?),
        cap::ACCOUNT_REGISTRATION => Some(account::registration(config, session)?),
        cap::SASL => Some(capability::sasl(&ctx.core.offer(), session)?),
        cap::TLS if starttls::is_offered(ctx) => None,
        _ if cap.offered => None,
        _ => return None,
    };
    Some(match value.filter(|value| speaks_302 && !value.is_empty()) {
        Some(value) => format!("{}={value}", cap.name),
        None => cap.name.to_owned(),
    })
}

/// A capability that this session may ask for.
fn find(ctx: &Ctx<'_>, name: &str) -> Option<&'static Cap> {
    let known = cap::ALL.iter().find(|cap| cap.name == name)?;
    // ircv3: STS is told, never asked for.
    (known.set != cap::STS && shown(ctx, known).is_some()).then_some(known)
}

fn negotiate(ctx: &mut Ctx<'_>, on: bool) {
    if let Some(registration) = ctx.session_mut().registration() {
        registration.negotiating = on;
    }
}

fn request(ctx: &mut Ctx<'_>, asked: &str) {
    let mut caps = ctx.session().caps;
    let speaks_302 = ctx.session().cap_version >= 302;
    let known = asked.split_ascii_whitespace().all(|word| {
        let (name, off) = word.strip_prefix('-').map_or((word, false), |name| (name, true));
        let Some(cap) = find(ctx, name) else { return false };
        caps = if off { caps.without(cap.set) } else { caps.or(cap.set) };
        // ircv3: cap-notify cannot be given up by whoever speaks 302.
        !(off && speaks_302 && cap.set == cap::CAP_NOTIFY)
    });
    let target = crate::core::render::addressee(ctx.core, ctx.conn).to_owned();
    // What fills a line of the client's may take two of the server's. All are in the old way.
    let words = asked.split_ascii_whitespace().map(str::to_owned).collect();
    for text in joined(words) {
        ctx.line("CAP", &[&target, if known { "ACK" } else { "NAK" }], Some(&text));
    }
    if known {
        ctx.session_mut().caps = caps;
    }
}

/// A list of capabilities, on several lines for those who speak 302; for others what fits on one.
fn list(ctx: &mut Ctx<'_>, subcommand: &str, names: Vec<String>) {
    let target = crate::core::render::addressee(ctx.core, ctx.conn).to_owned();
    let several = ctx.session().cap_version >= 302;
    let names = if several { names } else { fitting(names) };
    let mut texts = joined(names);
    let last = texts.pop().unwrap_or_default();
    for text in texts {
        ctx.line("CAP", &[&target, subcommand, "*"], Some(&text));
    }
    ctx.line("CAP", &[&target, subcommand], Some(&last));
}

/// The texts of as many lines as names take; at least one.
fn joined(names: Vec<String>) -> Vec<String> {
    let mut texts = vec![String::new()];
    for name in names {
        match texts.last_mut() {
            Some(text) if text.is_empty() => text.push_str(&name),
            Some(text) if text.len() + 1 + name.len() <= LINE => {
                text.push(' ');
                text.push_str(&name);
            }
            Some(_) | None => texts.push(name),
        }
    }
    texts
}

/// The names that fit on one line, those of drafts only if there is room left.
fn fitting(mut names: Vec<String>) -> Vec<String> {
    names.sort_by_key(|name| name.contains('/'));
    let mut length = 0;
    names.retain(|name| {
        let fits = length + 1 + name.len() <= LINE;
        length += if fits { 1 + name.len() } else { 0 };
        fits
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::script::check;

    #[test]
    fn transport_security_is_told_and_not_asked_for() {
        check(
            r"
            config sts.port 6690
            raw a
            a > CAP LS
            a <! sts
            a > CAP LS 302
            a <~ :s1.test CAP * LS :* sts=port=6690 userhost-in-names
            a > CAP REQ sts
            a < :s1.test CAP * NAK :sts
            a > CAP REQ tls
            a < :s1.test CAP * NAK :tls
            ",
        );
    }

    #[test]
    fn who_has_to_come_back_by_tls_is_told_where() {
        check(
            r"
            config sts.port 6690
            config listen.sts_only true
            raw a
            a > CAP LS 302
            a <~ :s1.test CAP * LS :* sts=port=6690 userhost-in-names
            a > NICK al
            a > USER al 0 * :Al
            a < ERROR :Closing link: this server is for encrypted connections; set your client to use TLS (SSL) on port 6690
            ",
        );
    }

    #[test]
    fn who_knows_but_one_line_gets_what_fits_on_it() {
        let long = "x".repeat(LINE - 10);
        let fitting = |names: &[&str]| fitting(names.iter().map(|name| (*name).into()).collect());
        assert_eq!(fitting(&["a/draft", "batch", &long, "sasl"]), ["batch", &long]);
        assert_eq!(fitting(&["a/draft", "batch"]), ["batch", "a/draft"]);
    }

    #[test]
    fn of_one_capability_the_last_word_counts() {
        check(
            r"
            a > CAP REQ :batch -batch batch setname -setname
            a < :s1.test CAP a ACK :batch -batch batch setname -setname
            a > CAP LIST
            a < :s1.test CAP a LIST :batch
            ",
        );
    }

    #[test]
    fn negotiation_holds_registration_until_it_ends() {
        check(
            r"
            raw a
            a > CAP LS 302
            a <~ :s1.test CAP * LS * :account-notify account-tag away-notify batch cap-notify chghost draft/account-2fa=totp draft/account-registration=before-connect draft/channel-rename draft/extended-isupport draft/message-redaction draft/metadata-2=*
            a <~ :s1.test CAP * LS :* userhost-in-names
            a > NICK al
            a > USER al 0 * :Al
            a > CAP REQ :batch nonsense
            a < :s1.test CAP al NAK :batch nonsense
            a > CAP REQ :batch multi-prefix
            a < :s1.test CAP al ACK :batch multi-prefix
            a > CAP LIST
            a < :s1.test CAP al LIST :batch cap-notify multi-prefix
            a <! 001
            a > CAP REQ -cap-notify
            a < :s1.test CAP al NAK :-cap-notify
            a > CAP NONSENSE
            a < :s1.test 410 al NONSENSE :Invalid CAP command
            a > CAP END
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            a > CAP REQ -batch
            a < :s1.test CAP al ACK :-batch
            ",
        );
    }

    #[test]
    fn a_long_answer_is_whole() {
        let asked = "multi-prefix ".repeat(38);
        let [first, rest] = [30, 8].map(|times| "multi-prefix ".repeat(times));
        check(&format!(
            "a > CAP REQ :{asked}\n\
             a < :s1.test CAP a ACK :{}\n\
             a < :s1.test CAP a ACK :{}",
            first.trim(),
            rest.trim()
        ));
    }
}
