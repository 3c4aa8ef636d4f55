-- The rule of one pair: the twin of pair.rs. Kept as text: four whole numbers, or the first alone when the others are zero.
local PAIR_INTERVAL, PAIR_SLACK, OVERDUE = 6000000, 43 * 6000000, 3000000
local MOST_STRIKES, STRIKES_LAST = 6, 3600 * 1000000
-- Seconds longer than needed, since the clocks of callers differ.
local PAIR_MARGIN = 30

local function read_pair(text)
    local tat, tail, barred, strikes = tonumber(text or 0), 0, 0, 0
    if not tat then tat, tail, barred, strikes = string.match(text, '^(%d+) (%d+) (%d+) (%d+)$') end
    return {
        tat = tonumber(tat) or 0, tail = tonumber(tail) or 0,
        barred = tonumber(barred) or 0, strikes = tonumber(strikes) or 0
    }
end

local function write_pair(key, pair, now)
    local ends, text = pair.tat, string.format('%.0f', pair.tat)
    if pair.tail > 0 or pair.barred > 0 or pair.strikes > 0 then
        text = string.format('%.0f %.0f %.0f %.0f', pair.tat, pair.tail, pair.barred, pair.strikes)
        ends = math.max(pair.tat, pair.tail, pair.barred)
        if pair.strikes > 0 then ends = math.max(ends, pair.barred + STRIKES_LAST) end
    end
    redis.call('SET', key, text, 'EX', math.max(math.ceil((ends - now) / 1000000), 0) + PAIR_MARGIN)
end

local function allows(pair, slot, now, promised)
    local open = pair.tat - PAIR_SLACK
    return open <= slot and (promised or pair.tail <= now or now - open > OVERDUE)
end

local function take_pair(pair, slot, now)
    if now - (pair.tat - PAIR_SLACK) > OVERDUE then pair.tail = 0 end
    pair.tat = math.max(pair.tat, slot) + PAIR_INTERVAL
end

local function promise_pair(pair)
    local place = math.max(pair.tail, pair.tat - PAIR_SLACK)
    pair.tail = place + PAIR_INTERVAL
    return place
end
