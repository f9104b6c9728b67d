-- Events: one line per event in PostgreSQL's COPY text format, so that the streamer passes bytes
-- on untouched. The columns, their letters and short forms are those of gateway/tickets/event.py.

-- An event with nothing in its 37 columns, at an instant in ms.
local function new_row(moment)
  return {
    at = moment, at_text = instant(moment),
    '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '',
    '', '', '', '', '', '', '', '', '', '', '', '', '',
  }
end

local function line_of(row)
  local line = concat(row, '\t')
  if find(line, '\\', 1, true) then line = string.gsub(line, '\\', '\\\\') end
  return line
end

local function columns_of(line)
  if find(line, '\\', 1, true) then line = string.gsub(line, '\\\\', '\\') end
  return split(line, '\t')
end

-- An instant as ms after the event's own.
local function after(value, row)
  if not value then return '' end
  if value == row.at_text then return '0' end
  return instant(tonumber(value) - row.at)
end

local function same_name(value, name)
  if not value then return '' end
  return value == name and value ~= '' and '=' or value
end

-- Columns 22 to 35: the ticket's state after the event. The day is left out where it is `today`, the
-- local day of the event.
local function put_state(row, record, today)
  local made, space, reader = record.m, row[7], row[8]
  if not made then
    row[22] = '0'
  elseif find(made, ',', 1, true) then
    row[22], row[23] = figure[total(made)], '{' .. made .. '}'
  else
    row[22] = made
  end
  if record.e then row[24] = '{' .. record.e .. '}' end
  if record.d then
    if record.d ~= today then row[25] = record.d end
    row[26] = record.c
  end
  row[27], row[28] = after(record.y, row), same_name(record.Y, reader)
  row[29] = record.l and after(record.l, row) or row[27]
  row[30] = record.L and same_name(record.L, reader) or row[28]
  if record.i then
    row[31], row[32], row[33] = same_name(record.i, space), record.o or '', record.k or ''
  end
  row[34] = record.M and after(record.M, row) or row[29]
  if record.D then row[35] = after(record.D, row) end
end

-- The store's clock in ms: an event's place in the stream.
local function clock()
  local time = call('TIME')
  return time[1] * 1000 + floor(time[2] / 1000)
end

-- Appends the event and returns its id: the epoch and its place in the stream. `at` is written as ms
-- after that place's; a store whose clock went back goes on behind its last event.
local function emit(stream, epoch, row, ms)
  row[1] = row.at == ms and '' or figure[row.at - ms]
  local id = try('XADD', stream, instant(ms) .. '-*', 'e', line_of(row))
  if type(id) == 'table' then
    local last = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1][1]
    local place = match(last, '^%d+')
    row[1] = instant(row.at - tonumber(place))
    id = call('XADD', stream, place .. '-*', 'e', line_of(row))
  end
  return epoch .. '-' .. id
end

-- The line of an event still in the stream, as columns; else what the gateway read elsewhere.
local function row_of(stream, event, fallback)
  local id = match(event, '^%d+%-(%d+%-%d+)$')
  local found = id and call('XRANGE', stream, id, id)[1]
  local line = found and found[2][2] or fallback
  if not line or line == '' then return nil end
  local row = columns_of(line)
  row[1] = tonumber(match(event, '^%d+%-(%d+)')) + (tonumber(row[1]) or 0)
  return row
end
