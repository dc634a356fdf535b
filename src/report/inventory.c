#include "report/inventory.h"

#include <stdio.h>

#include "crypto/digest.h"

#define TOOLS_MAX 1024

struct inventory_sums inventory_sums(const struct inventory *inv)
{
	struct inventory_sums s = {.tools = 0};
	const char *seen[TOOLS_MAX];
	for (size_t i = 0; i < inv->n; i++) {
		const struct inventory_finding *f = inv->finding[i];
		s.kind[f->kind]++;
		for (const struct inventory_risk *r = f->risks; r; r = r->next)
			s.severity[catalogue_risks[r->id].severity]++;
		/* A tool counts once, if it is there itself and not only its settings. */
		if (!f->tool[0] || (f->kind != INVENTORY_PROGRAM && f->kind != INVENTORY_EXTENSION && f->kind != INVENTORY_PROCESS))
			continue;
		size_t k = 0;
		while (k < s.tools && strcmp(seen[k], f->tool) != 0)
			k++;
		if (k == s.tools && k < TOOLS_MAX)
			seen[s.tools++] = f->tool;
	}
	return s;
}

int inventory_worst(const struct inventory_finding *f)
{
	int worst = -1;
	for (const struct inventory_risk *r = f->risks; r; r = r->next)
		worst = (int)catalogue_risks[r->id].severity > worst ? (int)catalogue_risks[r->id].severity : worst;
	return worst;
}

const char *inventory_title(const struct inventory_finding *f)
{
	return f->title[0] ? f->title : f->name[0] ? f->name : f->package[0] ? f->package : "unknown";
}

void inventory_uid(const struct inventory_finding *f, char out[33])
{
	_cleanup_buf_ struct buf b = BUF(1 << 16);
	char hex[65];
	buf_fmt(&b, "%d\n%s\n%s\n%s\n%s\n%d", (int)f->kind, f->tool, f->path, f->name, f->package, (int)f->pid);
	for (const struct inventory_fact *x = f->facts; x; x = x->next)
		if (strcmp(x->name, "command") == 0 || strcmp(x->name, "given to the MCP server") == 0 || strcmp(x->name, "matcher") == 0)
			buf_fmt(&b, "\n%s", x->value);
	digest_sha256_hex(buf_slice(&b), hex);
	memcpy(out, hex, 32);
	out[32] = 0;
}

static const char *fact(const struct inventory_finding *f, const char *name)
{
	const char *value = inventory_fact(f, name);
	return value ? value : "";
}

void inventory_sentence(struct buf *out, const struct inventory_finding *f)
{
	const char *title = f->title[0] ? f->title : "no known tool";
	switch (f->kind) {
	case INVENTORY_PROGRAM:
		buf_fmt(out, "%s%s%s%s", f->title[0] ? f->title : f->name, f->version[0] ? " " : "", f->version,
		        f->title[0]              ? ""
		        : fact(f, "built on")[0] ? ", a program built on a library for agents"
		                                 : "");
		break;
	case INVENTORY_EXTENSION:
		buf_fmt(out, "%s%s%s, an extension of %s", f->title[0] ? f->title : f->name, f->version[0] ? " " : "", f->version,
		        fact(f, "editor")[0] ? fact(f, "editor") : "an editor");
		break;
	case INVENTORY_PROCESS:
		buf_fmt(out, "%s%s%s runs as process %d of %s", title, f->version[0] ? " " : "", f->version, (int)f->pid, f->owner);
		break;
	case INVENTORY_MCP_SERVER:
		buf_fmt(out, "MCP server \"%s\" of %s: %s", f->name, title, fact(f, "command")[0] ? fact(f, "command") : fact(f, "url"));
		break;
	case INVENTORY_HOOK:
		buf_fmt(out, "hook \"%s\" of %s runs: %s", f->name, title, fact(f, "command"));
		break;
	case INVENTORY_KEY:
		buf_fmt(out, "key %s%s%s", f->name, fact(f, "kind")[0] || fact(f, "of")[0] ? ": " : "",
		        fact(f, "kind")[0] ? fact(f, "kind") : fact(f, "of"));
		break;
	case INVENTORY_MANAGED:
		buf_fmt(out, "managed settings of %s: %s", title, fact(f, "settings"));
		break;
	case INVENTORY_SETTINGS:
		buf_fmt(out, "settings of %s", title);
		break;
	case INVENTORY_SKILL:
		buf_fmt(out, "skill \"%s\"", f->name);
		break;
	case INVENTORY_INSTRUCTIONS:
		buf_fmt(out, "instructions for agents, %s", f->name);
		break;
	case INVENTORY_MODEL:
		buf_fmt(out, "model %s%s%s", f->name, fact(f, "format")[0] ? ", " : "", fact(f, "format"));
		break;
	case INVENTORY_MODEL_SERVER:
		buf_fmt(out, "%s listens on %s", title, f->name);
		break;
	case INVENTORY_CONTAINER:
		buf_fmt(out, "root file system of a container or layer of an image");
		break;
	case INVENTORY_KINDS:
		break;
	}
}
