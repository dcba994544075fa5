/*
 * A driver of Intel's 82540EM in user space, over VFIO's type 1: maps a ring and a page of data for the card, sends frames, and waits for their interrupt by an
 * eventfd. Linux's include/uapi/linux/vfio.h; Intel 317453. Says what it did in one line; any failure is told with where it was.
 *
 *     e1000 GROUP ADDRESS FRAMES      e1000 1 0000:00:01.0 1000
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CTRL = 0x0000, STATUS = 0x0008, ICR = 0x00c0, IMS = 0x00d0, IMC = 0x00d8, TCTL = 0x0400, TDBAL = 0x3800, TDBAH = 0x3804, TDLEN = 0x3808, TDH = 0x3810, TDT = 0x3818 };
enum { CTRL_RST = 1 << 26, CTRL_SLU = 1 << 6, TCTL_EN = 2, TCTL_PSP = 8, INT_TXDW = 1, INT_TXQE = 2, STATUS_LU = 2 };
enum { CMD_EOP = 1, CMD_IFCS = 2, CMD_RS = 8, STATUS_DD = 1, RING = 256, FRAME = 60 };
/* Nowhere near where the memory is: addresses that the unit alone knows. */
#define RING_IOVA 0x10000000ull
#define DATA_IOVA 0x20000000ull

struct descriptor { uint64_t address; uint16_t length; uint8_t cso, command, status, css; uint16_t special; };

static void fail(const char *where) { printf("%s: %s\n", where, strerror(errno)); exit(1); }
static int need(int result, const char *where) { if (result < 0) fail(where); return result; }

static volatile uint32_t *registers;
static uint32_t get(unsigned at) { return registers[at / 4]; }
static void set(unsigned at, uint32_t value) { registers[at / 4] = value; }

/* A page of ours that the card sees at an address of our choice. */
static void *page_at(int container, uint64_t iova)
{
	void *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct vfio_iommu_type1_dma_map map = { .argsz = sizeof map, .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE, .vaddr = (uintptr_t)page, .iova = iova, .size = 4096 };
	if (page == MAP_FAILED) fail("mmap");
	need(ioctl(container, VFIO_IOMMU_MAP_DMA, &map), "map");
	return page;
}

static int open_device(int *container, const char *group_number, const char *address)
{
	char path[64];
	int group;
	struct vfio_group_status status = { .argsz = sizeof status };

	snprintf(path, sizeof path, "/dev/vfio/%s", group_number);
	*container = need(open("/dev/vfio/vfio", O_RDWR), "/dev/vfio/vfio");
	group = need(open(path, O_RDWR), path);
	need(ioctl(group, VFIO_GROUP_GET_STATUS, &status), "group status");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) { printf("the group is not viable\n"); exit(1); }
	need(ioctl(group, VFIO_GROUP_SET_CONTAINER, container), "container");
	need(ioctl(*container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "type 1");
	return need(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address), "device");
}

/* Bus mastering on, and the first BAR where we can reach it. */
static void open_registers(int device)
{
	struct vfio_region_info bar = { .argsz = sizeof bar, .index = VFIO_PCI_BAR0_REGION_INDEX }, config = { .argsz = sizeof config, .index = VFIO_PCI_CONFIG_REGION_INDEX };
	uint16_t command;

	need(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config), "config space");
	if (pread(device, &command, 2, config.offset + 4) != 2) fail("command register");
	command |= 6;
	if (pwrite(device, &command, 2, config.offset + 4) != 2) fail("command register");
	need(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar), "BAR 0");
	registers = mmap(0, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, bar.offset);
	if (registers == MAP_FAILED) fail("registers");
}

static int open_interrupt(int device)
{
	char buffer[sizeof(struct vfio_irq_set) + sizeof(int)];
	struct vfio_irq_set *irq = (struct vfio_irq_set *)buffer;
	int event = need(eventfd(0, 0), "eventfd");

	*irq = (struct vfio_irq_set){ .argsz = sizeof buffer, .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, .index = VFIO_PCI_MSI_IRQ_INDEX, .start = 0, .count = 1 };
	memcpy(irq->data, &event, sizeof event);
	need(ioctl(device, VFIO_DEVICE_SET_IRQS, irq), "MSI");
	return event;
}

static void start_card(void)
{
	set(IMC, ~0u);
	set(CTRL, CTRL_RST);
	while (get(CTRL) & CTRL_RST) {}
	set(IMC, ~0u);
	set(CTRL, CTRL_SLU);
	while (!(get(STATUS) & STATUS_LU)) {}
	(void)get(ICR);
	set(TDBAL, (uint32_t)RING_IOVA); set(TDBAH, 0);
	set(TDLEN, RING * sizeof(struct descriptor));
	set(TDH, 0); set(TDT, 0);
	set(TCTL, TCTL_EN | TCTL_PSP);
	set(IMS, INT_TXDW);
}

int main(int argc, char **argv)
{
	int container, device, event;
	unsigned frames, sent = 0, interrupts = 0, tail = 0, head = 0;
	struct descriptor *ring;
	uint8_t *data;

	if (argc != 4) { printf("e1000 GROUP ADDRESS FRAMES\n"); return 1; }
	frames = atoi(argv[3]);
	device = open_device(&container, argv[1], argv[2]);
	ring = page_at(container, RING_IOVA);
	data = page_at(container, DATA_IOVA);
	memset(data, 0xff, 6);
	memcpy(data + 6, "\x02\0\0\0\0\1\x88\xb5", 8);
	open_registers(device);
	event = open_interrupt(device);
	start_card();
	while (sent < frames) {
		uint64_t times;

		while ((tail - head) % RING < 32 && sent + (tail - head) % RING < frames) {
			ring[tail] = (struct descriptor){ .address = DATA_IOVA, .length = FRAME, .command = CMD_EOP | CMD_IFCS | CMD_RS };
			tail = (tail + 1) % RING;
		}
		set(TDT, tail);
		if (read(event, &times, sizeof times) != sizeof times) fail("eventfd");
		interrupts += times;
		(void)get(ICR);
		while (head != tail && ring[head].status & STATUS_DD) {
			head = (head + 1) % RING;
			sent++;
		}
	}
	printf("sent %u frames, %u interrupts\n", sent, interrupts);
	return 0;
}
