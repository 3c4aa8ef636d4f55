-- GCRA for one pair: the twin of pair.rs. Stored as text: four integers, or the first alone when the others are zero.
local PAIR_INTERVAL, PAIR_SLACK, RESERVATION_TIMEOUT = 6000000, 43 * 6000000, 3000000
local MAX_STRIKES, STRIKES_EXPIRE_AFTER = 6, 3600 * 1000000
-- Extra seconds, since the clocks of callers differ.
local PAIR_MARGIN = 30

local function read_pair(text)
    local tat, tail, blocked_until, strikes = tonumber(text or 0), 0, 0, 0
    if not tat then tat, tail, blocked_until, strikes = string.match(text, '^(%d+) (%d+) (%d+) (%d+)$') end
    return {
        tat = tonumber(tat) or 0, tail = tonumber(tail) or 0,
        blocked_until = tonumber(blocked_until) or 0, strikes = tonumber(strikes) or 0
    }
end

local function write_pair(key, pair, now)
    local expires_at, text = pair.tat, string.format('%.0f', pair.tat)
    if pair.tail > 0 or pair.blocked_until > 0 or pair.strikes > 0 then
        text = string.format('%.0f %.0f %.0f %.0f', pair.tat, pair.tail, pair.blocked_until, pair.strikes)
        expires_at = math.max(pair.tat, pair.tail, pair.blocked_until)
        if pair.strikes > 0 then expires_at = math.max(expires_at, pair.blocked_until + STRIKES_EXPIRE_AFTER) end
    end
    redis.call('SET', key, text, 'EX', math.max(math.ceil((expires_at - now) / 1000000), 0) + PAIR_MARGIN)
end

local function allows(pair, slot, now, has_reservation)
    local open = pair.tat - PAIR_SLACK
    return open <= slot and (has_reservation or pair.tail <= now or now - open > RESERVATION_TIMEOUT)
end

local function take_pair_slot(pair, slot, now)
    if now - (pair.tat - PAIR_SLACK) > RESERVATION_TIMEOUT then pair.tail = 0 end
    pair.tat = math.max(pair.tat, slot) + PAIR_INTERVAL
end

local function reserve_pair(pair)
    local place = math.max(pair.tail, pair.tat - PAIR_SLACK)
    pair.tail = place + PAIR_INTERVAL
    return place
end
