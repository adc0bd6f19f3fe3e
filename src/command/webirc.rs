//! WEBIRC (`ircv3: webirc`): a gateway says for whom it speaks.

use crate::{
    config::{Secret, Webirc},
    core::{
        ctx::{Ctx, Outcome, Reject},
        dispatch::{Command, Run},
        gateway::{self, Claim},
        policy,
        registration::HOST_MAX,
    },
    job::{Answer, Job},
    wire::{message::Args, name, tags},
};
use std::net::IpAddr;

pub const COMMANDS: &[Command] = &[Command {
    name: "WEBIRC",
    params: "<password> <gateway> <hostname> <ip> [<options>]",
    about: "Says for whom a gateway speaks, before anything else. For gateways that the server knows.",
    help: "The gateway must stand under [[webirc]] in the configuration.\nExample: WEBIRC sesame webchat host.example 192.0.2.7 :secure",
    replies: &[],
    cost: 1,
    run: Run::New(webirc),
    ..Command::USUAL
}];

fn webirc(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let caps = ctx.session().caps;
    let known = ctx.session().gateway.is_some();
    let Some(registration) = ctx.session_mut().registration() else { return Ok(()) };
    let said = registration.nick.is_some() || registration.user.is_some();
    if known || said || registration.negotiating || !caps.is_empty() {
        return Err(Reject::Quit("WEBIRC has to come first, and once".into()));
    }
    let Some(gateway) = find(ctx, args[0], args[1]) else {
        log::warn!("a WEBIRC from {:?} fits no [[webirc]]", ctx.session().from);
        return Err(Reject::Quit("Invalid WebIRC password, or not allowed from here".into()));
    };
    let Ok(ip) = args[3].parse::<IpAddr>() else {
        return Err(Reject::Quit("WEBIRC with an invalid IP address".into()));
    };
    let options = Options::read(args.iter().skip(4));
    let host = Some(args[2]).filter(|host| name::is_server_name(host) && host.len() <= HOST_MAX);
    let claim = Claim {
        gateway: gateway.name.as_str().into(),
        host: host.filter(|host| host.parse::<IpAddr>().is_err()).map(Into::into),
        ip: ip.to_canonical(),
        // ircv3: both halves of the way have to be encrypted.
        secure: options.secure && ctx.session().tls.is_some(),
        fingerprint: options.fingerprint.filter(|_| gateway.certificates),
    };
    let hash = gateway.password.filter(Secret::is_hash);
    if let Some(registration) = ctx.session_mut().registration() {
        registration.claim = Some(Box::new(claim));
    }
    match hash {
        Some(hash) => {
            let password = Secret::new(args[0]);
            ctx.defer(Job::Verify { hash: Some(hash), password }, verified);
            Ok(())
        }
        None => gateway::believe(ctx),
    }
}

/// The gateway that may connect from there with that password; one whose password is a hash fits any,
/// and is checked later. Of several, the one that has the name it gives itself.
fn find(ctx: &Ctx<'_>, password: &str, name: &str) -> Option<Webirc> {
    let session = ctx.session();
    let shown = session.tls.as_ref().and_then(|tls| tls.fingerprint.as_deref());
    let fits = |webirc: &Webirc| {
        let certified = webirc.fingerprint.as_deref().is_none_or(|wanted| shown == Some(wanted));
        let here = webirc.hosts.is_empty() || session.from.is_among(&webirc.hosts);
        let knows = webirc
            .password
            .as_ref()
            .is_none_or(|own| own.is_hash() || policy::same_secret(own.expose(), password));
        certified && here && knows
    };
    let rows = &ctx.core.config.webirc;
    let named = rows.iter().find(|webirc| webirc.name == name && fits(webirc));
    named.or_else(|| rows.iter().find(|webirc| fits(webirc))).cloned()
}

fn verified(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    match answer {
        Answer::Verified(true) => gateway::believe(ctx),
        Answer::Verified(false) => {
            log::warn!("a WEBIRC from {:?} has the wrong password", ctx.session().from);
            Err(Reject::Quit("Invalid WebIRC password, or not allowed from here".into()))
        }
        _ => Err(Reject::Quit("The server is too busy, try again later".into())),
    }
}

/// What the options say that matters here; ports and what is not known are passed over.
#[derive(Debug, Default)]
struct Options {
    secure: bool,
    fingerprint: Option<String>,
}

impl Options {
    fn read<'a>(words: impl Iterator<Item = &'a str>) -> Options {
        let mut options = Options::default();
        for option in words.flat_map(|words| words.split(' ')) {
            // ircv3: a value that an option does not have yet changes nothing.
            let (key, value) = option.split_once('=').unwrap_or((option, ""));
            match key {
                "secure" => options.secure = true,
                "certfp-sha-256" => {
                    let value = tags::unescape(value).to_ascii_lowercase();
                    let whole =
                        value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
                    options.fingerprint = whole.then_some(value);
                }
                _ => (),
            }
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_gateway_speaks_for_somebody_else() {
        check(
            r"
            config webirc chat sesame 10.0.0.0/8
            config oper root root
            raw a
            a > WEBIRC sesame kiwi home.example 192.0.2.7 :secure local-port=6697 remote-port=2
            a > CAP LS
            a > NICK al
            a > USER al 0 * :Al
            a > CAP END
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@home.example
            bob > OPER root root
            bob > WHOIS al
            bob < :s1.test 311 bob al ~al home.example * :Al
            bob < :s1.test 320 bob al :is connected by the gateway chat
            bob < :s1.test 338 bob al ~al@home.example 192.0.2.7 :Actual user@host, Actual IP
            bob < :s1.test 379 bob al :is using modes +
            ",
        );
    }

    #[test]
    fn an_address_may_stand_for_a_host_that_has_no_name() {
        check(
            r"
            config webirc chat sesame 10.0.0.0/8
            raw a
            a > WEBIRC sesame kiwi 0::1 0::1
            a > NICK al
            a > USER al 0 * :Al
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@0::1
            raw b
            b > WEBIRC sesame kiwi not..a.host 0::ffff:192.0.2.8
            b > NICK bo
            b > USER bo 0 * :Bo
            b < :s1.test 001 bo :Welcome to the Test IRC network, bo!~bo@192.0.2.8
            ",
        );
    }

    #[test]
    fn whoever_is_not_known_is_refused() {
        check(
            r"
            config webirc chat sesame 10.0.0.0/8
            config webirc far sesame 192.0.2.0/24
            config webirc hashed $argon2id$sesame 10.0.0.0/8
            raw a
            a > WEBIRC wrong kiwi 192.0.2.7 192.0.2.7
            a < ERROR :Closing link: Invalid WebIRC password, or not allowed from here
            raw b
            b > WEBIRC sesame kiwi 192.0.2.7 192.0.2.777
            b < ERROR :Closing link: WEBIRC with an invalid IP address
            raw c
            c > WEBIRC sesame chat
            c < :s1.test 461 * WEBIRC :Not enough parameters
            raw d
            d > WEBIRC $argon2id$sesame hashed 192.0.2.7 192.0.2.7
            d > NICK dd
            d > USER dd 0 * :D
            d < :s1.test 001 dd :Welcome to the Test IRC network, dd!~dd@192.0.2.7
            ",
        );
    }

    #[test]
    fn it_comes_first_and_once() {
        check(
            r"
            config webirc chat sesame 10.0.0.0/8
            raw a
            a > CAP LS 302
            a > WEBIRC sesame kiwi 192.0.2.7 192.0.2.7
            a < ERROR :Closing link: WEBIRC has to come first, and once
            raw b
            b > NICK bo
            b > WEBIRC sesame kiwi 192.0.2.7 192.0.2.7
            b < ERROR :Closing link: WEBIRC has to come first, and once
            raw c
            c > WEBIRC sesame kiwi 192.0.2.7 192.0.2.7
            c > WEBIRC sesame kiwi 192.0.2.8 192.0.2.8
            c < ERROR :Closing link: WEBIRC has to come first, and once
            dan > WEBIRC sesame kiwi 192.0.2.7 192.0.2.7
            dan < :s1.test 462 dan :You may not reregister
            ",
        );
    }

    #[test]
    fn those_it_speaks_for_count_by_their_own_address() {
        check(
            r"
            config webirc chat sesame 10.0.0.0/8
            config limits.clients_per_address 1
            raw a
            a > WEBIRC sesame kiwi 192.0.2.7 192.0.2.7
            raw b
            b > WEBIRC sesame kiwi 192.0.2.8 192.0.2.8
            raw c
            c > WEBIRC sesame kiwi 192.0.2.7 192.0.2.7
            c < ERROR :Closing link: too many connections from your address
            a > QUIT
            raw d
            d > WEBIRC sesame kiwi 192.0.2.7 192.0.2.7
            d > NICK dd
            d > USER dd 0 * :D
            d < :s1.test 001 dd :Welcome to the Test IRC network, dd!~dd@192.0.2.7
            ",
        );
    }
}
