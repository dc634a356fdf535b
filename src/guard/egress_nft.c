/* The backend of nftables: sets of addresses in the network namespace that it is started in. It sees no names: what shares an address with
 * a closed name stays open, but for QUIC. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <nftables/libnftables.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "guard/egress_names.h"
#include "guard/egress_part.h"
#include "guard/egress_sniff.h"
#include "parse/ip_packet.h"
#include "sys/lib.h"
#include "sys/loop.h"

#define TABLE     "inet postern_egress"
#define GROUP     5717 /* of NFLOG */
#define GATES_MAX 64
#define BATCH     256

#define NFTABLES(X)                  \
	X(nft_ctx_new)               \
	X(nft_ctx_free)              \
	X(nft_ctx_buffer_output)     \
	X(nft_ctx_buffer_error)      \
	X(nft_ctx_get_error_buffer)  \
	X(nft_ctx_get_output_buffer) \
	X(nft_run_cmd_from_buffer)
LIB_TABLE(lib, NFTABLES);

struct far {
	struct egress_sink sink;
	struct nft_ctx *nft;
	struct mnl_socket *log;
	int sniff;
	struct source *on_log, *on_sniff;
	char *gate[GATES_MAX]; /* paths below the folder where cgroups are */
	size_t n_gates;
	uint64_t before, answers, lost;
	bool outlive;
	char describe[256];
};

static int run(struct far *f, const char *commands, struct err *err)
{
	if (lib.nft_run_cmd_from_buffer(f->nft, commands) == 0)
		return 0;
	const char *said = lib.nft_ctx_get_error_buffer(f->nft);
	size_t n = strcspn(said ? said : "", "\n");
	return err_set(err, -EOPNOTSUPP, "nftables: %.*s", (int)n, said ? said : "");
}

/* What an earlier instance knew of addresses stays; everything else is as now. In one transaction. */
static int make_table(struct far *f, struct err *err)
{
	static const char rules[] = "add set " TABLE " closed4 { type ipv4_addr; flags timeout; }\n"
	                            "add set " TABLE " closed6 { type ipv6_addr; flags timeout; }\n"
	                            "add set " TABLE " shared4 { type ipv4_addr; flags timeout; }\n"
	                            "add set " TABLE " shared6 { type ipv6_addr; flags timeout; }\n"
	                            "add counter " TABLE " refused\n"
	                            "add chain " TABLE " gates\n"
	                            "add chain " TABLE " refuse\n"
	                            "add chain " TABLE " out { type filter hook output priority 0; policy accept; }\n"
	                            "flush chain " TABLE " out\n"
	                            "flush chain " TABLE " refuse\n"
	                            "flush chain " TABLE " gates\n"
	                            "add rule " TABLE " refuse limit rate 100/second burst 200 packets log group 5717 snaplen 80\n"
	                            "add rule " TABLE " refuse counter name refused\n"
	                            "add rule " TABLE " refuse meta l4proto tcp reject with tcp reset\n"
	                            "add rule " TABLE " refuse reject with icmpx admin-prohibited\n"
	                            "add rule " TABLE " out jump gates\n"
	                            "add rule " TABLE " out ip daddr @closed4 jump refuse\n"
	                            "add rule " TABLE " out ip6 daddr @closed6 jump refuse\n"
	                            "add rule " TABLE " out ip daddr @shared4 udp dport 443 jump refuse\n"
	                            "add rule " TABLE " out ip6 daddr @shared6 udp dport 443 jump refuse\n";
	_cleanup_buf_ struct buf text = BUF(8192);
	if (f->outlive) {
		buf_str_add(&text, "add table " TABLE "\n");
	} else {
		/* Of a table with an owner the kernel removes all when the owner ends. */
		buf_str_add(&text, "add table " TABLE "\ndelete table " TABLE "\nadd table " TABLE " { flags owner; }\n");
	}
	buf_str_add(&text, rules);
	return buf_error(&text) ? buf_error(&text) : run(f, buf_str(&text), err);
}

static uint64_t refused(struct far *f)
{
	struct err err;
	uint64_t n = 0;
	if (run(f, "list counter " TABLE " refused", &err) < 0)
		return 0;
	const char *out = lib.nft_ctx_get_output_buffer(f->nft), *at = out ? strstr(out, "packets ") : NULL;
	for (at = at ? at + 8 : ""; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	return n;
}

/* ---- What is closed ---- */

static void address(void *far, const uint8_t ip[16], uint32_t flags)
{
	static const struct {
		const char *set;
		uint32_t flags;
	} sets[] = {{"closed", ADDRESS_SOLE | ADDRESS_HARD}, {"shared", ADDRESS_SHARED}};
	struct far *f = far;
	char text[46];
	struct err err;
	_cleanup_buf_ struct buf out = BUF(2048);
	egress_address_text(ip, text);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		char family = strchr(text, ':') ? '6' : '4';
		/* Deleting what is not there is a mistake; adding it first is none. The time is for when nobody is left to take it out. */
		buf_fmt(&out, "add element " TABLE " %s%c { %s timeout 24h }\ndelete element " TABLE " %s%c { %s }\n", sets[i].set, family,
		        text, sets[i].set, family, text);
		if (flags & sets[i].flags)
			buf_fmt(&out, "add element " TABLE " %s%c { %s timeout 24h }\n", sets[i].set, family, text);
	}
	if (buf_error(&out) || run(f, buf_str(&out), &err) < 0)
		f->lost++;
}

static int update(void *far, const struct egress_names *t)
{
	for (size_t i = 0; i < t->n_hard; i++)
		address(far, t->hard[i].ip, t->hard[i].host.open ? 0 : ADDRESS_HARD);
	return 0;
}

/* ---- Gates ---- */

static int write_gates(struct far *f)
{
	_cleanup_buf_ struct buf out = BUF(64u << 10);
	struct err err;
	buf_str_add(&out, "flush chain " TABLE " gates\n");
	for (size_t i = 0; i < f->n_gates; i++) {
		/* Its depth, without the folder of the hierarchy itself where that is not the folder of cgroups. */
		int level = 1 - (strncmp(f->gate[i], "unified/", 8) == 0);
		for (const char *c = f->gate[i]; *c; c++)
			level += *c == '/';
		buf_fmt(&out, "add rule " TABLE " gates socket cgroupv2 level %d \"%s\" accept\n", level, f->gate[i]);
	}
	return buf_error(&out) ? buf_error(&out) : run(f, buf_str(&out), &err);
}

static int except_cgroup(void *far, const char *folder, bool excepted)
{
	static const char root[] = "/sys/fs/cgroup/";
	struct far *f = far;
	if (strncmp(folder, root, sizeof(root) - 1) != 0 || strpbrk(folder, "\"\n\\"))
		return -EINVAL;
	const char *path = folder + sizeof(root) - 1;
	size_t i = 0;
	while (i < f->n_gates && strcmp(f->gate[i], path) != 0)
		i++;
	if (excepted == (i < f->n_gates))
		return 0;
	if (excepted) {
		if (i == GATES_MAX)
			return -ENOSPC;
		f->gate[i] = strdup(path);
		if (!f->gate[i])
			return -ENOMEM;
		f->n_gates++;
	} else {
		free(f->gate[i]);
		f->gate[i] = f->gate[--f->n_gates];
	}
	int r = write_gates(f);
	if (r < 0 && excepted)
		free(f->gate[--f->n_gates]);
	return r;
}

/* ---- What the kernel tells ---- */

static void on_sniff(void *arg, uint32_t events)
{
	struct far *f = arg;
	uint8_t bytes[9216];
	(void)events;
	for (int i = 0; i < BATCH; i++) {
		struct ip_packet p;
		ssize_t n = recv(f->sniff, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0)
			return;
		f->answers++;
		if (ip_packet_read(slice_of(bytes, (size_t)n), &p) && p.source_port == 53)
			f->sink.answer(f->sink.arg, p.source, ip_packet_dns(p.protocol, p.payload));
	}
}

static int on_packet(const struct nlmsghdr *head, void *arg)
{
	struct far *f = arg;
	const struct nlattr *a;
	struct ip_packet p = {.protocol = 0};
	struct egress_raw raw = {.why = RAW_ADDRESS};
	if ((head->nlmsg_type & 0xff) != NFULNL_MSG_PACKET)
		return MNL_CB_OK;
	bool read = false;
	const char *tail = mnl_nlmsg_get_payload_tail(head);
	for (a = mnl_nlmsg_get_payload_offset(head, sizeof(struct nfgenmsg)); mnl_attr_ok(a, (int)(tail - (const char *)a));
	        a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == NFULA_PAYLOAD)
			read = ip_packet_read(slice_of(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a)), &p);
		else if (mnl_attr_get_type(a) == NFULA_UID && mnl_attr_get_payload_len(a) >= 4)
			raw.user = ntohl(mnl_attr_get_u32(a));
	}
	if (!read)
		return MNL_CB_OK;
	memcpy(raw.address, p.destination, 16);
	raw.port = htons(p.port);
	raw.protocol = p.protocol;
	raw.at_connect = 1; /* it has its answer already */
	f->sink.event(f->sink.arg, &raw);
	return MNL_CB_OK;
}

static void on_log(void *arg, uint32_t events)
{
	struct far *f = arg;
	_Alignas(struct nlmsghdr) char bytes[16384];
	(void)events;
	for (int i = 0; i < BATCH; i++) {
		ssize_t n = recv(mnl_socket_get_fd(f->log), bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n <= 0) {
			f->lost += n < 0 && errno == ENOBUFS;
			return;
		}
		(void)mnl_cb_run(bytes, (size_t)n, 0, 0, on_packet, f);
	}
}

static int open_log(struct far *f)
{
	char bytes[256];
	f->log = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!f->log || mnl_socket_bind(f->log, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
	h->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	*g = (struct nfgenmsg){.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(GROUP)};
	const struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};
	const struct nfulnl_msg_config_mode mode = {.copy_range = htonl(80), .copy_mode = NFULNL_COPY_PACKET};
	mnl_attr_put(h, NFULA_CFG_CMD, sizeof(bind), &bind);
	mnl_attr_put(h, NFULA_CFG_MODE, sizeof(mode), &mode);
	/* Each packet at once. */
	mnl_attr_put_u32(h, NFULA_CFG_QTHRESH, htonl(1));
	if (mnl_socket_sendto(f->log, h, h->nlmsg_len) < 0)
		return -errno;
	_Alignas(struct nlmsghdr) char answer[4096];
	ssize_t n = mnl_socket_recvfrom(f->log, answer, sizeof(answer));
	return n < 0 || mnl_cb_run(answer, (size_t)n, 0, 0, NULL, NULL) < 0 ? -errno : 0;
}

static void counts(void *far, struct egress_counts *out)
{
	struct far *f = far;
	uint64_t now = refused(f);
	out->refused = now < f->before ? 0 : now - f->before;
	out->answers = f->answers;
	out->lost = f->lost;
}

static const char *describe(const void *far)
{
	return ((const struct far *)far)->describe;
}

/* ---- Beginning and end ---- */

static void far_close(void *far, bool open)
{
	struct far *f = far;
	struct err err;
	if (!f)
		return;
	loop_remove(f->on_log);
	loop_remove(f->on_sniff);
	fd_closep(&f->sniff);
	if (f->log)
		(void)mnl_socket_close(f->log);
	if (f->nft && (open || !f->outlive))
		(void)run(f, "delete table " TABLE, &err);
	if (f->nft)
		lib.nft_ctx_free(f->nft);
	while (f->n_gates)
		free(f->gate[--f->n_gates]);
	free(f);
}

static int start(struct far *f, const struct egress_names *names, struct loop *loop, struct err *err)
{
	int r = lib_load("libnftables.so.1", "libnftables1", lib_symbols, &lib, err);
	if (r < 0)
		return r;
	f->nft = lib.nft_ctx_new(0);
	if (!f->nft || lib.nft_ctx_buffer_output(f->nft) != 0 || lib.nft_ctx_buffer_error(f->nft) != 0)
		return err_set(err, -ENOMEM, "libnftables does not start");
	r = make_table(f, err);
	if (r < 0)
		return r;
	f->before = refused(f);
	r = open_log(f);
	if (r < 0)
		return err_sys(err, r, "the kernel's log of packets (NFLOG, group %d)", GROUP);
	f->sniff = egress_sniff_open();
	if (f->sniff < 0)
		return err_sys(err, f->sniff, "a packet socket, for the answers of DNS servers");
	r = loop_add(loop, mnl_socket_get_fd(f->log), EPOLLIN, on_log, f, &f->on_log);
	if (r == 0)
		r = loop_add(loop, f->sniff, EPOLLIN, on_sniff, f, &f->on_sniff);
	if (r < 0)
		return err_sys(err, r, "the event loop");
	(void)update(f, names);
	(void)snprintf(f->describe, sizeof(f->describe), "nftables in this network namespace, by address alone; %s",
	        f->outlive ? "stays when this process ends, an address for a day" : "ends with this process");
	return 0;
}

static int far_open(struct loop *loop, const struct egress_config *config, const struct egress_names *names, const struct egress_sink *sink,
        void **out, struct err *err)
{
	struct far *f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	f->sink = *sink;
	f->sniff = -1;
	f->outlive = config->outlive;
	int r = start(f, names, loop, err);
	if (r < 0) {
		far_close(f, false);
		return r;
	}
	*out = f;
	return 0;
}

const struct egress_far egress_nft = {
        .name = "nftables",
        .open = far_open,
        .update = update,
        .address = address,
        .except_cgroup = except_cgroup,
        .counts = counts,
        .describe = describe,
        .close = far_close,
};
