/* SARIF 2.1.0 of a scan, for code hosts and editors. */
#include "crypto/digest.h"
#include "report/sarif.h"
#include "report/scan.h"
#include "report/write.h"

#define BASE        "%SRCROOT%" /* the name that code hosts know for the root of a repository */
#define MESSAGE_MAX ((size_t)1 << 14)
#define PLACE_MAX   ((size_t)1 << 17)

/* By verdict. The number is what code hosts that rank by CVSS's scale want to see; what is unscanned has no place on it. */
static const struct {
	const char *level, *severity;
} levels[SCAN_VERDICTS] = {{"note", NULL}, {"note", NULL}, {"warning", "5.5"}, {"error", "9.0"}};

/* Paths. */

static void put_part(struct buf *path, size_t root, struct slice part)
{
	if (part.n == 0 || slice_is(part, "."))
		return;
	if (slice_is(part, "..")) {
		while (path->n > root && path->p[path->n - 1] != '/')
			path->n--;
		path->n -= path->n > root;
		return;
	}
	buf_u8(path, '/');
	buf_add(path, part);
}

static void put_parts(struct buf *path, const char *from)
{
	struct slice rest = slice_str(from), part;
	while (slice_split(&rest, '/', &part))
		put_part(path, 0, part);
}

void scan_place(struct buf *out, const struct scan_result *r, const char *path)
{
	_cleanup_buf_ struct buf whole = BUF(PLACE_MAX);
	struct slice root = slice_str(r->root);
	if (path[0] != '/')
		put_parts(&whole, r->folder);
	put_parts(&whole, path);
	struct slice s = buf_slice(&whole);
	if (slice_is(root, "/"))
		root.n = 0;
	if (slice_starts(s, root) && s.n > root.n + 1 && s.p[root.n] == '/')
		s = slice_from(s, root.n + 1);
	buf_add(out, s);
}

/* Rules. */

/* "model.pickle.unknown-call" as "ModelPickleUnknownCall", as SARIF wants names. */
static void put_name(struct buf *out, const char *id)
{
	bool upper = true;
	for (; *id; id++) {
		bool letter = *id >= 'a' && *id <= 'z';
		if (letter || (*id >= '0' && *id <= '9'))
			buf_u8(out, (uint8_t)(letter && upper ? *id - 'a' + 'A' : *id));
		upper = !letter;
	}
}

static void put_title(struct buf *out, const struct scan_rule *rule)
{
	const char *word = rule->verdict == SCAN_CLEAN ? "new" : scan_verdict_word(rule->verdict);
	buf_fmt(out, "%c%s: %s", word[0] - 'a' + 'A', word + 1, rule->title);
}

static void put_text(struct buf *out, const char *key, const char *text)
{
	buf_fmt(out, ",\"%s\":{\"text\":", key);
	write_json(out, text);
	buf_u8(out, '}');
}

static void put_rule(struct buf *out, const struct scan_rule *rule, bool first)
{
	_cleanup_buf_ struct buf title = BUF(MESSAGE_MAX), help = BUF(MESSAGE_MAX);
	put_title(&title, rule);
	buf_u8(&title, '.');
	buf_fmt(&help, "%s %s", rule->why, rule->todo);
	buf_fmt(out, "%s\n{\"id\":\"%s\",\"name\":\"", first ? "" : ",", rule->id);
	put_name(out, rule->id);
	buf_u8(out, '"');
	put_text(out, "shortDescription", buf_str(&title));
	put_text(out, "fullDescription", rule->why);
	put_text(out, "help", buf_str(&help));
	buf_fmt(out, ",\"defaultConfiguration\":{\"level\":\"%s\"},\"properties\":{\"precision\":\"%s\"", levels[rule->verdict].level,
	        scan_confidence_word(rule->confidence));
	if (levels[rule->verdict].severity)
		buf_fmt(out, ",\"security-severity\":\"%s\"", levels[rule->verdict].severity);
	buf_str_add(out, ",\"tags\":[\"security\"]}}");
}

/* Results. */

/* Brackets in a message would make a link (SARIF 2.1.0, 3.11.6). */
static void put_plain(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '[' || *text == ']' || *text == '\\')
			buf_u8(out, '\\');
		buf_u8(out, (uint8_t)*text);
	}
}

static void put_message(struct buf *out, const struct scan_finding *f)
{
	const struct scan_rule *rule = &scan_rules[f->rule];
	_cleanup_buf_ struct buf text = BUF(MESSAGE_MAX), where = BUF(MESSAGE_MAX);
	put_title(&text, rule);
	if (f->evidence[0]) {
		buf_str_add(&text, ": ");
		put_plain(&text, f->evidence);
	}
	scan_where(&where, f);
	if (f->member[0])
		buf_fmt(&where, " of %s", f->member);
	buf_str_add(&text, " (");
	put_plain(&text, buf_str(&where));
	buf_fmt(&text, "). %s %s", rule->why, rule->todo);
	put_text(out, "message", buf_str(&text));
}

/* Readers of SARIF keep places in 32 bits, and drop a whole log for one that does not fit; the message has it anyway. */
static bool fits(uint64_t n)
{
	return n <= INT32_MAX;
}

/* A place in a member is none in the file. Bytes have no line; but code hosts show only what has one, so it is said to be in the first. */
static void put_region(struct buf *out, const struct scan_finding *f)
{
	bool inside = f->member[0];
	if (f->line && !inside) {
		buf_fmt(out, "\"region\":{\"startLine\":%u,\"startColumn\":%u}", f->line, f->column);
		return;
	}
	buf_str_add(out, "\"region\":{\"startLine\":1");
	if (!inside && fits(f->at) && fits(f->n))
		buf_fmt(out, ",\"byteOffset\":%llu,\"byteLength\":%llu", (unsigned long long)f->at, (unsigned long long)f->n);
	buf_u8(out, '}');
}

static void put_artifact(struct buf *out, struct slice place)
{
	buf_str_add(out, "{\"uri\":");
	sarif_uri(out, place);
	if (!(place.n && place.p[0] == '/'))
		buf_str_add(out, ",\"uriBaseId\":\"" BASE "\"");
}

static void put_location(struct buf *out, struct slice place, size_t artifact, const struct scan_finding *f)
{
	buf_str_add(out, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":");
	put_artifact(out, place);
	buf_fmt(out, ",\"index\":%zu},", artifact);
	put_region(out, f);
	buf_u8(out, '}');
	if (f->member[0]) {
		_cleanup_buf_ struct buf full = BUF(PLACE_MAX + MESSAGE_MAX);
		buf_add(&full, place);
		buf_fmt(&full, " > %s", f->member);
		buf_str_add(out, ",\"logicalLocations\":[{\"kind\":\"member\",\"name\":");
		write_json(out, f->member);
		buf_str_add(out, ",\"fullyQualifiedName\":");
		write_json(out, buf_str(&full));
		buf_str_add(out, "}]");
	}
	buf_str_add(out, "}]");
}

static bool same(const struct scan_finding *a, const struct scan_finding *b)
{
	return a->rule == b->rule && strcmp(a->member, b->member) == 0 && strcmp(a->evidence, b->evidence) == 0;
}

/* The same wherever in the file it stands: rule, file, member, what was found, and the how many-th of those that are alike. */
static void put_fingerprint(struct buf *out, struct slice place, const struct scan_file *file, size_t at)
{
	const struct scan_finding *f = &file->finding[at];
	_cleanup_buf_ struct buf all = BUF(PLACE_MAX + MESSAGE_MAX);
	size_t nth = 0;
	char hex[65];
	for (size_t i = 0; i < at; i++)
		nth += same(&file->finding[i], f);
	buf_add(&all, place);
	buf_fmt(&all, "\n%s\n%s\n%s\n%zu", scan_rules[f->rule].id, f->member, f->evidence, nth);
	digest_sha256_hex(buf_slice(&all), hex);
	buf_fmt(out, ",\"partialFingerprints\":{\"scanFinding/v1\":\"%.32s\"}", hex);
}

static void put_result(
        struct buf *out, const struct scan_result *r, const struct scan_file *file, struct slice place, size_t artifact, size_t at)
{
	const struct scan_finding *f = &file->finding[at];
	const struct scan_rule *rule = &scan_rules[f->rule];
	buf_fmt(out, "{\"ruleId\":\"%s\",\"ruleIndex\":%u,\"kind\":\"fail\",\"level\":\"%s\"", rule->id, f->rule,
	        levels[rule->verdict].level);
	put_message(out, f);
	put_location(out, place, artifact, f);
	put_fingerprint(out, place, file, at);
	const struct scan_exception *e = scan_file_exception(file, f->rule);
	if (scan_rule_in(&file->pinned, f->rule)) {
		_cleanup_buf_ struct buf why = BUF(MESSAGE_MAX);
		buf_str_add(out, ",\"suppressions\":[{\"kind\":\"external\",\"status\":\"accepted\",\"justification\":");
		scan_exception_text(&why, e);
		write_json(out, e ? buf_str(&why) : "Pinned by rule, file and content in the baseline.");
		buf_str_add(out, "}]");
	} else if (r->baseline || r->policy) {
		buf_str_add(out, ",\"suppressions\":[]");
	}
	buf_fmt(out, ",\"properties\":{\"verdict\":\"%s\",\"confidence\":\"%s\",\"at\":%llu,\"bytes\":%llu,\"evidence\":",
	        scan_verdict_word(rule->verdict), scan_confidence_word(rule->confidence), (unsigned long long)f->at,
	        (unsigned long long)f->n);
	write_json(out, f->evidence);
	if (f->yara.rule[0])
		scan_yara_json(out, &f->yara);
	buf_str_add(out, "}}");
}

/* The parts of the log. */

/* Files in which something was found; the others are only counted. */
static bool is_listed(const struct scan_file *f)
{
	return f->kept > f->kept_notes;
}

static void begin(struct buf *out, const struct scan_result *r, bool run)
{
	buf_str_add(out, run ? "{" : SARIF_BEGIN);
	buf_str_add(out, "\"tool\":{\"driver\":{\"name\":\"Postern\",\"version\":");
	write_json(out, r->version);
	buf_str_add(out, ",\"rules\":[");
	for (size_t i = 0; i < SCAN_RULES; i++)
		put_rule(out, &scan_rules[i], i == 0);
	buf_str_add(out,
	        "]}},\"automationDetails\":{\"id\":\"postern-scan/\"},\"columnKind\":\"unicodeCodePoints\",\"originalUriBaseIds\":{\"" BASE
	        "\":{\"description\":{\"text\":\"The root of the working tree.\"}}},\"artifacts\":[");
}

static void put_file(struct buf *out, const struct scan_result *r, const struct scan_file *f, bool first)
{
	_cleanup_buf_ struct buf place = BUF(PLACE_MAX);
	scan_place(&place, r, f->path);
	buf_str_add(out, first ? "\n{\"location\":" : ",\n{\"location\":");
	put_artifact(out, buf_slice(&place));
	buf_str_add(out, "},\"roles\":[\"analysisTarget\"]");
	if (fits(f->sum.size))
		buf_fmt(out, ",\"length\":%llu", (unsigned long long)f->sum.size);
	if (f->sha256)
		buf_fmt(out, ",\"hashes\":{\"sha-256\":\"%s\"}", f->sha256);
	buf_fmt(out, ",\"properties\":{\"verdict\":\"%s\",\"form\":", scan_file_word(f));
	write_json(out, f->sum.form);
	buf_fmt(out, ",\"uncovered\":%llu,\"dropped\":%llu}}", (unsigned long long)f->sum.uncovered, (unsigned long long)scan_file_more(f));
}

static void put_notice(struct buf *out, bool *any, const char *level, const char *text)
{
	buf_fmt(out, "%s{\"level\":\"%s\"", *any ? "," : "", level);
	put_text(out, "message", text);
	buf_u8(out, '}');
	*any = true;
}

/* What was not looked at is as much a part of it as what was found. */
static void put_invocation(struct buf *out, const struct scan_result *r)
{
	size_t count[SCAN_VERDICTS];
	uint64_t dropped = 0;
	bool any = false;
	_cleanup_buf_ struct buf text = BUF(PLACE_MAX + MESSAGE_MAX);
	(void)scan_result_verdict(r, count);
	for (size_t i = 0; i < r->n; i++)
		dropped += scan_file_more(&r->file[i]);
	buf_fmt(out, "],\"invocations\":[{\"executionSuccessful\":%s,\"toolExecutionNotifications\":[", r->stopped ? "false" : "true");
	if (r->stopped)
		put_notice(out, &any, "error", "The scan was stopped: what is here is not all.");
	if (count[SCAN_UNSCANNED]) {
		buf_fmt(&text, "%zu file%s not, or not wholly, understood or reached: not to be taken for clean.", count[SCAN_UNSCANNED],
		        count[SCAN_UNSCANNED] == 1 ? " was" : "s were");
		put_notice(out, &any, "warning", buf_str(&text));
	}
	buf_reset(&text);
	if (dropped) {
		buf_fmt(&text, "%llu findings are not listed, because there are so many.", (unsigned long long)dropped);
		put_notice(out, &any, "warning", buf_str(&text));
	}
	for (size_t i = 0; i < r->n_refused; i++) {
		const struct scan_stale *s = &r->refused[i];
		buf_reset(&text);
		buf_fmt(&text, "The exception %s does not count: %s: %s, ", s->exception, s->why, s->rule);
		put_plain(&text, s->place);
		buf_u8(&text, '.');
		put_notice(out, &any, "warning", buf_str(&text));
	}
	for (size_t i = 0; i < r->n_stale; i++) {
		const struct scan_stale *s = &r->stale[i];
		buf_reset(&text);
		buf_str_add(&text, "The baseline's ");
		put_plain(&text, s->rule ? s->rule : "entry");
		buf_str_add(&text, " of ");
		put_plain(&text, s->place);
		buf_fmt(&text, " no longer matches: %s.", s->why);
		put_notice(out, &any, "note", buf_str(&text));
	}
	buf_str_add(out, "]}],\"results\":[");
}

static void end(struct buf *out, const struct scan_result *r, bool run)
{
	size_t count[SCAN_VERDICTS];
	enum scan_verdict worst = scan_result_verdict(r, count);
	buf_fmt(out, "],\"properties\":{\"verdict\":\"%s\",\"files\":%zu,\"leftOut\":%llu", scan_verdict_word(worst), r->n,
	        (unsigned long long)r->left_out);
	for (int v = SCAN_CLEAN; v <= SCAN_BAD; v++)
		buf_fmt(out, ",\"%s\":%zu", scan_verdict_word((enum scan_verdict)v), count[v]);
	size_t excepted, known = scan_result_known(r, &excepted);
	buf_fmt(out, ",\"known\":%zu,\"excepted\":%zu", known, excepted);
	if (r->policy)
		buf_fmt(out, ",\"policySha256\":\"%s\",\"blocks\":%s", r->policy, scan_result_blocks(r, NULL) ? "true" : "false");
	buf_str_add(out, ",\"subjects\":[");
	scan_names(out, r->subjects, scan_subject_names, true);
	buf_str_add(out, run ? "]}}" : "]}}]}\n");
}

static void put_results(struct buf *out, const struct scan_result *r, const struct scan_file *f, size_t artifact)
{
	_cleanup_buf_ struct buf place = BUF(PLACE_MAX);
	scan_place(&place, r, f->path);
	bool any = artifact > 0;
	for (size_t i = 0; i < f->kept; i++) {
		/* Code hosts would make an alert of a note. */
		if (scan_is_note(&f->finding[i]))
			continue;
		buf_str_add(out, any ? ",\n" : "\n");
		put_result(out, r, f, buf_slice(&place), artifact, i);
		any = true;
	}
}

bool scan_sarif(struct buf *out, const struct scan_result *r, struct scan_cursor *c)
{
	size_t part = c->part++, at = part ? (part - 1) % (r->n + 1) : 0;
	const struct scan_file *f = at < r->n ? &r->file[at] : NULL;
	if (part == 0) {
		begin(out, r, c->run);
	} else if (part <= r->n) {
		if (is_listed(f))
			put_file(out, r, f, c->listed++ == 0);
	} else if (part == r->n + 1) {
		put_invocation(out, r);
		c->listed = 0;
	} else if (part <= 2 * r->n + 1) {
		if (is_listed(f))
			put_results(out, r, f, c->listed++);
	} else if (part == 2 * r->n + 2) {
		end(out, r, c->run);
	} else {
		return false;
	}
	return true;
}

void scan_sarif_run(struct buf *out, const struct scan_result *r)
{
	struct scan_cursor c = {.run = true};
	while (scan_sarif(out, r, &c))
		;
}
