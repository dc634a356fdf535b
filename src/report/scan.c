#include "report/scan.h"

#include "report/posture.h"
#include "report/write.h"

#define INDENT        7u
#define STORIES_SHOWN 20u
#define NOTES_SHOWN   60u
#define PACKAGES      50u /* that are told of */

static const char *const colours[SCAN_VERDICTS] = {"\033[32m", "\033[33m", "\033[33m", "\033[31m"};

static void put_word(struct buf *out, enum scan_verdict v, bool colour)
{
	buf_fmt(out, "%s%s%s", colour ? colours[v] : "", scan_verdict_word(v), colour ? "\033[0m" : "");
}

static void put_line(struct buf *out, size_t width, const char *lead, const char *text)
{
	for (size_t i = 0; i < INDENT; i++)
		buf_u8(out, ' ');
	buf_str_add(out, lead);
	write_wrapped(out, INDENT + strlen(lead), width, slice_str(text), false);
}

void scan_where(struct buf *out, const struct scan_finding *f)
{
	if (f->line)
		buf_fmt(out, "line %u, column %u", f->line, f->column);
	else if (f->n)
		buf_fmt(out, "bytes %llu to %llu", (unsigned long long)f->at, (unsigned long long)(f->at + f->n - 1));
	else
		buf_fmt(out, "byte %llu", (unsigned long long)f->at);
}

void scan_exception_text(struct buf *out, const struct scan_exception *e)
{
	if (e)
		buf_fmt(out, "exception %s until %s, granted by %s: %s", e->id, e->until, e->by, e->reason);
}

static void put_finding(struct buf *out, const struct scan_file *file, size_t at, size_t width, bool colour)
{
	const struct scan_finding *f = &file->finding[at];
	const struct scan_rule *r = &scan_rules[f->rule];
	buf_str_add(out, "  ");
	put_word(out, r->verdict, colour);
	buf_fmt(out, ": %s", r->title);
	if (f->evidence[0]) {
		buf_str_add(out, ": ");
		write_visible(out, slice_str(f->evidence));
	}
	buf_str_add(out, "\n       ");
	if (f->member[0]) {
		buf_str_add(out, "in ");
		write_visible(out, slice_str(f->member));
		buf_str_add(out, ", ");
	}
	scan_where(out, f);
	const char *passed = !scan_rule_in(&file->pinned, f->rule) ? "" : scan_file_exception(file, f->rule) ? " excepted" : " known";
	buf_fmt(out, " [%s]%s\n", r->id, passed);
	/* What is to be known of a rule is said once a file. */
	for (size_t i = 0; i < at; i++)
		if (file->finding[i].rule == f->rule)
			return;
	put_line(out, width, "", r->why);
	put_line(out, width, "→ ", r->todo);
}

static void put_file(struct buf *out, const struct scan_file *f, size_t width, bool colour)
{
	write_visible(out, slice_str(f->path));
	buf_str_add(out, "  ");
	put_word(out, (enum scan_verdict)f->sum.verdict, colour);
	buf_str_add(out, " (");
	if (f->sum.form[0]) {
		write_visible(out, slice_str(f->sum.form));
		buf_str_add(out, ", ");
	}
	write_bytes(out, f->sum.size);
	buf_str_add(out, ")\n");
	/* The worst first. */
	for (int v = SCAN_BAD; v > SCAN_CLEAN; v--)
		for (size_t i = 0; i < f->kept; i++)
			if (scan_rules[f->finding[i].rule].verdict == (enum scan_verdict)v)
				put_finding(out, f, i, width, colour);
	uint64_t more = scan_file_more(f);
	if (more)
		buf_fmt(out, "  and %llu findings more\n", (unsigned long long)more);
	buf_u8(out, '\n');
}

void scan_names(struct buf *out, uint32_t bits, const char *const *names, bool json)
{
	const char *before = "";
	for (size_t i = 0; names[i]; i++)
		if (bits & 1u << i) {
			buf_str_add(out, before);
			if (json)
				write_json(out, names[i]);
			else
				buf_str_add(out, names[i]);
			before = ", ";
		}
}

/* What configuration lets tools do is told, and is no finding. */
static void put_lets(struct buf *out, const struct scan_result *r)
{
	static const char *const means[SCAN_LETS] = {"run commands at events", "start servers", "have a command that reaches the network",
	        "run a package in whatever version is newest", "approve something beforehand"};
	size_t files = 0, n[SCAN_LETS] = {0};
	for (size_t i = 0; i < r->n; i++) {
		files += (r->file[i].sum.looked & SCAN_AGENTS) != 0;
		for (size_t k = 0; k < SCAN_LETS; k++)
			n[k] += (r->file[i].sum.lets & 1u << k) != 0;
	}
	if (!files)
		return;
	buf_fmt(out, "%zu file%s of AI tools' configuration", files, write_s(files));
	const char *before = ": ";
	for (size_t k = 0; k < SCAN_LETS; k++)
		if (n[k]) {
			buf_fmt(out, "%s%zu %s", before, n[k], means[k]);
			before = ", ";
		}
	buf_str_add(out, ".\n");
}

/* What a change brings is told, and is no finding; nor is what a rule of YARA says that finds nothing grave. */
static void put_notes(struct buf *out, const struct scan_result *r, bool news)
{
	size_t said = 0;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->file[i].kept; k++) {
			const struct scan_finding *f = &r->file[i].finding[k];
			if (!scan_is_note(f) || scan_is_new(f) != news || said++ >= NOTES_SHOWN)
				continue;
			if (said == 1)
				buf_str_add(out, news ? "What is new with this change, which alone says nothing against it:\n"
				                      : "What rules of YARA match that find nothing grave:\n");
			buf_fmt(out, "  %s: ", scan_rules[f->rule].title);
			write_visible(out, slice_str(r->file[i].path));
			buf_str_add(out, ", ");
			scan_where(out, f);
			buf_str_add(out, f->evidence[0] ? ": " : "");
			write_visible(out, write_fit(slice_str(f->evidence), 80, false));
			buf_fmt(out, " [%s]\n", scan_rules[f->rule].id);
		}
	if (said > NOTES_SHOWN)
		buf_fmt(out, "  and %zu more; JSON has them all\n", said - NOTES_SHOWN);
	if (said)
		buf_u8(out, '\n');
}

/* What is clean of one thing is not clean of all. */
static void put_looked(struct buf *out, const struct scan_result *r)
{
	size_t text = 0;
	for (size_t i = 0; i < r->n; i++)
		text += r->file[i].sum.looked == SCAN_TEXT;
	if (text)
		buf_fmt(out, "%zu text file%s searched for what is hidden in text, and for nothing else: what code does was not judged.\n",
		        text, text == 1 ? " was" : "s were");
	put_lets(out, r);
	if (r->left_out)
		buf_fmt(out, "%llu file%s left out, as %s not of what was looked for.\n", (unsigned long long)r->left_out,
		        r->left_out == 1 ? " was" : "s were", r->left_out == 1 ? "it is" : "they are");
	buf_str_add(out, "Looked for: ");
	scan_names(out, r->subjects, scan_subject_names, false);
	if (r->yara)
		buf_fmt(out, "; %u rule%s of YARA", r->yara_rules, write_s(r->yara_rules));
	buf_fmt(out, "%s.\n", r->deep ? "; the numbers of tensors were read too" : "");
}

/* What leads to what: a line for each step. */
static void put_stories(struct buf *out, const struct scan_result *r, bool colour)
{
	for (size_t i = 0; i < r->n_stories && i < STORIES_SHOWN; i++) {
		const struct scan_story *s = &r->story[i];
		put_word(out, s->verdict, colour);
		buf_str_add(out, ", together: ");
		write_visible(out, slice_str(s->step[0].from->path));
		buf_u8(out, '\n');
		for (uint32_t k = 0; k < s->n; k++) {
			buf_fmt(out, "       line %u %s ", s->step[k].by->line, scan_how_word((enum scan_how)s->step[k].by->how));
			write_visible(out, slice_str(s->step[k].to->path));
			buf_u8(out, '\n');
		}
	}
	if (r->n_stories > STORIES_SHOWN)
		buf_fmt(out, "and %zu more that belong together; --format json has them\n", r->n_stories - STORIES_SHOWN);
	buf_str_add(out, r->n_stories ? "\n" : "");
}

static void text_head(struct buf *out, const struct scan_result *r, bool colour)
{
	size_t count[SCAN_VERDICTS];
	enum scan_verdict worst = scan_result_verdict(r, count);
	uint64_t bytes = 0;
	const char *before = ": ";
	for (size_t i = 0; i < r->n; i++)
		bytes += r->file[i].sum.size;
	put_word(out, worst, colour);
	buf_fmt(out, "  %zu file%s, ", r->n, write_s(r->n));
	write_bytes(out, bytes);
	for (int v = SCAN_BAD; v >= SCAN_CLEAN; v--)
		if (count[v]) {
			buf_fmt(out, "%s%zu %s", before, count[v], scan_verdict_word((enum scan_verdict)v));
			before = ", ";
		}
	size_t excepted, known = scan_result_known(r, &excepted);
	if (known)
		buf_fmt(out, "%s%zu known", before, known);
	if (excepted)
		buf_fmt(out, "%s%zu excepted", known ? ", " : before, excepted);
	buf_str_add(out, r->stopped ? "\nIt was stopped: what is here is not all.\n\n" : "\n\n");
	put_stories(out, r, colour);
}

bool scan_is_other(const struct scan_file *f)
{
	return f->sum.other && f->sum.verdict == SCAN_UNSCANNED;
}

const struct scan_file *scan_listed(const struct scan_result *r, size_t i)
{
	const struct scan_file *f = &r->file[i % r->n];
	return f->sum.verdict == SCAN_BAD - i / r->n && !scan_is_other(f) ? f : NULL;
}

/* What was let pass, by whom; what was not, though there is an exception; and what blocks. */
static void put_policy(struct buf *out, const struct scan_result *r)
{
	size_t blocked;
	for (size_t i = 0; i < r->n; i++)
		for (const struct scan_exception *e = r->file[i].excepted; e; e = e->next) {
			_cleanup_buf_ struct buf text = BUF(4096);
			buf_str_add(out, "Let pass: ");
			write_visible(out, slice_str(r->file[i].path));
			buf_fmt(out, ", %s: ", scan_rules[e->rule].id);
			scan_exception_text(&text, e);
			write_visible(out, buf_slice(&text));
			buf_u8(out, '\n');
		}
	for (size_t i = 0; i < r->n_refused; i++) {
		buf_fmt(out, "The exception %s does not count: %s: %s, ", r->refused[i].exception, r->refused[i].why, r->refused[i].rule);
		write_visible(out, slice_str(r->refused[i].place));
		buf_u8(out, '\n');
	}
	if (r->policy && scan_result_blocks(r, &blocked))
		buf_fmt(out, "Blocked, by the policy %.12s…: %zu file%s.\n", r->policy, blocked, write_s(blocked));
	else if (r->policy)
		buf_fmt(out, "Nothing is found that the policy %.12s… blocks.\n", r->policy);
}

static void text_tail(struct buf *out, const struct scan_result *r, size_t width)
{
	size_t text = 0;
	if (r->change)
		posture_change_text(out, r->change, width);
	for (size_t i = 0; i < r->packages && i < PACKAGES && !r->change; i++)
		posture_text(out, &r->package[i], width);
	if (r->packages > PACKAGES && !r->change)
		buf_fmt(out, "%zu packages more: JSON has them.\n\n", r->packages - PACKAGES);
	for (size_t i = 0; i < r->n; i++)
		text += scan_is_other(&r->file[i]);
	if (text)
		buf_fmt(out, "%zu text file%s without a model in %s: nothing here judges such text yet, so %s unscanned.\n", text,
		        write_s(text), text == 1 ? "it" : "them", text == 1 ? "it is" : "they are");
	for (size_t i = 0; i < r->n_stale; i++) {
		const struct scan_stale *s = &r->stale[i];
		buf_str_add(out, "The baseline no longer matches: ");
		write_visible(out, slice_str(s->place));
		buf_fmt(out, "%s%s: %s.\n", s->rule ? ", " : "", s->rule ? s->rule : "", s->why);
	}
	put_notes(out, r, true);
	put_notes(out, r, false);
	put_policy(out, r);
	put_looked(out, r);
}

bool scan_text(struct buf *out, const struct scan_result *r, size_t width, bool colour, struct scan_cursor *c)
{
	size_t part = c->part++, at = part - 1;
	if (part == 0) {
		text_head(out, r, colour);
	} else if (at < SCAN_BAD * r->n) {
		if (scan_listed(r, at))
			put_file(out, scan_listed(r, at), width, colour);
	} else if (at == SCAN_BAD * r->n) {
		text_tail(out, r, width);
	} else {
		return false;
	}
	return true;
}

static void put_member(struct buf *out, const char *key, const char *value)
{
	buf_fmt(out, ", \"%s\": ", key);
	write_json(out, value);
}

static void json_exception(struct buf *out, const struct scan_exception *e)
{
	buf_str_add(out, ", \"exception\": {\"id\": ");
	write_json(out, e->id);
	put_member(out, "by", e->by);
	put_member(out, "until", e->until);
	put_member(out, "reason", e->reason);
	buf_u8(out, '}');
}

void scan_yara_json(struct buf *out, const struct scan_yara_said *y)
{
	const char *const more[][2] = {{"severity", y->severity}, {"author", y->author}, {"description", y->about}};
	buf_str_add(out, ", \"yara\": {\"rule\": ");
	write_json(out, y->rule);
	put_member(out, "namespace", y->space);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (more[i][1][0])
			put_member(out, more[i][0], more[i][1]);
	buf_u8(out, '}');
}

static void json_finding(struct buf *out, const struct scan_result *result, const struct scan_file *file, const struct scan_finding *f)
{
	const struct scan_rule *r = &scan_rules[f->rule];
	buf_str_add(out, "      {\"rule\": ");
	write_json(out, r->id);
	if (!scan_is_note(f))
		put_member(out, "verdict", scan_verdict_word(r->verdict));
	put_member(out, "confidence", scan_confidence_word(r->confidence));
	put_member(out, "title", r->title);
	if (f->member[0])
		put_member(out, "member", f->member);
	buf_fmt(out, ", \"at\": %llu, \"bytes\": %llu", (unsigned long long)f->at, (unsigned long long)f->n);
	if (f->line)
		buf_fmt(out, ", \"line\": %u, \"column\": %u", f->line, f->column);
	const struct scan_exception *e = scan_file_exception(file, f->rule);
	if (e)
		json_exception(out, e);
	else if (scan_rule_in(&file->pinned, f->rule))
		buf_str_add(out, ", \"known\": true");
	if (result->policy)
		buf_fmt(out, ", \"blocks\": %s",
		        scan_rule_in(&result->reported, f->rule) || scan_rule_in(&file->pinned, f->rule) ? "false" : "true");
	put_member(out, "evidence", f->evidence);
	if (f->yara.rule[0])
		scan_yara_json(out, &f->yara);
	put_member(out, "why", r->why);
	put_member(out, "todo", r->todo);
	buf_u8(out, '}');
}

static void json_stale(struct buf *out, const struct scan_result *r)
{
	if (!r->baseline)
		return;
	buf_str_add(out, ",\n  \"stale\": [");
	for (size_t i = 0; i < r->n_stale; i++) {
		buf_str_add(out, i ? ",\n    {\"path\": " : "\n    {\"path\": ");
		write_json(out, r->stale[i].place);
		if (r->stale[i].rule)
			put_member(out, "rule", r->stale[i].rule);
		put_member(out, "why", r->stale[i].why);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
}

static void json_policy(struct buf *out, const struct scan_result *r)
{
	size_t blocked;
	if (!r->policy)
		return;
	bool blocks = scan_result_blocks(r, &blocked) != SCAN_CLEAN;
	buf_fmt(out, ",\n  \"policy\": {\"sha256\": \"%s\", \"blocks\": %s, \"files\": %zu, \"refused\": [", r->policy,
	        blocks ? "true" : "false", blocked);
	for (size_t i = 0; i < r->n_refused; i++) {
		buf_str_add(out, i ? ",\n    {\"exception\": " : "\n    {\"exception\": ");
		write_json(out, r->refused[i].exception);
		put_member(out, "path", r->refused[i].place);
		put_member(out, "rule", r->refused[i].rule);
		put_member(out, "why", r->refused[i].why);
		buf_u8(out, '}');
	}
	buf_str_add(out, "]}");
}

static void json_head(struct buf *out, const struct scan_result *r)
{
	size_t count[SCAN_VERDICTS];
	enum scan_verdict worst = scan_result_verdict(r, count);
	buf_str_add(out, "{\n  \"version\": ");
	write_json(out, r->version);
	buf_fmt(out, ",\n  \"verdict\": \"%s\",\n  \"stopped\": %s,\n  \"deep\": %s,\n  \"subjects\": [", scan_verdict_word(worst),
	        r->stopped ? "true" : "false", r->deep ? "true" : "false");
	scan_names(out, r->subjects, scan_subject_names, true);
	buf_fmt(out, "],\n  \"counts\": {\"files\": %zu, \"left_out\": %llu", r->n, (unsigned long long)r->left_out);
	for (int v = SCAN_CLEAN; v <= SCAN_BAD; v++)
		buf_fmt(out, ", \"%s\": %zu", scan_verdict_word((enum scan_verdict)v), count[v]);
	size_t excepted, known = scan_result_known(r, &excepted);
	buf_fmt(out, ", \"known\": %zu, \"excepted\": %zu}", known, excepted);
	if (r->yara)
		buf_fmt(out, ",\n  \"yara_rules\": %u", r->yara_rules);
	json_stale(out, r);
	json_policy(out, r);
	buf_str_add(out, ",\n  \"files\": [");
}

enum list { LIST_FINDINGS, LIST_NEW, LIST_NOTES };

static enum list list_of(const struct scan_finding *f)
{
	return !scan_is_note(f) ? LIST_FINDINGS : scan_is_new(f) ? LIST_NEW : LIST_NOTES;
}

static void json_list(struct buf *out, const struct scan_result *r, const struct scan_file *f, const char *key, enum list which)
{
	const char *before = "\n";
	buf_fmt(out, ", \"%s\": [", key);
	for (size_t k = 0; k < f->kept; k++) {
		if (list_of(&f->finding[k]) != which)
			continue;
		buf_str_add(out, before);
		json_finding(out, r, f, &f->finding[k]);
		before = ",\n";
	}
	buf_u8(out, ']');
}

void scan_file_json(struct buf *out, const struct scan_result *r, const struct scan_file *f)
{
	buf_str_add(out, "{\"path\": ");
	write_json(out, f->path);
	put_member(out, "verdict", scan_file_word(f));
	put_member(out, "form", f->sum.form);
	buf_str_add(out, ", \"looked_for\": [");
	scan_names(out, f->sum.looked, scan_subject_names, true);
	if (f->sum.looked & SCAN_AGENTS) {
		buf_str_add(out, "], \"lets\": [");
		scan_names(out, f->sum.lets, scan_lets_names, true);
	}
	buf_u8(out, ']');
	buf_fmt(out, ", \"size\": %llu", (unsigned long long)f->sum.size);
	if (f->sha256)
		put_member(out, "sha256", f->sha256);
	buf_fmt(out, ", \"uncovered\": %llu, \"dropped\": %llu", (unsigned long long)f->sum.uncovered,
	        (unsigned long long)scan_file_more(f));
	if (r->subjects & SCAN_CHANGES)
		json_list(out, r, f, "new", LIST_NEW);
	if (r->yara)
		json_list(out, r, f, "notes", LIST_NOTES);
	json_list(out, r, f, "findings", LIST_FINDINGS);
	buf_u8(out, '}');
}

static void json_file(struct buf *out, const struct scan_result *r, size_t i)
{
	buf_str_add(out, i ? ",\n    " : "\n    ");
	scan_file_json(out, r, &r->file[i]);
}

static void json_story(struct buf *out, const struct scan_story *s)
{
	buf_fmt(out, "{\"verdict\": \"%s\", \"steps\": [", scan_verdict_word(s->verdict));
	for (uint32_t k = 0; k < s->n; k++) {
		const struct scan_step *step = &s->step[k];
		buf_str_add(out, k ? ",\n      {\"from\": " : "\n      {\"from\": ");
		write_json(out, step->from->path);
		buf_fmt(out, ", \"line\": %u", step->by->line);
		put_member(out, "how", scan_how_word((enum scan_how)step->by->how));
		put_member(out, "command", step->by->evidence);
		put_member(out, "to", step->to->path);
		buf_u8(out, '}');
	}
	buf_str_add(out, "]}");
}

static void json_tail(struct buf *out, const struct scan_result *r)
{
	buf_str_add(out, r->n ? "\n  ],\n  \"stories\": [" : "],\n  \"stories\": [");
	for (size_t i = 0; i < r->n_stories; i++) {
		buf_str_add(out, i ? ",\n    " : "\n    ");
		json_story(out, &r->story[i]);
	}
	buf_str_add(out, r->n_stories ? "\n  ],\n  \"packages\": [" : "],\n  \"packages\": [");
	for (size_t i = 0; i < r->packages; i++) {
		buf_str_add(out, i ? ",\n    " : "\n    ");
		posture_json(out, &r->package[i], SIZE_MAX);
	}
	buf_str_add(out, r->packages ? "\n  ]" : "]");
	if (r->change) {
		buf_str_add(out, ",\n  \"change\": ");
		posture_change_json(out, r->change);
	}
	buf_str_add(out, "\n}\n");
}

bool scan_json(struct buf *out, const struct scan_result *r, struct scan_cursor *c)
{
	size_t part = c->part++;
	if (part == 0)
		json_head(out, r);
	else if (part <= r->n)
		json_file(out, r, part - 1);
	else if (part == r->n + 1)
		json_tail(out, r);
	else
		return false;
	return true;
}
