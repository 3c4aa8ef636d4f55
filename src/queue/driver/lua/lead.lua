-- One sweeper at a time. KEYS: leader. ARGV: who asks, term (ms; 0 gives it up).
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) == 0 then
    redis.call('DEL', KEYS[1])
else
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
