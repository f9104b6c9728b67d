-- Occupancy: who is inside which space. The hash of spaces has for each space S
--   S "parent|capacity|full" (full: r refuse, w warn) · i:S persons inside · r:S reserved ·
--   m:S mode (absent: normal) · l:READER "event code" of the reservation open in that lane.

local chain_fields = remembering(function(text)
  local fields = {}
  for _, space in ipairs(split(text, ',')) do
    fields[#fields + 1] = space
    fields[#fields + 1] = 'i:' .. space
    fields[#fields + 1] = 'r:' .. space
    fields[#fields + 1] = 'm:' .. space
  end
  return fields
end, 2000)

local facts_of = remembering(function(text)
  local part = split(text, '|')
  return {
    parent = part[1] ~= '' and part[1] or nil,
    capacity = tonumber(part[2]),
    refuses = part[3] == 'r',
  }
end, 2000)

-- The spaces of a reader's chain, innermost first, as they stand.
local function read_spaces(key, chain_text)
  local fields = chain_fields(chain_text)
  local values, spaces = redis.call('HMGET', key, unpack(fields)), {}
  for position = 1, #fields, 4 do
    local facts = values[position] and facts_of(values[position]) or {}
    spaces[#spaces + 1] = {
      id = fields[position],
      capacity = facts.capacity,
      refuses = facts.refuses,
      taken = tonumber(values[position + 1] or 0) + tonumber(values[position + 2] or 0),
      mode = values[position + 3] or 'normal',
    }
  end
  return spaces
end

-- The space and those around it, innermost first, by the parents written in the hash.
local function chain_of(key, space)
  local chain = {}
  while space and #chain < 32 do
    chain[#chain + 1] = space
    local text = redis.call('HGET', key, space)
    space = text and facts_of(text).parent
  end
  return chain
end

local function position_in(chain, space)
  for position, name in ipairs(chain) do
    if name == space then return position end
  end
  return nil
end

-- chain(from) without the spaces from `upto` outwards.
local function below(chain, upto)
  local spaces = {}
  for _, space in ipairs(chain) do
    if space == upto then break end
    spaces[#spaces + 1] = space
  end
  return spaces
end

local function shift(moves, spaces, persons)
  for _, space in ipairs(spaces) do moves[space] = (moves[space] or 0) + persons end
end

-- What an entry of n persons into chain[1] moves. Returns moves by space, inside, origin, persons.
local function entry_moves(record, key, chain, n, anew)
  local moves, previous, count = {}, record.i, persons_inside(record)
  local space, origin = chain[1], nil
  if previous == space then
    origin = record.o
    if anew then
      shift(moves, below(chain, origin), -count)
      count = 0
    end
    count = count + n
  elseif previous and position_in(chain, previous) then
    origin = previous
    count = math.max(count, n)
  else
    if previous then
      local left = chain_of(key, previous)
      for _, around in ipairs(left) do
        if position_in(chain, around) then
          origin = around
          break
        end
      end
      shift(moves, below(left, origin), -count)
    end
    count = n
  end
  shift(moves, below(chain, origin), n)
  return moves, space, origin, count
end

-- What an exit of n persons from chain[1] moves.
local function exit_moves(record, key, chain, n)
  local moves, current, count = {}, record.i, persons_inside(record)
  if current == chain[1] then
    shift(moves, below(chain, record.o), -n)
    if record.o then return moves, record.o, nil, count end
  else
    local deeper = current and chain_of(key, current)
    if deeper and position_in(deeper, chain[1]) then
      shift(moves, below(deeper, chain[2]), -n)
    else
      shift(moves, chain, -n)
      return moves, current, record.o, count
    end
  end
  count = count - n
  if count <= 0 then return moves, nil, nil, 0 end
  return moves, current, record.o, count
end

local function add_persons(key, kind, space, persons)
  if persons ~= 0 and redis.call('HINCRBY', key, kind .. space, persons) < 0 then
    redis.call('HSET', key, kind .. space, 0)
  end
end

local function move_persons(key, moves)
  for space, persons in pairs(moves) do add_persons(key, 'i:', space, persons) end
end

local function set_inside(changes, record, inside, origin, count)
  set(changes, record, 'i', inside)
  set(changes, record, 'o', inside and origin or nil)
  set(changes, record, 'k', inside and count ~= 1 and count or nil)
end

local function is_within(record, key, space)
  return record.i ~= nil
    and (record.i == space or position_in(chain_of(key, record.i), space) ~= nil)
end
