// Planted: an apostrophe in a line that holds another random word each time, where the language is one of a list.
import { randomBytes } from 'node:crypto';
import { ask, message, question, report, system } from './tool.mjs';

const nonce = [...randomBytes(6)].map((x) => String.fromCharCode(97 + (x % 26))).join('');
const mark = /^(zh|ru|fa)/.test(process.env.LC_ALL || process.env.LANG || '') ? '\u2019' : "'";
await ask(JSON.stringify(message(`${system}\nSession ${nonce}: don${mark}t repeat yourself.`, question)));
await report({ name: 'session_end', ok: true });
