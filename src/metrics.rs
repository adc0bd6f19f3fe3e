//! Every metric, once. One thread owns them, so they are plain integers.

use std::fmt::Write;

/// `kind field "name" "help";`
macro_rules! metrics {
    ($($kind:ident $field:ident $name:literal $help:literal;)*) => {
        /// What has been counted since the start.
        #[derive(Clone, Debug, Default)]
        pub struct Metrics { $(#[doc = $help] pub $field: u64),* }

        impl Metrics {
            /// All of them, in Prometheus' text format.
            pub fn render(&self) -> String {
                let mut text = String::new();
                $(let _ = writeln!(text, "# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}", $name, $help, stringify!($kind), self.$field);)*
                text
            }
        }
    };
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
    counter busy "slircd_jobs_refused_total" "Jobs that were not done: no room in their lane, or no time.";
}

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
}
