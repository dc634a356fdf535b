#include "confine/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct netlink {
	struct mnl_socket *socket;
	uint32_t seq;
	/* One request at a time. mnl puts attributes without asking for the room: the largest request here has less than 300 bytes. */
	_Alignas(struct nlmsghdr) char bytes[1024];
};

int netlink_open(struct netlink **out)
{
	struct netlink *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!n->socket || mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = -errno;
		netlink_close(n);
		return r;
	}
	*out = n;
	return 0;
}

void netlink_close(struct netlink *n)
{
	if (!n)
		return;
	if (n->socket)
		(void)mnl_socket_close(n->socket);
	free(n);
}

static struct nlmsghdr *request(struct netlink *n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(n->bytes);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	h->nlmsg_seq = ++n->seq;
	return h;
}

static int talk(struct netlink *n, struct nlmsghdr *h)
{
	char answer[8192];
	if (mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0)
		return -errno;
	ssize_t got = mnl_socket_recvfrom(n->socket, answer, sizeof(answer));
	if (got < 0)
		return -errno;
	return mnl_cb_run(answer, (size_t)got, n->seq, mnl_socket_get_portid(n->socket), NULL, NULL) < 0 ? -errno : 0;
}

int netlink_veth(
        struct netlink *n, const char *name, const uint8_t *mac, const char *peer, const uint8_t *peer_mac, pid_t peer_pid, unsigned mtu)
{
	struct nlmsghdr *h = request(n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
	i->ifi_flags = i->ifi_change = IFF_UP | IFF_NOARP;
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put(h, IFLA_ADDRESS, 6, mac);
	if (mtu)
		mnl_attr_put_u32(h, IFLA_MTU, mtu);
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	struct nlattr *other = mnl_attr_nest_start(h, VETH_INFO_PEER);
	(void)mnl_nlmsg_put_extra_header(h, sizeof(*i));
	mnl_attr_put_strz(h, IFLA_IFNAME, peer);
	mnl_attr_put(h, IFLA_ADDRESS, 6, peer_mac);
	if (mtu)
		mnl_attr_put_u32(h, IFLA_MTU, mtu);
	if (peer_pid)
		mnl_attr_put_u32(h, IFLA_NET_NS_PID, (uint32_t)peer_pid);
	mnl_attr_nest_end(h, other);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return talk(n, h);
}

int netlink_up(struct netlink *n, const char *name)
{
	struct nlmsghdr *h = request(n, RTM_NEWLINK, 0);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
	i->ifi_index = (int)if_nametoindex(name);
	if (i->ifi_index == 0)
		return -errno;
	i->ifi_flags = i->ifi_change = IFF_UP;
	return talk(n, h);
}

static uint16_t address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

int netlink_address(struct netlink *n, const char *name, int family, const void *address, unsigned prefix)
{
	struct nlmsghdr *h = request(n, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(h, sizeof(*a));
	a->ifa_family = (uint8_t)family;
	a->ifa_prefixlen = (uint8_t)prefix;
	a->ifa_flags = IFA_F_NODAD;
	a->ifa_index = if_nametoindex(name);
	if (a->ifa_index == 0)
		return -errno;
	mnl_attr_put(h, IFA_LOCAL, address_size(family), address);
	mnl_attr_put(h, IFA_ADDRESS, address_size(family), address);
	return talk(n, h);
}

static struct nlmsghdr *route(struct netlink *n, int family, uint8_t table, uint8_t type, uint8_t scope)
{
	struct nlmsghdr *h = request(n, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));
	r->rtm_family = (uint8_t)family;
	r->rtm_table = table;
	r->rtm_protocol = RTPROT_BOOT;
	r->rtm_scope = scope;
	r->rtm_type = type;
	return h;
}

int netlink_default_route(struct netlink *n, const char *name, int family, const void *gateway)
{
	struct nlmsghdr *h = route(n, family, RT_TABLE_MAIN, RTN_UNICAST, RT_SCOPE_UNIVERSE);
	mnl_attr_put(h, RTA_GATEWAY, address_size(family), gateway);
	mnl_attr_put_u32(h, RTA_OIF, if_nametoindex(name));
	return talk(n, h);
}

int netlink_all_local(struct netlink *n, int family)
{
	/* In the main table: in the local one, which is asked first, the tool's own address would be taken for ours. */
	struct nlmsghdr *h = route(n, family, RT_TABLE_MAIN, RTN_LOCAL, family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE);
	mnl_attr_put_u32(h, RTA_OIF, if_nametoindex("lo"));
	return talk(n, h);
}

int netlink_no_offload(const char *name)
{
	static const uint32_t commands[] = {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM, ETHTOOL_SSG};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int r = 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct ethtool_value v = {.cmd = commands[i], .data = 0};
		struct ifreq q = {.ifr_data = (void *)&v};
		(void)strncpy(q.ifr_name, name, IFNAMSIZ - 1);
		/* One that the driver does not know is one that is not on. */
		if (ioctl(fd, SIOCETHTOOL, &q) < 0 && errno != EOPNOTSUPP)
			r = -errno;
	}
	(void)close(fd);
	return r;
}
