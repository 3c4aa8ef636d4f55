-- Where an event happened: what is delivered later goes by the same as what is delivered at once. Events from before say nothing.
ALTER TABLE events ADD COLUMN channel_id UUID;
ALTER TABLE events ADD COLUMN conversation_id UUID;
