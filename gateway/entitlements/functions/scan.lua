-- scans: check, stamp, reserve or record the scans of one turn of a gateway, each all or nothing.
-- KEYS  catalogue · spaces · open · events · meta · the tickets t:CODE, one for each scan
-- ARGV  for each scan: how · now · nonce hash · special
--   how: op check|stamp|reserve|record · reader · chain · direction e|x · flags · hold_ms (reserve) ·
--     patience (empty: none) · day · persons · operator, between \31; few, so that each is read once
--     flags: c closed · o out of service · f free equipment · b bad signature · t stale code ·
--     d degraded · w offline
--   special, empty for most: override reason · device_at · claimed g|d (record) · claimed reason
--     (record) · step of a rotating code, between \31
-- Reply for each scan: a line (view.lua), or 'expired', or 'unavailable' (store empty or loading), or
-- an error, which is that of this scan alone.

local SHARED_KEYS = 5
local WORDS = 4

local parse_how = remembering(function(text)
  local part = split(text, SEPARATOR)
  local flags = part[5]
  local function has(letter) return find(flags, letter, 1, true) ~= nil end
  return {
    op = part[1], check = part[1] == 'check', reserve = part[1] == 'reserve',
    recorded = part[1] == 'record', reader = part[2], chain = name_list[part[3]],
    chain_text = part[3], direction = part[4], exit = part[4] == 'x', hold_ms = tonumber(part[6]),
    patience = tonumber(part[7]), day = part[8], persons = tonumber(part[9]), operator = part[10],
    closed = has('c'), out_of_service = has('o'), free = has('f'), bad_signature = has('b'),
    stale = has('t'), degraded = has('d') and '1' or '', offline = has('w') and '1' or '',
  }
end, 2000)

local parse_special = remembering(function(text)
  local part = split(text, SEPARATOR)
  return {
    override = part[1] ~= '' and part[1] or nil, device_at = part[2] or '', claimed = part[3],
    reason = part[4] ~= '' and part[4] or nil, step = part[5] and tonumber(part[5]), step_text = part[5],
  }
end, 100)

-- What the scans of a batch share. Its instant is that of all their events.
local function open_turn(keys)
  local turn = {
    ms = clock(), catalogue = open_book(keys[1]), spaces = open_book(keys[2]), open = keys[3],
    events = keys[4], meta = open_book(keys[5]), code_starts = #keys[5] - #'meta' + #'t:' + 1,
  }
  look_ahead(turn.meta, { 'epoch', PHASE, 'tally_day', 'n:granted' })
  turn.epoch, turn.phase = turn.meta.known.epoch, turn.meta.known[PHASE]
  return turn
end

local function close_turn(turn)
  close_book(turn.spaces)
  close_book(turn.meta)
end

local function case_of(turn, key, how, nonce, special)
  local said = parse_special[special]
  -- with room for what the rule adds: growing a table costs more
  return {
    turn = turn, key = key, code = sub(key, turn.code_starts), how = how, now = turn.now, now_text = turn.now_text,
    nonce = nonce, spaces = read_spaces(turn.spaces, how.chain_text), said = said,
    override = said.override, record = nil, product = nil, windows = nil, window = nil, party = nil,
    kind = nil, n = nil, move = nil,
  }
end

local function begin_day(meta, day)
  local fields = call('HKEYS', meta.key)
  for field in pairs(meta.known) do fields[#fields + 1] = field end
  for _, field in ipairs(fields) do
    if sub(field, 1, 2) == 'n:' then write_down(meta, field, nil) end
  end
  write_down(meta, 'tally_day', day)
end

-- The day's decisions by outcome, for the dashboard; reports come from the database.
local function tally(meta, day, outcome)
  if look_up(meta, 'tally_day') ~= day then begin_day(meta, day) end
  add_to(meta, 'n:' .. outcome, 1)
end

local function conflict_text(reason, with, reader, at)
  return concat({ reason, with or '', reader or '', at and instant(at) or '' }, '\31')
end

-- A grant against the rules says so in its answer and in its event.
local function put_in_conflict(case, reason)
  local record = case.record
  local newest = record and grants_of(record)[1]
  case.conflict_reason, case.conflict_with = reason, newest and newest.event or nil
  case.conflict = conflict_text(reason, case.conflict_with, record and last_reader(record),
    record and last_at(record))
end

-- The event of a decision as far as it is known before what it changes (gateway/tickets/event.py).
local function scan_row(case, decision, reason)
  local record, window, how = case.record, case.window and case.windows[case.window], case.how
  local session = window and window.session or record and record.s or ''
  local audience = record and (record.a or '') or 'n'
  return {
    at = case.now, at_text = case.now_text,
    '', 's', '', case.code, record and record.p or '', session, how.chain[1], how.reader, how.operator,
    how.direction, decision, reason or '', figure[case.n or how.persons or 1], audience, '', '',
    case.said.device_at, how.offline, how.degraded, case.override or '', case.conflict_with or '',
    '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '',
  }
end

-- The reservation open in the case's lane, and whether it is this ticket's.
local function lane_of(case)
  local text = look_up(case.turn.spaces, 'l:' .. case.how.reader)
  if not text then return nil end
  local event, code = match(text, '^(%S+) (.*)$')
  if not call('ZSCORE', case.turn.open, event .. '\t' .. code) then return nil end
  return event, code == case.code
end

-- One more stamp on its local day; one told late never moves the day back.
local function count_day(record, day)
  if record.d and record.d > day then return end
  record.d, record.c = day, figure[made_on(record, day) + 1]
end

-- A stamp made at case.now by the case's reader; an offline one may be older than those known.
local function apply_stamp(case)
  local record, now, own, first = case.record, case.now_text, case.how.reader, tonumber(case.record.y)
  if not first then
    record.y, record.Y = now, own
  else
    local last, reader = last_at(record), last_reader(record)
    if case.now < first then record.y, record.Y = now, own end
    if case.now >= last then last, reader = case.now, own end
    record.l = tonumber(record.y) ~= last and instant(last) or nil
    record.L = reader ~= record.Y and reader or nil
  end
  count_day(record, case.how.day)
end

local function apply_grant(case)
  local party = case.party
  if case.kind == 's' then apply_stamp(case) end
  if case.kind == 's' or case.kind == 'p' then
    local stamp = case.kind == 's' and 1 or 0
    set_counts(case.record, case.window, party.made + stamp, party.admitted + case.n)
  end
end

-- A step of a rotating code lets in once, and none before it does again.
local function use_step(record, said)
  if not said.step or is_used(record, said) then return false end
  record.q = said.step_text
  return true
end

-- moved_at is left out where it is the last stamp's.
local function set_moved(record, now)
  record.M = (record.l or record.y) ~= now and now or nil
end

-- What an annulment gives back: the place and times the ticket had before a reservation. Where
-- something else has happened to the ticket since, it is out of date and forgotten.
local PLACE_AND_TIMES = { 'i', 'o', 'k', 'M', 'l', 'L', 'y', 'Y', 'd', 'c' }

local function place_and_times(record)
  local values = {}
  for position, letter in ipairs(PLACE_AND_TIMES) do values[position] = record[letter] or '' end
  return concat(values, LIST_SEPARATOR)
end

-- What is kept of before a reservation; nil where it is not kept, or of another one.
local function before_of(record, event)
  local values = record and record.B and split(record.B, LIST_SEPARATOR)
  if not values or values[1] ~= event then return nil end
  local before = {}
  for position, letter in ipairs(PLACE_AND_TIMES) do before[letter] = some(values[position + 1]) end
  return before
end

-- A reservation takes places at once; whoever leaves another space does so at the passage.
local function reserve_place(case, event)
  local turn, how = case.turn, case.how
  call('ZADD', turn.open, instant(case.now + how.hold_ms), event .. '\t' .. case.code)
  write_down(turn.spaces, 'l:' .. how.reader, event .. ' ' .. case.code)
  if how.exit then return end
  for _, space in ipairs(case.move.gained) do add_persons(turn.spaces, 'r:', space, case.n) end
end

local function grant_of(case, reserve, stepped)
  return {
    hash = case.nonce, persons = case.n,
    passed = reserve and 0 or case.n, window = case.window or 1, status = reserve and 'r' or 'c',
    what = case.kind, stepped = stepped, event = nil, settled_by = reserve and figure[#case.move.gained] or nil,
  }
end

-- The id of an event is known only once its line is written, so the line carries the state and the
-- record is written after it; the function is atomic all the same.
local function grant(case)
  local record, turn, reserve = case.record, case.turn, case.how.reserve
  local stateful = record and case.kind ~= 'f'
  local moves = stateful and case.placed ~= false
  local before = reserve and stateful and place_and_times(record)
  local stepped = false
  if stateful then
    apply_grant(case)
    stepped = not case.how.exit and use_step(record, case.said)
  end
  if moves and not (reserve and case.how.exit) then
    set_place(record, case.move)
    set_moved(record, case.now_text)
  end
  local given, row = grant_of(case, reserve, stepped), scan_row(case, 'g', case.conflict_reason)
  if reserve then
    row[37] = figure[case.how.hold_ms]
  else
    row[15] = figure[case.n]
    row[16] = case.kind == 's' and '1' or ''
  end
  if record then put_memory(row, given) end
  if stateful then put_state(row, record, case.how.day) end
  local event = emit(turn.events, turn.epoch, row, turn.ms)
  given.event = event
  if record then
    save_grant(record, given)
    if stateful then record.B = before and event .. LIST_SEPARATOR .. before or nil end
    write_record(case.key, record)
  end
  if reserve then
    reserve_place(case, event)
  else
    move_persons(turn.spaces, case.move)
  end
  return event
end

local function case_view(case)
  if not case.record or not case.windows then return nil end
  return view_of(case.record, case.product, case.windows, case.window)
end

local function answered_before(case, found)
  if not found.answered then
    found.answered = true
    save_grant(case.record, found)
    write_record(case.key, case.record)
  end
  take_window(case)
  local attention = case.record.A or case.product.attention
  return reply('granted', nil, found.event, true, nil, attention, found.persons, case_view(case))
end

-- An offline grant counts whatever the rules say now; what they say is its conflict.
local function force(case, reason)
  local record = case.record
  reason = reason or case.flag
  if reason then put_in_conflict(case, reason) end
  if not record or (not case.how.exit and (case.how.free or case.spaces[1].mode == 'free')) then
    pass_freely(case)
    return
  end
  if case.how.exit then leave(case) else force_entry(case) end
end

local function judge(case)
  local reason, exit = gate_reason(case), case.how.exit
  if reason == 'free' then
    if exit and case.record then leave(case) else pass_freely(case) end
    return nil
  end
  if reason then return reason end
  if not case.record then return case.turn.phase == 'ready' and 'unknown_ticket' or 'unavailable' end
  if exit then return judge_exit(case) end
  if case.unsure then return case.product ~= GONE and standing_reason(case) or 'unavailable' end
  return judge_entry(case)
end

local function read_ticket(case)
  case.record = read_record(case.key)
  if not case.record then return end
  case.product, case.windows = windows_of(case.record, case.turn.catalogue)
  if not case.windows then
    case.product, case.windows, case.unsure = case.product or GONE, { {} }, true
  end
end

-- The answer of a scan that was granted before: by its nonce, or to the ticket in the lane.
local function repeated(case)
  local check = case.how.check
  local found = not check and grant_by_nonce(case.record, case.nonce)
  if found then return answered_before(case, found) end
  if not case.how.hold_ms then return nil end
  local event, same = lane_of(case)
  case.lane_busy = event and not same
  if not event or not same or check then return nil end
  local open = grant_by_event(case.record, event)
  if open then return answered_before(case, open) end
  return reply('granted', nil, event, true, nil, nil, case.how.persons or 1, case_view(case))
end

-- What an offline reader decided stands: a grant counts, a refusal keeps its reason.
local function claimed_reason(case, reason)
  if case.said.claimed == 'g' then
    force(case, reason)
    return nil
  end
  return case.said.reason or reason or 'store_unavailable'
end

-- Makes the event of a decision and all that it changes.
local function write(case, reason)
  local turn, how = case.turn, case.how
  local event
  if reason then
    event = emit(turn.events, turn.epoch, scan_row(case, 'd', reason), turn.ms)
  else
    event = grant(case)
  end
  -- what is told late counts on the day it is told
  tally(turn.meta, how.recorded and look_up(turn.meta, 'tally_day') or how.day, reason or 'granted')
  return event
end

local function scan(turn, key, how_text, now, nonce, special)
  local how = parse_how[how_text]
  if now ~= turn.now_text then turn.now, turn.now_text = tonumber(now), now end
  if how.patience and turn.ms > turn.now + how.patience then return 'expired' end
  if not turn.epoch or not turn.phase or turn.phase == 'stale' then return 'unavailable' end
  local case = case_of(turn, key, how, nonce, special)
  read_ticket(case)
  local before = repeated(case)
  if before then return before end
  local reason = judge(case)
  if reason == 'unavailable' then return 'unavailable' end
  if how.recorded then
    reason = claimed_reason(case, reason)
  elseif case.flag and not reason then
    put_in_conflict(case, case.flag)
  end
  if case.record and not case.window then take_window(case) end
  local event = not how.check and write(case, reason) or nil
  local attention = case.record and (case.record.A or case.product.attention)
  return reply(reason and 'denied' or 'granted', reason, event, nil, case.conflict, attention,
    case.n or how.persons or 1, case_view(case))
end

local function error_of(problem)
  return type(problem) == 'table' and problem or { err = 'ERR ' .. tostring(problem) }
end

function acts.scans(keys, args)
  local turn, answers = open_turn(keys), {}
  for number = 1, #keys - SHARED_KEYS do
    local word = (number - 1) * WORDS
    local done, answer = pcall(scan, turn, keys[SHARED_KEYS + number], args[word + 1],
      args[word + 2], args[word + 3], args[word + 4])
    answers[number] = done and answer or error_of(answer)
  end
  pcall(close_turn, turn) -- the answers are true in any case
  return answers
end
