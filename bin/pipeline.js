#!/usr/bin/env node
const { start, useAllCores } = require('./start.js');

useAllCores();
start('cli/pipeline/main.ts');
