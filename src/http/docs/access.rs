//! What each operation needs of its caller, and where it is recorded who did it. Both stand in the document as `x-permission` and
//! `x-recorded`; a test holds the first against the answers and the second against the list of operations.

use serde_json::json;
use utoipa::openapi::{extensions::ExtensionsBuilder, path::Operation};

use crate::domain::Permission::{
    self, CampaignsLaunch, CampaignsRead, CampaignsWrite, ChannelsRead, ContactsExport, ContactsImport, ContactsRead,
    ContactsWrite, ConversationsExport, ConversationsRead, EndpointsManage, EventsRead, MessagesControl, MessagesSend,
    SettingsRead, SettingsWrite, TemplatesRead, TemplatesWrite, VerificationsRun,
};

/// Where it is recorded who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recorded {
    /// In the audit log, which says who changed what.
    Audit,
    /// In the rows themselves: messages, attempts and events name their actor and are never overwritten.
    Ledger,
    /// Nowhere: it changes nothing that anybody would ask about.
    None,
}
use Recorded::{Audit, Ledger};

/// (operation id, needed permissions, recorded) of the operations under `/api/v1`.
const TENANT: &[(&str, &[Permission], Recorded)] = &[
    ("listChannels", &[ChannelsRead], Recorded::None),
    ("getChannel", &[ChannelsRead], Recorded::None),
    ("checkChannel", &[MessagesControl], Recorded::None),
    ("resumeCampaigns", &[MessagesControl], Audit),
    ("listBlocks", &[ContactsRead], Recorded::None),
    ("blockCustomers", &[ContactsWrite], Audit),
    ("unblockCustomers", &[ContactsWrite], Audit),
    ("listContacts", &[ContactsRead], Recorded::None),
    ("createContact", &[ContactsWrite], Ledger),
    ("getContact", &[ContactsRead], Recorded::None),
    ("updateContact", &[ContactsWrite], Ledger),
    ("archiveContact", &[ContactsWrite], Ledger),
    ("upsertContact", &[ContactsWrite], Ledger),
    ("upsertContacts", &[ContactsWrite], Ledger),
    ("mergeContacts", &[ContactsWrite], Audit),
    ("listConsents", &[ContactsRead], Recorded::None),
    ("recordConsent", &[ContactsWrite], Ledger),
    ("listTags", &[ContactsRead], Recorded::None),
    ("createTag", &[ContactsWrite], Ledger),
    ("updateTag", &[ContactsWrite], Audit),
    ("deleteTag", &[ContactsWrite], Audit),
    ("listLists", &[ContactsRead], Recorded::None),
    ("createList", &[ContactsWrite], Ledger),
    ("updateList", &[ContactsWrite], Audit),
    ("deleteList", &[ContactsWrite], Audit),
    ("listContactFields", &[SettingsRead], Recorded::None),
    ("createContactField", &[SettingsWrite], Audit),
    ("updateContactField", &[SettingsWrite], Audit),
    ("archiveContactField", &[SettingsWrite], Audit),
    ("listKeywordRules", &[SettingsRead], Recorded::None),
    ("createKeywordRule", &[SettingsWrite], Audit),
    ("replaceKeywordRule", &[SettingsWrite], Audit),
    ("deleteKeywordRule", &[SettingsWrite], Audit),
    ("listCampaigns", &[CampaignsRead], Recorded::None),
    ("createCampaign", &[CampaignsWrite], Audit),
    ("getCampaign", &[CampaignsRead], Recorded::None),
    ("updateCampaign", &[CampaignsWrite], Audit),
    ("deleteCampaign", &[CampaignsWrite], Audit),
    ("duplicateCampaign", &[CampaignsWrite], Audit),
    ("retryCampaign", &[CampaignsWrite], Audit),
    ("beginPreflight", &[CampaignsWrite], Recorded::None),
    ("getPreflight", &[CampaignsRead], Recorded::None),
    ("addCampaignRows", &[CampaignsWrite, ContactsImport], Ledger),
    ("removeCampaignRows", &[CampaignsWrite], Audit),
    ("launchCampaign", &[CampaignsLaunch], Audit),
    ("pauseCampaign", &[CampaignsLaunch], Audit),
    ("resumeCampaign", &[CampaignsLaunch], Audit),
    ("cancelCampaign", &[CampaignsLaunch], Audit),
    ("listCampaignRecipients", &[CampaignsRead], Recorded::None),
    ("getCampaignReport", &[CampaignsRead], Recorded::None),
    ("recountCampaign", &[CampaignsRead], Recorded::None),
    ("listSegments", &[ContactsRead], Recorded::None),
    ("createSegment", &[ContactsWrite], Audit),
    ("getSegment", &[ContactsRead], Recorded::None),
    ("updateSegment", &[ContactsWrite], Audit),
    ("archiveSegment", &[ContactsWrite], Audit),
    ("previewSegment", &[ContactsRead], Recorded::None),
    ("listSegmentContacts", &[ContactsRead], Recorded::None),
    ("getSegmentCount", &[ContactsRead], Recorded::None),
    ("countSegment", &[ContactsRead], Recorded::None),
    ("createImport", &[ContactsImport], Ledger),
    ("listImports", &[ContactsRead], Recorded::None),
    ("getImport", &[ContactsRead], Recorded::None),
    ("cancelImport", &[ContactsImport], Ledger),
    ("downloadImportErrors", &[ContactsRead], Recorded::None),
    ("downloadImportSample", &[ContactsRead], Recorded::None),
    ("createVerification", &[VerificationsRun], Ledger),
    ("listVerifications", &[VerificationsRun], Recorded::None),
    ("getVerification", &[VerificationsRun], Recorded::None),
    ("cancelVerification", &[VerificationsRun], Ledger),
    ("listVerificationItems", &[VerificationsRun], Recorded::None),
    ("exportVerificationItems", &[VerificationsRun], Audit),
    ("exportContacts", &[ContactsExport], Audit),
    ("exportConversations", &[ConversationsExport], Audit),
    ("exportCampaigns", &[CampaignsRead], Audit),
    ("exportCampaignRecipients", &[CampaignsRead], Audit),
    ("exportMessages", &[ConversationsExport], Audit),
    ("getExport", &[], Recorded::None),
    ("downloadExport", &[], Recorded::None),
    ("listConversations", &[ConversationsRead], Recorded::None),
    ("getConversation", &[ConversationsRead], Recorded::None),
    ("listConversationMessages", &[ConversationsRead], Recorded::None),
    ("listMessages", &[ConversationsRead], Recorded::None),
    ("sendMessage", &[MessagesSend], Ledger),
    ("getMessage", &[ConversationsRead], Recorded::None),
    ("sendMessages", &[MessagesSend], Ledger),
    ("getBatch", &[ConversationsRead], Recorded::None),
    ("cancelMessages", &[MessagesControl], Ledger),
    ("cancelMessage", &[MessagesControl], Ledger),
    ("resolveMessage", &[MessagesControl], Ledger),
    ("markMessageRead", &[MessagesSend], Recorded::None),
    ("listErrorCodes", &[], Recorded::None),
    ("getMedia", &[ConversationsRead], Recorded::None),
    ("uploadMedia", &[MessagesSend], Ledger),
    ("importMedia", &[MessagesSend], Ledger),
    ("deleteMedia", &[MessagesSend], Audit),
    ("downloadMedia", &[ConversationsRead], Recorded::None),
    ("listTemplates", &[TemplatesRead], Recorded::None),
    ("createTemplate", &[TemplatesWrite], Audit),
    ("getTemplate", &[TemplatesRead], Recorded::None),
    ("updateTemplate", &[TemplatesWrite], Audit),
    ("deleteTemplate", &[TemplatesWrite], Audit),
    ("unpauseTemplate", &[TemplatesWrite], Audit),
    ("previewTemplate", &[TemplatesRead], Recorded::None),
    ("syncTemplates", &[TemplatesWrite], Recorded::None),
    ("listMessageTemplates", &[TemplatesRead], Recorded::None),
    ("createMessageTemplate", &[TemplatesWrite], Audit),
    ("getMessageTemplate", &[TemplatesRead], Recorded::None),
    ("updateMessageTemplate", &[TemplatesWrite], Audit),
    ("deleteMessageTemplate", &[TemplatesWrite], Audit),
    ("createMessageTemplateVersion", &[TemplatesWrite], Audit),
    ("previewMessageTemplate", &[TemplatesRead], Recorded::None),
    ("listEvents", &[EventsRead], Recorded::None),
    ("listEventTypes", &[], Recorded::None),
    ("listEndpoints", &[EndpointsManage], Recorded::None),
    ("createEndpoint", &[EndpointsManage, EventsRead], Audit),
    ("getEndpoint", &[EndpointsManage], Recorded::None),
    ("updateEndpoint", &[EndpointsManage, EventsRead], Audit),
    ("deleteEndpoint", &[EndpointsManage, EventsRead], Audit),
    ("getEndpointSecret", &[EndpointsManage, EventsRead], Audit),
    ("rotateEndpointSecret", &[EndpointsManage, EventsRead], Audit),
    ("testEndpoint", &[EndpointsManage, EventsRead], Ledger),
    ("replayToEndpoint", &[EndpointsManage, EventsRead], Audit),
    ("getEndpointStats", &[EndpointsManage], Recorded::None),
    ("listDeliveries", &[EventsRead], Recorded::None),
    ("getDelivery", &[EventsRead], Recorded::None),
    ("retryDelivery", &[EndpointsManage, EventsRead], Audit),
];

/// (operation id, recorded) of the operator's operations that change something. The operator has every permission.
const OPERATOR: &[(&str, Recorded)] = &[
    ("createTenant", Audit),
    ("updateTenant", Audit),
    ("addChannel", Audit),
    ("createApiKey", Audit),
    ("revokeApiKey", Audit),
    ("replayRawEvents", Audit),
    ("pauseQueue", Audit),
    ("resumeQueue", Audit),
    ("retryJob", Audit),
    ("discardJob", Audit),
    ("archiveJob", Audit),
    ("retryDeadLetters", Audit),
    ("runSchedule", Ledger),
    ("pauseSchedule", Audit),
    ("resumeSchedule", Audit),
    ("receiveWebhook", Ledger),
];

/// Adds what an operation needs and where it is recorded.
pub(crate) fn declare(operation: &mut Operation) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let tenant = TENANT.iter().find(|it| it.0 == id);
    let recorded = tenant
        .map(|it| it.2)
        .or(OPERATOR.iter().find(|it| it.0 == id).map(|it| it.1));
    let mut extensions = operation.extensions.take().unwrap_or_default();
    if let Some((_, permissions, _)) = tenant {
        let names: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
        extensions.merge(ExtensionsBuilder::new().add("x-permission", json!(names)).build());
    }
    if let Some(recorded) = recorded {
        let name = match recorded {
            Audit => "audit",
            Ledger => "ledger",
            Recorded::None => "none",
        };
        extensions.merge(ExtensionsBuilder::new().add("x-recorded", json!(name)).build());
    }
    operation.extensions = Some(extensions);
}
