//! The log: on standard error, in one of three forms, never at the cost of the reactor.

use crate::{
    config::{self, LogFormat},
    reactor::system::wall,
    time::Wall,
    wire::encode,
};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use log::{Level, LevelFilter, Metadata, Record};
use std::{
    fmt::Write as _,
    io::{self, Write},
    panic::{self, PanicHookInfo},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

/// What formats lines and has them written. Flushing waits, for a bounded time, until they are.
struct Logger {
    shaped: env_logger::Logger,
    lines: Sender<Line>,
}

/// What goes to the thread that writes.
enum Line {
    /// A line with its end.
    Text(String),
    /// Everything before this has been written once this has been dropped.
    Flush(#[expect(dead_code, reason = "it is there to be dropped")] Sender<()>),
}

/// Starts logging. `log::set_max_level` says how much, now and whenever the configuration is read again.
pub(super) fn begin(config: &config::Log) -> io::Result<()> {
    let (lines, queue) = unbounded();
    let format = config.format;
    thread::Builder::new()
        .name("slircd-log".into())
        .spawn(move || write(&queue, &mut io::stderr(), format, &DROPPED))?;
    let mut builder = builder();
    builder.format(move |out, record| {
        let message = record.args().to_string();
        out.write_all(shape(format, wall(), record.level(), record.target(), &message).as_bytes())
    });
    builder.target(env_logger::Target::Pipe(Box::new(Queue {
        lines: lines.clone(),
        most: QUEUE_MAX,
    })));
    let logger = Logger { shaped: builder.build(), lines };
    log::set_boxed_logger(Box::new(logger)).map_err(io::Error::other)?;
    log::set_max_level(config.level);
    panic::set_hook(Box::new(fault));
    Ok(())
}

/// What is logged at all, at some level.
fn builder() -> env_logger::Builder {
    let mut builder = env_logger::Builder::new();
    // What libraries say of their inner life is for their authors, and rustls warns of whatever a
    // stranger sends.
    builder.filter_level(LevelFilter::Error);
    for own in ["slircd", "audit"] {
        builder.filter_module(own, LevelFilter::Trace);
    }
    builder
}

/// Waits, for a bounded time, until everything that has been logged is written.
pub(super) fn finish() {
    log::logger().flush();
}

impl log::Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.shaped.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        self.shaped.log(record);
    }

    fn flush(&self) {
        let (done, written) = bounded(0);
        if self.lines.send(Line::Flush(done)).is_ok() {
            // Whether it has been written or takes too long, there is nothing left to be done.
            let _ = written.recv_timeout(LAST_LINES_TIME);
        }
    }
}

/// Where lines are left to be written. Whoever logs never waits. Room is taken for lines that are there, and
/// not, as by a channel that is bounded itself, for as many as there may be.
struct Queue {
    lines: Sender<Line>,
    /// How many may wait. Of those who log at once each may be one too many.
    most: usize,
}

impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.lines.len() < self.most {
            let text = String::from_utf8_lossy(bytes).into_owned();
            // It fails only once nobody writes any more.
            drop(self.lines.send(Line::Text(text)));
        } else {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes lines until nobody can log any more.
fn write(queue: &Receiver<Line>, out: &mut impl Write, format: LogFormat, dropped: &AtomicU64) {
    for line in queue {
        let Line::Text(text) = line else { continue };
        // If standard error cannot be written to, there is nobody to tell.
        drop(out.write_all(text.as_bytes()));
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text =
                format!("{lost} lines of the log were too many at once and have been dropped");
            let line = shape(format, wall(), Level::Warn, module_path!(), &text);
            drop(out.write_all(line.as_bytes()));
        }
    }
}

/// Says where the program is at fault. What it was working on is not said: it could be a secret.
fn fault(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(String::new, ToString::to_string);
    let what = info.payload().downcast_ref::<&str>().copied().unwrap_or("a value out of bounds");
    log::error!("a fault of this program at {place}: {what}; please report this");
}

/// One line of the log. What stands in it can neither end it nor pass for another.
fn shape(format: LogFormat, at: Wall, level: Level, target: &str, message: &str) -> String {
    let name = level.as_str().to_ascii_lowercase();
    match format {
        LogFormat::Plain => {
            format!("{} {name}: {}\n", encode::timestamp(at), escape(message, &[]))
        }
        LogFormat::Journal => {
            // sd-daemon(3)
            let priority = match level {
                Level::Error => 3,
                Level::Warn => 4,
                Level::Info => 6,
                Level::Debug | Level::Trace => 7,
            };
            format!("<{priority}>{}\n", escape(message, &[]))
        }
        LogFormat::Json => format!(
            "{{\"time\":\"{}\",\"level\":\"{name}\",\"target\":\"{}\",\"message\":\"{}\"}}\n",
            encode::timestamp(at),
            escape(target, &['"', '\\']),
            escape(message, &['"', '\\'])
        ),
    }
}

/// Escapes control characters, and what else is `special`, as JSON does (RFC 8259 §7).
fn escape(text: &str, special: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if special.contains(&c) => escaped.extend(['\\', c]),
            // Writing to a string cannot fail.
            c if c.is_control() => drop(write!(escaped, "\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// How many lines wait to be written; further ones are counted and dropped.
const QUEUE_MAX: usize = 4096;

/// How long the last lines may take when the process ends.
const LAST_LINES_TIME: Duration = Duration::from_secs(2);

/// How many lines have been dropped since that was last said.
static DROPPED: AtomicU64 = AtomicU64::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat, message: &str) -> String {
        shape(format, Wall(0), Level::Warn, "slircd::x", message)
    }

    #[test]
    fn a_line_of_the_log_stays_one_line() {
        let message = "a\n<0>\"b\" \\ \u{7f}é";
        assert_eq!(
            line(LogFormat::Plain, message),
            "1970-01-01T00:00:00.000Z warn: a\\u000a<0>\"b\" \\ \\u007fé\n"
        );
        assert_eq!(line(LogFormat::Journal, message), "<4>a\\u000a<0>\"b\" \\ \\u007fé\n");
        assert_eq!(
            line(LogFormat::Json, message),
            concat!(
                r#"{"time":"1970-01-01T00:00:00.000Z","level":"warn","target":"slircd::x","#,
                r#""message":"a\u000a<0>\"b\" \\ \u007fé"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_operators_do_is_logged_and_what_strangers_do_in_rustls_is_not() {
        let logger = builder().build();
        let logged = |target: &str, level| {
            log::Log::enabled(&logger, &Metadata::builder().target(target).level(level).build())
        };
        assert!(logged("audit", Level::Info) && logged("slircd::reactor", Level::Debug));
        assert!(!logged("rustls::check", Level::Warn) && logged("rustls::check", Level::Error));
    }

    #[test]
    fn what_is_too_much_is_dropped_counted_and_told() {
        let (lines, queue) = unbounded();
        let mut log = Queue { lines: lines.clone(), most: 2 };
        for _ in 0..5 {
            // Nobody writes: this must not wait.
            log.write_all(b"x\n").unwrap();
        }
        assert_eq!(DROPPED.load(Ordering::Relaxed), 3);
        drop((log, lines));
        let mut out = Vec::new();
        write(&queue, &mut out, LogFormat::Journal, &DROPPED);
        let text = String::from_utf8(out).unwrap();
        let told = "<4>3 lines of the log were too many at once and have been dropped\n";
        assert_eq!(text, format!("x\n{told}x\n"));
    }

    #[test]
    fn the_end_waits_for_the_last_line() {
        let (lines, queue) = unbounded();
        lines.send(Line::Text("last\n".into())).unwrap();
        let (slow, written) = bounded(1);
        let writer = thread::spawn(move || {
            write(&queue, &mut Slow(slow), LogFormat::Plain, &AtomicU64::new(0));
        });
        let shaped = builder().build();
        log::Log::flush(&Logger { shaped, lines });
        assert_eq!(written.try_recv().unwrap(), b"last\n");
        writer.join().unwrap();
    }

    struct Slow(Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            thread::yield_now();
            self.0.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
