#include "confine/machine.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CPUS_MAX  4096
#define TICKS_S   100 /* USER_HZ */
#define MEMORY_KB 16303428ull
#define FREE_KB   6120744ull
#define SHARED_KB 412876ull
#define BUFFER_KB 356212ull
#define THREADS   387
/* The same for every release: a text that differs between levels without naming its level would look like a secret of the tool. */
#define KERNEL_VERSION "#1 SMP PREEMPT_DYNAMIC Tue Mar  4 09:41:12 UTC 2025"

static const double load[3] = {0.31, 0.24, 0.18};

unsigned machine_cpus(const struct host_spec *h)
{
	long n = h->cpus ? (long)h->cpus : sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > CPUS_MAX ? CPUS_MAX : (unsigned)n;
}

void machine_cpu_range(struct buf *out, unsigned cpus)
{
	if (cpus > 1)
		buf_fmt(out, "0-%u\n", cpus - 1);
	else
		buf_str_add(out, "0\n");
}

void machine_name(const struct host_spec *h, struct utsname *out)
{
	struct utsname u = {0};
	(void)uname(&u);
	(void)snprintf(u.nodename, sizeof(u.nodename), "%s", h->hostname);
	if (h->kernel_release) {
		(void)snprintf(u.release, sizeof(u.release), "%s", h->kernel_release);
		(void)snprintf(u.version, sizeof(u.version), "%s", KERNEL_VERSION);
	}
	*out = u;
}

void machine_sysinfo(uint64_t uptime_s, struct sysinfo *out)
{
	*out = (struct sysinfo){
	        .uptime = (long)uptime_s,
	        .totalram = MEMORY_KB << 10,
	        .freeram = FREE_KB << 10,
	        .sharedram = SHARED_KB << 10,
	        .bufferram = BUFFER_KB << 10,
	        .procs = THREADS,
	        .mem_unit = 1,
	};
	for (size_t i = 0; i < ARRAY_LEN(load); i++)
		out->loads[i] = (unsigned long)(load[i] * (1 << SI_LOAD_SHIFT));
}

size_t machine_stat(char *out, size_t size, unsigned cpus, double uptime_s, int64_t booted_unix)
{
	uint64_t t = (uint64_t)(uptime_s * TICKS_S), each[4] = {t / 48, t / 3000, t / 160, t / 900};
	uint64_t idle = t - each[0] - each[1] - each[2] - each[3];
	size_t n = 0;
	for (unsigned i = 0; i <= cpus; i++) {
		char name[16] = "cpu ";
		uint64_t of = i == 0 ? cpus : 1;
		if (i)
			(void)snprintf(name, sizeof(name), "cpu%u", i - 1);
		n += (size_t)snprintf(n < size ? out + n : NULL, n < size ? size - n : 0, "%s %llu %llu %llu %llu %llu 0 0 0 0 0\n", name,
		        (unsigned long long)(each[0] * of), (unsigned long long)(each[1] * of), (unsigned long long)(each[2] * of),
		        (unsigned long long)(idle * of), (unsigned long long)(each[3] * of));
	}
	n += (size_t)snprintf(n < size ? out + n : NULL, n < size ? size - n : 0,
	        "intr %llu 0\nctxt %llu\nbtime %lld\nprocesses %llu\nprocs_running 1\nprocs_blocked 0\n"
	        "softirq %llu 0 0 0 0 0 0 0 0 0 0\n",
	        (unsigned long long)t * 7, (unsigned long long)t * 19, (long long)booted_unix, (unsigned long long)t / 40,
	        (unsigned long long)t * 3);
	return n;
}

static void stat_text(struct buf *out, const struct host_spec *h)
{
	unsigned cpus = machine_cpus(h);
	int64_t booted = time(NULL) - MACHINE_UPTIME_S;
	size_t n = machine_stat(NULL, 0, cpus, MACHINE_UPTIME_S, booted);
	uint8_t *at = buf_room(out, n + 1);
	if (at)
		out->n += machine_stat((char *)at, n + 1, cpus, MACHINE_UPTIME_S, booted);
}

static void cpuinfo_text(struct buf *out, const struct host_spec *h)
{
	unsigned cpus = machine_cpus(h);
	for (unsigned i = 0; i < cpus; i++)
		buf_fmt(out,
		        "processor\t: %u\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) Gold "
		        "6240 CPU @ 2.60GHz\n"
		        "stepping\t: 7\ncpu MHz\t\t: 2600.000\ncache size\t: 25344 KB\nphysical id\t: 0\nsiblings\t: %u\ncore id\t\t: "
		        "%u\ncpu cores\t: %u\n"
		        "flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht "
		        "syscall nx "
		        "rdtscp lm constant_tsc pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c rdrand lahf_lm "
		        "abm avx2 bmi1 "
		        "bmi2 erms\nbogomips\t: 5200.00\n\n",
		        i, cpus, i, cpus);
}

static void meminfo_text(struct buf *out, const struct host_spec *h)
{
	static const struct {
		const char *name;
		unsigned long long kb;
	} rows[] = {{"MemTotal", MEMORY_KB}, {"MemFree", FREE_KB}, {"MemAvailable", 11873160}, {"Buffers", BUFFER_KB}, {"Cached", 5613420},
	        {"SwapCached", 0}, {"Active", 3410388}, {"Inactive", 5418064}, {"Active(anon)", 2214560}, {"Inactive(anon)", 1056112},
	        {"Active(file)", 1195828}, {"Inactive(file)", 4361952}, {"Unevictable", 48}, {"Mlocked", 48}, {"SwapTotal", 0},
	        {"SwapFree", 0}, {"Dirty", 612}, {"Writeback", 0}, {"AnonPages", 2858820}, {"Mapped", 871540}, {"Shmem", SHARED_KB},
	        {"KReclaimable", 402316}, {"Slab", 561820}, {"SReclaimable", 402316}, {"SUnreclaim", 159504}, {"KernelStack", 14208},
	        {"PageTables", 36572}, {"CommitLimit", MEMORY_KB / 2}, {"Committed_AS", 9125364}, {"VmallocTotal", 34359738367},
	        {"VmallocUsed", 61244}, {"VmallocChunk", 0}, {"AnonHugePages", 0}, {"Hugepagesize", 2048}, {"DirectMap4k", 298852},
	        {"DirectMap2M", 8069120}, {"DirectMap1G", 8388608}};
	(void)h;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		buf_fmt(out, "%s:%*llu kB\n", rows[i].name, (int)(23 - strlen(rows[i].name)), rows[i].kb);
}

static void loadavg_text(struct buf *out, const struct host_spec *h)
{
	(void)h;
	buf_fmt(out, "%.2f %.2f %.2f 1/%d 2871\n", load[0], load[1], load[2], THREADS);
}

static void osrelease_text(struct buf *out, const struct host_spec *h)
{
	if (h->kernel_release)
		buf_fmt(out, "%s\n", h->kernel_release);
}

static void kernel_version_text(struct buf *out, const struct host_spec *h)
{
	if (h->kernel_release)
		buf_str_add(out, KERNEL_VERSION "\n");
}

static void version_text(struct buf *out, const struct host_spec *h)
{
	if (h->kernel_release)
		buf_fmt(out, "Linux version %s (build@kernel) (gcc) %s\n", h->kernel_release, KERNEL_VERSION);
}

static void cmdline_text(struct buf *out, const struct host_spec *h)
{
	buf_fmt(out, "BOOT_IMAGE=/boot/vmlinuz%s%s root=UUID=4be7d2a9-1c53-4f0e-8a66-93f2c07b15de ro quiet\n", h->kernel_release ? "-" : "",
	        h->kernel_release ? h->kernel_release : "");
}

static void vmstat_text(struct buf *out, const struct host_spec *h)
{
	(void)h;
	buf_fmt(out,
	        "nr_free_pages %llu\nnr_dirty 153\nnr_writeback 0\nnr_mapped 217885\nnr_shmem %llu\npgpgin 15703061\npgpgout 20560417\n"
	        "pswpin 0\npswpout 0\npgfree 148201334\npgfault 163120442\npgmajfault 10822\noom_kill 0\n",
	        FREE_KB / 4, SHARED_KB / 4);
}

static void threads_max_text(struct buf *out, const struct host_spec *h)
{
	(void)h;
	buf_fmt(out, "%d\n", MACHINE_THREADS_MAX);
}

static void cpu_range_text(struct buf *out, const struct host_spec *h)
{
	machine_cpu_range(out, machine_cpus(h));
}

static const char filesystems[] =
        "nodev\tsysfs\nnodev\ttmpfs\nnodev\tbdev\nnodev\tproc\nnodev\tcgroup\nnodev\tcgroup2\nnodev\tcpuset\nnodev\tdevtmpfs\n"
        "nodev\tconfigfs\nnodev\tdebugfs\nnodev\ttracefs\nnodev\tsecurityfs\nnodev\tsockfs\nnodev\tbpf\nnodev\tpipefs\nnodev\tramfs\n"
        "nodev\thugetlbfs\nnodev\tdevpts\nnodev\tmqueue\nnodev\tpstore\nnodev\tautofs\n\text3\n\text2\n\text4\n\tvfat\n";
static const char cgroups[] = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t131\t1\ncpu\t0\t131\t1\ncpuacct\t0\t131\t1\n"
                              "blkio\t0\t131\t1\nmemory\t0\t131\t1\ndevices\t0\t131\t1\nfreezer\t0\t131\t1\nnet_cls\t0\t131\t1\n"
                              "perf_event\t0\t131\t1\nnet_prio\t0\t131\t1\nhugetlb\t0\t131\t1\npids\t0\t131\t1\nrdma\t0\t131\t1\n"
                              "misc\t0\t131\t1\n";
static const char partitions[] = "major minor  #blocks  name\n\n 259        0  500107608 nvme0n1\n 259        1     524288 nvme0n1p1\n"
                                 " 259        2  499582279 nvme0n1p2\n";
static const char diskstats[] =
        " 259       0 nvme0n1 412870 98211 31406122 96214 688102 512993 41120834 884120 0 402116 1031220 0 0 0 0 31044 50886\n"
        " 259       1 nvme0n1p1 310 1044 14962 102 2 0 2 1 0 148 103 0 0 0 0 0 0\n"
        " 259       2 nvme0n1p2 412466 97167 31385808 96085 688100 512993 41120832 884119 0 401988 980204 0 0 0 0 0 0\n";
static const char modules[] = "ext4 983040 1 - Live 0x0000000000000000\njbd2 188416 1 ext4, Live 0x0000000000000000\n"
                              "mbcache 16384 1 ext4, Live 0x0000000000000000\nnvme 53248 2 - Live 0x0000000000000000\n"
                              "nvme_core 163840 3 nvme, Live 0x0000000000000000\ne1000e 319488 0 - Live 0x0000000000000000\n";

const struct machine_file machine_files[] = {
        {"cgroups", cgroups, NULL},
        {"cmdline", NULL, cmdline_text},
        {"cpuinfo", NULL, cpuinfo_text},
        {"diskstats", diskstats, NULL},
        {"filesystems", filesystems, NULL},
        {"loadavg", NULL, loadavg_text},
        {"meminfo", NULL, meminfo_text},
        {"modules", modules, NULL},
        {"partitions", partitions, NULL},
        {"stat", NULL, stat_text},
        {"swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", NULL},
        {"version", NULL, version_text},
        {"vmstat", NULL, vmstat_text},
        {"sys/fs/dentry-state", "301442\t268119\t45\t0\t58201\t0\n", NULL},
        {"sys/fs/file-nr", "11872\t0\t9223372036854775807\n", NULL},
        {"sys/fs/inode-nr", "214780\t31206\n", NULL},
        {"sys/fs/inode-state", "214780\t31206\t0\t0\t0\t0\t0\n", NULL},
        /* Who collects the real machine's crashes. */
        {"sys/kernel/core_pattern", "core\n", NULL},
        {"sys/kernel/modprobe", "/sbin/modprobe\n", NULL},
        {"sys/kernel/osrelease", NULL, osrelease_text},
        /* Otherwise each start of the real machine would show. */
        {"sys/kernel/random/boot_id", "8d1f5a04-3c52-4b0e-9f4e-6b2d1c7a9e30\n", NULL},
        {"sys/kernel/tainted", "0\n", NULL},
        {"sys/kernel/threads-max", NULL, threads_max_text},
        {"sys/kernel/version", NULL, kernel_version_text},
        {"sys/kernel/watchdog_cpumask", NULL, cpu_range_text},
};
const size_t machine_n_files = ARRAY_LEN(machine_files);
