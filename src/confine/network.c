#include "confine/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "confine/netlink.h"
#include "confine/process.h"

/* A connection begins with ten packets, and after a pause again: with small ones a prompt of 100 KB would wait for several round trips. */
#define LARGE 65521u

static const uint8_t mac_gateway[6] = {0x00, 0x16, 0x3e, 0x2b, 0x90, 0x01};
static const uint8_t mac_outer[6] = {0x02, 0x16, 0x3e, 0x2b, 0x90, 0x02};
static const uint8_t mac_inner[6] = {0x02, 0x16, 0x3e, 0x2b, 0x90, 0x03};
/* fd7a:8e31:5c04::/64, a unique local prefix (RFC 4193). */
static const uint8_t v6_gateway[16] = {0xfd, 0x7a, 0x8e, 0x31, 0x5c, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t v6_host[16] = {0xfd, 0x7a, 0x8e, 0x31, 0x5c, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x42};

int network_far(const char *ipv4, bool wire, struct netlink *n, struct err *err)
{
	struct in_addr address, gateway;
	if (inet_pton(AF_INET, ipv4, &address) != 1)
		return err_set(err, -EINVAL, "the address %s is no IPv4 address", ipv4);
	gateway.s_addr = htonl((ntohl(address.s_addr) & 0xffffff00u) | 1);
	bool v6 = access("/proc/sys/net/ipv6", F_OK) == 0;
	/* The kernel must answer as any router would, from any address, to any port. */
	(void)process_put("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	(void)process_put("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	(void)process_put("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
	if (v6) {
		(void)process_put("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
		(void)process_put("/proc/sys/net/ipv6/conf/default/accept_ra", "0");
		/* The kernel's IP must not see the raw ends. */
		(void)process_put("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	}
	int r = netlink_up(n, "lo");
	r = r < 0 ? r : netlink_veth(n, "inner0", mac_inner, "inner1", mac_gateway, 0, wire ? 0 : LARGE);
	if (v6 && r == 0)
		r = process_put("/proc/sys/net/ipv6/conf/inner1/disable_ipv6", "0");
	r = r < 0 ? r : netlink_up(n, "inner1");
	r = r < 0 || !wire ? r : netlink_no_offload("inner0");
	r = r < 0 || !wire ? r : netlink_no_offload("inner1");
	r = r < 0 ? r : netlink_address(n, "inner1", AF_INET, &gateway, 24);
	r = r < 0 ? r : netlink_all_local(n, AF_INET);
	if (v6) {
		r = r < 0 ? r : netlink_address(n, "inner1", AF_INET6, v6_gateway, 64);
		r = r < 0 ? r : netlink_all_local(n, AF_INET6);
	}
	return r < 0 ? err_sys(err, r, "cannot set the world's network up") : 0;
}

static int parse_mac(const char *text, uint8_t out[6])
{
	unsigned b[6];
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		out[i] = (uint8_t)b[i];
	return 0;
}

int network_link(const char *text, bool wire, struct netlink *n, pid_t first, struct err *err)
{
	uint8_t mac[6];
	if (parse_mac(text, mac) < 0)
		return err_set(err, -EINVAL, "the MAC address %s is none", text);
	int r = netlink_veth(n, "outer", mac_outer, "eth0", mac, first, wire ? 0 : LARGE);
	r = r < 0 || !wire ? r : netlink_no_offload("outer");
	return r < 0 ? err_sys(err, r, "cannot connect the tool to the world") : 0;
}

int network_near(const char *ipv4, bool wire, struct err *err)
{
	struct netlink *n = NULL;
	struct in_addr address, gateway;
	if (inet_pton(AF_INET, ipv4, &address) != 1)
		return err_set(err, -EINVAL, "the address %s is no IPv4 address", ipv4);
	gateway.s_addr = htonl((ntohl(address.s_addr) & 0xffffff00u) | 1);
	int r = netlink_open(&n);
	r = r < 0 ? r : netlink_up(n, "lo");
	r = r < 0 ? r : netlink_up(n, "eth0");
	r = r < 0 || !wire ? r : netlink_no_offload("eth0");
	r = r < 0 ? r : netlink_address(n, "eth0", AF_INET, &address, 24);
	r = r < 0 ? r : netlink_default_route(n, "eth0", AF_INET, &gateway);
	/* A kernel without IPv6 has nothing to leak over it. */
	if (r == 0 && access("/proc/sys/net/ipv6", F_OK) == 0) {
		r = netlink_address(n, "eth0", AF_INET6, v6_host, 64);
		r = r < 0 ? r : netlink_default_route(n, "eth0", AF_INET6, v6_gateway);
	}
	netlink_close(n);
	return r < 0 ? err_sys(err, r, "cannot set the tool's network up") : 0;
}
