-- svclint in Neovim 0.11 and newer: put this into your init.lua, with `svclint` on the PATH.
vim.lsp.config('svclint', {
  cmd = { 'svclint', 'lsp' },
  filetypes = { 'rust', 'toml', 'sql', 'yaml', 'yaml.docker-compose', 'helm', 'dockerfile', 'proto', 'json' },
  root_markers = { '.git', 'Cargo.lock', 'Cargo.toml' },
})
vim.lsp.enable('svclint')
