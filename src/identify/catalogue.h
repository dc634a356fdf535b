/* catalogue: what there is to know of each AI tool without looking into its bytes: what it is called, and where it, its settings, keys,
 * hooks, skills and servers stand. Data: share/catalogue/tools.yaml, documented in postern-catalogue(5). */
#ifndef POSTERN_IDENTIFY_CATALOGUE_H
#define POSTERN_IDENTIFY_CATALOGUE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum catalogue_kind { CATALOGUE_AGENT, CATALOGUE_EDITOR, CATALOGUE_EXTENSION, CATALOGUE_RUNTIME, CATALOGUE_SHARED };
/* "agent", "editor", "extension", "runtime", and "shared": no tool, but what several read; NULL-terminated. */
extern const char *const catalogue_kind_names[];

/* How a file is written: those of parse/conf.h, and a file that is nothing but a key. */
enum catalogue_format { CATALOGUE_JSON, CATALOGUE_TOML, CATALOGUE_YAML, CATALOGUE_ENV, CATALOGUE_TEXT };

/* What makes a finding worth a second look; each has its row in catalogue_risks. */
enum catalogue_risk_id {
	RISK_AUTO_APPROVE,
	RISK_AUTO_APPROVE_SOME,
	RISK_SANDBOX_OFF,
	RISK_SANDBOX_OPEN,
	RISK_REDIRECTED,
	RISK_DANGEROUS_FLAG,
	RISK_TRUSTS_SERVER,
	RISK_TRUSTS_ALL_SERVERS,
	RISK_TRUSTED_PROJECT,
	RISK_UNPINNED,
	RISK_PLAIN_HTTP,
	RISK_FROM_TEMPORARY,
	RISK_OTHERS_WRITE,
	RISK_OTHERS_READ,
	RISK_OPEN_PORT,
	RISK_NOT_HELD,
	RISK_CONTRADICTED,
	RISK_DISGUISED,
	RISK_SET_USER_ID,
	RISK_HIDDEN_TEXT,
	RISK_KEY_IN_PROJECT,
	RISKS
};
enum catalogue_severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };
struct catalogue_risk_row {
	const char *name; /* "auto-approve", as in the catalogue and in what is printed */
	enum catalogue_severity severity;
	const char *text; /* what it means, one line */
};
extern const struct catalogue_risk_row catalogue_risks[RISKS];
/* "low", "medium", "high" */
const char *catalogue_severity_name(enum catalogue_severity s);

/* Places: "~/x" below a home, "/x" below the root of a system, "x/y" in any folder. A part of a path may be "*", and the last may have one
 * "*" in it. */
struct catalogue_file {
	const char *at;
	enum catalogue_format format;
	bool managed; /* an administrator's: it holds only if nobody else can change it */
	bool shell;   /* commands of a shell: searched for a tool's dangerous flags too */
	/* Paths as conf_each() has them; NULL-terminated lists. */
	const char *const *mcp;       /* servers: a map by name, or a list */
	const char *const *hooks;     /* what is run at an event: the commands anywhere below */
	const char *const *runs;      /* single commands */
	const char *const *keys;      /* members that hold a key */
	const char *const *variables; /* maps of environment variables */
};
struct catalogue_setting {
	const char *at;
	const char *const *is; /* values that are a risk; empty: any, and of RISK_REDIRECTED an address that is not the vendor's */
	enum catalogue_risk_id risk;
};
struct catalogue_tool {
	const char *id, *title, *publisher;
	enum catalogue_kind kind;
	/* NULL-terminated; empty if the item has none. */
	const char *const *packages; /* "npm:@openai/codex", "pypi:", "vscode:", "jetbrains:", …; one may end with "*" */
	const char *const *commands, *const *markers, *const *hosts, *const *folders, *const *instructions, *const *skills, *const *flags;
	const unsigned *ports; /* 0 at the end */
	const struct catalogue_file *files;
	size_t n_files;
	const struct catalogue_setting *risks;
	size_t n_risks;
};
struct catalogue_variable {
	const char *name, *of;
};
struct catalogue {
	const struct catalogue_variable *variables; /* that hold keys */
	size_t n_variables;
	const char *const *redirects; /* variables that redirect a tool; NULL-terminated */
	const struct catalogue_tool *tools;
	size_t n_tools;
	char digest[65]; /* SHA-256 of the text: goes into caches */
};

#define CATALOGUE_BYTES_MAX (256u * 1024)

/* Parses one YAML document; `name` is used in messages, "NAME:LINE:COLUMN: what is wrong". All memory from the arena. -EINVAL, -ENOMEM.
 * Unknown keys are mistakes, and so are ids and packages that are there twice. */
[[nodiscard]] int catalogue_parse(struct slice yaml, const char *name, struct arena *arena, struct catalogue *out, struct err *err);
/* The shipped one, or that in `path` if it is not NULL. */
[[nodiscard]] int catalogue_open(const char *path, struct arena *arena, struct catalogue *out, struct err *err);

/* The tool with this id, package, command or port; NULL if there is none (of ports: or several). */
const struct catalogue_tool *catalogue_tool(const struct catalogue *c, struct slice id);
const struct catalogue_tool *catalogue_package(const struct catalogue *c, struct slice package);
const struct catalogue_tool *catalogue_command(const struct catalogue *c, struct slice command);
const struct catalogue_tool *catalogue_port(const struct catalogue *c, unsigned port);
/* Is this host (lower case) one of the tool's? */
bool catalogue_host(const struct catalogue_tool *t, struct slice host);
const struct catalogue_variable *catalogue_variable(const struct catalogue *c, struct slice name);

#endif
