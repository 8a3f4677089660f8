-- worker.lua: docs/write-a-worker.md shows how it comes about.
local json = require "dkjson"
local requests = assert(io.open("/dev/fd/3", "rb"))
local answers = assert(io.open("/dev/fd/4", "ab"))
io.stderr:write("loading the model\n")
local prepared = {}
local refused = {}
local out, err

local function read()
  local line = requests:read("L")
  if line == nil then os.exit(0) end
  if line:sub(-1) ~= "\n" then os.exit(1) end
  return json.decode(line, 1, json.null)
end

local function encode(value)
  if type(value) == "table" and value ~= json.null then
    local items, members, size = {}, {}, 0
    for _, item in ipairs(value) do items[#items + 1] = encode(item) end
    for _ in pairs(value) do size = size + 1 end
    local mark = getmetatable(value)
    if size == #items and (size > 0 or not mark or mark.__jsontype == "array") then
      return "[" .. table.concat(items, ",") .. "]"
    end
    for key, item in pairs(value) do
      assert(type(key) == "string", "a list with holes, or a key that is no text, cannot travel")
      members[#members + 1] = encode(key) .. ":" .. encode(item)
    end
    return "{" .. table.concat(members, ",") .. "}"
  elseif type(value) == "number" then
    assert(value - value == 0, "NaN and infinities cannot travel")
    if math.abs(value) < 2^53 then return string.format("%.17g", value) end
    assert(math.type(value) == "float", "an integer beyond 2**53-1 cannot travel")
    return string.format("%.16e", value)
  elseif type(value) == "string" then
    assert(utf8.len(value), "text that is not UTF-8 cannot travel")
  end
  return json.encode(value) -- texts, true, false and null
end

local function run(command)
  local pipe = assert(io.popen("exec 3<&- 4>&- 5<&- 6>&-; " .. command))
  local text = pipe:read("a")
  assert(pipe:close(), text) -- a status other than 0 fails the task
  return text
end

local ops = {
  echo = function(p) return p.value end,
  raise = function(p) error({ type = p.type, message = p.message }) end,
  busy = function(p)
    refused[p.key] = (refused[p.key] or 0) + 1
    if refused[p.key] <= p.times then error({ busy = p.delay_s }) end
    return "done"
  end,
  print = function(p) out, err = p.out, p.err end,
  sleep = function(p) os.execute(string.format("sleep %.6f", p.seconds)) end,
  exit = function(p) os.exit(p.status) end,
  prepared = function() return prepared end,
}

local function task(payload)
  if payload.run then return run(payload.run) end
  return ops[payload.op](payload)
end

local function plain(value)
  local text = tostring(value)
  return utf8.len(text) and text or (text:gsub("[\x80-\xff]", "?"))
end

local function respond(id, payload)
  out, err = json.null, json.null
  local done, result = pcall(function()
    local value = task(payload)
    if value == nil then value = json.null end
    return encode({ { id, value }, out, err })
  end)
  if done then return result end
  if tostring(result):find("interrupted!$") then os.exit(130) end
  local failure = type(result) == "table" and result or { type = "error", message = result }
  local first = { "RemoteException", id, plain(failure.type), plain(failure.message), "" }
  if failure.busy then first = { "TooBusy", id, failure.busy } end
  return encode({ first, json.null, json.null })
end

repeat
  local item = read()
  if item ~= json.null then prepared[#prepared + 1] = item end
until item == json.null

while true do
  local request = read()
  answers:write(respond(request[1], request[2]), "\n")
  answers:flush()
end
