//! STATS (RFC 2812 §3.4.4).

use crate::{
    core::{
        Core, bans, class,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        policy,
        question::Asks,
        registration, snotice,
    },
    network::{UserId, ban::KINDS},
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "STATS",
    params: "[<letter> [<server>]]",
    about: "Shows numbers of the server.",
    help: "u: how long it has been up. p: the operators online. For operators who may see everything: b the server bans, l the connections, n the blocklists and how they do, o who may become an operator, m what is counted, s how the database does, y the classes of connections.\nExample: STATS u",
    replies: &[
        reply::STATS_LINK_INFO,
        reply::STATS_K_LINE,
        reply::STATS_Y_LINE,
        reply::STATS_UPTIME,
        reply::STATS_O_LINE,
        reply::STATS_DEBUG,
        reply::END_OF_STATS,
        reply::NO_SUCH_SERVER,
    ],
    cost: 4,
    run: Run::User(stats),
    asks: Asks::At(1),
    ..Command::USUAL
}];

/// The most rows that are shown at once.
const SHOWN_MAX: usize = 500;

fn stats(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let letter = args.given(0).and_then(|text| text.chars().next()).unwrap_or('*');
    let text = |core: &Core| format!("STATS {letter} asked for by {}", core.network().mask(user));
    snotice::here(ctx.core, ctx.fx, 't', text, ctx.now);
    let rows = match letter.to_ascii_lowercase() {
        'u' => vec![uptime(ctx)],
        'p' => operators(ctx, user),
        'b' | 'k' | 'g' | 'd' | 'z' | 'l' | 'n' | 'o' | 'm' | 's' | 'y' => {
            if !ctx.may(user, Priv::See) {
                return Err(reply::no_privileges().into());
            }
            match letter.to_ascii_lowercase() {
                'l' => connections(ctx),
                'n' => blocklists(ctx),
                'o' => opers(ctx),
                'm' => counted(ctx),
                's' => stored(ctx),
                'y' => classes(ctx),
                _ => server_bans(ctx),
            }
        }
        _ => vec![reply::stats_debug("HELP STATS tells which letters there are")],
    };
    let more = rows.len() > SHOWN_MAX;
    for row in rows.into_iter().take(SHOWN_MAX) {
        ctx.reply(row);
    }
    if more {
        ctx.reply(reply::stats_debug("There are more; the rest is not shown"));
    }
    ctx.reply(reply::end_of_stats(letter));
    Ok(())
}

fn uptime(ctx: &Ctx<'_>) -> reply::Reply {
    let up = ctx.now.wall.secs().saturating_sub(ctx.core.started.secs());
    reply::stats_uptime(up / 86_400, up / 3600 % 24, up / 60 % 60, up % 60)
}

fn operators(ctx: &Ctx<'_>, asker: UserId) -> Vec<reply::Reply> {
    let users = ctx.network().users();
    let opers = users.filter(|(user, _)| policy::sees_oper(ctx, asker, *user));
    let row = |user: &crate::network::User| {
        format!("{} ({})", user.mask(), user.class.as_deref().unwrap_or("*"))
    };
    opers.map(|(_, user)| reply::stats_debug(&row(user))).collect()
}

fn connections(ctx: &Ctx<'_>) -> Vec<reply::Reply> {
    let mut rows = Vec::new();
    let sessions = ctx.core.sessions.iter();
    let sessions = sessions.filter(|(conn, _)| !ctx.core.guests.has(*conn));
    for (_, session) in sessions.take(SHOWN_MAX + 1) {
        let address = registration::origin_text(session.from);
        let user = session.user();
        let nick = user.map_or_else(|| "*".to_owned(), |user| ctx.whois(user).nick().to_string());
        let silent = ctx.now.mono.since(session.heard).as_secs();
        rows.push(reply::stats_link_info(&nick, &address, silent));
    }
    rows
}

fn blocklists(ctx: &Ctx<'_>) -> Vec<reply::Reply> {
    let row = |list: &crate::config::Dnsbl| {
        let health = ctx.core.blocklists.health(&list.name);
        // A web address may hold a key.
        let place = list.zone.as_deref().unwrap_or("by HTTP");
        let rest =
            health.rest(ctx.now.mono).map(|rest| format!(", rests for {} s", rest.as_secs()));
        reply::stats_debug(&format!(
            "{} ({place}) {}: {} asked, {} remembered, {} listed, {} failed{}",
            list.name,
            list.action,
            health.asked,
            health.remembered,
            health.hits,
            health.failed,
            rest.unwrap_or_default()
        ))
    };
    ctx.core.config.dnsbl.iter().map(row).collect()
}

fn opers(ctx: &Ctx<'_>) -> Vec<reply::Reply> {
    let row = |oper: &crate::config::Oper| {
        let masks = if oper.masks.is_empty() { "*@*".to_owned() } else { oper.masks.join(",") };
        reply::stats_o_line(&masks, &oper.name, &oper.class)
    };
    ctx.core.config.oper.iter().map(row).collect()
}

fn classes(ctx: &Ctx<'_>) -> Vec<reply::Reply> {
    let core = &ctx.core;
    let row = |id| {
        let terms = class::terms(&core.config, id);
        let most = terms.clients().unwrap_or(terms.limits.clients);
        let rest = format!(
            "{} of {most} connections; at most {} from an address, {} from a network{}",
            core.classes.count(id),
            terms.clients_per_address(),
            terms.clients_per_network(),
            if terms.exempt() { "; exempt from these" } else { "" }
        );
        let (ping, connect) = (terms.ping_interval(), terms.connect_interval());
        let (ping, connect) = (ping.as_secs(), connect.as_secs());
        reply::stats_y_line(terms.name(), ping, connect, terms.send_queue(), &rest)
    };
    class::all(&core.config).map(row).collect()
}

fn stored(ctx: &Ctx<'_>) -> Vec<reply::Reply> {
    let metrics = &ctx.core.metrics;
    let (cached, asked) = (metrics.look_ups_cached, metrics.look_ups.count());
    let longest = metrics.look_ups.longest().as_millis();
    let mut rows = ctx.core.breaker.state();
    rows.push(format!(
        "{} look-ups, {cached} of them from memory; the longest of the others took {longest} ms",
        cached + asked
    ));
    rows.iter().map(|row| reply::stats_debug(row)).collect()
}

fn counted(ctx: &Ctx<'_>) -> Vec<reply::Reply> {
    let text = ctx.core.metrics.render();
    text.lines().filter(|line| !line.starts_with('#')).map(reply::stats_debug).collect()
}

fn server_bans(ctx: &Ctx<'_>) -> Vec<reply::Reply> {
    let mut rows = Vec::new();
    for kind in KINDS {
        for (ban, terms) in ctx.network().bans().of_kind(kind.kind).take(SHOWN_MAX + 1) {
            let until = bans::until(terms).trim().replace(' ', "_");
            let reason = bans::whole_reason(terms);
            rows.push(reply::stats_k_line(kind.name, &ban.key.mask, &until, &reason));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn everybody_may_ask_how_long_it_has_been_up() {
        check(
            r"
            alice > PING x
            wait 65
            alice > STATS u
            alice <~ :s1.test 242 alice :Server Up 0 days 0:01:0*
            alice < :s1.test 219 alice u :End of /STATS report
            alice > STATS
            alice < :s1.test 219 alice * :End of /STATS report
            alice > STATS l
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > STATS u nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }

    #[test]
    fn operators_see_more() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            bob   > STATS p
            bob   < :s1.test 249 bob :alice!~alice@alice.test (admin)
            bob   < :s1.test 219 bob p :End of /STATS report
            alice > MODE alice +H
            bob   > STATS p
            bob   <! 249
            bob   < :s1.test 219 bob p :End of /STATS report
            alice > STATS p
            alice < :s1.test 249 alice :alice!~alice@alice.test (admin)
            alice > MODE alice -H
            alice > STATS l
            alice < :s1.test 211 alice alice 10.0.0.1 0
            alice < :s1.test 211 alice bob 10.0.0.2 0
            alice > STATS o
            alice < :s1.test 243 alice O *@* * root admin
            alice > STATS m
            alice <~ :s1.test 249 alice :slircd_lines_received_total *
            alice > GLINE *@*.bad.example :go away
            alice > STATS b
            alice <~ :s1.test 216 alice G-line *@*.bad.example * :go away
            alice < :s1.test 219 alice b :End of /STATS report
            ",
        );
    }

    #[test]
    fn who_knows_no_letter_is_told_where_they_stand() {
        check(
            r"
            alice > STATS
            alice < :s1.test 249 alice :HELP STATS tells which letters there are
            alice < :s1.test 219 alice * :End of /STATS report
            ",
        );
    }
}
