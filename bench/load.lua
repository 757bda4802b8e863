-- The load on POST /orders, for wrk: each request its own body and, where asked for, its own Idempotency-Key.
-- Arguments: a name that no other run has; "key" or "no-key"; a file of Lua that returns shoppers and products.

local counter = 0
local run, with_key, shoppers, products

function init(args)
  run, with_key = args[1], args[2] == "key"
  shoppers, products = dofile(args[3])
  math.randomseed(os.time())
end

function request()
  counter = counter + 1
  local shopper = shoppers[math.random(#shoppers)]
  local first = math.random(#products)
  local second = (first + math.random(#products - 1) - 1) % #products + 1
  local body = '{"items":[{"product_id":"' .. products[first] .. '","quantity":' .. math.random(3) ..
    '},{"product_id":"' .. products[second] .. '","quantity":' .. math.random(3) ..
    '}],"shipping_address_id":"' .. shopper.address .. '"}'
  local headers = { ["Authorization"] = "Bearer " .. shopper.token, ["Content-Type"] = "application/json" }
  if with_key then
    headers["Idempotency-Key"] = run .. "-" .. counter
  end
  return wrk.format("POST", "/orders", headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
