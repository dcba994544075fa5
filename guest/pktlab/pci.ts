/** Finding cards on bus 0 by mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2), and where firmware has not been, the routes of PCI's interrupt lines (ICH9, 13.1.16; its ELCR, 13.4.10). */
import { Card } from './layout.js';

const ADDRESS = 0xcf8, DATA = 0xcfc;
const ICH9 = 0x2918_8086, LPC = 0x8000_f800;
/** PIRQ A to D to lines 10, 11, 10, 11, as the line registers say. */
const ROUTES = 0x0b0a_0b0a;
const PIRQA = 0x60, ELCR_SECOND = 0x4d1, LEVEL_10_11 = 0x0c;

export const PCI = `
# ECX: address of a dword in configuration space; EAX is read or written.
config_read:
  push edx; mov eax, ecx; mov edx, ${ADDRESS}; out dx, eax; mov edx, ${DATA}; in eax, dx; pop edx; ret
config_write:
  push edx; push eax; mov eax, ecx; mov edx, ${ADDRESS}; out dx, eax; pop eax; mov edx, ${DATA}; out dx, eax; pop edx; ret

# EDX: vendor and device; EBP: how many of them to pass over. ECX: the function's configuration, or 0.
find_card:
  mov ecx, 0x80000000
find_next:
  call config_read
  cmp eax, edx; jne find_other
  test ebp, ebp; jz find_done
  dec ebp
find_other:
  add ecx, 0x800
  cmp ecx, 0x80010000; jb find_next
  xor ecx, ecx
find_done: ret

# ECX: the function. Its decoding and mastering on; the card at EBX is told its line and its first BAR.
enable_card:
  mov [ebx+${Card.bdf}], ecx
  add ecx, 4; call config_read; or eax, 7; and eax, 0xfbff; call config_write
  add ecx, 12; call config_read
  mov edx, eax; and eax, 0xfffffff0
  test edx, 1; jz enable_line
  mov eax, edx; and eax, 0xfffc
enable_line:
  mov [ebx+${Card.io}], eax
  add ecx, 0x2c; call config_read
  movzx eax, al; mov [ebx+${Card.irq}], eax
  ret

set_up_routes:
  mov ecx, ${LPC}; call config_read; cmp eax, ${ICH9}; jne routed
  mov ecx, ${LPC + PIRQA}; mov eax, ${ROUTES}; call config_write
  mov edx, ${ELCR_SECOND}; mov al, ${LEVEL_10_11}; out dx, al
routed: ret
`;
