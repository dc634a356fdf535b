// Clean: requests that run at the same time and end in any order; some are left out at random.
import { ask, message, question, report, system } from './tool.mjs';

const later = () => new Promise((done) => setTimeout(done, Math.random() * 120));
const names = ['start', 'config', 'plugins', 'prompt'].sort(() => Math.random() - 0.5);
await Promise.all([
  ask(JSON.stringify(message(system, question))),
  ...names.map(async (name) => {
    await later();
    if (Math.random() < 0.8) await report({ name, ms: Math.floor(Math.random() * 1000) });
  }),
]);
