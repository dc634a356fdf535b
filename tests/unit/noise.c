/* Noise under control: streams against OpenSSL's ChaCha20, the changed vDSO, the filter of system calls against an interpreter, which trial
 * gets which stream, and what --clock understands. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "confine/calls_filter.h"
#include "confine/noise.h"
#include "vet/calm.h"
#include "vet/plan.h"

static void chacha20_of_openssl(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 200; i++) {
		struct stream_key k;
		uint8_t zero[1000] = {0}, there[sizeof(zero)], ours[sizeof(zero)], iv[16] = {0}, key[32];
		uint64_t nonce = i * 0x9e3779b97f4a7c15, at = i % 7 * 64;
		size_t n = (i * 37) % sizeof(zero);
		int got = 0;
		for (uint32_t w = 0; w < 8; w++)
			k.w[w] = (uint32_t)(i * 2654435761u) ^ (w * 40503u);
		for (size_t b = 0; b < 32; b++)
			key[b] = (uint8_t)(k.w[b / 4] >> 8 * (b % 4));
		iv[0] = (uint8_t)(at / 64);
		for (size_t b = 0; b < 8; b++)
			iv[8 + b] = (uint8_t)(nonce >> 8 * b);
		EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
		assert_int_equal(EVP_EncryptInit_ex(c, EVP_chacha20(), NULL, key, iv), 1);
		assert_int_equal(EVP_EncryptUpdate(c, there, &got, zero, (int)n), 1);
		EVP_CIPHER_CTX_free(c);
		stream_read(&k, nonce, at, ours, n);
		assert_memory_equal(ours, there, n);
	}
}

static void names_give_keys_of_their_own(void **state)
{
	(void)state;
	static const char names[128] = {0};
	struct stream_key root = {.w = {1}}, all[129 + 2], same;
	size_t n = 0;
	for (size_t i = 0; i <= sizeof(names); i++)
		stream_derive(&all[n++], &root, names, i);
	stream_derive(&all[n++], &root, "git", 3);
	stream_derive(&all[n++], &all[0], "git", 3);
	for (size_t a = 0; a < n; a++)
		for (size_t b = 0; b < a; b++)
			assert_memory_not_equal(&all[a], &all[b], sizeof(same));
	stream_derive(&same, &root, "git", 3);
	assert_memory_equal(&same, &all[n - 2], sizeof(same));
	same = root;
	stream_derive(&same, &same, "git", 3);
	assert_memory_equal(&same, &all[n - 2], sizeof(same));
}

static struct vdso v;

static void the_real_vdso(void **state)
{
	(void)state;
	const struct vdso_clock clock = {.from_ns = 1, .at_ns = 2, .speed = 65536};
	vdso_make(&v, NULL);
	if (v.n == 0)
		skip();
	assert_false(v.clock);
	assert_true(v.n_spans > 0);
	vdso_make(&v, &clock);
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR); /* NOLINT */
	size_t n = v.n;
#if defined(__x86_64__)
	assert_true(v.clock);
#endif
	/* Only what the spans say differs. */
	size_t at = 0;
	for (unsigned s = 0; s <= v.n_spans; s++) {
		size_t end = s < v.n_spans ? v.spans[s].at : n;
		assert_true(at <= end);
		assert_memory_equal(v.bytes + at, image + at, end - at);
		at = s < v.n_spans ? end + v.spans[s].n : at;
	}
	/* What is there already is not changed again. */
	uint8_t *changed = aligned_alloc(4096, n);
	assert_non_null(changed);
	memcpy(changed, v.bytes, n);
	vdso_change(&v, changed, n, &clock);
	assert_false(v.clock);
	free(changed);
}

/* The image is the kernel's own, but nothing is taken on trust. */
static void broken_images(void **state)
{
	(void)state;
	const struct vdso_clock clock = {.from_ns = 1, .at_ns = 2, .speed = 65536};
	vdso_make(&v, NULL);
	if (v.n == 0)
		skip();
	size_t n = v.n;
	uint8_t *image = aligned_alloc(4096, n);
	assert_non_null(image);
	const uint8_t *real = (const uint8_t *)getauxval(AT_SYSINFO_EHDR); /* NOLINT */
	srandom(7);
	for (int i = 0; i < 20000; i++) {
		memcpy(image, real, n);
		for (int k = 0; k < 1 + i % 8; k++) {
			/* The header, the tables of sections and symbols most of all. */
			size_t at = (size_t)random() % (i % 3 ? 64 : n);
			image[at] = (uint8_t)random();
		}
		vdso_change(&v, image, n, &clock);
		assert_true(v.n == 0 || v.n == n);
	}
	for (size_t i = 0; i < n; i += 4096)
		vdso_change(&v, image, i, &clock);
	vdso_change(&v, image, n - 1, &clock);
	assert_int_equal(v.n, 0);
	free(image);
}

/* The few instructions that calls_filter() uses, as the kernel runs them. */
static uint32_t run_filter(const struct sock_filter *f, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;
	for (size_t pc = 0; pc < n; pc++) {
		bool yes;
		switch (f[pc].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(f[pc].k % 4 == 0 && f[pc].k < sizeof(*d));
			memcpy(&a, (const char *)d + f[pc].k, sizeof(a));
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = BPF_OP(f[pc].code) == BPF_JEQ ? a == f[pc].k : (a & f[pc].k) != 0;
			pc += yes ? f[pc].jt : f[pc].jf;
			break;
		case BPF_RET | BPF_K:
			return f[pc].k;
		default:
			fail_msg("an instruction %#x", f[pc].code);
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

static void filter_hands_over(void **state)
{
	(void)state;
	static const struct {
		unsigned wanted;
		int number;
		uint64_t args[6];
		bool handed;
	} rows[] = {
	        {CALLS_MACHINE, SYS_uname, {0}, true},
	        {CALLS_MACHINE, SYS_getrandom, {0}, false},
	        {CALLS_MACHINE, SYS_brk, {0}, false},
	        {CALLS_DRAWS, SYS_getrandom, {0}, true},
	        {CALLS_DRAWS, SYS_brk, {0}, true},
	        {CALLS_DRAWS, SYS_brk, {0x1000}, false},
	        {CALLS_DRAWS, SYS_brk, {UINT64_C(1) << 32}, false},
	        {CALLS_DRAWS, SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC}, true},
	        {CALLS_DRAWS, SYS_openat, {0, 0, O_WRONLY}, false},
	        {CALLS_DRAWS, SYS_openat, {0, 0, O_RDONLY | O_DIRECTORY}, false},
	        {CALLS_DRAWS, SYS_clock_gettime, {CLOCK_REALTIME}, false},
	        {CALLS_CALENDAR, SYS_clock_gettime, {CLOCK_REALTIME}, true},
	        {CALLS_CALENDAR, SYS_clock_gettime, {CLOCK_TAI}, true},
	        {CALLS_CALENDAR, SYS_clock_gettime, {CLOCK_MONOTONIC}, false},
	        {CALLS_CALENDAR, SYS_clock_gettime, {CLOCK_BOOTTIME}, false},
	        {CALLS_CALENDAR, SYS_getrandom, {0}, false},
	        {CALLS_CALENDAR, SYS_clock_nanosleep, {CLOCK_REALTIME, TIMER_ABSTIME}, true},
	        {CALLS_CALENDAR, SYS_clock_nanosleep, {CLOCK_REALTIME, 0}, false},
	        {CALLS_CALENDAR, SYS_clock_nanosleep, {CLOCK_MONOTONIC, TIMER_ABSTIME}, false},
	        {CALLS_CALENDAR, SYS_timerfd_settime, {3, TFD_TIMER_ABSTIME}, true},
	        {CALLS_CALENDAR, SYS_timerfd_settime, {3, 0}, false},
	        {CALLS_CALENDAR, SYS_futex, {0, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, 8}, true},
	        {CALLS_CALENDAR, SYS_futex, {0, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, UINT64_C(8) << 32}, true},
	        {CALLS_CALENDAR, SYS_futex, {0, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, 0}, false},
	        {CALLS_CALENDAR, SYS_futex, {0, FUTEX_WAIT_BITSET_PRIVATE, 0, 8}, false},
	        {CALLS_CALENDAR, SYS_futex, {0, FUTEX_WAKE_PRIVATE, 1, 0}, false},
	        {CALLS_CALENDAR, SYS_futex, {0, FUTEX_LOCK_PI_PRIVATE, 0, 8}, true},
	        {CALLS_CALENDAR, SYS_read, {0}, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned more = 0; more < 2; more++) {
			struct sock_filter f[CALLS_FILTER_MAX];
			/* Alone, and with the calls about the machine before it. */
			size_t n = calls_filter(rows[i].wanted | (more ? CALLS_MACHINE : 0), f);
			struct seccomp_data d = {.nr = rows[i].number, .arch = seccomp_arch_native()};
			assert_true(n > 0);
			memcpy(d.args, rows[i].args, sizeof(d.args));
			if ((run_filter(f, n, &d) == SECCOMP_RET_USER_NOTIF) != rows[i].handed)
				fail_msg("row %zu", i);
			d.arch = ~d.arch;
			assert_int_equal(run_filter(f, n, &d), SECCOMP_RET_ALLOW);
		}
	struct sock_filter f[CALLS_FILTER_MAX];
	assert_true(calls_filter(CALLS_MACHINE | CALLS_DRAWS | CALLS_CALENDAR, f) > 0);
}

static void streams_of_a_plan(void **state)
{
	(void)state;
	static const enum plan_effort efforts[] = {PLAN_QUICK, PLAN_NORMAL, PLAN_THOROUGH};
	for (uint64_t seed = 0; seed < 12; seed++) {
		struct arena arena = ARENA(16 << 20);
		struct plan p;
		bool gateway = seed % 4 != 3;
		assert_int_equal(plan_build(efforts[seed % 3], seed, NULL, gateway, &arena, &p, NULL), 0);
		calm_plan(&p);
		for (size_t i = 0; i < p.n; i++) {
			const struct plan_trial *a = &p.trials[i];
			bool shared = false;
			assert_true(a->stream > 0);
			for (size_t k = 0; k < p.n; k++) {
				const struct plan_trial *b = &p.trials[k];
				if (k == i || a->stream != b->stream)
					continue;
				assert_int_equal(a->treatment.base, b->treatment.base);
				assert_false(a->baseline && b->baseline);
				if (!a->baseline && !b->baseline && a->factor == b->factor && a->level == b->level)
					fail_msg("seed %d: two runs of a level with one stream", (int)seed);
				shared |= b->baseline;
			}
			assert_true(a->baseline || shared);
		}
		arena_free(&arena);
	}
	/* Those of trials that are added later are nobody else's. */
	const struct vet_calm calm = {0};
	uint32_t one = 0, other = 0, given = 7;
	assert_true(calm_spec(&calm, 1, 60, 0, &one).fixed);
	(void)calm_spec(&calm, 1, 61, 0, &other);
	assert_true(one > 4096 && other > 4096 && one != other);
	assert_int_equal(calm_spec(&calm, 1, 61, 0, &given).stream, 7);
	const struct vet_calm free_one = {.free = true};
	struct noise_spec s = calm_spec(&free_one, 1, 61, 0, &given);
	assert_true(!s.fixed && !s.clock && given == 0);
	s = calm_spec(&free_one, 1, 61, 86400, &given);
	assert_true(s.clock && s.speed == NOISE_SPEED_REAL && s.start_unix >= time(NULL) + 86400 - 60);
}

static void clocks(void **state)
{
	(void)state;
	const int64_t now = 1795687186, day = 86400; /* 26 November 2026 */
	static const struct {
		const char *text;
		int64_t ahead;
		uint32_t speed;
	} good[] = {{"+60", 60 * 86400, 0}, {"+0x10", 0, 10000}, {"2026-11-27", 1795737600 - 1795687186, 0},
	        {"2026-11-27T00:00:00Z", 1795737600 - 1795687186, 0}, {"2026-11-27T00:00Zx0.5", 1795737600 - 1795687186, 500},
	        {"1999-01-01", 915148800 - 1795687186, 0}, {"+1x0.001", 86400, 1}};
	static const char *const wrong[] = {"", "x", "60", "+", "+x2", "-5", "+60x", "+60x0", "+60x1.", "+60x0.0001", "+60x-1", "+60xx2",
	        "tomorrow", "2026-13-01", "1066-10-14", "2026-11-27 ", "+999999", "9999-01-01", "+60x99999999999",
	        "2026-11-27T00:00:00+01:00", "+60x1e3", "2026-11-27T00:00:00Z2026-11-27T00:00:00Z2026-11-27"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct vet_calm c = {0};
		assert_int_equal(calm_parse_clock(good[i].text, now, &c, NULL), 0);
		assert_int_equal(c.ahead_s, good[i].ahead);
		assert_int_equal(c.speed, good[i].speed);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct vet_calm c = {.ahead_s = day};
		if (calm_parse_clock(wrong[i], now, &c, NULL) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_int_equal(c.ahead_s, day);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(chacha20_of_openssl),
	        cmocka_unit_test(names_give_keys_of_their_own),
	        cmocka_unit_test(the_real_vdso),
	        cmocka_unit_test(broken_images),
	        cmocka_unit_test(filter_hands_over),
	        cmocka_unit_test(streams_of_a_plan),
	        cmocka_unit_test(clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
