/* Runs a command and writes what it used: `usage FILE COMMAND…`.
 *
 * A program that is started by a large one is charged with that one's memory: the peak that the
 * kernel reports outlives exec. Between the two stands this small one.
 * FILE gets a line: user µs, system µs, peak memory in KiB, elapsed µs, exit code.
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int count, char **words)
{
	struct rusage used;
	int status;
	long long began = now_us();

	if (count < 3)
		return 2;
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(words[2], words + 2);
		perror(words[2]);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &used) != child)
		return 1;
	FILE *file = fopen(words[1], "w");
	if (!file)
		return 1;
	fprintf(file, "%lld %lld %ld %lld %d\n", used.ru_utime.tv_sec * 1000000LL + used.ru_utime.tv_usec,
		used.ru_stime.tv_sec * 1000000LL + used.ru_stime.tv_usec, used.ru_maxrss, now_us() - began,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return fclose(file) == 0 ? 0 : 1;
}
