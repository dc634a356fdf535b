/* The document of the command line. */
#include "policy/part.h"

#include <errno.h>

#include "base/utf8.h"

int policy_command_new(struct arena *arena, struct policy_doc **out)
{
	static const char *const none[] = {NULL};
	struct policy_doc *d = arena_alloc(arena, sizeof(*d));
	if (!d)
		return -ENOMEM;
	*d = (struct policy_doc){.layer = POLICY_COMMAND,
	        .file = "command line",
	        .arena = arena,
	        .fingerprints = none,
	        .canaries = none,
	        .info = {.file = "command line", .is_there = true}};
	*out = d;
	return 0;
}

static struct policy_place here(void)
{
	return (struct policy_place){.layer = POLICY_COMMAND, .file = "command line"};
}

/* One more element at the end of an array in the arena. */
static void *grow(struct arena *a, void *old, size_t n, size_t size)
{
	void *list = arena_array(a, n + 1, size);
	if (list && n)
		memcpy(list, old, n * size);
	return list;
}

int policy_command_host(struct policy_doc *d, const char *text, enum policy_verdict v, struct err *err)
{
	struct slice all = slice_str(text), name = all, port = SLICE_NONE;
	uint64_t number = 443;
	char host[256];
	/* "host", "host:port", "[address]:port", "*.host" */
	size_t bracket = all.n && all.p[0] == '[' ? slice_chr(all, ']', 0) : SLICE_NPOS, colon = slice_chr(all, ':', 0);
	if (bracket != SLICE_NPOS) {
		name = slice_sub(all, 0, bracket + 1);
		port = slice_from(all, bracket + 1);
	} else if (colon != SLICE_NPOS && slice_chr(all, ':', colon + 1) == SLICE_NPOS) {
		name = slice_sub(all, 0, colon);
		port = slice_from(all, colon);
	}
	if (port.n && (port.p[0] != ':' || !slice_u64(slice_from(port, 1), 65535, &number) || number == 0))
		return err_set(err, -EINVAL, "\"%.100s\" has no port behind its colon: write HOST or HOST:PORT", text);
	bool suffix = slice_starts(name, SLICE("*."));
	if (suffix)
		name = slice_from(name, 2);
	if (slice_is(name, "*") || slice_find(name, SLICE("://"), 0) != SLICE_NPOS || !policy_host(name, host) ||
	        (suffix && match_is_address(slice_str(host))))
		return err_set(err, -EINVAL, "\"%.100s\" is no host: write a name or an address, without scheme and path, or *.NAME", text);
	struct net_rule *list = grow(d->arena, d->own.net, d->own.n_net, sizeof(*list));
	const char *copy = arena_str(d->arena, slice_str(host));
	struct ports *ports = arena_alloc(d->arena, sizeof(*ports));
	if (!list || !copy || !ports)
		return err_set(err, -ENOMEM, "out of memory");
	*ports = (struct ports){(uint16_t)number, (uint16_t)number};
	struct net_rule *r = &list[d->own.n_net];
	bool permits = v != POLICY_DENY;
	*r = (struct net_rule){.host = slice_str(copy),
	        .suffix = suffix,
	        .port = ports,
	        .n_ports = permits || port.n ? 1 : 0,
	        .max_bytes = UINT64_MAX,
	        .websocket = permits,
	        .private = permits && !suffix && (match_is_address(slice_str(copy)) || strcmp(copy, "localhost") == 0),
	        .rule = {.place = here(), .verdict = v}};
	r->rule.text = net_rule_text(r, d->arena);
	d->own.net = list;
	d->own.n_net++;
	d->own.has_network = true;
	return r->rule.text ? 0 : err_set(err, -ENOMEM, "out of memory");
}

int policy_command_path(struct policy_doc *d, const char *path, enum policy_access a, struct err *err)
{
	struct slice rest = slice_str(path), part;
	while (slice_split(&rest, '/', &part))
		if (slice_is(part, "..") || slice_is(part, "."))
			return err_set(
			        err, -EINVAL, "the path \"%.200s\" has \"%.*s\" as a part; write where it leads", path, SLICE_FMT(part));
	uint32_t c;
	rest = slice_str(path);
	for (size_t i = 0, k; i < rest.n; i += k)
		if ((k = utf8_next(rest, i, &c)) == 0 || c < 0x20)
			return err_set(err, -EINVAL, "a path with bytes that are not UTF-8, or with control characters, cannot be named");
	if (path[0] != '/' && strcmp(path, "~") != 0 && strncmp(path, "~/", 2) != 0 && strncmp(path, "{project}", 9) != 0)
		return err_set(err, -EINVAL, "the path \"%.200s\" should begin with / or ~/", path);
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n == 1 && path[0] == '/' && a != POLICY_NONE)
		return err_set(err, -EINVAL, "\"/\" is the whole machine; name the folders");
	struct file_rule *list = grow(d->arena, d->own.file, d->own.n_file, sizeof(*list));
	const char *copy = arena_str(d->arena, slice_sub(slice_str(path), 0, n));
	if (!list || !copy)
		return err_set(err, -ENOMEM, "out of memory");
	struct file_rule *r = &list[d->own.n_file];
	*r = (struct file_rule){
	        .path = copy, .access = a, .rule = {.place = here(), .verdict = a == POLICY_NONE ? POLICY_DENY : POLICY_ALLOW}};
	r->rule.text = file_rule_text(r, d->arena);
	d->own.file = list;
	d->own.n_file++;
	d->own.has_files = true;
	return r->rule.text ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static void set(struct doc_value *v, uint64_t value)
{
	*v = (struct doc_value){.set = true, .value = value, .place = here()};
}

void policy_command_on_unknown(struct policy_doc *d, enum policy_verdict v)
{
	set(&d->on_unknown, v == POLICY_ASK ? POLICY_ASK : POLICY_DENY);
}

void policy_command_review(struct policy_doc *d, enum policy_review v)
{
	set(&d->review, v);
}

void policy_command_neutral(struct policy_doc *d, unsigned what)
{
	set(&d->neutral, what & POLICY_NEUTRAL_ALL);
}

void policy_command_limit(struct policy_doc *d, enum policy_limit l, uint64_t value)
{
	set(&d->limit[l], value);
}

void policy_command_ledger(struct policy_doc *d, const char *folder)
{
	d->ledger = folder;
	if (!folder)
		set(&d->ledger_required, 0);
}
