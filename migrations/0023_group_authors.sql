-- Messages in groups by their authors: what a person wrote there moves when the person turns out to be another contact.
ALTER TABLE messages ADD COLUMN in_group BOOLEAN NOT NULL DEFAULT FALSE;

UPDATE messages SET in_group = TRUE
WHERE direction = 'inbound' AND conversation_id IN (
    SELECT c.id FROM conversations c
    JOIN contact_identities i ON i.tenant_id = c.tenant_id AND i.contact_id = c.contact_id AND i.kind = 'group');

CREATE INDEX messages_in_groups ON messages (contact_id) WHERE in_group;
