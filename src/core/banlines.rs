//! Setting, lifting and listing server bans: what KLINE, GLINE, DLINE, ZLINE, RLINE, SHUN, UBAN, their removals and OperServ have in common.

use super::{
    bans,
    ctx::{Ctx, Outcome},
    welcome,
};
use crate::{
    network::{
        UserId,
        ban::{Key, Kind, Looks, Terms, pattern},
        crdt::Source,
        op::Op,
    },
    time::parse_span,
    wire::{encode, message::Args, reply},
};
use std::time::Duration;

/// What HELP says of every kind, and an example of one.
macro_rules! help {
    ($example:literal) => {
        concat!(
            "The duration is written as 90m, 2h, 1d12h or 2w; a bare number before the mask means minutes, after it seconds. Without one, or with 0, the ban holds until it is lifted. What stands after a | in the reason is for operators only. Without a mask, or with LIST, the bans of this kind are listed.",
            "\nExample: ",
            $example
        )
    };
}
pub(crate) use help;

/// The least that a mask must say: characters that are no wildcards.
pub const SUBSTANCE_MIN: usize = 3;

/// The least bits of a range that may be banned, IPv4 and IPv6.
const BITS_MIN: (u8, u8) = (8, 19);

/// The longest mask.
const MASK_MAX: usize = 200;

/// The most bans that one list shows; there may be a hundred thousand.
const SHOWN_MAX: usize = 500;

/// What is to be banned, for how long, and why.
struct Wish<'a> {
    mask: &'a str,
    span: Option<Duration>,
    reason: String,
    soft: bool,
}

/// Sets a ban, or lists those of its kind: `[<duration>] [<mask> [<duration>] [<reason>]]`.
pub fn line(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>, kind: Kind) -> Outcome {
    let words: Vec<&str> = args.iter().collect();
    words_of_line(ctx, user, &words, kind)
}

/// The same in the dialect of services: `ADD [+<duration>] <mask> [<reason>]`, `DEL <mask>`, `LIST`.
pub fn edit(ctx: &mut Ctx<'_>, user: UserId, (verb, rest): (&str, &[&str]), kind: Kind) -> Outcome {
    match (verb, rest) {
        ("ADD", [first, rest @ ..]) => {
            let words: Vec<&str> =
                [first.trim_start_matches('+')].into_iter().chain(rest.iter().copied()).collect();
            words_of_line(ctx, user, &words, kind)
        }
        ("DEL", [mask, ..]) => lift(ctx, user, kind, mask),
        ("LIST" | "VIEW", _) => show(ctx, kind),
        (_, _) => say(ctx, "It takes ADD [+<duration>] <mask> <reason>, DEL <mask>, or LIST."),
    }
}

fn words_of_line(ctx: &mut Ctx<'_>, user: UserId, words: &[&str], kind: Kind) -> Outcome {
    let list = words.first().is_none_or(|word| word.eq_ignore_ascii_case("LIST"));
    if list {
        return show(ctx, kind);
    }
    let (span, rest) = match words {
        [first, rest @ ..] if !rest.is_empty() => match span(first, 60) {
            Some(span) => (Some(span), rest),
            None => (None, words),
        },
        rest => (None, rest),
    };
    let Some((mask, rest)) = rest.split_first() else { return Ok(()) };
    // UnrealIRCd's way of lifting one.
    if let Some(mask) = mask.strip_prefix('-') {
        return lift(ctx, user, kind, mask);
    }
    let (span, rest) = match (span, rest.split_first()) {
        (None, Some((second, rest))) => match self::span(second, 1) {
            Some(span) => (Some(span), rest),
            None => (None, words.get(1..).unwrap_or_default()),
        },
        (span, _) => (span, rest),
    };
    let wish = Wish { mask, span, reason: rest.join(" "), soft: false };
    set(ctx, user, kind, &wish)
}

/// Lifts a ban.
pub fn lift(ctx: &mut Ctx<'_>, user: UserId, kind: Kind, mask: &str) -> Outcome {
    let row = kind.row();
    let Some(key) = key(ctx, kind, mask) else { return no_mask(ctx, kind, mask) };
    if ctx.network().bans().get(&key).is_none() {
        return say(ctx, &format!("There is no {} on {}.", row.name, key.mask));
    }
    let (by, text) = (by(ctx, user), format!("The {} on {} is lifted.", row.name, key.mask));
    ctx.commit(Op::Ban { by, key, terms: None });
    say(ctx, &text)
}

/// UBAN's subcommands.
pub fn uban(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>) -> Outcome {
    let words: Vec<&str> = args.iter().collect();
    let (verb, rest) = words.split_first().unwrap_or((&"LIST", &[]));
    match (verb.to_ascii_uppercase().as_str(), rest) {
        ("ADD", [mask, rest @ ..]) => uban_add(ctx, user, mask, rest),
        ("DEL", [mask, ..]) => {
            let mask = by_nick(ctx, mask);
            lift(ctx, user, Kind::Uban, &mask)
        }
        ("INFO", [mask, ..]) => info(ctx, mask),
        ("LIST", _) => show(ctx, Kind::Uban),
        ("ADD" | "DEL" | "INFO", []) => Err(reply::need_more_params("UBAN").into()),
        (_, _) => say(ctx, &format!("UBAN knows ADD, DEL, INFO and LIST, and not {verb}.")),
    }
}

/// `<mask> [REQUIRE-SASL] [DURATION <duration>] [REASON] [<reason>]`
fn uban_add(ctx: &mut Ctx<'_>, user: UserId, mask: &str, rest: &[&str]) -> Outcome {
    if ctx.find_user(mask).is_some_and(|target| ctx.whois(target).address.is_none()) {
        let text = format!(
            "{mask} has no address of their own, and a ban on their host would put out all who come that way; KILL puts out one."
        );
        return say(ctx, &text);
    }
    // A word that is no mask was meant as a nick, and its user may just have left.
    if !mask.contains(['@', '.', ':', '*', '?', '!']) {
        ctx.user(mask)?;
    }
    let text = by_nick(ctx, mask);
    let mut wish = Wish { mask: &text, span: None, reason: String::new(), soft: false };
    // The reason may be one parameter with spaces in it, or several without.
    let mut words = rest.iter().flat_map(|word| word.split_whitespace()).peekable();
    while let Some(word) = words.peek().copied() {
        match word.to_ascii_uppercase().as_str() {
            "REQUIRE-SASL" => wish.soft = true,
            "DURATION" => {
                words.next();
                wish.span = words.peek().and_then(|word| span(word, 60));
                if wish.span.is_none() {
                    return say(ctx, "A duration is written as 90m, 2h, 1d12h or 2w.");
                }
            }
            "REASON" => {
                words.next();
                break;
            }
            _ => break,
        }
        words.next();
    }
    wish.reason = words.collect::<Vec<_>>().join(" ");
    set(ctx, user, Kind::Uban, &wish)
}

fn info(ctx: &mut Ctx<'_>, mask: &str) -> Outcome {
    let text = by_nick(ctx, mask);
    let Some(key) = key(ctx, Kind::Uban, &text) else { return no_mask(ctx, Kind::Uban, mask) };
    let hit = bans::touched(ctx.core, &Key { server: None, ..key.clone() });
    let line = match ctx.network().bans().get(&key) {
        Some((_, terms)) => format!("{}: {}", key.mask, describe(terms)),
        None => format!("There is no ban on {}.", key.mask),
    };
    say(ctx, &line)?;
    say(ctx, &format!("Users here who fit it now: {}.", hit.len()))
}

fn set(ctx: &mut Ctx<'_>, user: UserId, kind: Kind, wish: &Wish<'_>) -> Outcome {
    let Some(key) = key(ctx, kind, wish.mask) else { return no_mask(ctx, kind, wish.mask) };
    if too_wide(&key.mask) {
        let text = format!(
            "{} would ban far too many; nothing was done. A mask needs {SUBSTANCE_MIN} characters that are no wildcards, a range at least {} bits (IPv6: {}).",
            key.mask, BITS_MIN.0, BITS_MIN.1
        );
        return say(ctx, &text);
    }
    if let Some(why) = bans::full(ctx.core, &key) {
        return say(ctx, &why);
    }
    let (reason, private) = wish.reason.split_once('|').unwrap_or((&wish.reason, ""));
    let (reason, most) = (reason.trim(), ctx.core.config.limits.kick);
    let now = ctx.now.wall;
    let terms = Terms {
        reason: encode::head(if reason.is_empty() { "No reason given" } else { reason }, most)
            .into(),
        private: encode::head(private.trim(), most).into(),
        setter: ctx.whois(user).mask().into(),
        until: wish.span.filter(|span| !span.is_zero()).map(|span| now + span),
        soft: wish.soft,
    };
    let text = format!("A {} on {} is set: {}", kind.row().name, key.mask, describe(&terms));
    ctx.commit(Op::Ban { by: by(ctx, user), key, terms: Some(Box::new(terms)) });
    say(ctx, &text)
}

fn show(ctx: &mut Ctx<'_>, kind: Kind) -> Outcome {
    let here = ctx.core.sid();
    let bans = ctx.network().bans();
    let count = bans.of_kind(kind).count();
    let lines: Vec<String> = bans
        .of_kind(kind)
        .take(SHOWN_MAX)
        .map(|(ban, terms)| {
            let elsewhere = ban.key.server.filter(|server| *server != here);
            let place = elsewhere.map(|server| format!(" (on {server})")).unwrap_or_default();
            let set = welcome::date_text(ban.at.wall());
            format!("{}{place}: {} Set {set} by {}.", ban.key.mask, describe(terms), terms.setter)
        })
        .collect();
    for line in &lines {
        say(ctx, line)?;
    }
    let name = kind.row().name;
    match count - lines.len() {
        0 => say(ctx, &format!("Bans of the kind {name}: {count}.")),
        more => say(ctx, &format!("{more} more of the kind {name} are not shown.")),
    }
}

fn describe(terms: &Terms) -> String {
    let soft = if terms.soft { "log-in required" } else { "no entry" };
    format!("{soft}{}, {}.", bans::until(terms), bans::whole_reason(terms))
}

/// Whether a mask says too little for a ban.
fn too_wide(mask: &str) -> bool {
    let host = mask.rsplit_once('@').map_or(mask, |parts| parts.1);
    let whoever = mask.len() == host.len() || mask.starts_with("*@");
    match crate::wire::cidr::Cidr::parse(host) {
        Some(range) => {
            let least = if range.address().is_ipv4() { BITS_MIN.0 } else { BITS_MIN.1 };
            whoever && range.bits() < least
        }
        None => mask.contains(['*', '?']) && pattern::substance(mask) < SUBSTANCE_MIN,
    }
}

/// A nick in sight stands for its user's address, or host where there is none.
fn by_nick(ctx: &Ctx<'_>, text: &str) -> String {
    let Some(user) = ctx.find_user(text) else { return text.to_owned() };
    let who = ctx.whois(user);
    who.address.map_or_else(|| who.real_host.to_string(), |address| address.to_string())
}

fn key(ctx: &Ctx<'_>, kind: Kind, mask: &str) -> Option<Key> {
    let row = kind.row();
    // A real name has spaces, which a parameter has not.
    let mask =
        if row.looks == Looks::Realname { mask.replace("\\s", " ") } else { mask.to_owned() };
    let mask = pattern::canonical(kind, encode::head(&mask, MASK_MAX))?;
    Some(Key { kind, server: row.local.then_some(ctx.core.sid()), mask: mask.into() })
}

fn by(ctx: &Ctx<'_>, user: UserId) -> Source {
    Source::User(ctx.whois(user).uid)
}

fn no_mask(ctx: &mut Ctx<'_>, kind: Kind, mask: &str) -> Outcome {
    let wants = match kind.row().looks {
        Looks::Address => "an address or a range, as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48",
        Looks::Mask => "user@host with * and ?, or user@192.0.2.0/24",
        Looks::Realname => "a pattern with * and ? for the real name; write \\s for a space",
        Looks::Either => "a nick in sight, an address, a range, or user@host with * and ?",
    };
    say(ctx, &format!("{mask} cannot be a {}: it takes {wants}.", kind.row().name))
}

fn say(ctx: &mut Ctx<'_>, text: &str) -> Outcome {
    ctx.notice(text);
    Ok(())
}

/// A duration with units, or a number of what `unit` seconds are.
fn span(text: &str, unit: u64) -> Option<Duration> {
    match text.parse::<u64>() {
        Ok(number) => number.checked_mul(unit).map(Duration::from_secs),
        Err(_) => parse_span(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_each_dialect() {
        assert_eq!(span("5", 60), Some(Duration::from_secs(300)));
        assert_eq!(span("1d12h", 60), Some(Duration::from_secs(36 * 3600)));
        assert_eq!(span("*@host", 60), None);
    }

    #[test]
    fn what_would_ban_everybody_is_too_wide() {
        for mask in ["*@*", "*@*.*", "0.0.0.0/0", "*@10.0.0.0/7", "::/3", "a!*@*", "*@*.de"] {
            assert!(too_wide(mask), "{mask}");
        }
        for mask in ["bad@*", "*@*.example.org", "10.0.0.0/8", "bob@0.0.0.0/0", "2001:db8::/32"] {
            assert!(!too_wide(mask), "{mask}");
        }
    }
}
