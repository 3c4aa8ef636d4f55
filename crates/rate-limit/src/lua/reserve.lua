-- Decides on requests to send from one number, in the order given: the twin of memory.rs.
--
-- KEYS: the number, its tenant, then the pair of each request. ARGV: now, interval and slack of the number, interval and slack of the
-- tenant (0: no quota), then for each request its lane, plus 3 if it has a reservation.
--
-- Returns the time of the change to report (0: none), then for each request a kind (0 slot, 1 slot on trial, 2 throughput, 3 paused, 4
-- pair, 5 tenant) and a time.
local now, interval, slack = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local number = read_number(KEYS[1], now, interval, slack)
if interval < number[INTERVAL] then
    for lane = 1, 3 do
        if number[TAIL + lane] > now + SHORT_QUEUE then
            clear_reservations(number, now)
            break
        end
    end
end
number[INTERVAL] = interval
if now - number[TAT] > IDLE_LIMIT then clear_queues(number) end

local tenant
if tonumber(ARGV[4]) > 0 then
    tenant = read(KEYS[2], tonumber(ARGV[4]), tonumber(ARGV[5]))
    if tenant.interval < tenant[INTERVAL] then clear_queues(tenant) end
    tenant[INTERVAL] = tenant.interval
    if now - tenant[TAT] > IDLE_LIMIT then clear_queues(tenant) end
end

local texts, pairs_of = redis.call('MGET', unpack(KEYS, 3)), {}
local reply = {0}
for i = 1, #KEYS - 2 do
    local key, code = KEYS[2 + i], tonumber(ARGV[5 + i])
    local lane, has_reservation = code % 3 + 1, code >= 3
    local pair = pairs_of[key]
    if not pair then
        pair = read_pair(texts[i])
        pairs_of[key] = pair
    end
    local kind, at
    local slot = free_slot(number, now, lane, has_reservation)
    if not slot then
        kind, at = number[PAUSED_UNTIL] > now and 3 or 2, reserve(number, now, lane, has_reservation)
    elseif tenant and not free_slot(tenant, now, lane, has_reservation) then
        kind, at = 5, reserve(tenant, now, lane, has_reservation)
    elseif not allows(pair, slot, now, has_reservation) then
        kind, at = 4, reserve_pair(pair)
        pair.changed = true
    else
        take_slot(number, now, number.slowed, lane)
        if tenant then take_slot(tenant, now, tenant.interval, lane) end
        take_pair_slot(pair, slot, now)
        pair.changed = true
        kind, at = pair.strikes > 0 and 1 or 0, slot
    end
    reply[2 * i], reply[2 * i + 1] = kind, at
end

if number[CHANGE] > 0 and now - number[NOTIFIED] >= 5000000 then
    number[NOTIFIED] = now
    reply[1] = number[CHANGE]
end
write(KEYS[1], number)
if tenant then write(KEYS[2], tenant) end
for key, pair in pairs(pairs_of) do
    if pair.changed then write_pair(key, pair, now) end
end
return reply
