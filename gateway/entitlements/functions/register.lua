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

register('scans', acts.scans)
register('passage', with_spaces(3, acts.passage))
register('annul', with_spaces(3, acts.annul))
register('undo', with_spaces(3, acts.undo))
register('take_back', with_spaces(3, acts.take_back))
register('destroy', acts.destroy)
register('put', acts.put)
register('put_catalogue', acts.put_catalogue)
register('look', acts.look)
register('last_grant', acts.last_grant)
register('count', with_spaces(1, acts.count))
register('reopen', with_spaces(2, acts.reopen))
register('malformed', acts.malformed)
