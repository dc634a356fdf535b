// cyclonedx.js FOLDER BOM...: does each document fit the schema of CycloneDX 1.6 in that folder? Also: does it notice one that is wrong?
const fs = require("fs");
const path = require("path");
const Ajv = require("ajv");
const [folder, ...boms] = process.argv.slice(2);
const read = (f) => JSON.parse(fs.readFileSync(f, "utf8"));
const name = (start) => fs.readdirSync(folder).find((f) => f.startsWith(start) && f.endsWith(".json"));
const formats = {
	"date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
	"iri-reference": /^[!#-;=?-[\]_a-z~%]*$/,
	email: /@/,
	"idn-email": /@/,
	uri: /^[a-z][a-z0-9+.-]*:[!-~]*$/,
};
const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false, formats });
// The schema refers to its parts by the names of their files.
for (const start of ["spdx.", "jsf-"]) {
	const part = read(path.join(folder, name(start)));
	delete part.$id;
	ajv.addSchema(part, "http://cyclonedx.org/schema/" + name(start));
}
const check = ajv.compile(read(path.join(folder, name("bom-1.6."))));
let bad = 0;
for (const file of boms) {
	const bom = read(file);
	if (!check(bom)) {
		bad++;
		console.error(file, check.errors.slice(0, 5));
	}
	for (const wrong of [{ specVersion: 1 }, { serialNumber: "1" }, { components: [{ type: "tool", name: "x" }] }, { services: [{}] }, { unknown: 1 }]) {
		if (check({ ...bom, ...wrong })) {
			bad++;
			console.error("the schema does not mind", wrong);
		}
	}
}
process.exit(bad ? 1 : 0);
