// A row of the bench: does its work `n` times and gives a number that depends on all of it.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef unsigned long (*Work)(long n);
struct Row { const char *name; Work work; };

extern const struct Row integer_rows[], memory_rows[], floating_rows[], x87_rows[], system_rows[];

// A xorshift: the same numbers in every width.
static inline uint32_t next_random(uint32_t *s) {
  *s ^= *s << 13;
  *s ^= *s >> 17;
  *s ^= *s << 5;
  return *s;
}
