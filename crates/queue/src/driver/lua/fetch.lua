-- Fetches due ids, highest lane first. KEYS: three lanes, held, bell. ARGV: now, how many, lease (ms).
-- Due times are by the clock of the program; leases by that of Redis, the one clock shared by all workers.
local time = redis.call('TIME')
local wall = time[1] * 1000 + math.floor(time[2] / 1000)
local now, n, deadline = tonumber(ARGV[1]), tonumber(ARGV[2]), wall + tonumber(ARGV[3])
local hold = {}
local lost = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', wall, 'LIMIT', 0, 1000)
for _, id in ipairs(lost) do
    hold[#hold + 1] = deadline
    hold[#hold + 1] = id
end
local taken, left = {}, n
local first, next = -1, -1
for lane = 1, 3 do
    local ids = {}
    if left > 0 then
        local due = redis.call('ZRANGEBYSCORE', KEYS[lane], '-inf', now, 'WITHSCORES', 'LIMIT', 0, left)
        for i = 1, #due, 2 do
            ids[#ids + 1] = due[i]
            hold[#hold + 1] = deadline
            hold[#hold + 1] = due[i]
        end
        if #ids > 0 then
            -- These have the lowest scores.
            redis.call('ZREMRANGEBYRANK', KEYS[lane], 0, #ids - 1)
            left = left - #ids
            local oldest = tonumber(due[2])
            if first == -1 or oldest < first then first = oldest end
        end
    end
    taken[lane] = ids
    local ahead = redis.call('ZRANGE', KEYS[lane], 0, 0, 'WITHSCORES')
    if #ahead > 0 then
        local at = tonumber(ahead[2])
        if next == -1 or at < next then next = at end
    end
end
for i = 1, #hold, 2000 do
    redis.call('ZADD', KEYS[4], unpack(hold, i, math.min(i + 1999, #hold)))
end
-- A signal wakes one worker, so a fetch that leaves due ids behind signals the next one.
if next ~= -1 and next <= now and redis.call('LLEN', KEYS[5]) == 0 then
    redis.call('RPUSH', KEYS[5], '1')
    redis.call('PEXPIRE', KEYS[5], 60000)
end
return {taken[1], taken[2], taken[3], lost, first, next}
