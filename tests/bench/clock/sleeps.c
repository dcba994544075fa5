/*
 * What a guest's clocks do while it sleeps shortly and often: marks of its monotonic clock on standard output, in pairs, for the host to hold against its
 * own; and how far sleeps of a millisecond overrun. Static, for a prepared guest: gcc -O1 -static -pthread.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

#define SLEEPERS 8
#define SECONDS 4.0

static volatile int over;
static volatile long signals;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void mark(const char *what) {
  printf("%s %.6f\n", what, now());
  fflush(stdout);
}

static void nap(long ns) {
  struct timespec t = { 0, ns };
  nanosleep(&t, NULL);
}

static void *sleeper(void *unused) {
  while (!over) nap(50000);
  return unused;
}

static void on_signal(int number) {
  (void)number;
  signals++;
}

static void idle(void) {
  double end = now() + SECONDS;
  mark("idle");
  while (now() < end) nap(500000000);
  mark("idle");
}

static void milliseconds(void) {
  double sum = 0, worst = 0;
  for (int i = 0; i < 1000; i++) {
    double before = now(), late;
    nap(1000000);
    late = now() - before - 0.001;
    sum += late;
    if (late > worst) worst = late;
  }
  printf("overrun %.6f %.6f\n", sum / 1000, worst);
  fflush(stdout);
}

static void busy(const char *what) {
  volatile unsigned work = 0;
  double end = now() + SECONDS;
  mark(what);
  while (now() < end) for (int i = 0; i < 1000; i++) work += i;
  mark(what);
}

/* Eight threads of short sleeps and a timer signal every millisecond; the main thread sleeps, too, and then is busy. */
static void short_sleeps(void) {
  pthread_t threads[SLEEPERS];
  struct itimerval each = { { 0, 1000 }, { 0, 1000 } }, none = { { 0, 0 }, { 0, 0 } };
  double end = now() + SECONDS;
  signal(SIGALRM, on_signal);
  for (int i = 0; i < SLEEPERS; i++) pthread_create(&threads[i], NULL, sleeper, NULL);
  setitimer(ITIMER_REAL, &each, NULL);
  mark("short");
  while (now() < end) nap(50000);
  mark("short");
  busy("short-busy");
  setitimer(ITIMER_REAL, &none, NULL);
  over = 1;
  for (int i = 0; i < SLEEPERS; i++) pthread_join(threads[i], NULL);
  printf("signals %ld\n", signals);
  fflush(stdout);
}

int main(void) {
  /* The way of a mark to the host is cold at first. */
  for (int i = 0; i < 50; i++) {
    mark("warm");
    nap(10000000);
  }
  idle();
  milliseconds();
  busy("busy");
  short_sleeps();
  return 0;
}
