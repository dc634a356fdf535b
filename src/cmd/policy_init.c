/* postern policy init, import. */
#include "cmd/policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "policy/import.h"
#include "sys/path.h"
#include "sys/share.h"

struct init_opts {
	const char *output;
};

static const struct opt init_table[] = {
        OPT_STRING(struct init_opts, output, "output", 'o', "FILE", "write it there; a file that is there is left alone"),
        OPT_END,
};

static int yaml_only(const struct dirent *e)
{
	return e->d_name[0] != '.' && slice_ends(slice_str(e->d_name), SLICE(".yaml"));
}

/* The names of the policies that there are, for a message. */
static void known(struct buf *out)
{
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	const char *share[3];
	size_t n = share_folders(&a, share);
	for (size_t i = 0; i < n && out->n == 0; i++) {
		const char *folder = arena_fmt(&a, "%s/policies", share[i]);
		struct dirent **list = NULL;
		int count = folder ? scandir(folder, &list, yaml_only, alphasort) : -1;
		for (int k = 0; k < count; k++) {
			buf_fmt(out, "%s%.*s", k ? ", " : "", (int)strlen(list[k]->d_name) - 5, list[k]->d_name);
			free(list[k]);
		}
		free(list);
	}
}

static int init_run(void *options, const struct opt_args *args)
{
	const struct init_opts *o = options;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX), names = BUF(8192);
	const char *share[3], *tool = args->n ? args->arg[0] : "generic";
	struct err err = {0};
	if (args->n > 1 || args->rest)
		return cmd_usage(cmd_policy_init.name, "one tool at a time");
	int r = -ENOENT;
	size_t n = share_folders(&a, share);
	for (size_t i = 0; i < n && r == -ENOENT && strspn(tool, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(tool); i++) {
		const char *path = arena_fmt(&a, "%s/policies/%s.yaml", share[i], tool);
		r = path ? path_read(AT_FDCWD, path, &text) : -ENOMEM;
	}
	if (r == -ENOENT) {
		known(&names);
		return cmd_usage(
		        cmd_policy_init.name, "there is no policy for \"%.64s\"; there are %s", tool, names.n ? buf_str(&names) : "none");
	}
	if (r < 0)
		(void)err_sys(&err, r, "cannot read the policy for %s", tool);
	else if (!o->output)
		return cmd_print(&text);
	else
		r = policy_keep(o->output, buf_slice(&text), true, &err);
	return r < 0 ? policy_fail(&cmd_policy_init, &err) : EXIT_OK;
}

static const char *const init_examples[] = {
        "postern policy init claude-code > policy.yaml",
        "postern policy init  # one that is for no tool in particular",
        NULL,
};
static const char *const init_words[] = {"claude-code", "codex", "copilot-cli", "gemini-cli", "generic", "opencode", "qwen-code", NULL};

const struct command cmd_policy_init = {
        .name = "policy init",
        .summary = "write a policy to begin with, for a tool",
        .operands = "[TOOL]",
        .words = init_words,
        .examples = init_examples,
        .options = init_table,
        .options_size = sizeof(struct init_opts),
        .run = init_run,
};

/* import */

struct import_opts {
	const char *output;
	unsigned from;
};

static const struct opt import_table[] = {
        OPT_CHOICE(struct import_opts, from, "from", 0, "TOOL", policy_import_kinds,
                "whose settings they are; by default told by what is in the file"),
        OPT_STRING(struct import_opts, output, "output", 'o', "FILE", "write the policy there; a file that is there is left alone"),
        OPT_END,
};

static int import_run(void *options, const struct opt_args *args)
{
	const struct import_opts *o = options;
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX), out = BUF(4 * POLICY_BYTES_MAX);
	struct policy_import result = {0};
	struct err err = {0};
	if (args->n != 1 || args->rest)
		return cmd_usage(cmd_policy_import.name, "the file with the settings is missing");
	int r = path_read(AT_FDCWD, args->arg[0], &text);
	if (r < 0)
		r = err_sys(&err, r, "cannot read %s", args->arg[0]);
	else
		r = policy_import(buf_slice(&text), args->arg[0], o->from, &out, &result, &err);
	if (r == 0 && o->output)
		r = policy_keep(o->output, buf_slice(&out), true, &err);
	if (r < 0)
		return policy_fail(&cmd_policy_import, &err);
	int code = o->output ? EXIT_OK : cmd_print(&out);
	if (result.left_out)
		(void)fprintf(stderr, "postern %s: %zu %s of %s could not be carried over; the policy lists them at its end\n",
		        cmd_policy_import.name, result.left_out, result.left_out == 1 ? "setting" : "settings", args->arg[0]);
	return code != EXIT_OK ? code : result.left_out ? EXIT_FOUND : EXIT_OK;
}

static const char *const import_examples[] = {
        "postern policy import ~/.claude/settings.json > policy.yaml",
        "postern policy import ~/.codex/config.toml > policy.yaml",
        NULL,
};

const struct command cmd_policy_import = {
        .name = "policy import",
        .summary = "make a policy from the settings of Claude Code, Codex or sandbox-runtime",
        .operands = "FILE",
        .examples = import_examples,
        .options = import_table,
        .options_size = sizeof(struct import_opts),
        .run = import_run,
};
