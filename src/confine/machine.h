/* machine: what the kernel of a synthetic host says about its machine, made from a host_spec: texts of files below /proc and answers of
 * system calls. Only made here; hosttree shows the files, calls gives the answers, and so both say the same. */
#ifndef POSTERN_CONFINE_MACHINE_H
#define POSTERN_CONFINE_MACHINE_H

#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "confine/host.h"

/* How long the synthetic host is up when its tool starts. Always the same, so that it is no noise in what the tool sends. */
#define MACHINE_UPTIME_S 284461

/* Of threads, and of signals that wait for a person's processes: both follow from the memory. */
#define MACHINE_THREADS_MAX 127370
#define MACHINE_SIGNALS_MAX (MACHINE_THREADS_MAX / 2)

/* Texts that grow with the number of CPUs stay below this. */
#define MACHINE_TEXT_MAX ((size_t)4 << 20)

/* The number of CPUs to show, at least 1; never more than can be asked for with a factor (4096). */
unsigned machine_cpus(const struct host_spec *h);

/* As the kernel writes a set of CPUs: "0-7" and a newline. */
void machine_cpu_range(struct buf *out, unsigned cpus);

/* As uname(2) fills it. Without host_spec.kernel_release the real kernel's release and version. */
void machine_name(const struct host_spec *h, struct utsname *out);

/* As sysinfo(2) fills it. */
void machine_sysinfo(uint64_t uptime_s, struct sysinfo *out);

/* Contents of /proc/stat; its counters grow with uptime_s. Takes no memory: at most size - 1 bytes and a NUL. Returns how many bytes it
 * wanted, as snprintf(). */
size_t machine_stat(char *out, size_t size, unsigned cpus, double uptime_s, int64_t booted_unix);

/* Files below /proc that are replaced. */
struct machine_file {
	const char *path; /* below /proc */
	const char *fixed;
	/* Or appends the contents; nothing: the real file is to be seen. */
	void (*text)(struct buf *out, const struct host_spec *h);
};
extern const struct machine_file machine_files[];
extern const size_t machine_n_files;

#endif
