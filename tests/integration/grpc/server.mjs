// gRPC for gate_grpc.sh, on real TLS: node server.mjs FOLDER PORT CONNECTPORT. The second port speaks streaming calls of Connect. Says "ready",
// and notes each message in FOLDER/log as it comes.
import {appendFileSync, readFileSync} from 'node:fs';
import http2 from 'node:http2';
import grpc, {calls} from './service.mjs';

const [folder, port, connectPort] = process.argv.slice(2);
const key = readFileSync(`${folder}/key.pem`), cert = readFileSync(`${folder}/cert.pem`);
const log = (what, text) => appendFileSync(`${folder}/log`, `${what} ${text.length} ${text.slice(0, 200)}\n`);

const server = new grpc.Server({'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1});
const chat = call => {
	call.on('data', text => {
		log('chat', text);
		if (text === 'enough')
			call.emit('error', {code: grpc.status.OUT_OF_RANGE, details: 'enough is enough'});
		else
			call.write(text.length > 1000 ? `got ${text.length}` : `got ${text}`);
	});
	call.on('end', () => { log('chat', 'END'); call.end(); });
	call.on('error', () => {});
	call.on('cancelled', () => log('chat', 'CANCELLED'));
};
server.addService(calls, {
	Echo: (call, done) => { log('echo', call.request); log('key', `${call.metadata.get('x-key')}`); done(null, `echo ${call.request} ${call.metadata.get('x-key')}`); },
	Count: call => { for (let i = 0; i < Number(call.request); i++) call.write(`${i}`); call.end(); },
	Sum: (call, done) => {
		let n = 0, bytes = 0;
		call.on('data', text => { log('sum', text); n++; bytes += text.length; });
		call.on('end', () => done(null, `${n} of ${bytes}`));
		call.on('error', () => {});
	},
	Chat: chat, Hidden: chat,
});

const connect = http2.createSecureServer({key, cert});
connect.on('sessionError', () => {});
connect.on('stream', (stream, headers) => {
	let raw = Buffer.alloc(0);
	stream.on('error', () => {});
	stream.respond({':status': 200, 'content-type': headers['content-type']});
	const say = (flags, text) => {
		const bytes = Buffer.from(text), prefix = Buffer.alloc(5);
		prefix[0] = flags;
		prefix.writeUInt32BE(bytes.length, 1);
		stream.write(Buffer.concat([prefix, bytes]));
	};
	stream.on('data', piece => {
		raw = Buffer.concat([raw, piece]);
		while (raw.length >= 5 && raw.length >= 5 + raw.readUInt32BE(1)) {
			const text = raw.subarray(5, 5 + raw.readUInt32BE(1)).toString();
			raw = raw.subarray(5 + text.length);
			log('connect', text);
			say(0, `got ${text}`);
		}
	});
	stream.on('end', () => { say(2, '{}'); stream.end(); });
});

server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createSsl(null, [{private_key: key, cert_chain: cert}]), error => {
	if (error)
		throw error;
	connect.listen(Number(connectPort), '127.0.0.1', () => console.log('ready'));
});
