-- A hash as one call sees it: a field is read once, what is changed is seen by all that follows in
-- the call, and is written at its end, together. So the scans of a batch share spaces and catalogue.

local function open_book(key)
  return { key = key, known = {}, changed = {}, chains = {}, usual = {} }
end

-- A field's value; false where there is none.
local function look_up(book, field)
  local value = book.known[field]
  if value == nil then
    value = call('HGET', book.key, field)
    book.known[field] = value
  end
  return value
end

-- Reads in one go those of the fields that are not known yet.
local function look_ahead(book, fields)
  local known, missing = book.known, {}
  for _, field in ipairs(fields) do
    if known[field] == nil then missing[#missing + 1] = field end
  end
  if #missing == 0 then return end
  local values = call('HMGET', book.key, unpack(missing))
  for position, field in ipairs(missing) do known[field] = values[position] end
end

-- A value of nil takes the field away.
local function write_down(book, field, value)
  book.known[field] = value or false
  book.changed[field] = true
end

local function add_to(book, field, number)
  local sum = (book.known[field] or look_up(book, field) or 0) + number
  book.known[field], book.changed[field] = sum > 0 and sum or 0, true
end

local function close_book(book)
  local values, gone = {}, {}
  for field in pairs(book.changed) do
    local value = book.known[field]
    if value then
      values[#values + 1], values[#values + 2] = field, value
    else
      gone[#gone + 1] = field
    end
  end
  if #values > 0 then call('HSET', book.key, unpack(values)) end
  if #gone > 0 then call('HDEL', book.key, unpack(gone)) end
end
