-- Marks a change as applied. KEYS: the number. ARGV: the time of the change.
local change = tonumber(redis.call('HGET', KEYS[1], 'change') or 0) or 0
if change > 0 and change <= tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'change', 0) end
return 0
