//! REPUTATION: how an address stands with this server.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        welcome,
    },
    network::UserId,
    wire::{message::Args, reply},
};
use std::net::IpAddr;

pub const COMMANDS: &[Command] = &[Command {
    name: "REPUTATION",
    params: "[<nick or address>]",
    about: "Shows for how long people have been on this server from an address.",
    help: "An address (of IPv6, a /64) earns a point for every five minutes in which somebody is here from it, two if they are logged in. It is forgotten when nobody comes from it for as many hours as it has points. From `trusted` points on ([reputation] in the configuration) no blocklist is asked about it, and it may connect as often as it likes. Without an address, tells how many are known.",
    replies: &[reply::NO_SUCH_NICK],
    cost: 1,
    run: Run::Oper(Priv::See, reputation),
    ..Command::USUAL
}];

fn reputation(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let config = &ctx.core.config.reputation;
    if !config.enabled {
        ctx.notice("Reputation is not kept here (reputation.enabled).");
        return Ok(());
    }
    let Some(target) = args.given(0) else {
        let all = || ctx.core.reputation.all().map(|(address, _)| address);
        let trusted = |address: &IpAddr| ctx.core.reputation.is_trusted(*address, config);
        let (known, trusted) = (all().count(), all().filter(trusted).count());
        ctx.notice(&format!("{known} addresses are known here, {trusted} of them are trusted."));
        return Ok(());
    };
    let address = match target.parse::<IpAddr>() {
        Ok(address) => Some(address.to_canonical()),
        Err(_) => ctx.user(target).map(|user| ctx.whois(user).address)?,
    };
    let score = address.and_then(|address| ctx.core.reputation.of(address));
    let text = match (score, address) {
        (_, None) => format!("{target} has no address."),
        (None, Some(address)) => format!("{address} has no points on this server."),
        (Some(score), Some(address)) => {
            let trusted = ctx.core.reputation.is_trusted(address, config);
            let trusted = if trusted { " It is trusted." } else { "" };
            let (points, seen) = (score.points, welcome::date_text(score.seen));
            format!("{address} has {points} points on this server, earned last at {seen}.{trusted}")
        }
    };
    ctx.notice(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_address_earns_points_while_somebody_is_here() {
        check(
            r"
            servers 2
            config oper root sesame
            config limits.ping_interval 80000
            config reputation.trusted 3
            root@1 > OPER root sesame
            alice@1 > PING x
            bob@2 > PING x
            root > REPUTATION alice
            root < :s1.test NOTICE root :10.0.0.2 has no points on this server.
            wait 590
            root > REPUTATION alice
            root <~ :s1.test NOTICE root :10.0.0.2 has 1 points on this server, earned last at *.
            root > WHOIS alice
            root < :s1.test 320 root alice :has a reputation of 1 here by the address
            wait 600
            root > REPUTATION 10.0.0.2
            root <~ :s1.test NOTICE root :10.0.0.2 has 3 points on this server, earned last at *. It is trusted.
            root > REPUTATION bob
            root < :s1.test NOTICE root :10.0.0.3 has no points on this server.
            root > REPUTATION
            root < :s1.test NOTICE root :2 addresses are known here, 2 of them are trusted.
            alice > WHOIS alice
            alice < :s1.test 318 alice alice :End of /WHOIS list
            alice <! reputation
            ",
        );
    }

    #[test]
    fn points_outlive_the_server_and_not_their_time() {
        check(
            r"
            servers 2
            config oper root sesame
            config limits.ping_interval 80000
            alice@1 > PING x
            root@2 > OPER root sesame
            wait 920
            stop 1
            start 1
            heal
            eve@1 > OPER root sesame
            eve > REPUTATION 10.0.0.1
            eve <~ :s1.test NOTICE eve :10.0.0.1 has 3 points on this server, earned last at *.
            wait 10900
            eve > REPUTATION 10.0.0.1
            eve < :s1.test NOTICE eve :10.0.0.1 has no points on this server.
            crash 1
            start 1
            heal
            dave@1 > OPER root sesame
            dave > REPUTATION 10.0.0.1
            dave < :s1.test NOTICE dave :10.0.0.1 has no points on this server.
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            config oper root sesame
            alice > REPUTATION
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > OPER root sesame
            alice > REPUTATION nobody
            alice < :s1.test 401 alice nobody :No such nick/channel
            ",
        );
        check(
            r"
            config oper root sesame
            config reputation.enabled false
            alice > OPER root sesame
            alice > REPUTATION
            alice < :s1.test NOTICE alice :Reputation is not kept here (reputation.enabled).
            ",
        );
    }

    #[test]
    fn no_list_is_asked_about_a_trusted_address() {
        check(
            r"
            config oper root sesame
            config limits.ping_interval 80000
            config reputation.trusted 1
            config dnsbl bl.test mark
            config webirc chat sesame 10.0.0.0/8
            root > OPER root sesame
            raw a
            a > WEBIRC sesame kiwi home.example 192.0.2.7
            a > NICK al
            a > USER al 0 * :Al
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@home.example
            wait 7200
            raw b
            b > WEBIRC sesame kiwi home.example 192.0.2.7
            root > STATS n
            root < :s1.test 249 root :bl.test (bl.test) mark: 1 asked, 0 remembered, 0 listed, 0 failed
            ",
        );
    }
}
