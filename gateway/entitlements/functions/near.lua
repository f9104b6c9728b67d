-- Lua's own functions and redis.call, near at hand: a global is looked for in two tables each time.
-- They cannot be reached while a library is loaded, so they are taken at the first call.

local function globals()
  return redis.call, string.find, string.match, string.gmatch, string.sub, string.format, table.concat,
    math.floor, math.max, math.min, tonumber, type, ipairs, unpack
end

local call, find, match, gmatch, sub, format, concat, floor, max, min, tonumber, type, ipairs, unpack

local function register(name, act)
  redis.register_function(name .. '_@VERSION', function(keys, args)
    if not call then
      call, find, match, gmatch, sub, format, concat, floor, max, min, tonumber, type, ipairs, unpack = globals()
    end
    return act(keys, args)
  end)
end
