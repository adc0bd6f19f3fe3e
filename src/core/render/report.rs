//! What users report, as operators are told.

use super::Tell;
use crate::{
    core::snotice,
    network::{UserId, op::Op},
};

/// The kind of notice.
const LETTER: char = 'a';

impl Tell<'_> {
    pub(super) fn reported(&mut self, by: UserId) {
        let Op::Report { about, reason, .. } = self.op else { return };
        let mask = self.core.network().user(by).mask();
        let most = self.core.config.limits.reports;
        let number = self.core.reports.add(self.at, &mask, about, reason, most);
        log::info!("report {number}: {mask} about {about}: {reason}");
        let text = format!("Report {number}: {mask} about {about}: {reason}");
        snotice::tell(self.core, self.fx, self.at.server, LETTER, |_| text, self.now);
    }

    pub(super) fn report_closed(&mut self) {
        let Op::ReportClosed { by, report } = self.op else { return };
        let Some(report) = self.core.reports.close(*report) else { return };
        let by = self.source(*by, "");
        let text = format!("Report {} about {} closed by {by}", report.number, report.about);
        snotice::tell(self.core, self.fx, self.at.server, LETTER, |_| text, self.now);
    }
}
