#!/usr/bin/env node
require('./start.js').start('cli/shards/main.ts');
