// Inside the gate: requests with fields after their content. node gate_trailers.mjs URL 1|2 BODY 'name: value'...; prints the reply. A header
// X-Key is sent if KEY is set.
import http2 from 'node:http2';
import https from 'node:https';

const [url, version, body, ...lines] = process.argv.slice(2);
const {host, pathname} = new URL(url);
const fields = lines.map(line => line.split(/: (.*)/s));
const headers = process.env.KEY ? {'x-key': process.env.KEY} : {};
if (version === '2') {
	const session = http2.connect(`https://${host}`);
	session.on('error', e => console.log(e.code));
	const stream = session.request({':method': 'POST', ':path': pathname, ...headers}, {waitForTrailers: true});
	stream.on('wantTrailers', () => {
		const after = {};
		for (const [name, value] of fields)
			after[name] = name in after ? [after[name], value].flat() : value;
		stream.sendTrailers(after);
	});
	stream.on('data', piece => process.stdout.write(piece));
	stream.on('error', e => console.log(e.code));
	stream.on('close', () => session.destroy());
	stream.end(body);
} else {
	const request = https.request(url, {method: 'POST', headers: {...headers, 'transfer-encoding': 'chunked'}}, reply => reply.pipe(process.stdout));
	request.on('error', e => console.log(e.code));
	if (body)
		request.write(body);
	request.addTrailers(fields);
	request.end();
}
