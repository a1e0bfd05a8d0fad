#!/usr/bin/env node
const { start, useAllCores } = require('./start.js');

useAllCores();
start('tokenizer/cli.ts');
