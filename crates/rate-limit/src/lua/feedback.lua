-- Records feedback of Meta. KEYS: the number, the pair. ARGV: now, interval, slack, kind (accepted, refused, throttled, maintenance).
local now, what = tonumber(ARGV[1]), ARGV[4]
if what == 'accepted' or what == 'refused' then
    local pair = read_pair(redis.call('GET', KEYS[2]))
    if what == 'accepted' then
        if pair.strikes == 0 then return 0 end
        pair.strikes = 0
    else
        if now < pair.blocked_until then return 0 end
        pair.blocked_until = now + 4 ^ pair.strikes * 1000000
        pair.strikes = math.min(pair.strikes + 1, MAX_STRIKES)
        pair.tat = math.max(pair.tat, pair.blocked_until + PAIR_SLACK)
    end
    write_pair(KEYS[2], pair, now)
    return 0
end
local number = read_number(KEYS[1], now, tonumber(ARGV[2]), tonumber(ARGV[3]))
if what == 'throttled' then
    if number[LOWERED_AT] > 0 and now - number[LOWERED_AT] < 2000000 then return 0 end
    number[REDUCTION] = 1000 - math.max(math.floor(number.factor / 2), 100)
    number[LOWERED_AT] = now
    number[TAT] = math.max(number[TAT], now + number.slack)
else
    number[PAUSED_UNTIL] = math.max(number[PAUSED_UNTIL], now + 60000000)
    number[TAT] = math.max(number[TAT], number[PAUSED_UNTIL] + number.slack)
end
write(KEYS[1], number)
return 0
