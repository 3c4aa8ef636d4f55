"""What pywa makes of the simulator's webhooks."""

import unittest

from pywa import types
from pywa.types import MessageType

import setting
from client import Client
from setting import ClientTest

# What a customer writes, by the simulator's name for it, and the type that pywa must see in it.
MESSAGES = {
    "text": MessageType.TEXT,
    "long_text": MessageType.TEXT,
    "reply": MessageType.TEXT,
    "forwarded": MessageType.TEXT,
    "frequently_forwarded": MessageType.TEXT,
    "product_enquiry": MessageType.TEXT,
    "from_ad": MessageType.TEXT,
    "in_group": MessageType.TEXT,
    "image": MessageType.IMAGE,
    "audio": MessageType.AUDIO,
    "voice_note": MessageType.AUDIO,
    "video": MessageType.VIDEO,
    "document": MessageType.DOCUMENT,
    "sticker": MessageType.STICKER,
    "animated_sticker": MessageType.STICKER,
    "location": MessageType.LOCATION,
    "contacts": MessageType.CONTACTS,
    "shared_contact": MessageType.CONTACTS,
    "reaction": MessageType.REACTION,
    "reaction_dropped": MessageType.REACTION,
    "reaction_emptied": MessageType.REACTION,
    "order": MessageType.ORDER,
    "unsupported": MessageType.UNSUPPORTED,
    # Types that pywa does not know.
    "media_placeholder": MessageType.UNKNOWN,
    "unheard_of": MessageType.UNKNOWN,
}

# What it must see in what else customers do.
OTHERS = {
    "button_reply": types.CallbackButton,
    "list_reply": types.CallbackSelection,
    "flow_reply": types.FlowCompletion,
    "call_permission_reply": types.CallPermissionUpdate,
    "button": types.CallbackButton,
    "number_change": types.PhoneNumberChange,
    "edit": types.EditedMessage,
    "revoke": types.DeletedMessage,
}

# Where pywa asks for more than Meta's pages promise: what it says, and what the pages say.
KNOWN_COMPLAINTS = {
    "field=messages) (KeyError('contacts'))": "failed, group and system webhooks have no contacts",
    "field=calls) (KeyError('contacts'))": "contacts came to calls in 2026, and may be missing",
    "field=smb_message_echoes) (KeyError('contacts'))": "echoes of messages have no contacts",
    "field=messages) (KeyError('from'))": "a change of the user id alone names no phone number",
    "field=messages) (KeyError('video'))": "a file that Meta could not fetch is a type and an error",
    "field=messages) (KeyError('message'))": "errors of messages of unknown type have a title and details",
    "is not a valid WABABanState": "a list in Meta's samples",
    "field=message_template_status_update) (ValueError(\"invalid literal for int()": "disable_date is a date in words",
    "Received update with unrecognized shape": "errors, user_actions and conversation_context stand alone",
    "Unknown system message type: user_identity_changed": "an older name",
}


class Customers(ClientTest):
    def test_each_message_is_what_it_is(self):
        for place, (shape, expected) in enumerate(MESSAGES.items()):
            with self.subTest(shape=shape):
                message = self.client.written_by(place % 20, shape)
                self.assertIsInstance(message, types.Message)
                self.assertEqual(message.type, expected)
                self.assertTrue(message.from_user.bsuid)

    def test_each_answer_is_what_it_is(self):
        for place, (shape, expected) in enumerate(OTHERS.items()):
            with self.subTest(shape=shape):
                self.assertIsInstance(self.client.written_by(place, shape), expected)

    def test_words_and_members_arrive(self):
        self.assertEqual(self.client.written_by(1, "text", "Grüße 🌵").text, "Grüße 🌵")
        self.assertTrue(self.client.written_by(1, "forwarded").forwarded)
        self.assertTrue(self.client.written_by(1, "reply").reply_to_message.message_id)
        self.assertTrue(self.client.written_by(1, "from_ad").referral.source_id)
        self.assertTrue(self.client.written_by(1, "voice_note").audio.voice)
        self.assertEqual(self.client.written_by(1, "shared_contact").contacts.origin, types.others.ContactsOrigin.CONTACT_REQUEST)
        self.assertTrue(self.client.written_by(1, "order").order.products)


class Traffic(unittest.TestCase):
    """A thousand webhooks of every sort, as they come."""

    WEBHOOKS = 1_000
    EXPECTED = {
        types.Message,
        types.EditedMessage,
        types.DeletedMessage,
        types.OutgoingMessage,
        types.OutgoingEditedMessage,
        types.OutgoingDeletedMessage,
        types.CallbackButton,
        types.CallbackSelection,
        types.FlowCompletion,
        types.MessageStatus,
        types.PhoneNumberChange,
        types.CallPermissionUpdate,
        types.TemplateStatusUpdate,
        types.TemplateCategoryUpdate,
        types.TemplateQualityUpdate,
        types.TemplateComponentsUpdate,
        types.AccountUpdate,
    }

    def test_pywa_reads_all_but_what_it_is_known_not_to(self):
        client = Client(setting.program, rate=200, customers=40)
        try:
            client.wait_for_webhooks(self.WEBHOOKS)
        finally:
            client.stop()
        unknown = [it for it in client.complaints if not any(known in it for known in KNOWN_COMPLAINTS)]
        self.assertEqual(unknown, [])
        seen = {type(update) for update in client.updates.all()}
        self.assertEqual(self.EXPECTED - seen, set())
