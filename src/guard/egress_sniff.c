#include "guard/egress_sniff.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/cleanup.h"

int egress_sniff_open(void)
{
	/* UDP or TCP from port 53; of IPv4 no later fragments. */
	static struct sock_filter code[] = {
	        [0] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	        [1] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
	        [2] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 8),
	        [3] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	        [4] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
	        [5] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 12),
	        [6] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	        [7] = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 10, 0),
	        [8] = BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	        [9] = BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
	        [10] = BPF_JUMP(BPF_JMP | BPF_JA, 5, 0, 0),
	        [11] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 0, 6),
	        [12] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	        [13] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
	        [14] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
	        [15] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 40),
	        [16] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 53, 0, 1),
	        [17] = BPF_STMT(BPF_RET | BPF_K, 65535),
	        [18] = BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = {.len = ARRAY_LEN(code), .filter = code};
	/* No protocol until the filter is there, so that nothing else is queued. */
	_cleanup_fd_ int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, room = 1 << 20;
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
	        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	if (bind(fd, (const struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	return TAKE_FD(fd);
}
