// Floating point, compiled twice: for SSE2, and with -mfpmath=387 under names that begin with x87_.
#include <math.h>
#include "rows.h"

static double bodies[5][7];

static void start_bodies(void) {
  uint32_t s = 12;
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 7; k++) bodies[i][k] = (double)(next_random(&s) % 1000 + 1) / (k < 3 ? 100 : 1000);
}
static void move_bodies(double dt) {
  for (int i = 0; i < 5; i++) {
    double *a = bodies[i];
    for (int j = i + 1; j < 5; j++) {
      double *b = bodies[j], dx = a[0] - b[0], dy = a[1] - b[1], dz = a[2] - b[2];
      double d2 = dx * dx + dy * dy + dz * dz + 0.01, mag = dt / (d2 * sqrt(d2));
      a[3] -= dx * b[6] * mag; a[4] -= dy * b[6] * mag; a[5] -= dz * b[6] * mag;
      b[3] += dx * a[6] * mag; b[4] += dy * a[6] * mag; b[5] += dz * a[6] * mag;
    }
  }
  for (int i = 0; i < 5; i++) for (int k = 0; k < 3; k++) bodies[i][k] += dt * bodies[i][k + 3];
}
static unsigned long nbody(long n) {
  start_bodies();
  while (n--) move_bodies(0.001);
  return (long)(bodies[0][0] * 1e6);
}

static unsigned long mandel32(long n) {
  unsigned long inside = 0;
  while (n--)
    for (int y = 0; y < 32; y++)
      for (int x = 0; x < 32; x++) {
        double cr = x / 16.0 - 1.5, ci = y / 16.0 - 1, zr = 0, zi = 0;
        int k = 0;
        for (; k < 50 && zr * zr + zi * zi < 4; k++) {
          double t = zr * zr - zi * zi + cr;
          zi = 2 * zr * zi + ci;
          zr = t;
        }
        inside += k;
      }
  return inside;
}

static unsigned long fmatmul64(long n) {
  static double a[64][64], b[64][64], c[64][64];
  uint32_t s = 8;
  for (int i = 0; i < 64; i++)
    for (int j = 0; j < 64; j++) { a[i][j] = next_random(&s) % 1000 / 999.0; b[i][j] = next_random(&s) % 1000 / 999.0; }
  while (n--)
    for (int i = 0; i < 64; i++)
      for (int j = 0; j < 64; j++) {
        double sum = 0;
        for (int k = 0; k < 64; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
  return (long)(c[3][4] * 1e6);
}

static unsigned long fdivsqrt(long n) {
  double x = 2;
  while (n--) x = sqrt(x / 1.0001 + 1);
  return (long)(x * 1e6);
}

// 80-bit arithmetic where the library has no faster: libm's for SSE2, FSIN for the x87.
static unsigned long sine(long n) {
  double x = 0.1, sum = 0;
  while (n--) {
    double r;
#ifdef X87
    __asm__("fsin" : "=t"(r) : "0"(x));
#else
    r = sin(x);
#endif
    sum += r;
    x = x < 3 ? x + 0.001 : 0.1;
  }
  return (long)(sum * 1e3);
}
