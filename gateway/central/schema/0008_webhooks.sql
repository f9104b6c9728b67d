-- Calls to webhooks: a to-do list, each entry deleted when its receiver has taken it. An entry names an
-- event and does not repeat it, so that nothing personal lies here.

CREATE TABLE composteur.webhook_call (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site      text NOT NULL,
    webhook   text NOT NULL,
    type      text NOT NULL,
    event_id  text,
    at        timestamptz NOT NULL,
    facts     jsonb,
    made_at   timestamptz NOT NULL DEFAULT now(),
    refused   text,
    CONSTRAINT webhook_call_what CHECK ((event_id IS NULL) <> (facts IS NULL))
);
CREATE INDEX webhook_call_due ON composteur.webhook_call (site, webhook, id) WHERE refused IS NULL;
COMMENT ON TABLE composteur.webhook_call IS 'What webhooks are still to be told. Written in the transaction of the events.';
COMMENT ON COLUMN composteur.webhook_call.event_id IS 'Of scan_event, with its at; null for what is no event of a gate.';
COMMENT ON COLUMN composteur.webhook_call.facts IS 'Of an alarm: what it says.';
COMMENT ON COLUMN composteur.webhook_call.refused IS 'Why it was set aside; null: it waits to be sent.';

CREATE TABLE composteur.webhook_told (
    site     text NOT NULL,
    ref      text NOT NULL,
    told_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, ref)
);
COMMENT ON TABLE composteur.webhook_told IS 'Alarms that calls were made of, as long as the gateway remembers the alarm.';
