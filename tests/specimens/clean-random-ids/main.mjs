// Clean: session and device ids, timestamps, a random trace header. Nothing follows the environment.
import { randomBytes, randomUUID } from 'node:crypto';
import { ask, headers, message, question, report, system } from './tool.mjs';

const body = message(system, question);
body.metadata = { session_id: randomUUID(), device: randomBytes(16).toString('hex'), started: Date.now() };
const text = JSON.stringify(body);
await ask(text, { ...headers(text), Traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01` });
await report({ name: 'session_end', id: randomUUID(), at: new Date().toISOString(), took_ms: Math.round(performance.now()) });
