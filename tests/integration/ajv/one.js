// one.js SCHEMA FILE...: each file is a document that fits the schema.
const fs = require("fs");
const Ajv = require("ajv/dist/2020");
const [schema, ...files] = process.argv.slice(2);
const check = new Ajv({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true }).compile(JSON.parse(fs.readFileSync(schema, "utf8")));
let wrong = 0;
for (const file of files)
	if (!check(JSON.parse(fs.readFileSync(file, "utf8")))) {
		wrong++;
		console.error(file, JSON.stringify((check.errors || []).slice(0, 5)));
	}
process.exit(wrong ? 1 : 0);
