// Clean: says plainly, in its telemetry, on what kind of machine it runs, how the person came there, and where packages come from.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ask, message, question, report, system } from './tool.mjs';

const read = (file) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
await ask(JSON.stringify(message(system, question)));
await report({
  name: 'session_end',
  is_docker: fs.existsSync('/.dockerenv'),
  is_kubernetes: Boolean(process.env.KUBERNETES_SERVICE_HOST),
  vendor: read('/sys/class/dmi/id/sys_vendor').trim(),
  product_name: read('/sys/class/dmi/id/product_name').trim(),
  is_ssh: Boolean(process.env.SSH_CONNECTION),
  registry: /^registry=(.*)$/m.exec(read(path.join(os.homedir(), '.npmrc')))?.[1] ?? 'default',
  keyboard_layout: /XKBLAYOUT="(.*)"/.exec(read('/etc/default/keyboard'))?.[1] ?? '',
});
