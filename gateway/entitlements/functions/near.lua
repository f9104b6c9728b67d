-- Lua's own functions and redis.call, near at hand: a global is looked for in two tables each time.
-- They cannot be reached while a library is loaded, so they are taken at the first call.

local function globals()
  return redis.call, redis.pcall, pcall, string.find, string.match, string.gmatch, string.sub,
    string.format, table.concat, table.insert, math.floor, math.max, math.min, tonumber, type, ipairs,
    unpack
end

local call, try, pcall, find, match, gmatch, sub, format, concat, insert, floor, max, min, tonumber,
  type, ipairs, unpack

-- Tables that make what they lack (`remembering`), with their metatables.
local memories = {}

-- What is registered, by name. (A main function has room for 200 locals.)
local acts = {}

local function register(name, act)
  redis.register_function(name .. '_@VERSION', function(keys, args)
    if not call then
      call, try, pcall, find, match, gmatch, sub, format, concat, insert, floor, max, min, tonumber,
        type, ipairs, unpack = globals()
      for known, meta in pairs(memories) do setmetatable(known, meta) end
    end
    return act(keys, args)
  end)
end
