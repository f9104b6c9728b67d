-- Occupancy: who is inside which space. The hash of spaces has for each space S
--   S "parent|capacity|full|anti-passback|forgiven_ms" (full: r refuse, w warn; anti-passback: h
--   hard, s soft, o off) · i:S persons inside · r:S reserved · m:S mode (absent: normal)
-- for each reader  l:READER "event code" of the reservation open in that lane, and for each reader
-- (or none) and space  o:READER/S "id event id event", its last two counts that are counted once.

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
    passback = part[4] ~= 'o' and part[4] or nil,
    forgiven_ms = tonumber(part[5]) or 0,
  }
end, 2000)

local NO_FACTS = { forgiven_ms = 0 }

-- The spaces of a reader's chain, innermost first. Facts and modes stay during a call.
local function read_spaces(book, chain_text)
  local spaces = book.chains[chain_text]
  if spaces then return spaces end
  local fields, known = chain_fields[chain_text], book.known
  look_ahead(book, fields)
  spaces = { evacuating = false, locked = false, limited = false }
  for position = 1, #fields, 4 do
    local text, mode = known[fields[position]], known[fields[position + 3]] or 'normal'
    local facts = text and facts_of[text] or NO_FACTS
    local limit = facts.refuses and facts.capacity or nil
    spaces[#spaces + 1] = {
      id = fields[position], inside = fields[position + 1], reserved = fields[position + 2],
      limit = limit, passback = facts.passback, forgiven_ms = facts.forgiven_ms, mode = mode,
    }
    spaces.evacuating = spaces.evacuating or mode == 'evacuate'
    spaces.locked = spaces.locked or mode == 'locked'
    spaces.limited = spaces.limited or limit ~= nil
  end
  book.chains[chain_text] = spaces
  return spaces
end

-- Persons in one of the spaces read, those awaited there included.
local function taken(book, space)
  local known = book.known
  return (known[space.inside] or 0) + (known[space.reserved] or 0)
end

-- The space and those around it, innermost first, by the parents written in the hash.
local function chain_of(book, space)
  local chain = {}
  while space and #chain < 32 do
    chain[#chain + 1] = space
    local text = look_up(book, space)
    space = text and facts_of[text].parent
  end
  return chain
end

local function position_in(chain, space)
  for position = 1, #chain do
    if chain[position] == space then return position end
  end
  return nil
end

local function without(chain, other)
  if #other == 0 then return chain end
  local spaces = {}
  for _, space in ipairs(chain) do
    if not position_in(other, space) then spaces[#spaces + 1] = space end
  end
  return spaces
end

local function shift(moves, spaces, persons)
  if persons == 0 then return end
  for _, space in ipairs(spaces) do moves[space] = (moves[space] or 0) + persons end
end

-- The space a ticket inside chain[1] is in again once it has left it.
local function back_in(record, book, chain)
  if record.o and position_in(chain_of(book, record.o), chain[1]) then return chain[2] end
  return record.o
end

local NOWHERE = {}

-- An entry of n persons into chain[1]. Those seen last in another space, or within this one, must
-- have left unseen: they are taken out first. At most `most` of them stay where they are.
-- `inside` without persons (k 0) is back from a space within: all of them.
local function entry_move(record, book, chain, n, most)
  local space, before = chain[1], record.i and chain_of(book, record.i) or NOWHERE
  local count, origin = persons_inside(record), nil
  if position_in(before, space) then
    origin = back_in(record, book, chain)
  else
    for position = 1, #before do
      if position_in(chain, before[position]) then
        origin = before[position]
        break
      end
    end
  end
  local beyond = origin and chain_of(book, origin) or NOWHERE
  local seen = record.i and (count > 0 and count or n) or 0
  local stay = record.i == space and min(count, most) or 0
  return {
    gained = without(chain, beyond), left = without(before, beyond), unseen = stay - seen,
    inside = space, origin = origin, count = stay + n, n = n,
  }
end

-- An exit of n persons from chain[1]; a ticket that is not there is counted out and stays put.
local function exit_move(record, book, chain, n)
  local current = record.i and chain_of(book, record.i) or NOWHERE
  if not position_in(current, chain[1]) then
    return { gained = chain, left = NOWHERE, unseen = 0, n = -n, stays = true }
  end
  local back = back_in(record, book, chain)
  local gained = without(current, back and chain_of(book, back) or NOWHERE)
  local rest = persons_inside(record) - n
  if rest > 0 then
    return { gained = gained, left = NOWHERE, unseen = 0, n = -n, inside = record.i, origin = record.o, count = rest }
  end
  return { gained = gained, left = NOWHERE, unseen = 0, n = -n, inside = back, count = 0 }
end

local function persons_moved(move)
  local moves = {}
  shift(moves, move.left, move.unseen)
  shift(moves, move.gained, move.n)
  return moves
end

local function gained_in(space, move)
  return (position_in(move.gained, space) and move.n or 0)
    + (position_in(move.left, space) and move.unseen or 0)
end

local function add_persons(book, kind, space, persons)
  if persons ~= 0 then add_to(book, kind .. space, persons) end
end

local function move_persons(book, move)
  if move.unseen == 0 then
    local gained = move.gained
    for position = 1, #gained do add_persons(book, 'i:', gained[position], move.n) end
    return
  end
  for space, persons in pairs(persons_moved(move)) do add_persons(book, 'i:', space, persons) end
end

local function set_place(record, move)
  if move.stays then return end
  record.i = move.inside
  record.o = move.inside and move.origin or nil
  record.k = move.inside and move.count ~= 1 and figure[move.count] or nil
end

local function is_within(record, book, space)
  return record.i ~= nil
    and (record.i == space or position_in(chain_of(book, record.i), space) ~= nil)
end
