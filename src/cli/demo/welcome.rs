//! What the demo prints first: addresses, keys, and commands to paste.

use std::{fmt, io};

use serde::Serialize;
use serde_json::json;

use super::{DemoSetup, campaign::DemoCampaign};
use crate::cli::{
    listen::EventForwarder,
    simulated_meta::{Hello, address},
};

/// The URLs, ids and keys of the running demo.
#[derive(Serialize)]
pub(super) struct Welcome {
    url: String,
    webhook: String,
    api: String,
    docs: String,
    admin: String,
    metrics: String,
    health: String,
    simulator: String,
    admin_token: String,
    api_key: String,
    channel_id: String,
    /// A campaign that is running.
    campaign_id: Option<String>,
    /// The phone number of a customer who has just written.
    customer: Option<String>,
    /// A command that sends them a message.
    send: Option<String>,
    forward: Option<Forwarding>,
    #[serde(skip)]
    place: usize,
    #[serde(skip)]
    other_port: bool,
}

/// Where events are passed on to.
#[derive(Serialize)]
struct Forwarding {
    url: String,
    secret: String,
}

impl Welcome {
    pub fn of(
        setup: &DemoSetup,
        hello: Option<&Hello>,
        forwarder: Option<&EventForwarder>,
        campaign: Option<&DemoCampaign>,
    ) -> io::Result<Self> {
        let url = setup.url();
        let mut welcome = Self {
            webhook: format!("{url}/webhooks/whatsapp"),
            api: format!("{url}/api/v1"),
            docs: format!("{url}/api/docs"),
            admin: format!("{url}/admin"),
            metrics: format!("{url}/metrics"),
            health: format!("{url}/health"),
            simulator: address::reachable(setup.simulator.local_addr()?),
            admin_token: setup.secrets.admin_token.clone(),
            api_key: setup.api_key.clone(),
            channel_id: setup.channel.to_string(),
            campaign_id: campaign.map(|it| it.id.clone()),
            customer: hello.map(|hello| hello.phone.clone()),
            send: None,
            forward: forwarder.map(|forwarder| Forwarding {
                url: forwarder.url().to_owned(),
                secret: forwarder.secret().to_owned(),
            }),
            place: hello.map_or(0, |hello| hello.customer),
            other_port: !setup.is_requested_port,
            url,
        };
        welcome.send = welcome.customer.as_deref().map(|phone| welcome.send(phone));
        Ok(welcome)
    }

    fn send(&self, phone: &str) -> String {
        let Self {
            api,
            api_key,
            channel_id,
            ..
        } = self;
        let message = json!({
            "channel_id": channel_id, "to": { "phone": phone }, "type": "text", "text": { "body": "Hello from Mainstay!" },
        });
        format!(
            "curl {api}/messages -H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json' -d '{message}'"
        )
    }
}

impl fmt::Display for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.other_port {
            writeln!(f, "The requested port is in use; this is on a free one.")?;
        }
        writeln!(
            f,
            "Mainstay is running, and customers are writing. Press Ctrl-C to stop.\n"
        )?;
        for (name, value) in [
            ("reference", &self.docs),
            ("API", &self.api),
            ("admin", &self.admin),
            ("health", &self.health),
            ("metrics", &self.metrics),
            ("webhook", &self.webhook),
            ("simulator", &self.simulator),
            ("API key", &self.api_key),
            ("admin token", &self.admin_token),
        ] {
            writeln!(f, "  {name:<14} {value}")?;
        }
        let Self {
            api,
            admin,
            simulator,
            api_key,
            admin_token,
            channel_id,
            campaign_id,
            ..
        } = self;
        writeln!(f, "\nLook around:")?;
        writeln!(f, "  curl {api}/conversations -H 'Authorization: Bearer {api_key}'")?;
        if let Some(id) = campaign_id {
            writeln!(f, "  curl {api}/campaigns/{id} -H 'Authorization: Bearer {api_key}'")?;
        }
        writeln!(f, "  curl {admin}/queues -H 'Authorization: Bearer {admin_token}'")?;
        if let (Some(phone), Some(send)) = (&self.customer, &self.send) {
            writeln!(f, "Send to a customer who has just written:")?;
            writeln!(f, "  {send}")?;
            writeln!(f, "The same ids and key for the examples of README.md:")?;
            writeln!(
                f,
                "  export API={api} MAINSTAY_API_KEY={api_key} CHANNEL={channel_id} CUSTOMER={phone}"
            )?;
        }
        writeln!(f, "Be that customer:")?;
        let message = json!({ "customer": self.place, "text": "Is anybody there?" });
        writeln!(
            f,
            "  curl {simulator}/_sim/messages -H 'Content-Type: application/json' -d '{message}'"
        )?;
        if let Some(Forwarding { url, secret }) = &self.forward {
            writeln!(
                f,
                "Events go to {url}, and the program there answers the customers; it verifies them with"
            )?;
            writeln!(f, "  export WEBHOOK_SECRET={secret}")?;
        }
        writeln!(
            f,
            "\nNote: endpoints may lead to this machine (http://127.0.0.1:…) in the demo; `mainstay serve` refuses that.\n\
             Read on: README.md, docs/sending.md, RECEIVERS.md; for a real number docs/meta-setup.md."
        )
    }
}
