//! One line into borrowed pieces. Allocates nothing.

use super::tags::Tags;
use std::ops::Index;

/// The most parameters of a message; the last takes whatever is left (RFC 2812 §2.3).
pub const PARAMS_MAX: usize = 15;

/// A message from a client.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// Its tags.
    pub tags: Tags<'a>,
    /// Who it claims to be from.
    pub source: Option<&'a str>,
    /// Its command.
    pub verb: &'a str,
    /// Its parameters.
    pub args: Args<'a>,
}

/// The parameters of a message.
#[derive(Clone, Debug, Default)]
pub struct Args<'a> {
    list: [&'a str; PARAMS_MAX],
    len: usize,
}

impl<'a> Args<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<&'a str> {
        self.iter().nth(index)
    }

    /// One of them, if it is there and not empty.
    pub fn given(&self, index: usize) -> Option<&'a str> {
        self.get(index).filter(|arg| !arg.is_empty())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        self.list.iter().take(self.len).copied()
    }

    /// The items of one that is a list with commas.
    pub fn list(&self, index: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        self.get(index).unwrap_or_default().split(',').filter(|item| !item.is_empty())
    }

    /// At most so many words of a text, of which the last has all that is left.
    pub fn words(text: &'a str, most: usize) -> Args<'a> {
        let mut args = Args::default();
        let mut rest = text.trim();
        while !rest.is_empty() && args.len < most.min(PARAMS_MAX) {
            let (word, after) = match rest.split_once(' ') {
                Some(parts) if args.len + 1 < most => parts,
                Some(_) | None => (rest, ""),
            };
            args.push(word);
            rest = after.trim_start();
        }
        args
    }

    fn push(&mut self, arg: &'a str) {
        if let Some(place) = self.list.get_mut(self.len) {
            *place = arg;
            self.len += 1;
        }
    }
}

/// The table has checked the arity before a handler runs, so a required argument is there.
impl<'a> Index<usize> for Args<'a> {
    type Output = &'a str;

    fn index(&self, index: usize) -> &&'a str {
        debug_assert!(index < self.len, "an argument that the table does not require");
        self.list.get(index).unwrap_or(&"")
    }
}

/// Reads a line without its end. `None` if there is no command on it.
pub fn parse(line: &str) -> Option<Message<'_>> {
    let mut rest = line.trim_start_matches(' ');
    let mut tags = Tags::default();
    let mut source = None;
    if let Some(tagged) = rest.strip_prefix('@') {
        let (raw, after) = word(tagged);
        (tags, rest) = (Tags::new(raw), after);
    }
    if let Some(sourced) = rest.strip_prefix(':') {
        let (name, after) = word(sourced);
        (source, rest) = (Some(name), after);
    }
    let (verb, mut rest) = word(rest);
    if verb.is_empty() {
        return None;
    }
    let mut args = Args::default();
    while !rest.is_empty() {
        if let Some(last) = rest.strip_prefix(':') {
            args.push(last);
            break;
        }
        if args.len == PARAMS_MAX - 1 {
            args.push(rest);
            break;
        }
        let (arg, after) = word(rest);
        args.push(arg);
        rest = after;
    }
    Some(Message { tags, source, verb, args })
}

/// The first word, and what follows the spaces after it.
fn word(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> (String, Vec<String>) {
        let message = parse(line).unwrap();
        (message.verb.into(), message.args.iter().map(str::to_owned).collect())
    }

    #[test]
    fn a_line_falls_into_its_pieces() {
        let message = parse("@a=1;+b :n!u@h  PRIVMSG  #c  :hi  there ").unwrap();
        assert_eq!((message.source, message.verb), (Some("n!u@h"), "PRIVMSG"));
        assert_eq!(message.tags.get("a").as_deref(), Some("1"));
        assert_eq!(message.args.iter().collect::<Vec<_>>(), ["#c", "hi  there "]);
    }

    #[test]
    fn odd_lines_are_read_as_everybody_reads_them() {
        assert_eq!(split("A b :"), ("A".into(), vec!["b".into(), String::new()]));
        assert_eq!(split("A ::b"), ("A".into(), vec![":b".into()]));
        assert_eq!(split("A b:c  "), ("A".into(), vec!["b:c".into()]));
        for nothing in ["", "   ", ":source", "@tags", "@a :b"] {
            assert!(parse(nothing).is_none(), "{nothing:?}");
        }
    }

    #[test]
    fn only_a_space_parts_words() {
        let message = parse(":cool\tguy!a@net\x035w\x0f.org MODE #c\x02 :+i").unwrap();
        assert_eq!(message.source, Some("cool\tguy!a@net\x035w\x0f.org"));
        assert_eq!(message.args.iter().collect::<Vec<_>>(), ["#c\x02", "+i"]);
        assert_eq!(
            split(":s 432  #momo :a: b "),
            ("432".into(), vec!["#momo".into(), "a: b ".into()])
        );
        assert_eq!(split(":s MODE #c +n  "), ("MODE".into(), vec!["#c".into(), "+n".into()]));
    }

    #[test]
    fn tags_without_a_value_have_an_empty_one() {
        let message = parse("@c;h=;a=b;v/a=8;a=c :quux ab cd").unwrap();
        let values = ["c", "h", "a", "v/a", "x"].map(|key| message.tags.get(key));
        let values = values.each_ref().map(|value| value.as_deref());
        assert_eq!(values, [Some(""), Some(""), Some("c"), Some("8"), None]);
    }

    #[test]
    fn the_last_of_too_many_parameters_takes_the_rest() {
        let many = "p ".repeat(1000);
        let (_, args) = split(&format!("A {many}"));
        assert_eq!(args.len(), PARAMS_MAX);
        assert!(args[14].starts_with("p p p"));
    }
}
