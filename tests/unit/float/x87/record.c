/* Executes x87 instructions on this processor. Reads records of 132 bytes from standard input (opcode's low three bits, ModRM, two
 * bytes unused, RFLAGS, sixteen bytes of memory operand, an FNSAVE image) and writes 140: the FNSAVE image after the
 * instruction, the memory operand, RFLAGS, RAX. x86-64 only; no unmasked exception may be pending in the image. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { STUB_BYTES = 64, STUBS = 8 * 256 };
typedef struct __attribute__((packed)) { uint8_t op, modrm, unused[2]; uint32_t flags; uint8_t memory[16], image[108]; } Input;
typedef struct __attribute__((packed)) { uint8_t image[108], memory[16]; uint64_t flags, rax; } Output;
typedef void Stub(void *memory, const void *before, void *after, uint64_t *results, uint64_t flags);

/* rdi memory, rsi image before, rdx image after, rcx results, r8 flags; memory forms address [rdi]. */
static void write_stub(uint8_t *p, int op, int modrm) {
  static const uint8_t head[] = { 0x31, 0xc0, 0xdd, 0x26, 0x41, 0x50, 0x9d };                                /* xor eax,eax; frstor [rsi]; push r8; popfq */
  static const uint8_t tail[] = { 0xdd, 0x32, 0x9c, 0x8f, 0x01, 0x48, 0x89, 0x41, 0x08, 0xc3 };  /* fnsave [rdx]; pushfq; pop [rcx]; mov [rcx+8],rax; ret */
  memcpy(p, head, sizeof head);
  p += sizeof head;
  *p++ = 0xd8 + op;
  *p++ = modrm >= 0xc0 ? modrm : (modrm & 0x38) | 7;
  memcpy(p, tail, sizeof tail);
}

int main(void) {
  uint8_t *code = mmap(0, STUBS * STUB_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 1;
  for (int n = 0; n < STUBS; n++) write_stub(code + n * STUB_BYTES, n >> 8, n & 255);
  Input in;
  while (fread(&in, sizeof in, 1, stdin) == 1) {
    Output out;
    uint64_t results[2];
    memset(&out, 0, sizeof out);
    memcpy(out.memory, in.memory, 16);
    ((Stub *)(code + ((in.op & 7) * 256 + in.modrm) * STUB_BYTES))(out.memory, in.image, out.image, results, in.flags | 0x202);
    out.flags = results[0];
    out.rax = results[1];
    fwrite(&out, sizeof out, 1, stdout);
  }
  return 0;
}
