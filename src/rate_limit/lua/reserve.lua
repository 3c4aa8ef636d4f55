-- Decides over asks to send from one number, in the order given: the twin of local.rs.
-- KEYS: the number, its tenant, then the pair of each ask. ARGV: now, interval and slack of the number, interval and slack of
-- the tenant (0: no quota), then for each ask its lane, plus 3 if it was promised.
-- Gives the time of the change to tell of (0: none), then for each ask a kind (0 slot, 1 slot on trial, 2 throughput, 3 paused,
-- 4 pair, 5 tenant) and a time.
local now, interval, slack = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local number = read_number(KEYS[1], now, interval, slack)
if interval < number[INTERVAL] then
    for lane = 1, 3 do
        if number[TAIL + lane] > now + SHORT then
            requeue(number, now)
            break
        end
    end
end
number[INTERVAL] = interval
if now - number[TAT] > IDLE then forget_queues(number) end

local tenant
if tonumber(ARGV[4]) > 0 then
    tenant = read(KEYS[2], tonumber(ARGV[4]), tonumber(ARGV[5]))
    if tenant.interval < tenant[INTERVAL] then forget_queues(tenant) end
    tenant[INTERVAL] = tenant.interval
    if now - tenant[TAT] > IDLE then forget_queues(tenant) end
end

local texts, pairs_of = redis.call('MGET', unpack(KEYS, 3)), {}
local answer = {0}
for i = 1, #KEYS - 2 do
    local key, code = KEYS[2 + i], tonumber(ARGV[5 + i])
    local lane, promised = code % 3 + 1, code >= 3
    local pair = pairs_of[key]
    if not pair then
        pair = read_pair(texts[i])
        pairs_of[key] = pair
    end
    local kind, at
    local slot = slot_of(number, now, lane, promised)
    if not slot then
        kind, at = number[PAUSED] > now and 3 or 2, promise(number, now, lane, promised)
    elseif tenant and not slot_of(tenant, now, lane, promised) then
        kind, at = 5, promise(tenant, now, lane, promised)
    elseif not allows(pair, slot, now, promised) then
        kind, at = 4, promise_pair(pair)
        pair.changed = true
    else
        take(number, now, number.slowed, lane)
        if tenant then take(tenant, now, tenant.interval, lane) end
        take_pair(pair, slot, now)
        pair.changed = true
        kind, at = pair.strikes > 0 and 1 or 0, slot
    end
    answer[2 * i], answer[2 * i + 1] = kind, at
end

if number[CHANGE] > 0 and now - number[TOLD] >= 5000000 then
    number[TOLD] = now
    answer[1] = number[CHANGE]
end
write(KEYS[1], number)
if tenant then write(KEYS[2], tenant) end
for key, pair in pairs(pairs_of) do
    if pair.changed then write_pair(key, pair, now) end
end
return answer
