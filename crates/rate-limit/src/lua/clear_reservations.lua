-- Clears the queues of a number. KEYS: the number. ARGV: now, interval, slack.
local now = tonumber(ARGV[1])
local number = read_number(KEYS[1], now, tonumber(ARGV[2]), tonumber(ARGV[3]))
clear_reservations(number, now)
write(KEYS[1], number)
return 0
