#include "sys/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define RING (4 << 20) /* bytes queued by the kernel */

int packet_open(const char *interface, int *out)
{
	_cleanup_fd_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unsigned index = if_nametoindex(interface);
	if (fd < 0 || index == 0)
		return -errno;
	int on = 1, size = RING;
	/* The offload header keeps checksums that are not computed yet and segments that are not cut yet as they are on the other side:
	 * the relay is right with offloads on and off. */
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
	        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	*out = TAKE_FD(fd);
	return 0;
}
