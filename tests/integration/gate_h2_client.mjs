// Inside the gate: requests of HTTP/2 over one connection, all at once. node gate_h2_client.mjs HOST PATH...; a line of JSON for each, in order. To a path that
// begins with /up the content is sent when the server wants it.
import http2 from 'node:http2';

const [host, ...paths] = process.argv.slice(2);
const session = http2.connect(`https://${host}`);
session.on('error', () => {});
const one = path => new Promise(done => {
	const out = {path, size: 0, text: '', hints: []}, up = path.startsWith('/up');
	const stream = session.request({':path': path, te: 'trailers', ...(up ? {':method': 'POST', expect: '100-continue'} : {})}, {endStream: !up});
	if (up) {
		const timer = setTimeout(() => { out.error = 'no 100'; stream.close(); }, 4000);
		stream.on('continue', () => { clearTimeout(timer); stream.end('abc'); });
	}
	stream.on('headers', headers => out.hints.push(`${headers[':status']} ${headers.link}`));
	stream.on('response', (headers, flags) => { out.status = headers[':status']; out.grpc = headers['grpc-status']; out.last = Boolean(flags & 1); });
	stream.on('trailers', headers => { out.trailers = {...headers}; });
	stream.on('data', piece => { out.size += piece.length; if (out.size < 4096) out.text += piece; });
	stream.on('error', e => { out.error = e.code; });
	stream.on('close', () => done(out));
});
for (const out of await Promise.all(paths.map(one)))
	console.log(JSON.stringify(out));
session.destroy();
