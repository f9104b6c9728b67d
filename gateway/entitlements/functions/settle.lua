-- What follows a grant: passage, annulment, undo; a stamp whose answer came too late is taken back;
-- a ticket is destroyed. All name the grant's event and are idempotent.
-- KEYS  t:CODE · catalogue · spaces · open · events · meta, for each of them
-- Reply: as a scan's (view.lua), with the event it settles in the place of the reason; else a word that
-- says why not: unknown_event, not_a_grant, unknown_ticket, all_passed, undone, nothing_to_undo,
-- unavailable (no epoch). The readable twin is gateway/tickets/settling.py.

local function settled(event, of, replayed, conflict, keys, record, now)
  local view = record and current_view(record, open_book(keys[2]), now) or ''
  return reply('settled', of, event, replayed, conflict, nil, nil, view)
end

-- A case of settling: the grant's row, the ticket and what it remembers of the grant.
local function open_case(keys, spaces, event, fallback, now)
  local row = row_of(keys[5], event, fallback)
  if not row then return nil, 'unknown_event' end
  local record = read_record(keys[1])
  local code = code_of(keys[1])
  if row[4] ~= code or row[2] ~= 's' then return nil, 'unknown_event' end
  if row[11] ~= 'g' then return nil, 'not_a_grant' end
  local grant = grant_by_event(record, event)
  if not grant then
    -- forgotten by the ticket (eight newer grants, or no ticket): the line itself tells
    grant = { hash = '', event = event, persons = tonumber(row[13]), window = 1, status = 'c', what = 'f' }
    local persons, _, window, status, what = memory_of(row)
    if persons then
      grant.persons, grant.window, grant.status, grant.what = persons, window, status, what
    end
    -- a reservation that is not open any more has been settled
    if row[37] ~= '' then
      grant.status = call('ZSCORE', keys[4], event .. '\t' .. code) and 'r' or 'c'
    end
    grant.passed = grant.status == 'c' and grant.persons or 0
  end
  return {
    keys = keys, spaces = spaces, row = row, record = record, code = code, grant = grant, event = event, now = now,
    at = row[1], exit = row[10] == 'x',
    chain = row[7] ~= '' and chain_of(spaces, row[7]) or {},
  }
end

-- The event that settles: it stands where the grant stood.
local function settling_row(case, kind, at, persons)
  local row, of = new_row(at), case.row
  row[2], row[3], row[4] = kind, case.event, of[4]
  row[5], row[6], row[7], row[8] = of[5], of[6], of[7], of[8]
  row[10], row[13], row[14] = of[10], figure[persons], of[14]
  return row
end

local function write_case(case, epoch, row)
  if case.record then
    if case.grant.what ~= 'f' then put_state(row, case.record) end
    put_memory(row, case.grant)
  end
  local event = emit(case.keys[5], epoch, row, clock())
  if case.record then
    if case.settles then case.grant.settled_by = event end
    if not before_of(case.record, case.event) then case.record.B = nil end
    if case.grant.place then save_grant(case.record, case.grant) end
    write_record(case.keys[1], case.record)
  end
  return event
end

local function close_reservation(case)
  call('ZREM', case.keys[4], case.event .. '\t' .. case.code)
  local lane = 'l:' .. case.row[8]
  local text = look_up(case.spaces, lane)
  if text and find(text, case.event .. ' ', 1, true) == 1 then
    write_down(case.spaces, lane, nil)
  end
  if before_of(case.record, case.event) then case.record.B = nil end
end

-- The spaces a grant's persons were added to: from its space out to where they came from.
local function gained_by(case)
  local gained = {}
  for position = 1, case.gains or #case.chain do gained[position] = case.chain[position] end
  return gained
end

local function release_places(case, persons)
  if case.exit then return end
  for _, space in ipairs(gained_by(case)) do add_persons(case.spaces, 'r:', space, -persons) end
end

-- Persons given back, and the stamp with its last persons (not while some have passed). Returns the
-- stamps given back.
local function give_back(case, persons, keeps_stamp)
  local record, grant = case.record, case.grant
  if not record or (grant.what ~= 's' and grant.what ~= 'p') then return 0 end
  local made, admitted = made_in(record, grant.window), admitted_in(record, grant.window)
  local left = max(0, admitted - persons)
  local needed = math.ceil(left / persons_of(record))
  local stamps = not keeps_stamp and needed < made and 1 or 0
  set_counts(record, grant.window, made - stamps, left)
  local that_day = made_on(record, case.day)
  if stamps == 1 and that_day > 0 then record.c = figure[that_day - 1] end
  return stamps
end

-- First and last stamp after one was given back: none, or the newest grant that still stands.
local function forget_times(case)
  local record = case.record
  if total(record.m) == 0 then
    for _, letter in ipairs({ 'm', 'e', 'y', 'Y', 'l', 'L' }) do record[letter] = nil end
    return
  end
  if case.at ~= last_at(record) then return end
  for _, other in ipairs(grants_of(record)) do
    if other.event ~= case.event and other.what == 's' and (other.status == 'c' or other.status == 'r') then
      local row = row_of(case.keys[5], other.event)
      local at = row and row[1] or tonumber(match(other.event, '^%d+%-(%d+)'))
      record.l = instant(at) ~= record.y and instant(at) or nil
      if row then record.L = row[8] ~= record.Y and some(row[8]) or nil end
      return
    end
  end
end

-- How many of a grant's persons are still in its space: newer entries may have taken their place.
local function still_there(case, persons)
  local record = case.record
  if not record or record.i ~= case.row[7] or case.exit then return 0 end
  local others = persons_inside(record)
  if others == 0 then return persons end
  for _, newer in ipairs(grants_of(record)) do
    if newer.event == case.event then break end
    if newer.what ~= 'x' and newer.what ~= 'f' and (newer.status == 'c' or newer.status == 'r') then
      others = others - newer.persons
    end
  end
  return max(0, min(persons, others))
end

local function leave_unseen(case, persons)
  local record = case.record
  persons = still_there(case, persons)
  if persons == 0 then return end
  local move = exit_move(record, case.spaces, case.chain, persons)
  move_persons(case.spaces, move)
  set_place(record, move)
end

-- Takes persons out of the ticket's place without counting anybody out of a space.
local function unplace(case, persons)
  local record = case.record
  persons = still_there(case, persons)
  if persons == 0 then return end
  set_place(record, exit_move(record, case.spaces, case.chain, persons))
end

local function restore_before(case)
  local record = case.record
  local before = before_of(record, case.event)
  if before then
    for _, letter in ipairs(PLACE_AND_TIMES) do record[letter] = before[letter] end
    return
  end
  forget_times(case)
  unplace(case, case.grant.persons)
end

-- A stamp that others of the ticket came in on stands without the grant that made it: it counts now;
-- one that goes with the last of them, and had been counted, is taken off.
local function stamps_kept(case, given_back)
  local grant = case.grant
  if grant.what == 's' and grant.passed == 0 then return given_back == 0 and 1 or nil end
  return given_back == 1 and -1 or nil
end

-- A grant taken back whole gives its step back: the same code may be shown again, none before it.
local function free_step(case)
  local record, grant = case.record, case.grant
  if not grant.stepped or not record or not record.q then return end
  for _, newer in ipairs(grants_of(record)) do
    if newer.stepped then
      if newer.event ~= case.event then return end
      record.q, grant.stepped = instant(tonumber(record.q) - 1), false
      return
    end
  end
end

-- `stand`: a annulled, u when it was asked as an undo.
local function annul_case(case, epoch, stand)
  local grant, record = case.grant, case.record
  local back = grant.persons - grant.passed
  case.gains = tonumber(grant.settled_by)
  release_places(case, back)
  local stamps
  if record and grant.what ~= 'f' and not case.exit then
    stamps = stamps_kept(case, give_back(case, back, grant.passed > 0))
    if grant.passed == 0 then
      restore_before(case)
      free_step(case)
    else
      unplace(case, back)
    end
  end
  close_reservation(case)
  grant.status = grant.passed == 0 and stand or 'c'
  if grant.passed > 0 then grant.persons = grant.passed end
  grant.settled_by, case.settles = nil, true
  local row = settling_row(case, 'a', case.now, back)
  row[16] = stamps and figure[stamps] or ''
  return write_case(case, epoch, row)
end

-- Persons pass under an open reservation: counted, and from reserved to inside. Those who were seen
-- elsewhere leave there with the first of them.
local function pass_reserved(case, delta)
  local record, grant, spaces = case.record, case.grant, case.spaces
  case.gains = tonumber(grant.settled_by)
  release_places(case, delta)
  local before, move = grant.passed == 0 and before_of(record, case.event), nil
  if case.exit then
    move = exit_move(record or {}, spaces, case.chain, delta)
    if record then
      set_place(record, move)
      set_moved(record, instant(case.now))
    end
  elseif before then
    local most = grant.what ~= 's' and persons_of(record) or 0
    move = entry_move(before, spaces, case.chain, delta, most)
  else
    move = { gained = gained_by(case), left = NOWHERE, unseen = 0, n = delta }
  end
  move_persons(spaces, move)
end

-- A passage after the annulment: the person is inside, so the stamp is taken again.
local function take_again(case, delta, day)
  local record, grant = case.record, case.grant
  if not record then return nil end
  local made, admitted = made_in(record, grant.window), admitted_in(record, grant.window)
  local conflict
  if grant.what == 's' or grant.what == 'p' then
    local stamp = grant.what == 's' and grant.passed == 0 and 1 or 0
    local _, windows = windows_of(record, open_book(case.keys[2]))
    local allowed = windows and windows[grant.window] and windows[grant.window].stamps
    if stamp == 1 and allowed and made >= allowed then
      local newest = grants_of(record)[1].event
      conflict = conflict_text('no_stamps_left', newest, last_reader(record), last_at(record))
    end
    set_counts(record, grant.window, made + stamp, admitted + delta)
    if stamp == 1 then count_day(record, day) end
    if stamp == 1 and not record.y then record.y, record.Y = instant(case.at), some(case.row[8]) end
  end
  local move
  if grant.what == 'f' then
    move = { gained = case.chain, left = NOWHERE, unseen = 0, n = delta, stays = true }
  elseif case.exit then
    move = exit_move(record, case.spaces, case.chain, delta)
  else
    move = entry_move(record, case.spaces, case.chain, delta, persons_of(record))
  end
  move_persons(case.spaces, move)
  set_place(record, move)
  if grant.what ~= 'f' then set_moved(record, instant(case.now)) end
  return conflict or conflict_text('annulled', grant.settled_by, case.row[8], case.at)
end

-- ARGV event · now · persons passed so far ('' all) · the grant's line · at · day of the grant
function acts.passage(keys, args, spaces)
  local epoch = epoch_of(keys[6])
  if not epoch then return 'unavailable' end
  local now = tonumber(args[2])
  local case, problem = open_case(keys, spaces, args[1], args[4], now)
  if not case then return problem end
  local grant = case.grant
  if grant.status == 'u' then return 'undone' end
  local granted = tonumber(case.row[13])
  local asked = tonumber(args[3]) or granted
  local passed = min(asked, granted)
  local delta, beyond = passed - grant.passed, asked - max(granted, grant.passed)
  if delta <= 0 and beyond <= 0 then
    local first = grant.status ~= 'r' and grant.settled_by or nil
    return settled(first, case.event, true, nil, keys, case.record, now)
  end
  local at, event, conflict = tonumber(args[5]) or now, nil, nil
  if delta > 0 then
    local row = settling_row(case, 'p', at, delta)
    row[15] = delta
    if grant.what == 's' and grant.passed == 0 then row[16] = 1 end
    if grant.status == 'r' then
      pass_reserved(case, delta)
    else
      conflict = take_again(case, delta, args[6])
      row[21] = conflict and match(conflict, '^[^\31]*\31([^\31]*)') or ''
      grant.status, grant.persons = 'c', passed
    end
    grant.passed = max(passed, asked)
    if grant.status == 'r' and not grant.place then
      -- nobody remembers how many have passed: it ends with the first
      release_places(case, granted - passed)
      close_reservation(case)
    elseif passed >= granted then
      close_reservation(case)
      grant.status, grant.settled_by, case.settles = 'c', nil, true
    end
    event = write_case(case, epoch, row)
  end
  if beyond > 0 then
    -- beyond the persons granted: somebody slipped through behind
    local row = settling_row(case, 't', at, beyond)
    row[15] = figure[beyond]
    grant.passed = asked
    local extra = delta > 0 and emit(keys[5], epoch, row, clock()) or write_case(case, epoch, row)
    for _, space in ipairs(case.chain) do
      add_persons(spaces, 'i:', space, case.exit and -beyond or beyond)
    end
    event = event or extra
  end
  return settled(event, case.event, nil, conflict, keys, case.record, now)
end

-- ARGV event · now · the grant's line · day of the grant · "overdue" to annul only what is due
function acts.annul(keys, args, spaces)
  local epoch = epoch_of(keys[6])
  if not epoch then return 'unavailable' end
  local now = tonumber(args[2])
  local case, problem = open_case(keys, spaces, args[1], args[3], now)
  if not case then
    call('ZREM', keys[4], args[1] .. '\t' .. code_of(keys[1]))
    return problem
  end
  local grant = case.grant
  case.day = args[4]
  -- settled already: then nothing of it may wait to be settled
  if grant.status ~= 'r' then call('ZREM', keys[4], args[1] .. '\t' .. case.code) end
  if grant.status == 'a' or (grant.status == 'c' and grant.persons < tonumber(case.row[13])) then
    return settled(grant.settled_by, case.event, true, nil, keys, case.record, now)
  end
  if grant.status ~= 'r' then return grant.status == 'u' and 'undone' or 'all_passed' end
  local event = annul_case(case, epoch, 'a')
  return settled(event, case.event, nil, nil, keys, case.record, now)
end

local function undo_case(case, epoch, operator, reason)
  local grant = case.grant
  local persons = min(grant.passed, tonumber(case.row[13]))
  local stamps = give_back(case, persons)
  if stamps == 1 then forget_times(case) end
  leave_unseen(case, persons)
  free_step(case)
  grant.status, grant.settled_by, case.settles = 'u', nil, true
  local row = settling_row(case, 'u', case.at, persons)
  row[9], row[20] = operator or '', reason or ''
  row[15], row[16] = -persons, stamps == 1 and -1 or ''
  return write_case(case, epoch, row)
end

-- Takes a grant off whole, whoever has passed.
local function take_off(case, epoch, operator, reason)
  local grant, event = case.grant, nil
  if grant.status == 'r' then
    event = annul_case(case, epoch, 'u')
  end
  if grant.status == 'c' then event = undo_case(case, epoch, operator, reason) end
  return event
end

-- ARGV event · now · the grant's line · day of the grant · operator · reason · an undo known to the database
function acts.undo(keys, args, spaces)
  local epoch = epoch_of(keys[6])
  if not epoch then return 'unavailable' end
  local now = tonumber(args[2])
  local case, problem = open_case(keys, spaces, args[1], args[3], now)
  if not case then return problem end
  local grant = case.grant
  case.day = args[4]
  if grant.status == 'u' or args[7] ~= '' then
    local first = grant.settled_by or args[7]
    return settled(first, case.event, true, nil, keys, case.record, now)
  end
  if grant.status == 'a' or case.exit or grant.what == 'f' then return 'nothing_to_undo' end
  local event = take_off(case, epoch, args[5], args[6])
  return settled(event, case.event, nil, nil, keys, case.record, now)
end

-- A grant whose caller was told nothing in time, unless its nonce was answered again meanwhile.
-- ARGV nonce hash · now · day
function acts.take_back(keys, args, spaces)
  local epoch = epoch_of(keys[6])
  if not epoch then return 'stands' end
  local record = read_record(keys[1])
  local found = grant_by_nonce(record, args[1])
  if not found or found.answered then return 'stands' end
  local case = open_case(keys, spaces, found.event, nil, tonumber(args[2]))
  if not case then return 'stands' end
  local grant = case.grant
  local stays = case.exit or grant.what == 'f' -- who has passed has gone
  if grant.status == 'c' and stays then return 'stands' end
  case.day, grant.hash = args[3], ''
  if grant.status == 'r' and (grant.passed == 0 or stays) then
    annul_case(case, epoch, 'a')
  elseif grant.status == 'r' or grant.status == 'c' then
    take_off(case, epoch, nil, 'unanswered')
  else
    save_grant(case.record, grant)
    write_record(keys[1], case.record)
  end
  return 'taken_back'
end

-- ARGV now · operator · reason
function acts.destroy(keys, args)
  local now = tonumber(args[1])
  local epoch, phase = epoch_of(keys[6])
  if not epoch then return 'unavailable' end
  local record = read_record(keys[1])
  if not record then return phase == 'ready' and 'unknown_ticket' or 'unavailable' end
  if record.D then return settled(nil, nil, true, nil, keys, record, now) end
  record.D = instant(now)
  local row = new_row(now)
  row[2], row[4] = 'd', code_of(keys[1])
  row[5], row[6], row[9] = record.p or '', record.s or '', args[2]
  row[14], row[20] = record.a or '', args[3]
  put_state(row, record)
  local event = emit(keys[5], epoch, row, clock())
  write_record(keys[1], record)
  return settled(event, nil, nil, nil, keys, record, now)
end
