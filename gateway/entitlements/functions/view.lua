-- The ticket as answers show it, one line of fields joined by tabs:
--  product · session · label · audience · holder · persons · persons_left · status · hold_until ·
--  replaced_by · destroyed_at · windows "from-until,…" (s) · chosen window · made · allowed ·
--  first_at · first_reader · last_at · last_reader · inside

local function span_texts(windows)
  local spans = {}
  for position, span in ipairs(windows) do
    spans[position] = (span.starts and instant(span.starts) or '') .. '~'
      .. (span.till and instant(span.till) or '')
  end
  return concat(spans, ',')
end

local function view_of(record, product, windows, window)
  if not windows.spans then windows.spans = span_texts(windows) end
  local chosen, made, persons = windows[window], made_in(record, window), persons_of(record)
  local left = made > 0 and made * persons - admitted_in(record, window) or persons
  return (record.p or '') .. '\t' .. (chosen.session or record.s or '') .. '\t' .. product.label
    .. '\t' .. (record.a or '') .. '\t' .. (record.h or '') .. '\t' .. figure[persons] .. '\t' .. figure[left > 0 and left or 0]
    .. '\t' .. (record.t or '') .. '\t' .. (record.H or '') .. '\t' .. (record.R or '')
    .. '\t' .. (record.D or '') .. '\t' .. windows.spans .. '\t' .. figure[window] .. '\t'
    .. figure[made] .. '\t' .. (chosen.stamps and figure[chosen.stamps] or '') .. '\t'
    .. (record.y or '') .. '\t' .. (record.Y or '') .. '\t' .. (record.l or record.y or '') .. '\t'
    .. (record.L or record.Y or '') .. '\t' .. (record.i or '')
end

-- outcome · reason · event · replayed · conflict · attention · persons, then the ticket
local function reply(outcome, reason, event, replayed, conflict, attention, persons, view)
  return outcome .. '\t' .. (reason or '') .. '\t' .. (event or '') .. '\t' .. (replayed and '1' or '')
    .. '\t' .. (conflict or '') .. '\t' .. (attention and '1' or '') .. '\t'
    .. (persons and figure[persons] or '') .. '\t' .. (view or '')
end

local function current_view(record, catalogue, now)
  local product, windows = windows_of(record, catalogue)
  if not windows then return nil end
  local window = choose_window(windows, now, nil) or 1
  return view_of(record, product, windows, window), product
end
