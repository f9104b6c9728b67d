-- The functions by name. @VERSION is the library's content, so that gateways of two versions can
-- share one store while a venue is updated.

-- An act whose changes to the spaces are written at its end, as far as it came.
local function with_spaces(position, act)
  return function(keys, args)
    local spaces = open_book(keys[position])
    local done, answer = pcall(act, keys, args, spaces)
    close_book(spaces)
    return done and answer or error_of(answer)
  end
end

register('scans', scans)
register('passage', with_spaces(3, passage))
register('annul', with_spaces(3, annul))
register('undo', with_spaces(3, undo))
register('take_back', with_spaces(3, take_back))
register('destroy', destroy)
register('put', put)
register('put_catalogue', put_catalogue)
register('look', look)
register('last_grant', last_grant)
register('count', with_spaces(1, count))
register('reopen', with_spaces(2, reopen))
register('malformed', malformed)
