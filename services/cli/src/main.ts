#!/usr/bin/env node
import { shellOfProcess } from './process-shell.js';
import { run } from './program.js';

process.exitCode = await run(process.argv.slice(2), shellOfProcess());
