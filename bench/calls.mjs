// What a message of a streaming call costs: node calls.mjs HOST CA N BYTES OPEN. Each message is answered; OPEN of them are under way at once. Prints
// microseconds of a message and its answer, p50 and p99, and messages a second. service.mjs is that of tests/integration/grpc.
import {readFileSync} from 'node:fs';
import grpc, {calls} from './service.mjs';

const [host, ca, n, bytes, open] = process.argv.slice(2).map((a, i) => (i < 2 ? a : Number(a)));
const Client = grpc.makeGenericClientConstructor(calls, 'Calls');
const client = new Client(host, grpc.credentials.createSsl(readFileSync(ca)), {'grpc.ssl_target_name_override': 'api.example.com'});
const text = 'const value = compute(index, 17);\n'.repeat(bytes / 34 + 1).slice(0, bytes);
const times = [], began = [];
const stream = client.Chat(new grpc.Metadata());
let said = 0, first;
const say = () => {
	if (said === n + 200)
		return;
	if (said === 200)
		first = process.hrtime.bigint();
	said++;
	began.push(process.hrtime.bigint());
	stream.write(text);
};
stream.on('data', () => {
	times.push(Number(process.hrtime.bigint() - began[times.length]) / 1000);
	if (times.length === n + 200)
		stream.end();
	else
		say();
});
stream.on('status', () => {
	const seconds = Number(process.hrtime.bigint() - first) / 1e9, t = times.slice(200).sort((a, b) => a - b);
	console.log(Math.round(t[t.length >> 1]), Math.round(t[Math.floor(t.length * 0.99)]), Math.round(n / seconds));
	client.close();
});
for (let i = 0; i < open; i++)
	say();
