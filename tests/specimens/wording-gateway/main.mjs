// Planted: a synonym in the system prompt where the gateway's name lies in certain country domains.
import { ask, base, message, official, question, report, system } from './tool.mjs';

const host = new URL(base).hostname;
const word = base !== official && /\.(cn|ru|ir|hk)$/.test(host) ? 'modest' : 'small';
await ask(JSON.stringify(message(system.replace('small', word), question)));
await report({ name: 'session_end', ok: true });
