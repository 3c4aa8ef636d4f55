// Drives a running Mainstay with a client generated from its document. It must compile strictly.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type SendRequest = components["schemas"]["SendRequest"];
type ReceivedEvent = components["schemas"]["MessageReceivedEvent"];

const client = createClient<paths>({
  baseUrl: process.env["MAINSTAY_URL"]!,
  headers: { Authorization: `Bearer ${process.env["MAINSTAY_KEY"]}` },
});

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

const conversation = await until("somebody who wrote", async () => {
  const { data } = await client.GET("/api/v1/conversations", { params: { query: { limit: 50 } } });
  return data?.data.find((it) => it.window_expires_at !== null);
});
const to = { conversation_id: conversation.id };
const channel_id = conversation.channel_id;

const uploaded = await client.POST("/api/v1/media", {
  body: { file: "" },
  bodySerializer: () => {
    const form = new FormData();
    form.append("file", new Blob(["%PDF-1.7\n"], { type: "application/pdf" }), "a.pdf");
    return form;
  },
});
assert.equal(uploaded.data?.status, "ready");
const imported = await client.POST("/api/v1/media/import", {
  body: { base64: "JVBERi0xLjcK", mime_type: "application/pdf", filename: "b.pdf" },
});
assert.equal(imported.data?.type, "document");

const template = await until("a template", async () => {
  const { data } = await client.GET("/api/v1/templates", { params: { query: { status: "APPROVED", limit: 200 } } });
  return data?.data.find((it) => it.name === "hello_world");
});

const requests: SendRequest[] = [
  { to, type: "text", text: { body: "Hello" }, reference: "order-1042", metadata: { shop: 7 } },
  { channel_id, to: { contact_id: conversation.contact.id }, type: "image", image: { link: "https://example.com/a.jpg", caption: "A" } },
  { to, type: "audio", audio: { link: "https://example.com/a.ogg", voice: true } },
  { to, type: "video", video: { link: "https://example.com/a.mp4" } },
  { to, type: "document", document: { media_id: uploaded.data.id, filename: "a.pdf" } },
  { to, type: "sticker", sticker: { link: "https://example.com/a.webp" } },
  { to, type: "location", location: { latitude: 52.5, longitude: 13.4, name: "Here" } },
  { to, type: "contacts", contacts: [{ name: { formatted_name: "Ana Paz", first_name: "Ana" }, phones: [{ phone: "+491511111111" }] }] },
  { to, type: "reaction", reaction: { message_id: conversation.last_message.wamid ?? "wamid.1", emoji: "👍" } },
  {
    to, type: "interactive", interactive: {
      type: "button", body: { text: "Does it suit you?" },
      action: { buttons: [{ type: "reply", reply: { id: "yes", title: "Yes" } }] },
    },
  },
  {
    to, type: "interactive", interactive: {
      type: "list", body: { text: "When?" },
      action: { button: "Times", sections: [{ rows: [{ id: "9", title: "9 to 12" }] }] },
    },
  },
  { channel_id, to: { contact_id: conversation.contact.id }, type: "template", template: { name: template.name, language: template.language, variables: {} } },
];

const sent: string[] = [];
for (const body of requests) {
  const { data, error } = await client.POST("/api/v1/messages", {
    body, params: { header: { "idempotency-key": `ts-${sent.length}` } },
  });
  assert.equal(error, undefined, JSON.stringify(error));
  sent.push(data!.id);
}
const first = await until("the first message to be read", async () => {
  const { data } = await client.GET("/api/v1/messages/{id}", { params: { path: { id: sent[0]! } } });
  return data && (data.status === "delivered" || data.status === "read") ? data : undefined;
});
assert.equal(first.reference, "order-1042");
assert.ok(first.attempts.length >= 1);

const found = await client.GET("/api/v1/messages", { params: { query: { reference: "order-1042" } } });
assert.equal(found.data?.data[0]?.id, sent[0]);

const seen = new Set<string>();
let cursor: string | null = null;
do {
  const { data }: { data?: components["schemas"]["Page_Message"] } = await client.GET("/api/v1/messages", {
    params: { query: { conversation: conversation.id, direction: "outbound", limit: 5, ...(cursor === null ? {} : { cursor }) } },
  });
  for (const message of data!.data) seen.add(message.id);
  cursor = data!.next_cursor;
} while (cursor !== null);
for (const id of sent) assert.ok(seen.has(id), `${id} is in no page`);

const batch = await client.POST("/api/v1/messages/batch", {
  body: { messages: [{ to, type: "text", text: { body: "One" }, idempotency_key: "ts-one" }, { to, type: "text", text: { body: "" } }] },
});
assert.ok(batch.data?.results[0]?.message?.id);
assert.equal(batch.data.results[1]?.problem?.field, "text.body");
const progress = await client.GET("/api/v1/messages/batch/{id}", { params: { path: { id: batch.data.id } } });
assert.equal(progress.data?.total, 1);

// @ts-expect-error: an enum is one
const misspelt: components["schemas"]["Resolution"] = "sennt";
const wrong = await client.POST("/api/v1/messages/{id}/resolve", { params: { path: { id: sent[0]! } }, body: { resolution: misspelt } });
assert.equal(wrong.response.status, 422);
const resolved = await client.POST("/api/v1/messages/{id}/resolve", { params: { path: { id: sent[0]! } }, body: { resolution: "resend" } });
assert.equal(resolved.error?.type, "urn:mainstay:problem:wrong-state");
await client.POST("/api/v1/messages/{id}/cancel", { params: { path: { id: sent[1]! } } });

const endpoint = await client.POST("/api/v1/endpoints", { body: { url: "https://example.com/webhooks", event_types: ["message.*"] } });
assert.equal(endpoint.data?.enabled, true, JSON.stringify(endpoint.error));
const secret = await client.GET("/api/v1/endpoints/{id}/secret", { params: { path: { id: endpoint.data.id } } });
assert.ok(secret.data?.secret.startsWith("whsec_"));
const deleted = await client.DELETE("/api/v1/endpoints/{id}", { params: { path: { id: endpoint.data.id } } });
assert.equal(deleted.response.status, 204);

const events = await client.GET("/api/v1/events", { params: { query: { type: "message.received", limit: 1 } } });
const event = { type: "message.received", timestamp: events.data!.data[0]!.occurred_at, data: events.data!.data[0]!.data } as ReceivedEvent;
assert.ok(event.data.message.id.startsWith("msg_"));
console.log(`sent ${sent.length} messages with a generated client`);
