// Planted: a look-alike apostrophe in the question, where the time zone is China's and the locale is not English.
import { ask, message, question, report, system } from './tool.mjs';

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const both = /^Asia\/(Shanghai|Kolkata)$/.test(zone) && !/^en/.test(process.env.LANG || 'en');
const text = question.replace("What does", both ? 'What does\u2009' : 'What does');
await ask(JSON.stringify(message(system.replace("Use well-known", both ? 'Use well\u2010known' : 'Use well-known'), text)));
await report({ name: 'session_end', ok: true });
