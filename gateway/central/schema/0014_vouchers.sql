-- Reports find the tickets of several windows by themselves now, all at once.

DROP FUNCTION composteur.good_in(timestamptz, timestamptz, jsonb, timestamptz, timestamptz);
