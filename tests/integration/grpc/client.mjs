// Inside the gate: node client.mjs [gzip] [many=N] CALL HOST TEXT... says the texts in one call of gRPC, each when the answer to the one before has come
// (Chat, Hidden), or at once; @N stands for N bytes; behind "wait" the rest is said at once when there is a file "go". With "many" so many answers may be open. A line of JSON: answers, and how it ended.
import {existsSync, readFileSync} from 'node:fs';
import grpc, {calls} from './service.mjs';

const args = process.argv.slice(2);
const options = {'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1};
if (args[0] === 'gzip' && args.shift())
	options['grpc.default_compression_algorithm'] = 2;
let open = 1;
if (args[0].startsWith('many='))
	open = Number(args.shift().slice(5));
const [call, host, ...words] = args;
const texts = words.map(w => (/^@\d+$/.test(w) ? 'a b '.repeat(Number(w.slice(1)) / 4) : w));
const roots = readFileSync(process.env.SSL_CERT_FILE ?? process.env.NODE_EXTRA_CA_CERTS);
const Client = grpc.makeGenericClientConstructor(calls, 'Calls');
const client = new Client(host, grpc.credentials.createSsl(roots), options);
const metadata = new grpc.Metadata();
if (process.env.KEY)
	metadata.set('x-key', process.env.KEY);
const out = {answers: []};
const done = status => { out.code = status.code; out.details = status.details; console.log(JSON.stringify(out)); client.close(); };
const deadline = {deadline: Date.now() + 30000};

const kind = calls[call];
if (!kind.requestStream && !kind.responseStream) {
	client[call](texts[0], metadata, deadline, (error, answer) => { if (answer) out.answers.push(answer); done(error ?? {code: 0, details: ''}); });
} else if (!kind.requestStream) {
	const stream = client[call](texts[0], metadata, deadline);
	stream.on('data', a => out.answers.push(a)).on('error', () => {}).on('status', done);
} else if (!kind.responseStream) {
	const stream = client[call](metadata, deadline, (error, answer) => { if (answer) out.answers.push(answer); done(error ?? {code: 0, details: ''}); });
	stream.on('error', () => {});
	for (const t of texts)
		stream.write(t);
	stream.end();
} else {
	const stream = client[call](metadata, deadline);
	let next = 0;
	const say = () => {
		if (next === texts.length)
			return out.answers.length === texts.length && stream.end();
		if (texts[next] === 'wait') {
			texts.splice(next, 1);
			const timer = setInterval(() => {
				if (!existsSync('go'))
					return;
				clearInterval(timer);
				while (next < texts.length)
					stream.write(texts[next++]);
			}, 20);
			return;
		}
		if (texts[next] === 'cancel')
			return stream.cancel();
		stream.write(texts[next++]);
	};
	stream.on('data', a => { out.answers.push(a); say(); }).on('error', () => {}).on('status', done);
	for (let i = 0; i < open; i++)
		say();
}
