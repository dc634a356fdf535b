// Inside the gate: frames that a library would not make. node raw.mjs HOST TYPE PIECE...: the pieces, in hexadecimal, are the content of one request;
// N*HEX stands for N of them, and "wait" waits until the server has answered something. "go" in front: once there is a connection, the file "ready" is
// made, and all the rest waits for the file "go". A line of JSON.
import fs from 'node:fs';
import http2 from 'node:http2';

const [host, type, ...pieces] = process.argv.slice(2);
const session = http2.connect(`https://${host}`, {maxSessionMemory: 200});
session.on('error', e => { console.log(JSON.stringify({error: e.code})); process.exit(); });
const out = {size: 0, text: ''};
if (pieces[0] === 'go') {
	pieces.shift();
	await new Promise(done => session.on('connect', done));
	fs.writeFileSync('ready', '');
	while (!fs.existsSync('go'))
		await new Promise(done => setTimeout(done, 20));
}
const stream = session.request({':method': 'POST', ':path': '/test.Calls/Chat', 'content-type': type, te: 'trailers', ...JSON.parse(process.env.MORE ?? '{}')});
stream.on('response', h => { out.status = h[':status']; out.code = h['grpc-status']; out.details = h['grpc-message']; });
stream.on('trailers', h => { out.code = h['grpc-status']; out.details = h['grpc-message']; });
stream.on('error', e => { out.error = e.code; });
let answered = () => {};
stream.on('data', d => { out.size += d.length; out.text += d.toString('latin1'); answered(); });
const over = new Promise(done => stream.on('close', done));
for (const p of pieces) {
	if (p === 'wait') {
		const before = out.size;
		await Promise.race([over, new Promise(done => { answered = () => out.size > before && done(); })]);
		continue;
	}
	const [, n, hex] = p.match(/^(?:(\d+)\*)?([0-9a-f]*)$/);
	stream.write(Buffer.from(hex.repeat(Number(n ?? 1)), 'hex'));
}
stream.end();
const timer = setTimeout(() => { console.log('{"error":"no end"}'); process.exit(); }, 20000);
await over;
clearTimeout(timer);
out.text = out.text.slice(0, 400);
console.log(JSON.stringify(out));
session.destroy();
