"""Everything that is not a message: files, profile, numbers, the account, blocked users, QR codes."""

import hashlib

from pywa import errors, types

from files import JPEG
from setting import ClientTest


class Files(ClientTest):
    def test_a_file_goes_up_comes_down_and_is_deleted(self):
        media = self.api.upload_media(JPEG, mime_type="image/jpeg", filename="lamp.jpg")
        told = self.api.get_media_url(media.id)
        self.assertEqual((told.mime_type, int(told.file_size)), ("image/jpeg", len(JPEG)))
        self.assertEqual(told.sha256, hashlib.sha256(JPEG).hexdigest())
        self.assertEqual(self.api.get_media_bytes(told.url), JPEG)
        self.assertTrue(self.api.delete_media(media.id))
        with self.assertRaises(errors.WhatsAppError):
            self.api.get_media_url(media.id)

    def test_a_customers_file_comes_down(self):
        for shape in ("image", "video", "document", "voice_note", "sticker"):
            message = self.client.written_by(0, shape)
            file = message.media.get_bytes()
            self.assertEqual(int(self.api.get_media_url(message.media.id).file_size), len(file))


class Business(ClientTest):
    def test_the_profile_is_complete_before_it_was_ever_set(self):
        # A second number, whose profile nobody has set.
        self.client.simulator.control("POST", "/_sim/numbers", {"phone_number_id": "117700456123988", "display_phone_number": "12065550143"})
        profile = self.api.get_business_profile(phone_id="117700456123988")
        self.assertEqual(profile.industry, types.Industry.UNDEFINED)

    def test_the_profile_is_set(self):
        self.assertTrue(self.api.update_business_profile(
            about="Lamps",
            address="Fő utca 3",
            description="Hand-made lamps",
            email="shop@lamps.example",
            websites=["https://lamps.example/"],
            industry=types.Industry.RETAIL,
            profile_picture=JPEG,
        ))
        profile = self.api.get_business_profile()
        self.assertEqual(
            (profile.about, profile.address, profile.description, profile.email, profile.websites, profile.industry),
            ("Lamps", "Fő utca 3", "Hand-made lamps", "shop@lamps.example", ("https://lamps.example/",), types.Industry.RETAIL),
        )
        self.assertIsNotNone(profile.profile_picture_url)

    def test_an_industry_that_cannot_be_chosen(self):
        with self.assertRaises(errors.WhatsAppError):
            self.api.update_business_profile(industry=types.Industry.NOT_A_BIZ)

    def test_the_number_and_its_account(self):
        number = self.api.get_business_phone_number()
        self.assertEqual((number.status, number.platform_type), ("CONNECTED", "CLOUD_API"))
        self.assertEqual(number.throughput, {"level": "STANDARD"})
        self.assertIn(number.id, [it.id for it in self.api.get_business_phone_numbers()])
        account = self.api.get_business_account()
        self.assertEqual((account.id, account.status), (self.client.simulator.waba_id, "ACTIVE"))
        self.assertEqual([app.id for app in account.subscribed_apps], [self.client.simulator.app_id])

    def test_settings(self):
        check = types.UserIdentityChangeSettings(enable_identity_key_check=True)
        self.assertTrue(self.api.update_business_phone_number_settings(user_identity_change=check))
        self.assertEqual(self.api.get_business_phone_number_settings().user_identity_change, check)

    def test_registration(self):
        self.assertTrue(self.api.register_phone_number("123456"))
        with self.assertRaises(errors.WhatsAppError):
            self.api.register_phone_number("12")


class Blocks(ClientTest):
    def test_a_user_is_blocked_listed_and_unblocked(self):
        customer = self.client.customer_with_phone().from_user
        for name, attribute in ((customer.bsuid, "bsuid"), (customer.wa_id, "wa_id")):
            with self.subTest(name=name):
                blocked = self.api.block_users([name])
                self.assertEqual([(user.input, getattr(user, attribute)) for user in blocked.added_users], [(name, name)])
                listed = {user.input: user for user in self.api.get_blocked_users()}
                self.assertEqual(getattr(listed[name], attribute), name)
                with self.assertRaises(errors.WhatsAppError):
                    self.api.send_message(name, "Hello")
                removed = self.api.unblock_users([name])
                self.assertEqual([user.input for user in removed.removed_users], [name])
                self.assertNotIn(name, [user.input for user in self.api.get_blocked_users()])

    def test_a_user_who_has_not_written_is_not_blocked(self):
        with self.assertRaises(errors.BulkBlockingFailed):
            self.api.block_users(["4915123450002"])


class QrCodes(ClientTest):
    def test_a_code_is_made_changed_and_deleted(self):
        code = self.api.create_qr_code("Hello lamps", types.QRCodeImageType.SVG)
        self.assertEqual((code.prefilled_message, bool(code.qr_image_url)), ("Hello lamps", True))
        self.assertEqual(code.deep_link_url, f"https://wa.me/message/{code.code}")
        self.assertEqual(self.api.update_qr_code(code.code, "Hello shop").code, code.code)
        self.assertEqual(self.api.get_qr_code(code.code).prefilled_message, "Hello shop")
        self.assertIn(code.code, [it.code for it in self.api.get_qr_codes()])
        self.assertTrue(self.api.delete_qr_code(code.code))
        self.assertIsNone(self.api.get_qr_code(code.code))

    def test_a_message_that_is_too_long(self):
        with self.assertRaises(errors.WhatsAppError):
            self.api.create_qr_code("x" * 141)


class Overrides(ClientTest):
    def test_an_override_is_set_shown_and_taken_away(self):
        url = self.client.simulator.callback_url
        self.assertTrue(self.api.override_waba_callback_url(url + "?waba", self.client.simulator.verify_token))
        self.assertTrue(self.api.override_phone_callback_url(url + "?number", self.client.simulator.verify_token))
        shown = self.api.get_business_phone_number().webhook_configuration
        self.assertEqual(
            shown, {"application": url, "whatsapp_business_account": url + "?waba", "phone_number": url + "?number"}
        )
        self.assertTrue(self.api.delete_phone_callback_url())
        self.assertTrue(self.api.delete_waba_callback_url())
        self.assertEqual(self.api.get_business_phone_number().webhook_configuration, {"application": url})
