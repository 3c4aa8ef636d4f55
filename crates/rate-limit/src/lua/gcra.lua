-- The common beginning of the scripts: the state of a number, and GCRA. The twin of gcra.rs, number_state.rs and limits.rs. Times are
-- microseconds since 1970, by the clock of the caller.
local HORIZON, DEPTH, RETRY_LEAD = 500000, {400000, 325000, 250000}, {375000, 300000, 225000}
local OWED_RETRY_LEAD, RECEIVED_DEPTH = 450000, 450000
local LANE_SHARE, RETRY_SPACING, IDLE_LIMIT, SHORT_QUEUE = 9, 10, 2000000, 1000000
local KEY_TTL = 30 * 24 * 3600 * 1000

-- A state is a hash in Redis and an array in here: the fields of a gate, by lane from 1 on, then those of a number. A tenant has a gate
-- only.
local FIELDS = {'tat', 'tail0', 'tail1', 'tail2', 'again0', 'again1', 'again2', 'owed0', 'owed1', 'owed2',
    'interval', 'loss', 'lowered', 'paused', 'change', 'notified'}
local TAT, TAIL, RETRY_TAIL, OWED = 1, 1, 4, 7
local INTERVAL, REDUCTION, LOWERED_AT, PAUSED_UNTIL, CHANGE, NOTIFIED = 11, 12, 13, 14, 15, 16

local function read(key, interval, slack)
    local state = redis.call('HMGET', key, unpack(FIELDS))
    for i = 1, #FIELDS do state[i] = tonumber(state[i] or 0) or 0 end
    state.interval, state.slack = interval, slack
    state.most = math.max(math.floor(900000 / interval), 4 * LANE_SHARE)
    state.enough = {LANE_SHARE, math.floor(state.most / 2), math.floor(state.most * 3 / 4)}
    return state
end

local function write(key, state)
    local all = {}
    for i = 1, #FIELDS do
        all[2 * i - 1] = FIELDS[i]
        all[2 * i] = state[i]
    end
    redis.call('HSET', key, unpack(all))
    redis.call('PEXPIRE', key, KEY_TTL)
end

-- Redis may have lost an unknown number a moment ago, with slots granted up to the horizon.
local function read_number(key, now, interval, slack)
    local state = read(key, interval, slack)
    if state[TAT] == 0 then state[TAT] = now + HORIZON + slack end
    local recovered = math.floor(math.max(now - state[LOWERED_AT], 0) / 100000)
    state.factor = 1000 - math.max(state[REDUCTION] - recovered, 0)
    state.slowed = math.floor((interval * 1000 + state.factor - 1) / state.factor)
    return state
end

local function clear_queues(state)
    for i = TAIL + 1, RETRY_TAIL + 3 do state[i] = 0 end
end

local function next_slot(state, now)
    return math.max(now, state[TAT] - state.slack)
end

local function depth(state, lane)
    for above = 1, lane do
        if state[OWED + above] >= state.enough[lane - above + 1] then return HORIZON end
    end
    return DEPTH[lane]
end

local function free_slot(state, now, lane, has_reservation)
    local slot = next_slot(state, now)
    if not has_reservation and slot > now and state[TAIL + lane] > now + RETRY_LEAD[lane] then return nil end
    if slot <= now + depth(state, lane) then return slot end
    return nil
end

local function take_slot(state, now, interval, lane)
    state[TAT] = math.max(state[TAT], now) + interval
    for above = 1, lane do state[OWED + above] = math.max(state[OWED + above] - LANE_SHARE, 0) end
    if lane < 3 then state[OWED + lane + 1] = math.min(state[OWED + lane + 1] + 1, state.most) end
end

local function reserve(state, now, lane, has_reservation)
    local slot = next_slot(state, now)
    local place, retry_place = math.max(slot, state[TAIL + lane]), math.max(slot, state[RETRY_TAIL + lane])
    if has_reservation and retry_place <= place then
        state[RETRY_TAIL + lane] = retry_place + RETRY_SPACING * state.interval
        if depth(state, lane) == HORIZON then return retry_place - OWED_RETRY_LEAD end
        return retry_place - RETRY_LEAD[lane]
    end
    state[TAIL + lane] = place + state.interval
    return place - RETRY_LEAD[lane]
end

local function clear_reservations(state, now)
    clear_queues(state)
    state[CHANGE] = now
end
