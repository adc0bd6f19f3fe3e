//! Names in any script: PRECIS UsernameCaseMapped (RFC 8265 §3.3, RFC 8264), and which names look alike.
//! Passwords: OpaqueString (RFC 8265 §4.2).

use std::borrow::Cow;
use unicode_bidi::{BidiClass, bidi_class};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark, is_nfc};

/// A name as it is compared: narrow, lower case, composed.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    let folded: String = text.chars().map(narrow).flat_map(char::to_lowercase).nfc().collect();
    if folded == text { Cow::Borrowed(text) } else { Cow::Owned(folded) }
}

/// Whether a name is of the IdentifierClass and reads in one direction (RFC 5893 §2): letters, digits and
/// marks of any script in their one normal form, and what ASCII has besides.
pub fn is_identifier(text: &str) -> bool {
    let folded = fold(text);
    !folded.is_empty()
        && is_nfc(&folded)
        && folded.chars().all(is_allowed)
        && !folded.chars().next().is_some_and(is_combining_mark)
        && has_one_direction(&folded)
}

/// A password as it is hashed where both sides must hash the same: composed, and every space an ASCII
/// space. What the profile forbids is let pass: who sends it has not prepared it either.
pub fn opaque(password: &str) -> Cow<'_, str> {
    if password.is_ascii() {
        return Cow::Borrowed(password);
    }
    Cow::Owned(password.chars().map(|c| if SPACES.contains(&c) { ' ' } else { c }).nfc().collect())
}

/// What a name looks like, as it is written: equal for names that people may mistake for one another.
pub fn skeleton(text: &str) -> String {
    let decomposed = text.nfd().map(|c| lookalike(c).unwrap_or(c));
    let plain: String = decomposed.flat_map(char::to_lowercase).collect();
    // Once more: what was a capital may look like another letter when small.
    plain.chars().map(|c| lookalike(c).unwrap_or(c)).collect::<String>().replace("rn", "m")
}

/// The letter that a character is taken for.
fn lookalike(c: char) -> Option<char> {
    LOOKALIKES.iter().find(|row| row.1.contains(c)).map(|row| row.0)
}

fn is_allowed(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic();
    }
    // What has a compatibility equivalent is there for old encodings (RFC 8264 §9.17).
    let compatible = std::iter::once(c).nfkc().eq(std::iter::once(c));
    compatible && (c.is_alphanumeric() || is_combining_mark(c)) && !OLD_HANGUL.contains(&c)
}

/// A wide or narrow form of a character, as its usual form (RFC 8265 §3.3.2).
fn narrow(c: char) -> char {
    let is_form = matches!(c, '\u{FF01}'..='\u{FFEE}' | '\u{3000}');
    if !is_form {
        return c;
    }
    let mut usual = std::iter::once(c).nfkc();
    usual.next().filter(|_| usual.next().is_none()).unwrap_or(c)
}

/// The Bidi Rule of RFC 5893 §2.
fn has_one_direction(text: &str) -> bool {
    use BidiClass::{AL, AN, BN, CS, EN, ES, ET, L, NSM, ON, R};
    let classes = || text.chars().map(bidi_class);
    if !classes().any(|class| matches!(class, R | AL | AN)) {
        return true;
    }
    let last = classes().rfind(|class| *class != NSM);
    let allowed = |class| matches!(class, R | AL | AN | EN | ES | CS | ET | ON | BN | NSM);
    let numbers = [EN, AN].map(|kind| classes().any(|class| class == kind));
    debug_assert!(!allowed(L));
    classes().next().is_some_and(|first| matches!(first, R | AL))
        && classes().all(allowed)
        && last.is_some_and(|last| matches!(last, R | AL | EN | AN))
        && numbers != [true, true]
}

/// The jamo of which syllables are put together (RFC 8264 §9.9).
const OLD_HANGUL: std::ops::RangeInclusive<char> = '\u{1100}'..='\u{11FF}';

/// The space separators of Unicode beside ASCII's.
const SPACES: &[char] = &[
    '\u{A0}', '\u{1680}', '\u{2000}', '\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}',
    '\u{2006}', '\u{2007}', '\u{2008}', '\u{2009}', '\u{200A}', '\u{202F}', '\u{205F}', '\u{3000}',
];

/// Letters, small and alone, and what is taken for them: the single characters of living scripts that
/// Unicode Technical Standard #39 counts as confusable with them.
const LOOKALIKES: &[(char, &str)] = &[
    ('a', "ɑαаᎪᗅꓮ"),
    ('b', "ƅьᏴᗷꓐƄᏏᑲᖯ"),
    ('c', "сᴄⲥꮯᏟꓚ"),
    ('d', "ԁᏧᑯꓒᎠᗞꓓ"),
    ('e', "еҽꬲεᎬⴹꓰ"),
    ('f', "քẝꞙꬵϝᖴꓝ"),
    ('g', "ƍɡցᶃԍᏀᏳꓖ"),
    ('h', "һհᏂнᎻᕼⲏꓧ"),
    ('i', "ıɩɪιіᎥꙇꭵ"),
    ('j', "ϳјᎫᒍꓙʝ"),
    ('k', "κкᏦᛕⲕꓗ"),
    ('l', "1I|ƖǀӀӏ۱ᛁⲓⵏꓲᏞᒪⳑꓡ"),
    ('m', "μϻмᎷᗰᛖⲙꓟ"),
    ('n', "ոռνⲛꓠ"),
    ('o', "0оοօ۵०੦૦௦౦೦ഠ൦๐໐ဝ၀ჿᴏᴑⲟ"),
    ('p', "ρрⲣᏢᑭꓑ"),
    ('q', "ԛգզⵕ"),
    ('r', "гᴦⲅꭇꭈꮁʀᎡᏒᖇꓣ"),
    ('s', "ƽѕꜱꮪԏᏕᏚꓢՏ"),
    ('t', "τтᎢⲧꓔ"),
    ('u', "ʋυսᴜꞟꭎꭒᑌꓴ"),
    ('v', "ѵᴠꮩᏙᐯⴸꓦ"),
    ('w', "ɯѡԝաᴡꮃᎳᏔꓪ"),
    ('x', "хᕁᕽχⲭⵝꓫ"),
    ('y', "ɣʏγуүყᶌỿꭚᎩᎽⲩꓬ"),
    ('z', "ᴢꮓζᏃꓜ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_are_folded() {
        for (text, folded) in [
            ("Evan", "evan"),
            ("ÉVAN", "évan"),
            ("E\u{301}van", "évan"),
            ("ЕВАН", "еван"),
            ("Ｎｅｏ", "neo"),
            ("ΑΒ", "αβ"),
            ("日本", "日本"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
            assert_eq!(fold(folded), folded, "{text}: folding once is enough");
        }
        assert!(matches!(fold("été"), Cow::Borrowed(_)));
    }

    #[test]
    fn identifiers_are_letters_digits_and_marks() {
        for good in ["evan", "été", "Иван", "日本語", "אבג1", "a-b_c", "नेहा"] {
            assert!(is_identifier(good), "{good}");
        }
        for bad in
            ["", "a b", "☃", "①", "ﬁx", "a\u{200B}b", "\u{301}a", "aאב", "אa", "ᄀ", "a\u{7}", "🙂"]
        {
            assert!(!is_identifier(bad), "{bad}");
        }
    }

    #[test]
    fn a_password_is_composed_and_has_one_kind_of_space() {
        // RFC 8265 §4.3, and what a client that does nothing sends as well.
        for (text, prepared) in [
            ("correct horse battery staple", "correct horse battery staple"),
            ("Correct Horse Battery Staple", "Correct Horse Battery Staple"),
            ("πßå", "πßå"),
            ("Jack of ♦s", "Jack of ♦s"),
            ("foo\u{1680}bar\u{3000}", "foo bar "),
            ("e\u{301}te\u{301}", "été"),
            ("ﬁ①Ⅸ", "ﬁ①Ⅸ"),
            ("a\tb\u{200B}é", "a\tb\u{200B}é"),
            ("", ""),
        ] {
            assert_eq!(opaque(text), prepared, "{text}");
            assert_eq!(opaque(prepared), prepared, "{text}: preparing once is enough");
        }
    }

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        for (a, b) in [
            ("evan", "еvan"),
            ("Evan", "ЕVAN"),
            ("l0l", "IOI"),
            ("modern", "modem"),
            ("paypal", "раураӏ"),
            ("bob", "b0b"),
        ] {
            assert_eq!(skeleton(a), skeleton(b), "{a} {b}");
        }
        for (a, b) in [("evan", "ivan"), ("anna", "hanna"), ("мир", "mup2")] {
            assert_ne!(skeleton(a), skeleton(b), "{a} {b}");
        }
    }
}
