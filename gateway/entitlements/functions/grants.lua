-- A ticket remembers its last eight grants, each in one field of at most 64 bytes:
--   hash,event,persons,passed,window,flags[,settled by, or how many spaces a reservation gains]
-- flags: status r reserved | c committed | a annulled | u undone, then what s stamp | p the rest of
-- a stamp's persons | e re-entry | x exit | f free; then z where a retry was answered.

local function parse_grant(slot, text)
  local hash, event, persons, passed, window, status, what, answered, settled_by =
    match(text, '^([^,]*),([^,]*),(%d+),(%d+),(%d+),(%a)(%a)(z?),?(.*)$')
  return {
    slot = slot, hash = hash, event = event, persons = tonumber(persons), passed = tonumber(passed),
    window = tonumber(window), status = status, what = what, answered = answered == 'z',
    settled_by = settled_by ~= '' and settled_by or nil,
  }
end

-- The ticket's grants, newest first.
local function grants_of(record)
  local grants = {}
  local newest = tonumber(record.gn or 0)
  for back = 0, GRANTS_KEPT - 1 do
    local slot = (newest - back) % GRANTS_KEPT
    local text = record['g' .. slot]
    if text then grants[#grants + 1] = parse_grant(slot, text) end
  end
  return grants
end

local SLOTS = { 'g0', 'g1', 'g2', 'g3', 'g4', 'g5', 'g6', 'g7' }

local function grant_by_nonce(record, hash)
  if hash == '' or not record then return nil end
  for slot = 1, GRANTS_KEPT do
    local text = record[SLOTS[slot]]
    if not text then return nil end
    if find(text, hash, 1, true) == 1 then return parse_grant(slot - 1, text) end
  end
  return nil
end

local function grant_by_event(record, event)
  if not record then return nil end
  for slot, field in ipairs(SLOTS) do
    local text = record[field]
    if not text then return nil end
    if find(text, ',' .. event .. ',', 1, true) then return parse_grant(slot - 1, text) end
  end
  return nil
end

local function flags_of(grant)
  return grant.status .. grant.what .. (grant.answered and 'z' or '')
end

-- persons, passed, window and flags.
local function grant_figures(grant)
  return ',' .. figure(grant.persons) .. ',' .. figure(grant.passed) .. ',' .. figure(grant.window)
    .. ',' .. flags_of(grant)
end

local function save_grant(changes, record, grant)
  local text = grant.hash .. ',' .. grant.event .. grant_figures(grant)
  if grant.settled_by then text = text .. ',' .. grant.settled_by end
  set(changes, record, SLOTS[grant.slot + 1], text)
end

-- Column 36 of the event: the grant without its event, which the line has already. Only hash and
-- flags where the rest follows: the event's persons, all passed if committed and none if not, in the
-- first window.
local function put_memory(row, grant)
  local passed = grant.status == 'c' and grant.persons or 0
  local follows = grant.window == 1 and grant.passed == passed and row[13] == figure(grant.persons)
  row[36] = grant.hash .. (follows and ',' .. flags_of(grant) or grant_figures(grant))
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

local function next_slot(changes, record)
  if not record.g0 then return 0 end
  local slot = (tonumber(record.gn or 0) + 1) % GRANTS_KEPT
  set(changes, record, 'gn', slot ~= 0 and slot or nil)
  return slot
end
