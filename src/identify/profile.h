/* profile: how a tool is recognised, how it is run without a person, and what its vendor declares that it sends.
 * Data files: share/profiles/NAME.yaml, documented in postern-profile(5). */
#ifndef POSTERN_IDENTIFY_PROFILE_H
#define POSTERN_IDENTIFY_PROFILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/* In argv, env and files these are replaced by profile_expand(): {prompt} {base_url} {host} {home} {project} {key} {user} {package}.
 * Braces around anything else stand for themselves (files are often JSON). {base_url} and {host} have a value only in what is for a
 * gateway; profile_parse() refuses them elsewhere. {key} is a made-up key of letters and digits alone: the vendor's prefix is written
 * in the profile. */
struct profile_vars {
	const char *prompt, *base_url, *host, *home, *project, *key, *user, *package; /* NULL: "" */
};

struct profile_file {
	const char *path; /* begins with {home}/, {project}/ or /, has no ".." */
	const char *data;
};

/* What the vendor says is sent: a host ("*.example.com" allowed), and optionally the fields on it. */
struct profile_declares {
	const char *host;    /* pattern, lower case; "{gateway}" for the gateway host */
	const char *purpose; /* words of the vendor's documentation, short */
	const char *source;  /* where the vendor says so */
};

/* A factor whose literal value the vendor declares to send (name from vet's factor table), and where (host pattern, may be "*"). */
struct profile_field {
	const char *factor;
	const char *host;
	const char *source;
};

/* A switch that the vendor offers, and how it is set: any of a variable, arguments and files. */
struct profile_opt_out {
	const char *name;                 /* e.g. telemetry */
	const char *env;                  /* "NAME=value" or NULL */
	const char *const *argv;          /* appended; NULL: none */
	const struct profile_file *files; /* in place of those of the same path */
	size_t n_files;
	/* What it should end: a purpose (wire/purpose.h: "telemetry", "updates", …) or a host pattern; NULL: not said, then it is only seen
	 * what changes. */
	const char *const *ends;
};

struct profile {
	const char *name; /* short id, e.g. claude-code */
	const char *title;
	const char *publisher;
	const char *const *packages; /* npm names that this profile is for; NULL-terminated */
	const char *const *commands; /* base names of executables */
	const char *dialect;         /* see world_config.dialect */
	const char *const *model_hosts;
	/* running: with the official hosts, and with a gateway */
	const char *prompt;
	const char *const *argv; /* after the tool's executable; NULL-terminated */
	const char *const *env;  /* "NAME=value" templates; both */
	const char *const *env_official;
	const char *const *env_gateway;
	const char *const *argv_gateway; /* appended in a gateway trial */
	const struct profile_file *files;
	size_t n_files;
	const struct profile_file *files_gateway;
	size_t n_files_gateway;
	const char *base_url; /* form of {base_url} for a gateway, e.g. "http://{host}:8080/v1"; NULL: the tool has no such setting */
	unsigned seconds;     /* limit of a trial; 0: default */
	bool terminal;
	const char *needs_account; /* a sentence, if the tool can't be driven without one; else NULL */
	const struct profile_declares *declares;
	size_t n_declares;
	const struct profile_field *fields;
	size_t n_fields;
	const struct profile_opt_out *opt_outs;
	size_t n_opt_outs;
	/* A trial counts as working only if at least this many model requests were seen. */
	unsigned min_model_requests; /* default 1 */
	/* for the trials of conduct */
	const char *const *argv_first;   /* in place of argv: as a person starts it at a terminal; empty: no arguments */
	const char *const *argv_guarded; /* in place of argv: the prompt, but nothing allowed beforehand; NULL: there is no such way */
	bool sandboxes;                  /* it makes namespaces around what it runs, unless it is told not to: in a trial it cannot */
	const struct profile_file *files_used; /* of a home in which the tool's first dialogues were answered, but no project trusted */
	size_t n_files_used;
	const char *const *own; /* templates of paths that are the tool's own, with what is below; NULL: what its commands' names say */
};

#define PROFILE_BYTES_MAX (256u * 1024)

/* Parses one YAML document. `name` is used in messages: "NAME:LINE:COLUMN: what is wrong". All memory from the arena.
 * -EINVAL (a mistake in the text), -ENOMEM. Unknown keys are mistakes. */
[[nodiscard]] int profile_parse(struct slice yaml, const char *name, struct arena *arena, struct profile *out, struct err *err);
/* Reads a file, at most 256 KiB. */
[[nodiscard]] int profile_load(const char *path, struct arena *arena, struct profile *out, struct err *err);
/* The shipped profile for an npm package name, looked up in the folders of $POSTERN_SHARE, the source tree and the installed place,
 * in this order; the generic profile if none fits (*generic is set). */
[[nodiscard]] int profile_for_package(const char *package, struct arena *arena, struct profile *out, bool *generic, struct err *err);
/* The template with its placeholders replaced; NULL if the arena is full. An unknown placeholder stands for itself. */
[[nodiscard]] const char *profile_expand(const char *text, const struct profile_vars *v, struct arena *arena);
/* The first {word} that is no placeholder, with its braces; else the empty slice. */
struct slice profile_unknown_placeholder(const char *text);

#endif
