/*
 * System calls by hand, for the tests of the kernel module: what a call answers is seen as it is,
 * with no layout or number known here. Each line on the standard input is "PROCESS COMMAND ...":
 * processes are made when they are first named, and each has its own descriptors, mappings and
 * buffers a to h. Every line is answered by one: "ok ..." or "error ERRNO".
 *
 *   open PATH [w] | close FD | fds | link FD
 *   buf X SIZE              a new zeroed buffer
 *   put X OFFSET HEX | get X OFFSET LENGTH
 *   ptr X OFFSET Y          the address of buffer Y, as 8 bytes
 *   ioctl FD NUMBER X       with the address of a buffer; =VALUE instead of X passes a number
 *   pread FD OFFSET LENGTH X | pwrite FD OFFSET LENGTH X
 *   seek FD                 to its begin
 *   map FD OFFSET LENGTH r|w | unmap ADDRESS LENGTH | load ADDRESS | store ADDRESS VALUE
 *   end                     of the process, as _exit
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	most_words = 8,
	most_processes = 16,
	buffer_count = 8,
	line_size = 1 << 16,
	highest_fd = 256
};

struct buffer {
	uint8_t *bytes;
	size_t size;
};

struct process {
	char name[32];
	pid_t pid;
	FILE *commands;
	FILE *answers;
};

static struct buffer buffers[buffer_count];
static sigjmp_buf after_fault;

static void on_fault(int number)
{
	siglongjmp(after_fault, number);
}

static void fail(void)
{
	printf("error %s\n", strerrorname_np(errno));
}

static void result(long value)
{
	if (value < 0)
		fail();
	else
		printf("ok %ld\n", value);
}

static struct buffer *buffer_of(const char *name)
{
	static struct buffer none;
	return name[0] >= 'a' && name[0] < 'a' + buffer_count && name[1] == 0
		       ? &buffers[name[0] - 'a']
		       : &none;
}

static int has_room(const struct buffer *buffer, size_t offset, size_t length)
{
	return offset <= buffer->size && length <= buffer->size - offset;
}

static void usage(void)
{
	printf("error USAGE\n");
}

static void make_buffer(struct buffer *buffer, size_t size)
{
	free(buffer->bytes);
	buffer->bytes = calloc(1, size + 1);
	buffer->size = buffer->bytes ? size : 0;
	printf("ok\n");
}

static void put_hex(struct buffer *buffer, size_t offset, const char *hex)
{
	size_t length = strlen(hex) / 2;
	if (!has_room(buffer, offset, length)) {
		usage();
		return;
	}
	for (size_t i = 0; i < length; i++)
		sscanf(hex + 2 * i, "%2hhx", &buffer->bytes[offset + i]);
	printf("ok\n");
}

static void get_hex(const struct buffer *buffer, size_t offset, size_t length)
{
	if (!has_room(buffer, offset, length)) {
		usage();
		return;
	}
	printf("ok ");
	for (size_t i = 0; i < length; i++)
		printf("%02x", buffer->bytes[offset + i]);
	printf("\n");
}

static void put_pointer(struct buffer *buffer, size_t offset, const struct buffer *target)
{
	uint64_t address = (uintptr_t)target->bytes;
	if (!has_room(buffer, offset, sizeof address)) {
		usage();
		return;
	}
	memcpy(buffer->bytes + offset, &address, sizeof address);
	printf("ok\n");
}

static void list_fds(void)
{
	printf("ok");
	for (int fd = 3; fd < highest_fd; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	printf("\n");
}

static void read_link(int fd)
{
	char path[64], target[256];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(path, target, sizeof target - 1);
	if (length < 0) {
		fail();
		return;
	}
	printf("ok %.*s\n", (int)length, target);
}

static void touch(uintptr_t address, const char *value)
{
	volatile uint32_t *word = (volatile uint32_t *)address;
	uint32_t now = value ? (uint32_t)strtoul(value, NULL, 0) : 0;
	int fault = sigsetjmp(after_fault, 1);
	if (fault) {
		printf("error %s\n", fault == SIGBUS ? "SIGBUS" : "SIGSEGV");
		return;
	}
	if (value)
		*word = now;
	else
		now = *word;
	printf("ok %u\n", now);
}

static void map(int fd, off_t offset, size_t length, int writable)
{
	void *at = mmap(NULL, length, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
			offset);
	if (at == MAP_FAILED)
		fail();
	else
		printf("ok %lu\n", (unsigned long)at);
}

static void transfer(int reading, int fd, off_t offset, size_t length, const struct buffer *buffer)
{
	if (!has_room(buffer, 0, length)) {
		usage();
		return;
	}
	result(reading ? pread(fd, buffer->bytes, length, offset)
		       : pwrite(fd, buffer->bytes, length, offset));
}

static void run(int count, char **word)
{
	const char *command = word[0];
	unsigned long number[most_words] = { 0 };
	for (int i = 1; i < count; i++)
		number[i] = strtoul(word[i], NULL, 0);
	if (strcmp(command, "open") == 0 && (count == 2 || count == 3))
		result(open(word[1], (count == 2 ? O_RDWR : O_WRONLY) | O_CLOEXEC));
	else if (strcmp(command, "close") == 0 && count == 2)
		result(close((int)number[1]));
	else if (strcmp(command, "fds") == 0)
		list_fds();
	else if (strcmp(command, "link") == 0 && count == 2)
		read_link((int)number[1]);
	else if (strcmp(command, "buf") == 0 && count == 3)
		make_buffer(buffer_of(word[1]), number[2]);
	else if (strcmp(command, "put") == 0 && count == 4)
		put_hex(buffer_of(word[1]), number[2], word[3]);
	else if (strcmp(command, "get") == 0 && count == 4)
		get_hex(buffer_of(word[1]), number[2], number[3]);
	else if (strcmp(command, "ptr") == 0 && count == 4)
		put_pointer(buffer_of(word[1]), number[2], buffer_of(word[3]));
	else if (strcmp(command, "ioctl") == 0 && count == 4)
		result(ioctl((int)number[1], number[2],
			     word[3][0] == '=' ? strtoul(word[3] + 1, NULL, 0)
					       : (unsigned long)buffer_of(word[3])->bytes));
	else if ((strcmp(command, "pread") == 0 || strcmp(command, "pwrite") == 0) && count == 5)
		transfer(command[1] == 'r', (int)number[1], (off_t)number[2], number[3],
			 buffer_of(word[4]));
	else if (strcmp(command, "seek") == 0 && count == 2)
		result(lseek((int)number[1], 0, SEEK_SET));
	else if (strcmp(command, "map") == 0 && count == 5)
		map((int)number[1], (off_t)number[2], number[3], word[4][0] == 'w');
	else if (strcmp(command, "unmap") == 0 && count == 3)
		result(munmap((void *)number[1], number[2]));
	else if (strcmp(command, "load") == 0 && count == 2)
		touch(number[1], NULL);
	else if (strcmp(command, "store") == 0 && count == 3)
		touch(number[1], word[2]);
	else
		usage();
}

static void serve(FILE *commands)
{
	static char line[line_size];
	signal(SIGBUS, on_fault);
	signal(SIGSEGV, on_fault);
	while (fgets(line, sizeof line, commands)) {
		char *word[most_words];
		int count = 0;
		for (char *one = strtok(line, " \n"); one && count < most_words;
		     one = strtok(NULL, " \n"))
			word[count++] = one;
		if (count == 1 && strcmp(word[0], "end") == 0)
			break;
		if (count == 0)
			usage();
		else
			run(count, word);
		fflush(stdout);
	}
	_exit(0);
}

static int start(struct process *process)
{
	int down[2], up[2];
	if (pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0)
		return -1;
	process->pid = fork();
	if (process->pid == 0) {
		dup2(up[1], STDOUT_FILENO);
		dup2(down[0], STDIN_FILENO);
		for (int fd = 3; fd < highest_fd; fd++)
			close(fd);
		serve(fdopen(STDIN_FILENO, "r"));
	}
	close(down[0]);
	close(up[1]);
	process->commands = fdopen(down[1], "w");
	process->answers = fdopen(up[0], "r");
	return 0;
}

static void end(struct process *process)
{
	fclose(process->commands);
	fclose(process->answers);
	waitpid(process->pid, NULL, 0);
	memset(process, 0, sizeof *process);
}

int main(void)
{
	static struct process processes[most_processes];
	static char line[line_size];
	static char answer[2 * line_size];
	signal(SIGPIPE, SIG_IGN);
	while (fgets(line, sizeof line, stdin)) {
		char *rest = strchr(line, ' ');
		struct process *process = NULL;
		if (!rest || rest - line >= (long)sizeof process->name)
			return 2;
		*rest++ = 0;
		for (int i = 0; i < most_processes; i++)
			if (strcmp(processes[i].name, line) == 0)
				process = &processes[i];
		for (int i = 0; i < most_processes && !process; i++)
			if (!processes[i].pid)
				process = &processes[i];
		if (!process)
			return 2;
		if (!process->pid) {
			memcpy(process->name, line, (size_t)(rest - line));
			if (start(process) != 0)
				return 3;
		}
		fputs(rest, process->commands);
		fflush(process->commands);
		if (fgets(answer, sizeof answer, process->answers)) {
			fputs(answer, stdout);
		} else {
			end(process);
			printf("ok ended\n");
		}
		fflush(stdout);
	}
	return 0;
}
