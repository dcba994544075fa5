// The program that runs in every machine of the bench. It reads lines "ROW N", does the row's work N times, and writes "=ROW N CHECKSUM".
#include <stdio.h>
#include <string.h>
#include "rows.h"

static const struct Row *const groups[] = {integer_rows, memory_rows, floating_rows, x87_rows, system_rows};

static Work find(const char *name) {
  for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
    for (const struct Row *row = groups[g]; row->name; row++)
      if (!strcmp(row->name, name)) return row->work;
  return NULL;
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return 0; // what forkexec starts
  char line[128], name[64];
  long n;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%63s %ld", name, &n) != 2) continue;
    Work work = find(name);
    if (work) printf("=%s %ld %lu\n", name, n, work(n) & 0xffffffff);
    else printf("=%s %ld unknown\n", name, n);
    fflush(stdout);
  }
  return 0;
}
