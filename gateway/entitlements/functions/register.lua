-- The functions by name. @VERSION is the library's content, so that gateways of two versions can
-- share one store while a venue is updated.

redis.register_function('scan_@VERSION', scan)
redis.register_function('passage_@VERSION', passage)
redis.register_function('annul_@VERSION', annul)
redis.register_function('undo_@VERSION', undo)
redis.register_function('take_back_@VERSION', take_back)
redis.register_function('destroy_@VERSION', destroy)
redis.register_function('put_@VERSION', put)
redis.register_function('put_catalogue_@VERSION', put_catalogue)
redis.register_function('look_@VERSION', look)
redis.register_function('last_grant_@VERSION', last_grant)
redis.register_function('count_@VERSION', count)
redis.register_function('reopen_@VERSION', reopen)
redis.register_function('malformed_@VERSION', malformed)
