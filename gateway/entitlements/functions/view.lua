-- The ticket as answers show it, one line of fields joined by tabs:
--  product · session · label · audience · holder · persons · persons_left · status · hold_until ·
--  replaced_by · destroyed_at · windows "from-until,…" (s) · chosen window · made · allowed ·
--  first_at · first_reader · last_at · last_reader · inside

local function view_of(record, product, windows, window)
  local spans = {}
  for position, span in ipairs(windows) do
    spans[position] = (span.starts and instant(span.starts) or '') .. '~'
      .. (span.till and instant(span.till) or '')
  end
  local made, admitted = made_in(record, window), admitted_in(record, window)
  local persons = tonumber(record.n or 1)
  local left = made == 0 and persons or math.max(0, made * persons - admitted)
  return table.concat({
    record.p or '', windows[window].session or record.s or '', product.label, record.a or '',
    record.h or '', record.n or '1', figure(left), record.t or '', record.H or '', record.R or '', record.D or '',
    table.concat(spans, ','), figure(window), figure(made),
    windows[window].stamps and figure(windows[window].stamps) or '', record.y or '',
    record.Y or '', record.l or record.y or '', record.L or record.Y or '', record.i or '',
  }, '\t')
end

-- outcome · reason · event · replayed · conflict · attention · persons, then the ticket
local function reply(outcome, reason, event, flags, persons, view)
  return table.concat({
    outcome, reason or '', event or '', flags.replayed and '1' or '', flags.conflict or '',
    flags.attention and '1' or '', persons or '', view or '',
  }, '\t')
end

local function current_view(record, catalogue, now)
  local product, windows = windows_of(record, catalogue)
  if not windows then return nil end
  local window = choose_window(windows, math.floor(now / 1000), nil) or 1
  return view_of(record, product, windows, window), product
end
