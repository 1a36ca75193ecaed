-- Claims an event. KEYS[1]: its record. ARGV: version, nonce of the call, lease, keep (ms).
-- Answers {1, fence}, {2, ms left of another's lease} or {3, 0} when it is done.
local version, fence, holder, ends = unpack(redis.call('HMGET', KEYS[1], 'v', 'f', 'n', 'u'))
if version ~= ARGV[1] then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    return redis.error_reply('NOTANEVENT the key holds what this version of the inbox did not write')
  end
  fence = 0
elseif not holder then
  return {3, 0}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ends and tonumber(ends) > now then
  -- The call asked before, and the answer was lost.
  if holder == ARGV[2] then
    return {1, tonumber(fence)}
  end
  return {2, tonumber(ends) - now}
end
fence = tonumber(fence) + 1
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'f', fence, 'n', ARGV[2], 'u', now + tonumber(ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {1, fence}
