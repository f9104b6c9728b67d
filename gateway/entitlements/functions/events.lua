-- Events: one line per event in PostgreSQL's COPY text format, so that the streamer passes bytes
-- on untouched. The columns, their letters and short forms are those of gateway/tickets/event.py.

-- An event with nothing in its 37 columns.
local function new_row()
  return {
    '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '',
    '', '', '', '', '', '', '', '', '', '', '', '', '',
  }
end

local function escaped(text)
  if not text then return '' end
  if string.find(text, '\\', 1, true) then text = string.gsub(text, '\\', '\\\\') end
  return text
end

local function unescaped(text)
  if string.find(text, '\\', 1, true) then text = string.gsub(text, '\\\\', '\\') end
  return text
end

local function same_instant(value, at)
  if not value then return '' end
  return value == at and '0' or value
end

local function same_name(value, name)
  if not value then return '' end
  return value == name and value ~= '' and '=' or value
end

-- Columns 22 to 35: the ticket's state after the event.
local function put_state(row, record)
  local at = row[1]
  row[22] = figure(total(record.m))
  if record.m and string.find(record.m, ',', 1, true) then row[23] = '{' .. record.m .. '}' end
  if record.e then row[24] = '{' .. record.e .. '}' end
  if record.d then row[25], row[26] = string.match(record.d, '^(%d+):(%d+)$') end
  row[27] = same_instant(record.y, at)
  row[28] = same_name(record.Y, row[8])
  row[29] = same_instant(record.l or record.y, at)
  row[30] = same_name(record.L or record.Y, row[8])
  if record.i then
    row[31] = same_name(record.i, row[7])
    row[32] = record.o or ''
    row[33] = record.k or '1'
  end
  row[34] = same_instant(record.M or record.l or record.y, at)
  row[35] = same_instant(record.D, at)
end

-- Appends the event and returns its id: the epoch and its place in the stream.
local function emit(stream, epoch, row)
  return epoch .. '-' .. redis.call('XADD', stream, '*', 'e', table.concat(row, '\t'))
end

-- The line of an event still in the stream, as columns; else what the gateway read elsewhere.
local function row_of(stream, event, fallback)
  local id = string.match(event, '^%d+%-(%d+%-%d+)$')
  local found = id and redis.call('XRANGE', stream, id, id)[1]
  local line = found and found[2][2] or fallback
  if not line or line == '' then return nil end
  local row = split(line, '\t')
  row[4] = unescaped(row[4])
  return row
end
