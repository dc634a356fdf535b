/* identify: which AI tool are these bytes? By what they hold and how they are built, never by what a file or folder is called.
 *
 * What is known of a tool are its prints (share/prints/TOOL.yaml, made by "postern identify --learn"): constants that stand in every
 * version it was learned from and in nothing else, what stands before its version number, and the names of its packages. An artefact is a
 * tool if it holds enough of its constants, or if its package's metadata say so; the answer tells which, and how much. */
#ifndef POSTERN_IDENTIFY_IDENTIFY_H
#define POSTERN_IDENTIFY_IDENTIFY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/* How the bytes are built. */
enum identify_form {
	IDENTIFY_FORM_OTHER,  /* data, or nothing that is known */
	IDENTIFY_FORM_ELF,    /* an executable or shared object, without a program inside it */
	IDENTIFY_FORM_SINGLE, /* an ELF executable that carries a program: Bun, Deno, Node SEA, pkg, PyInstaller, an AppImage */
	IDENTIFY_FORM_SCRIPT, /* text with an interpreter line, or code of JavaScript, Python, shell, … */
	IDENTIFY_FORM_ARCHIVE,
};
const char *identify_form_name(enum identify_form f);

/* By what it was recognised, weakest first. */
enum identify_by {
	IDENTIFY_BY_NOTHING,
	IDENTIFY_BY_METADATA,  /* the name in package.json, METADATA, an extension's manifest: true unless somebody changed it */
	IDENTIFY_BY_CONSTANTS, /* its content */
};

#define IDENTIFY_EXAMPLES 4

struct identify_match {
	enum identify_by by;   /* NOTHING: no known tool, and the rest is empty */
	const char *tool;      /* id, as of its profile: "claude-code"; lives as long as the struct identify, as do the next two */
	const char *title;     /* "Claude Code" */
	const char *publisher; /* "Anthropic" */
	char package[128]; /* "npm:@anthropic-ai/claude-code": by metadata that agree with the tool; else the tool's first package; or "" */
	char version[64];  /* "" if it cannot be read */
	unsigned found, of; /* constants that were found (0 if by metadata alone), and how many its prints have */
	enum identify_form form;
	char digest[65];                        /* SHA-256 of the bytes, if it was asked for: of a file alone; else "" */
	const char *example[IDENTIFY_EXAMPLES]; /* some of the constants that were found; NULL: no more */
};

struct identify;

/* Reads and compiles the prints of every tool. `folders`: where they are, best first, with ':'
 * between; of two files with one name, or of one tool, the first counts. NULL: those that are shipped (sys/share.h), with those of the
 * bundle in force over them. Once it is open it does not change, and threads may share it. -ENOENT: there are none; -EINVAL: a mistake in
 * one, with its place; -ENOMEM. */
[[nodiscard]] int identify_open(const char *folders, struct identify **out, struct err *err);
/* What NULL stands for: absolute, but that the link to the bundle in force is kept, as another may be when a process begins. NULL if there
 * is none, or no memory. */
const char *identify_folders(struct arena *arena);
void identify_close(struct identify *id);
/* SHA-256 in hex over all prints: what was known when an answer was given. It goes into caches, so that they end when prints change. */
const char *identify_digest(const struct identify *id);

enum {
	IDENTIFY_DIGEST = 1 << 0, /* the SHA-256 of the bytes too, which needs all of them to be read */
	IDENTIFY_INSIDE = 1 << 1, /* look into archives (tar, zip, compressed or not), and layers and images of containers */
	IDENTIFY_UNPACK = 1 << 2, /* and into those that a single-file executable carries, if its own texts say no tool, or no version */
};

/* One file, by its bytes alone; `fd` is read with pread() from its start, and its offset does not move. Reading stops as soon as the answer
 * is sure, unless there is more to find out; of files beyond 2 GiB the first and the last GiB are searched. With IDENTIFY_INSIDE
 * or IDENTIFY_UNPACK a child process without authority reads archives, and of several tools in one that is told of which most was found. At
 * most as much memory as a window of some MiB, whatever the file's size; thread-safe. 0 also if it is no known tool; -EIO and other errors
 * of reading; -ENOMEM. Nothing in the file can make it fail otherwise. */
[[nodiscard]] int identify_file(const struct identify *id, int fd, unsigned flags, struct identify_match *out, struct err *err);

/* A package or program that lies unpacked in a folder (its descriptor): the metadata of its root (package.json, an extension's manifest,
 * *.dist-info/METADATA), and the constants of all its code files together, without those of packages below it (node_modules). Follows no
 * link, leaves the file system of the folder at no time, reads at most IDENTIFY_TREE_FILES files and 16 GiB. Archives below
 * it are no code of its own. Names and metadata are hostile. 0, -ENOMEM, errors of reading the folder itself. */
#define IDENTIFY_TREE_FILES 20000
[[nodiscard]] int identify_tree(const struct identify *id, int dirfd, struct identify_match *out, struct err *err);

/* The tool with this package ("npm:@openai/codex", "pypi:aider-chat", "vscode:openai.chatgpt"; exact), by NULL if there is none. Says
 * nothing of content. */
const char *identify_package_tool(const struct identify *id, struct slice package);
/* What a tool with that id is called, and who publishes it; they live as long as *id. False: there is none, and both are untouched. */
bool identify_tool_names(const struct identify *id, const char *tool, const char **title, const char **publisher);

#endif
