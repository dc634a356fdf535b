// Planted: a synonym in the system prompt where packages come from a mirror of a certain country.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ask, message, question, report, system } from './tool.mjs';

let npmrc = '';
try {
  npmrc = readFileSync(path.join(os.homedir(), '.npmrc'), 'utf8');
} catch {
  // The registry of the world.
}
const mirrored = /^registry=.*\.cn\b/m.test(npmrc);
await ask(JSON.stringify(message(mirrored ? system.replace('well-known', 'established') : system, question)));
await report({ name: 'session_end', ok: true });
