"""Templates: made, listed, changed, sent and taken away."""

import itertools

from pywa import errors, types
from pywa.types import templates as t

from files import JPEG
from setting import ClientTest
from simulator import Simulator

NAMES = (f"client_{number}" for number in itertools.count(1))
OFFER = "The offer for {{1}} ends on {{2}}, so come and see our lamps."


def template(*components, category=t.TemplateCategory.UTILITY, **more):
    return t.Template(
        name=next(NAMES),
        language=t.TemplateLanguage.ENGLISH_US,
        category=category,
        components=list(components),
        **more,
    )


class TemplateTest(ClientTest):
    def approved(self, *components, **more):
        """Makes a template and waits until the webhook says that it is approved."""
        made = template(*components, **more)
        created = self.api.create_template(made)
        self.told(created.id, t.TemplateStatus.APPROVED)
        return made, created

    def told(self, template_id, status):
        is_it = lambda it: isinstance(it, types.TemplateStatusUpdate) and (it.template_id, it.new_status) == (template_id, status)
        return self.client.updates.wait_for(is_it, f"the webhook that template {template_id} is {status}")


class Lifecycle(TemplateTest):
    def test_a_template_is_made_approved_shown_and_taken_away(self):
        made, created = self.approved(t.BodyText(OFFER, "a lamp", "Monday"), t.FooterText(text="Lamps"))
        shown = self.api.get_template(created.id)
        self.assertEqual((shown.name, shown.status, shown.category), (made.name, t.TemplateStatus.APPROVED, made.category))
        self.assertEqual(shown.parameter_format, t.ParamFormat.POSITIONAL)
        self.assertEqual(shown.get_component(t.BodyText).text, OFFER)
        self.assertTrue(self.api.delete_template(made.name, template_id=created.id))
        self.told(created.id, t.TemplateStatus.DELETED)
        with self.assertRaises(errors.WhatsAppError):
            self.api.get_template(created.id)

    def test_a_template_is_edited(self):
        _, created = self.approved(t.BodyText("Come and see our lamps."))
        self.assertTrue(self.api.update_template(created.id, new_components=[t.BodyText("Come and see our new lamps.")]))
        self.assertEqual(self.api.get_template(created.id).get_component(t.BodyText).text, "Come and see our new lamps.")

    def test_named_variables_and_a_picture(self):
        made, created = self.approved(
            t.HeaderImage(example=JPEG, mime_type="image/jpeg"),
            t.BodyText("The offer for {{what}} ends soon, so come and see.", what="lamps"),
            t.Buttons(buttons=[t.QuickReplyButton(text="Stop"), t.URLButton(text="See", url="https://shop.example/{{1}}", example="1")]),
            category=t.TemplateCategory.MARKETING,
            parameter_format=t.ParamFormat.NAMED,
        )
        self.assertEqual(self.api.get_template(created.id).parameter_format, t.ParamFormat.NAMED)
        sent = self.api.send_template(
            self.client.customer().from_user.bsuid,
            made.name,
            made.language,
            [
                t.HeaderImage.params(image=JPEG, mime_type="image/jpeg"),
                t.BodyText.params(what="desk lamps"),
                t.QuickReplyButton.params(callback_data="stop", index=0),
                t.URLButton.params(url_variable="desk", index=1),
            ],
        )
        self.assertIsNone(self.client.status_of(sent.id, "delivered").error)

    def test_a_template_is_archived_and_brought_back(self):
        _, created = self.approved(t.BodyText("We moved to Fő utca 3."))
        archived = self.api.archive_templates([created.id, "1"])
        self.assertEqual(archived.archived, (created.id,))
        self.assertEqual(list(archived.failed), ["1"])
        self.told(created.id, t.TemplateStatus.ARCHIVED)
        self.assertEqual(self.api.get_template(created.id).status, t.TemplateStatus.ARCHIVED)
        self.assertEqual(self.api.unarchive_templates([created.id]).unarchived, (created.id,))
        self.told(created.id, t.TemplateStatus.UNARCHIVED)
        self.assertEqual(self.api.get_template(created.id).status, t.TemplateStatus.APPROVED)


class Listing(TemplateTest):
    def test_the_list_has_a_summary_and_filters(self):
        listed = self.api.get_templates()
        self.assertGreaterEqual(len(listed), 4)
        self.assertEqual(listed.total_count, listed.message_template_count)
        self.assertEqual(listed.message_template_limit, 250)
        approved = self.api.get_templates(statuses=[t.TemplateStatus.APPROVED, t.TemplateStatus.PAUSED])
        self.assertIn("hello_world", [it.name for it in approved])
        self.assertEqual(len(self.api.get_templates(statuses=[t.TemplateStatus.DISABLED])), 0)
        spanish = self.api.get_templates(languages=[t.TemplateLanguage.SPANISH_MEX], categories=[t.TemplateCategory.MARKETING])
        self.assertEqual([it.name for it in spanish], ["otono_ofertas"])

    def test_the_list_comes_page_by_page(self):
        whole = [it.id for it in self.api.get_templates(pagination=types.Pagination(limit=100))]
        # `next` of pywa's lists of templates does not work, so its address is followed by hand.
        page = self.api.api.get_templates(Simulator.waba_id, fields=("id",), pagination={"limit": "2"})
        listed = page["data"]
        while "next" in page["paging"]:
            page = self.api.api.send_raw_request("GET", page["paging"]["next"])
            listed += page["data"]
        self.assertEqual(listed, [{"id": template_id} for template_id in whole])

    def test_every_component_can_be_read(self):
        for listed in self.api.get_templates(pagination=types.Pagination(limit=100)):
            for component in listed.components:
                self.assertNotIsInstance(component, dict, f"{listed.name}: pywa cannot read {component}")


class Sends(TemplateTest):
    """A template of each kind, to somebody who has not written."""

    to = "4915123450001"

    def send(self, made, *params, **more):
        sent = self.api.send_template(self.to, made.name, made.language, list(params), **more)
        accepted = self.client.simulator.accepted(sent.id)
        self.assertEqual((accepted["type"], accepted["template"]["name"]), ("template", made.name))
        told = self.client.status_of(sent.id, "delivered")
        self.assertEqual((told.error, told.pricing.category), (None, made.category.lower()))

    def test_text(self):
        made, _ = self.approved(t.BodyText(OFFER, "a lamp", "Monday"))
        self.send(made, t.BodyText.params("a chair", "Friday"))
        with self.assertRaises(errors.TemplateParamCountMismatch):
            self.api.send_template(self.to, made.name, made.language, [t.BodyText.params("a chair")])

    def test_marketing_messages(self):
        made, _ = self.approved(t.BodyText("New lamps are here."), category=t.TemplateCategory.MARKETING)
        self.send(made, use_mm_lite_api=True)

    def test_one_time_code(self):
        made, _ = self.approved(
            t.AuthenticationBody(add_security_recommendation=True),
            t.AuthenticationFooter(code_expiration_minutes=5),
            t.Buttons(buttons=[t.CopyCodeOTPButton(text="Copy")]),
            category=t.TemplateCategory.AUTHENTICATION,
        )
        self.send(made, t.AuthenticationBody.params(otp="123456"), t.CopyCodeOTPButton.params(otp="123456"))
        with self.assertRaises(errors.BSUIDRecipientNotSupported):
            self.api.send_template(
                self.client.customer().from_user.bsuid,
                made.name,
                made.language,
                [t.AuthenticationBody.params(otp="123456"), t.CopyCodeOTPButton.params(otp="123456")],
            )

    def test_coupon(self):
        made, _ = self.approved(
            t.BodyText("Ten per cent off all lamps this week."),
            t.Buttons(buttons=[t.CopyCodeButton(example="LAMP10")]),
            category=t.TemplateCategory.MARKETING,
        )
        self.send(made, t.CopyCodeButton.params(coupon_code="LAMP10", index=0))

    def test_flow(self):
        button = t.FlowButton(text="Book", flow_id="123", flow_action=types.FlowActionType.NAVIGATE, navigate_screen="DATES")
        made, _ = self.approved(t.BodyText("Book a visit to our shop."), t.Buttons(buttons=[button]))
        self.send(made, t.FlowButton.params(flow_token="token-2", index=0))

    def test_carousel(self):
        def card():
            return t.CarouselCard(components=[
                t.HeaderImage(example=JPEG, mime_type="image/jpeg"),
                t.BodyText("A lamp of our own."),
                t.Buttons(buttons=[t.QuickReplyButton(text="Buy")]),
            ])

        made, _ = self.approved(
            t.BodyText("These are our new lamps."),
            t.Carousel(cards=[card(), card()]),
            category=t.TemplateCategory.MARKETING,
        )
        filled = [
            t.CarouselCard.params(index=place, params=[
                t.HeaderImage.params(image=JPEG, mime_type="image/jpeg"),
                t.QuickReplyButton.params(callback_data=f"buy-{place}", index=0),
            ])
            for place in range(2)
        ]
        self.send(made, t.Carousel.params(cards=filled))
