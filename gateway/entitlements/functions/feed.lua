-- The seller's side and the rest: tickets, products and sessions put by the feed; states put back by
-- a rebuild; a look without a scan; persons counted by hand; modes.

-- KEYS meta · the tickets. ARGV who puts: feed | load, then per ticket rev · seller's fields · state
-- fields (load), as the record has them. A put with an older rev than known changes nothing; the gate's
-- fields are never touched, a destroyed ticket stays destroyed.
-- The feed waits while a rebuild loads: a ticket put without its state would look unused.
local function put_one(key, rev, seller, state)
  local known = read_record(key)
  local line = SEPARATOR .. 'v' .. rev .. seller .. '\n'
  if not known then
    call('SET', key, line .. state)
  elseif tonumber(known.v) < tonumber(rev) then
    -- of a deleted ticket nothing is said but that it is cancelled: the rest stays as it was
    if sub(seller, 2, 2) ~= 'p' then line = sub(known.seller, 1, -2) .. line end
    known.seller = line
    write_record(key, known)
  end
end

local TAKES_CHANGES = { ready = true, catching_up = true }

function acts.put(keys, args)
  local epoch, phase = epoch_of(keys[1])
  if not epoch or (args[1] == 'feed' and not TAKES_CHANGES[phase]) then return 'unavailable' end
  for position = 2, #keys do
    local first = (position - 2) * 3 + 1
    put_one(keys[position], args[first + 1], args[first + 2], args[first + 3])
  end
  return 'OK'
end

-- KEYS catalogue · ARGV per entry: field · rev · text ('' gone); the text begins with its rev
function acts.put_catalogue(keys, args)
  for position = 1, #args, 3 do
    local field, rev, text = args[position], tonumber(args[position + 1]), args[position + 2]
    local known = call('HGET', keys[1], field)
    local known_rev = known and tonumber(match(known, '^(%d+)'))
    if not known_rev or known_rev < rev then
      if text == '' then
        call('HDEL', keys[1], field)
      else
        call('HSET', keys[1], field, text)
      end
    end
  end
  return 'OK'
end

-- KEYS t:CODE · catalogue · meta · ARGV now. Reply: the ticket, 'unknown_ticket' or 'unavailable'.
function acts.look(keys, args)
  local epoch, phase = epoch_of(keys[3])
  if not epoch or phase == 'stale' then return 'unavailable' end
  local record = read_record(keys[1])
  if not record then return phase == 'ready' and 'unknown_ticket' or 'unavailable' end
  local view, product = current_view(record, open_book(keys[2]), tonumber(args[1]))
  if not view then return 'unavailable' end
  return reply('granted', nil, nil, nil, nil, record.A or product.attention, nil, view)
end

-- KEYS t:CODE. Reply: the event of the newest stamp that stands, or ''.
function acts.last_grant(keys)
  local record = read_record(keys[1])
  for _, grant in ipairs(record and grants_of(record) or {}) do
    if (grant.status == 'c' or grant.status == 'r') and (grant.what == 's' or grant.what == 'p') then
      return grant.event
    end
  end
  return ''
end

-- Persons nobody scanned: waved through (c) or seen by a sensor (t).
-- KEYS spaces · events · meta
-- ARGV now · kind c|t · chain · reader · direction · persons · operator · reason · id (empty: none)
function acts.count(keys, args, spaces)
  local epoch = call('HGET', keys[3], 'epoch')
  if not epoch then return 'unavailable' end
  local chain, persons = name_list[args[3]], tonumber(args[6])
  local field, told = 'o:' .. args[4] .. '/' .. chain[1], nil
  if args[9] ~= '' then
    told = split(look_up(spaces, field) or '', ' ')
    for position = 1, #told, 2 do
      if told[position] == args[9] then
        return settled(told[position + 1], nil, true, nil, keys, nil, 0)
      end
    end
  end
  local row = new_row(tonumber(args[1]))
  row[2], row[7], row[8] = args[2], chain[1], args[4]
  row[9], row[10], row[13], row[14] = args[7], args[5], args[6], 'n'
  row[15], row[20] = args[6], args[8]
  local event = emit(keys[2], epoch, row, clock())
  for _, space in ipairs(chain) do
    add_persons(spaces, 'i:', space, args[5] == 'x' and -persons or persons)
  end
  if told then
    local before = told[2] and ' ' .. told[1] .. ' ' .. told[2] or ''
    write_down(spaces, field, args[9] .. ' ' .. event .. before)
  end
  return settled(event, nil, nil, nil, keys, nil, 0)
end

-- A reservation restored by a rebuild, to be settled. KEYS t:CODE · spaces · open · ARGV event · deadline
function acts.reopen(keys, args, spaces)
  local record = read_record(keys[1])
  local grant = grant_by_event(record, args[1])
  if not grant or grant.status ~= 'r' then return 'OK' end
  -- twice in a rebuild that was interrupted; or made while it loaded
  if call('ZADD', keys[3], args[2], args[1] .. '\t' .. code_of(keys[1])) == 0 then return 'OK' end
  if grant.what == 'x' or not record.i then return 'OK' end
  local beyond = record.o and chain_of(spaces, record.o) or {}
  local gains = without(chain_of(spaces, record.i), beyond)
  for _, space in ipairs(gains) do
    add_persons(spaces, 'r:', space, grant.persons - grant.passed)
  end
  grant.settled_by = figure[#gains]
  save_grant(record, grant)
  write_record(keys[1], record)
  return 'OK'
end

-- A code that cannot be read as one.
-- KEYS events · meta · ARGV now · day · space · reader · direction · operator
function acts.malformed(keys, args)
  local meta = open_book(keys[2])
  local epoch = look_up(meta, 'epoch')
  if not epoch then return '' end
  tally(meta, args[2], 'malformed_code')
  close_book(meta)
  local row = new_row(tonumber(args[1]))
  row[2], row[7], row[8] = 's', args[3], args[4]
  row[9], row[10], row[11], row[12] = args[6], args[5], 'd', 'malformed_code'
  row[13], row[14] = '1', 'n'
  return emit(keys[1], epoch, row, clock())
end
