//! The dialects in which people write extended bans: InspIRCd's, UnrealIRCd's and Charybdis'.

use super::{Row, WORDS, Word, Wrong};

/// The next word of a ban, read.
pub(super) struct Next<'a> {
    pub(super) word: Word,
    pub(super) not: bool,
    pub(super) value: &'a str,
    /// Whether a number without a unit counts minutes.
    pub(super) minutes: bool,
}

/// Reads one word and its value. `None` if what stands there is a mask.
pub(super) fn word(text: &str) -> Result<Option<Next<'_>>, Wrong> {
    let (before, body) = match text.strip_prefix('!') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let found = if let Some(body) = body.strip_prefix('$') {
        Some(charybdis(body)?)
    } else if let Some(body) = body.strip_prefix('~') {
        unreal(body)?
    } else {
        inspircd(body)?
    };
    Ok(found.map(|next| Next { not: next.not ^ before, ..next }))
}

fn inspircd(body: &str) -> Result<Option<Next<'_>>, Wrong> {
    let Some((name, value)) = body.split_once(':') else { return Ok(None) };
    if name.is_empty() || name.contains(|c: char| !c.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let found = |word| Ok(Some(Next { word, not: false, value, minutes: false }));
    match (named(name), letter(name)) {
        (Some(row), _) => found(row.word),
        // InspIRCd's own `a` is a mask with a real name.
        (None, Some('a')) if value.contains(['!', '@']) => found(Word::Realmask),
        (None, Some('R')) => found(Word::Account),
        (None, letter) => match WORDS.iter().find(|row| Some(row.letter) == letter) {
            Some(row) => found(row.word),
            // The beginning of an IPv6 address.
            None if name.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(None),
            None => Err(Wrong::Unknown),
        },
    }
}

fn unreal(body: &str) -> Result<Option<Next<'_>>, Wrong> {
    let (not, body) = match body.strip_prefix('!') {
        Some(body) => (true, body),
        None => (false, body),
    };
    let Some((name, value)) = body.split_once(':') else { return Ok(None) };
    // A user name that nobody vouches for begins with `~` too.
    if name.contains(['!', '@', '*', '?']) {
        return Ok(None);
    }
    let row = named(name).or_else(|| WORDS.iter().find(|row| row.unreal.contains(&name)));
    let row = row.ok_or(Wrong::Unknown)?;
    let word = if row.word == Word::Account && value == "0" { Word::Unauthed } else { row.word };
    let value = if word == Word::Unauthed && value == "0" { "" } else { value };
    Ok(Some(Next { word, not, value, minutes: true }))
}

fn charybdis(body: &str) -> Result<Next<'_>, Wrong> {
    let (not, body) = match body.strip_prefix('~') {
        Some(body) => (true, body),
        None => (false, body),
    };
    let (name, value) = body.split_once(':').unwrap_or((body, ""));
    let letter = letter(name).filter(|_| named(name).is_none());
    let row = named(name)
        .or_else(|| WORDS.iter().find(|row| letter.is_some() && row.charybdis == letter))
        .ok_or(Wrong::Unknown)?;
    let (word, not) = match row.word {
        // `$~a` is everybody without an account, as it is for everybody else.
        Word::Account if not && value.is_empty() => (Word::Unauthed, false),
        other => (other, not),
    };
    let value = if word == Word::Account && value.is_empty() { "*" } else { value };
    Ok(Next { word, not, value, minutes: false })
}

fn named(name: &str) -> Option<&'static Row> {
    WORDS.iter().find(|row| row.name.eq_ignore_ascii_case(name))
}

fn letter(name: &str) -> Option<char> {
    let mut chars = name.chars();
    chars.next().filter(|_| chars.next().is_none())
}
