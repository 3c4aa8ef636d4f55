//! The inventory of calls, and the way each of them goes: understood, spoilt if a fault strikes, carried out, answered.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use tokio::time::sleep;

use super::accounts::Blocking;
use super::faults::{Area, Fault, Target};
use super::refusal::Refusal;
use super::request::{Call, object};
use super::tokens::Scope;
use super::{Graph, answer as with};
use crate::Simulator;

/// The most bytes of a body that is not a file.
const LARGEST_BODY: usize = 4_000_000;
/// And of one that is: 100 MB, and the form around them.
const LARGEST_FORM: usize = 101 * 1_024 * 1_024;

/// What a call can be. The path is without the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Messages,
    Upload,
    Download,
    ShowFile,
    DeleteFile,
    OpenUpload,
    ContinueUpload,
    ListTemplates,
    CreateTemplate,
    DeleteTemplate,
    ArchiveTemplates,
    UnarchiveTemplates,
    ShowTemplate,
    EditTemplate,
    Unpause,
    ShowNumber,
    EditNumber,
    ShowAccount,
    ListNumbers,
    Subscriptions,
    Subscribe,
    Unsubscribe,
    Blocked,
    Block,
    Unblock,
    QrCodes,
    SetQrCode,
    DeleteQrCode,
    Settings,
    SetSettings,
    Profile,
    SetProfile,
    Register,
    Deregister,
    DebugToken,
    Nothing,
}

impl Endpoint {
    fn of(call: &Call, graph: &Graph) -> Self {
        use Endpoint::*;
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match (call.method.as_str(), path.as_slice()) {
            ("POST", [_, "messages" | "marketing_messages"]) => Messages,
            ("POST", [_, "media"]) => Upload,
            ("GET", ["whatsapp_business", "attachments"]) => Download,
            ("POST", [_, "uploads"]) => OpenUpload,
            ("POST", [session]) if session.starts_with("upload:") => ContinueUpload,
            ("GET", [_, "message_templates"]) => ListTemplates,
            ("POST", [_, "message_templates"]) => CreateTemplate,
            ("DELETE", [_, "message_templates"]) => DeleteTemplate,
            ("POST", [_, "message_templates", "archive"]) => ArchiveTemplates,
            ("POST", [_, "message_templates", "unarchive"]) => UnarchiveTemplates,
            ("POST", [_, "unpause"]) => Unpause,
            ("GET", [_, "phone_numbers"]) => ListNumbers,
            ("GET", [_, "subscribed_apps"]) => Subscriptions,
            ("POST", [_, "subscribed_apps"]) => Subscribe,
            ("DELETE", [_, "subscribed_apps"]) => Unsubscribe,
            ("GET", [_, "block_users"]) => Blocked,
            ("POST", [_, "block_users"]) => Block,
            ("DELETE", [_, "block_users"]) => Unblock,
            ("GET", [_, "message_qrdls"] | [_, "message_qrdls", _]) => QrCodes,
            ("POST", [_, "message_qrdls"]) => SetQrCode,
            ("DELETE", [_, "message_qrdls", _]) => DeleteQrCode,
            ("GET", [_, "settings"]) => Settings,
            ("POST", [_, "settings"]) => SetSettings,
            ("GET", [_, "whatsapp_business_profile"]) => Profile,
            ("POST", [_, "whatsapp_business_profile"]) => SetProfile,
            ("POST", [_, "register"]) => Register,
            ("POST", [_, "deregister"]) => Deregister,
            ("GET", ["debug_token"]) => DebugToken,
            (method, [id]) => Self::of_object(method, id, graph),
            _ => Nothing,
        }
    }

    /// Calls that name an object and nothing else: what is done depends on what the id belongs to.
    fn of_object(method: &str, id: &str, graph: &Graph) -> Self {
        use Endpoint::*;
        match method {
            "GET" if graph.number(id).is_ok() => ShowNumber,
            "POST" if graph.number(id).is_ok() => EditNumber,
            "GET" if graph.account(id).is_some() => ShowAccount,
            "GET" if graph.has_file(id) => ShowFile,
            "DELETE" if graph.has_file(id) => DeleteFile,
            "GET" if graph.has_template(id) => ShowTemplate,
            "POST" if graph.has_template(id) => EditTemplate,
            _ => Nothing,
        }
    }

    fn area(self, body: &Value) -> Area {
        use Endpoint::*;
        match self {
            Messages if body.get("status").is_some() => Area::Reads,
            Messages => Area::Messages,
            Upload | OpenUpload | ContinueUpload => Area::MediaUpload,
            ShowFile | DeleteFile => Area::Media,
            Download => Area::MediaDownload,
            ListTemplates | CreateTemplate | DeleteTemplate | ArchiveTemplates | UnarchiveTemplates | ShowTemplate
            | EditTemplate | Unpause => Area::Templates,
            _ => Area::Management,
        }
    }
}

/// What came with a call.
enum Input {
    /// Unread, for files.
    Whole(Request),
    /// An object, and the bytes it was read from.
    Json { value: Value, raw: Bytes },
}

impl Input {
    /// Reads a file to its end: whoever is still writing when the connection closes does not hear the answer.
    async fn hear_out(self) {
        if let Self::Whole(request) = self {
            drop(to_bytes(request.into_body(), LARGEST_FORM).await);
        }
    }
}

/// Every call that is not for the control interface.
pub(crate) async fn answer(State(simulator): State<Simulator>, request: Request) -> Response {
    let graph = simulator.graph();
    graph.calls.fetch_add(1, Ordering::Relaxed);
    match simulator.converse(request).await {
        Ok(response) => response,
        Err(refusal) => {
            graph.count_refusal(refusal.code);
            refusal.answer(&graph.names.trace())
        }
    }
}

impl Simulator {
    async fn converse(&self, request: Request) -> Result<Response, Refusal> {
        let graph = self.graph();
        let (parts, body) = request.into_parts();
        let call = Call::of(&parts);
        let endpoint = Endpoint::of(&call, graph);
        let input = match endpoint {
            Endpoint::Upload => Input::Whole(Request::from_parts(parts, body)),
            _ => {
                let read = to_bytes(body, LARGEST_BODY).await;
                let raw = read.map_err(|_| Refusal::new(100, "The body is too large, or did not arrive whole."))?;
                let value = match endpoint {
                    Endpoint::ContinueUpload => Value::Null,
                    _ => object(&raw)?,
                };
                Input::Json { value, raw }
            }
        };
        let fault = graph.fault(&call, endpoint, &input);
        match &fault {
            Some(Fault::Slow { ms }) => sleep(Duration::from_millis(*ms)).await,
            Some(fault) if !fault.is_carried_out() => {
                input.hear_out().await;
                return Ok(graph.spoilt(fault).unwrap_or_else(with::lost));
            }
            _ => {}
        }
        let carried_out = self.carry_out(endpoint, &call, input, fault.as_ref()).await?;
        if let Some(Fault::Late { ms }) = &fault {
            sleep(Duration::from_millis(*ms)).await;
        }
        let spoilt = fault.as_ref().and_then(|fault| graph.spoilt(fault));
        Ok(spoilt.unwrap_or(carried_out))
    }

    async fn carry_out(
        &self,
        endpoint: Endpoint,
        call: &Call,
        input: Input,
        fault: Option<&Fault>,
    ) -> Result<Response, Refusal> {
        use Endpoint::*;
        let graph = self.graph();
        call.check_parameters()?;
        let (body, raw) = match input {
            Input::Whole(request) => return graph.upload(call, request).await.map(|it| with::ok(&it)),
            Input::Json { value, raw } => (value, raw),
        };
        let body = &body;
        let value = match endpoint {
            Messages if body.get("status").is_some() => graph.read(call, body),
            Messages => self.send(call, body, &raw, fault).await,
            Download => return graph.download(call),
            ShowFile => graph.show_file(call),
            DeleteFile => graph.delete_file(call),
            OpenUpload => graph.open_upload(call),
            ContinueUpload => graph.continue_upload(call, &raw),
            ListTemplates => graph.list_templates(call),
            CreateTemplate => graph.create_template(call, body),
            DeleteTemplate => graph.delete_template(call),
            ArchiveTemplates => graph.archive_templates(call, body),
            UnarchiveTemplates => graph.unarchive_templates(call, body),
            ShowTemplate => graph.show_template(call),
            EditTemplate => graph.edit_template(call, body),
            Unpause => graph.unpause_template(call),
            ShowNumber => graph.show_number(call),
            EditNumber => self.edit_number(call, body).await,
            ShowAccount => graph.show_account(call),
            ListNumbers => graph.list_numbers(call),
            Subscriptions => graph.subscriptions(call),
            Subscribe => self.subscribe(call, body).await,
            Unsubscribe => self.unsubscribe(call),
            Blocked => graph.blocked(call),
            Block => graph.block(call, body, Blocking::Block),
            Unblock => graph.block(call, body, Blocking::Unblock),
            QrCodes => graph.qr_codes(call),
            SetQrCode => graph.set_qr_code(call, body),
            DeleteQrCode => graph.delete_qr_code(call),
            Settings => graph.settings(call),
            SetSettings => graph.set_settings(call, body),
            Profile => graph.profile(call),
            SetProfile => graph.set_profile(call, body),
            Register => graph.register(call, body),
            Deregister => graph.deregister(call),
            DebugToken => graph.debug_token(call, &self.config().app_secret),
            Upload | Nothing => {
                graph
                    .allow(call, Scope::Messaging, None)
                    .or_else(|_| graph.allow(call, Scope::Management, None))?;
                Err(Refusal::no_object(call.object()))
            }
        };
        value.map(|value| with::ok(&value))
    }
}

impl Graph {
    /// The fault that strikes a call, if any; it is counted.
    fn fault(&self, call: &Call, endpoint: Endpoint, input: &Input) -> Option<Fault> {
        let nothing = Value::Null;
        let body = match input {
            Input::Json { value, .. } => value,
            Input::Whole(_) => &nothing,
        };
        let to: String = match body["to"].as_str() {
            Some(to) => to.chars().filter(char::is_ascii_digit).collect(),
            None => body["recipient"].as_str().unwrap_or_default().to_owned(),
        };
        let target = Target {
            area: endpoint.area(body),
            phone_number_id: call.object(),
            to: &to,
        };
        let fault = self.faults.strike(target, self.time.now(), &self.dice)?;
        if let Fault::Error { code, .. } | Fault::Failed { code, .. } = &fault {
            self.count_injected(*code);
        }
        Some(fault)
    }

    /// What a call is answered that a fault has struck; None if nothing is wrong with the answer itself.
    fn spoilt(&self, fault: &Fault) -> Option<Response> {
        Some(match fault {
            Fault::Error {
                code,
                subcode,
                http_status,
                details,
                as_text,
                ..
            } => {
                let refusal = match details {
                    Some(details) => Refusal::new(*code, details),
                    None => Refusal::of(*code),
                };
                let refusal = subcode
                    .iter()
                    .fold(refusal, |refusal, subcode| refusal.with_subcode(*subcode));
                let refusal = refusal.with_http(*http_status).with_data_as_text(*as_text);
                refusal.answer(&self.names.trace())
            }
            Fault::Http { status, .. } => with::broken(*status),
            Fault::Lost { .. } => with::lost(),
            Fault::Unreadable { .. } => with::unreadable(),
            Fault::Failed { .. } | Fault::Slow { .. } | Fault::Late { .. } => return None,
        })
    }
}
