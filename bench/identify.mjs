// For bench/identify.sh, so that a version costs few processes.
//	identify.mjs scatter cp|ln FROM TO           every file under a name that says nothing
//	identify.mjs minify TRADE FROM TO ALL        scripts of FROM by esbuild; all of them together in ALL; prints how many, and
//	                                             the one that is most of them, or -
//	identify.mjs tell TOOL VERSION MAP           answers on standard input, as lines; MAP has a line for each path: DISGUISE, tab, path
import fs from "node:fs";
import path from "node:path";
import crypto from "node:crypto";
import { createRequire } from "node:module";

function* walk(dir) {
	for (const e of fs.readdirSync(dir, { withFileTypes: true })) {
		const p = path.join(dir, e.name);
		if (e.isDirectory() && e.name != "node_modules") yield* walk(p);
		else if (e.isFile()) yield p;
	}
}

const [what, ...args] = process.argv.slice(2);
if (what == "scatter") {
	const [how, from, to] = args;
	fs.mkdirSync(to, { recursive: true });
	let n = 0;
	for (const p of walk(from)) {
		if (p.endsWith(".md") || p.endsWith("/package.json")) continue;
		const name = crypto.createHash("md5").update(p + n++).digest("hex").slice(0, 10);
		(how == "ln" ? fs.linkSync : fs.copyFileSync)(p, path.join(to, name));
	}
} else if (what == "minify") {
	const [trade, from, to, all] = args;
	const esbuild = createRequire(path.join(fs.realpathSync(trade), "x.js"))("esbuild");
	fs.mkdirSync(to, { recursive: true });
	let n = 0, largest = "", size = 0, total = 0;
	const out = fs.openSync(all, "w");
	for (const p of walk(from)) {
		if (!/\.[mc]?js$/.test(p) || fs.statSync(p).size > 4e7) continue;
		let code = fs.readFileSync(p, "utf8");
		try {
			code = (await esbuild.transform(code.replace(/^#!.*/, ""), { minify: true, loader: "js", logLevel: "silent" })).code;
		} catch { /* as it is */ }
		fs.writeFileSync(path.join(to, `${n++}.js`), code);
		fs.writeSync(out, code);
		const here = fs.statSync(p).size;
		total += here;
		if (here > size) (size = here), (largest = p);
	}
	console.log(n);
	console.log(size * 2 > total ? largest : "-");
} else if (what == "tell") {
	const [tool, version, map] = args;
	const answer = {};
	for (const part of fs.readFileSync(0, "utf8").split(/^}\n/m))
		if (part.trim()) for (const a of JSON.parse(part + "}").artefacts) answer[a.path] = a;
	for (const line of fs.readFileSync(map, "utf8").trim().split("\n")) {
		const [disguise, p] = line.split("\t"), a = answer[p] || {};
		console.log([tool, version, disguise, p == "-" ? "gone" : a.tool || "-", a.version || "-", a.by || "-", a.found || 0, a.of || 0].join("\t"));
	}
}
