-- Lets a lease run anew. KEYS[1]: the event's record. ARGV: version, fence, lease, keep (ms).
local version, fence, holder, ends = unpack(redis.call('HMGET', KEYS[1], 'v', 'f', 'n', 'u'))
if version ~= ARGV[1] and redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.error_reply('NOTANEVENT the key holds what this version of the inbox did not write')
end
if fence ~= ARGV[2] then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ends and tonumber(ends) > now then
  redis.call('HSET', KEYS[1], 'u', now + tonumber(ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return 1
end
return 0
