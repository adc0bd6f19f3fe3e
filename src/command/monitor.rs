//! MONITOR (`ircv3: monitor`).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        metadata,
    },
    network::UserId,
    wire::{message::Args, name::Nick, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "MONITOR",
    params: "<subcommand> [<nick>{,<nick>}]",
    about: "Tells when users come and go.",
    help: "MONITOR + and - add and remove nicks, C removes all, L lists them, S shows who of them is online.\nExample: MONITOR + bob,carol",
    replies: &[
        reply::MON_ONLINE,
        reply::MON_OFFLINE,
        reply::MON_LIST,
        reply::END_OF_MON_LIST,
        reply::MON_LIST_FULL,
        reply::METADATA_SYNC_LATER,
    ],
    cost: 2,
    run: Run::User(monitor),
    ..Command::USUAL
}];

/// The most bytes of nicks or masks on a line.
const LINE: usize = 380;

fn monitor(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    match args[0].to_ascii_uppercase().as_str() {
        "+" => add(ctx, &args),
        "-" => {
            for nick in nicks(ctx, &args) {
                ctx.session_mut().monitor.retain(|known| *known != nick);
                let conn = ctx.conn;
                ctx.core.monitor.remove(&nick, conn);
            }
        }
        "C" => {
            let conn = ctx.conn;
            for nick in std::mem::take(&mut ctx.session_mut().monitor) {
                ctx.core.monitor.remove(&nick, conn);
            }
        }
        "L" => {
            let known: Vec<String> = ctx.session().monitor.iter().map(Nick::to_string).collect();
            lines(ctx, &known, reply::mon_list);
            ctx.reply(reply::end_of_mon_list());
        }
        "S" => {
            let known = ctx.session().monitor.clone();
            show(ctx, &known);
        }
        _ => return Err(reply::need_more_params("MONITOR").into()),
    }
    Ok(())
}

fn add(ctx: &mut Ctx<'_>, args: &Args<'_>) {
    let most = ctx.core.config.limits.monitor;
    let (mut added, mut refused) = (Vec::new(), Vec::new());
    for nick in nicks(ctx, args) {
        let known = &ctx.session().monitor;
        if known.contains(&nick) {
            continue;
        }
        if known.len() >= most {
            refused.push(nick.to_string());
            continue;
        }
        let conn = ctx.conn;
        ctx.core.monitor.add(&nick, conn);
        ctx.session_mut().monitor.push(nick.clone());
        added.push(nick);
    }
    show(ctx, &added);
    introduce(ctx, &added);
    if !refused.is_empty() {
        lines(ctx, &refused, |nicks| reply::mon_list_full(most, nicks));
    }
}

/// Tells what those who are online have set of the metadata keys that are wanted; of many, that it can be
/// asked for (`ircv3: metadata`).
fn introduce(ctx: &mut Ctx<'_>, nicks: &[Nick]) {
    if !metadata::hears(ctx.session()) || ctx.session().keys.is_empty() {
        return;
    }
    let online = nicks.iter().filter_map(|nick| ctx.network().nick(nick));
    let online: Vec<UserId> = online.filter(|user| !ctx.whois(*user).metadata.is_empty()).collect();
    for (place, user) in online.into_iter().enumerate() {
        if place < INTRODUCED_MAX {
            metadata::introduce(ctx.core, ctx.fx, user, [ctx.conn], ctx.now);
        } else {
            let nick = ctx.whois(user).nick().to_string();
            ctx.reply(reply::metadata_sync_later(&nick));
        }
    }
}

/// How many users' metadata is told at once.
const INTRODUCED_MAX: usize = 32;

/// The nicks that were named; what can be nobody's nick is passed over.
fn nicks(ctx: &Ctx<'_>, args: &Args<'_>) -> Vec<Nick> {
    let casemap = ctx.network().casemap();
    args.list(1).filter_map(|nick| Nick::lookup(nick, casemap)).collect()
}

/// Shows which of them are online.
fn show(ctx: &mut Ctx<'_>, nicks: &[Nick]) {
    let (mut online, mut offline) = (Vec::new(), Vec::new());
    for nick in nicks {
        match ctx.network().nick(nick) {
            Some(user) => online.push(ctx.whois(user).mask()),
            None => offline.push(nick.to_string()),
        }
    }
    lines(ctx, &online, reply::mon_online);
    lines(ctx, &offline, reply::mon_offline);
}

/// Lists texts with commas, on as many lines as they need.
fn lines(ctx: &mut Ctx<'_>, texts: &[String], line: impl Fn(&str) -> reply::Reply) {
    let mut list = String::new();
    for text in texts {
        if !list.is_empty() && list.len() + 1 + text.len() > LINE {
            ctx.reply(line(&list));
            list.clear();
        }
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(text);
    }
    if !list.is_empty() {
        ctx.reply(line(&list));
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn those_who_come_and_go_are_told_of() {
        check(
            r"
            alice > PING x
            bob   > MONITOR + Alice,carol,#no
            bob   < :s1.test 730 bob :alice!~alice@alice.test
            bob   < :s1.test 731 bob :carol
            carol > PING x
            bob   < :s1.test 730 bob :carol!~carol@carol.test
            carol > NICK dora
            bob   < :s1.test 731 bob :carol
            alice > NICK carol
            bob   < :s1.test 731 bob :alice
            bob   < :s1.test 730 bob :carol!~alice@alice.test
            alice > NICK CAROL
            alice > QUIT
            bob   <! 730
            bob   < :s1.test 731 bob :CAROL
            ",
        );
    }

    #[test]
    fn nobody_is_told_that_they_are_gone_themselves() {
        check(
            r"
            config oper root sesame
            root  > OPER root sesame
            alice > MONITOR + alice
            bob   > MONITOR + alice
            root  > KILL alice :enough
            bob   < :s1.test 731 bob :alice
            alice <! 731
            alice <~ ERROR *
            ",
        );
    }

    #[test]
    fn the_list_is_kept_shown_and_bounded() {
        check(
            r"
            config limits.monitor 2
            alice > MONITOR + a,b,B,c,d
            alice < :s1.test 731 alice :a,b
            alice < :s1.test 734 alice 2 c,d :Monitor list is full
            alice > MONITOR L
            alice < :s1.test 732 alice :a,b
            alice < :s1.test 733 alice :End of MONITOR list
            alice > MONITOR - A,x
            alice > MONITOR + alice
            alice < :s1.test 730 alice :alice!~alice@alice.test
            alice > MONITOR S
            alice < :s1.test 730 alice :alice!~alice@alice.test
            alice < :s1.test 731 alice :b
            alice > MONITOR c
            alice > MONITOR l
            alice < :s1.test 733 alice :End of MONITOR list
            alice <! 732
            alice > MONITOR x
            alice < :s1.test 461 alice MONITOR :Not enough parameters
            alice > MONITOR
            alice < :s1.test 461 alice MONITOR :Not enough parameters
            ",
        );
    }

    #[test]
    fn a_list_that_is_long_comes_on_several_lines() {
        let nicks: Vec<String> = (0..60).map(|number| format!("nick{number:04}")).collect();
        let script = format!(
            "alice > MONITOR + {}\nalice <~ :s1.test 731 alice :nick0000,*,nick0041\n\
             alice <~ :s1.test 731 alice :nick0042,*,nick0049\nalice > MONITOR L\n\
             alice <~ :s1.test 732 alice :nick0000,*,nick0041\nalice <~ :s1.test 732 alice :nick0042,*",
            nicks[..50].join(",")
        );
        check(&script);
        let script = format!(
            "config limits.monitor 0\nalice > MONITOR + {}\n\
             alice <~ :s1.test 734 alice 0 nick0000,*,nick0041 :Monitor list is full\n\
             alice <~ :s1.test 734 alice 0 nick0042,*,nick0049 :Monitor list is full",
            nicks[..50].join(",")
        );
        check(&script);
    }

    #[test]
    fn what_the_monitored_tell_of_themselves_is_told_when_they_come() {
        check(
            r"
            bob   > CAP REQ draft/metadata-3
            bob   > METADATA * SUB url
            bob   > MONITOR + alice
            bob   < :s1.test 731 bob :alice
            carol > METADATA * SET url one
            carol > NICK alice
            bob   < :s1.test 730 bob :alice!~carol@carol.test
            bob   < :s1.test 761 bob alice url * :one
            bob   > MONITOR - alice
            carol > METADATA * SET url two
            bob   > PING x
            bob   <! two
            ",
        );
        let mut script = String::new();
        for number in 0..33 {
            script += &format!("u{number:02} > METADATA * SET url {number}\n");
        }
        let nicks: Vec<String> = (0..33).map(|number| format!("u{number:02}")).collect();
        script += "bob > CAP REQ draft/metadata-3\nbob > METADATA * SUB url\n";
        script += &format!("bob > MONITOR + {}\n", nicks.join(","));
        script += "bob < :s1.test 761 bob u31 url * :31\nbob < :s1.test 774 bob u32\n";
        check(&script);
    }

    #[test]
    fn a_split_shows_as_going_and_coming() {
        check(
            r"
            servers 2
            alice@1 > MONITOR + bob
            alice < :s1.test 731 alice :bob
            bob@2   > PING x
            alice < :s1.test 730 alice :bob!~bob@bob.test
            split 1 | 2
            wait 61
            alice < :s1.test 731 alice :bob
            heal
            alice < :s1.test 730 alice :bob!~bob@bob.test
            ",
        );
    }

    #[test]
    fn changes_are_told_once_to_those_who_asked_for_them() {
        check(
            r"
            bob   > CAP REQ :extended-monitor away-notify setname chghost
            alice > JOIN #a
            bob   > MONITOR + alice
            alice > AWAY :lunch
            bob   < :alice!~alice@alice.test AWAY :lunch
            alice > CAP REQ setname
            alice > SETNAME :Al
            bob   < :alice!~alice@alice.test SETNAME :Al
            alice > MODE alice +x
            bob   <~ :alice!~alice@alice.test CHGHOST ~alice *.ip
            alice > MODE alice -x
            bob   <~ :alice!~alice@*.ip CHGHOST ~alice alice.test
            bob   > JOIN #a
            alice > AWAY
            bob   < :alice!~alice@alice.test AWAY
            bob   > PING x
            bob   <! AWAY
            bob   > CAP REQ :-extended-monitor
            bob   > PART #a
            alice > AWAY :again
            bob   > PING x
            bob   <! AWAY
            ",
        );
    }
}
