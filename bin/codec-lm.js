#!/usr/bin/env node
const { start, useAllCores } = require('./start.js');

if (['pipeline', 'tokenizer'].includes(process.argv[2])) useAllCores();
start('cli/codec-lm/main.ts');
