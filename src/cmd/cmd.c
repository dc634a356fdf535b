#include "cmd/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#include "base/encode.h"
#include "cmd/enforce.h"
#include "cmd/provenance.h"
#include "cmd/scan.h"
#include "gate/link.h"
#include "world/world.h"

#define HELP_MAX    (64 * 1024)
#define MESSAGE_MAX (16 * 1024)

/* Every command, in the order of the help. A new one is one line here, one file in src/cmd, and man/postern-NAME.1. */
const struct command *const command_table[] = {
        &cmd_vet,
        &cmd_run,
        &cmd_review,
        &cmd_scan,
        &cmd_provenance,
        &cmd_inventory,
        &cmd_identify,
        &cmd_enforce,
        &cmd_policy,
        &cmd_log,
        &cmd_completion,
        &cmd_help,
};
const size_t command_count = ARRAY_LEN(command_table);

/* Roles: what this program is when it starts itself again for a part that must hold no authority. Not for people, so not in the help.
 * The descriptors of each are in the header of its entry point. */
static int role_world(void)
{
	return world_main(3);
}

static int role_gate(void)
{
	return gate_main(3);
}

static const struct {
	const char *name;
	int (*run)(void);
} role_table[] = {
        {"world", role_world},
        {"gate", role_gate},
        {"guardian", enforce_role_guardian},
        {"sift", enforce_role_sift},
        {"outside", enforce_role_outside},
        {"notice", enforce_role_notice},
        {"scan", scan_role_main},
        {"scan-changes", scan_changes_role_main},
        {"scan-archives", scan_archives_role_main},
        {"scan-changes-archives", scan_changes_archives_role_main},
        {"scan-yara", scan_yara_role_main},
        {"scan-changes-yara", scan_changes_yara_role_main},
        {"provenance", provenance_role_main},
};

static int run_role(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(role_table); i++)
		if (strcmp(role_table[i].name, name) == 0)
			return role_table[i].run();
	(void)fprintf(stderr, "postern: there is no role %.64s\n", name);
	return EXIT_USAGE;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(command_table[i]->name, name) == 0)
			return command_table[i];
	return NULL;
}

const char *command_word(const struct command *part)
{
	const char *space = strrchr(part->name, ' ');
	return space ? space + 1 : part->name;
}

const struct command *command_part(const struct command *c, const char *name)
{
	for (const struct command *const *p = c->parts; p && *p; p++)
		if (strcmp(command_word(*p), name) == 0)
			return *p;
	return NULL;
}

void cmd_tell(const char *name, const char *text)
{
	_cleanup_buf_ struct buf shown = BUF(MESSAGE_MAX);
	encode_shown(&shown, slice_str(text));
	(void)fprintf(stderr, "postern%s%s: %s\n", name ? " " : "", name ? name : "", buf_str(&shown));
}

int cmd_usage(const char *name, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF(MESSAGE_MAX / 4);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&text, fmt, ap);
	cmd_tell(name, buf_error(&text) ? "there is something wrong with what was typed" : buf_str(&text));
	(void)fprintf(stderr, "\"postern %s%s--help\" says more.\n", name ? name : "", name ? " " : "");
	va_end(ap);
	return EXIT_USAGE;
}

/* Of a family, or of the program. */
static int unknown_command(const struct command *family, const char *typed)
{
	const char *words[64], *name = family ? family->name : NULL, *space = family ? " " : "";
	size_t n = 0;
	for (size_t i = 0; n < ARRAY_LEN(words) - 1 && (family ? family->parts[i] != NULL : i < command_count); i++)
		words[n++] = family ? command_word(family->parts[i]) : command_table[i]->name;
	words[n] = NULL;
	const char *near = opt_nearest(typed, words);
	if (near)
		return cmd_usage(name, "there is no command \"%s%s%.64s\"; did you mean %s?", name ? name : "", space, typed, near);
	return cmd_usage(name, "there is no command \"%s%s%.64s\"", name ? name : "", space, typed);
}

/* A command line; what it does stands behind it, or above it where there is no room. */
static void put_example(struct buf *out, const char *example, size_t width)
{
	struct slice all = slice_str(example);
	size_t at = slice_find(all, SLICE("  # "), 0);
	if (at == SLICE_NPOS || all.n + 2 <= width)
		buf_fmt(out, "  %s\n", example);
	else
		buf_fmt(out, "  %s\n  %.*s\n", example + at + 2, (int)at, example);
}

void cmd_help_all(struct buf *out, size_t width)
{
	static const struct opt none[] = {OPT_END};
	buf_str_add(out, "Postern finds the back gates in AI coding tools.\n\n"
	                 "usage: postern COMMAND [OPTION...]\n"
	                 "       postern help [COMMAND]\n"
	                 "       postern --version\n\n"
	                 "Commands:\n");
	for (size_t i = 0; i < command_count; i++)
		buf_fmt(out, "  %-14s%s\n", command_table[i]->name, command_table[i]->summary);
	buf_str_add(out, "\nOptions:\n");
	opt_help(out, none, width);
	buf_str_add(out, "\nExamples:\n");
	for (size_t i = 0; i < command_count; i++)
		put_example(out, command_table[i]->examples[0], width);
	buf_str_add(out, "\n\"man postern\" describes the program as a whole.\n");
}

void cmd_help_one(struct buf *out, const struct command *c, size_t width)
{
	static const struct opt none[] = {OPT_END};
	buf_fmt(out, "postern %s: %s\n\nusage: postern %s%s%s%s\n\n", c->name, c->summary, c->name, c->options ? " [OPTION...]" : "",
	        c->operands ? " " : "", c->operands ? c->operands : "");
	if (c->parts)
		buf_str_add(out, "Commands:\n");
	for (const struct command *const *p = c->parts; p && *p; p++)
		buf_fmt(out, "  %-14s%s\n", command_word(*p), (*p)->summary);
	buf_fmt(out, "%sOptions:\n", c->parts ? "\n" : "");
	opt_help(out, c->options ? c->options : none, width);
	buf_str_add(out, "\nExamples:\n");
	for (const char *const *e = c->examples; *e; e++)
		put_example(out, *e, width);
	buf_fmt(out, "\n\"man postern-%.*s\" says more.\n", (int)strcspn(c->name, " "), c->name);
}

void cmd_uuid(char out[37])
{
	uint8_t b[16] = {0};
	(void)!getrandom(b, sizeof(b), 0);
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	(void)snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
	        b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

size_t cmd_columns(void)
{
	struct winsize w = {0};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < 60)
		return 80;
	return w.ws_col > 120 ? 120 : w.ws_col;
}

int cmd_print(const struct buf *b)
{
	if (buf_error(b) < 0 || fwrite(b->p, 1, b->n, stdout) != b->n || fflush(stdout) != 0) {
		if (errno == EPIPE)
			return EXIT_OK;
		(void)fprintf(stderr, "postern: cannot write: %s\n", strerror(buf_error(b) < 0 ? -buf_error(b) : errno));
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int show_help(const struct command *c)
{
	_cleanup_buf_ struct buf out = BUF(HELP_MAX);
	if (c)
		cmd_help_one(&out, c, cmd_columns());
	else
		cmd_help_all(&out, cmd_columns());
	return cmd_print(&out);
}

static int help_run(void *options, const struct opt_args *args)
{
	(void)options;
	const struct command *c = args->n ? command_find(args->arg[0]) : NULL;
	if (args->n == 0)
		return show_help(NULL);
	if (!c)
		return args->n == 1 ? unknown_command(NULL, args->arg[0]) : cmd_usage("help", "one command at a time");
	for (size_t i = 1; i < args->n; i++) {
		if (!c->parts)
			return cmd_usage("help", "one command at a time");
		const struct command *part = command_part(c, args->arg[i]);
		if (!part)
			return unknown_command(c, args->arg[i]);
		c = part;
	}
	return show_help(c);
}

static const char *const help_examples[] = {"postern help completion", NULL};

const struct command cmd_help = {
        .name = "help",
        .summary = "explain a command",
        .operands = "[COMMAND]",
        .examples = help_examples,
        .run = help_run,
};

static int run_command(const struct command *c, int argc, char **argv)
{
	static const struct opt none[] = {OPT_END};
	while (c->parts && argc > 0 && argv[0][0] != '-') {
		const struct command *part = command_part(c, argv[0]);
		if (!part)
			return unknown_command(c, argv[0]);
		c = part;
		argc--;
		argv++;
	}
	struct err err = {0};
	struct opt_args args = {0};
	_cleanup_free_ void *options = calloc(1, c->options_size ? c->options_size : 1);
	if (!options) {
		(void)fprintf(stderr, "postern: out of memory\n");
		return EXIT_USAGE;
	}
	if (c->defaults)
		memcpy(options, c->defaults, c->options_size);
	if (opt_parse(c->options ? c->options : none, argc, argv, options, &args, &err) < 0)
		return cmd_usage(c->name, "%s", err.text);
	if (args.help)
		return show_help(c);
	if (c->parts)
		return cmd_usage(c->name, "a command is missing: which part of %s", c->name);
	return c->run(options, &args);
}

int cmd_main(int argc, char **argv)
{
	static const char role[] = "--role=";
	if (argc < 2) {
		_cleanup_buf_ struct buf out = BUF(HELP_MAX);
		cmd_help_all(&out, 80);
		(void)fputs(buf_str(&out), stderr);
		return EXIT_USAGE;
	}
	const char *word = argv[1];
	if (strncmp(word, role, sizeof(role) - 1) == 0)
		return run_role(word + sizeof(role) - 1);
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		(void)puts("postern " POSTERN_VERSION);
		return EXIT_OK;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return show_help(NULL);
	if (word[0] == '-')
		return cmd_usage(NULL, "there is no option %.64s before a command", word);
	const struct command *c = command_find(word);
	return c ? run_command(c, argc - 2, argv + 2) : unknown_command(NULL, word);
}
