-- Takes ids out of flight and queues others, and those marked to run again. KEYS: three lanes, held, bell, recalled. ARGV: number of ids to
-- settle, these ids (at most 1,000), then lane number, due time and id in turn (at most 1,000 of each).
local gone = tonumber(ARGV[1])
local rings = #ARGV > gone + 1
if gone > 0 then redis.call('ZREM', KEYS[4], unpack(ARGV, 2, gone + 1)) end
for i = gone + 2, #ARGV, 3 do
    redis.call('ZREM', KEYS[4], ARGV[i + 2])
    redis.call('ZADD', KEYS[ARGV[i] + 1], 'LT', ARGV[i + 1], ARGV[i + 2])
end
if redis.call('EXISTS', KEYS[6]) == 1 then
    local let_go = {}
    for i = 2, gone + 1 do let_go[#let_go + 1] = ARGV[i] end
    for i = gone + 4, #ARGV, 3 do let_go[#let_go + 1] = ARGV[i] end
    local known = redis.call('HMGET', KEYS[6], unpack(let_go))
    for i = 1, #let_go do
        if known[i] then
            redis.call('ZADD', KEYS[string.sub(known[i], 1, 1) + 1], 'LT', string.sub(known[i], 3), let_go[i])
            redis.call('HDEL', KEYS[6], let_go[i])
            rings = true
        end
    end
end
if rings and redis.call('LLEN', KEYS[5]) == 0 then
    redis.call('RPUSH', KEYS[5], '1')
    redis.call('PEXPIRE', KEYS[5], 60000)
end
return 0
