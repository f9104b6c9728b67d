-- scan: check, stamp, reserve or record one scan, all or nothing.
-- KEYS  t:CODE · catalogue · spaces · open · events · meta
-- ARGV  op check|stamp|reserve|record · reader · chain · direction e|x · flags · hold_ms (reserve) ·
--       now · patience (empty: none) · day · nonce hash · persons · operator · override reason ·
--       device_at · claimed g|d (record) · claimed reason (record)
--       flags: c closed · o out of service · f free equipment · b bad signature · t stale code ·
--       d degraded · w offline
-- Reply a line (view.lua), or 'expired', or 'unavailable' (store empty or loading).

local parse_flags = remembering(function(flags)
  local function has(letter) return string.find(flags, letter, 1, true) ~= nil end
  return {
    closed = has('c'), out_of_service = has('o'), free = has('f'), bad_signature = has('b'),
    stale = has('t'), degraded = has('d') and '1' or '', offline = has('w') and '1' or '',
  }
end, 100)

local function case_of(keys, args)
  local flags, now = parse_flags(args[5]), tonumber(args[7])
  return {
    op = args[1], reader = args[2], chain = name_list(args[3]), spaces_key = keys[3],
    spaces = read_spaces(keys[3], args[3]), exit = args[4] == 'x', direction = args[4],
    closed = flags.closed, out_of_service = flags.out_of_service, free = flags.free,
    bad_signature = flags.bad_signature, stale = flags.stale, degraded = flags.degraded,
    offline = flags.offline, hold_ms = tonumber(args[6]), now = now,
    now_text = args[7], now_s = math.floor(now / 1000), day = args[9], nonce = args[10],
    persons = tonumber(args[11]), operator = args[12],
    override = args[13] ~= '' and args[13] or nil, device_at = args[14],
  }
end

-- The day's decisions by outcome, for the dashboard; reports come from the database.
local function tally(meta, day, outcome, known_day)
  if day and known_day ~= day then
    local fields = redis.call('HKEYS', meta)
    for _, field in ipairs(fields) do
      if string.sub(field, 1, 2) == 'n:' then redis.call('HDEL', meta, field) end
    end
    redis.call('HSET', meta, 'tally_day', day)
  end
  redis.call('HINCRBY', meta, 'n:' .. outcome, 1)
end

local function scan_row(case, decision, reason)
  local record, window, row = case.record, case.window and case.windows[case.window], new_row(case.now)
  row[2], row[4] = 's', escaped(case.code)
  row[7], row[8], row[9], row[10] = case.chain[1], case.reader, case.operator, case.direction
  row[11], row[12], row[13] = decision, reason or '', figure(case.n or case.persons or 1)
  row[17], row[18], row[19] = case.device_at, case.offline, case.degraded
  row[20] = case.override or ''
  if record then
    row[5], row[6] = escaped(record.p), escaped(window and window.session or record.s)
    row[14] = record.a or ''
  else
    row[14] = 'n'
  end
  return row
end

local function lane_of(case, keys, record_code)
  local text = redis.call('HGET', keys[3], 'l:' .. case.reader)
  if not text then return nil end
  local event, code = string.match(text, '^(%S+) (.*)$')
  if not redis.call('ZSCORE', keys[4], event .. '\t' .. code) then return nil end
  return event, code == record_code
end

-- One more stamp on its local day; one told late never moves the day back.
local function count_day(changes, record, day)
  local known, made = string.match(record.d or '', '^(%d+):(%d+)$')
  if known and known > day then return end
  set(changes, record, 'd', day .. ':' .. figure(known == day and tonumber(made) + 1 or 1))
end

-- A stamp made at case.now by case.reader; an offline one may be older than those known.
local function apply_stamp(case, changes)
  local record, now = case.record, case.now_text
  local first, last, reader = tonumber(record.y), last_at(record), last_reader(record)
  if not first or case.now < first then
    set(changes, record, 'y', now)
    set(changes, record, 'Y', case.reader)
  end
  if first then
    if case.now >= last then last, reader = case.now, case.reader end
    set(changes, record, 'l', tonumber(record.y) ~= last and instant(last) or nil)
    set(changes, record, 'L', reader ~= record.Y and reader or nil)
  end
  count_day(changes, record, case.day)
end

local function apply_grant(case, changes)
  local party = case.party
  if case.kind == 's' then apply_stamp(case, changes) end
  if case.kind == 's' or case.kind == 'p' then
    local stamp = case.kind == 's' and 1 or 0
    set_counts(changes, case.record, case.window, party.made + stamp, party.admitted + case.n)
  end
end

local function apply_place(case, changes)
  local record = case.record
  set_place(changes, record, case.move)
  local now = case.now_text
  set(changes, record, 'M', (record.l or record.y) ~= now and now or nil)
end

-- What an annulment gives back: the place the ticket had before a reservation.
local PLACE_AND_TIMES = { 'i', 'o', 'k', 'M', 'l', 'L', 'y', 'Y', 'd' }

local function place_and_times(record)
  local before = {}
  for _, field in ipairs(PLACE_AND_TIMES) do before[field] = record[field] end
  return before
end

-- Something else has happened to the ticket: what an annulment would put back is out of date.
local function forget_before(changes, record)
  for _, field in ipairs(PLACE_AND_TIMES) do set(changes, record, 'B' .. field, nil) end
  set(changes, record, 'Be', nil)
end

local function keep_before(changes, record, event, before)
  for _, field in ipairs(PLACE_AND_TIMES) do set(changes, record, 'B' .. field, before[field]) end
  set(changes, record, 'Be', event)
end

-- A reservation takes places at once; whoever leaves another space does so at the passage.
local function reserve_place(case, keys, event)
  redis.call('ZADD', keys[4], instant(case.now + case.hold_ms), event .. '\t' .. case.code)
  redis.call('HSET', keys[3], 'l:' .. case.reader, event .. ' ' .. case.code)
  if case.exit then return end
  for _, space in ipairs(case.move.gained) do add_persons(keys[3], 'r:', space, case.n) end
end

local function grant_of(case, changes, reserve)
  return {
    slot = case.record and next_slot(changes, case.record), hash = case.nonce, persons = case.n,
    passed = reserve and 0 or case.n, window = case.window or 1, status = reserve and 'r' or 'c',
    what = case.kind, answered = false, settled_by = reserve and figure(#case.move.gained) or nil,
  }
end

-- The id of an event is known only once its line is written, so the line carries the state and the
-- record is written after it; the function is atomic all the same.
local function grant(case, keys, epoch)
  local record, changes, reserve = case.record, new_changes(), case.op == 'reserve'
  local stateful = record and case.kind ~= 'f'
  local moves = stateful and case.placed ~= false
  local before = reserve and stateful and place_and_times(record)
  if stateful then apply_grant(case, changes) end
  if moves and not (reserve and case.exit) then apply_place(case, changes) end
  local given, row = grant_of(case, changes, reserve), scan_row(case, 'g', nil)
  row[21] = case.conflict_with or ''
  if reserve then
    row[37] = figure(case.hold_ms)
  else
    row[15] = figure(case.n)
    row[16] = case.kind == 's' and '1' or ''
  end
  if record then put_memory(row, given) end
  if stateful then put_state(row, record, case.day) end
  local event = emit(keys[5], epoch, row, case.ms)
  given.event = event
  if record then
    save_grant(changes, record, given)
    if before then
      keep_before(changes, record, event, before)
    elseif stateful and record.Be then
      forget_before(changes, record)
    end
    write_record(keys[1], record, changes)
  end
  if reserve then
    reserve_place(case, keys, event)
  else
    move_persons(keys[3], case.move)
  end
  return event
end

local function case_view(case)
  if not case.record or not case.windows then return nil end
  return view_of(case.record, case.product, case.windows, case.window)
end

local function answered_before(case, keys, found)
  local changes = new_changes()
  if not found.answered then
    found.answered = true
    save_grant(changes, case.record, found)
    write_record(keys[1], case.record, changes)
  end
  take_window(case)
  local attention = case.record.A or case.product.attention
  return reply('granted', nil, found.event, true, nil, attention, found.persons, case_view(case))
end

local function conflict_text(reason, with, reader, at)
  return table.concat({ reason, with or '', reader or '', at and instant(at) or '' }, '\31')
end

-- An offline grant counts whatever the rules say now; what they say is its conflict.
local function force(case, reason)
  local record = case.record
  if reason then
    local newest = record and grants_of(record)[1]
    case.conflict_with = newest and newest.event or nil
    case.conflict = conflict_text(reason, case.conflict_with, record and last_reader(record),
      record and last_at(record))
  end
  if not record or (not case.exit and (case.free or case.spaces[1].mode == 'free')) then
    pass_freely(case)
    return
  end
  if case.exit then leave(case) else force_entry(case) end
  -- A later movement is known already: this one counts persons and moves nobody.
  local moved = moved_at(record)
  if moved and moved > case.now then
    case.placed = false
    case.move = { gained = case.chain, left = {}, unseen = 0, n = case.exit and -case.n or case.n }
  end
end

local function judge(case, phase)
  local reason = gate_reason(case)
  if reason == 'free' then
    if case.exit and case.record then leave(case) else pass_freely(case) end
    return nil
  end
  if reason then return reason end
  if not case.record then return phase == 'ready' and 'unknown_ticket' or 'unavailable' end
  if case.exit then return judge_exit(case) end
  if case.unsure then return case.product ~= GONE and standing_reason(case) or 'unavailable' end
  return judge_entry(case)
end

local function scan(keys, args)
  local ms = clock()
  if args[8] ~= '' and ms > args[7] + args[8] then return 'expired' end
  local meta = redis.call('HMGET', keys[6], 'epoch', 'phase', 'tally_day')
  if not meta[1] or meta[2] == 'stale' then return 'unavailable' end
  local case = case_of(keys, args)
  case.code, case.ms = code_of(keys[1]), ms
  case.record = read_record(keys[1])
  if case.record then
    case.product, case.windows = windows_of(case.record, keys[2])
    if not case.windows then
      case.product, case.windows, case.unsure = case.product or GONE, { {} }, true
    end
  end
  local check = case.op == 'check'
  local found = not check and grant_by_nonce(case.record, case.nonce)
  if found then return answered_before(case, keys, found) end
  if case.hold_ms then
    local event, same = lane_of(case, keys, case.code)
    if event and same and not check then
      local open = grant_by_event(case.record, event)
      if open then return answered_before(case, keys, open) end
      return reply('granted', nil, event, true, nil, nil, case.persons or 1, case_view(case))
    end
    case.lane_busy = event and not same
  end
  local reason = judge(case, meta[2])
  local recorded = case.op == 'record'
  if reason == 'unavailable' then return 'unavailable' end
  local attention = case.record and (case.record.A or case.product.attention)
  if recorded and args[15] == 'g' then
    force(case, reason)
    reason = nil
  elseif recorded then
    reason = args[16] ~= '' and args[16] or reason or 'store_unavailable'
  end
  if case.record and not case.window then take_window(case) end
  local event
  if check then
    event = nil
  elseif reason then
    event = emit(keys[5], meta[1], scan_row(case, 'd', reason), ms)
  else
    event = grant(case, keys, meta[1])
  end
  if not check then
    tally(keys[6], recorded and meta[3] or case.day, reason or 'granted', meta[3])
  end
  return reply(reason and 'denied' or 'granted', reason, event, nil, case.conflict, attention,
    case.n or case.persons or 1, case_view(case))
end
