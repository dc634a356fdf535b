// validate.js SCHEMA REPORT...: is each report what the schema says? Also: does the schema notice a report that is wrong?
const fs = require("fs");
const Ajv = require("ajv/dist/2020");
const [schema, ...reports] = process.argv.slice(2).map((f) => JSON.parse(fs.readFileSync(f, "utf8")));
const check = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);
let bad = 0;
reports.forEach((report, i) => {
	if (!check(report)) {
		bad++;
		console.error(process.argv[3 + i], check.errors.slice(0, 5));
	}
	for (const key of Object.keys(report)) {
		const { [key]: gone, ...rest } = report;
		if (check(rest) || check({ ...report, [key]: { unknown: gone } })) {
			bad++;
			console.error("the schema does not hold", key);
		}
	}
	if (check({ ...report, extra: 1 })) {
		bad++;
		console.error("the schema allows an unknown key");
	}
});
process.exit(bad ? 1 : 0);
