/* The inventory for a terminal: what there is in one line, what deserves a look first, then by person and tool. */
#include "report/inventory.h"
#include "report/write.h"

#define RISKS_MAX 60
#define LINES_MAX 12 /* of one kind for one tool; the rest is in the other forms */

struct page {
	struct buf *b;
	const struct inventory *inv;
	const struct inventory_about *about;
};

static void ink(const struct page *p, const char *code)
{
	if (p->about->colour)
		buf_fmt(p->b, "\033[%sm", code);
}

static void visible(const struct page *p, const char *s)
{
	write_visible(p->b, slice_str(s));
}

static void counted(const struct page *p, size_t n, const char *one, const char *many, bool *first)
{
	if (n)
		buf_fmt(p->b, "%s%zu %s", *first ? "" : ", ", n, n == 1 ? one : many);
	*first = *first && !n;
}

static void head(const struct page *p, const struct inventory_sums *s)
{
	static const struct {
		enum inventory_kind kind;
		const char *one, *many;
	} rows[] = {
	        {INVENTORY_PROCESS, "process that runs", "processes that run"},
	        {INVENTORY_EXTENSION, "extension of an editor", "extensions of editors"},
	        {INVENTORY_MCP_SERVER, "MCP server", "MCP servers"},
	        {INVENTORY_HOOK, "hook", "hooks"},
	        {INVENTORY_KEY, "key", "keys"},
	        {INVENTORY_SKILL, "skill", "skills"},
	        {INVENTORY_INSTRUCTIONS, "file of instructions", "files of instructions"},
	        {INVENTORY_MODEL, "model", "models"},
	        {INVENTORY_MODEL_SERVER, "model server", "model servers"},
	        {INVENTORY_MANAGED, "file of managed settings", "files of managed settings"},
	        {INVENTORY_CONTAINER, "container or layer", "containers or layers"},
	};
	bool first = true;
	ink(p, "1");
	if (p->inv->n == 0)
		buf_str_add(p->b, "No AI tools were found");
	else
		counted(p, s->tools, "AI tool", "AI tools", &first);
	if (p->inv->n && first)
		buf_str_add(p->b, "No AI tool itself, but what goes with them: ");
	ink(p, "0");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		counted(p, s->kind[rows[i].kind], rows[i].one, rows[i].many, &first);
	if (p->inv->n && first)
		buf_str_add(p->b, "settings");
	buf_str_add(p->b, ".\n");
	if (s->severity[SEVERITY_HIGH] + s->severity[SEVERITY_MEDIUM] + s->severity[SEVERITY_LOW])
		buf_fmt(p->b, "Risks: %zu high, %zu medium, %zu low.\n", s->severity[SEVERITY_HIGH], s->severity[SEVERITY_MEDIUM],
		        s->severity[SEVERITY_LOW]);
}

static void put_place(const struct page *p, const struct inventory_finding *f)
{
	if (f->path[0])
		visible(p, f->path);
	if (f->container[0] && f->kind == INVENTORY_PROCESS) {
		buf_str_add(p->b, " in container ");
		visible(p, f->container);
	}
}

static void put_sentence(const struct page *p, const struct inventory_finding *f)
{
	_cleanup_buf_ struct buf s = BUF(1 << 16);
	inventory_sentence(&s, f);
	struct slice all = buf_slice(&s), part = write_fit(all, 160, false);
	write_visible(p->b, part);
	if (part.n < all.n)
		buf_str_add(p->b, "…");
}

static void risks_of(const struct page *p, const struct inventory_finding *f)
{
	static const char *const inks[] = {"36", "33", "1;31"};
	buf_str_add(p->b, "  ");
	put_sentence(p, f);
	buf_str_add(p->b, "\n    ");
	put_place(p, f);
	buf_u8(p->b, '\n');
	for (int severity = SEVERITY_HIGH; severity >= SEVERITY_LOW; severity--)
		for (const struct inventory_risk *r = f->risks; r; r = r->next) {
			const struct catalogue_risk_row *row = &catalogue_risks[r->id];
			if ((int)row->severity != severity)
				continue;
			buf_str_add(p->b, "    ");
			ink(p, inks[severity]);
			buf_fmt(p->b, "%-6s", catalogue_severity_name(row->severity));
			ink(p, "0");
			buf_fmt(p->b, " %s", row->text);
			if (r->detail[0]) {
				buf_str_add(p->b, ": ");
				visible(p, r->detail);
			}
			buf_u8(p->b, '\n');
		}
}

/* By finding, those with the worst risk first. */
static void risks(const struct page *p)
{
	size_t shown = 0, left = 0;
	for (int severity = SEVERITY_HIGH; severity >= SEVERITY_LOW; severity--)
		for (size_t i = 0; i < p->inv->n; i++) {
			const struct inventory_finding *f = p->inv->finding[i];
			if (inventory_worst(f) != severity)
				continue;
			if (shown >= RISKS_MAX && !p->about->all) {
				left++;
				continue;
			}
			if (shown++ == 0)
				buf_str_add(p->b, "\nWhat to look at first\n");
			risks_of(p, f);
		}
	if (left)
		buf_fmt(p->b, "  and %zu more; --all shows them\n", left);
}

static const char *const headings[INVENTORY_KINDS] = {
        [INVENTORY_PROGRAM] = "program",
        [INVENTORY_EXTENSION] = "extension",
        [INVENTORY_PROCESS] = "runs",
        [INVENTORY_MCP_SERVER] = "MCP server",
        [INVENTORY_HOOK] = "hook",
        [INVENTORY_KEY] = "key",
        [INVENTORY_MANAGED] = "managed",
        [INVENTORY_SETTINGS] = "settings",
        [INVENTORY_SKILL] = "skill",
        [INVENTORY_INSTRUCTIONS] = "instructions",
        [INVENTORY_MODEL] = "model",
        [INVENTORY_MODEL_SERVER] = "listens",
        [INVENTORY_CONTAINER] = "container",
};

/* Facts that the sentence does not have. */
static void facts(const struct page *p, const struct inventory_finding *f)
{
	static const char *const shown[] = {"listens", "connected", "works in", "started by", "started", "keys in its environment",
	        "connections", "contradicted by", "unreadable", "variables", "headers", "state", "given to the MCP server", "known as",
	        "architecture", "inside of", "leads to", "command", "built on"};
	size_t n = 0;
	for (const struct inventory_fact *x = f->facts; x; x = x->next) {
		bool wanted = false;
		for (size_t i = 0; i < ARRAY_LEN(shown); i++)
			wanted = wanted || strcmp(x->name, shown[i]) == 0;
		if (strcmp(x->name, "command") == 0)
			wanted = f->kind == INVENTORY_PROCESS || f->kind == INVENTORY_PROGRAM;
		if (!wanted)
			continue;
		if (n == 8) {
			buf_str_add(p->b, "                 …\n");
			return;
		}
		n++;
		buf_fmt(p->b, "                 %s: ", x->name);
		write_visible(p->b, write_fit(slice_str(x->value), 120, false));
		buf_u8(p->b, '\n');
	}
}

static void line(const struct page *p, const struct inventory_finding *f)
{
	buf_fmt(p->b, "    %-12s ", headings[f->kind]);
	if (f->kind == INVENTORY_SETTINGS || f->kind == INVENTORY_INSTRUCTIONS) {
		put_place(p, f);
	} else {
		put_sentence(p, f);
		if (f->path[0]) {
			buf_str_add(p->b, "\n                 ");
			put_place(p, f);
		}
	}
	if (f->kind == INVENTORY_MODEL || (f->kind == INVENTORY_PROGRAM && f->size)) {
		buf_str_add(p->b, ", ");
		write_bytes(p->b, f->size);
	}
	if (f->kind == INVENTORY_PROGRAM || f->kind == INVENTORY_EXTENSION || f->kind == INVENTORY_PROCESS)
		buf_fmt(p->b, " (%s, by %s)", inventory_sure_names[f->sure], inventory_by_names[f->by]);
	buf_u8(p->b, '\n');
	facts(p, f);
}

static bool same_tool(const struct inventory_finding *a, const struct inventory_finding *b)
{
	return strcmp(a->person, b->person) == 0 && strcmp(a->tool, b->tool) == 0;
}

static void by_tool(const struct page *p)
{
	const struct inventory *inv = p->inv;
	size_t of_kind = 0;
	for (size_t i = 0; i < inv->n; i++) {
		const struct inventory_finding *f = inv->finding[i], *before = i ? inv->finding[i - 1] : NULL;
		if (!before || strcmp(before->person, f->person) != 0) {
			buf_u8(p->b, '\n');
			ink(p, "1");
			visible(p, f->person[0] ? f->person : "The system");
			ink(p, "0");
			buf_u8(p->b, '\n');
		}
		if (!before || !same_tool(before, f)) {
			buf_str_add(p->b, "  ");
			visible(p, f->title[0] ? f->title : f->tool[0] ? f->tool : "of no known tool, or of any");
			if (f->publisher[0] && f->tool[0]) {
				buf_str_add(p->b, ", ");
				visible(p, f->publisher);
			}
			buf_u8(p->b, '\n');
		}
		of_kind = before && same_tool(before, f) && before->kind == f->kind ? of_kind + 1 : 0;
		if (of_kind < LINES_MAX || p->about->all) {
			line(p, f);
			continue;
		}
		bool last = i + 1 == inv->n || !same_tool(f, inv->finding[i + 1]) || inv->finding[i + 1]->kind != f->kind;
		if (last)
			buf_fmt(p->b, "    %-12s and %zu more; --all shows them\n", headings[f->kind], of_kind + 1 - LINES_MAX);
	}
}

static void tail(const struct page *p)
{
	const struct inventory_counts *c = &p->inv->counts;
	buf_str_add(p->b, "\n");
	visible(p, p->about->roots);
	buf_fmt(p->b, ": %llu folders", (unsigned long long)c->folders);
	if (p->inv->incremental)
		buf_fmt(p->b, ", of which %llu were as in the last run", (unsigned long long)c->unchanged);
	buf_fmt(p->b, "; %llu files looked into; %llu processes; %.1f s.\n", (unsigned long long)c->looked,
	        (unsigned long long)c->processes, p->inv->seconds);
	if (!p->about->by_content)
		buf_str_add(p->b, "There are no prints of tools, so nothing was recognised by its content.\n");
	const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
	        {c->unreadable, "places could not be read"},
	        {c->foreign, "processes of other accounts could only be seen by their names; root sees all"},
	        {c->other_systems, "folders are of other file systems (network, FUSE, kernel) and were left out; --cross looks into them"},
	        {c->too_deep, "folders lie too deep, and were left out"},
	        {c->too_large, "files are too large, or have too many holes, to be looked into"},
	        {c->too_many, "folders were left out, as there were too many at once"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].n)
			buf_fmt(p->b, "%llu %s.\n", (unsigned long long)rows[i].n, rows[i].text);
	for (size_t i = 0; i < p->inv->n_unread && i < 5; i++) {
		buf_str_add(p->b, "  ");
		visible(p, p->inv->unread[i]);
		buf_fmt(p->b, ": %s\n", p->inv->why[i]);
	}
	if (p->inv->full)
		buf_str_add(p->b, "There is more than can be told: the first findings only.\n");
	if (p->inv->stopped)
		buf_str_add(p->b, "It was interrupted: this is not all.\n");
}

void inventory_text(struct buf *out, const struct inventory *inv, const struct inventory_about *about)
{
	struct page p = {.b = out, .inv = inv, .about = about};
	struct inventory_sums s = inventory_sums(inv);
	head(&p, &s);
	risks(&p);
	by_tool(&p);
	tail(&p);
}
