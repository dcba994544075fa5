// Intel 82540EM: PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, 317453: registers (chapter 13),
// descriptors (chapter 3), EEPROM (chapter 5), PHY registers (13.5), PCI configuration (chapter 4).

export const enum PciId { VENDOR = 0x8086, DEVICE = 0x100e, REVISION = 2, CLASS = 0x02_0000, SUBSYSTEM = 0x001e, POWER_AT = 0xdc, POWER_CAPABILITIES = 0xc822, RESET_AT = 0xe4, MSI_AT = 0xf0 }
export const enum Bar { MEMORY = 0, IO = 2, MEMORY_BYTES = 0x2_0000, IO_BYTES = 64 }
/** The I/O window (13.2): an address and the data there. */
export const enum IoWindow { IOADDR = 0, IODATA = 4 }

export const enum Reg {
  CTRL = 0x0000, CTRL_DUP = 0x0004, STATUS = 0x0008, EECD = 0x0010, EERD = 0x0014, CTRL_EXT = 0x0018, FLA = 0x001c, MDIC = 0x0020,
  FCAL = 0x0028, FCAH = 0x002c, FCT = 0x0030, VET = 0x0038,
  ICR = 0x00c0, ITR = 0x00c4, ICS = 0x00c8, IMS = 0x00d0, IMC = 0x00d8,
  RCTL = 0x0100, FCTTV = 0x0170, TXCW = 0x0178, RXCW = 0x0180,
  TCTL = 0x0400, TIPG = 0x0410, AIFS = 0x0458, LEDCTL = 0x0e00, PBA = 0x1000,
  FCRTL = 0x2160, FCRTH = 0x2168, RDFH = 0x2410, RDFT = 0x2418, RDFHS = 0x2420, RDFTS = 0x2428, RDFPC = 0x2430,
  RDBAL = 0x2800, RDBAH = 0x2804, RDLEN = 0x2808, RDH = 0x2810, RDT = 0x2818, RDTR = 0x2820, RXDCTL = 0x2828, RADV = 0x282c, RSRPD = 0x2c00,
  TXDMAC = 0x3000, TDFH = 0x3410, TDFT = 0x3418, TDFHS = 0x3420, TDFTS = 0x3428, TDFPC = 0x3430,
  TDBAL = 0x3800, TDBAH = 0x3804, TDLEN = 0x3808, TDH = 0x3810, TDT = 0x3818, TIDV = 0x3820, TXDCTL = 0x3828, TADV = 0x382c, TSPMT = 0x3830,
  RXCSUM = 0x5000, MTA = 0x5200, RAL = 0x5400, RAH = 0x5404, VFTA = 0x5600, WUC = 0x5800, WUFC = 0x5808, WUS = 0x5810, MANC = 0x5820,
  IPAV = 0x5838, IP4AT = 0x5840, IP6AT = 0x5880, WUPL = 0x5900, WUPM = 0x5a00, FFLT = 0x5f00,
  BYTES = 0x6000,
}
export const enum Table { MTA_WORDS = 128, RA_ENTRIES = 16, VFTA_WORDS = 128, WUPM_WORDS = 32 }
/** Flexible filters of wake-up (13.6.10, 13.6.11): 128 masks of four bits and 128 values, each in the first of two dwords. */
export const enum Filter { FFMT = 0x9000, FFVT = 0x9800, BYTES = 1024, MASK = 15 }

/** Statistics (13.7), all cleared by reading. */
export const enum Stat {
  CRCERRS = 0x4000, ALGNERRC = 0x4004, SYMERRS = 0x4008, RXERRC = 0x400c, MPC = 0x4010, SCC = 0x4014, ECOL = 0x4018, MCC = 0x401c,
  LATECOL = 0x4020, COLC = 0x4028, DC = 0x4030, TNCRS = 0x4034, SEC = 0x4038, CEXTERR = 0x403c, RLEC = 0x4040,
  XONRXC = 0x4048, XONTXC = 0x404c, XOFFRXC = 0x4050, XOFFTXC = 0x4054, FCRUC = 0x4058,
  PRC64 = 0x405c, PRC127 = 0x4060, PRC255 = 0x4064, PRC511 = 0x4068, PRC1023 = 0x406c, PRC1522 = 0x4070,
  GPRC = 0x4074, BPRC = 0x4078, MPRC = 0x407c, GPTC = 0x4080, GORCL = 0x4088, GORCH = 0x408c, GOTCL = 0x4090, GOTCH = 0x4094,
  RNBC = 0x40a0, RUC = 0x40a4, RFC = 0x40a8, ROC = 0x40ac, RJC = 0x40b0, MGTPRC = 0x40b4, MGTPDC = 0x40b8, MGTPTC = 0x40bc,
  TORL = 0x40c0, TORH = 0x40c4, TOTL = 0x40c8, TOTH = 0x40cc, TPR = 0x40d0, TPT = 0x40d4,
  PTC64 = 0x40d8, PTC127 = 0x40dc, PTC255 = 0x40e0, PTC511 = 0x40e4, PTC1023 = 0x40e8, PTC1522 = 0x40ec,
  MPTC = 0x40f0, BPTC = 0x40f4, TSCTC = 0x40f8, TSCTFC = 0x40fc,
}

export const enum Ctrl {
  FD = 1, LRST = 8, ASDE = 0x20, SLU = 0x40, ILOS = 0x80, SPEED_1000 = 0x200, VME = 0x4000_0000, RFCE = 0x0800_0000, TFCE = 0x1000_0000,
  RST = 0x0400_0000, PHY_RST = 0x8000_0000, RESET = 0x0000_0201, WRITABLE = 0xd8fc_1be9,
}
export const enum Status { FD = 1, LU = 2, TXOFF = 0x10, SPEED_1000 = 0x80, ASDV_1000 = 0x200, MTXCKOK = 0x400 }
export const enum Eecd { SK = 1, CS = 2, DI = 4, DO = 8, FWE_OFF = 0x10, REQ = 0x40, GNT = 0x80, PRES = 0x100, WRITABLE = 0x77 }
export const enum Eerd { START = 1, DONE = 0x10, ADDR_SHIFT = 8, DATA_SHIFT = 16 }
export const enum Mdic { REG_SHIFT = 16, PHY_SHIFT = 21, OP_WRITE = 0x0400_0000, OP_READ = 0x0800_0000, READY = 0x1000_0000, INTERRUPT = 0x2000_0000, ERROR = 0x4000_0000, WRITABLE = 0x2fff_ffff }

/** Interrupt causes (13.4.17). Bit 5 is reserved; the chip keeps it like the others, and Linux's self-test asks for it. */
export const enum Cause {
  TXDW = 1, TXQE = 2, LSC = 4, RXSEQ = 8, RXDMT0 = 0x10, RXO = 0x40, RXT0 = 0x80, MDAC = 0x200, RXCFG = 0x400, GPI = 0x7800,
  TXD_LOW = 0x8000, SRPD = 0x1_0000, ALL = 0x1_ffff,
}

export const enum Rctl {
  EN = 2, SBP = 4, UPE = 8, MPE = 0x10, LPE = 0x20, LBM = 0xc0, RDMTS_SHIFT = 8, MO_SHIFT = 12, BAM = 0x8000, BSIZE_SHIFT = 16, VFE = 0x4_0000, CFIEN = 0x8_0000,
  CFI = 0x10_0000, DPF = 0x40_0000, PMCF = 0x80_0000, BSEX = 0x200_0000, SECRC = 0x400_0000, WRITABLE = 0x06df_b3fe,
}
export const enum Rxcsum { PCSS = 0xff, IPOFL = 0x100, TUOFL = 0x200 }
export const enum Rah { AV = 0x8000_0000, WRITABLE = 0x8003_ffff, AS_SOURCE = 0x1_0000, AS_MASK = 0x3_0000 }
/** FCRTL and FCRTH: bytes, and whether an XON is sent. */
export const enum Fcrt { BYTES = 0xfff8, XONE = 0x8000_0000 }
export const enum Tctl { EN = 2, PSP = 8, SWXOFF = 0x40_0000, WRITABLE = 0x037f_fffa }
export const enum Rdtr { FPD = 0x8000_0000 }
/** Units of the delay timers and of ITR. */
export const enum Unit { DELAY_NS = 1024, ITR_NS = 256, PAUSE_NS = 512 }

/** Receive descriptor (3.2.3): offsets, status, errors. */
export const enum Rx { LENGTH = 8, CHECKSUM = 10, STATUS = 12, ERRORS = 13, SPECIAL = 14, BYTES = 16 }
export const enum RxStatus { DD = 1, EOP = 2, IXSM = 4, VP = 8, TCPCS = 0x20, IPCS = 0x40, PIF = 0x80 }
export const enum RxError { TCPE = 0x20, IPE = 0x40 }

/** Transmit descriptors (3.3): the dwords at 8 and 12. */
export const enum Tx {
  LOWER = 8, UPPER = 12, BYTES = 16, LENGTH_LEGACY = 0xffff, LENGTH = 0xf_ffff, DTYP = 0xf0_0000, DTYP_DATA = 0x10_0000,
  EOP = 0x0100_0000, IFCS = 0x0200_0000, IC = 0x0400_0000, TSE = 0x0400_0000, RS = 0x0800_0000, RPS = 0x1000_0000, DEXT = 0x2000_0000,
  VLE = 0x4000_0000, IDE = 0x8000_0000, DD = 1, IXSM = 0x100, TXSM = 0x200,
}
/** Context descriptor (3.3.6): TUCMD bits as they lie in the dword at 8. */
export const enum TxContext { TCP = 0x0100_0000, IPV4 = 0x0200_0000, TSE = 0x0400_0000, PAYLEN = 0xf_ffff }

/** EEPROM words (5.6). */
export const enum Eeprom {
  WORDS = 64, MAC = 0x00, COMPATIBILITY = 0x03, PBA = 0x08, INIT_CONTROL1 = 0x0a, SUBSYSTEM = 0x0b, SUBSYSTEM_VENDOR = 0x0c, DEVICE = 0x0d, VENDOR = 0x0e,
  INIT_CONTROL2 = 0x0f, CHECKSUM = 0x3f, SUM = 0xbaba,
}
/** Microwire instructions of the EEPROM: two bits behind the start bit; extended ones by the address's top two. */
export const enum Microwire { EXTENDED = 0, WRITE = 1, READ = 2, ERASE = 3, EWDS = 0, WRAL = 1, ERAL = 2, EWEN = 3 }

/** PHY registers (13.5): IEEE 802.3 clause 22, and the M88E1011's own from 16 up. */
export const enum Phy {
  PCTRL = 0, PSTATUS = 1, PHYID1 = 2, PHYID2 = 3, ANA = 4, LPA = 5, ANE = 6, NPT = 7, LPN = 8, GCON = 9, GSTATUS = 10, EPSTATUS = 15,
  PSCON = 16, PSSTAT = 17, PINTE = 18, PINTS = 19, EPSCON1 = 20, PREC = 21, COUNT = 32, ADDRESS = 1,
}
export const enum PhyCtrl { RESET = 0x8000, LOOPBACK = 0x4000, AUTONEG = 0x1000, POWER_DOWN = 0x800, RESTART = 0x200, DEFAULT = 0x1140 }
export const enum PhyStatus { CAPABLE = 0x7949, LINK = 4, AUTONEG_DONE = 0x20 }
export const enum PhySpecific { LINKED_1000_FD = 0xac00, UNLINKED = 0x0000 }
