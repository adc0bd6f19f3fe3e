//! What it takes to find lines in bytes and to read them.
#![allow(clippy::print_stdout, reason = "results are for whoever runs this")]

mod timer;

use slircd::wire::{
    framing::{Framing, Piece},
    message,
};
use std::hint::black_box;
use timer::time;

fn main() {
    time("framing: a line of 80 bytes", LINES, || {
        let bytes = lines(&format!("PRIVMSG #channel :{}", "x".repeat(60)));
        let (mut framing, mut used, mut found) = (Framing::default(), 0, 0);
        loop {
            let (len, piece) = framing.next(bytes.get(used..).unwrap_or_default());
            used += len;
            match piece {
                Piece::Line(line) => found += usize::from(!black_box(line).is_empty()),
                Piece::TooLong | Piece::Partial | Piece::Endless => break,
            }
        }
        assert_eq!(found, LINES);
    });
    parse("PING", "PING 1754000000");
    parse("PRIVMSG", "PRIVMSG #channel :a line about as long as what people say to each other");
    parse("tags", "@label=abc;+typing=active;+draft/reply=0123456789 TAGMSG #channel");
    parse("fifteen parameters", "MODE #a +ooooooooooooo a b c d e f g h i j k l m");
    let spaces = format!("PRIVMSG{}#channel :hi", " ".repeat(400));
    parse("400 spaces", &spaces);
}

fn parse(what: &str, line: &str) {
    time(&format!("parse: {what}"), LINES, || {
        for _ in 0..LINES {
            assert!(black_box(message::parse(black_box(line))).is_some());
        }
    });
}

fn lines(line: &str) -> Vec<u8> {
    format!("{line}\r\n").repeat(LINES).into_bytes()
}

const LINES: usize = 10_000;
