-- Queues ids of one lane. KEYS: lane, held, bell, recalled. ARGV: limit, number of the lane if ids in hand are to come again when they
-- are let go of (or nothing), then due time and id in turn (at most 1,000 of each).
local room = tonumber(ARGV[1]) - redis.call('ZCARD', KEYS[1])
local ids = {}
for i = 4, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local held = redis.call('ZMSCORE', KEYS[2], unpack(ids))
local queued = #ids > room and redis.call('ZMSCORE', KEYS[1], unpack(ids))
local add, dropped = {}, 0
for i = 1, #ids do
    if held[i] then
        if ARGV[2] ~= '' then
            local known = redis.call('HGET', KEYS[4], ids[i])
            if not known or tonumber(ARGV[2 * i + 1]) < tonumber(string.sub(known, 3)) then
                redis.call('HSET', KEYS[4], ids[i], ARGV[2] .. ' ' .. ARGV[2 * i + 1])
            end
        end
    else
        if not queued or queued[i] or room > 0 then
            if queued and not queued[i] then room = room - 1 end
            add[#add + 1] = ARGV[2 * i + 1]
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
