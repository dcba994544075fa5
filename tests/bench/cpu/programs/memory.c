// What memory costs: copies, string functions, pointers in and out of the cache, a hash table; and a whole program, busybox's gzip.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rows.h"

static uint8_t from[65536], to[65536];

static unsigned long memcpy64k(long n) {
  memset(from, 0, sizeof from);
  while (n--) {
    from[n & 0xffff]++;
    memcpy(to, from, sizeof to);
    __asm__ volatile("" : : "r"(to) : "memory");
  }
  return to[1];
}
static unsigned long repmovs64k(long n) {
  memset(from, 3, sizeof from); // whatever the rows before have left
  while (n--) {
    void *d = to;
    const void *s = from;
    size_t bytes = sizeof to;
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(bytes) : : "memory");
  }
  return to[2];
}
static unsigned long strlen4k(long n) {
  static char text[4097];
  unsigned long sum = 0;
  memset(text, 'x', 4096);
  while (n--) {
    const char *volatile p = text;
    sum += strlen(p);
  }
  return sum;
}

// Eight steps along a chain through all of `count` cells of 64 bytes, in random order.
struct Cell { struct Cell *next; char rest[64 - sizeof(void *)]; };
static struct Cell *chain(size_t count) {
  struct Cell *cells = aligned_alloc(64, count * sizeof *cells);
  uint32_t *order = malloc(count * sizeof *order), s = 77;
  for (size_t i = 0; i < count; i++) order[i] = i;
  for (size_t i = count - 1; i > 0; i--) {
    size_t k = next_random(&s) % (i + 1);
    uint32_t t = order[i]; order[i] = order[k]; order[k] = t;
  }
  for (size_t i = 0; i < count; i++) {
    cells[order[i]].next = &cells[order[(i + 1) % count]];
    cells[order[i]].rest[0] = order[i];
  }
  struct Cell *first = &cells[order[0]];
  free(order);
  return first;
}
static unsigned long follow(struct Cell *p, long n) {
  while (n--) p = p->next->next->next->next->next->next->next->next;
  return p->rest[0];
}
static unsigned long chase8_l1(long n) { static struct Cell *p; return follow(p ? p : (p = chain(256)), n); }
static unsigned long chase8_4M(long n) { static struct Cell *p; return follow(p ? p : (p = chain(65536)), n); }

// Open addressing: inserts and look-ups of random keys, a thousand of each an iteration.
static unsigned long hash1k(long n) {
  static uint32_t keys[4096], values[4096];
  unsigned long sum = 0;
  while (n--) {
    uint32_t s = 41;
    memset(keys, 0, sizeof keys);
    for (int i = 0; i < 1000; i++) {
      uint32_t key = next_random(&s), at = key * 2654435761u >> 20;
      while (keys[at] && keys[at] != key) at = (at + 1) & 4095;
      keys[at] = key;
      values[at] = i;
    }
    s = 41;
    for (int i = 0; i < 1000; i++) {
      uint32_t key = next_random(&s), at = key * 2654435761u >> 20;
      while (keys[at] != key) at = (at + 1) & 4095;
      sum += values[at];
    }
  }
  return sum;
}

// 1 MiB of text that packs two to three times.
static void write_text(const char *path) {
  FILE *f = fopen(path, "w");
  uint32_t s = 2026;
  if (!f) { perror(path); exit(1); }
  for (size_t written = 0; written < 1 << 20;) {
    uint32_t word = next_random(&s) % 3000;
    written += fprintf(f, "%c%x%c ", 'a' + word % 26, word * word, 'a' + word % 7);
  }
  fclose(f);
}
static unsigned long gzip1M(long n) {
  char path[64];
  int status = 0;
  unsigned long failed = 0;
  snprintf(path, sizeof path, "/tmp/pintail-bench-%d", (int)getpid());
  write_text(path);
  const char *busybox = getenv("BENCH_BUSYBOX");
  while (n--) {
    pid_t child = fork();
    if (!child) {
      if (!freopen("/dev/null", "w", stdout)) _exit(1);
      execl(busybox ? busybox : "/bin/busybox", "gzip", "-c", path, NULL);
      _exit(127);
    }
    waitpid(child, &status, 0);
    failed += status != 0;
  }
  unlink(path);
  return failed;
}

const struct Row memory_rows[] = {
  {"memcpy64k", memcpy64k}, {"repmovs64k", repmovs64k}, {"strlen4k", strlen4k}, {"chase8_l1", chase8_l1}, {"chase8_4M", chase8_4M},
  {"hash1k", hash1k}, {"gzip1M", gzip1M}, {NULL, NULL},
};
