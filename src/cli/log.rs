//! The log: on standard error, in one of three forms, never at the cost of the reactor.

use crate::config::{Log, LogFormat};
use crossbeam_channel::{Sender, bounded};
use log::{Level, Record};
use std::{
    fmt::Write as _,
    io::{self, Write},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

/// How many lines wait to be written; further ones are counted and dropped.
const QUEUE_MAX: usize = 4096;

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Starts logging.
pub(super) fn begin(config: &Log) -> io::Result<()> {
    let (lines, queue) = bounded::<String>(QUEUE_MAX);
    thread::Builder::new().name("slircd-log".into()).spawn(move || {
        for line in queue {
            // If standard error cannot be written to, there is nobody to tell.
            drop(io::stderr().write_all(line.as_bytes()));
            let dropped = DROPPED.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                drop(writeln!(io::stderr(), "({dropped} lines of the log have been dropped)"));
            }
        }
    })?;
    let format = config.format;
    let mut builder = env_logger::Builder::new();
    builder.filter_module("slircd", config.level).parse_env("SLIRCD_LOG");
    builder.format(move |out, record| out.write_all(line(format, record).as_bytes()));
    builder.target(env_logger::Target::Pipe(Box::new(Queue(lines))));
    drop(builder.try_init());
    Ok(())
}

struct Queue(Sender<String>);

impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.try_send(String::from_utf8_lossy(bytes).into_owned()).is_err() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn line(format: LogFormat, record: &Record<'_>) -> String {
    match format {
        LogFormat::Plain => {
            format!("{}: {}\n", record.level().as_str().to_ascii_lowercase(), record.args())
        }
        LogFormat::Journal => {
            // syslog(3)
            let priority = match record.level() {
                Level::Error => 3,
                Level::Warn => 4,
                Level::Info => 6,
                Level::Debug | Level::Trace => 7,
            };
            format!("<{priority}>{}\n", record.args())
        }
        LogFormat::Json => {
            let mut text = String::new();
            for c in record.args().to_string().chars() {
                match c {
                    '"' | '\\' => text.extend(['\\', c]),
                    c if c.is_control() => drop(write!(text, "\\u{:04x}", u32::from(c))),
                    c => text.push(c),
                }
            }
            format!(
                "{{\"level\":\"{}\",\"target\":\"{}\",\"message\":\"{text}\"}}\n",
                record.level(),
                record.target()
            )
        }
    }
}
