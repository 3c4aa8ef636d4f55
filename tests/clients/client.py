"""pywa, on both sides of a simulator."""

import logging
import threading

import httpx
import pywa
from pywa import handlers, types

from simulator import PATIENCE, Mailbox, Simulator

# Every handler that pywa has for webhooks: it calls the one whose type it recognises.
HANDLERS = [
    handlers.MessageHandler,
    handlers.EditedMessageHandler,
    handlers.DeletedMessageHandler,
    handlers.OutgoingMessageHandler,
    handlers.OutgoingEditedMessageHandler,
    handlers.OutgoingDeletedMessageHandler,
    handlers.CallbackButtonHandler,
    handlers.CallbackSelectionHandler,
    handlers.FlowCompletionHandler,
    handlers.MessageStatusHandler,
    handlers.GroupMessageStatusesHandler,
    handlers.PhoneNumberChangeHandler,
    handlers.IdentityChangeHandler,
    handlers.CallConnectHandler,
    handlers.CallTerminateHandler,
    handlers.CallStatusHandler,
    handlers.CallPermissionUpdateHandler,
    handlers.TemplateStatusUpdateHandler,
    handlers.TemplateCategoryUpdateHandler,
    handlers.TemplateQualityUpdateHandler,
    handlers.TemplateComponentsUpdateHandler,
    handlers.UserMarketingPreferencesHandler,
    handlers.AccountUpdateHandler,
]


class ToSimulator(httpx.BaseTransport):
    """Sends whatever is addressed to Meta's hosts to the simulator."""

    def __init__(self):
        self._inner = httpx.HTTPTransport()
        self.port = None

    def handle_request(self, request):
        host = f"127.0.0.1:{self.port}"
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        request.headers["host"] = host
        return self._inner.handle_request(request)


class Client:
    """pywa on both sides of a simulator: it calls the Graph API, and its handlers are given the webhooks."""

    def __init__(self, program, **settings):
        self.updates = Mailbox()
        self.complaints = []  # what pywa says of webhooks that it cannot read
        self._webhooks = 0
        self._counted = threading.Condition()
        transport = ToSimulator()
        self.api = pywa.WhatsApp(
            phone_id=Simulator.phone_number_id,
            waba_id=Simulator.waba_id,
            token=Simulator.access_token,
            app_id=Simulator.app_id,
            app_secret=Simulator.app_secret,
            verify_token=Simulator.verify_token,
            session=httpx.Client(transport=transport, timeout=20),
        )
        for handler in HANDLERS:
            self.api.add_handlers(handler(lambda _, update: self.updates.put(update)))
        self.simulator = Simulator(program, self.api.webhook_challenge_handler, self._take, **settings)
        transport.port = self.simulator.port
        self._next_customer = 0

    def _take(self, body, signature):
        refusal = self.api.webhook_update_validator(body, signature)
        if refusal:
            self.complaints.append(f"the signature {signature} does not fit {body.decode()}")
            return refusal
        with Complaints() as complaints:
            answer = self.api.webhook_update_handler(body)
        self.complaints += [f"{complaint}: {body.decode()}" for complaint in complaints.heard]
        with self._counted:
            self._webhooks += 1
            self._counted.notify_all()
        return answer

    def wait_for_webhooks(self, count):
        with self._counted:
            if not self._counted.wait_for(lambda: self._webhooks >= count, timeout=3 * PATIENCE):
                raise AssertionError(f"{self._webhooks} webhooks came in {3 * PATIENCE:.0f} s, not {count}")

    def written_by(self, place, shape="text", text=None):
        """What pywa makes of a message of that shape, written by the customer of that place."""
        wamid = self.simulator.write(place, shape, text)
        return self.updates.wait_for(lambda update: update.id == wamid, f"the webhook of a message of shape {shape}")

    def customer(self):
        """The next customer, who has just written, so that anything can be sent to them: their message."""
        self._next_customer += 1
        return self.written_by(self._next_customer)

    def customer_with_phone(self):
        """The same, one who does not hide the phone number."""
        while True:
            message = self.customer()
            if message.from_user.wa_id:
                return message

    def status_of(self, wamid, status):
        is_it = lambda update: isinstance(update, types.MessageStatus) and (update.id, update.status) == (wamid, status)
        return self.updates.wait_for(is_it, f"the status {status} of {wamid}")

    def stop(self):
        self.simulator.stop()


class Complaints(logging.Handler):
    """What pywa logs as an error on this thread while it is entered."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.heard = []

    def emit(self, record):
        if record.thread == self._thread:
            error = f" ({record.exc_info[1]!r})" if record.exc_info else ""
            self.heard.append(record.getMessage() + error)

    def __enter__(self):
        self._thread = threading.get_ident()
        logging.getLogger("pywa").addHandler(self)
        return self

    def __exit__(self, *_):
        logging.getLogger("pywa").removeHandler(self)
