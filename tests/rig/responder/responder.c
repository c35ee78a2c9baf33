/* Answers echo requests as a script says, and logs what truly went over the wire.
 *
 * It makes a network namespace of its own and says so on stdout. Then it obeys a line on stdin at a
 * time, and answers each with a line:
 *   up NAME FRAMES TICK_NS   take the interface NAME, with a ring of FRAMES; look at it every TICK_NS
 *   load FILE                begin anew with the script in FILE
 *   save FILE                send what is still due, then write the log to FILE
 * The layouts of script and log are those of script.py and truth.py. It ends with its stdin.
 */

#include "wire.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

enum { IDLE_NS = 10000000 };

struct script {
	uint32_t first4, rows4, rows6, count;
	uint8_t prefix6[12];
	uint32_t first6;
};

struct fate {
	int64_t delay_ns;
	uint16_t kind, copies; /* no copies: lost */
	uint32_t spacing_ns; /* from copy to copy */
};

struct seen {
	int64_t at_ns;
	uint32_t row, nth;
	uint16_t id, seq;
	uint32_t unused;
};

struct sent {
	int64_t at_ns; /* 0: the kernel gave no stamp */
	uint32_t seen, copy;
};

struct due {
	int64_t at_ns;
	uint64_t order; /* who was scripted first goes first at the same moment */
	uint32_t seen, copy, packet;
};

struct packet {
	uint32_t length, copies_left;
	uint8_t bytes[FRAME];
};

struct counts {
	uint64_t seen, sent, ring_drops, unstamped, unsound, unknown, refused;
};

static struct script script;
static struct fate *fates;
static uint32_t *heard; /* requests so far, by row */
static struct seen *seen;
static struct sent *sent;
static struct due *heap;
static struct packet *packets;
static uint32_t *free_packets;
static size_t seen_room, sent_room, heap_room, packet_room;
static uint32_t heap_size, free_count, packet_count;
static uint32_t first_ordinal, ordinals; /* of this script, and of all */
static uint64_t order;
static struct counts counts;
static struct wire wire = {.in = -1};
static int64_t tick_ns;

static void *grown(void *array, size_t *room, size_t needed, size_t size)
{
	if (needed <= *room)
		return array;
	*room = needed > 1024 ? needed * 2 : 1024;
	array = realloc(array, *room * size);
	if (!array)
		die("memory");
	return array;
}

static bool before(const struct due *left, const struct due *right)
{
	return left->at_ns != right->at_ns ? left->at_ns < right->at_ns : left->order < right->order;
}

static void push(struct due item)
{
	heap = grown(heap, &heap_room, heap_size + 1, sizeof *heap);
	uint32_t at = heap_size++;
	for (; at > 0 && before(&item, &heap[(at - 1) / 2]); at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = item;
}

static struct due pop(void)
{
	struct due top = heap[0], last = heap[--heap_size];
	uint32_t at = 0;
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= heap_size)
			break;
		if (child + 1 < heap_size && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	return top;
}

static uint32_t keep_packet(void)
{
	if (free_count)
		return free_packets[--free_count];
	size_t room = packet_room;
	packets = grown(packets, &packet_room, packet_count + 1, sizeof *packets);
	if (room != packet_room)
		free_packets = realloc(free_packets, packet_room * sizeof *free_packets);
	if (!free_packets)
		die("memory");
	return packet_count++;
}

static bool row_of(const struct request *request, uint32_t *row)
{
	if (request->family == 4) {
		*row = request->address - script.first4;
		return *row < script.rows4;
	}
	*row = request->address - script.first6;
	if (*row >= script.rows6 || memcmp(request->prefix, script.prefix6, sizeof script.prefix6) != 0)
		return false;
	*row += script.rows4;
	return true;
}

static void receive(uint8_t *frame, uint32_t captured, int64_t stamp_ns)
{
	struct request request = read_request(frame, captured);
	uint32_t row;

	if (!request.family)
		return;
	if (!request.sound) {
		counts.unsound++;
		return;
	}
	if (!row_of(&request, &row) || heard[row] >= script.count) {
		counts.unknown++;
		return;
	}
	uint32_t nth = heard[row]++, number = (uint32_t)counts.seen++;
	struct fate fate = fates[(size_t)row * script.count + nth];
	seen = grown(seen, &seen_room, counts.seen, sizeof *seen);
	seen[number] = (struct seen){.at_ns = stamp_ns, .row = row, .nth = nth, .id = request.id, .seq = request.seq};
	if (!fate.copies)
		return;
	uint32_t packet = keep_packet();
	memcpy(packets[packet].bytes, frame, request.length);
	packets[packet].length = make_reply(packets[packet].bytes, &request, fate.kind, FRAME);
	packets[packet].copies_left = fate.copies;
	for (uint32_t copy = 0; copy < fate.copies; copy++)
		push((struct due){.at_ns = stamp_ns + fate.delay_ns + (int64_t)copy * fate.spacing_ns,
				  .order = order++, .seen = number, .copy = copy, .packet = packet});
}

static void stamp(uint32_t ordinal, int64_t stamp_ns)
{
	uint32_t number = ordinal - first_ordinal;
	if (number < counts.sent)
		sent[number].at_ns = stamp_ns;
}

static void send_due(void)
{
	static struct mmsghdr messages[BATCH];
	static struct iovec parts[BATCH];
	static uint32_t used[BATCH];

	while (heap_size && heap[0].at_ns <= now_ns()) {
		unsigned ready = 0;
		int64_t now = now_ns();
		for (; ready < BATCH && heap_size && heap[0].at_ns <= now; ready++) {
			struct due due = pop();
			struct packet *packet = &packets[due.packet];
			parts[ready] = (struct iovec){packet->bytes, packet->length};
			messages[ready].msg_hdr = (struct msghdr){.msg_iov = &parts[ready], .msg_iovlen = 1};
			used[ready] = due.packet;
			sent = grown(sent, &sent_room, counts.sent + 1, sizeof *sent);
			sent[counts.sent++] = (struct sent){.seen = due.seen, .copy = due.copy};
		}
		for (unsigned done = 0; done < ready;) {
			int passed = sendmmsg(wire.out, messages + done, ready - done, 0);
			if (passed < 0) {
				/* It left no ordinal behind: all numbers after it would be wrong. */
				counts.refused += ready - done;
				break;
			}
			done += (unsigned)passed;
			ordinals += (unsigned)passed;
		}
		for (unsigned i = 0; i < ready; i++)
			if (--packets[used[i]].copies_left == 0)
				free_packets[free_count++] = used[i];
		take_stamps(&wire, stamp);
	}
}

/* Takes a few of the frames, so that what is due meanwhile is not kept waiting. */
static bool receive_some(void)
{
	int taken = 0;
	uint32_t captured;
	int64_t stamp_ns;
	for (uint8_t *frame; taken < BATCH && (frame = take(&wire, &captured, &stamp_ns)); taken++) {
		receive(frame, captured, stamp_ns);
		release(&wire);
	}
	return taken > 0;
}

static void read_exactly(FILE *file, void *into, size_t size)
{
	if (size && fread(into, size, 1, file) != 1)
		die("script");
}

static void load(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		die(path);
	read_exactly(file, &script, sizeof script);
	size_t rows = (size_t)script.rows4 + script.rows6, size = rows * script.count * sizeof *fates;
	free(fates);
	free(heard);
	fates = malloc(size + 1);
	heard = calloc(rows + 1, sizeof *heard);
	if (!fates || !heard)
		die("memory");
	read_exactly(file, fates, size);
	fclose(file);
	while (receive_some()) /* what an earlier run left behind is nobody's */
		;
	while (heap_size) {
		struct due due = pop();
		if (--packets[due.packet].copies_left == 0)
			free_packets[free_count++] = due.packet;
	}
	ring_drops(&wire);
	memset(&counts, 0, sizeof counts);
	first_ordinal = ordinals;
}

static void save(const char *path)
{
	do {
		while (receive_some())
			send_due();
		send_due();
	} while (heap_size && usleep(100) == 0);
	for (uint64_t i = 0; i < counts.sent; i++)
		counts.unstamped += sent[i].at_ns == 0;
	counts.ring_drops = ring_drops(&wire);
	FILE *file = fopen(path, "wb");
	if (!file)
		die(path);
	fwrite(&counts, sizeof counts, 1, file);
	fwrite(seen, sizeof *seen, counts.seen, file);
	fwrite(sent, sizeof *sent, counts.sent, file);
	if (fclose(file) != 0)
		die(path);
}

static bool obey(void)
{
	static char line[4096], word[4096];
	unsigned frames;
	long long tick;

	if (!fgets(line, sizeof line, stdin))
		return false;
	if (sscanf(line, "up %15s %u %lld", word, &frames, &tick) == 3) {
		wire = open_wire(word, frames);
		tick_ns = tick;
	} else if (sscanf(line, "load %4000s", word) == 1) {
		load(word);
	} else if (sscanf(line, "save %4000s", word) == 1) {
		save(word);
	} else {
		fprintf(stderr, "responder: %s", line);
		exit(2);
	}
	puts("done");
	return true;
}

/* Sleeps until something is due or may have come.
 *
 * While requests come, it looks at the ring by the clock: being woken for each of them would take
 * the processor from the very program whose figures are examined.
 */
static bool wait_for_work(int64_t last_ns)
{
	struct pollfd waiting[] = {{.fd = 0, .events = POLLIN}, {.fd = wire.in, .events = POLLIN}};
	int64_t now = now_ns(), until = heap_size ? heap[0].at_ns : now + 1000000000LL;
	bool busy = wire.in >= 0 && now - last_ns < IDLE_NS;

	if (busy && until > now + tick_ns)
		until = now + tick_ns;
	int64_t left = until > now ? until - now : 0;
	struct timespec pause = {left / 1000000000LL, left % 1000000000LL};
	if (busy && left)
		nanosleep(&pause, NULL);
	struct timespec none = {0, 0};
	if (ppoll(waiting, 2, busy ? &none : &pause, NULL) > 0 && waiting[0].revents)
		return obey();
	return true;
}

/* The responder's own haste harms nobody's truth, but its slowness would blur what was scripted. */
static void take_precedence(void)
{
	struct sched_param first = {.sched_priority = 1};
	cpu_set_t allowed, last;
	prctl(PR_SET_TIMERSLACK, 1UL);
	sched_setscheduler(0, SCHED_FIFO, &first);
	if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
		/* One processor only: replies sent from two could overtake each other in their queues. */
		for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
			if (CPU_ISSET(cpu, &allowed)) {
				CPU_ZERO(&last);
				CPU_SET(cpu, &last);
				sched_setaffinity(0, sizeof last, &last);
				break;
			}
	}
}

int main(void)
{
	int64_t last_ns = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (unshare(CLONE_NEWNET) != 0)
		die("unshare");
	take_precedence();
	puts("apart");
	while (wait_for_work(last_ns)) {
		if (wire.in < 0)
			continue;
		send_due();
		if (receive_some())
			last_ns = now_ns();
		send_due();
	}
	return 0;
}
