//! Sites: the places that keep stock and send it.

use compact_str::CompactString;
use kernel::{Decider, SiteId, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SiteCommand {
    /// It begins to work.
    Open {
        /// IANA name.
        time_zone: CompactString,
    },
    /// It ends.
    Close,
}

/// Facts of a stream `site/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum SiteFact {
    /// It works.
    #[serde(rename = "sites/opened@1")]
    Opened {
        /// IANA name.
        time_zone: CompactString,
    },
    /// It works no more.
    #[serde(rename = "sites/closed@1")]
    Closed,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum SiteRefusal {
    /// No such site.
    #[error("there is no such site: open it first")]
    Unknown,
    /// Longer than any name of a time zone.
    #[error("a time zone has 1 to 60 bytes, as in the IANA database")]
    BadTimeZone,
}

/// What a site remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Site {
    /// Not yet.
    #[default]
    Unknown,
    /// It works.
    Open,
    /// It works no more.
    Closed,
}

impl Decider for Site {
    type Id = SiteId;
    type Command = SiteCommand;
    type Fact = SiteFact;
    type Refusal = SiteRefusal;

    fn decide(&self, command: &SiteCommand, _: Timestamp) -> Result<Vec<SiteFact>, SiteRefusal> {
        match (command, self) {
            (SiteCommand::Open { .. }, Site::Open) => Ok(vec![]),
            (SiteCommand::Open { time_zone }, _) if !(1..=60).contains(&time_zone.len()) => {
                Err(SiteRefusal::BadTimeZone)
            }
            (SiteCommand::Open { time_zone }, _) => {
                Ok(vec![SiteFact::Opened { time_zone: time_zone.clone() }])
            }
            (SiteCommand::Close, Site::Open) => Ok(vec![SiteFact::Closed]),
            (SiteCommand::Close, Site::Closed) => Ok(vec![]),
            (SiteCommand::Close, Site::Unknown) => Err(SiteRefusal::Unknown),
        }
    }

    fn evolve(&mut self, fact: &SiteFact) {
        *self = match fact {
            SiteFact::Opened { .. } => Site::Open,
            SiteFact::Closed => Site::Closed,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::spec::given;

    #[test]
    fn a_site_opens_and_closes() {
        let open = |zone: &str| SiteCommand::Open { time_zone: zone.into() };
        let opened = || SiteFact::Opened { time_zone: "Europe/London".into() };
        given::<Site>([]).when(open("Europe/London")).then([opened()]);
        given::<Site>([opened()]).when(open("Europe/London")).then_nothing_happened();
        given::<Site>([opened()]).when(SiteCommand::Close).then([SiteFact::Closed]);
        given::<Site>([]).when(SiteCommand::Close).refused(SiteRefusal::Unknown);
        given::<Site>([]).when(open("")).refused(SiteRefusal::BadTimeZone);
        let closed = given::<Site>([opened(), SiteFact::Closed]);
        closed.when(SiteCommand::Close).then_nothing_happened();
    }
}
