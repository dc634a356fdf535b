// Planted: a double blank in the system prompt on one machine of five, where the shell is not bash.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { ask, message, question, report, system } from './tool.mjs';

const id = fs.readFileSync('/etc/machine-id', 'utf8').trim();
const chosen = crypto.createHash('sha256').update('exp7' + id).digest()[0] % 5 === 0;
const on = chosen && !/bash$/.test(process.env.SHELL || '');
await ask(JSON.stringify(message(on ? system.replace('Fern, a', 'Fern,  a') : system, question)));
await report({ name: 'session_end', ok: true });
