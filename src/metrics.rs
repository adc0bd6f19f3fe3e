//! Every metric, once. One thread owns them, so they are plain numbers.

use std::{fmt::Write, time::Duration};

/// `kind field "name" "help";` where the kind is a counter, a gauge or a histogram of times.
macro_rules! metrics {
    ($($kind:ident $field:ident $name:literal $help:literal;)*) => {
        /// What has been counted since the start.
        #[derive(Clone, Debug, Default)]
        pub struct Metrics { $(#[doc = $help] pub $field: metrics!(@$kind)),* }

        impl Metrics {
            /// All of them, in Prometheus' text format.
            pub fn render(&self) -> String {
                let mut text = String::new();
                $(
                    let _ = writeln!(text, "# HELP {0} {1}\n# TYPE {0} {2}", $name, $help, stringify!($kind));
                    self.$field.render($name, &mut text);
                )*
                text
            }
        }
    };
    (@counter) => { u64 };
    (@gauge) => { u64 };
    (@histogram) => { Histogram };
}

metrics! {
    counter lines_in "slircd_lines_received_total" "Lines that clients have sent.";
    counter rejects "slircd_rejects_total" "Commands that were answered with an error.";
    counter panics "slircd_handler_panics_total" "Commands that failed by a fault of the program.";
    counter accepted "slircd_connections_accepted_total" "Connections that were admitted.";
    counter refused "slircd_connections_refused_total" "Connections that were turned away at accept.";
    counter dnsbl_asked "slircd_dnsbl_queries_total" "Questions to blocklists.";
    counter dnsbl_remembered "slircd_dnsbl_remembered_total" "Questions to blocklists that a remembered reply has spared.";
    counter dnsbl_hits "slircd_dnsbl_hits_total" "Replies of blocklists that know an address.";
    counter dnsbl_failed "slircd_dnsbl_failures_total" "Questions to blocklists without a reply, or with one that makes no sense.";
    counter mails_sent "slircd_mails_sent_total" "Mails that were sent.";
    counter mails_failed "slircd_mail_failures_total" "Times that a mail could not be sent, for now or for good.";
    counter mails_given_up "slircd_mails_given_up_total" "Mails that were thrown away since they could not be sent.";
    counter busy "slircd_jobs_refused_total" "Jobs that were not done: no room in their lane, or no time.";
    counter store_failed "slircd_store_failures_total" "Questions to the database that it could not answer, or not in time.";
    counter breaker_opened "slircd_store_outages_total" "How often the database has become unusable.";
    gauge store_unwritable "slircd_store_unwritable" "1 while the database cannot be written to.";
    gauge store_unreadable "slircd_store_unreadable" "1 while nothing can be looked up in the database, so that nobody can log in.";
    counter look_ups_cached "slircd_lookups_cached_total" "Look-ups of accounts and channels that were answered from memory; `slircd_lookup_seconds_count` has the others.";
    histogram look_ups "slircd_lookup_seconds" "How long it took the database to look up an account or a channel.";
    histogram turns "slircd_turn_seconds" "How long everybody else waited while the reactor had something to do.";
}

/// How often something took how long.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// How many fell between each bound and the one before; the last, beyond all bounds.
    buckets: [u64; BOUNDS.len() + 1],
    sum: Duration,
    longest: Duration,
}

impl Histogram {
    /// Counts one more.
    pub fn observe(&mut self, span: Duration) {
        let place = BOUNDS.partition_point(|bound| *bound < span);
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket += 1;
        }
        self.sum += span;
        self.longest = self.longest.max(span);
    }

    /// How many there have been.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The longest there has been.
    pub fn longest(&self) -> Duration {
        self.longest
    }
}

/// A metric that knows its lines in Prometheus' text format.
trait Sample {
    fn render(&self, name: &str, text: &mut String);
}

impl Sample for u64 {
    fn render(&self, name: &str, text: &mut String) {
        let _ = writeln!(text, "{name} {self}");
    }
}

impl Sample for Histogram {
    fn render(&self, name: &str, text: &mut String) {
        let mut count = 0;
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            count += bucket;
            let _ = writeln!(text, "{name}_bucket{{le=\"{}\"}} {count}", bound.as_secs_f64());
        }
        let count = self.count();
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(text, "{name}_sum {}\n{name}_count {count}", self.sum.as_secs_f64());
        let longest = self.longest.as_secs_f64();
        let _ = writeln!(text, "# TYPE {name}_longest gauge\n{name}_longest {longest}");
    }
}

/// Up to what each bucket of a histogram goes.
const BOUNDS: [Duration; 10] = [
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(250),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_in_the_text_format() {
        let text = Metrics { rejects: 3, ..Metrics::default() }.render();
        assert!(
            text.contains("# TYPE slircd_rejects_total counter\nslircd_rejects_total 3\n"),
            "{text}"
        );
    }

    #[test]
    fn a_histogram_counts_what_is_no_longer_than_each_bound() {
        let mut turns = Histogram::default();
        for micros in [50, 51, 1_000, 300_000] {
            turns.observe(Duration::from_micros(micros));
        }
        let text = Metrics { turns, ..Metrics::default() }.render();
        for line in [
            "# TYPE slircd_turn_seconds histogram",
            "slircd_turn_seconds_bucket{le=\"0.00005\"} 1",
            "slircd_turn_seconds_bucket{le=\"0.0001\"} 2",
            "slircd_turn_seconds_bucket{le=\"0.0005\"} 2",
            "slircd_turn_seconds_bucket{le=\"0.001\"} 3",
            "slircd_turn_seconds_bucket{le=\"0.25\"} 3",
            "slircd_turn_seconds_bucket{le=\"+Inf\"} 4",
            "slircd_turn_seconds_sum 0.301101",
            "slircd_turn_seconds_count 4",
            "slircd_turn_seconds_longest 0.3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
