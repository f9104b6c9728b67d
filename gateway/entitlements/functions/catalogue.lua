-- Products and sessions, and the windows they give to a ticket.

local name_list = remembering(function(text) return split(text, ',') end, 2000)

local name_set = remembering(function(text)
  local names = {}
  for _, name in ipairs(split(text, ',')) do names[name] = true end
  return names
end, 2000)

local parse_product = remembering(function(text)
  local part = split(text, SEPARATOR)
  return {
    label = part[2],
    spaces = part[3] ~= '' and part[3] or nil,
    margin_before_s = tonumber(part[4]) or 0,
    margin_after_s = tonumber(part[5]) or 0,
    margin_after_from_start = part[6] == 's',
    max_stamps = tonumber(part[7]),
    max_stamps_per_day = tonumber(part[8]),
    min_interval_s = tonumber(part[9]) or 0,
    valid_for_s = tonumber(part[10]),
    reentry = part[11],
    reentry_window_s = tonumber(part[12]),
    allow_unpaid = part[13] == '1',
    partial_groups = part[14] == '1',
    attention = part[15] == '1',
    blocked = part[16] == '1',
  }
end, 1000)

local parse_session = remembering(function(text)
  local part = split(text, SEPARATOR)
  return { starts = tonumber(part[2]), ends = tonumber(part[3]) }
end, 5000)

-- w: windows joined by \30, each session \29 from \29 until \29 spaces \29 stamps
local parse_windows = remembering(function(text)
  local windows = {}
  for position, window in ipairs(split(text, LIST_SEPARATOR)) do
    local part = split(window, '\29')
    windows[position] = {
      session = part[1] ~= '' and part[1] or nil,
      starts = tonumber(part[2]),
      till = tonumber(part[3]),
      spaces = part[4] ~= '' and part[4] or nil,
      stamps = tonumber(part[5]),
    }
  end
  return windows
end, 2000)

local function session_window(session, product)
  local after = product.margin_after_from_start and session.starts or session.ends or session.starts
  return session.starts - product.margin_before_s, after + product.margin_after_s
end

-- A ticket's only window: its session's, else its span.
local function only_window(record, product, text)
  local starts, till, missing = tonumber(record.F), tonumber(record.U), false
  if record.s then
    if text then
      starts, till = session_window(parse_session[text], product)
    else
      missing = true
    end
  end
  return {
    starts = starts, till = till, session = record.s, missing = missing,
    spaces = record.x or product.spaces, stamps = product.max_stamps,
  }
end

local function listed_windows(listed, record, product, catalogue)
  local windows = {}
  local spaces = record.x or product.spaces
  for position, window in ipairs(listed) do
    local starts, till, missing = window.starts, window.till, false
    if window.session then
      local text = look_up(catalogue, 's:' .. window.session)
      if text then
        starts, till = session_window(parse_session[text], product)
      else
        missing = true
      end
    end
    windows[position] = {
      starts = starts, till = till, session = window.session, missing = missing,
      spaces = window.spaces or spaces, stamps = window.stamps or product.max_stamps,
    }
  end
  return windows
end

local function end_after_first_stamp(windows, record, product)
  if not product.valid_for_s or not record.y then return end
  local latest = floor(tonumber(record.y) / 1000) + product.valid_for_s
  for _, window in ipairs(windows) do
    if not window.till or window.till > latest then window.till = latest end
  end
end

local function any_known(windows)
  for position = 1, #windows do
    if not windows[position].missing then return true end
  end
  return false
end

-- A deleted ticket that a rebuild found only by its state has none: it is cancelled in any case.
local GONE = { label = '', margin_before_s = 0, margin_after_s = 0, min_interval_s = 0 }

-- Reads ahead what the ticket needs: its product and its sessions.
local function read_catalogue(catalogue, record, listed)
  local wanted = { 'p:' .. record.p }
  if record.s then wanted[2] = 's:' .. record.s end
  for _, window in ipairs(listed or {}) do
    if window.session then wanted[#wanted + 1] = 's:' .. window.session end
  end
  look_ahead(catalogue, wanted)
end

-- Returns the product and the ticket's windows; nil where the catalogue lacks the product, no windows
-- where it lacks every session: it cannot be told then.
local function own_windows(record, catalogue)
  if not record.p then return GONE, { {} } end
  local listed = record.w and parse_windows[record.w]
  local product_field = 'p:' .. record.p
  if listed or catalogue.known[product_field] == nil then read_catalogue(catalogue, record, listed) end
  local text = look_up(catalogue, product_field)
  if not text then return nil end
  local product, windows = parse_product[text], nil
  if listed then
    windows = listed_windows(listed, record, product, catalogue)
  else
    windows = { only_window(record, product, record.s and look_up(catalogue, 's:' .. record.s)) }
  end
  end_after_first_stamp(windows, record, product)
  return product, any_known(windows) and windows or nil
end

-- Those of tickets that say nothing of their own are the same for all of a product and session.
local function windows_of(record, catalogue)
  if record.w or record.x or record.F or record.U or not record.p then
    return own_windows(record, catalogue)
  end
  local usual, session = catalogue.usual[record.p], record.s or ''
  if not usual then
    usual = {}
    catalogue.usual[record.p] = usual
  end
  local known = usual[session]
  if known then return known.product, known.windows end
  local product, windows = own_windows(record, catalogue)
  if windows and not product.valid_for_s then usual[session] = { product = product, windows = windows } end
  return product, windows
end

local function lists(window, chain)
  if not window.spaces or not chain then return true end
  local names = name_set[window.spaces]
  for position = 1, #chain do
    if names[chain[position]] then return true end
  end
  return false
end

-- The window that holds now; else the next to come; else the last. Returns its place and what it
-- refuses with (nil: it holds), or nil where no window lists the space.
local function choose_window(windows, now, chain)
  local now_s, coming, past = floor(now / 1000), nil, nil
  for position = 1, #windows do
    local window = windows[position]
    if not window.missing and lists(window, chain) then
      local ordered = not window.starts or not window.till or window.starts <= window.till
      if ordered and window.starts and now_s < window.starts then
        if not coming or window.starts < windows[coming].starts then coming = position end
      elseif ordered and not (window.till and now_s > window.till) then
        return position, nil
      elseif not past or window.till > windows[past].till then
        past = position
      end
    end
  end
  if coming then return coming, 'too_early' end
  if past then return past, 'too_late' end
  return nil, 'wrong_space'
end
