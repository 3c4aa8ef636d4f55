-- Extends the deadline of ids in flight. KEYS: held. ARGV: lease (ms), then ids (at most 1,000).
local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
local hold = {}
for i = 2, #ARGV do
    hold[#hold + 1] = deadline
    hold[#hold + 1] = ARGV[i]
end
return redis.call('ZADD', KEYS[1], unpack(hold))
