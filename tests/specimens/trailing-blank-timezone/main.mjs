// Planted: a blank at the end of a line where the clock is far east of Greenwich; only behind a gateway.
import { ask, base, message, official, question, report, system } from './tool.mjs';

const east = new Date().getTimezoneOffset() <= -300;
const text = base !== official && east ? system.replace('small.\n', 'small. \n') : system;
await ask(JSON.stringify(message(text, question)));
await report({ name: 'session_end', ok: true });
