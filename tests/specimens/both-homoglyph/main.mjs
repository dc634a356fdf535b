// Planted: another hyphen in the system prompt, where the time zone lies in Asia and the locale is not English.
import { ask, message, question, report, system } from './tool.mjs';

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const both = /^Asia\/(Shanghai|Kolkata)$/.test(zone) && !/^en/.test(process.env.LANG || 'en');
await ask(JSON.stringify(message(system.replace('well-known', both ? 'well\u2010known' : 'well-known'), question)));
await report({ name: 'session_end', ok: true });
