-- Queues ids of one lane. KEYS: lane, held, bell. ARGV: limit, then due time and id in turn (at most 1,000 of each).
local room = tonumber(ARGV[1]) - redis.call('ZCARD', KEYS[1])
local ids = {}
for i = 3, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local held = redis.call('ZMSCORE', KEYS[2], unpack(ids))
local queued = #ids > room and redis.call('ZMSCORE', KEYS[1], unpack(ids))
local add, dropped = {}, 0
for i = 1, #ids do
    if not held[i] then
        if not queued or queued[i] or room > 0 then
            if queued and not queued[i] then room = room - 1 end
            add[#add + 1] = ARGV[2 * i]
            add[#add + 1] = ids[i]
        else
            dropped = dropped + 1
        end
    end
end
local new = 0
if #add > 0 then
    -- LT: of two due times the earlier holds.
    new = redis.call('ZADD', KEYS[1], 'LT', unpack(add))
    if redis.call('LLEN', KEYS[3]) == 0 then
        redis.call('RPUSH', KEYS[3], '1')
        redis.call('PEXPIRE', KEYS[3], 60000)
    end
end
return {new, dropped, redis.call('ZCARD', KEYS[1])}
