-- A ticket remembers its last eight grants, newest first:
--   hash,event,persons,passed,window,flags[,settled by, or how many spaces a reservation gains]
-- flags: status r reserved | c committed | a annulled | u undone, then what s stamp | p the rest of
-- a stamp's persons | e re-entry | x exit | f free; then q where a step of a rotating code was used,
-- and z where a retry was answered.

local function parse_grant(place, text)
  local hash, event, persons, passed, window, status, what, stepped, answered, settled_by =
    match(text, '^([^,]*),([^,]*),(%d+),(%d+),(%d+),(%a)(%a)(q?)(z?),?(.*)$')
  return {
    place = place, hash = hash, event = event, persons = tonumber(persons), passed = tonumber(passed),
    window = tonumber(window), status = status, what = what, stepped = stepped == 'q', answered = answered == 'z',
    settled_by = some(settled_by),
  }
end

-- The ticket's grants, newest first, as texts.
local function grant_texts(record)
  return record and record.g and split(record.g, LIST_SEPARATOR) or {}
end

local function grants_of(record)
  local grants = grant_texts(record)
  for place, text in ipairs(grants) do grants[place] = parse_grant(place, text) end
  return grants
end

local function grant_by_nonce(record, hash)
  if hash == '' or not record or not record.g or not find(record.g, hash, 1, true) then return nil end
  for place, text in ipairs(grant_texts(record)) do
    if find(text, hash, 1, true) == 1 then return parse_grant(place, text) end
  end
  return nil
end

local function grant_by_event(record, event)
  for place, text in ipairs(grant_texts(record)) do
    if find(text, ',' .. event .. ',', 1, true) then return parse_grant(place, text) end
  end
  return nil
end

local function flags_of(grant)
  return grant.status .. grant.what .. (grant.stepped and 'q' or '') .. (grant.answered and 'z' or '')
end

-- persons, passed, window and flags.
local function grant_figures(grant)
  return figure[grant.persons] .. ',' .. figure[grant.passed] .. ',' .. figure[grant.window] .. ','
    .. flags_of(grant)
end

-- A grant that the ticket does not remember yet is its newest.
local function save_grant(record, grant)
  local text = grant.hash .. ',' .. grant.event .. ',' .. grant_figures(grant)
  if grant.settled_by then text = text .. ',' .. grant.settled_by end
  if not record.g then
    record.g = text
    return
  end
  local texts = grant_texts(record)
  if grant.place then
    texts[grant.place] = text
  else
    insert(texts, 1, text)
  end
  record.g = concat(texts, LIST_SEPARATOR, 1, min(#texts, GRANTS_KEPT))
end

-- Column 36 of the event: the grant without its event, which the line has already. Only hash and
-- flags where the rest follows: the event's persons, all passed if committed and none if not, in the
-- first window.
local function put_memory(row, grant)
  local passed = grant.status == 'c' and grant.persons or 0
  local follows = grant.window == 1 and grant.passed == passed and row[13] == figure[grant.persons]
  row[36] = grant.hash .. ',' .. (follows and flags_of(grant) or grant_figures(grant))
end

-- Reads column 36 of a grant's own event.
local function memory_of(row)
  local hash, persons, passed, window, status, what =
    match(row[36], '^([^,]*),(%d+),(%d+),(%d+),(%a)(%a)')
  if not hash then
    hash, status, what = match(row[36], '^([^,]*),(%a)(%a)')
    if not hash then return nil end
    persons, window = row[13], 1
    passed = status == 'c' and persons or 0
  end
  return tonumber(persons), tonumber(passed), tonumber(window), status, what
end
