-- Lets go of ids and queues others. KEYS: three lanes, held, bell. ARGV: how many ids to let go of, these ids (at most 1,000),
-- then lane number, due time and id in turn (at most 1,000 of each).
local gone = tonumber(ARGV[1])
if gone > 0 then redis.call('ZREM', KEYS[4], unpack(ARGV, 2, gone + 1)) end
for i = gone + 2, #ARGV, 3 do
    redis.call('ZREM', KEYS[4], ARGV[i + 2])
    redis.call('ZADD', KEYS[ARGV[i] + 1], 'LT', ARGV[i + 1], ARGV[i + 2])
end
if #ARGV > gone + 1 and redis.call('LLEN', KEYS[5]) == 0 then
    redis.call('RPUSH', KEYS[5], '1')
    redis.call('PEXPIRE', KEYS[5], 60000)
end
return 0
