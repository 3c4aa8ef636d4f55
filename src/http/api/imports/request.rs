//! The file of an import and its options.

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    http::{StatusCode, header},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::problems::import_problem;
use crate::{
    contacts::import::{
        self, ImportOptions, ImportService, OnBadField, OnConflict, OnExisting, OptionTexts, WrongOption,
    },
    domain::{CampaignId, Ctx, ImportId},
    http::{IMPORT_BYTES, api::uploads::envelope, problem::Problem},
};

/// Longest text of an option, in bytes.
const FIELD_BYTES: usize = 65_536;

/// How a file is read, and what becomes of its rows.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// What the file is called; only shown.
    #[param(example = "customers.csv")]
    filename: Option<String>,
    /// A name such as `windows-1252`; without it UTF-8, or as the file's byte order mark says.
    #[param(example = "windows-1252")]
    encoding: Option<String>,
    /// A comma, a semicolon, a tab or a vertical bar; found out without it.
    delimiter: Option<String>,
    /// Whether the first row has the names of the columns, which are called `1`, `2` … without. Found out without it.
    #[param(value_type = Option<bool>)]
    header: Option<String>,
    /// A JSON object: column → what it gives. `ignore` leaves a column out.
    #[param(example = "{\"Mobile\": \"phone\", \"City\": \"fields.city\"}")]
    mapping: Option<String>,
    /// The country of phone numbers without `+`, two letters.
    #[param(example = "IN")]
    default_country: Option<String>,
    /// What to do with a contact that exists: `update` (the default) replaces its values by those of the row, `fill_empty` adds what it lacks,
    /// `skip` leaves it as it is.
    #[param(value_type = Option<OnExisting>, inline)]
    on_existing: Option<String>,
    /// What to do with a value that does not fit its field: `fail` (the default) its row, or `drop` the cell.
    #[param(value_type = Option<OnBadField>, inline)]
    on_bad_field: Option<String>,
    /// What to do with a row whose identities belong to two contacts: `fail` it (the default), or `merge` them.
    #[param(value_type = Option<OnConflict>, inline)]
    on_conflict: Option<String>,
    /// Names of tags that every contact of the file gets, parted by commas; up to 20.
    #[param(example = "spring,vip")]
    tags: Option<String>,
    /// Names of lists that every contact of the file is put on, parted by commas; up to 20.
    lists: Option<String>,
    /// A JSON object: the consent that everybody in the file declared, with `purpose`, `status`, `occurred_at` and `evidence`. It gives back
    /// nothing that a contact refused themself.
    #[param(
        example = "{\"purpose\": \"marketing\", \"status\": \"granted\", \"occurred_at\": \"2026-11-20T08:00:00Z\", \"evidence\": {\"form\": \"shop 4\"}}"
    )]
    consent: Option<String>,
    /// Whether contacts that are created or changed cause events; not by default.
    #[param(value_type = Option<bool>)]
    events: Option<String>,
    /// Whether it is a trial: everything is checked, and nothing written.
    #[param(value_type = Option<bool>)]
    dry_run: Option<String>,
}

/// A file to import, as a form. The other fields precede the file, and win over parameters of the address.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only for the OpenAPI document; the form is read field by field")]
pub(crate) struct ImportForm {
    encoding: Option<String>,
    delimiter: Option<String>,
    header: Option<String>,
    mapping: Option<String>,
    default_country: Option<String>,
    on_existing: Option<String>,
    on_bad_field: Option<String>,
    on_conflict: Option<String>,
    tags: Option<String>,
    lists: Option<String>,
    consent: Option<String>,
    events: Option<String>,
    dry_run: Option<String>,
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

impl ImportQuery {
    /// Returns the options by name.
    fn texts(self) -> OptionTexts {
        let mut texts = OptionTexts::default();
        for (name, text) in [
            ("filename", self.filename),
            ("encoding", self.encoding),
            ("delimiter", self.delimiter),
            ("header", self.header),
            ("mapping", self.mapping),
            ("default_country", self.default_country),
            ("on_existing", self.on_existing),
            ("on_bad_field", self.on_bad_field),
            ("on_conflict", self.on_conflict),
            ("tags", self.tags),
            ("lists", self.lists),
            ("consent", self.consent),
            ("events", self.events),
            ("dry_run", self.dry_run),
        ] {
            if let Some(text) = text {
                texts.set(name, text);
            }
        }
        texts
    }

    pub fn options(self) -> Result<ImportOptions, Problem> {
        read(&self.texts())
    }
}

fn read(texts: &OptionTexts) -> Result<ImportOptions, Problem> {
    let wrong = |wrong: WrongOption| Problem::invalid_field(wrong.name, format!("{wrong}."), None);
    texts.read().map_err(wrong)
}

/// The body of a request for an import.
pub(super) enum ImportBody {
    Csv(Body),
    Form(Box<Multipart>),
}

impl ImportBody {
    pub async fn of(request: Request) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let kind = head
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().trim_start().to_ascii_lowercase();
        if ["text/csv", "text/plain", "application/csv"]
            .iter()
            .any(|it| kind.starts_with(it))
        {
            return Ok(Self::Csv(body));
        }
        if !kind.starts_with("multipart/form-data") {
            let detail = "Send the file as text/csv, or as the field `file` of multipart/form-data.";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(
                status,
                "not-csv",
                "Request body must be CSV or a form",
                detail,
            ));
        }
        let content_type = head
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let body = match content_type.and_then(envelope::boundary) {
            Some(boundary) => Body::from_stream(envelope::limit_envelope(body.into_data_stream(), &boundary)),
            // The multipart reader reports what is wrong.
            None => body,
        };
        let form = Multipart::from_request(Request::from_parts(head, body), &()).await;
        let malformed = |text: String| Problem::invalid(format!("Malformed form data: {text}."));
        form.map(|form| Self::Form(Box::new(form)))
            .map_err(|error| malformed(error.body_text()))
    }
}

/// Reads the fields before the file, and imports the file.
pub(super) async fn from_form(
    service: &ImportService,
    ctx: &Ctx,
    mut form: Box<Multipart>,
    query: ImportQuery,
    campaign: Option<CampaignId>,
) -> Result<ImportId, Problem> {
    let (mut texts, mut length) = (query.texts(), 0);
    while let Some(mut field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            if let Some(filename) = field.file_name().filter(|_| !texts.has("filename")) {
                texts.set("filename", filename.to_owned());
            }
            let options = ImportOptions {
                campaign,
                ..read(&texts)?
            };
            let id = import::accept(service, ctx, options, field)
                .await
                .map_err(import_problem)?;
            if form.next_field().await.map_err(unreadable)?.is_some() {
                import::cancel(service, ctx, id).await?;
                return Err(Problem::invalid("The field `file` must be the last one of the form."));
            }
            return Ok(id);
        }
        let mut text = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(unreadable)? {
            text.extend_from_slice(&piece);
            length += piece.len();
            if length > FIELD_BYTES {
                let detail = format!("The fields before `file` are longer than {FIELD_BYTES} bytes.");
                return Err(Problem::invalid(detail));
            }
        }
        let text = String::from_utf8(text).ok().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| Problem::invalid("A field before `file` is not text in UTF-8."))?;
        if !texts.set(&name, text) {
            let detail = "The form may have the fields that the document names, and `file` as the last one.";
            return Err(Problem::invalid(detail));
        }
    }
    Err(Problem::invalid("The form has no field `file`."))
}

fn unreadable(error: MultipartError) -> Problem {
    envelope::unreadable(&error, IMPORT_BYTES)
}
