-- The rule of a scan (DESIGN 4). `gateway/tickets/rules.py` is the same rule to be read; both pass
-- tests/vectors. Nothing here writes.
--
-- A case gathers what the rule needs:
--   turn: what the scans of its batch share · how: what it shares with others of its reader (chain, exit,
--   persons asked, closed, out_of_service, free, bad_signature, stale, day) · said (step) · now ·
--   record · product, windows · spaces of the chain · override
-- and what it finds: flag, the reason that soft anti-passback has against a grant

-- Whether the step of a rotating code, or one after it, has let somebody in on the ticket.
local function is_used(record, said)
  return record and record.q and said.step and said.step <= tonumber(record.q)
end

-- What stands before the ticket is looked at. Returns a reason, or 'free'.
local function gate_reason(case)
  local how, spaces = case.how, case.spaces
  if spaces.evacuating then return how.exit and 'free' or 'evacuation' end
  if how.out_of_service then return 'reader_out_of_service' end
  if case.lane_busy then return 'lane_busy' end
  if how.free or spaces[1].mode == 'free' then return 'free' end
  local locked = how.closed or spaces.locked
  if not how.exit and locked and not case.override then return 'space_closed' end
  if how.bad_signature then return 'bad_signature' end
  if not how.exit and (how.stale or is_used(case.record, case.said)) then return 'stale_code' end
  return nil
end

-- What the seller has said of the ticket. The first three no operator passes.
local function standing_reason(case)
  local record, status = case.record, case.record.t
  if record.D then return 'destroyed' end
  if status == 'c' or status == 'r' then return 'cancelled' end
  if status == 'h' and record.H and tonumber(record.H) <= case.now then return 'cancelled' end
  if status == 'b' or case.product.blocked then return 'blocked' end
  if case.override then return nil end
  if status == 'h' then return 'on_hold' end
  if status == 'u' and not case.product.allow_unpaid then return 'unpaid' end
  if record.f then return 'form_missing' end
  return nil
end

-- Persons and stamps in the chosen window.
local function party_of(case)
  local record = case.record
  local made, admitted = made_in(record, case.window), admitted_in(record, case.window)
  local persons = persons_of(record)
  local left = made * persons > admitted and made * persons - admitted or 0
  local inside = persons_inside(record)
  if inside == 0 and is_within(record, case.turn.spaces, case.how.chain[1]) then inside = persons - left end
  return {
    made = made, admitted = admitted, persons = persons, left = left,
    out = persons - left - inside,
    group = record.a == 'g',
    whole = record.a == 'g' and not case.product.partial_groups,
  }
end

local function within(case, since, window_s)
  return since and (not window_s or case.now <= since + window_s * 1000)
end

local function comes_back(case, party)
  local product = case.product
  return product.reentry == 'a' and party.made > 0 and party.out > 0
    and within(case, moved_at(case.record), product.reentry_window_s)
end

local function comes_freely(case, party)
  local product = case.product
  return product.reentry == 'f' and party.made > 0
    and within(case, last_at(case.record), product.reentry_window_s)
end

local function default_persons(party, back)
  if not party.whole then return 1 end
  if party.left > 0 then return party.left end
  if back then return party.out end
  return party.persons
end

local function stamp_reason(case, party, n)
  local product, record = case.product, case.record
  local last = last_at(record)
  if product.min_interval_s > 0 and last and case.now < last + product.min_interval_s * 1000 then
    return 'too_soon'
  end
  local allowed = case.windows[case.window].stamps
  if allowed and party.made >= allowed then return 'no_stamps_left' end
  if product.max_stamps_per_day and made_on(record, case.how.day) >= product.max_stamps_per_day then
    return 'daily_limit'
  end
  if n > party.persons or (party.whole and n ~= party.persons) then return 'party_too_large' end
  return nil
end

-- What this entry is (s stamp, p the rest of a stamp's persons, e re-entry), for how many, and what
-- speaks against it.
local function entry_kind(case, party)
  local back = comes_back(case, party)
  local n = case.how.persons or default_persons(party, back)
  local rest_meant = not case.how.persons and party.whole and party.left > 0
  if back and n <= party.out and not rest_meant then return 'e', n, nil end
  if party.left > 0 then
    local wrong = n > party.left or (party.whole and n ~= party.left)
    return 'p', n, wrong and 'party_too_large' or nil
  end
  if comes_freely(case, party) then return 'e', n, n > party.persons and 'party_too_large' or nil end
  return 's', n, stamp_reason(case, party, n)
end

local function full_reason(case)
  if not case.spaces.limited then return nil end
  for position = 1, #case.spaces do
    local space = case.spaces[position]
    local gained = space.limit and gained_in(space.id, case.move) or 0
    if gained > 0 and taken(case.turn.spaces, space) + gained > space.limit then return 'space_full' end
  end
  return nil
end

-- What anti-passback does here and now, 'h' refuse or 's' flag; after a while it forgives.
local function passback(case)
  local space, moved = case.spaces[1], moved_at(case.record)
  if not space.passback then return nil end
  local acts_now = space.forgiven_ms == 0 or not moved or case.now < moved + space.forgiven_ms
  return acts_now and space.passback or nil
end

-- What it does about all who may be inside on this ticket and are.
local function already_inside(case, party)
  local inside = case.record.m ~= nil and party.left == 0 and party.out <= 0 and case.spaces[1].passback
    and is_within(case.record, case.turn.spaces, case.how.chain[1])
  return inside and passback(case) or nil
end

-- Chooses the window (for every answer shows one) and says whether it refuses.
local function take_window(case)
  local position, reason = choose_window(case.windows, case.now, case.how.chain)
  if not position then position = choose_window(case.windows, case.now, nil) end
  case.window = position
  return reason
end

-- An offline grant told when a later movement is known: it counts n persons and moves nobody.
local function told_late(case, n)
  local moved = case.how.recorded and moved_at(case.record)
  if not moved or moved <= case.now then return false end
  case.placed = false
  case.move = { gained = case.how.chain, left = NOWHERE, unseen = 0, n = n }
  return true
end

-- On a new stamp nobody stays inside; else at most the ticket's other persons.
local function move_in(case)
  if told_late(case, case.n) then return end
  local record, most = case.record, 0
  if case.kind ~= 's' then
    most = max(0, persons_inside(record) - case.n, case.party.persons - case.n)
  end
  case.move = entry_move(record, case.turn.spaces, case.how.chain, case.n, most)
end

local function judge_entry(case)
  local window_reason = take_window(case)
  case.party = party_of(case)
  local reason = standing_reason(case)
  local kind, n, against = entry_kind(case, case.party)
  case.kind, case.n = kind, n
  if reason then return reason end
  if not case.override then
    if window_reason then return window_reason end
    local twice = already_inside(case, case.party)
    if twice == 'h' then return 'already_inside' end
    if against then return against end
    case.flag = twice and 'already_inside' or nil
  end
  move_in(case)
  if not case.override then return full_reason(case) end
  return nil
end

-- What the rule makes of an entry that is to count in any case (offline).
local function force_entry(case)
  take_window(case)
  case.party = party_of(case)
  case.kind, case.n = entry_kind(case, case.party)
  if case.kind == 'p' and case.n > case.party.left then case.kind = 's' end
  move_in(case)
end

local function leave(case)
  take_window(case)
  case.party = party_of(case)
  local inside = persons_inside(case.record)
  case.kind, case.n = 'x', case.how.persons or (case.party.group and inside > 0 and inside or 1)
  if told_late(case, -case.n) then return end
  case.move = exit_move(case.record, case.turn.spaces, case.how.chain, case.n)
end

local function judge_exit(case)
  leave(case)
  local unseen = not case.override and passback(case)
  if not unseen or is_within(case.record, case.turn.spaces, case.how.chain[1]) then return nil end
  if unseen == 'h' then return 'not_inside' end
  case.flag = 'not_inside'
  return nil
end

-- Through a free gate, or on an unknown code: persons are counted and nothing is stamped.
local function pass_freely(case)
  local record = case.record
  if record then take_window(case) end
  local whole = record and record.a == 'g' and case.product ~= GONE and not case.product.partial_groups
  case.kind, case.n = 'f', case.how.persons or (whole and persons_of(record)) or 1
  case.move = {
    gained = case.how.chain, left = NOWHERE, unseen = 0, n = case.how.exit and -case.n or case.n, stays = true,
  }
end
