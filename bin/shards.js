#!/usr/bin/env node
require('./start.js').start('shards/cli.ts');
