/* netlink: the few network settings that a sealed world needs, through rtnetlink (RFC 3549, rtnetlink(7)). Every call acts on the
 * network namespace of the socket's maker and wants CAP_NET_ADMIN there. */
#ifndef POSTERN_CONFINE_NETLINK_H
#define POSTERN_CONFINE_NETLINK_H

#include <stdint.h>
#include <sys/types.h>

struct netlink;

[[nodiscard]] int netlink_open(struct netlink **out);
void netlink_close(struct netlink *n);
/* A pair of virtual Ethernet interfaces, the first up and without ARP. mac, peer_mac: 6 bytes each. peer_pid: the process whose network
 * namespace gets the peer, 0: ours. mtu: bytes of the largest packet, of both; 0: 1,500. In one request, as each waits for whatever else
 * the machine does to its networks. */
[[nodiscard]] int netlink_veth(
        struct netlink *n, const char *name, const uint8_t *mac, const char *peer, const uint8_t *peer_mac, pid_t peer_pid, unsigned mtu);
/* Brings an interface up. */
[[nodiscard]] int netlink_up(struct netlink *n, const char *name);
/* family AF_INET (4 bytes) or AF_INET6 (16 bytes); no duplicate address detection. */
[[nodiscard]] int netlink_address(struct netlink *n, const char *name, int family, const void *address, unsigned prefix);
/* Default route through a gateway on an interface. */
[[nodiscard]] int netlink_default_route(struct netlink *n, const char *name, int family, const void *gateway);
/* Makes every address of the family local to this namespace ("AnyIP"). */
[[nodiscard]] int netlink_all_local(struct netlink *n, int family);
/* Switches segmentation, receive coalescing and checksum offloads off, so that frames on the link are as they would be on a wire. */
[[nodiscard]] int netlink_no_offload(const char *name);

#endif
