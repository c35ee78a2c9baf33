/* Echo requests and what is sent in answer to them: bytes only, no system calls. */

#ifndef ECHO_H
#define ECHO_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ETHERNET = 14, IP4 = 20, IP6 = 40, ICMP = 8 };
enum kind { ANSWER = 0, UNREACHABLE = 1, PROHIBITED = 2, FORGED = 3, CUT = 4 };

struct request {
	int family; /* 4 or 6; 0: not an echo request */
	bool sound; /* its checksum is right: a real host drops it otherwise */
	uint32_t address; /* IPv4, or the low 32 bits of IPv6, in host order */
	uint8_t prefix[12]; /* of an IPv6 address */
	uint16_t id, seq;
	uint32_t length; /* of the frame, without padding */
};

static uint32_t sum16(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
	for (; length > 1; bytes += 2, length -= 2)
		sum += (uint32_t)bytes[0] << 8 | bytes[1];
	return length ? sum + ((uint32_t)bytes[0] << 8) : sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* The sum over an ICMP message, with the pseudo-header where it is ICMPv6 (RFC 4443, 2.3). */
static uint16_t message_sum(const uint8_t *ip, const uint8_t *message, uint32_t length, int family)
{
	uint32_t sum = family == 6 ? sum16(ip + 8, 32, length + IPPROTO_ICMPV6) : 0;
	return folded(sum16(message, length, sum));
}

static struct request read_request(const uint8_t *frame, uint32_t captured)
{
	struct request found = {0};
	const uint8_t *ip = frame + ETHERNET, *message;
	uint32_t head, total;

	if (captured < ETHERNET + IP4 + ICMP)
		return found;
	if (get16(frame + 12) == 0x0800 && ip[0] == 0x45 && ip[9] == IPPROTO_ICMP) {
		head = IP4;
		total = get16(ip + 2);
		if ((get16(ip + 6) & 0x3fff) != 0) /* a fragment */
			return found;
	} else if (get16(frame + 12) == 0x86dd && captured >= ETHERNET + IP6 + ICMP && ip[6] == IPPROTO_ICMPV6) {
		head = IP6;
		total = IP6 + get16(ip + 4);
	} else {
		return found;
	}
	message = ip + head;
	if (total < head + ICMP || ETHERNET + total > captured || message[0] != (head == IP4 ? 8 : 128))
		return found;
	found.family = head == IP4 ? 4 : 6;
	memcpy(&found.address, head == IP4 ? ip + 16 : ip + 36, 4);
	found.address = ntohl(found.address);
	if (found.family == 6)
		memcpy(found.prefix, ip + 24, sizeof found.prefix);
	found.id = get16(message + 4);
	found.seq = get16(message + 6);
	found.length = ETHERNET + total;
	found.sound = message_sum(ip, message, total - head, found.family) == 0xffff;
	return found;
}

static void swap(uint8_t *left, uint8_t *right, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		uint8_t kept = left[i];
		left[i] = right[i];
		right[i] = kept;
	}
}

/* Turns a request into what is sent back, in place; returns the new length of the frame.
 *
 * An error quotes the request's IP header, ICMP header and as much payload as there is room for.
 */
static uint32_t make_reply(uint8_t *frame, const struct request *request, enum kind kind, uint32_t room)
{
	bool four = request->family == 4;
	uint32_t head = four ? IP4 : IP6, length = request->length - ETHERNET - head;
	uint8_t *ip = frame + ETHERNET, *message = ip + head;

	if (kind == UNREACHABLE || kind == PROHIBITED) {
		uint32_t quoted = request->length - ETHERNET;
		uint32_t most = room - ETHERNET - head - ICMP;
		if (quoted > most)
			quoted = most;
		memmove(message + ICMP, ip, quoted);
		memset(message, 0, ICMP);
		message[0] = four ? 3 : 1;
		message[1] = four ? (kind == PROHIBITED ? 13 : 1) : (kind == PROHIBITED ? 1 : 3);
		length = ICMP + quoted;
	} else {
		message[0] = four ? 0 : 129;
		if (kind == FORGED)
			for (uint32_t i = ICMP; i < length; i++)
				message[i] ^= 0x5a;
		if (kind == CUT && length > ICMP + 4)
			length = ICMP + 4;
	}
	swap(frame, frame + 6, 6);
	if (four) {
		swap(ip + 12, ip + 16, 4);
		put16(ip + 2, (uint16_t)(IP4 + length));
		ip[8] = 64;
		put16(ip + 10, 0);
		put16(ip + 10, (uint16_t)~folded(sum16(ip, IP4, 0)));
	} else {
		swap(ip + 8, ip + 24, 16);
		put16(ip + 4, (uint16_t)length);
		ip[7] = 64;
	}
	put16(message + 2, 0);
	put16(message + 2, (uint16_t)~message_sum(ip, message, length, request->family));
	return ETHERNET + head + length;
}

#endif
