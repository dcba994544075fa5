/*
 * Runs single instructions on the host processor and records what they did.
 *
 *   harness INPUT OUTPUT
 *
 * One process, no libraries. The trick is that a signal handler may rewrite the register state it will return to: the handler of the trap
 * that ends one case stores the outcome, writes the next case's whole state (general registers, flags with TF set, the FXSAVE part
 * of the floating-point state, CS) into the signal frame, and returns. The kernel loads that state, the processor runs one instruction,
 * and TF (or the fault) brings us back. So a case costs one signal delivery, about 2 us.
 *
 * The cases run on pages at fixed addresses below 4 GiB, so the same layout serves 64-bit code (CS 0x33) and 32-bit code (CS 0x23). The
 * pages are one memfd, mapped a second time high and writable: that is how the handler writes code and finds what changed.
 * Nothing here has thread-local storage, so a case may have any FS and GS. All six selectors are the case's own; those of the LDT (16-bit
 * code, segments that are not flat) are asked of the kernel at the start, as the input describes them.
 *
 * The layouts of INPUT and OUTPUT are the structs below (little-endian); tests/oracle/harness.ts writes and reads them.
 */
#include <asm/ldt.h>
#include <asm/signal.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#define STATE_BYTES 504
#define REGION_COUNT 5
#define TOTAL_BYTES 0x7000
#define OUTPUT_BYTES (1ul << 31)
#define TF 0x100u
#define LDT_BYTES (16 * 33)

/* The register state, as in tests/oracle/state.ts. */
struct state {
  u64 gpr[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
  u64 rip;
  u32 rflags;
  u32 mxcsr;
  u16 fcw, fsw, ftw;
  u16 segment[6]; /* es cs ss ds fs gs */
  u8 st[80];
  u16 pad[3];
  u8 xmm[256];
} __attribute__((packed));

struct request {
  u32 size; /* of this header and its patches */
  u8 mode;  /* 64 or 32 */
  u8 patchCount;
  u16 pad;
  struct state state;
};

/* Bytes to write before the case; follows a request or a response, padded to 8. */
struct piece {
  u32 address, length;
  u8 bytes[];
};

/* In place of a vector: the case was not run, because its segments are those of an LDT and this kernel gives its programs none. */
#define NOT_RUN 0x100

struct response {
  u32 size;
  u32 vector; /* 1 when the instruction ended normally */
  u32 errorCode;
  u32 changeCount;
  u64 cr2;
  struct state state;
};

_Static_assert(sizeof(struct state) == STATE_BYTES, "state");

struct region {
  u32 base, bytes, protection;
};

static const struct region regions[REGION_COUNT] = {
    {0x10000000, 0x2000, PROT_READ | PROT_EXEC},  /* code */
    {0x20000000, 0x2000, PROT_READ | PROT_WRITE}, /* data */
    {0x21000000, 0x1000, PROT_READ},              /* read-only data */
    {0x30000000, 0x1000, PROT_READ | PROT_WRITE}, /* stack */
    {0x00008000, 0x1000, PROT_READ | PROT_WRITE}, /* low: 16-bit addresses */
};

static u8 *live;             /* the writable alias of the pages, region after region */
static u8 shadow[TOTAL_BYTES]; /* what the pages hold if the instruction writes nothing */
static const u8 *background; /* what they hold between cases */
static const u8 *next, *inputEnd;
static u8 *output, *outputEnd;
static const char *outputPath;
static const struct request *running;
static int hasLdt;
static u8 alternateStack[65536] __attribute__((aligned(64)));

static long call6(long n, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
#define call(n, a, b, c) call6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)

static void quit(int status) {
  call(__NR_exit_group, status, 0, 0);
  __builtin_unreachable();
}

static void fail(const char *what) {
  u64 length = 0;
  while (what[length]) length++;
  call(__NR_write, 2, what, length);
  call(__NR_write, 2, "\n", 1);
  quit(1);
}

static void copy(void *to, const void *from, u64 bytes) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

void *memcpy(void *to, const void *from, u64 bytes) {
  copy(to, from, bytes);
  return to;
}

/* Offset of a guest address in the pages, or -1. */
static long offsetOf(u32 address) {
  long offset = 0;
  for (int i = 0; i < REGION_COUNT; i++) {
    if (address - regions[i].base < regions[i].bytes) return offset + (address - regions[i].base);
    offset += regions[i].bytes;
  }
  return -1;
}

static u64 padded(u64 bytes) { return (bytes + 7) & ~7ul; }

static void finish(void) {
  int file = call(__NR_open, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  u8 *from = output;
  if (file < 0) fail("harness: cannot create the output file");
  while (from < outputEnd) {
    long written = call(__NR_write, file, from, outputEnd - from);
    if (written <= 0) fail("harness: cannot write the output file");
    from += written;
  }
  quit(0);
}

/* ---- the outcome ---- */

static void readSegments(struct state *s, const struct sigcontext_64 *frame) {
  u32 es, ds, fs, gs;
  __asm__ volatile("mov %%es, %0; mov %%ds, %1; mov %%fs, %2; mov %%gs, %3" : "=r"(es), "=r"(ds), "=r"(fs), "=r"(gs));
  s->segment[0] = es;
  s->segment[1] = frame->cs;
  s->segment[2] = frame->ss;
  s->segment[3] = ds;
  s->segment[4] = fs;
  s->segment[5] = gs;
}

static void readFloat(struct state *s, const u8 *fx) {
  s->fcw = *(const u16 *)(fx + 0);
  s->fsw = *(const u16 *)(fx + 2);
  s->ftw = fx[4];
  s->mxcsr = *(const u32 *)(fx + 24);
  for (int i = 0; i < 8; i++) copy(s->st + 10 * i, fx + 32 + 16 * i, 10);
  copy(s->xmm, fx + 160, 256);
}

static void readState(struct state *s, const struct sigcontext_64 *f) {
  const u64 gpr[16] = {f->ax, f->cx, f->dx, f->bx, f->sp, f->bp, f->si, f->di, f->r8, f->r9, f->r10, f->r11, f->r12, f->r13, f->r14, f->r15};
  copy(s->gpr, gpr, sizeof gpr);
  s->rip = f->ip;
  s->rflags = f->flags;
  readFloat(s, (const u8 *)f->fpstate);
  readSegments(s, f);
}

/* Appends the bytes of one region that differ from the shadow; runs closer than 8 bytes are joined. */
static void readChanges(struct response *r, u32 base, u64 offset, u64 bytes) {
  u64 i = 0;
  while (i < bytes) {
    if ((i & 7) == 0 && *(u64 *)(live + offset + i) == *(u64 *)(shadow + offset + i)) {
      i += 8;
      continue;
    }
    if (live[offset + i] == shadow[offset + i]) {
      i++;
      continue;
    }
    u64 last = i;
    for (u64 j = i; j < bytes && j <= last + 8; j++)
      if (live[offset + j] != shadow[offset + j]) last = j;
    struct piece *piece = (struct piece *)outputEnd;
    piece->address = base + i;
    piece->length = last - i + 1;
    copy(piece->bytes, live + offset + i, piece->length);
    outputEnd += padded(sizeof *piece + piece->length);
    r->changeCount++;
    i = last + 1;
  }
}

static void restore(u64 offset, u64 bytes) {
  copy(live + offset, background + offset, bytes);
  copy(shadow + offset, background + offset, bytes);
}

static void undoPieces(const u8 *at, u32 count) {
  for (; count; count--) {
    const struct piece *piece = (const struct piece *)at;
    restore(offsetOf(piece->address), piece->length);
    at += padded(sizeof *piece + piece->length);
  }
}

static void record(const struct sigcontext_64 *frame) {
  struct response *r = (struct response *)outputEnd;
  if (outputEnd + 65536 > output + OUTPUT_BYTES) fail("harness: too much output");
  outputEnd += sizeof *r;
  r->vector = frame->trapno;
  r->errorCode = frame->err;
  r->cr2 = frame->cr2;
  r->changeCount = 0;
  readState(&r->state, frame);
  for (u64 i = 1, offset = regions[0].bytes; i < REGION_COUNT; offset += regions[i].bytes, i++)
    readChanges(r, regions[i].base, offset, regions[i].bytes);
  r->size = outputEnd - (u8 *)r;
  undoPieces((u8 *)(r + 1), r->changeCount);
  undoPieces((const u8 *)(running + 1), running->patchCount);
}

/* ---- the next case ---- */

static int isSkipped(const struct request *q) {
  u32 all = 0;
  for (int i = 0; i < 6; i++) all |= q->state.segment[i];
  if (hasLdt || !(all & 4)) return 0;
  struct response *r = (struct response *)outputEnd;
  outputEnd += sizeof *r;
  r->size = sizeof *r;
  r->vector = NOT_RUN;
  r->changeCount = 0;
  return 1;
}

static void writeFloat(u8 *fx, const struct state *s) {
  *(u16 *)(fx + 0) = s->fcw;
  *(u16 *)(fx + 2) = s->fsw;
  fx[4] = s->ftw;
  fx[5] = 0;
  *(u16 *)(fx + 6) = 0;
  *(u64 *)(fx + 8) = 0;
  *(u64 *)(fx + 16) = 0;
  *(u32 *)(fx + 24) = s->mxcsr;
  for (int i = 0; i < 8; i++) copy(fx + 32 + 16 * i, s->st + 10 * i, 10);
  copy(fx + 160, s->xmm, 256);
  *(u64 *)(fx + 512) |= 3; /* XSTATE_BV: x87 and SSE are not in their initial state */
}

static void writeState(struct sigcontext_64 *f, const struct request *q) {
  const struct state *s = &q->state;
  f->ax = s->gpr[0], f->cx = s->gpr[1], f->dx = s->gpr[2], f->bx = s->gpr[3];
  f->sp = s->gpr[4], f->bp = s->gpr[5], f->si = s->gpr[6], f->di = s->gpr[7];
  f->r8 = s->gpr[8], f->r9 = s->gpr[9], f->r10 = s->gpr[10], f->r11 = s->gpr[11];
  f->r12 = s->gpr[12], f->r13 = s->gpr[13], f->r14 = s->gpr[14], f->r15 = s->gpr[15];
  f->ip = s->rip;
  f->flags = s->rflags | TF;
  f->cs = s->segment[1];
  f->ss = s->segment[2];
  writeFloat((u8 *)f->fpstate, s);
}

static void applyPatches(const struct request *q) {
  const u8 *at = (const u8 *)(q + 1);
  for (u32 i = 0; i < q->patchCount; i++) {
    const struct piece *piece = (const struct piece *)at;
    long offset = offsetOf(piece->address);
    if (offset < 0 || offsetOf(piece->address + piece->length - 1) < 0) fail("harness: a patch lies outside the pages");
    copy(live + offset, piece->bytes, piece->length);
    copy(shadow + offset, piece->bytes, piece->length);
    at += padded(sizeof *piece + piece->length);
  }
}

static void loadDataSegments(const struct state *s) {
  const u32 es = s->segment[0], ds = s->segment[3], fs = s->segment[4], gs = s->segment[5];
  __asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%fs; mov %3, %%gs" : : "r"(ds), "r"(es), "r"(fs), "r"(gs));
}

__attribute__((used)) static void onSignal(int signal, siginfo_t *info, struct ucontext *context) {
  struct sigcontext_64 *frame = (struct sigcontext_64 *)&context->uc_mcontext;
  (void)signal;
  (void)info;
  if (running) record(frame);
  do {
    if (next >= inputEnd) finish();
    running = (const struct request *)next;
    next += running->size;
  } while (isSkipped(running));
  applyPatches(running);
  writeState(frame, running);
  loadDataSegments(&running->state);
}

/* The case may leave AC, NT and ID set; our own code must not run with AC. */
__asm__(".text\n"
        "signalEntry:\n"
        "  pushfq\n"
        "  andl $~0x244100, (%rsp)\n"
        "  popfq\n"
        "  jmp onSignal\n"
        "signalReturn:\n"
        "  mov $15, %eax\n" /* rt_sigreturn */
        "  syscall\n"
        ".globl _start\n"
        "_start:\n"
        "  mov %rsp, %rdi\n"
        "  and $-16, %rsp\n"
        "  call start\n"
        "  ud2\n");
extern void signalEntry(int), signalReturn(void);

static void catchSignals(void) {
  static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  stack_t stack = {.ss_sp = alternateStack, .ss_flags = 0, .ss_size = sizeof alternateStack};
  if (call(__NR_sigaltstack, &stack, 0, 0)) fail("harness: sigaltstack");
  for (int i = 0; i < 5; i++) {
    struct sigaction action = {.sa_handler = signalEntry, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER, .sa_restorer = signalReturn, .sa_mask = 0};
    if (call6(__NR_rt_sigaction, signals[i], (long)&action, 0, 8, 0, 0)) fail("harness: rt_sigaction");
  }
}

/* Until it is first read, a read-only page is not present, and a store to it would report so in its error code. */
static void touchPages(void) {
  for (int i = 0; i < REGION_COUNT; i++)
    for (u32 at = 0; at < regions[i].bytes; at += 4096) (void)*(volatile u8 *)(u64)(regions[i].base + at);
}

static void mapPages(void) {
  int file = call(__NR_memfd_create, "pages", 0, 0);
  u64 offset = 0;
  if (file < 0 || call(__NR_ftruncate, file, TOTAL_BYTES, 0)) fail("harness: memfd_create");
  live = (u8 *)call6(__NR_mmap, 0, TOTAL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_LOCKED, file, 0);
  for (int i = 0; i < REGION_COUNT; i++) {
    long at = call6(__NR_mmap, regions[i].base, regions[i].bytes, regions[i].protection, MAP_SHARED | MAP_FIXED | MAP_LOCKED, file, offset);
    if (at != regions[i].base) fail("harness: cannot map the fixed pages (the low page needs root)");
    offset += regions[i].bytes;
  }
  copy(live, background, TOTAL_BYTES);
  touchPages();
  copy(shadow, background, TOTAL_BYTES);
}

/* `block`: a count, then from offset 16 on what modify_ldt takes. */
static void makeLdt(const u8 *block) {
  for (u32 i = 0; i < *(const u32 *)block; i++)
    if (call(__NR_modify_ldt, 0x11, block + 16 + 16 * i, sizeof(struct user_desc))) fail("harness: modify_ldt");
  /* Some virtual machines take the call and never load the table. */
  u32 rights = 0;
  u8 found;
  __asm__ volatile("lar %2, %0; setz %1" : "+r"(rights), "=q"(found) : "r"(7));
  hasLdt = found;
}

__attribute__((used)) static void start(u64 *stack) {
  if (stack[0] != 3) fail("usage: harness INPUT OUTPUT");
  outputPath = (const char *)stack[3];
  int file = call(__NR_open, stack[2], O_RDONLY, 0);
  u64 bytes = call(__NR_lseek, file, 0, 2);
  if (file < 0 || bytes < TOTAL_BYTES + LDT_BYTES) fail("harness: cannot read the input file");
  background = (const u8 *)call6(__NR_mmap, 0, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  makeLdt(background + TOTAL_BYTES);
  next = background + TOTAL_BYTES + LDT_BYTES;
  inputEnd = background + bytes;
  output = outputEnd = (u8 *)call6(__NR_mmap, 0, OUTPUT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  mapPages();
  catchSignals();
  __asm__ volatile("int3");
  fail("harness: the first trap returned");
}
