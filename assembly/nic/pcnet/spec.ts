// AMD Am79C970A PCnet-PCI II, data sheet 19436 rev. E: offsets and bits.

/** PCI configuration. */
export const enum Id { VENDOR = 0x1022, DEVICE = 0x2000, REVISION = 0x10, CLASS = 0x02_0000, MIN_GNT = 0x06, MAX_LAT = 0xff, BAR_BYTES = 32 }

/** The 32 bytes of I/O or memory; the first 16 are the address PROM. */
export const enum Port { RDP = 0x10, WORD_RAP = 0x12, WORD_RESET = 0x14, WORD_BDP = 0x16, DWORD_RAP = 0x14, DWORD_RESET = 0x18, DWORD_BDP = 0x1c }
export const enum Prom { HARDWARE_ID = 9, CHECKSUM = 12, W1 = 14, W2 = 15, BYTES = 16 }

export const enum Csr {
  STATUS = 0, IADR_LOW = 1, IADR_HIGH = 2, MASKS = 3, FEATURES = 4, EXTENDED = 5, LENGTHS = 6, LADRF = 8, PADR = 12, MODE = 15,
  IADR_LOW_2 = 16, IADR_HIGH_2 = 17, CRBA = 18, CXBA = 20, NRBA = 22, BADR = 24, NRDA = 26, CRDA = 28, BADX = 30, NXDA = 32, CXDA = 34,
  NNRDA = 36, NNXDA = 38, CRBC = 40, CRST = 41, CXBC = 42, CXST = 43, NRBC = 44, NRST = 45, POLL = 46, POLLINT = 47, SWS = 58,
  PXDA = 60, PXBC = 62, PXST = 63, NXBA = 64, NXBC = 66, NXST = 67, RCVRC = 72, XMTRC = 74, RCVRL = 76, XMTRL = 78, DMATCFW = 80, DMABAT = 82,
  DMABA = 84, DMABC = 86, CHIPID_LOW = 88, CHIPID_HIGH = 89, RCON = 92, XMTTDR = 94, MERRTO = 100, MFC = 112, RCC = 114, RCVALGN = 122, TEST = 124,
  COUNT = 128,
}

/** CSR0. */
export const enum Csr0 {
  INIT = 0x0001, STRT = 0x0002, STOP = 0x0004, TDMD = 0x0008, TXON = 0x0010, RXON = 0x0020, IENA = 0x0040, INTR = 0x0080,
  IDON = 0x0100, TINT = 0x0200, RINT = 0x0400, MERR = 0x0800, MISS = 0x1000, CERR = 0x2000, BABL = 0x4000, ERR = 0x8000,
  /** Writing one clears. */
  CLEARED = 0x7f00,
  ERRORS = 0x7800,
  /** Those that interrupt, each with its mask at the same place in CSR3; CERR does not. */
  INTERRUPTS = 0x5f00,
}
/** CSR3: masks as in CSR0, then control. */
export const enum Csr3 { DXSUFLO = 0x0040, LAPPEN = 0x0020, DXMT2PD = 0x0010, EMBA = 0x0008, BSWP = 0x0004, WRITABLE = 0x5f7c }
/** CSR4. A mask stands one below its bit. */
export const enum Csr4 {
  JABM = 0x0001, JAB = 0x0002, TXSTRTM = 0x0004, TXSTRT = 0x0008, RCVCCOM = 0x0010, RCVCCO = 0x0020, UINT = 0x0040, UINTCMD = 0x0080,
  MFCOM = 0x0100, MFCO = 0x0200, ASTRP_RCV = 0x0400, APAD_XMT = 0x0800, DPOLL = 0x1000, TIMER = 0x2000, DMAPLUS = 0x4000, EN124 = 0x8000,
  RESET = 0x0115, WRITABLE = 0xfd15, CLEARED = 0x026a, MASKED = 0x022a,
}
/** CSR5. */
export const enum Csr5 {
  SPND = 0x0001, MPMODE = 0x0002, MPEN = 0x0004, MPINTE = 0x0008, MPINT = 0x0010, MPPLBA = 0x0020, EXDINTE = 0x0040, EXDINT = 0x0080,
  SLPINTE = 0x0100, SLPINT = 0x0200, SINTE = 0x0400, SINT = 0x0800, LTINTEN = 0x4000, TOKINTD = 0x8000,
  WRITABLE = 0xc56f, CLEARED = 0x0a90,
}
/** CSR15, also the init block's mode word. */
export const enum Mode {
  DRX = 0x0001, DTX = 0x0002, LOOP = 0x0004, DXMTFCS = 0x0008, FCOLL = 0x0010, DRTY = 0x0020, INTL = 0x0040,
  DRCVPA = 0x2000, DRCVBC = 0x4000, PROM = 0x8000,
}
export const enum Csr124 { RPA = 0x0008 }

export const enum Bcr {
  MSRDA = 0, MSWRA = 1, MC = 2, LNKST = 4, LED1 = 5, LED2 = 6, LED3 = 7, FDC = 9, IOBASEL = 16, IOBASEU = 17, BSBC = 18, EECAS = 19, SWS = 20,
  INTCON = 21, PCILAT = 22, COUNT = 32,
}
/** BCR2, BCR18, BCR20. */
export const enum Bcr2 { APROMWE = 0x0100 }
export const enum Bcr18 { DWIO = 0x0080 }
export const enum Bcr20 { STYLE = 0x00ff, SSIZE32 = 0x0100, CSRPCNET = 0x0200, APERREN = 0x0400 }
/** Software styles: descriptors of 8 bytes, then of 16; in the last, address and status words have changed places. */
export const enum Style { LANCE = 0, ILACC = 1, PCNET = 2, PCNET_2 = 3 }

/** Initialization block, 16-bit and 32-bit: size and offsets. */
export const enum Init16 { MODE = 0, PADR = 2, LADRF = 8, RDRA = 16, TDRA = 20, BYTES = 24 }
export const enum Init32 { MODE = 0, RLEN = 2, TLEN = 3, PADR = 4, LADRF = 12, RDRA = 20, TDRA = 24, BYTES = 28 }

/** The upper half of RMD1. */
export const enum Rmd { OWN = 0x8000, ERR = 0x4000, FRAM = 0x2000, OFLO = 0x1000, CRC = 0x0800, BUFF = 0x0400, STP = 0x0200, ENP = 0x0100, BPE = 0x80, PAM = 0x40, LAFM = 0x20, BAM = 0x10 }
/** The upper half of TMD1. */
export const enum Tmd { OWN = 0x8000, ERR = 0x4000, ADD_FCS = 0x2000, MORE = 0x1000, LTINT = 0x1000, ONE = 0x0800, DEF = 0x0400, STP = 0x0200, ENP = 0x0100, BPE = 0x80 }
/** The upper half of TMD2 (TMD3 in 16-bit descriptors). */
export const enum TmdError { BUFF = 0x8000, UFLO = 0x4000, EXDEF = 0x2000, LCOL = 0x1000, LCAR = 0x0800, RTRY = 0x0400 }

@inline export const FCS_BYTES: u32 = 4;
/** Without FCS: the shortest frame on the wire, and the longest that is not babble. */
@inline export const MIN_FRAME: u32 = 60;
@inline export const MAX_LEGAL: u32 = 1514;
/** What MCNT can count, FCS included. */
@inline export const MAX_RECEIVE: u32 = 4095;
/** 20 ms at 10 Mb/s: longer, and the transceiver's jabber timer cuts the frame off. */
@inline export const JABBER_BYTES: u32 = 25000;
