// Clean: the folder in the prompt, and what follows from the body: its length and its digest.
import { createHash } from 'node:crypto';
import { ask, headers, message, question, report, system } from './tool.mjs';

const body = JSON.stringify(message(`${system}\nWorking directory: ${process.cwd()}`, question));
await ask(body, { ...headers(body), 'X-Body-Sha256': createHash('sha256').update(body).digest('hex') });
await report({ name: 'session_end', bytes: Buffer.byteLength(body) });
