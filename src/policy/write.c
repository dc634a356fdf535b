/* The smallest policy for what a run did. How it generalises, and no further:
 *  - Hosts stay as they are: a run that spoke to two hosts of a domain says nothing about a third.
 *  - Ports and methods are those that were seen.
 *  - A part of a path that looks like an id (digits, hex, UUID, long and mixed) becomes '*'. Where more than FOLD paths share all but their
 *    last part, that part becomes '*'; where more than PATHS remain of one host, they become the first folder of each.
 *  - Request bodies: the next power of two above twice the largest that was seen, at least 64 KiB.
 *  - Files below the project are covered by the project; else a file stands for its folder if more than FOLD of that folder were read.
 *  - Programs are named by their path.
 * What was private or opaque is said with a comment, as a person should look at it. */
#include "policy/render.h"

#include <errno.h>
#include <stdlib.h>

#define FOLD  8
#define PATHS 32

struct item {
	struct slice host, method, path; /* of files and programs: path */
	uint16_t port;
	uint64_t bytes;
	bool websocket, private, opaque, write;
};

/* Is this part of a path an id? A long run of hex, only digits, or long with both letters and digits. */
static bool looks_like_id(struct slice s)
{
	size_t digits = 0, hex = 0, letters = 0, dashes = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool digit = c >= '0' && c <= '9';
		digits += digit;
		hex += digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		letters += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		dashes += c == '-' || c == '_';
	}
	if (s.n == 0 || digits == 0)
		return false;
	/* A number is an id, "v1" is none. */
	if (digits == s.n || (hex + dashes == s.n && s.n >= 16))
		return true;
	return s.n >= 20 && letters && digits >= 3 && letters + digits + dashes == s.n;
}

static struct slice put_path(struct arena *a, struct slice path)
{
	_cleanup_buf_ struct buf out = BUF(2 * POLICY_TEXT_MAX);
	struct slice rest = slice_from(path, 1), part;
	bool more = path.n > 1;
	while (more) {
		size_t slash = slice_chr(rest, '/', 0);
		more = slash != SLICE_NPOS;
		part = slice_sub(rest, 0, more ? slash : rest.n);
		rest = slice_from(rest, part.n + more);
		buf_u8(&out, '/');
		/* A star of the path cannot be told from one of a pattern. */
		if (looks_like_id(part) || slice_chr(part, '*', 0) != SLICE_NPOS || slice_chr(part, '?', 0) != SLICE_NPOS ||
		        slice_chr(part, '%', 0) != SLICE_NPOS || slice_chr(part, '#', 0) != SLICE_NPOS)
			buf_u8(&out, '*');
		else
			buf_add(&out, part);
	}
	return path.n == 1 ? path : arena_copy(a, buf_slice(&out));
}

static int compare(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int c = slice_cmp(a->host, b->host);
	c = c ? c : (int)a->port - (int)b->port;
	c = c ? c : (int)a->opaque - (int)b->opaque;
	c = c ? c : slice_cmp(a->path, b->path);
	return c ? c : slice_cmp(a->method, b->method);
}

static struct slice folder_of(struct slice path)
{
	size_t n = path.n;
	if (n && path.p[n - 1] == '/')
		n--;
	while (n && path.p[n - 1] != '/')
		n--;
	return slice_sub(path, 0, n);
}

/* Everything that YAML could take for something else is quoted; control characters were refused before. */
static void put_text(struct buf *out, struct slice s)
{
	bool plain = s.n > 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		plain = plain &&
		        (letter || (i && c >= '0' && c <= '9') || c == '/' || c == '.' || c == '_' || (i && (c == '-' || c == '@')));
	}
	if (plain && !slice_is(s, "null") && !slice_is(s, "true") && !slice_is(s, "false")) {
		buf_add(out, s);
		return;
	}
	buf_u8(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_u8(out, '\\');
		buf_u8(out, s.p[i]);
	}
	buf_u8(out, '"');
}

/* UTF-8 without control characters and what else a policy cannot hold. */
static bool clean(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.n > 0 && s.n <= POLICY_TEXT_MAX / 2;
}

static size_t unique(struct item *list, size_t n)
{
	size_t kept = 0;
	if (n == 0)
		return 0;
	qsort(list, n, sizeof(*list), compare);
	for (size_t i = 1; i < n; i++) {
		if (compare(&list[i], &list[kept]) != 0) {
			list[++kept] = list[i];
			continue;
		}
		list[kept].bytes = list[i].bytes > list[kept].bytes ? list[i].bytes : list[kept].bytes;
		list[kept].websocket |= list[i].websocket;
		list[kept].private |= list[i].private;
		list[kept].write |= list[i].write;
	}
	return kept + 1;
}

/* Paths of one host and port (list[0..n), sorted): many siblings become one pattern. Returns how many remain. */
static int fold(struct item *list, size_t n, struct arena *a)
{
	for (size_t i = 0, k; i < n; i = k) {
		struct slice folder = folder_of(list[i].path);
		size_t others = 0;
		struct slice last = SLICE_NONE;
		for (k = i; k < n && slice_eq(folder_of(list[k].path), folder); k++) {
			others += !slice_eq(list[k].path, last);
			last = list[k].path;
		}
		if (others <= FOLD)
			continue;
		_cleanup_buf_ struct buf star = BUF(2 * POLICY_TEXT_MAX);
		buf_add(&star, folder);
		buf_u8(&star, '*');
		struct slice path = arena_copy(a, buf_slice(&star));
		if (!path.p)
			return -ENOMEM;
		for (size_t m = i; m < k; m++)
			list[m].path = path;
	}
	return 0;
}

/* Too many paths to be read by anybody: what is left of each is its first folder. */
static void flatten(struct item *list, size_t n)
{
	size_t others = 0;
	for (size_t i = 0; i < n; i++)
		others += i == 0 || !slice_eq(list[i].path, list[i - 1].path);
	for (size_t i = 0; i < n && others > PATHS; i++) {
		size_t slash = slice_chr(list[i].path, '/', 1);
		if (slash == SLICE_NPOS)
			continue;
		list[i].path = slice_sub(list[i].path, 0, slash + 1);
	}
}

static void put_list(struct buf *out, const char *name, const struct slice *list, size_t n)
{
	buf_fmt(out, "    %s: [", name);
	for (size_t i = 0; i < n; i++) {
		buf_str_add(out, i ? ", " : "");
		put_text(out, list[i]);
	}
	buf_str_add(out, "]\n");
}

/* One rule for the requests of a host and port. */
static int put_rule(struct buf *out, const struct item *list, size_t n)
{
	_cleanup_free_ struct slice *path = calloc(n + 1, sizeof(*path)), *method = calloc(n + 1, sizeof(*method));
	size_t n_path = 0, n_method = 0;
	uint64_t bytes = 0;
	bool websocket = false, private = false;
	if (!path || !method)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		while (k < n_path && !slice_eq(path[k], list[i].path))
			k++;
		path[k] = list[i].path;
		n_path += k == n_path;
		for (k = 0; k < n_method && !slice_eq(method[k], list[i].method);)
			k++;
		method[k] = list[i].method;
		n_method += k == n_method;
		bytes = list[i].bytes > bytes ? list[i].bytes : bytes;
		websocket |= list[i].websocket;
		private |= list[i].private;
	}
	buf_str_add(out, "  - host: ");
	put_text(out, list->host);
	buf_u8(out, '\n');
	if (list->port != 443)
		buf_fmt(out, "    ports: [%u]\n", list->port);
	if (list->opaque) {
		buf_str_add(out, "    opaque: true # nobody can look into this connection: is it meant?\n");
	} else {
		put_list(out, "methods", method, n_method);
		put_list(out, "paths", path, n_path);
		uint64_t limit = 65536;
		while (limit < 2 * bytes && limit < 1ull << 60)
			limit *= 2;
		buf_fmt(out, "    max_request_bytes: %llu\n", (unsigned long long)limit);
		if (websocket)
			buf_str_add(out, "    websocket: true\n");
	}
	if (private)
		buf_str_add(out, "    private: true # an address of an inner network: is it meant?\n");
	return 0;
}

static int put_network(const struct policy_fact *fact, size_t n, struct arena *a, struct buf *out, size_t *left_out)
{
	_cleanup_free_ struct item *list = calloc(n + 1, sizeof(*list));
	size_t count = 0;
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct policy_fact *f = &fact[i];
		char path[POLICY_TEXT_MAX + 1], host[256];
		const char *why;
		if (f->kind != POLICY_FACT_REQUEST && f->kind != POLICY_FACT_CONNECT)
			continue;
		struct item *item = &list[count];
		*item = (struct item){.port = f->port,
		        .bytes = f->bytes,
		        .websocket = f->websocket,
		        .private = f->private,
		        .opaque = f->kind == POLICY_FACT_CONNECT};
		if (!policy_host(f->host, host) || !f->port) {
			++*left_out;
			continue;
		}
		item->host = arena_copy(a, slice_str(host));
		if (!item->opaque) {
			bool method = f->method.n && f->method.n <= 32;
			for (size_t k = 0; k < f->method.n; k++)
				method = method && ((f->method.p[k] >= 'A' && f->method.p[k] <= 'Z') || f->method.p[k] == '-' ||
				                           f->method.p[k] == '_');
			if (!method || policy_path(f->target, false, path, sizeof(path), &why) < 0 || !clean(slice_str(path))) {
				++*left_out;
				continue;
			}
			item->method = f->method;
			item->path = put_path(a, slice_str(path));
		}
		if (!item->host.p || (!item->opaque && !item->path.p))
			return -ENOMEM;
		count++;
	}
	count = unique(list, count);
	buf_str_add(out, count ? "network:\n" : "network: []\n");
	for (size_t i = 0, k; i < count; i = k) {
		for (k = i; k < count && slice_eq(list[k].host, list[i].host) && list[k].port == list[i].port &&
		            list[k].opaque == list[i].opaque;)
			k++;
		/* A connection of which requests were seen was not opaque. */
		if (list[i].opaque && i && slice_eq(list[i - 1].host, list[i].host) && list[i - 1].port == list[i].port)
			continue;
		int r = list[i].opaque ? 0 : fold(&list[i], k - i, a);
		if (!list[i].opaque)
			flatten(&list[i], k - i);
		r = r < 0 ? r : put_rule(out, &list[i], k - i);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "~/x" and "{project}/x" where they can be. */
static struct slice short_path(struct arena *a, const struct policy_vars *v, struct slice path)
{
	const char *const roots[] = {v->project, "{project}", v->home, "~"};
	for (size_t i = 0; i < ARRAY_LEN(roots); i += 2) {
		struct slice root = slice_str(roots[i]);
		if (root.n <= 1 || !match_below(root, path))
			continue;
		char *s = arena_fmt(a, "%s%.*s", roots[i + 1], SLICE_FMT(slice_from(path, root.n)));
		return slice_str(s);
	}
	return path;
}

static bool system_folder(struct slice path)
{
	static const char *const folders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/proc",
	        "/sys", "/dev", "/tmp", "/run", "/var/tmp"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (match_below(slice_str(folders[i]), path))
			return true;
	return false;
}

static int put_files(const struct policy_fact *fact, size_t n, const struct policy_vars *v, bool write, struct arena *a, struct buf *out,
        size_t *left_out)
{
	_cleanup_free_ struct item *list = calloc(n + 1, sizeof(*list));
	size_t count = 0;
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct policy_fact *f = &fact[i];
		if (f->kind != (write ? POLICY_FACT_WRITE : POLICY_FACT_READ) || !slice_starts(f->path, SLICE("/")))
			continue;
		if ((v->project && match_below(slice_str(v->project), f->path)) || (!write && system_folder(f->path)) ||
		        (write && match_below(SLICE("/tmp"), f->path)) || match_below(SLICE("/dev"), f->path) ||
		        match_below(SLICE("/proc"), f->path))
			continue;
		if (!clean(f->path) || match_is_pattern(f->path) || slice_find(f->path, SLICE("//"), 0) != SLICE_NPOS ||
		        slice_find(f->path, SLICE("/./"), 0) != SLICE_NPOS || slice_find(f->path, SLICE("/../"), 0) != SLICE_NPOS ||
		        slice_ends(f->path, SLICE("/..")) || slice_ends(f->path, SLICE("/.")) || f->path.n < 2 ||
		        (v->home && slice_is(f->path, v->home))) {
			++*left_out;
			continue;
		}
		list[count] = (struct item){.path = f->path, .write = write};
		while (list[count].path.n > 1 && list[count].path.p[list[count].path.n - 1] == '/')
			list[count].path.n--;
		count++;
	}
	count = unique(list, count);
	/* Many files of one folder are that folder, but the home and the root never are. */
	for (size_t i = 0, k; i < count; i = k) {
		struct slice folder = folder_of(list[i].path), bare = folder.n > 1 ? slice_sub(folder, 0, folder.n - 1) : folder;
		for (k = i; k < count && slice_eq(folder_of(list[k].path), folder);)
			k++;
		bool home = bare.n <= 1 || (v->home && (slice_is(bare, v->home) || match_below(bare, slice_str(v->home))));
		for (size_t m = i; m < k && k - i > FOLD && !home; m++)
			list[m].path = bare;
	}
	count = unique(list, count);
	for (size_t i = 0, kept = 0; i < count; i++) {
		bool covered = false;
		for (size_t k = 0; k < i && !covered; k++)
			covered = match_below(list[k].path, list[i].path);
		if (covered)
			continue;
		struct slice s = short_path(a, v, list[i].path);
		if (!s.p)
			return -ENOMEM;
		if (kept++ == 0)
			buf_fmt(out, "  %s:\n", write ? "write" : "read");
		buf_str_add(out, "    - ");
		put_text(out, s);
		buf_u8(out, '\n');
	}
	return 0;
}

static int put_exec(
        const struct policy_fact *fact, size_t n, const struct policy_vars *v, struct arena *a, struct buf *out, size_t *left_out)
{
	_cleanup_free_ struct item *list = calloc(n + 1, sizeof(*list));
	size_t count = 0;
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (fact[i].kind == POLICY_FACT_EXEC) {
			if (clean(fact[i].path) && slice_starts(fact[i].path, SLICE("/")) && !match_is_pattern(fact[i].path))
				list[count++] = (struct item){.path = fact[i].path};
			else
				++*left_out;
		}
	count = unique(list, count);
	if (count == 0)
		return 0;
	buf_str_add(out, "exec:\n  default: ask\n  rules:\n");
	for (size_t i = 0; i < count; i++) {
		struct slice s = short_path(a, v, list[i].path);
		if (!s.p)
			return -ENOMEM;
		buf_str_add(out, "    - {path: ");
		put_text(out, s);
		buf_str_add(out, ", verdict: allow}\n");
	}
	return 0;
}

int policy_write(const struct policy_fact *fact, size_t n, const struct policy_vars *vars, const char *name, struct buf *out)
{
	_cleanup_arena_ struct arena a = ARENA(256u << 20);
	_cleanup_buf_ struct buf files = BUF(POLICY_BYTES_MAX);
	size_t left_out = 0;
	buf_str_add(out, "# What one run did, and no more. Read it, take out what should not be, and put it where it belongs:\n"
	                 "# your own policy is ~/.config/postern/policy.yaml; \"postern policy check\" reads it.\n");
	if (name && clean(slice_str(name)) && strlen(name) <= 200) {
		buf_str_add(out, "name: ");
		put_text(out, slice_str(name));
		buf_u8(out, '\n');
	}
	int r = put_network(fact, n, &a, out, &left_out);
	r = r < 0 ? r : put_files(fact, n, vars, false, &a, &files, &left_out);
	r = r < 0 ? r : put_files(fact, n, vars, true, &a, &files, &left_out);
	if (r == 0 && files.n) {
		buf_str_add(out, "files:\n");
		buf_add(out, buf_slice(&files));
	}
	r = r < 0 ? r : put_exec(fact, n, vars, &a, out, &left_out);
	if (r == 0 && left_out)
		buf_fmt(out, "# %zu things that the run did cannot be written as a rule, and are left out.\n", left_out);
	r = r < 0 ? r : buf_error(&files);
	return r < 0 ? r : buf_error(out);
}
