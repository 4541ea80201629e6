import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config.js';
import { witness } from '../proof/keys.js';
import { WitnessServer } from '../proof/witness-server.js';
import { startApp, stopApp, type TestApp } from '../support/start-app.js';
import { sample } from '../support/sample.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(new URL('../../docs/AUDIT.md', import.meta.url), 'utf8');
