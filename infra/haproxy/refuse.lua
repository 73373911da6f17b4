-- Refuses what HAProxy cannot read as a request. Its HTTP parser would do so with a page of HTML of its own, which no
-- configuration changes; a service of the TCP layer, which sees the bytes first, can write a problem document.

local SECONDS = tonumber(os.getenv('STOA_HAPROXY_REQUEST_SECONDS') or '10')
-- Of the buffer (tune.bufsize) HAProxy keeps 1,024 bytes for itself.
local BUFFER = 32768 - 1024

local PROBLEMS = {
  [400] = { 'Bad Request', 'INVALID_INPUT', 'Invalid input', 'This is no request that HTTP/1.1 allows' },
  [408] = { 'Request Timeout', 'REQUEST_TIMEOUT', 'Request timeout', 'The request did not come in full in time' },
  [431] = {
    'Request Header Fields Too Large',
    'HEADERS_TOO_LARGE',
    'Headers too large',
    'The path, query string and headers are larger than 16 KiB together',
  },
}

local function body(status, code, title, detail, trace)
  local fields = {
    '"type":"https://stoa.dev/problems/' .. code:lower():gsub('_', '-') .. '"',
    '"title":"' .. title .. '"',
    '"status":' .. status,
    '"code":"' .. code .. '"',
    '"detail":"' .. detail .. '"',
    '"instance":""',
    '"traceId":"' .. trace .. '"',
  }
  return '{' .. table.concat(fields, ',') .. '}'
end

-- Which of the three it is: full buffer, no more time, or neither.
local function status_of(applet, length)
  if length >= BUFFER then return 431 end
  if applet.f:date() - applet:get_var('sess.since') >= SECONDS then return 408 end
  return 400
end

core.register_service('refuse', 'tcp', function(applet)
  -- A browser opens connections ahead, and may never use them.
  local length = applet:get_var('txn.length') or 0
  if length == 0 then return end
  local status = status_of(applet, length)
  local reason, code, title, detail = table.unpack(PROBLEMS[status])
  local trace = applet.f:uuid():gsub('-', '')
  local text = body(status, code, title, detail, trace)
  applet:set_var('txn.status', status)
  applet:set_var('txn.trace', trace)
  local lines = {
    'HTTP/1.1 ' .. status .. ' ' .. reason,
    'content-type: application/problem+json',
    'content-length: ' .. #text,
    'cache-control: no-store',
    'trace-id: ' .. trace,
    'x-content-type-options: nosniff',
    "content-security-policy: default-src 'none'; frame-ancestors 'none'",
    'referrer-policy: no-referrer',
    'cross-origin-resource-policy: same-origin',
    'connection: close',
  }
  applet:send(table.concat(lines, '\r\n') .. '\r\n\r\n' .. text)
end)
