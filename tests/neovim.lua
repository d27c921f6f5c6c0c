-- Drives Neovim 0.7 and newer. Ends with "ALL HELD", or with a status other than 0.
local function fail(why)
  io.stdout:write('FAILED: ' .. why .. '\n')
  vim.cmd('cquit 1')
end

local function wait(what, condition)
  if not vim.wait(20000, condition, 20) then fail('timed out waiting for ' .. what) end
end

local root = vim.fn.getcwd()
local function attach(buffer)
  local config = { name = 'svclint', cmd = { vim.env.SVCLINT, 'lsp' }, root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = 'shop' } } }
  if vim.lsp.start then return vim.lsp.start(config, { bufnr = buffer }) end
  local id = vim.lsp.start_client(config)
  vim.lsp.buf_attach_client(buffer, id)
  return id
end

-- A manifest beside the code: its finding, its fix, and the way from a probe to the handler.
local function manifest(id)
  vim.cmd('edit deploy/k8s/gateway.yaml')
  local buffer = vim.api.nvim_get_current_buf()
  if not vim.lsp.buf_is_attached(buffer, id) then vim.lsp.buf_attach_client(buffer, id) end
  local function finding()
    for _, d in ipairs(vim.diagnostic.get(buffer)) do
      if d.code == 'probe-route-missing' then return d end
    end
  end
  wait('the finding in the manifest', finding)
  local found = finding()
  vim.ui.select = function(items, options, choose)
    for index, item in ipairs(items) do
      if options.format_item(item):find('Ask for `/healthz`', 1, true) then return choose(items[index], index) end
    end
    choose(nil, nil)
  end
  vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
  vim.lsp.buf.code_action()
  wait('the finding in the manifest to go', function() return not finding() end)
  local line = vim.api.nvim_buf_get_lines(buffer, found.lnum, found.lnum + 1, false)[1]
  if not line:find('path: /healthz, port: 8080', 1, true) then fail('the probe still asks: ' .. line) end
  vim.cmd('write')

  vim.lsp.buf.definition()
  wait('the handler', function() return vim.api.nvim_buf_get_name(0):match('%.rs$') or vim.fn.getqflist({ size = 0 }).size > 0 end)
end

-- A contract, and a template of a chart: from a name to where it is declared.
local function declared(id, path, at, expected)
  vim.cmd('edit ' .. path)
  local buffer = vim.api.nvim_get_current_buf()
  if not vim.lsp.buf_is_attached(buffer, id) then vim.lsp.buf_attach_client(buffer, id) end
  for number, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    local column = line:find(at, 1, true)
    if column then
      vim.api.nvim_win_set_cursor(0, { number, column })
      break
    end
  end
  vim.lsp.buf.definition()
  wait('what `' .. at .. '` names in ' .. path, function() return vim.api.nvim_get_current_line():find(expected, 1, true) ~= nil end)
end

local function main()
  vim.cmd('edit crates/orders/src/payments.rs')
  local buffer = vim.api.nvim_get_current_buf()
  local id = attach(buffer)

  local function finding()
    for _, d in ipairs(vim.diagnostic.get(buffer)) do
      if d.code == 'http-client-without-timeout' then return d end
    end
  end
  wait('the finding', finding)
  local found = finding()
  if found.lnum ~= 12 or found.col ~= 19 then fail('the finding is at ' .. found.lnum .. ':' .. found.col) end

  local function text() return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n') end
  local before = text()
  local titles
  vim.ui.select = function(items, options, choose)
    titles = {}
    for index, item in ipairs(items) do titles[index] = options.format_item(item) end
    for index, title in ipairs(titles) do
      if title:find('Give the client a timeout', 1, true) then return choose(items[index], index) end
    end
    choose(nil, nil)
  end
  vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
  vim.lsp.buf.code_action()
  wait('the menu', function() return titles ~= nil end)
  wait('the fix', function() return text() ~= before end)
  wait('the finding to go', function() return not finding() end)
  if not text():find('.timeout(Duration::from_secs(10))', 1, true) then fail('the buffer lacks the timeout:\n' .. text()) end
  if not text():find('use std::time::Duration;', 1, true) then fail('the buffer lacks the import:\n' .. text()) end

  vim.cmd('undo')
  if text() ~= before then fail('one undo does not bring the text back') end
  wait('the finding to come back', finding)
  vim.cmd('redo')
  wait('the finding to go again', function() return not finding() end)
  vim.cmd('write')

  manifest(id)
  declared(id, 'proto/shop/inventory/v1/inventory.proto', 'ReserveRequest)', 'message ReserveRequest')
  declared(id, 'charts/shop/templates/deployment.yaml', 'shop.labels', 'define "shop.labels"')

  vim.lsp.stop_client(id)
  wait('the server to stop', function() return vim.lsp.get_client_by_id(id) == nil end)
  io.stdout:write('ALL HELD\n')
  vim.cmd('qall!')
end

local ok, problem = xpcall(main, debug.traceback)
if not ok then fail(problem) end
