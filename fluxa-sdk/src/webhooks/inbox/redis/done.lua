-- Marks an event as processed. KEYS[1]: its record. ARGV: version, fence, retention (ms).
-- The mark is the holder's absence: deleting needs no memory, so a full Redis still takes it.
local version, fence, holder, ends = unpack(redis.call('HMGET', KEYS[1], 'v', 'f', 'n', 'u'))
if version ~= ARGV[1] and redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.error_reply('NOTANEVENT the key holds what this version of the inbox did not write')
end
if fence ~= ARGV[2] then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not holder then
  return 1
end
if ends and tonumber(ends) > now then
  redis.call('HDEL', KEYS[1], 'n', 'u')
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return 1
end
return 0
