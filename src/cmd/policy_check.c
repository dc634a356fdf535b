/* postern policy check, diff. */
#include "cmd/log.h"
#include "cmd/policy.h"
#include "cmd/scan_policy.h"

#include <errno.h>
#include <stdio.h>

#include "policy/diff.h"

#define OUT_MAX (64u << 20)

struct check_opts {
	unsigned layer, format;
};

static const struct opt check_table[] = {
        OPT_CHOICE(struct check_opts, layer, "layer", 'l', "LAYER", policy_layers,
                "whose policy the files are; by default that of a project if a file is called .postern.yaml, else that of a person"),
        OPT_CHOICE(struct check_opts, format, "format", 'f', "FORMAT", policy_formats, "how the mistakes are printed; by default as text"),
        OPT_END,
};

static void problems_json(const struct policy_problems *p, struct buf *out, bool *first)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct policy_problem *e = &p->list[i];
		buf_fmt(out, "%s{\"file\":", *first ? "" : ",");
		*first = false;
		log_json_string(out, slice_str(e->file));
		buf_fmt(out, ",\"line\":%u,\"column\":%u,\"severity\":\"%s\",\"text\":", e->line, e->column,
		        e->warning ? "warning" : "error");
		log_json_string(out, slice_str(e->text));
		buf_u8(out, '}');
	}
}

/* One file; counts its errors. */
static int check_file(const char *path, const struct check_opts *o, struct buf *out, size_t *errors, bool *first, struct err *err)
{
	_cleanup_arena_ struct arena a = ARENA(128u << 20);
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX);
	struct policy_problems problems = {0};
	struct policy_doc *doc;
	struct policy *p = NULL;
	int r = policy_open(path, o->layer, &a, &doc, &text, &problems, err);
	if (r == 0)
		r = policy_alone(doc, &p, &problems);
	if (p) {
		policy_check_kinds(p, &problems);
		scan_policy_check(p, &problems);
	}
	policy_free(p);
	/* The source of a credential may stand in a file of its own: only with the other layers can it be told that it is missing. */
	if (r == 0 || r == -EINVAL) {
		r = 0;
		*errors += problems.errors;
		if (o->format == POLICY_JSON)
			problems_json(&problems, out, first);
		else
			policy_problems_text(&problems, out);
	} else if (r == -ENOMEM) {
		r = err_set(err, r, "out of memory");
	}
	policy_problems_free(&problems);
	return r;
}

static int check_run(void *options, const struct opt_args *args)
{
	const struct check_opts *o = options;
	_cleanup_buf_ struct buf out = BUF(OUT_MAX);
	struct err err = {0};
	size_t errors = 0;
	bool first = true;
	if (args->n == 0 || args->rest)
		return cmd_usage(cmd_policy_check.name, "the files to check are missing");
	if (o->format == POLICY_JSON)
		buf_str_add(&out, "{\"problems\":[");
	for (size_t i = 0; i < args->n; i++)
		if (check_file(args->arg[i], o, &out, &errors, &first, &err) < 0)
			return policy_fail(&cmd_policy_check, &err);
	if (o->format == POLICY_JSON)
		buf_fmt(&out, "],\"errors\":%zu}\n", errors);
	else if (errors == 0)
		buf_fmt(&out, "%zu %s good\n", args->n, args->n == 1 ? "policy is" : "policies are");
	else
		buf_fmt(&out, "%zu %s\n", errors, errors == 1 ? "mistake" : "mistakes");
	int code = cmd_print(&out);
	return code != EXIT_OK ? code : errors ? EXIT_FOUND : EXIT_OK;
}

static const char *const check_examples[] = {
        "postern policy check .postern.yaml ~/.config/postern/policy.yaml",
        "postern policy check --layer organisation --format json policy.yaml",
        NULL,
};

const struct command cmd_policy_check = {
        .name = "policy check",
        .summary = "find all mistakes of policies",
        .operands = "FILE...",
        .examples = check_examples,
        .options = check_table,
        .options_size = sizeof(struct check_opts),
        .run = check_run,
};

/* diff */

static int compile_file(const char *path, const struct check_opts *o, struct arena *a, struct policy **out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX);
	struct policy_problems problems = {0};
	struct policy_doc *doc;
	int r = policy_open(path, o->layer, a, &doc, &text, &problems, err);
	if (r == 0) {
		r = policy_alone(doc, out, &problems);
		if (r == -ENOMEM)
			r = err_set(err, r, "out of memory");
	}
	if (r == -EINVAL)
		r = policy_problems_err(&problems, err);
	policy_problems_free(&problems);
	return r;
}

static void changes_text(const struct policy_changes *c, struct buf *out)
{
	static const char *const heads[] = {"Wider: what the second permits and the first does not",
	        "Tighter: what the first permits and the second does not", "Other"};
	for (int d = POLICY_WIDER; d <= POLICY_OTHER; d++) {
		bool head = false;
		for (size_t i = 0; i < c->n; i++) {
			if ((int)c->list[i].direction != d)
				continue;
			if (!head)
				buf_fmt(out, "%s%s\n", out->n ? "\n" : "", heads[d]);
			head = true;
			buf_fmt(out, "  %s: %s: %s, was %s\n", c->list[i].section, c->list[i].subject, c->list[i].after, c->list[i].before);
		}
	}
	if (c->n == 0)
		buf_str_add(out, "Both permit the same.\n");
}

static void changes_json(const struct policy_changes *c, size_t wider, struct buf *out)
{
	buf_str_add(out, "{\"changes\":[");
	for (size_t i = 0; i < c->n; i++) {
		const struct policy_change *e = &c->list[i];
		buf_fmt(out, "%s{\"direction\":\"%s\",\"section\":\"%s\",\"subject\":", i ? "," : "", policy_direction_name(e->direction),
		        e->section);
		log_json_string(out, slice_str(e->subject));
		buf_str_add(out, ",\"before\":");
		log_json_string(out, slice_str(e->before));
		buf_str_add(out, ",\"after\":");
		log_json_string(out, slice_str(e->after));
		buf_u8(out, '}');
	}
	buf_fmt(out, "],\"wider\":%zu}\n", wider);
}

static int diff_run(void *options, const struct opt_args *args)
{
	const struct check_opts *o = options;
	_cleanup_arena_ struct arena a = ARENA(256u << 20);
	_cleanup_buf_ struct buf out = BUF(OUT_MAX);
	struct policy *p[2] = {NULL, NULL};
	struct policy_changes changes = {0};
	struct err err = {0};
	size_t wider = 0;
	int code;
	if (args->n != 2 || args->rest)
		return cmd_usage(cmd_policy_diff.name, "two files are wanted: the policy as it was, and as it is");
	int r = compile_file(args->arg[0], o, &a, &p[0], &err);
	r = r < 0 ? r : compile_file(args->arg[1], o, &a, &p[1], &err);
	if (r == 0 && (r = policy_diff(p[0], p[1], &changes)) < 0)
		r = err_set(&err, r, "out of memory");
	if (r < 0) {
		code = policy_fail(&cmd_policy_diff, &err);
	} else {
		for (size_t i = 0; i < changes.n; i++)
			wider += changes.list[i].direction == POLICY_WIDER;
		if (o->format == POLICY_JSON)
			changes_json(&changes, wider, &out);
		else
			changes_text(&changes, &out);
		code = cmd_print(&out);
		if (code == EXIT_OK && wider)
			code = EXIT_FOUND;
	}
	policy_changes_free(&changes);
	policy_free(p[0]);
	policy_free(p[1]);
	return code;
}

static const struct opt diff_table[] = {
        OPT_CHOICE(
                struct check_opts, layer, "layer", 'l', "LAYER", policy_layers, "whose policies both are; by default told by their names"),
        OPT_CHOICE(struct check_opts, format, "format", 'f', "FORMAT", policy_formats, "how the changes are printed; by default as text"),
        OPT_END,
};

static const char *const diff_examples[] = {"postern policy diff policy.yaml.old policy.yaml  # exit code 1: something is wider", NULL};

const struct command cmd_policy_diff = {
        .name = "policy diff",
        .summary = "say what one policy permits that another does not",
        .operands = "FILE FILE",
        .examples = diff_examples,
        .options = diff_table,
        .options_size = sizeof(struct check_opts),
        .run = diff_run,
};
