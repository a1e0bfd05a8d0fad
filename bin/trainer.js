#!/usr/bin/env node
require('./start.js').start('trainer/cli.ts');
