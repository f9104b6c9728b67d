-- What people did: operators' acts, key management, log-ins. Written by the gateway, never changed.

CREATE TABLE composteur.audit (
    site     text NOT NULL,
    id       text NOT NULL,
    at       timestamptz NOT NULL,
    who      text NOT NULL,
    what     text NOT NULL,
    subject  text,
    details  jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (site, id)
);
COMMENT ON TABLE composteur.audit IS 'The acts of people at the gates, once each; their ids rise with the time.';
COMMENT ON COLUMN composteur.audit.who IS 'The name of the key that acted; of an equipment where its input did.';
COMMENT ON COLUMN composteur.audit.subject IS 'What it was done to: a space, an equipment, a ticket, an alarm, a key.';

-- Admissions that the rules would have refused, newest first.
CREATE INDEX scan_event_in_conflict ON composteur.scan_event (at, event_id)
 WHERE conflict_with IS NOT NULL OR (decision = 'granted' AND reason IS NOT NULL);
