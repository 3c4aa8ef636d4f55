//! Asks Meta: whether it answers, what its clock shows, and what it says of each channel.

use chrono::{DateTime, TimeDelta, Utc};

use super::{super::channel::MetaAnswers, Finding, configuration};
use crate::{
    clock::Clock,
    config::Config,
    db::Db,
    directory::{Directory, Route},
    domain::Provider,
    messaging::{self, ChannelReport},
    provider::{AskedNumber, Providers},
};

const CHECK: &str = "meta";
/// Number of channels that are asked about at a time.
const AT_ONCE: usize = 8;

/// Asks about every channel in use. One answer is missed as much as a hundred: a Meta that does not answer is one finding.
pub async fn check(db: &Db, config: &Config, clock: &Clock) -> Vec<Finding> {
    match examine(db, config, clock).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::fail(
            CHECK,
            format!("{error:#}"),
            "see GRAPH_BASE_URL and the database",
        )],
    }
}

async fn examine(db: &Db, config: &Config, clock: &Clock) -> anyhow::Result<Vec<Finding>> {
    let directory = Directory::new(db.clone(), config.keyring.clone(), &[]);
    directory.refresh().await?;
    let snapshot = directory.current();
    let mut routes: Vec<&Route> = snapshot.channels().collect();
    routes.sort_unstable_by_key(|route| route.channel);
    let providers = Providers::new(super::operator::client(&config.graph)?);
    let before = clock.now();
    let theirs = match providers.time(Provider::Meta).await {
        Ok(theirs) => theirs,
        Err(error) => {
            let what = format!("{} cannot be reached: {error}", config.graph.base_url);
            let cure = "let this machine resolve the name and connect to port 443; messages wait meanwhile";
            return Ok(vec![Finding::fail(CHECK, what, cure)]);
        }
    };
    let mut findings = vec![Finding::ok(CHECK, format!("{} answers", config.graph.base_url))];
    findings.extend(theirs.map(|theirs| offset(before, theirs, clock.now())));
    for route in &routes {
        let own = route.app_secret.as_slice();
        findings.extend(configuration::implausible(
            &format!("the app secret of {}", route.channel),
            own,
        ));
    }
    for routes in routes.chunks(AT_ONCE) {
        let asked = routes.iter().map(|route| async {
            let report = messaging::look_up(&providers, AskedNumber::of(route), clock.now()).await;
            of_channel(route, &report, config.public_url.as_deref())
        });
        findings.extend(futures::future::join_all(asked).await.into_iter().flatten());
    }
    Ok(findings)
}

/// Compares the clocks. Meta's shows whole seconds.
fn offset(before: DateTime<Utc>, theirs: DateTime<Utc>, after: DateTime<Utc>) -> Finding {
    let until = theirs + TimeDelta::seconds(1);
    let offset = (theirs - after).max(before - until).max(TimeDelta::zero());
    let what = format!("the clock differs from Meta's by {} s at least", offset.num_seconds());
    let cure = "run an NTP client: service windows and links follow the clock";
    if offset < TimeDelta::seconds(2) {
        Finding::ok(CHECK, what)
    } else if offset < TimeDelta::minutes(1) {
        Finding::warn(CHECK, what, cure)
    } else {
        Finding::fail(CHECK, what, cure)
    }
}

/// Returns the findings about a channel: one of its state, and one of each problem.
fn of_channel(route: &Route, report: &ChannelReport, public_url: Option<&str>) -> Vec<Finding> {
    let id = route.channel;
    let problems = report.problems_by_severity(public_url);
    let mut findings = Vec::new();
    if report.number.is_ok() {
        let answers = MetaAnswers::of(report, public_url);
        findings.push(Finding::ok("channel", format!("{id} {}", answers.line())));
    }
    let cure = format!("see `mainstay channel check {id}`");
    findings.extend(problems.into_iter().map(|problem| {
        let what = format!("{id} {}", problem.text.trim_end_matches('.'));
        match problem.severe {
            true => Finding::fail("channel", what, &cure),
            false => Finding::warn("channel", what, &cure),
        }
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::FindingStatus;

    #[test]
    fn metas_clock_shows_whole_seconds() {
        let theirs = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        for (ours_ms, expected) in [
            (0, FindingStatus::Ok),
            (999, FindingStatus::Ok),
            (-1_900, FindingStatus::Ok),
            (2_900, FindingStatus::Ok),
            (-5_000, FindingStatus::Warn),
            (6_000, FindingStatus::Warn),
            (3_600_000, FindingStatus::Fail),
            (-3_600_000, FindingStatus::Fail),
        ] {
            let ours = theirs + TimeDelta::milliseconds(ours_ms);
            assert_eq!(offset(ours, theirs, ours).status, expected, "{ours_ms}");
        }
    }
}
