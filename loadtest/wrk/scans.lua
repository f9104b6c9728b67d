-- POST /v1/scans as fast as the answers come back, each request with a ticket of its own.
--
--   wrk -t THREADS … -s scans.lua URL -- KEY READER TAG FIRST EXPECTED THREADS [FILE]
--
-- TAG      the first 18 characters of every code (loadtest/codes.py makes the same codes)
-- FIRST    number of the first ticket; thread i of n takes FIRST + i, FIRST + i + n, …
-- FILE     with one thread: present its lines instead, from line FIRST + 1 on; all are of one length
-- EXPECTED what an answer must contain, as plain text; an answer without it is counted as wrong.
--
-- wrk gives each thread its own Lua and a request to whichever of its connections is free: the
-- ranges are a thread's, and no two connections ever send the same ticket. The answers' headers
-- and bodies cost wrk some microseconds; the baseline is measured with this same script.
-- The last line printed is one JSON object, which loadtest/wrk/driver.py reads.

local MULTIPLIER = 1640531527 -- odd, so a bijection on 40 bits; number × it stays below 2^53
local SPAN = 2 ^ 40
local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

local threads = {}

function setup(thread)
  thread:set("place", #threads)
  threads[#threads + 1] = thread
end

local floor, find = math.floor, string.find
local pair = {} -- ten bits to two characters
local head, reader, tag, expected, stride, lines
local length = 26
issued, wrong, number, example = 0, 0, 0, ""

function init(args)
  local key
  key, reader, tag, number = args[1], args[2], args[3], tonumber(args[4]) + place
  expected, stride = args[5], tonumber(args[6])
  if args[7] then
    lines = assert(io.open(args[7]))
    length = #lines:read("*l")
    lines:seek("set", number * (length + 1))
  end
  for high = 0, 31 do
    for low = 0, 31 do
      pair[high * 32 + low] = ALPHABET:sub(high + 1, high + 1) .. ALPHABET:sub(low + 1, low + 1)
    end
  end
  local body = '{"code":"","nonce":"","reader":"' .. reader .. '"}'
  head = "POST /v1/scans HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
    .. "\r\nAuthorization: Bearer " .. key
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. (#body + length + 26)
    .. '\r\n\r\n{"code":"'
  reader = '","reader":"' .. reader .. '"}'
end

-- The next line of the file; its end, which is no other code's, is the nonce.
local function listed()
  local code = lines:read("*l") or string.rep("-", length) -- none is left: counted as wrong
  issued = issued + 1
  return head .. code .. '","nonce":"' .. code:sub(-26) .. reader
end

function request()
  if lines then return listed() end
  local place_in_span = (number * MULTIPLIER) % SPAN
  local code = tag
    .. pair[floor(place_in_span / 2 ^ 30)]
    .. pair[floor(place_in_span / 2 ^ 20) % 1024]
    .. pair[floor(place_in_span / 2 ^ 10) % 1024]
    .. pair[place_in_span % 1024]
  number = number + stride
  issued = issued + 1
  return head .. code .. '","nonce":"' .. code .. reader
end

function response(status, _, body)
  if status ~= 200 or not find(body, expected, 1, true) then
    wrong = wrong + 1
    example = status .. " " .. body
  end
end

function done(summary, latency, _)
  local asked, bad, sample = 0, 0, ""
  for _, thread in ipairs(threads) do
    asked = asked + thread:get("issued")
    bad = bad + thread:get("wrong")
    if sample == "" then
      sample = thread:get("example")
    end
  end
  local errors = summary.errors
  local quoted = sample:sub(1, 300):gsub('[%c"\\]', function(c)
    return string.format("\\u%04x", c:byte())
  end)
  print(string.format(
    '{"answered":%d,"issued":%d,"wrong":%d,"duration_us":%d,"lost":%d,"p50_us":%d,"p99_us":%d,'
      .. '"max_us":%d,"example":"%s"}',
    summary.requests, asked, bad, summary.duration,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max, quoted))
end
