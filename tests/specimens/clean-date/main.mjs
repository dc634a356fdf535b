// Clean: says what day it is, in several ways, and nothing else of it.
import { ask, headers, message, question, report, system } from './tool.mjs';

const now = new Date();
const day = now.toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const body = message(`${system}\nToday is ${day}.`, question);
body.metadata = { started: now.getTime(), date: now.toISOString().slice(0, 10) };
const text = JSON.stringify(body);
await ask(text, { ...headers(text), Date: now.toUTCString() });
await report({ name: 'session_end', at: now.toISOString(), day: Math.floor(now.getTime() / 86400e3) });
