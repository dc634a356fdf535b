// sarif.js SCHEMA LOG...: does each log fit OASIS's schema of SARIF 2.1.0? Also: does that schema notice one that is wrong?
const fs = require("fs");
const Ajv = require("ajv");
const [schema, ...logs] = process.argv.slice(2).map((f) => JSON.parse(fs.readFileSync(f, "utf8")));
// It is of draft 4; what it uses means the same in draft 7, but for these two words.
delete schema.$schema;
delete schema.id;
const formats = {
	"date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
	uri: /^[a-z][a-z0-9+.-]*:[!-~]*$/,
	"uri-reference": /^[!#-;=?-[\]_a-z~%]*$/,
};
const check = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false, formats }).compile(schema);
let bad = 0;
logs.forEach((log, i) => {
	if (!check(log)) {
		bad++;
		console.error(process.argv[3 + i], check.errors.slice(0, 5));
	}
	const result = log.runs[0].results[0];
	for (const wrong of [{ level: "bad" }, { message: {} }, { ruleIndex: "1" }, { unknown: 1 }, { provenance: { firstDetectionTimeUtc: "today" } }]) {
		const runs = [{ ...log.runs[0], results: [{ ...result, ...wrong }] }];
		if (check({ ...log, runs })) {
			bad++;
			console.error("the schema does not mind", wrong);
		}
	}
});
process.exit(bad ? 1 : 0);
