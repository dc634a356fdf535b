/* packet: a socket that takes and gives the Ethernet frames of one interface. Whoever opens it before the other end may speak loses nothing
 * of what is said until somebody reads. */
#ifndef POSTERN_SYS_PACKET_H
#define POSTERN_SYS_PACKET_H

/* Each frame has a struct virtio_net_hdr in front. Wants CAP_NET_RAW. 0 or negative errno. */
[[nodiscard]] int packet_open(const char *interface, int *out);
/* One that becomes readable at the first frame which somebody behind the interface wanted to send: not at what a kernel says of itself when
 * an interface begins (reports of multicast groups, solicitations of routers, checks for doubles of an address). What is in it is not to be
 * used. Wants CAP_NET_RAW. 0 or negative errno. */
[[nodiscard]] int packet_knock(const char *interface, int *out);

#endif
