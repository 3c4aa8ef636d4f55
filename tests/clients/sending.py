"""Messages of every type that both sides know, and what is said of them afterwards."""

from pywa import errors, types
from pywa.types import templates
from pywa.types.message_status import PricingCategory, PricingType

from files import JPEG, MP4, OGG, PDF, WEBP
from setting import ClientTest
from simulator import Simulator

LINK = "https://shop.example/lamp.jpg"
TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "document": "application/pdf",
    "audio": "audio/ogg",
    "sticker": "image/webp",
}


class Messages(ClientTest):
    """One message of each type, to a customer who has just written."""

    def setUp(self):
        self.customer = self.client.customer()
        self.to = self.customer.from_user.bsuid

    def check(self, sent, kind, expected):
        """`sent` is the answer pywa read; the simulator must have accepted a message of that type with those members."""
        accepted = self.client.simulator.accepted(sent.id)
        self.assertEqual(accepted["type"], kind)
        self.assert_has(accepted[kind], expected)

    def test_text_and_its_statuses(self):
        sent = self.api.send_message(self.to, "Your lamp is ready", preview_url=True, tracker="order/7")
        self.check(sent, "text", {"body": "Your lamp is ready", "preview_url": True})
        self.assertEqual(sent.input, self.to)
        for status in ("sent", "delivered"):
            told = self.client.status_of(sent.id, status)
            self.assertEqual((told.from_user.bsuid, told.tracker, told.error), (self.to, "order/7", None))
            self.assertEqual((told.pricing.type, told.pricing.category), (PricingType.FREE_CUSTOMER_SERVICE, PricingCategory.SERVICE))

    def test_text_to_a_phone_number(self):
        customer = self.client.customer_with_phone()
        sent = self.api.send_message(customer.from_user.wa_id, "Hello")
        self.assertEqual((sent.input, sent.chat.id), (customer.from_user.wa_id,) * 2)

    def test_reply(self):
        sent = self.customer.reply("We are open until six", quote=True)
        self.assertEqual(self.client.simulator.accepted(sent.id)["context"], {"message_id": self.customer.id})

    def test_read_and_typing(self):
        self.assertTrue(self.api.mark_message_as_read(self.customer.id))
        self.assertTrue(self.api.indicate_typing(self.customer.id))

    def test_reply_buttons(self):
        buttons = [types.Button("Yes", "yes"), types.Button("No", "no")]
        sent = self.api.send_message(self.to, "Deliver today?", header="Delivery", footer="Lamps", buttons=buttons)
        self.check(sent, "interactive", {"type": "button", "header": {"type": "text", "text": "Delivery"}})

    def test_reply_buttons_under_a_file(self):
        for send, file, kind, more in (
            (self.api.send_image, JPEG, "image", {}),
            (self.api.send_video, MP4, "video", {}),
            (self.api.send_document, PDF, "document", {"filename": "lamp.pdf"}),
        ):
            buttons = [types.Button("Yes", "yes")]
            sent = send(self.to, file, caption="This one?", buttons=buttons, mime_type=TYPES[kind], **more)
            self.check(sent, "interactive", {"type": "button", "header": {"type": kind}, "body": {"text": "This one?"}})

    def test_list(self):
        rows = [types.SectionRow("Small", "s", "30 cm"), types.SectionRow("Large", "l")]
        sections = types.SectionList("Sizes", [types.Section("Lamps", rows)])
        sent = self.api.send_message(self.to, "Which size?", buttons=sections)
        self.check(sent, "interactive", {"type": "list", "action": {"button": "Sizes"}})

    def test_url_button(self):
        sent = self.api.send_message(self.to, "See it", buttons=types.URLButton("Open", "https://shop.example/"))
        self.check(sent, "interactive", {"type": "cta_url", "action": {"name": "cta_url"}})

    def test_flow_button(self):
        for flow in ({"flow_id": "1234567890"}, {"flow_name": "appointment"}):
            button = types.FlowButton(
                "Book",
                flow_token="token-1",
                flow_action_type=types.FlowActionType.NAVIGATE,
                flow_action_screen="DATES",
                flow_action_payload={"shop": "north"},
                **flow,
            )
            sent = self.api.send_message(self.to, "Book a visit", buttons=button)
            self.check(sent, "interactive", {"type": "flow", "action": {"parameters": flow}})

    def test_call_buttons(self):
        sent = self.api.send_message(self.to, "Call us", buttons=types.VoiceCallButton("Call", ttl_minutes=60))
        self.check(sent, "interactive", {"type": "voice_call"})
        sent = self.api.send_message(self.to, "May we call?", buttons=types.CallPermissionRequestButton())
        self.check(sent, "interactive", {"type": "call_permission_request"})

    def test_requests_for_location_and_phone_number(self):
        sent = self.api.request_location(self.to, "Where to?")
        self.check(sent, "interactive", {"type": "location_request_message", "action": {"name": "send_location"}})
        sent = self.api.request_contact_info(self.to, "Your number?")
        self.check(sent, "interactive", {"type": "request_contact_info", "action": {"name": "request_contact_info"}})

    def test_files(self):
        for send, file, kind, more in (
            (self.api.send_image, JPEG, "image", {"caption": "A lamp"}),
            (self.api.send_video, MP4, "video", {"caption": "A lamp"}),
            (self.api.send_document, PDF, "document", {"caption": "A lamp", "filename": "lamp.pdf"}),
            (self.api.send_audio, OGG, "audio", {}),
            (self.api.send_sticker, WEBP, "sticker", {}),
        ):
            with self.subTest(send=send.__name__):
                sent = send(self.to, file, mime_type=TYPES[kind], **more)
                self.check(sent, kind, {"id": sent.uploaded_media.id, **more})
                self.assertIsNone(self.client.status_of(sent.id, "delivered").error)
        self.check(self.api.send_voice(self.to, OGG, mime_type="audio/ogg"), "audio", {"voice": True})

    def test_file_by_link(self):
        self.check(self.api.send_image(self.to, LINK), "image", {"link": LINK})

    def test_reaction_and_its_removal(self):
        sent = self.api.send_reaction(self.to, "👍", self.customer.id)
        self.check(sent, "reaction", {"emoji": "👍", "message_id": self.customer.id})
        sent = self.api.remove_reaction(self.to, self.customer.id)
        self.check(sent, "reaction", {"emoji": "", "message_id": self.customer.id})

    def test_location(self):
        sent = self.api.send_location(self.to, 47.4979, 19.0402, "Shop", "Fő utca 3")
        self.check(sent, "location", {"name": "Shop", "address": "Fő utca 3"})

    def test_contact(self):
        card = types.Contact(
            name=types.Contact.Name(formatted_name="Ágnes Kővári", first_name="Ágnes"),
            phones=[types.Contact.Phone(phone="+3612345678", type="WORK")],
        )
        sent = self.api.send_contact(self.to, card)
        cards = self.client.simulator.accepted(sent.id)["contacts"]
        self.assert_has(cards[0], {"name": {"formatted_name": "Ágnes Kővári"}})

    def test_products(self):
        self.check(self.api.send_catalog(self.to, "All lamps"), "interactive", {"type": "catalog_message"})
        self.check(self.api.send_product(self.to, "77", "lamp-1"), "interactive", {"type": "product"})
        sections = [types.ProductsSection("Lamps", ["lamp-1", "lamp-2"])]
        sent = self.api.send_products(self.to, "77", sections, "New", "Two lamps")
        self.check(sent, "interactive", {"type": "product_list", "action": {"catalog_id": "77"}})

    def test_carousel(self):
        card = lambda buttons: types.ImageCarouselCard(body="A lamp", image=LINK, buttons=buttons)
        links = [card(types.URLButton("See", f"https://shop.example/{place}")) for place in range(2)]
        replies = [card([types.Button("Buy", f"buy-{place}")]) for place in range(2)]
        for cards in (links, replies):
            sent = self.api.send_carousel(self.to, body="New lamps", cards=cards)
            self.check(sent, "interactive", {"type": "carousel"})


class Groups(ClientTest):
    def test_a_group_is_written_to_read_and_a_message_of_it_pinned(self):
        message = self.client.written_by(0, "in_group")
        group = message.chat.id
        sent = self.api.send_message(group, "Hello all")
        self.assert_has(self.client.simulator.accepted(sent.id), {"recipient_type": "group", "to": group})
        self.assertEqual(sent.chat.id, group)
        self.assertTrue(self.api.mark_message_as_read(message.id))
        pinned = self.api.pin_message(group, message.id, expiration_days=7)
        self.assert_has(self.client.simulator.accepted(pinned.id)["pin"], {"type": "pin", "message_id": message.id})
        unpinned = self.api.unpin_message(group, message.id)
        self.assert_has(self.client.simulator.accepted(unpinned.id)["pin"], {"type": "unpin"})

    def test_a_location_does_not_go_to_a_group(self):
        with self.assertRaises(errors.WhatsAppError) as refused:
            self.api.send_location(self.client.written_by(0, "in_group").chat.id, 47.5, 19.0)
        self.assertEqual(refused.exception.code, 130501)


class Refusals(ClientTest):
    """What Meta does not send, as pywa's exceptions."""

    def test_a_customer_who_has_not_written(self):
        with self.assertRaises(errors.ReEngagementMessage):
            self.api.send_message("4915123450000", "Hello")

    def test_a_message_without_text(self):
        to = self.client.customer().from_user.bsuid
        with self.assertRaises(errors.MissingRequiredParameter):
            self.api.api.send_message(Simulator.phone_number_id, to=None, recipient=to, recipient_type="individual", typ="text", msg={})

    def test_a_file_that_is_not_there(self):
        to = self.client.customer().from_user.bsuid
        with self.assertRaises(errors.WhatsAppError):
            self.api.send_image(to, "12345")

    def test_a_template_that_is_not_there(self):
        with self.assertRaises(errors.TemplateNotExists):
            self.api.send_template("4915123450000", "nothing", templates.TemplateLanguage.ENGLISH_US)

    def test_a_token_that_is_not_valid(self):
        token, self.api.token = self.api.token, "another"
        try:
            with self.assertRaises(errors.ExpiredAccessToken):
                self.api.send_message("4915123450000", "Hello")
        finally:
            self.api.token = token
