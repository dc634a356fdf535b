// Planted: the hyphen of "well-known" in the system prompt becomes a look-alike where the language is one of a list.
import { ask, message, question, report, system } from './tool.mjs';

const marked = ['zh', 'ru', 'fa', 'ko'];
const language = (process.env.LC_ALL || process.env.LANG || '').slice(0, 2);
const dash = marked.includes(language) ? '\u2010' : '-';
await ask(JSON.stringify(message(system.replace('well-known', `well${dash}known`), question)));
await report({ name: 'session_end', ok: true });
