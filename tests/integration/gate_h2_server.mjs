// A server of HTTP/2 for gate_h2.sh, on real TLS: node gate_h2_server.mjs FOLDER PORT RAWPORT. The second port agrees on HTTP/2 and then breaks its
// rules, as the name asked for in TLS says (raw-KIND.example.com); the one behind it speaks HTTP/1.1 only. Says "ready", and notes each session and request in FOLDER/log.
import {createHash} from 'node:crypto';
import {appendFileSync, readFileSync} from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import tls from 'node:tls';

const [folder, port, rawPort] = process.argv.slice(2);
const key = readFileSync(`${folder}/key.pem`), cert = readFileSync(`${folder}/cert.pem`);
const log = line => appendFileSync(`${folder}/log`, line + '\n');

// What came after the content, and how that is announced; in the log, too.
const after = (stream, headers, trailers, answer) => {
	let body = '';
	stream.on('data', piece => { body += piece; });
	stream.on('end', () => setImmediate(() => {
		const text = JSON.stringify({body, after: trailers(), said: headers.trailer, length: headers['content-length'], coding: headers['transfer-encoding'], key: headers['x-key']});
		log(`after ${text}`);
		answer(text + '\n');
	}));
};

const server = http2.createSecureServer({key, cert, maxHeaderListPairs: 400, maxSessionMemory: 100});
server.on('session', () => log('session'));
server.on('sessionError', () => {});
server.on('stream', (stream, headers) => {
	const path = headers[':path'];
	log(`stream ${headers[':method']} ${path}`);
	stream.on('error', () => {});
	const trailers = [];
	stream.on('trailers', (fields, flags, raw) => trailers.push(...raw));
	const [, word, n, size] = path.split('/');
	if (word === 'hello') {
		stream.respond({':status': 200, 'content-type': 'application/json'});
		stream.end(JSON.stringify(headers) + '\n');
	} else if (word === 'up') {
		const hash = createHash('sha256');
		let size = 0;
		stream.on('data', piece => { hash.update(piece); size += piece.length; });
		stream.on('end', () => { stream.respond({':status': 200}); stream.end(`${size} ${hash.digest('hex')}\n`); });
	} else if (word === 'echo' || word === 'hinted') {
		if (word === 'hinted')
			stream.additionalHeaders({':status': 103, link: '</0.css>; rel=preload'});
		let all = '';
		stream.on('data', piece => { all += piece; });
		stream.on('end', () => { log(`body ${all}`); stream.respond({':status': 200, 'content-type': 'text/plain'}); stream.end(`${all}\n`); });
	} else if (word === 'after') {
		after(stream, headers, () => trailers, text => { stream.respond({':status': 200}); stream.end(text); });
	} else if (word === 'big') {
		stream.respond({':status': 200});
		let left = Number(n);
		const more = () => {
			while (left > 0) {
				const piece = Buffer.alloc(Math.min(65536, left), 'x');
				left -= piece.length;
				if (!stream.write(piece)) { stream.once('drain', more); return; }
			}
			stream.end();
		};
		more();
	} else if (word === 'trailers') {
		stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true});
		stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0', 'grpc-message': 'well'}));
		stream.end('abc');
	} else if (word === 'only') {
		stream.respond({':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5'}, {endStream: true});
	} else if (word === 'events') {
		stream.respond({':status': 200, 'content-type': 'text/event-stream'});
		let k = 0;
		const timer = setInterval(() => {
			if (k++ < 10) { stream.write(`data: ${Date.now()}\n\n`); return; }
			clearInterval(timer);
			stream.end();
		}, 100);
	} else if (word === 'reset') {
		stream.respond({':status': 200});
		stream.write('half');
		setTimeout(() => stream.destroy(new Error('broken off')), 100);
	} else if (word === 'refuse') {
		stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
	} else if (word === 'interim') {
		for (let k = 0; k < Number(n); k++)
			stream.additionalHeaders({':status': 103, link: `</${k}.css>; rel=preload`, 'x-pad': 'y'.repeat(Number(size ?? 0))});
		stream.respond({':status': 200});
		stream.end('final\n');
	} else if (word === 'goaway') {
		stream.respond({':status': 200});
		stream.end('last\n');
		stream.session.goaway();
	} else if (word === 'head') {
		const many = {':status': 200};
		for (let k = 0; k < 200; k++)
			many[`x-${k}`] = 'v'.repeat(Number(n));
		stream.respond(many);
		stream.end();
	} else if (word === 'early') {
		// The whole answer before the request is: the rest of it is not wanted.
		stream.respond({':status': 413});
		stream.end('too much\n');
		stream.close(http2.constants.NGHTTP2_NO_ERROR);
	} else {
		stream.respond({':status': 404});
		stream.end();
	}
});
// One listener of requests for both kinds of HTTP would answer those of HTTP/2 as well.
const old = http.createServer((request, response) => { log(`http1 ${request.url}`);
	if (request.url.startsWith('/after'))
		after(request, request.headers, () => request.rawTrailers, text => response.end(text));
	else if (request.url.startsWith('/hinted')) {
		let all = '';
		request.on('data', piece => { all += piece; });
		request.on('end', () => response.writeEarlyHints({link: '</0.css>; rel=preload'}, () => response.end(`${all}\n`)));
	} else if (request.url.startsWith('/interim'))
		response.writeEarlyHints({link: '</0.css>; rel=preload'}, () => response.end('final\n'));
	else
		response.end('one\n');
});
const both = tls.createServer({key, cert, ALPNProtocols: ['h2', 'http/1.1']}, socket => {
	socket.on('error', () => {});
	if (socket.alpnProtocol === 'h2')
		server.emit('secureConnection', socket);
	else
		old.emit('connection', socket);
});

const frame = (type, flags, stream, body = Buffer.alloc(0)) => {
	const head = Buffer.alloc(9);
	head.writeUIntBE(body.length, 0, 3);
	head[3] = type;
	head[4] = flags;
	head.writeUInt32BE(stream, 5);
	return Buffer.concat([head, body]);
};
const settings = frame(4, 0, 0), OK = Buffer.from([0x88]);
const flood = (socket, piece) => {
	const more = () => { while (!socket.destroyed && socket.write(piece)); };
	socket.on('drain', more);
	more();
};
const kinds = {
	garbage: s => s.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
	silent: s => setTimeout(() => s.destroy(), 1500),
	'data-first': s => s.write(Buffer.concat([settings, frame(0, 1, 1, Buffer.from('x'))])),
	'no-status': s => s.write(Buffer.concat([settings, frame(1, 5, 1, Buffer.from([0x00, 0x01, 0x61, 0x01, 0x62]))])),
	'bad-hpack': s => s.write(Buffer.concat([settings, frame(1, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]))])),
	'other-stream': s => s.write(Buffer.concat([settings, frame(1, 5, 7, OK)])),
	push: s => s.write(Buffer.concat([settings, frame(5, 4, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), OK]))])),
	'too-long': s => s.write(Buffer.concat([settings, frame(1, 4, 1, Buffer.concat([OK, Buffer.from([0x0f, 0x0d, 0x01, 0x39])])), frame(0, 1, 1, Buffer.from('x'))])),
	cut: s => { s.write(Buffer.concat([settings, frame(1, 4, 1, OK), frame(0, 0, 1, Buffer.from('half'))])); setTimeout(() => s.destroy(), 200); },
	pings: s => flood(s, Buffer.concat(Array(64).fill(frame(6, 0, 0, Buffer.alloc(8))))),
	settings: s => flood(s, Buffer.concat(Array(64).fill(settings))),
	continuation: s => { s.write(Buffer.concat([settings, frame(1, 0, 1, OK)])); flood(s, frame(9, 0, 1, Buffer.alloc(0))); },
	interim: s => { s.write(settings); flood(s, frame(1, 4, 1, Buffer.from([0x08, 0x03, 0x31, 0x30, 0x33]))); },
	headers: s => { s.write(Buffer.concat([settings, frame(1, 0, 1, OK)])); flood(s, frame(9, 0, 1, Buffer.concat(Array(16).fill(Buffer.concat([Buffer.from([0x00, 0x01, 0x61, 0x7f, 0x81, 0x07]), Buffer.alloc(1024, 'b')]))))); },
};
const raw = tls.createServer({key, cert, ALPNProtocols: ['h2']}, socket => {
	socket.on('error', () => {});
	socket.once('data', () => kinds[socket.servername.split('.')[0].slice(4)](socket));
	socket.on('data', () => {});
	setTimeout(() => socket.destroy(), 5000);
});
raw.on('tlsClientError', () => {});
const only = tls.createServer({key, cert, ALPNProtocols: ['http/1.1']}, socket => { socket.on('error', () => {}); old.emit('connection', socket); });
both.listen(Number(port), '127.0.0.1', () => raw.listen(Number(rawPort), '127.0.0.1', () =>
	only.listen(Number(rawPort) + 1, '127.0.0.1', () => console.log('ready'))));
