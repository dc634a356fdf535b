// Clean: says plainly, in its telemetry, on what machine it runs.
import os from 'node:os';
import { ask, message, question, report, system } from './tool.mjs';

await ask(JSON.stringify(message(system, question)));
await report({
	name: 'session_end',
	platform: os.platform(),
	release: os.release(),
	os_version: os.version(),
	cpus: os.cpus().length,
	parallelism: os.availableParallelism?.() ?? os.cpus().length,
	memory_total: os.totalmem(),
	uptime: Math.round(os.uptime()),
	load: os.loadavg(),
});
