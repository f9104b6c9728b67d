-- The ticket's record: one string, so that a scan reads it whole and writes it whole. Each of its
-- fields is \31, a letter and the value, in two lines, the seller's and the gate's; defaults are left
-- out, so that a million tickets fit in memory (DESIGN 11). Written by gateway/entitlements/packing.py
-- too; whoever changes the form counts PHASE on, there as well, and the stores in use are rebuilt.
--
-- Written by the feed:  v rev (first) · p product · s session · F valid_from · U valid_until ·
--   w windows · h holder · a "g" for a group · n persons · x spaces · t status letter ·
--   H hold_until · R replaced_by · f "1" form missing · A "1" attention
-- Written by either side: D destroyed_at
-- Written by the gate:  m stamps by window (first) · e persons admitted by window (absent: as m) ·
--   y first_at · Y first reader · l last_at (absent: as y) · L last reader (absent: as Y) ·
--   d local day of the last stamp · c stamps made on it ·
--   i inside · o origin · k persons inside (absent: 1 when inside) · M moved_at (absent: as l) ·
--   q the newest step of a rotating code that was used · g the last eight grants, newest first, between \30 ·
--   B the event of a reservation with nothing after it, and what it had before, between \30
-- Instants are ms, window bounds s.

local PHASE = 'phase_3' -- the field of meta that tells the phase of records of this form
local SEPARATOR, LIST_SEPARATOR = '\31', '\30'
local GATE_FIELDS = { 'm', 'e', 'y', 'Y', 'l', 'L', 'd', 'c', 'i', 'o', 'k', 'M', 'D', 'q', 'g', 'B' }
local MARKS = {}
for position = 1, #GATE_FIELDS do MARKS[position] = SEPARATOR .. GATE_FIELDS[position] end
local GRANTS_KEPT = 8

local function read_record(key)
  local text = call('GET', key)
  if not text then return nil end
  -- room for a stamped ticket's fields at once: growing a table field by field costs more
  local record = {
    seller = sub(text, 1, find(text, '\n', 1, true)),
    v = nil, p = nil, s = nil, h = nil, m = nil, y = nil, Y = nil, d = nil,
  }
  for letter, value in gmatch(text, '\31(%a)([^\31\n]*)') do record[letter] = value end
  return record
end

local function write_record(key, record)
  local letters, marks, size = GATE_FIELDS, MARKS, 1
  local parts = { record.seller, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }
  for position = 1, #letters do
    local value = record[letters[position]]
    if value then
      parts[size + 1], parts[size + 2] = marks[position], value
      size = size + 2
    end
  end
  call('SET', key, concat(parts))
end

-- Epoch and phase; none where the records are of another form.
local function epoch_of(meta)
  local known = call('HMGET', meta, 'epoch', PHASE)
  if not known[1] or not known[2] then return nil end
  return known[1], known[2]
end

local function some(text) return text ~= '' and text or nil end

local function split(text, separator)
  local parts, start = {}, 1
  while true do
    local found = find(text, separator, start, true)
    if not found then
      parts[#parts + 1] = sub(text, start)
      return parts
    end
    parts[#parts + 1] = sub(text, start, found - 1)
    start = found + 1
  end
end

-- What was made of a text, looked up by it: it is parsed once, and can never be stale.
local function remembering(parse, most)
  local known, count = {}, 0
  local function make(_, text)
    if count >= most then
      for old in pairs(known) do known[old] = nil end
      count = 0
    end
    local value = parse(text)
    known[text], count = value, count + 1
    return value
  end
  memories[known] = { __index = make }
  return known
end

-- A small number as text: formatting one costs more than looking it up.
local figure = remembering(function(number) return tostring(number) end, 2000)

-- An instant as text; the last one is kept, for the scans of one millisecond share it.
local shown, shown_text

local function instant(value)
  if value ~= shown then shown, shown_text = value, format('%.0f', value) end
  return shown_text
end

-- The figures of a list such as "1,0,2"; shared, so never changed.
local numbers = remembering(function(text)
  local list = {}
  for number in gmatch(text, '%d+') do list[#list + 1] = tonumber(number) end
  return list
end, 2000)

local function made_in(record, window)
  local made = record.m
  return made and numbers[made][window] or 0
end

local function admitted_in(record, window)
  local admitted = record.e or record.m
  return admitted and numbers[admitted][window] or 0
end

local function total(text)
  local sum = 0
  if text then
    for _, number in ipairs(numbers[text]) do sum = sum + number end
  end
  return sum
end

-- The list with one of its figures replaced.
local function with_figure(text, position, number)
  if position == 1 and (not text or not find(text, ',', 1, true)) then return figure[number] end
  local list = {}
  for place, known in ipairs(numbers[text or '']) do list[place] = known end
  for place = #list + 1, position do list[place] = 0 end
  list[position] = number
  return concat(list, ',')
end

local function set_counts(record, window, made, admitted)
  local made_text = with_figure(record.m, window, made)
  local admitted_text = with_figure(record.e or record.m, window, admitted)
  record.m, record.e = made_text, admitted_text ~= made_text and admitted_text or nil
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

local function made_on(record, day) return record.d == day and tonumber(record.c) or 0 end

local function code_of(key)
  local _, last = find(key, '}t:', 1, true)
  return sub(key, last + 1)
end
