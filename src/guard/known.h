/* known: what is known of a file: whether it is a tool, which one, and whether it is a program that runs others' code. It is found out by a
 * process without authority (guard/sift.h), remembered by the file's identity, and decides nothing by itself. */
#ifndef POSTERN_GUARD_KNOWN_H
#define POSTERN_GUARD_KNOWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* What a program does with files that it opens. */
enum known_runtime {
	KNOWN_RUNTIME_NONE,
	KNOWN_RUNTIME_LOADER, /* runs an ELF file: the dynamic loader, started by name */
	KNOWN_RUNTIME_CODE,   /* runs text or bytecode: node, bun, deno, Electron, Python, Ruby, Perl, PHP, Java, … */
};

/* Facts about a tool; texts are NUL-terminated, printable and may be empty. */
struct known_tool {
	unsigned refs; /* atomic */
	char tool[64], title[96], publisher[96], package[128], version[64], digest[65];
	bool content; /* by what it holds; else by its package's metadata */
	bool program; /* an executable, and not text */
	unsigned found, of;
};
/* Another holder; and one less. NULL is allowed. */
struct known_tool *known_ref(struct known_tool *t);
void known_unref(struct known_tool *t);

/* A file as it is now. Two that are equal have the same bytes, if known_stable() said so when the first was taken. */
struct known_key {
	uint64_t dev, ino, size;
	int64_t mtime, ctime; /* ns */
};
void known_key(const struct stat *st, struct known_key *out);
bool known_key_eq(const struct known_key *a, const struct known_key *b);
/* Nobody has it open for writing, and it was not changed so lately that another change could have the same time: what is read from now on
 * are the bytes that the key stands for, as long as this is true, and the key the same, once they were read. */
bool known_stable(int fd, const struct known_key *k);
/* Nobody but root can change it: then the kernel may be told not to ask again. It takes that back when somebody writes with write(2), but
 * not when through a mapping, so it would not be safe for what an ordinary person can open for writing. */
bool known_roots(const struct stat *st);

/* A table of fixed size; what is least lately put in goes first. For one thread. */
struct known;
struct known_file {
	struct known_key key;
	struct known_tool *tool; /* NULL: none that is known */
	enum known_runtime runtime;
	bool placed; /* its package was looked at too */
};
#define KNOWN_FILES 32768u
[[nodiscard]] int known_new(struct known **out);
void known_free(struct known *k);
/* NULL: not known. Valid until the next known_put(). */
const struct known_file *known_find(const struct known *k, const struct known_key *key);
/* f->tool is given one more holder. */
void known_put(struct known *k, const struct known_file *f);
void known_forget(struct known *k);

#endif
