-- Elects one sweeper. KEYS: leader. ARGV: candidate, term (ms; 0 resigns).
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) == 0 then
    redis.call('DEL', KEYS[1])
else
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
