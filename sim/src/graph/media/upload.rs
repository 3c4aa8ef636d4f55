//! `POST /{phone_number_id}/media`.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use serde_json::{Value, json};

use super::formats::{self, Fault};
use super::{Content, File, UPLOADED};
use crate::graph::Graph;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::tokens::Scope;
use crate::simulator::lock;

/// The parts of an upload.
#[derive(Default)]
struct Form {
    product: Option<String>,
    mime_type: Option<String>,
    file: Option<Bytes>,
}

impl Graph {
    /// Takes the whole request, since its body is not JSON.
    pub(crate) async fn upload(&self, call: &Call, request: Request) -> Result<Value, Refusal> {
        self.addressed(call, Scope::Messaging)?;
        let form = Form::read(request).await?;
        let required = |name: &str| Refusal::new(100, format!("The parameter {name} is required."));
        if !form
            .product
            .ok_or_else(|| required("messaging_product"))?
            .eq_ignore_ascii_case("whatsapp")
        {
            return Err(Refusal::new(100, "Param messaging_product must be one of {WHATSAPP}"));
        }
        let bytes = form.file.ok_or_else(|| required("file"))?;
        let mime_type = form.mime_type.ok_or_else(|| required("type"))?;
        if self.enforcement().media {
            formats::check(&mime_type, &bytes).map_err(|fault| refuse(&fault, &mime_type))?;
        }
        let id = self.names.number();
        let file = File {
            content: Content::Uploaded { mime_type, bytes },
            expires: self.time.now() + UPLOADED,
        };
        lock(&self.media).files.insert(id.clone(), file);
        Ok(json!({"id": id}))
    }
}

impl Form {
    async fn read(request: Request) -> Result<Self, Refusal> {
        let unreadable = |_| Refusal::new(100, "The multipart body cannot be read.");
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| Refusal::new(100, "The body is not multipart/form-data."))?;
        let mut form = Self::default();
        while let Some(mut part) = parts.next_field().await.map_err(unreadable)? {
            match part.name() {
                Some("file") => {
                    let said = part.content_type().map(str::to_owned);
                    form.mime_type = form.mime_type.or(said);
                    let mut bytes = Vec::new();
                    while let Some(chunk) = part.chunk().await.map_err(unreadable)? {
                        bytes.extend_from_slice(&chunk);
                        if bytes.len() > formats::LARGEST {
                            return Err(Refusal::new(131053, "The file is larger than 100 MB."));
                        }
                    }
                    form.file = Some(bytes.into());
                }
                // It counts more than what the part itself says.
                Some("type") => form.mime_type = Some(part.text().await.map_err(unreadable)?),
                Some("messaging_product") => form.product = Some(part.text().await.map_err(unreadable)?),
                _ => {}
            }
        }
        Ok(form)
    }
}

fn refuse(fault: &Fault, mime_type: &str) -> Refusal {
    match fault {
        Fault::Type => Refusal::new(
            100,
            format!("Param file must be of a supported type. Received file of type '{mime_type}'."),
        ),
        Fault::TooLarge { most } => {
            Refusal::new(131053, format!("A file of type {mime_type} has at most {most} bytes."))
        }
        Fault::Content => Refusal::new(131053, format!("The file is not of type {mime_type}.")),
    }
}
