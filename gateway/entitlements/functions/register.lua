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

redis.register_function('scans_@VERSION', scans)
redis.register_function('passage_@VERSION', with_spaces(3, passage))
redis.register_function('annul_@VERSION', with_spaces(3, annul))
redis.register_function('undo_@VERSION', with_spaces(3, undo))
redis.register_function('take_back_@VERSION', with_spaces(3, take_back))
redis.register_function('destroy_@VERSION', destroy)
redis.register_function('put_@VERSION', put)
redis.register_function('put_catalogue_@VERSION', put_catalogue)
redis.register_function('look_@VERSION', look)
redis.register_function('last_grant_@VERSION', last_grant)
redis.register_function('count_@VERSION', with_spaces(1, count))
redis.register_function('reopen_@VERSION', with_spaces(2, reopen))
redis.register_function('malformed_@VERSION', malformed)
