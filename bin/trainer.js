#!/usr/bin/env node
require('./start.js').start('cli/trainer/main.ts');
