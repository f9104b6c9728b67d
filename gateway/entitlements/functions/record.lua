-- The ticket's record: one hash, one listpack. Short field names, defaults left out, so that a
-- million tickets fit in memory (DESIGN 11).
--
-- Written by the feed:  v rev · p product · s session · F valid_from · U valid_until · w windows ·
--   h holder · a "g" for a group · n persons · x spaces · t status letter · H hold_until ·
--   R replaced_by · f "1" form missing · A "1" attention
-- Written by either side: D destroyed_at
-- Written by the gate:  m stamps by window · e persons admitted by window (absent: as m) ·
--   y first_at · Y first reader · l last_at (absent: as y) · L last reader (absent: as Y) ·
--   d "local day of the last stamp:stamps made on it" ·
--   i inside · o origin · k persons inside (absent: 1 when inside) · M moved_at (absent: as l) ·
--   g0…g7 the last eight grants, gn the slot written last ·
--   Be the event of a reservation with nothing after it, B and a field's name: what it had before
-- Instants are ms, window bounds s. A long value goes on in w2, w3 … (no field above 64 bytes).

local FEED_FIELDS = { 'v', 'p', 's', 'F', 'U', 'h', 'a', 'n', 't', 'H', 'R', 'f', 'A' }
local LONG_FIELDS = { 'w', 'x' }
local GRANTS_KEPT = 8

local function read_record(key)
  local flat = call('HGETALL', key)
  if #flat == 0 then return nil end
  -- room for a stamped ticket's fields at once: growing a table field by field costs more
  local record = {
    p = nil, s = nil, h = nil, v = nil, m = nil, y = nil, Y = nil, d = nil, i = nil, M = nil, g0 = nil,
    l = nil, L = nil, n = nil, e = nil, k = nil,
  }
  for position = 1, #flat, 2 do record[flat[position]] = flat[position + 1] end
  return record
end

local function long_value(record, field)
  local value = record[field]
  if not value or not record[field .. '2'] then return value end
  local parts, number = { value }, 2
  while record[field .. number] do
    parts[number] = record[field .. number]
    number = number + 1
  end
  return concat(parts)
end

-- Texts are parsed once: what is known by the text itself can never be stale.
local function remembering(parse, most)
  local known, count = {}, 0
  return function(text)
    local value = known[text]
    if value == nil then
      if count >= most then known, count = {}, 0 end
      value = parse(text)
      known[text] = value
      count = count + 1
    end
    return value
  end
end

-- A small number as text: formatting one costs more than looking it up.
local figure = remembering(function(number) return tostring(number) end, 2000)

-- Changes to a record are gathered, names and values in turn (`size` of them; `gone`: names), and
-- written in one HSET and one HDEL.
local function new_changes()
  return { nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, size = 0, gone = nil }
end

local function set(changes, record, field, value)
  if value == '' then value = nil end
  if value and type(value) ~= 'string' then value = figure(value) end
  if record[field] == value then return end
  record[field] = value
  if value then
    local size = changes.size
    changes[size + 1], changes[size + 2], changes.size = field, value, size + 2
  else
    local gone = changes.gone or {}
    gone[#gone + 1] = field
    changes.gone = gone
  end
end

local function write_record(key, record, changes)
  if changes.size > 0 then call('HSET', key, unpack(changes, 1, changes.size)) end
  if changes.gone then
    for _, field in ipairs(changes.gone) do
      if not record[field] then call('HDEL', key, field) end
    end
  end
end

-- An instant as text; the last one is kept, for the scans of one millisecond share it.
local shown, shown_text

local function instant(value)
  if value ~= shown then shown, shown_text = value, format('%.0f', value) end
  return shown_text
end

-- The figures of a list such as "1,0,2"; shared, so never changed.
local numbers = remembering(function(text)
  local list = {}
  for number in string.gmatch(text, '%d+') do list[#list + 1] = tonumber(number) end
  return list
end, 2000)

local function made_in(record, window)
  local made = record.m
  return made and numbers(made)[window] or 0
end

local function admitted_in(record, window)
  local admitted = record.e or record.m
  return admitted and numbers(admitted)[window] or 0
end

local function total(text)
  local sum = 0
  if text then
    for _, number in ipairs(numbers(text)) do sum = sum + number end
  end
  return sum
end

-- The list with one of its figures replaced.
local function with_figure(text, position, number)
  if position == 1 and (not text or not find(text, ',', 1, true)) then return figure(number) end
  local list = {}
  for place, known in ipairs(numbers(text or '')) do list[place] = known end
  for place = #list + 1, position do list[place] = 0 end
  list[position] = number
  return concat(list, ',')
end

local function set_counts(changes, record, window, made, admitted)
  local made_text = with_figure(record.m, window, made)
  local admitted_text = with_figure(record.e or record.m, window, admitted)
  set(changes, record, 'm', made_text)
  set(changes, record, 'e', admitted_text ~= made_text and admitted_text or nil)
end

local function persons_of(record) return record.n and tonumber(record.n) or 1 end

local function persons_inside(record)
  if record.k then return tonumber(record.k) end
  return record.i and 1 or 0
end

local function last_at(record)
  local at = record.l or record.y
  return at and tonumber(at)
end

local function last_reader(record) return record.L or record.Y end

local function moved_at(record)
  local at = record.M or record.l or record.y
  return at and tonumber(at)
end

local function made_on(record, day)
  if not record.d then return 0 end
  local known, made = match(record.d, '^(%d+):(%d+)$')
  return known == day and tonumber(made) or 0
end

local function code_of(key)
  local _, last = find(key, '}t:', 1, true)
  return sub(key, last + 1)
end
