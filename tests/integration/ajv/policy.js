// policy.js SCHEMA GOOD BAD: files with a document of JSON in each line; those of GOOD fit the schema, those of BAD do not.
const fs = require("fs");
const Ajv = require("ajv/dist/2020");
const [schema, good, bad] = process.argv.slice(2);
const check = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(JSON.parse(fs.readFileSync(schema, "utf8")));
let wrong = 0;
[[good, true], [bad, false]].forEach(([file, fits]) => {
	const lines = fs.readFileSync(file, "utf8").split("\n").filter((l) => l.trim());
	if (!lines.length) wrong++;
	lines.forEach((line, i) => {
		if (check(JSON.parse(line)) !== fits) {
			wrong++;
			console.error(file, i + 1, line.slice(0, 200), JSON.stringify((check.errors || []).slice(0, 5)));
		}
	});
});
process.exit(wrong ? 1 : 0);
