#include "sys/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define RING (4 << 20) /* bytes queued by the kernel */

/* Hears only what comes from behind the interface, and that not before it is bound to *a: what it is to hear can be said before. */
static int make(const char *interface, struct sockaddr_ll *a)
{
	_cleanup_fd_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unsigned index = if_nametoindex(interface);
	int on = 1;
	if (fd < 0 || index == 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
		return -errno;
	*a = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
	return TAKE_FD(fd);
}

int packet_open(const char *interface, int *out)
{
	struct sockaddr_ll a;
	_cleanup_fd_ int fd = make(interface, &a);
	if (fd < 0)
		return fd;
	int on = 1, size = RING;
	/* The offload header keeps checksums that are not computed yet and segments that are not cut yet as they are on the other side:
	 * the relay is right with offloads on and off. */
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	*out = TAKE_FD(fd);
	return 0;
}

int packet_knock(const char *interface, int *out)
{
	/* Offsets in an Ethernet frame: type 12; of IPv6 next header 20, source 22, type of ICMPv6 54. */
	static const struct sock_filter wanted[] = {
	        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 8),
	        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0 /* options for each hop: reports of groups */, 7, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 5),
	        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 133 /* solicitation of routers */, 4, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135 /* solicitation of a neighbour */, 0, 2),
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 22),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0 /* from nobody: a check for doubles */, 1, 0),
	        BPF_STMT(BPF_RET | BPF_K, 64),
	        BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {ARRAY_LEN(wanted), (struct sock_filter *)(uintptr_t)wanted};
	struct sockaddr_ll a;
	_cleanup_fd_ int fd = make(interface, &a);
	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	*out = TAKE_FD(fd);
	return 0;
}
