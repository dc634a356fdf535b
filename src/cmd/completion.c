/* postern completion: scripts for bash, zsh and fish, written from the tables of commands and options. */
#include "cmd/cmd.h"

#include <stdio.h>

#include "vet/factor.h"

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static bool takes_file(const struct opt *o)
{
	return o->word && strcmp(o->word, "FILE") == 0;
}

static bool takes_folder(const struct opt *o)
{
	return o->word && strcmp(o->word, "DIR") == 0;
}

static bool takes_factors(const struct opt *o)
{
	return strcmp(o->name, "factors") == 0;
}

static void put_factors(struct buf *out)
{
	for (size_t i = 0; i < factor_count; i++)
		buf_fmt(out, "%s%s", i ? " " : "", factor_table[i].name);
}

static const struct opt *options_of(const struct command *c)
{
	static const struct opt none[] = {OPT_END};
	return c->options ? c->options : none;
}

static void put_list(struct buf *out, const char *const *words, char separator)
{
	for (size_t i = 0; words && words[i]; i++) {
		if (i)
			buf_u8(out, (uint8_t)separator);
		buf_str_add(out, words[i]);
	}
}

static void put_commands(struct buf *out)
{
	for (size_t i = 0; i < command_count; i++)
		buf_fmt(out, "%s%s", i ? " " : "", command_table[i]->name);
}

/* What may stand first after the command: its words, or the commands themselves for help. */
static void put_operands(struct buf *out, const struct command *c)
{
	if (c == &cmd_help)
		put_commands(out);
	else
		put_list(out, c->words, ' ');
}

typedef void command_fn(struct buf *out, const struct command *c);

/* Calls fn for a command and all parts below it: those that have options of their own, or the families. */
static void each_of(struct buf *out, const struct command *c, bool families, command_fn *fn)
{
	if (families == (c->parts != NULL))
		fn(out, c);
	for (const struct command *const *p = c->parts; p && *p; p++)
		each_of(out, *p, families, fn);
}

static void each(struct buf *out, bool families, command_fn *fn)
{
	for (size_t i = 0; i < command_count; i++)
		each_of(out, command_table[i], families, fn);
}

static void put_parts(struct buf *out, const struct command *family)
{
	for (const struct command *const *p = family->parts; *p; p++)
		buf_fmt(out, "%s%s", p == family->parts ? "" : " ", command_word(*p));
}

/* How many words a command's name has. */
static unsigned words_of(const struct command *c)
{
	unsigned n = 1;
	for (const char *p = c->name; *p; p++)
		n += *p == ' ';
	return n;
}

/* After a family its parts; what is there already goes to the name of the command. */
static void bash_family(struct buf *out, const struct command *c)
{
	unsigned n = words_of(c);
	buf_fmt(out, "\tif [[ $command == '%s' ]]; then\n\t\tif ((COMP_CWORD == %u)); then\n\t\t\tmapfile -t COMPREPLY < <(compgen -W '",
	        c->name, n + 1);
	put_parts(out, c);
	buf_fmt(out, " --help' -- \"$cur\")\n\t\t\treturn\n\t\tfi\n\t\tcommand+=\" ${COMP_WORDS[%u]}\"\n\tfi\n", n + 1);
}

static void bash_values(struct buf *out, const struct command *c)
{
	for (const struct opt *o = options_of(c); o->kind != OPT_KIND_END; o++) {
		if (!o->word)
			continue;
		buf_fmt(out, "\t'%s:--%s'", c->name, o->name);
		if (o->letter)
			buf_fmt(out, "|'%s:-%c'", c->name, o->letter);
		buf_str_add(out, ")\n\t\t");
		if (o->choices) {
			buf_str_add(out, "mapfile -t COMPREPLY < <(compgen -W '");
			put_list(out, o->choices, ' ');
			buf_str_add(out, "' -- \"$cur\")\n");
		} else if (takes_file(o)) {
			buf_str_add(out, "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n");
		} else if (takes_folder(o)) {
			buf_str_add(out, "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n");
		} else if (takes_factors(o)) {
			/* The last of a list. */
			buf_str_add(out, "mapfile -t COMPREPLY < <(compgen -P \"${cur%\"${cur##*,}\"}\" -W '");
			put_factors(out);
			buf_str_add(out, "' -- \"${cur##*,}\")\n");
		} else {
			buf_str_add(out, "COMPREPLY=()\n");
		}
		buf_str_add(out, "\t\treturn ;;\n");
	}
}

static void bash_words(struct buf *out, const struct command *c)
{
	buf_fmt(out, "\t'%s') words='", c->name);
	put_operands(out, c);
	for (const struct opt *o = options_of(c); o->kind != OPT_KIND_END; o++)
		buf_fmt(out, " --%s", o->name);
	buf_str_add(out, " --help' ;;\n");
}

static void bash_script(struct buf *out)
{
	buf_str_add(out, "# bash completion for postern; made by: postern completion bash\n"
	                 "_postern() {\n"
	                 "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=\n"
	                 "\tif ((COMP_CWORD == 1)); then\n"
	                 "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	put_commands(out);
	buf_str_add(out, " --help --version' -- \"$cur\")\n\t\treturn\n\tfi\n");
	each(out, true, bash_family);
	buf_str_add(out, "\tcase $command:$prev in\n");
	each(out, false, bash_values);
	buf_str_add(out, "\tesac\n\tcase $command in\n");
	each(out, false, bash_words);
	buf_str_add(out, "\tesac\n"
	                 "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	                 "\tif ((${#COMPREPLY[@]} == 0)); then\n"
	                 "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	                 "\tfi\n"
	                 "}\n"
	                 "complete -o filenames -F _postern postern\n");
}

/* Inside zsh's '[…]' and fish's '…': the texts of the tables hold no quotes, brackets or colons that would need more (a test says so). */
static void zsh_option(struct buf *out, const struct opt *o)
{
	const char *many = o->kind == OPT_KIND_LIST ? "*" : "";
	if (o->letter)
		buf_fmt(out, " \\\n\t\t\t'%s-%c[%s]", many, o->letter, o->help);
	for (int twice = o->letter ? 0 : 1; twice < 2; twice++) {
		if (twice == 1)
			buf_fmt(out, " \\\n\t\t\t'%s--%s%s[%s]", many, o->name, o->word ? "=" : "", o->help);
		if (o->word) {
			buf_fmt(out, ":%s:", o->word);
			if (o->choices) {
				buf_u8(out, '(');
				put_list(out, o->choices, ' ');
				buf_u8(out, ')');
			} else if (takes_file(o)) {
				buf_str_add(out, "_files");
			} else if (takes_folder(o)) {
				buf_str_add(out, "_files -/");
			} else if (takes_factors(o)) {
				buf_str_add(out, "_values -s , factor ");
				put_factors(out);
			}
		}
		buf_u8(out, '\'');
	}
}

/* What follows the name of a command, as arguments of _arguments. */
static void zsh_arguments(struct buf *out, const struct command *c)
{
	buf_str_add(out, "_arguments '--help[this text]'");
	for (const struct opt *o = options_of(c); o->kind != OPT_KIND_END; o++)
		zsh_option(out, o);
	if (c == &cmd_help || c->words) {
		buf_str_add(out, " \\\n\t\t\t'1:word:(");
		put_operands(out, c);
		buf_str_add(out, ")'");
	} else if (c->operands) {
		buf_str_add(out, " \\\n\t\t\t'*:operand:_files'");
	}
	buf_str_add(out, " ;;\n");
}

/* A family: first one of its parts, then what that takes. */
static void zsh_family(struct buf *out, const struct command *c)
{
	buf_str_add(out, "_arguments -C '--help[this text]' '1:command:((");
	for (const struct command *const *p = c->parts; *p; p++)
		buf_fmt(out, "%s%s\\:\"%s\"", p == c->parts ? "" : " ", command_word(*p), (*p)->summary);
	buf_str_add(out, "))' '*::argument:->part' && return\n\t\t\tcase $line[1] in\n");
	for (const struct command *const *p = c->parts; *p; p++) {
		buf_fmt(out, "\t\t\t%s) ", command_word(*p));
		if ((*p)->parts)
			zsh_family(out, *p);
		else
			zsh_arguments(out, *p);
	}
	buf_str_add(out, "\t\t\tesac ;;\n");
}

static void zsh_script(struct buf *out)
{
	buf_str_add(out, "#compdef postern\n"
	                 "# zsh completion for postern; made by: postern completion zsh\n"
	                 "_postern() {\n"
	                 "\tlocal context state state_descr line\n"
	                 "\ttypeset -A opt_args\n"
	                 "\t_arguments -C '--help[this text]' '--version[the version]' '1:command:->command' '*::argument:->argument'\n"
	                 "\tcase $state in\n"
	                 "\tcommand)\n"
	                 "\t\tlocal -a commands=(");
	for (size_t i = 0; i < command_count; i++)
		buf_fmt(out, "\n\t\t\t'%s:%s'", command_table[i]->name, command_table[i]->summary);
	buf_str_add(out, ")\n\t\t_describe command commands ;;\n\targument)\n\t\tcase $line[1] in\n");
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = command_table[i];
		buf_fmt(out, "\t\t%s) ", c->name);
		if (c->parts)
			zsh_family(out, c);
		else
			zsh_arguments(out, c);
	}
	buf_str_add(out, "\t\tesac ;;\n\tesac\n}\nif [[ $funcstack[1] == _postern ]]; then\n\t_postern \"$@\"\nelse\n\tcompdef _postern "
	                 "postern\nfi\n");
}

/* The condition under which a command's words are offered. */
static void fish_when(struct buf *out, const struct command *c)
{
	struct slice rest = slice_str(c->name), word;
	buf_str_add(out, "complete -c postern -n '");
	for (bool first = true; slice_split(&rest, ' ', &word); first = false)
		buf_fmt(out, "%s__fish_seen_subcommand_from %.*s", first ? "" : "; and ", SLICE_FMT(word));
	buf_u8(out, '\'');
}

static void fish_family(struct buf *out, const struct command *c)
{
	for (const struct command *const *p = c->parts; *p; p++) {
		struct slice rest = slice_str(c->name), word;
		buf_str_add(out, "complete -c postern -f -n '");
		while (slice_split(&rest, ' ', &word))
			buf_fmt(out, "__fish_seen_subcommand_from %.*s; and ", SLICE_FMT(word));
		buf_str_add(out, "not __fish_seen_subcommand_from ");
		put_parts(out, c);
		buf_fmt(out, "' -a %s -d '%s'\n", command_word(*p), (*p)->summary);
	}
}

static void fish_command(struct buf *out, const struct command *c)
{
	if (c == &cmd_help || c->words) {
		fish_when(out, c);
		buf_str_add(out, " -f -a '");
		put_operands(out, c);
		buf_str_add(out, "'\n");
	}
	for (const struct opt *o = options_of(c); o->kind != OPT_KIND_END; o++) {
		fish_when(out, c);
		buf_fmt(out, " -l %s", o->name);
		if (o->letter)
			buf_fmt(out, " -s %c", o->letter);
		if (o->choices) {
			buf_str_add(out, " -x -a '");
			put_list(out, o->choices, ' ');
			buf_u8(out, '\'');
		} else if (o->word) {
			buf_str_add(out, takes_file(o) ? " -r -F" : takes_folder(o) ? " -x -a '(__fish_complete_directories)'" : " -x");
		}
		buf_fmt(out, " -d '%s'\n", o->help);
	}
	fish_when(out, c);
	buf_str_add(out, " -s h -l help -d 'this text'\n");
}

static void fish_script(struct buf *out)
{
	buf_str_add(out, "# fish completion for postern; made by: postern completion fish\n"
	                 "complete -c postern -n __fish_use_subcommand -f\n"
	                 "complete -c postern -n __fish_use_subcommand -l help -d 'this text'\n"
	                 "complete -c postern -n __fish_use_subcommand -l version -d 'the version'\n");
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = command_table[i];
		buf_fmt(out, "complete -c postern -n __fish_use_subcommand -a %s -d '%s'\n", c->name, c->summary);
	}
	each(out, true, fish_family);
	each(out, false, fish_command);
}

bool completion_script(struct buf *out, const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		bash_script(out);
	else if (strcmp(shell, "zsh") == 0)
		zsh_script(out);
	else if (strcmp(shell, "fish") == 0)
		fish_script(out);
	else
		return false;
	return true;
}

static int completion_run(void *options, const struct opt_args *args)
{
	(void)options;
	if (args->n != 1 || args->rest)
		return cmd_usage("completion", "name one shell: bash, zsh or fish");
	_cleanup_buf_ struct buf out = BUF(256 * 1024);
	if (!completion_script(&out, args->arg[0])) {
		const char *near = opt_nearest(args->arg[0], shells);
		if (near)
			return cmd_usage("completion", "there is no completion for \"%.64s\"; did you mean %s?", args->arg[0], near);
		return cmd_usage("completion", "there is no completion for \"%.64s\"; bash, zsh and fish have one", args->arg[0]);
	}
	return cmd_print(&out);
}

static const char *const completion_examples[] = {
        "postern completion bash > ~/.local/share/bash-completion/completions/postern",
        "postern completion zsh > ~/.zfunc/_postern",
        "postern completion fish > ~/.config/fish/completions/postern.fish",
        NULL,
};

const struct command cmd_completion = {
        .name = "completion",
        .summary = "write a completion script for a shell",
        .operands = "bash|zsh|fish",
        .words = shells,
        .examples = completion_examples,
        .run = completion_run,
};
