#include "guard/egress_reset.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <asm/socket.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parse/address.h"

/* A socket in the network namespace of a process. Only the calling thread goes there, and comes back. */
static int socket_there(uint32_t process, int family, int type, int protocol)
{
	char path[40];
	(void)snprintf(path, sizeof(path), "/proc/%u/ns/net", process);
	_cleanup_fd_ int there = process ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	_cleanup_fd_ int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (process && (there < 0 || here < 0 || setns(there, CLONE_NEWNET) < 0))
		return -1;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (process && setns(here, CLONE_NEWNET) < 0)
		abort(); /* in somebody else's network everything after this would be wrong */
	return fd;
}

uint64_t egress_network(pid_t process)
{
	_cleanup_fd_ int fd = socket_there((uint32_t)process, AF_INET, SOCK_DGRAM, 0);
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);
	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

void egress_reset(const struct egress_raw *raw)
{
	if (raw->protocol != IPPROTO_TCP || raw->source_port == 0)
		return;
	_cleanup_fd_ int fd = socket_there(raw->process, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return;
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 req;
	} m = {
	        .head = {.nlmsg_len = sizeof(m), .nlmsg_type = SOCK_DESTROY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
	        .req = {.sdiag_family = AF_INET6, .sdiag_protocol = IPPROTO_TCP, .idiag_states = UINT32_MAX},
	};
	struct inet_diag_sockid *id = &m.req.id;
	if (address_mapped(raw->address)) {
		m.req.sdiag_family = AF_INET;
		memcpy(id->idiag_dst, raw->address + 12, 4);
		id->idiag_src[0] = raw->source4;
	} else {
		memcpy(id->idiag_dst, raw->address, 16);
		memcpy(id->idiag_src, raw->source, 16);
	}
	id->idiag_dport = raw->port;
	id->idiag_sport = htons((uint16_t)raw->source_port);
	/* It and no other that took its place. */
	id->idiag_cookie[0] = (uint32_t)raw->cookie;
	id->idiag_cookie[1] = (uint32_t)(raw->cookie >> 32);
	(void)send(fd, &m, sizeof(m), 0);
}
