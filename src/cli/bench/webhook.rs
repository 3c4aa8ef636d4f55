//! The load of the benchmarks: unique text messages of about 700 bytes, as Meta sends them.

use std::sync::Arc;

use super::load::Request;
use crate::crypto::Signer;

pub const SECRET: &str = "secret-of-the-benchmark";
pub const NUMBER: &str = "100000000000001";
pub const WABA: &str = "100000000000002";

/// Returns webhook number `n`, written by one of `customers`.
pub fn body(n: u64, customers: usize) -> String {
    let customer = n % customers as u64;
    let at = 1_790_000_000 + n / 1_000;
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{WABA}","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550001111","phone_number_id":"{NUMBER}"}},"contacts":[{{"profile":{{"name":"Customer {customer}"}},"wa_id":"1555{customer:07}","user_id":"US.10{customer:014}"}}],"messages":[{{"from":"1555{customer:07}","from_user_id":"US.10{customer:014}","id":"wamid.HBgLMTU1NTAwMDExMTEVAgASGBQzQTdCNkI4RUE1RjZD{n:016X}AA==","timestamp":"{at}","type":"text","text":{{"body":"Message number {n:010}: could you please tell me whether the blue one is still available in size forty-two, and when you could deliver it?"}}}}]}},"field":"messages"}}]}}]}}"#
    )
}

/// Returns the whole HTTP request of a webhook.
pub fn request(signer: &Signer, n: u64, customers: usize) -> Vec<u8> {
    let body = body(n, customers);
    let signature = signer.header(body.as_bytes());
    format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Hub-Signature-256: {signature}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Returns a source of signed webhooks of `customers`.
pub fn load(customers: usize) -> Request {
    let signer = Signer::new(SECRET);
    Arc::new(move |n| request(&signer, n, customers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_as_long_as_it_should_be_and_carries_one_message() {
        let body = body(7, 10);
        assert!((650..=850).contains(&body.len()), "{}", body.len());
        assert_eq!(crate::meta::webhook::parse(body.as_bytes()).unwrap().items.len(), 1);
    }
}
