//! QR codes and short links that begin a message to the number.

use serde_json::{Value, json};

use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::{Call, select};
use crate::graph::tokens::Scope;
use crate::graph::validation::Field;
use crate::simulator::lock;

/// How many a number may have.
const MOST: usize = 2_000;
/// Of `prefilled_message`, in characters.
const LONGEST_MESSAGE: usize = 140;

#[derive(Clone, Debug)]
pub(crate) struct QrCode {
    code: String,
    prefilled_message: String,
}

impl QrCode {
    /// What is shown of it; `qr_image_url` is only for those who ask.
    fn json(&self) -> Value {
        json!({
            "code": self.code,
            "prefilled_message": self.prefilled_message,
            "deep_link_url": format!("https://wa.me/message/{}", self.code),
        })
    }

    fn with_image(&self, format: &str) -> Value {
        let mut shown = self.json();
        let suffix = format.to_ascii_lowercase();
        shown["qr_image_url"] = json!(format!("https://scontent.whatsapp.example/{}.{suffix}", self.code));
        shown
    }
}

impl Graph {
    /// `GET /{phone_number_id}/message_qrdls`, and `/message_qrdls/{code}`: a list of one, or of none.
    pub(crate) fn qr_codes(&self, call: &Call) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Management)?;
        let asked = call.path.get(2);
        let fields = call.fields();
        let image = fields.as_ref().and_then(|fields| {
            let wants = fields.contains(&"qr_image_url");
            wants.then(|| match call.query("fields").is_some_and(|text| text.contains("SVG")) {
                true => "SVG",
                false => "PNG",
            })
        });
        let data: Vec<Value> = lock(&number.card)
            .qr_codes
            .iter()
            .filter(|it| asked.is_none_or(|code| *code == it.code))
            .map(|it| image.map_or_else(|| it.json(), |format| it.with_image(format)))
            .map(|it| select(it, fields.as_deref()))
            .collect();
        Ok(json!({"data": data}))
    }

    /// `POST /{phone_number_id}/message_qrdls`: another one, or with `code` another message of that one.
    pub(crate) fn set_qr_code(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Management)?;
        let as_parameter = |refusal: Refusal| refusal.with_code(100);
        let root = Field::root(body);
        let message = root.at("prefilled_message");
        let message = message.text(LONGEST_MESSAGE).map_err(as_parameter)?.to_owned();
        let image = match root.at("generate_qr_image").is_given() {
            true => Some(
                root.at("generate_qr_image")
                    .one_of(&["PNG", "SVG"])
                    .map_err(as_parameter)?,
            ),
            false => None,
        };
        let mut card = lock(&number.card);
        let shown = match root.at("code").optional_text(usize::MAX).map_err(as_parameter)? {
            Some(code) => {
                let known = card.qr_codes.iter_mut().find(|it| it.code == code);
                let known = known.ok_or_else(|| Refusal::no_object(code))?;
                known.prefilled_message = message;
                known.clone()
            }
            None if card.qr_codes.len() >= MOST => {
                return Err(Refusal::new(100, "The number has as many QR codes as it may have."));
            }
            None => {
                let new = QrCode {
                    code: self.names.qr_code(),
                    prefilled_message: message,
                };
                card.qr_codes.push(new.clone());
                new
            }
        };
        Ok(image.map_or_else(|| shown.json(), |format| shown.with_image(format)))
    }

    /// `DELETE /{phone_number_id}/message_qrdls/{code}`.
    pub(crate) fn delete_qr_code(&self, call: &Call) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Management)?;
        let code = call.path.get(2).map_or("", String::as_str);
        let mut card = lock(&number.card);
        let before = card.qr_codes.len();
        card.qr_codes.retain(|it| it.code != code);
        match card.qr_codes.len() < before {
            true => Ok(success()),
            false => Err(Refusal::no_object(code)),
        }
    }
}
