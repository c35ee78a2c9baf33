/* The wire: a ring of received frames and a socket to send on, both with the kernel's stamps.
 *
 * veth hands a frame over in the sender's own call, so a stamp taken at this end is a stamp of the
 * wire: a request is stamped where it arrives (netif_rx), a reply where the driver takes it
 * (skb_tx_timestamp). Both lie inside of what a pinger at the other end can see, and no tap at that
 * end makes its packets slower.
 */

#ifndef WIRE_H
#define WIRE_H

#define _GNU_SOURCE
#include <errno.h>
#include <time.h> /* errqueue.h needs it, and does not say so */

#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo.h"

enum { FRAME = 2048, BATCH = 64, TX_STAMPS_BUFFER = 512 << 20 };

struct wire {
	int in, out;
	uint8_t *ring;
	uint32_t frames, next;
};

static void die(const char *what)
{
	fprintf(stderr, "responder: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void set(int fd, int level, int name, const void *value, socklen_t size, const char *what)
{
	if (setsockopt(fd, level, name, value, size) != 0)
		die(what);
}

static int packet_socket(int protocol, int index)
{
	struct sockaddr_ll here = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = index};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("AF_PACKET");
	if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0)
		die("bind");
	return fd;
}

static void raise_interface(const char *name)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	request.ifr_flags = IFF_UP | IFF_NOARP;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
		die("SIOCSIFFLAGS");
	close(fd);
}

static struct wire open_wire(const char *name, uint32_t frames)
{
	int one = 1, version = TPACKET_V2, buffer = TX_STAMPS_BUFFER;
	int stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
		     SOF_TIMESTAMPING_OPT_TSONLY;
	struct wire wire = {.frames = frames};
	int index = (int)if_nametoindex(name);
	/* One block of the ring is a power of two of pages; two frames of 2 KiB fill one page. */
	struct tpacket_req ring = {.tp_block_size = 16 * FRAME, .tp_block_nr = frames / 16,
				   .tp_frame_size = FRAME, .tp_frame_nr = frames};

	raise_interface(name);
	/* The ring is there before the socket is bound to a protocol: nothing can slip past it. */
	wire.in = packet_socket(0, index);
	set(wire.in, SOL_PACKET, PACKET_VERSION, &version, sizeof version, "TPACKET_V2");
	set(wire.in, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one, "PACKET_IGNORE_OUTGOING");
	set(wire.in, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one, "SO_TIMESTAMPNS");
	set(wire.in, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring, "PACKET_RX_RING");
	wire.ring = mmap(NULL, (size_t)frames * FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, wire.in, 0);
	if (wire.ring == MAP_FAILED)
		die("mmap of the ring");
	struct sockaddr_ll here = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
	if (bind(wire.in, (struct sockaddr *)&here, sizeof here) != 0)
		die("bind of the ring");
	wire.out = packet_socket(0, index);
	set(wire.out, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one, "PACKET_QDISC_BYPASS");
	set(wire.out, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer, "SO_RCVBUFFORCE");
	set(wire.out, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer, "SO_SNDBUFFORCE");
	set(wire.out, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps, "SO_TIMESTAMPING");
	return wire;
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Returns the next received frame with its stamp, NULL where there is none; `release` gives it back. */
static uint8_t *take(struct wire *wire, uint32_t *captured, int64_t *stamp_ns)
{
	struct tpacket2_hdr *head = (void *)(wire->ring + (size_t)wire->next * FRAME);
	if (!(__atomic_load_n(&head->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return NULL;
	*captured = head->tp_snaplen;
	*stamp_ns = head->tp_sec * 1000000000LL + head->tp_nsec;
	return (uint8_t *)head + head->tp_mac;
}

static void release(struct wire *wire)
{
	struct tpacket2_hdr *head = (void *)(wire->ring + (size_t)wire->next * FRAME);
	__atomic_store_n(&head->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	wire->next = (wire->next + 1) % wire->frames;
}

/* Returns the number of frames that the ring had no room for since it was last asked. */
static uint32_t ring_drops(const struct wire *wire)
{
	struct tpacket_stats counts = {0};
	socklen_t size = sizeof counts;
	if (getsockopt(wire->in, SOL_PACKET, PACKET_STATISTICS, &counts, &size) != 0)
		die("PACKET_STATISTICS");
	return counts.tp_drops;
}

/* Takes the stamps of what was sent, and hands each to `found` with the ordinal of its sending. */
static void take_stamps(const struct wire *wire, void (*found)(uint32_t ordinal, int64_t stamp_ns))
{
	static struct mmsghdr messages[BATCH];
	static uint8_t control[BATCH][256] __attribute__((aligned(8)));
	int got;

	do {
		for (int i = 0; i < BATCH; i++)
			messages[i].msg_hdr =
				(struct msghdr){.msg_control = control[i], .msg_controllen = sizeof control[i]};
		got = recvmmsg(wire->out, messages, BATCH, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++) {
			const struct scm_timestamping *stamp = NULL;
			const struct sock_extended_err *error = NULL;
			struct msghdr *message = &messages[i].msg_hdr;
			for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
				if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING)
					stamp = (const void *)CMSG_DATA(c);
				else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_TX_TIMESTAMP)
					error = (const void *)CMSG_DATA(c);
			}
			if (stamp && error && error->ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
				found(error->ee_data, stamp->ts[0].tv_sec * 1000000000LL + stamp->ts[0].tv_nsec);
		}
	} while (got == BATCH);
}

#endif
