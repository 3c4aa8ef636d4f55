//! Whether a message whose form is right may pass.

use serde_json::Value;

use super::price::price;
use crate::graph::Graph;
use crate::graph::accounts::Number;
use crate::graph::enforcement::{Enforcement, Way};
use crate::graph::people::{Address, Person, Recipient};
use crate::graph::refusal::Refusal;
use crate::graph::statuses::Doom;
use crate::graph::templates::Category;
use crate::graph::validation::{Draft, Field, Kind, MediaUse};
use crate::simulator::lock;

/// What was found out about a message on its way in.
#[derive(Debug)]
pub(super) struct Admission {
    /// Of its price.
    pub category: Category,
    /// `pricing.type`.
    pub pricing_type: &'static str,
    /// Set if it is accepted only to fail.
    pub doom: Option<Doom>,
}

/// A message, its number and its recipient.
pub(super) struct Case<'a> {
    pub number: &'a Number,
    pub draft: &'a Draft,
    pub recipient: &'a Recipient,
    pub body: &'a Value,
    pub rules: &'a Enforcement,
}

impl Graph {
    pub(super) fn admit(&self, case: &Case<'_>) -> Result<Admission, Refusal> {
        let now = self.time.now();
        let Case {
            number,
            draft,
            recipient,
            rules,
            ..
        } = case;
        if let Some(trouble) = self.account(&number.line.waba_id).and_then(|account| account.trouble()) {
            return Err(Refusal::of(trouble.code()));
        }
        number.ready(now)?;
        if recipient.name == number.line.display_phone_number {
            return Err(Refusal::of(131021));
        }
        if number.has_blocked(recipient) {
            return Err(Refusal::of(130403));
        }
        let mut doom = self.check_references(case)?;
        let category = self.check_template(case, &mut doom)?;
        let to_group = matches!(recipient.person, Person::Group(_));
        let open = to_group || lock(&number.limits).window_is_open(&recipient.person, now);
        if !open && draft.kind != Kind::Template {
            breach(rules.window, 131047, &mut doom)?;
        }
        let terms = number.terms(rules);
        let passed = lock(&number.limits).pass(&recipient.person, now, rules, terms);
        passed.map_err(Refusal::of)?;
        if rules.portfolio != Way::Off
            && !open
            && let Some(limit) = rules.portfolio_users.or(self.config.messaging_limit.users())
            && !lock(&self.portfolio).reach(&recipient.person, now, limit)
        {
            breach(rules.portfolio, rules.portfolio_code, &mut doom)?;
        }
        let pricing_type = price(case, category, open, &mut lock(&number.limits), now);
        Ok(Admission {
            category,
            pricing_type,
            doom,
        })
    }

    /// Files and messages that the message names.
    fn check_references(&self, case: &Case<'_>) -> Result<Option<Doom>, Refusal> {
        let (draft, rules) = (case.draft, case.rules);
        let mut doom = match rules.media {
            true => self.check_files(&draft.media)?,
            false => None,
        };
        if rules.references
            && let Some(target) = &draft.target
            && !self.knows(&case.number.line.phone_number_id, target)
        {
            doom = Some(Doom::at_once(
                131009,
                Some("The message it refers to is not in this conversation."),
            ));
        }
        Ok(doom)
    }

    /// Refuses files that do not exist; those of the wrong sort doom the message.
    fn check_files(&self, files: &[MediaUse]) -> Result<Option<Doom>, Refusal> {
        let mut doom = None;
        for used in files {
            if !self.check_media(used)? {
                doom = Some(Doom::at_once(
                    131053,
                    Some("The file is of a type that this message cannot carry."),
                ));
            }
        }
        Ok(doom)
    }

    fn check_template(&self, case: &Case<'_>, doom: &mut Option<Doom>) -> Result<Category, Refusal> {
        if case.draft.kind != Kind::Template {
            return Ok(Category::Service);
        }
        let waba_id = &case.number.line.waba_id;
        let root = Field::root(case.body);
        let template = root.at("template");
        let found = lock(&self.templates).for_sending(waba_id, template);
        let found = match found {
            Ok(found) => found,
            Err(refusal) if case.rules.templates => return Err(refusal),
            Err(_) => return Ok(Category::Utility),
        };
        if case.rules.templates {
            let files = found.check(template)?;
            if case.rules.media {
                *doom = self.check_files(&files)?.or(doom.take());
            }
        }
        if found.wants_phone() && matches!(case.draft.address, Address::UserId(_)) {
            return Err(Refusal::of(131062));
        }
        Ok(found.category)
    }
}

/// Refuses now, or dooms the message to fail later.
fn breach(way: Way, code: i64, doom: &mut Option<Doom>) -> Result<(), Refusal> {
    match way {
        Way::Off => {}
        Way::Answer => return Err(Refusal::of(code)),
        Way::Status => *doom = Some(Doom::at_once(code, None)),
    }
    Ok(())
}
