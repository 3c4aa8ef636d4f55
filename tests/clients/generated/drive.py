"""Drives a running Mainstay with a client generated from its document. It must pass mypy --strict."""

import io
import os
import time
from collections.abc import Callable
from typing import TypeVar

from mainstay_client import AuthenticatedClient
from mainstay_client.api.conversations import list_conversations
from mainstay_client.api.endpoints import create_endpoint, delete_endpoint, get_endpoint_secret
from mainstay_client.api.events import list_events
from mainstay_client.api.media import import_media, upload_media
from mainstay_client.api.messages import (
    get_batch, get_message, list_messages, resolve_message, send_message, send_messages,
)
from mainstay_client.models import (
    BatchProgress, BatchAnswer, BatchRequest, Conversation, Direction, Endpoint, EndpointSecret, Events, Media, MediaForm,
    MessageReceivedEvent, MessageWithStatuses, NewEndpoint, NewMedia, PageConversation, PageMessage, Problem, QueuedMessage,
    Resolution, Resolve, SendAudio, SendContacts, SendDocument, SendImage, SendInteractive, SendLocation, SendReaction, SendSticker,
    SendTemplate, SendText, SendTextType, SendVideo, TextPayload, ToConversation,
)
from mainstay_client.types import UNSET, File

Request = (
    SendAudio | SendContacts | SendDocument | SendImage | SendInteractive | SendLocation | SendReaction | SendSticker | SendTemplate
    | SendText | SendVideo
)
T = TypeVar("T")
client = AuthenticatedClient(base_url=os.environ["MAINSTAY_URL"], token=os.environ["MAINSTAY_KEY"])


def until(what: str, look: Callable[[], T | None]) -> T:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise SystemExit(f"waited in vain for {what}")


def somebody() -> Conversation | None:
    page = list_conversations.sync(client=client, limit=50)
    assert isinstance(page, PageConversation), page
    return next((it for it in page.data if it.window_expires_at is not None), None)


conversation = until("somebody who wrote", somebody)
to = {"conversation_id": conversation.id}

uploaded = upload_media.sync(client=client, body=MediaForm(file=File(io.BytesIO(b"%PDF-1.7\n"), "a.pdf", "application/pdf")))
assert isinstance(uploaded, Media) and uploaded.status == "ready", uploaded
imported = import_media.sync(client=client, body=NewMedia(base64="JVBERi0xLjcK", mime_type="application/pdf"))
assert isinstance(imported, Media) and imported.type_ == "document", imported

link = "https://example.com/a"
requests: list[Request] = [
    SendText(to=ToConversation(conversation.id), type_=SendTextType.TEXT, text=TextPayload(body="Hello"), reference="py-1042"),
    SendImage.from_dict({"to": to, "type": "image", "image": {"link": link + ".jpg", "caption": "A"}}),
    SendAudio.from_dict({"to": to, "type": "audio", "audio": {"link": link + ".ogg", "voice": True}}),
    SendVideo.from_dict({"to": to, "type": "video", "video": {"link": link + ".mp4"}}),
    SendDocument.from_dict({"to": to, "type": "document", "document": {"media_id": uploaded.id}}),
    SendSticker.from_dict({"to": to, "type": "sticker", "sticker": {"link": link + ".webp"}}),
    SendLocation.from_dict({"to": to, "type": "location", "location": {"latitude": 52.5, "longitude": 13.4}}),
    SendContacts.from_dict({"to": to, "type": "contacts", "contacts": [{"name": {"formatted_name": "Ana Paz", "first_name": "Ana"}}]}),
    SendReaction.from_dict({"to": to, "type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}}),
    SendInteractive.from_dict({"to": to, "type": "interactive", "interactive": {
        "type": "button", "body": {"text": "Does it suit you?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}]}}}),
    SendInteractive.from_dict({"to": to, "type": "interactive", "interactive": {
        "type": "list", "body": {"text": "When?"}, "action": {"button": "Times", "sections": [{"rows": [{"id": "9", "title": "9 to 12"}]}]}}}),
    SendTemplate.from_dict({"to": to, "type": "template", "template": {"name": "hello_world", "language": "en_US"}}),
]
sent: list[str] = []
for number, request in enumerate(requests):
    answer = send_message.sync(client=client, body=request, idempotency_key=f"py-{number}")
    assert isinstance(answer, QueuedMessage), answer
    sent.append(answer.id)


def delivered() -> MessageWithStatuses | None:
    message = get_message.sync(sent[0], client=client)
    assert isinstance(message, MessageWithStatuses), message
    return message if message.status in ("delivered", "read") else None


first = until("the first message to be delivered", delivered)
assert first.reference == "py-1042" and first.attempts, first

seen: set[str] = set()
cursor: str | None = None
while True:
    page = list_messages.sync(
        client=client, conversation=conversation.id, direction=Direction.OUTBOUND, limit=5, cursor=UNSET if cursor is None else cursor
    )
    assert isinstance(page, PageMessage), page
    seen.update(message.id for message in page.data)
    cursor = page.next_cursor
    if cursor is None:
        break
assert set(sent) <= seen, "a message is in no page"

texts = [{"to": to, "type": "text", "text": {"body": body}} for body in ("One", "x" * 5_000)]
batch = send_messages.sync(client=client, body=BatchRequest([SendText.from_dict(it) for it in texts]))
assert isinstance(batch, BatchAnswer) and [result.index for result in batch.results] == [0, 1], batch
progress = get_batch.sync(batch.id, client=client)
assert isinstance(progress, BatchProgress) and progress.total == 1, progress

refused = resolve_message.sync_detailed(sent[0], client=client, body=Resolve(Resolution.RESEND)).parsed
assert isinstance(refused, Problem) and refused.type_ == "urn:mainstay:problem:wrong-state", refused

endpoint = create_endpoint.sync(client=client, body=NewEndpoint(url="https://example.com/webhooks", event_types=["message.*"]))
assert isinstance(endpoint, Endpoint) and endpoint.enabled, endpoint
secret = get_endpoint_secret.sync(endpoint.id, client=client)
assert isinstance(secret, EndpointSecret) and secret.secret.startswith("whsec_"), secret
assert delete_endpoint.sync_detailed(endpoint.id, client=client).status_code == 204

events = list_events.sync(client=client, type_="message.received", limit=1)
assert isinstance(events, Events) and events.data, events
told = events.data[0]
event = MessageReceivedEvent.from_dict(
    {"type": "message.received", "timestamp": told.occurred_at.isoformat(), "data": told.data.to_dict()}
)
assert event.data.message.id.startswith("msg_"), event
print(f"sent {len(sent)} messages with a generated client")
