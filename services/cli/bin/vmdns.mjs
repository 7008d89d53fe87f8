#!/usr/bin/env node
// Lies in git with its permission to run; dist/ is built later and has none.
import '../dist/main.js';
