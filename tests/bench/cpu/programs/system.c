// Work for the kernel: calls, faults, signals, pipes, processes.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "rows.h"

static unsigned long do_getppid(long n) {
  unsigned long sum = 0;
  while (n--) sum += syscall(SYS_getppid) > 0;
  return sum;
}
static unsigned long clockget(long n) {
  struct timespec t;
  unsigned long sum = 0;
  while (n--) sum += clock_gettime(CLOCK_MONOTONIC, &t) == 0;
  return sum;
}
// One page touched for the first time; 256 of them a mapping.
static unsigned long pgfault(long n) {
  unsigned long sum = 0;
  while (n > 0) {
    volatile char *p = mmap(NULL, 256 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) exit(1);
    madvise((void *)p, 256 * 4096, MADV_NOHUGEPAGE);
    for (int i = 0; i < 256 && n > 0; i++, n--) sum += (p[i * 4096] = 1);
    munmap((void *)p, 256 * 4096);
  }
  return sum;
}
static unsigned long readzero4k(long n) {
  static char buffer[4096];
  unsigned long sum = 0;
  int f = open("/dev/zero", O_RDONLY);
  while (n--) sum += read(f, buffer, sizeof buffer);
  close(f);
  return sum;
}

static volatile unsigned long signals;
static void on_signal(int s) { (void)s; signals++; }
static unsigned long do_signal(long n) {
  signals = 0;
  signal(SIGUSR1, on_signal);
  while (n--) raise(SIGUSR1);
  return signals;
}

// A byte to another process and back.
static unsigned long pingpong(long n) {
  int to[2], from[2];
  char byte = 1;
  unsigned long sum = 0;
  if (pipe(to) || pipe(from)) exit(1);
  pid_t child = fork();
  if (!child) {
    close(to[1]);
    while (read(to[0], &byte, 1) == 1) if (write(from[1], &byte, 1) != 1) break;
    _exit(0);
  }
  close(to[0]);
  while (n--) sum += write(to[1], &byte, 1) == 1 && read(from[0], &byte, 1) == 1;
  close(to[1]); close(from[0]); close(from[1]);
  waitpid(child, NULL, 0);
  return sum;
}

static unsigned long do_fork(long n) {
  unsigned long sum = 0;
  while (n--) {
    pid_t child = fork();
    if (!child) _exit(0);
    sum += waitpid(child, NULL, 0) == child;
  }
  return sum;
}
static unsigned long forkexec(long n) {
  unsigned long sum = 0;
  while (n--) {
    int status = 1;
    pid_t child = fork();
    if (!child) { execl("/proc/self/exe", "bench", "nothing", NULL); _exit(127); }
    waitpid(child, &status, 0);
    sum += status == 0;
  }
  return sum;
}

const struct Row system_rows[] = {
  {"getppid", do_getppid}, {"clockget", clockget}, {"pgfault", pgfault}, {"readzero4k", readzero4k}, {"signal", do_signal},
  {"pingpong", pingpong}, {"fork", do_fork}, {"forkexec", forkexec}, {NULL, NULL},
};
