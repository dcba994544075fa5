// Integer work: the shapes of code that programs are made of.
#include <stdlib.h>
#include <string.h>
#include "rows.h"

static unsigned long sieve1M(long n) {
  static uint8_t composite[1 << 20];
  unsigned long primes = 0;
  while (n--) {
    memset(composite, 0, sizeof composite);
    primes = 0;
    for (uint32_t i = 2; i < sizeof composite; i++) {
      if (composite[i]) continue;
      primes++;
      for (uint32_t k = i * 2; k < sizeof composite; k += i) composite[k] = 1;
    }
  }
  return primes;
}

static uint8_t *block64k(void) {
  static uint8_t block[65536];
  uint32_t s = 1;
  if (!block[0]) for (size_t i = 0; i < sizeof block; i++) block[i] = next_random(&s) | 1;
  return block;
}

static unsigned long crc32_64k(long n) {
  static uint32_t table[256];
  const uint8_t *block = block64k();
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
    table[i] = c;
  }
  uint32_t crc = ~0u;
  while (n--) for (size_t i = 0; i < 65536; i++) crc = table[(crc ^ block[i]) & 255] ^ crc >> 8;
  return crc;
}

static inline uint32_t ror(uint32_t x, int k) { return x >> k | x << (32 - k); }
static uint32_t constants[64];

static void sha256_block(uint32_t state[8], const uint8_t *p) {
  uint32_t w[64], v[8];
  for (int t = 0; t < 16; t++) w[t] = (uint32_t)p[t * 4] << 24 | p[t * 4 + 1] << 16 | p[t * 4 + 2] << 8 | p[t * 4 + 3];
  for (int t = 16; t < 64; t++) {
    uint32_t a = w[t - 15], b = w[t - 2];
    w[t] = w[t - 16] + w[t - 7] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
  }
  memcpy(v, state, sizeof v);
  for (int t = 0; t < 64; t++) {
    uint32_t s1 = ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25), s0 = ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22);
    uint32_t a = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + w[t];
    uint32_t b = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    v[7] = v[6]; v[6] = v[5]; v[5] = v[4]; v[4] = v[3] + a; v[3] = v[2]; v[2] = v[1]; v[1] = v[0]; v[0] = a + b;
  }
  for (int k = 0; k < 8; k++) state[k] += v[k];
}

// The rounds of SHA-256; constants and start are our own, which costs the same.
static unsigned long sha256_64k(long n) {
  const uint8_t *block = block64k();
  uint32_t s = 5, state[8];
  for (int k = 0; k < 64; k++) constants[k] = next_random(&s);
  for (int k = 0; k < 8; k++) state[k] = next_random(&s);
  while (n--) for (size_t at = 0; at < 65536; at += 64) sha256_block(state, block + at);
  return state[0] ^ state[7];
}

static int compare(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}
static unsigned long qsort16k(long n) {
  static int numbers[16384];
  unsigned long sum = 0;
  uint32_t s = 9;
  while (n--) {
    for (int i = 0; i < 16384; i++) numbers[i] = next_random(&s);
    qsort(numbers, 16384, sizeof *numbers, compare);
    sum += numbers[100];
  }
  return sum;
}

static unsigned long imatmul64(long n) {
  static uint32_t a[64][64], b[64][64], c[64][64];
  uint32_t s = 3;
  for (int i = 0; i < 64; i++) for (int j = 0; j < 64; j++) { a[i][j] = next_random(&s); b[i][j] = next_random(&s); }
  while (n--)
    for (int i = 0; i < 64; i++)
      for (int j = 0; j < 64; j++) {
        uint32_t sum = c[i][j];
        for (int k = 0; k < 64; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
  return c[5][7];
}

// A byte code interpreter: an indirect jump every few instructions.
static unsigned long interp(long n) {
  static const uint8_t code[] = {0, 1, 2, 3, 1, 4, 0, 2, 5, 3, 4, 6};
  static const void *const labels[] = {&&add, &&xor, &&shift, &&twice, &&minus, &&times, &&next};
  uint32_t a = 1, b = 7;
  const uint8_t *p = code;
  if (n <= 0) return 0;
#define NEXT goto *labels[*p++]
  NEXT;
add: a += b; NEXT;
xor: b ^= a; NEXT;
shift: a = a << 3 | a >> 29; NEXT;
twice: b += b; NEXT;
minus: a -= 3; NEXT;
times: b = b * 5 + 1; NEXT;
next: p = code; if (--n) NEXT;
  return a ^ b;
}

static __attribute__((noinline)) unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static unsigned long fib22(long n) {
  unsigned long sum = 0;
  while (n--) { volatile unsigned k = 22; sum += fib(k); }
  return sum;
}

static unsigned long collatz(long n) {
  unsigned long steps = 0;
  for (unsigned long i = 1; n--; i = i % 100000 + 1) for (unsigned long v = i; v != 1; steps++) v = v & 1 ? v * 3 + 1 : v / 2;
  return steps;
}

static unsigned long div32x2(long n) {
  uint32_t a = 0x9e3779b9, b = 0x7f4a7c15;
  volatile uint32_t d = 7, e = 13;
  uint32_t x = d, y = e;
  while (n--) { a = a / x + 0x9e3779b9; b = b / y + 0x7f4a7c15 + a % 2; }
  return a ^ b;
}
static unsigned long div64(long n) {
  uint64_t a = 0x9e3779b97f4a7c15ull;
  volatile uint64_t d = 0x123457;
  uint64_t x = d;
  while (n--) a = a / x + 0x9e3779b97f4a7c15ull;
  return a ^ a >> 32;
}

static unsigned long xorshift64(long n) {
  uint64_t s = 88172645463325252ull;
  while (n--) { s ^= s << 13; s ^= s >> 7; s ^= s << 17; }
  return s;
}

const struct Row integer_rows[] = {
  {"sieve1M", sieve1M}, {"crc32_64k", crc32_64k}, {"sha256_64k", sha256_64k}, {"qsort16k", qsort16k}, {"imatmul64", imatmul64},
  {"interp", interp}, {"fib22", fib22}, {"collatz", collatz}, {"div32x2", div32x2}, {"div64", div64}, {"xorshift64", xorshift64}, {NULL, NULL},
};
