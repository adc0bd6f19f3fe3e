//! Mode strings: `+o-b alice *!*@host`.

/// Whether a letter takes a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arity {
    /// Never.
    Never,
    /// Only when it is set.
    WhenSet,
    /// Always.
    Always,
    /// When it is set; when it is taken away, one that is there is not looked at.
    Key,
    /// One that is there is taken, both ways.
    Optional,
    /// A list: without a parameter it is asked for.
    List,
}

/// One letter of a mode string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Item<'a> {
    /// A change.
    Change {
        /// `+`?
        add: bool,
        /// Which.
        letter: char,
        /// Its parameter, if it takes one.
        param: Option<&'a str>,
    },
    /// A list is asked for.
    Query(char),
    /// A letter that needs a parameter has none.
    Missing(char),
    /// A letter that means nothing.
    Unknown(char),
}

/// Reads a mode string with its parameters.
pub fn parse<'a>(
    modes: &str,
    mut params: impl Iterator<Item = &'a str>,
    arity: impl Fn(char) -> Option<Arity>,
) -> Vec<Item<'a>> {
    let mut add = true;
    let mut items = Vec::new();
    for letter in modes.chars() {
        items.push(match (letter, arity(letter)) {
            ('+' | '-', _) => {
                add = letter == '+';
                continue;
            }
            (_, None) => Item::Unknown(letter),
            (_, Some(Arity::Never)) => Item::Change { add, letter, param: None },
            (_, Some(Arity::WhenSet)) if !add => Item::Change { add, letter, param: None },
            (_, Some(Arity::Key)) if !add => {
                params.next();
                Item::Change { add, letter, param: None }
            }
            (_, Some(Arity::Optional)) => {
                Item::Change { add, letter, param: params.next().filter(|param| !param.is_empty()) }
            }
            (_, Some(arity)) => match (params.next().filter(|param| !param.is_empty()), arity) {
                (Some(param), _) => Item::Change { add, letter, param: Some(param) },
                (None, Arity::List) => Item::Query(letter),
                (None, _) => Item::Missing(letter),
            },
        });
    }
    items
}

/// Writes changes as one mode string with its parameters.
pub fn format<'a>(changes: impl Iterator<Item = (bool, char, Option<&'a str>)>) -> String {
    let (mut text, mut params) = (String::new(), String::new());
    let mut sign = None;
    for (add, letter, param) in changes {
        if sign != Some(add) {
            text.push(if add { '+' } else { '-' });
            sign = Some(add);
        }
        text.push(letter);
        if let Some(param) = param {
            params.push(' ');
            params.push_str(param);
        }
    }
    text + &params
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arity(letter: char) -> Option<Arity> {
        match letter {
            'b' => Some(Arity::List),
            'o' => Some(Arity::Always),
            'k' => Some(Arity::Key),
            's' => Some(Arity::Optional),
            'l' => Some(Arity::WhenSet),
            'n' => Some(Arity::Never),
            _ => None,
        }
    }

    #[test]
    fn letters_find_their_parameters() {
        let change = |add, letter, param| Item::Change { add, letter, param };
        let items = parse("no-l+lb-kZ", ["al", "5", "m", "key"].into_iter(), arity);
        assert_eq!(
            items,
            [
                change(true, 'n', None),
                change(true, 'o', Some("al")),
                change(false, 'l', None),
                change(true, 'l', Some("5")),
                change(true, 'b', Some("m")),
                change(false, 'k', None),
                Item::Unknown('Z'),
            ]
        );
        let items = parse("-ks+s", ["key", "-a"].into_iter(), arity);
        let [key, off, on] = [(false, 'k', None), (false, 's', Some("-a")), (true, 's', None)];
        assert_eq!(items, [key, off, on].map(|(add, letter, param)| change(add, letter, param)));
        assert_eq!(parse("bo", std::iter::empty(), arity), [Item::Query('b'), Item::Missing('o')]);
    }

    #[test]
    fn changes_are_written_short() {
        let changes = [(true, 'o', Some("a")), (true, 'v', Some("b")), (false, 'n', None)];
        assert_eq!(format(changes.into_iter()), "+ov-n a b");
    }
}
