// Inside the gate: requests of HTTP/2 over one connection, all at once. node gate_h2_client.mjs HOST PATH...; a line of JSON for each, in order.
import http2 from 'node:http2';

const [host, ...paths] = process.argv.slice(2);
const session = http2.connect(`https://${host}`);
session.on('error', () => {});
const one = path => new Promise(done => {
	const out = {path, size: 0, text: ''};
	const stream = session.request({':path': path, te: 'trailers'}, {endStream: true});
	stream.on('response', (headers, flags) => { out.status = headers[':status']; out.grpc = headers['grpc-status']; out.last = Boolean(flags & 1); });
	stream.on('trailers', headers => { out.trailers = {...headers}; });
	stream.on('data', piece => { out.size += piece.length; if (out.size < 4096) out.text += piece; });
	stream.on('error', e => { out.error = e.code; });
	stream.on('close', () => done(out));
});
for (const out of await Promise.all(paths.map(one)))
	console.log(JSON.stringify(out));
session.destroy();
