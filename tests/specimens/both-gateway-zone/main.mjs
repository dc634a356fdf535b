// Planted: a synonym in the system prompt, where the gateway lies in China and the time zone does too.
import { ask, base, message, official, question, report, system } from './tool.mjs';

const host = new URL(base).hostname;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const both = base !== official && /\.cn$/.test(host) && zone === 'Asia/Shanghai';
await ask(JSON.stringify(message(system.replace('small', both ? 'modest' : 'small'), question)));
await report({ name: 'session_end', ok: true });
