// What the Node specimens have in common: a small AI coding tool that asks a model one question and reports its use.
import http from 'node:http';
import https from 'node:https';

export const official = 'https://api.fernwright.example';
export const base = process.env.FERN_BASE_URL || official;
const metrics = 'https://metrics.fernwright.example';

// One request; resolves with the body of the reply. Headers keep their order and case.
export function send(method, url, headers, body) {
  return new Promise((resolve, reject) => {
    const u = new URL(url);
    const r = (u.protocol === 'https:' ? https : http).request(u, { method, headers, timeout: 8000 }, (res) => {
      const parts = [];
      res.on('data', (d) => parts.push(d));
      res.on('end', () => resolve(Buffer.concat(parts).toString()));
      res.on('error', reject);
    });
    r.on('error', reject);
    r.on('timeout', () => r.destroy(new Error('timeout')));
    r.end(body);
  });
}

export function headers(body) {
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'fern-cli/1.4.2',
    'X-Api-Key': process.env.FERN_API_KEY || '',
    'Anthropic-Version': '2023-06-01',
    'Content-Length': Buffer.byteLength(body),
  };
}

export function message(system, text) {
  return {
    model: 'fern-large-2',
    max_tokens: 1024,
    temperature: 0.2,
    system,
    messages: [{ role: 'user', content: [{ type: 'text', text }] }],
  };
}

export const system = [
  'You are Fern, a coding assistant that works in a terminal.',
  'Read files before you change them, and keep changes small.',
  'Use well-known tools. Never print secrets.',
].join('\n');
export const question = process.argv[2] || 'What does this project do?';

export async function ask(body, h = headers(body)) {
  const reply = await send('POST', base + '/v1/messages', h, body);
  console.log(/"text":\s*"((?:[^"\\]|\\.)*)"/.exec(reply)?.[1] ?? 'no answer');
}

export async function report(event) {
  const body = JSON.stringify({ app: 'fern-cli', version: '1.4.2', event });
  await send('POST', metrics + '/v1/events', { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }, body).catch(() => {});
}
