// The network device. Virtio 1.2, 5.1: feature bits, configuration, packet header, control commands.

/** 5.1.3. */
export const enum NetFeature {
  CSUM = 0, GUEST_CSUM = 1, CTRL_GUEST_OFFLOADS = 2, MTU = 3, MAC = 5, GUEST_TSO4 = 7, GUEST_TSO6 = 8, GUEST_ECN = 9,
  HOST_TSO4 = 11, HOST_TSO6 = 12, HOST_ECN = 13, MRG_RXBUF = 15, STATUS = 16, CTRL_VQ = 17, CTRL_RX = 18, CTRL_VLAN = 19,
  CTRL_RX_EXTRA = 20, GUEST_ANNOUNCE = 21, MQ = 22, CTRL_MAC_ADDR = 23, SPEED_DUPLEX = 63,
}
/** 5.1.4. */
export const enum NetConfig { MAC = 0, STATUS = 6, PAIRS = 8, MTU = 10, SPEED = 12, DUPLEX = 16, BYTES = 20 }
export const enum NetStatus { LINK_UP = 1, ANNOUNCE = 2 }
/** 5.1.2: a receive and a transmit queue for each pair, the control queue behind the last pair in use: the first, without MQ. */
export const enum NetQueue { RECEIVE, TRANSMIT, EACH, CONTROL = 2 }

/** 5.1.6: virtio_net_hdr; num_buffers is absent for a legacy driver without MRG_RXBUF. */
export const enum Header { FLAGS = 0, GSO_TYPE = 1, HDR_LEN = 2, GSO_SIZE = 4, CSUM_START = 6, CSUM_OFFSET = 8, NUM_BUFFERS = 10, LEGACY_BYTES = 10, BYTES = 12 }
export const enum HeaderFlag { NEEDS_CSUM = 1, DATA_VALID = 2 }
export const enum Gso { NONE = 0, TCPV4 = 1, TCPV6 = 4, ECN = 0x80 }

/** 5.1.6.5: class, command; the answer is one byte. */
export const enum Control { RX = 0, MAC = 1, VLAN = 2, ANNOUNCE = 3, MQ = 4, GUEST_OFFLOADS = 5 }
export const enum ControlRx { PROMISC, ALLMULTI, ALLUNI, NOMULTI, NOUNI, NOBCAST, COUNT }
export const enum ControlMac { TABLE_SET, ADDR_SET }
export const enum ControlVlan { ADD, DEL }
export const enum ControlMq { PAIRS_SET, RSS_CONFIG, HASH_CONFIG }
export const enum Answer { OK, ERR }
