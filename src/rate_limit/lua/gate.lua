-- The beginning of every script: what is kept of a number, and the rule of one rate. The twin of gate.rs, book.rs and terms.rs.
-- Times are microseconds since 1970, by the clock of the caller.
local HORIZON, DEPTH, LEAD = 500000, {400000, 325000, 250000}, {375000, 300000, 225000}
local LEAD_OF_THE_OWED, DEPTH_OF_RECEIVED = 450000, 450000
local SHARE, ROOM_AGAIN, IDLE, SHORT = 9, 10, 2000000, 1000000
local KEPT_FOR = 30 * 24 * 3600 * 1000

-- A book is a hash, in here an array: the fields of a gate, by lane from 1 on, then those of a number. A tenant has a gate only.
local FIELDS = {'tat', 'tail0', 'tail1', 'tail2', 'again0', 'again1', 'again2', 'owed0', 'owed1', 'owed2',
    'interval', 'loss', 'lowered', 'paused', 'change', 'told'}
local TAT, TAIL, AGAIN, OWED = 1, 1, 4, 7
local INTERVAL, LOSS, LOWERED, PAUSED, CHANGE, TOLD = 11, 12, 13, 14, 15, 16

local function read(key, interval, slack)
    local book = redis.call('HMGET', key, unpack(FIELDS))
    for i = 1, #FIELDS do book[i] = tonumber(book[i] or 0) or 0 end
    book.interval, book.slack = interval, slack
    book.most = math.max(math.floor(900000 / interval), 4 * SHARE)
    book.enough = {SHARE, math.floor(book.most / 2), math.floor(book.most * 3 / 4)}
    return book
end

local function write(key, book)
    local all = {}
    for i = 1, #FIELDS do
        all[2 * i - 1] = FIELDS[i]
        all[2 * i] = book[i]
    end
    redis.call('HSET', key, unpack(all))
    redis.call('PEXPIRE', key, KEPT_FOR)
end

-- A number that Redis knows nothing of may have been forgotten a moment ago, with slots given away up to the horizon.
local function read_number(key, now, interval, slack)
    local book = read(key, interval, slack)
    if book[TAT] == 0 then book[TAT] = now + HORIZON + slack end
    local recovered = math.floor(math.max(now - book[LOWERED], 0) / 100000)
    book.factor = 1000 - math.max(book[LOSS] - recovered, 0)
    book.slowed = math.floor((interval * 1000 + book.factor - 1) / book.factor)
    return book
end

local function forget_queues(book)
    for i = TAIL + 1, AGAIN + 3 do book[i] = 0 end
end

local function next_slot(book, now)
    return math.max(now, book[TAT] - book.slack)
end

local function depth(book, lane)
    for above = 1, lane do
        if book[OWED + above] >= book.enough[lane - above + 1] then return HORIZON end
    end
    return DEPTH[lane]
end

local function slot_of(book, now, lane, promised)
    local slot = next_slot(book, now)
    if not promised and slot > now and book[TAIL + lane] > now + LEAD[lane] then return nil end
    if slot <= now + depth(book, lane) then return slot end
    return nil
end

local function take(book, now, interval, lane)
    book[TAT] = math.max(book[TAT], now) + interval
    for above = 1, lane do book[OWED + above] = math.max(book[OWED + above] - SHARE, 0) end
    if lane < 3 then book[OWED + lane + 1] = math.min(book[OWED + lane + 1] + 1, book.most) end
end

local function promise(book, now, lane, promised)
    local slot = next_slot(book, now)
    local place, again = math.max(slot, book[TAIL + lane]), math.max(slot, book[AGAIN + lane])
    if promised and again <= place then
        book[AGAIN + lane] = again + ROOM_AGAIN * book.interval
        if depth(book, lane) == HORIZON then return again - LEAD_OF_THE_OWED end
        return again - LEAD[lane]
    end
    book[TAIL + lane] = place + book.interval
    return place - LEAD[lane]
end

local function requeue(book, now)
    forget_queues(book)
    book[CHANGE] = now
end
