//! Bans: plain masks and extended bans, read in every dialect in which people write them, and compared
//! in one canonical form.
//!
//! Without a prefix a letter is InspIRCd's, behind `~` it is UnrealIRCd's, behind `$` Charybdis'; names
//! are the same everywhere. The canonical form is `time:2h:redirect:#c:!mute:account:bob`: everything by
//! its long name, in this order, folded.

mod dialect;

use super::{
    casemap::Casemap,
    mask::{self, Hostmask},
};
use crate::time::{parse_span, span_text};
use dialect::word;
use std::{fmt, time::Duration};

/// The longest time for which a ban may be set.
pub const SPAN_MAX: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How many words may stand before what a ban fits.
const WORDS_MAX: usize = 4;

/// What a word of an extended ban means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    Act(Act),
    Time,
    Redirect,
    Account,
    Asn,
    Unauthed,
    Bot,
    Channel,
    Country,
    Share,
    Class,
    Fingerprint,
    Gateway,
    Oper,
    OperType,
    Realmask,
    Realname,
    Server,
}

/// What a ban keeps somebody from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Act {
    /// Entering and speaking.
    Ban,
    /// Entering.
    Join,
    /// Speaking.
    Mute,
    /// Changing the nick.
    NoNick,
    /// CTCP other than ACTION.
    NoCtcp,
    /// NOTICE.
    NoNotice,
    /// KICK.
    NoKick,
    /// Words with formatting.
    BlockColor,
    /// Formatting, which is taken away.
    StripColor,
    /// Being heard by others than the operators.
    OpModerated,
}

/// A word of an extended ban.
#[derive(Debug)]
pub struct Row {
    /// Its name, in every dialect.
    pub name: &'static str,
    /// Its letter without a prefix.
    pub letter: char,
    /// What else it is called behind `~`.
    pub unreal: &'static [&'static str],
    /// Its letter behind `$`.
    pub charybdis: Option<char>,
    word: Word,
    /// What it does, for HELP.
    pub about: &'static str,
}

macro_rules! words {
    ($($name:literal $letter:literal $unreal:expr, $charybdis:expr, $word:expr, $about:literal;)*) => {
        /// Every word, by name.
        pub const WORDS: &[Row] = &[$(Row {
            name: $name, letter: $letter, unreal: &$unreal, charybdis: $charybdis, word: $word, about: $about,
        }),*];
    };
}

words! {
    "account" 'a' ["a"], Some('a'), Word::Account, "account:<name> fits those logged in to an account.";
    "asn" 'A' ["A"], None, Word::Asn, "asn:<number> fits the addresses of a network (autonomous system), on servers that know where addresses belong.";
    "blockcolor" 'c' [], None, Word::Act(Act::BlockColor), "blockcolor:<mask> lets nobody who fits send formatting.";
    "bot" 'B' [], None, Word::Bot, "bot:<mask> fits bots (user mode +B).";
    "channel" 'j' ["c"], Some('c'), Word::Channel, "channel:[<prefix>]<channel> fits those who are in a channel, with at least that status. A secret channel must let you see it, and counts only for masks set while it was secret.";
    "class" 'n' ["security-group", "G"], None, Word::Class, "class:<name> fits those whose connection is of a class; default is the class of all others.";
    "country" 'G' ["C"], None, Word::Country, "country:<code> fits the addresses of a country, as DE, on servers that know where addresses belong.";
    "fingerprint" 'z' ["certfp", "S"], Some('z'), Word::Fingerprint, "fingerprint:<digits> fits a TLS certificate; without digits, everybody on TLS.";
    "gateway" 'w' [], None, Word::Gateway, "gateway:<name> fits those for whom a gateway speaks (WEBIRC).";
    "join" 'J' ["j"], None, Word::Act(Act::Join), "join:<mask> keeps out those who fit; who is inside may speak.";
    "mute" 'm' ["quiet", "q"], Some('m'), Word::Act(Act::Mute), "mute:<mask> lets nobody who fits speak.";
    "nokick" 'Q' [], None, Word::Act(Act::NoKick), "nokick:<mask> lets nobody who fits kick others.";
    "noctcp" 'C' [], None, Word::Act(Act::NoCtcp), "noctcp:<mask> lets nobody who fits send CTCPs.";
    "nonick" 'N' ["nickchange", "n"], None, Word::Act(Act::NoNick), "nonick:<mask> lets nobody who fits change nick.";
    "nonotice" 'T' [], None, Word::Act(Act::NoNotice), "nonotice:<mask> lets nobody who fits send NOTICEs.";
    "oper" 'o' [], Some('o'), Word::Oper, "oper:<mask> fits operators of the network.";
    "opertype" 'O' ["operclass", "O"], None, Word::OperType, "opertype:<class> fits operators of a class.";
    "opmoderated" 'u' [], None, Word::Act(Act::OpModerated), "opmoderated:<mask>: only operators of the channel hear those who fit.";
    "realmask" 'x' [], Some('x'), Word::Realmask, "realmask:<mask>+<realname> fits mask and real name.";
    "realname" 'r' ["r"], Some('r'), Word::Realname, "realname:<text> fits real names; ? stands for a space.";
    "redirect" 'd' ["forward", "f"], None, Word::Redirect, "redirect:<channel>:<mask> sends those who fit to another channel.";
    "server" 's' [], Some('s'), Word::Server, "server:<name> fits the users of a server.";
    "share" 'b' [], Some('j'), Word::Share, "share:<channel> fits those who are banned in another channel, which must let you see it.";
    "stripcolor" 'S' [], None, Word::Act(Act::StripColor), "stripcolor:<mask> takes the formatting from what those who fit say.";
    "time" 't' ["t"], None, Word::Time, "time:<duration>:<mask> ends by itself.";
    "unauthed" 'U' [], None, Word::Unauthed, "unauthed:<mask> fits those who are not logged in.";
}

/// The letters for ISUPPORT EXTBAN; an account's other letter included. Those for countries and networks
/// only if it is known where addresses belong.
pub fn letters(country: bool, asn: bool) -> String {
    let known = |row: &&Row| match row.word {
        Word::Country => country,
        Word::Asn => asn,
        _ => true,
    };
    let mut letters: Vec<char> =
        WORDS.iter().filter(known).map(|row| row.letter).chain(['R']).collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}

/// Whom a ban fits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fits {
    /// A mask.
    Mask(Hostmask),
    /// Those logged in to an account.
    Account(Box<str>),
    /// Those whose addresses are of a network, by its number.
    Asn(u32),
    /// Those whose addresses are of a country, by its code in small letters.
    Country(Box<str>),
    /// Those who are not logged in, with a mask.
    Unauthed(Hostmask),
    /// Bots, with a mask.
    Bot(Hostmask),
    /// The members of a channel, of at least the status of a prefix.
    Channel(Option<char>, Box<str>),
    /// Those banned in another channel.
    Share(Box<str>),
    /// A connection class.
    Class(Box<str>),
    /// A certificate, or everybody on TLS.
    Fingerprint(Option<Box<str>>),
    /// Those for whom a gateway speaks.
    Gateway(Box<str>),
    /// Operators of the network, with a mask.
    Oper(Hostmask),
    /// Operators of a class.
    OperType(Box<str>),
    /// A mask and a real name.
    Realmask(Hostmask, Box<str>),
    /// A real name.
    Realname(Box<str>),
    /// A server's users.
    Server(Box<str>),
}

/// A ban, read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ban {
    /// What it keeps from.
    pub act: Act,
    /// Whether it touches those who do not fit.
    pub not: bool,
    /// Whom it fits.
    pub fits: Fits,
    /// How long it lasts, if it ends by itself.
    pub span: Option<Duration>,
    /// The channel to which it sends those who try to enter.
    pub redirect: Option<Box<str>>,
}

/// Why a text is no ban.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wrong {
    /// No word is called so.
    Unknown,
    /// A word needs a value.
    Empty,
    /// The time is none.
    Time,
    /// The channel is none.
    Channel,
    /// The network is no number.
    Asn,
    /// The country is no code.
    Country,
    /// What is turned round is no extended ban.
    Not,
    /// Two words of which there can be one, or more words than there can be.
    Twice,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wrong::Unknown => "There is no extended ban of that name; HELP EXTBANS lists them",
            Wrong::Empty => "Something is missing after the last colon",
            Wrong::Time => {
                "The time must be a duration such as 30m, 2h or 1d12h, of at most ten years"
            }
            Wrong::Channel => "That is no channel; its name begins with #",
            Wrong::Asn => "A network is named by its number, as asn:64500",
            Wrong::Country => "A country is named by the two letters of its code, as country:DE",
            Wrong::Not => "Only an extended ban can be turned round with !",
            Wrong::Twice => "One ban can do only one thing, for one time, to one channel",
        })
    }
}

impl Ban {
    /// Reads a ban.
    pub fn parse(text: &str, casemap: Casemap) -> Result<Ban, Wrong> {
        let text = spaceless(text);
        let (mut rest, redirect) = suffix(&text);
        if rest.is_empty() && redirect.is_some() {
            return Err(Wrong::Empty);
        }
        if rest.contains("$#") {
            return Err(Wrong::Twice);
        }
        let mut redirect = redirect.map(|channel| channel_name(channel, casemap)).transpose()?;
        let (mut act, mut not, mut span) = (Act::Ban, false, None);
        for _ in 0..=WORDS_MAX {
            let Some(word) = word(rest)? else {
                if not && act == Act::Ban {
                    return Err(Wrong::Not);
                }
                let fits = Fits::Mask(Hostmask::new(rest, casemap));
                return Ok(Ban { act, not, fits, span, redirect });
            };
            not ^= word.not;
            match word.word {
                Word::Act(_) if act != Act::Ban => return Err(Wrong::Twice),
                Word::Act(other) => (act, rest) = (other, value(word.value)?),
                Word::Time if span.is_some() => return Err(Wrong::Twice),
                Word::Time => {
                    let (time, after) = word.value.split_once(':').ok_or(Wrong::Empty)?;
                    let time = match time.parse::<u64>() {
                        Ok(number) => {
                            let unit = if word.minutes { 60 } else { 1 };
                            number.checked_mul(unit).map(Duration::from_secs)
                        }
                        Err(_) => parse_span(time),
                    };
                    let time = time.filter(|time| !time.is_zero() && *time <= SPAN_MAX);
                    (span, rest) = (Some(time.ok_or(Wrong::Time)?), value(after)?);
                }
                Word::Redirect if redirect.is_some() => return Err(Wrong::Twice),
                Word::Redirect => {
                    let (channel, after) = word.value.split_once(':').ok_or(Wrong::Empty)?;
                    redirect = Some(channel_name(channel, casemap)?);
                    rest = value(after)?;
                }
                other => {
                    let fits = fits(other, word.value, casemap)?;
                    return Ok(Ban { act, not, fits, span, redirect });
                }
            }
        }
        Err(Wrong::Twice)
    }

    /// The channel of which it asks who is in it, or who is banned there.
    pub fn asks_about(&self) -> Option<&str> {
        match &self.fits {
            Fits::Channel(_, name) | Fits::Share(name) => Some(name),
            _ => None,
        }
    }

    /// The canonical form without the time.
    pub fn lasting(&self) -> String {
        Ban { span: None, ..self.clone() }.to_string()
    }
}

impl fmt::Display for Ban {
    /// The canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(span) = self.span {
            write!(f, "time:{}:", span_text(span))?;
        }
        if let Some(channel) = &self.redirect {
            write!(f, "redirect:{channel}:")?;
        }
        if self.not {
            f.write_str("!")?;
        }
        if let Some(row) = WORDS.iter().find(|row| row.word == Word::Act(self.act)) {
            write!(f, "{}:", row.name)?;
        }
        match &self.fits {
            Fits::Mask(mask) => f.write_str(mask.as_str()),
            Fits::Account(name) => write!(f, "account:{name}"),
            Fits::Asn(number) => write!(f, "asn:{number}"),
            Fits::Country(code) => write!(f, "country:{code}"),
            Fits::Unauthed(mask) => write!(f, "unauthed:{}", mask.as_str()),
            Fits::Bot(mask) => write!(f, "bot:{}", mask.as_str()),
            Fits::Channel(prefix, name) => {
                f.write_str("channel:")?;
                prefix.map_or(Ok(()), |prefix| write!(f, "{prefix}"))?;
                f.write_str(name)
            }
            Fits::Share(name) => write!(f, "share:{name}"),
            Fits::Class(name) => write!(f, "class:{name}"),
            Fits::Fingerprint(print) => {
                write!(f, "fingerprint:{}", print.as_deref().unwrap_or_default())
            }
            Fits::Gateway(name) => write!(f, "gateway:{name}"),
            Fits::Oper(mask) => write!(f, "oper:{}", mask.as_str()),
            Fits::OperType(class) => write!(f, "opertype:{class}"),
            Fits::Realmask(mask, name) => write!(f, "realmask:{}+{name}", mask.as_str()),
            Fits::Realname(name) => write!(f, "realname:{name}"),
            Fits::Server(name) => write!(f, "server:{name}"),
        }
    }
}

/// A ban as it can be shown: in one word, and a plain mask with all of its parts.
pub fn shown(text: &str) -> String {
    let text = spaceless(text);
    match word(&text) {
        Ok(None) if !text.contains(['!', '@']) && suffix(&text).1.is_none() => {
            mask::complete(&text)
        }
        Ok(_) | Err(_) => text,
    }
}

/// A mask in one word: a parameter holds no spaces, and `?` fits one.
pub fn spaceless(text: &str) -> String {
    text.chars().map(|c| if c == ' ' { '?' } else { c }).filter(|c| !c.is_control()).collect()
}

/// Takes off the channel that a ban sends to: `mask$#channel`, `mask#channel`.
fn suffix(text: &str) -> (&str, Option<&str>) {
    if let Some(place) = text.rfind("$#").filter(|place| *place > 0) {
        let (ban, channel) = text.split_at(place);
        return (ban, channel.strip_prefix('$'));
    }
    // Neither nick nor user name nor host holds it, so behind the host it begins something else.
    let parts = text.contains('!').then_some(text.len());
    let host = text.rfind('@').or(parts).or(Some(0));
    let host = host.filter(|_| matches!(word(text), Ok(None)));
    let place = host.and_then(|at| Some(at + text.get(at..)?.find('#')?));
    match place {
        Some(place) => (text.get(..place).unwrap_or_default(), text.get(place..)),
        None => (text, None),
    }
}

/// What a word with this value fits.
fn fits(word: Word, text: &str, casemap: Casemap) -> Result<Fits, Wrong> {
    let fold = |text: &str| casemap.fold(text).into_owned().into_boxed_str();
    let hostmask = |text: &str| Hostmask::new(text, casemap);
    Ok(match word {
        Word::Unauthed => Fits::Unauthed(hostmask(text)),
        Word::Bot => Fits::Bot(hostmask(text)),
        Word::Oper => Fits::Oper(hostmask(text)),
        Word::Fingerprint => {
            let digits: String = text.chars().filter(|c| *c != ':').collect();
            Fits::Fingerprint((!digits.is_empty()).then(|| fold(&digits)))
        }
        Word::Channel => {
            let prefix = text.chars().next().filter(|c| *c != '#');
            let name = text.get(prefix.map_or(0, char::len_utf8)..).unwrap_or_default();
            Fits::Channel(prefix, channel_name(name, casemap)?)
        }
        Word::Share => Fits::Share(channel_name(text, casemap)?),
        Word::Realmask => {
            let (mask, name) = text.split_once(['+', '#']).unwrap_or((text, "*"));
            Fits::Realmask(hostmask(mask), fold(value(name)?))
        }
        Word::Account => Fits::Account(fold(value(text)?)),
        Word::Asn => {
            let digits = text.trim_start_matches(['A', 'S', 'a', 's']);
            Fits::Asn(digits.parse().map_err(|_| Wrong::Asn)?)
        }
        Word::Country => {
            let two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
            let code = two.then(|| text.to_ascii_lowercase().into_boxed_str());
            Fits::Country(code.ok_or(Wrong::Country)?)
        }
        Word::Class => Fits::Class(fold(value(text)?)),
        Word::Gateway => Fits::Gateway(fold(value(text)?)),
        Word::OperType => Fits::OperType(fold(value(text)?)),
        Word::Realname => Fits::Realname(fold(value(text)?)),
        Word::Server => Fits::Server(fold(value(text)?)),
        Word::Act(_) | Word::Time | Word::Redirect => return Err(Wrong::Twice),
    })
}

fn value(text: &str) -> Result<&str, Wrong> {
    if text.is_empty() { Err(Wrong::Empty) } else { Ok(text) }
}

fn channel_name(text: &str, casemap: Casemap) -> Result<Box<str>, Wrong> {
    let valid = text.starts_with('#') && !text.contains([',', ' ', ':']);
    if valid { Ok(casemap.fold(text).into()) } else { Err(Wrong::Channel) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        match Ban::parse(text, Casemap::Ascii) {
            Ok(ban) => ban.to_string(),
            Err(wrong) => format!("{wrong:?}"),
        }
    }

    #[test]
    fn every_dialect_says_the_same() {
        for (text, wanted) in [
            ("bob", "bob!*@*"),
            ("BOB!*@*", "bob!*@*"),
            ("~bob@*.org", "*!~bob@*.org"),
            ("!bob@h", "*!bob@h"),
            ("*!*@2001:db8::1", "*!*@2001:db8::1"),
            ("2001:db8::/32", "*!*@2001:db8::/32"),
            ("fe80::1", "*!*@fe80::1"),
            ("a:bob", "account:bob"),
            ("R:Bob", "account:bob"),
            ("~a:bob", "account:bob"),
            ("~account:0", "unauthed:*!*@*"),
            ("$a:bob", "account:bob"),
            ("G:DE", "country:de"),
            ("!~C:de", "!country:de"),
            ("A:64500", "asn:64500"),
            ("m:~A:AS64500", "mute:asn:64500"),
            ("$a", "account:*"),
            ("$~a", "unauthed:*!*@*"),
            ("$~a:bob", "!account:bob"),
            ("!a:bob", "!account:bob"),
            ("!~a:bob", "!account:bob"),
            ("~!a:bob", "!account:bob"),
            ("account:bob", "account:bob"),
            ("m:bob", "mute:bob!*@*"),
            ("~q:bob", "mute:bob!*@*"),
            ("~quiet:bob", "mute:bob!*@*"),
            ("$m:bob", "mute:bob!*@*"),
            ("m:!a:bob", "!mute:account:bob"),
            ("~q:~a:bob", "mute:account:bob"),
            ("a:x!*@*+Y", "realmask:x!*@*+y"),
            ("$x:x!*@*#Y", "realmask:x!*@*+y"),
            ("x:x!*@*", "realmask:x!*@*+*"),
            ("~r:Bad name", "realname:bad?name"),
            ("$c:#C", "channel:#c"),
            ("c:bob", "blockcolor:bob!*@*"),
            ("j:@#c", "channel:@#c"),
            ("~j:bob", "join:bob!*@*"),
            ("$j:#c", "share:#c"),
            ("b:#c", "share:#c"),
            ("$o", "oper:*!*@*"),
            ("o:", "oper:*!*@*"),
            ("$z", "fingerprint:"),
            ("~S:AB:CD", "fingerprint:abcd"),
            ("t:90m:bob", "time:1h30m:bob!*@*"),
            ("~t:90:~q:bob", "time:1h30m:mute:bob!*@*"),
            ("m:t:2h:bob", "time:2h:mute:bob!*@*"),
            ("*!*@h#over", "redirect:#over:*!*@h"),
            ("*!*@h$#over", "redirect:#over:*!*@h"),
            ("$r:x$#over", "redirect:#over:realname:x"),
            ("d:#over:bob", "redirect:#over:bob!*@*"),
            ("~f:#over:bob", "redirect:#over:bob!*@*"),
            ("~time:1:~forward:#x:~!channel:#y", "time:1m:redirect:#x:!channel:#y"),
        ] {
            assert_eq!(canonical(text), wanted, "{text}");
            assert_eq!(canonical(wanted), wanted);
        }
    }

    #[test]
    fn what_is_no_ban_says_why() {
        for (text, wrong) in [
            ("nothing:x", Wrong::Unknown),
            ("~X:y", Wrong::Unknown),
            ("asn:x", Wrong::Asn),
            ("country:Germany", Wrong::Country),
            ("$q:y", Wrong::Unknown),
            ("$", Wrong::Unknown),
            ("account:", Wrong::Empty),
            ("t:2h", Wrong::Empty),
            ("t:2h:", Wrong::Empty),
            ("t:x:bob", Wrong::Time),
            ("t:0:bob", Wrong::Time),
            ("t:600w:bob", Wrong::Time),
            ("channel:x", Wrong::Channel),
            ("d:x:bob", Wrong::Channel),
            ("m:m:bob", Wrong::Twice),
            ("m:T:bob", Wrong::Twice),
            ("t:1h:t:1h:bob", Wrong::Twice),
            ("!t:1h:bob", Wrong::Not),
            ("#channel", Wrong::Empty),
            ("*!*@h#a,b", Wrong::Channel),
        ] {
            assert_eq!(Ban::parse(text, Casemap::Ascii), Err(wrong), "{text}");
        }
    }

    #[test]
    fn the_canonical_form_reads_as_itself_whatever_was_entered() {
        let parts = [
            "!", "~", "$", ":", "a", "account", "m", "mute", "t", "time", "2h", "5", "d", "#c",
            "@#c", "#", "x", "*", "@", "+", "r", "realmask", "channel", "share", "z", "fe80", "q",
            "j", ",", " ", "É",
        ];
        let mut state = 7_u64;
        let mut next = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let mut read = 0;
        for _ in 0..30_000 {
            let count = next(9) + 1;
            let text: String =
                (0..count).map(|_| parts[next(parts.len() as u64) as usize]).collect();
            if let Ok(ban) = Ban::parse(&text, Casemap::Rfc1459) {
                read += 1;
                let canonical = ban.to_string();
                assert_eq!(
                    Ban::parse(&canonical, Casemap::Rfc1459).as_ref(),
                    Ok(&ban),
                    "{text} {canonical}"
                );
                assert!(!canonical.contains([' ', '\r', '\n']), "{text}");
            }
        }
        assert!(read > 3000, "{read}");
    }

    #[test]
    fn letters_and_names_stand_for_one_word() {
        assert_eq!(letters(false, false), "BCJNOQRSTUabcdjmnorstuwxz");
        assert_eq!(letters(true, true), "ABCGJNOQRSTUabcdjmnorstuwxz");
        for row in WORDS {
            assert_eq!(WORDS.iter().filter(|other| other.letter == row.letter).count(), 1);
            assert_eq!(WORDS.iter().filter(|other| other.name == row.name).count(), 1);
        }
    }

    #[test]
    fn a_ban_is_shown_as_it_was_entered() {
        for (text, wanted) in [
            ("Bob", "Bob!*@*"),
            ("m:Bob", "m:Bob"),
            ("$a:x", "$a:x"),
            ("r:a b", "r:a?b"),
            ("*!*@h#o", "*!*@h#o"),
        ] {
            assert_eq!(shown(text), wanted);
        }
    }
}
