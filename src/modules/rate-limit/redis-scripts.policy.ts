/**
 * One hit, or a peek, in one atomic step. A key holds a list: time and number of hits of each step of time, the
 * oldest first, then the sum of the hits. Everything happens at the ends of the list. The time is Redis's own, so
 * all replicas agree; when it was set back, the list is moved back with it. The rules are those of
 * `SlidingWindows`: the newest `limit` hits decide.
 * ARGV: window in ms, limit, step in ms, 1 to count or 0 to peek, hits to take over and their age in ms.
 * Answers: allowed (0 or 1), hits that count, ms until the oldest leaves the window.
 */
export const HIT_SCRIPT = `
local key = KEYS[1]
local window, limit, step = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count, carried, age = ARGV[4] == '1', tonumber(ARGV[5]), tonumber(ARGV[6])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lastTime, lastCount, total = 0, 0, 0

local function write(list)
  redis.call('DEL', key)
  for i = 1, #list, 100 do redis.call('RPUSH', key, unpack(list, i, math.min(i + 99, #list))) end
end

local tail = redis.call('LRANGE', key, -3, -1)
if #tail == 3 then lastTime, lastCount, total = tonumber(tail[1]), tonumber(tail[2]), tonumber(tail[3]) end
local ahead = lastTime - now
if ahead > math.max(step, math.ceil(window / 4096)) + 1000 then
  local list = redis.call('LRANGE', key, 0, -1)
  for i = 1, #list - 1, 2 do list[i] = tonumber(list[i]) - ahead end
  write(list)
  lastTime = now
end

local function saveTotal() redis.call('LSET', key, -1, total) end

local function dropWhile(needless)
  local dropped = 0
  while total > 0 do
    local chunk = redis.call('LRANGE', key, 0, 63)
    local i = 1
    while i < #chunk and needless(tonumber(chunk[i]), tonumber(chunk[i + 1])) do
      total = total - tonumber(chunk[i + 1])
      i = i + 2
    end
    if i == 1 then break end
    redis.call('LTRIM', key, i - 1, -1)
    dropped = dropped + i - 1
    if i < 64 then break end
  end
  if dropped > 0 then saveTotal() end
end

local function add(time, hits)
  if total > 0 and lastTime >= time then
    hits = math.min(hits, math.max(0, limit - lastCount))
    lastCount = lastCount + hits
    total = total + hits
    redis.call('LSET', key, -2, lastCount)
    saveTotal()
  else
    if total > 0 then redis.call('LSET', key, -1, time) else redis.call('RPUSH', key, time) end
    lastTime, lastCount, total = time, hits, total + hits
    redis.call('RPUSH', key, hits, total)
  end
end

if total > 0 and lastTime + window <= now then
  redis.call('DEL', key)
  total = 0
end
dropWhile(function(time, hits) return time + window <= now or total - hits >= limit end)
if carried > 0 then add(now - age, math.min(carried, limit)) end
local allowed = total < limit
if count then
  add(math.ceil(now / step) * step, 1)
  dropWhile(function(_, hits) return total - hits >= limit end)
end
if count or carried > 0 then redis.call('PEXPIRE', key, window + step) end
local wait = 0
if total > 0 then wait = math.max(0, tonumber(redis.call('LINDEX', key, 0)) + window - now) end
return { allowed and 1 or 0, math.min(total, limit), wait }
`;

/**
 * A sign of life of one node, on Redis's time. ARGV: node, ms after which a silent node does not count any more.
 * Answers the number of nodes.
 */
export const PRESENCE_SCRIPT = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
`;
