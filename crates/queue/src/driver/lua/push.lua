-- Queues ids of one lane. KEYS: lane, held, bell, recalled. ARGV: limit, lane number if ids in flight are to run again once settled (or
-- nothing), then pairs of due time and id (at most 1,000).
local room = tonumber(ARGV[1]) - redis.call('ZCARD', KEYS[1])
local ids = {}
for i = 4, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local held = redis.call('ZMSCORE', KEYS[2], unpack(ids))
local queued = #ids > room and redis.call('ZMSCORE', KEYS[1], unpack(ids))
local add, late = {}, {}
for i = 1, #ids do
    if held[i] then
        if ARGV[2] ~= '' then
            local known = redis.call('HGET', KEYS[4], ids[i])
            if not known or tonumber(ARGV[2 * i + 1]) < tonumber(string.sub(known, 3)) then
                redis.call('HSET', KEYS[4], ids[i], ARGV[2] .. ' ' .. ARGV[2 * i + 1])
            end
        end
    elseif not queued or queued[i] or room > 0 then
        if queued and not queued[i] then room = room - 1 end
        add[#add + 1] = ARGV[2 * i + 1]
        add[#add + 1] = ids[i]
    else
        late[#late + 1] = i
    end
end
-- LT keeps the earlier due time.
local new = #add > 0 and redis.call('ZADD', KEYS[1], 'LT', unpack(add)) or 0
if #late > 0 then
    -- The lane is full: ids due earlier replace the ones due last.
    table.sort(late, function(a, b) return tonumber(ARGV[2 * a + 1]) < tonumber(ARGV[2 * b + 1]) end)
    local last = redis.call('ZREVRANGE', KEYS[1], 0, #late - 1, 'WITHSCORES')
    for n = 1, #late do
        local due = ARGV[2 * late[n] + 1]
        if not last[2 * n] or tonumber(due) >= tonumber(last[2 * n]) then break end
        redis.call('ZREM', KEYS[1], last[2 * n - 1])
        new = new + redis.call('ZADD', KEYS[1], due, ids[late[n]])
    end
end
if (#add > 0 or new > 0) and redis.call('LLEN', KEYS[3]) == 0 then
    redis.call('RPUSH', KEYS[3], '1')
    redis.call('PEXPIRE', KEYS[3], 60000)
end
-- One of each pair was dropped.
return {new, #late, redis.call('ZCARD', KEYS[1])}
