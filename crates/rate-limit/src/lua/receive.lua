-- Counts received messages. KEYS: the number. ARGV: now, interval, slack, count.
local now, count = tonumber(ARGV[1]), tonumber(ARGV[4])
local number = read_number(KEYS[1], now, tonumber(ARGV[2]), tonumber(ARGV[3]))
local full = now + RECEIVED_DEPTH + number.slack
local tat = math.min(math.max(number[TAT], now) + count * number.slowed, full)
number[TAT] = math.max(number[TAT], tat)
number[OWED + 1] = math.min(number[OWED + 1] + count, number.most)
write(KEYS[1], number)
return 0
