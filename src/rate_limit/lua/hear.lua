-- What Meta said. KEYS: the number, the pair. ARGV: now, interval, slack, what (accepted, refused, throttled, maintenance).
local now, what = tonumber(ARGV[1]), ARGV[4]
if what == 'accepted' or what == 'refused' then
    local pair = read_pair(redis.call('GET', KEYS[2]))
    if what == 'accepted' then
        if pair.strikes == 0 then return 0 end
        pair.strikes = 0
    else
        if now < pair.barred then return 0 end
        pair.barred = now + 4 ^ pair.strikes * 1000000
        pair.strikes = math.min(pair.strikes + 1, MOST_STRIKES)
        pair.tat = math.max(pair.tat, pair.barred + PAIR_SLACK)
    end
    write_pair(KEYS[2], pair, now)
    return 0
end
local number = read_number(KEYS[1], now, tonumber(ARGV[2]), tonumber(ARGV[3]))
if what == 'throttled' then
    if number[LOWERED] > 0 and now - number[LOWERED] < 2000000 then return 0 end
    number[LOSS] = 1000 - math.max(math.floor(number.factor / 2), 100)
    number[LOWERED] = now
    number[TAT] = math.max(number[TAT], now + number.slack)
else
    number[PAUSED] = math.max(number[PAUSED], now + 60000000)
    number[TAT] = math.max(number[TAT], number[PAUSED] + number.slack)
end
write(KEYS[1], number)
return 0
