// The lane operations of MMX and SSE to SSE4.2: one name for each thing that vectorOp (vector.ts) can do with two
// 128-bit words and an immediate. Intel SDM vol. 2. `a` is the destination's old value, `b` the source.
// Scalars travel in the low lane, zero-extended. An operation that writes flags answers with them in RFLAGS places.

export const enum V {
  // Whole words
  AND, ANDN, OR, XOR,
  /** a's upper part with b's low 32 or 64 bits; b's low bits with zeroes above. */
  MERGE32, MERGE64, LOW32, LOW64,
  /** b itself. */
  COPY,

  // Packed integers (sse-integer.ts)
  PADDB, PADDW, PADDD, PADDQ, PSUBB, PSUBW, PSUBD, PSUBQ,
  PADDSB, PADDSW, PADDUSB, PADDUSW, PSUBSB, PSUBSW, PSUBUSB, PSUBUSW,
  PMULLW, PMULLD, PMULHW, PMULHUW, PMULHRSW, PMADDWD, PMADDUBSW, PMULUDQ, PMULDQ, PSADBW,
  PAVGB, PAVGW,
  PMINUB, PMINUW, PMINUD, PMINSB, PMINSW, PMINSD, PMAXUB, PMAXUW, PMAXUD, PMAXSB, PMAXSW, PMAXSD,
  PCMPEQB, PCMPEQW, PCMPEQD, PCMPEQQ, PCMPGTB, PCMPGTW, PCMPGTD, PCMPGTQ,
  /** Shifts: the count is b's low 64 bits. */
  PSLLW, PSLLD, PSLLQ, PSRLW, PSRLD, PSRLQ, PSRAW, PSRAD,
  /** Shifts of the whole register by imm bytes. */
  PSLLDQ, PSRLDQ,
  PABSB, PABSW, PABSD, PSIGNB, PSIGNW, PSIGND,
  PHADDW, PHADDD, PHADDSW, PHSUBW, PHSUBD, PHSUBSW,
  /** Each lane of b filled with its sign: the mask of the variable blends. */
  SIGNB, SIGND, SIGNQ,
  PHMINPOSUW, MPSADBW,
  INTEGER_END,

  // Moving lanes about (sse-shuffle.ts)
  PACKSSWB = 128, PACKUSWB, PACKSSDW, PACKUSDW,
  PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ, PUNPCKLQDQ, PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ, PUNPCKHQDQ,
  PSHUFB, PSHUFW, PSHUFD, PSHUFLW, PSHUFHW, SHUFPS, SHUFPD, PALIGNR,
  BLENDPS, BLENDPD, PBLENDW,
  /** b's high half to the low half; b's low half to the high half. The other half is a's. */
  MOVHLPS, MOVLHPS,
  MOVDDUP, MOVSLDUP, MOVSHDUP,
  PMOVSXBW, PMOVSXBD, PMOVSXBQ, PMOVSXWD, PMOVSXWQ, PMOVSXDQ,
  PMOVZXBW, PMOVZXBD, PMOVZXBQ, PMOVZXWD, PMOVZXWQ, PMOVZXDQ,
  INSERTPS, PINSRB, PINSRW, PINSRD, PINSRQ, PEXTRB, PEXTRW, PEXTRD, PEXTRQ,
  PMOVMSKB, MOVMSKPS, MOVMSKPD,
  /** Flags of PTEST. */
  PTEST,
  SHUFFLE_END,

  // Floating point (sse-float.ts). The low two bits are the form: F.PS, F.PD, F.SS, F.SD.
  ADD = 192, SUB = 196, MUL = 200, DIV = 204, MIN = 208, MAX = 212, SQRT = 216, CMP = 220,
  /** imm as ROUNDPS has it. */
  ROUND = 224,
  ADDSUB = 228, HADD = 232, HSUB = 236, DP = 240, RCP = 244, RSQRT = 248,
  /** Flags of COMISS and UCOMISS: only the scalar forms. */
  COMI = 252, UCOMI = 256,
  FLOAT_END = 260,

  // Conversions (sse-convert.ts)
  CVTPS2PD = 260, CVTPD2PS, CVTSS2SD, CVTSD2SS,
  CVTDQ2PS, CVTDQ2PD, CVTPI2PS, CVTPS2DQ, CVTTPS2DQ, CVTPS2PI, CVTTPS2PI, CVTPD2DQ, CVTTPD2DQ,
  CVTSI2SS, CVTSI2SD, CVTSQ2SS, CVTSQ2SD,
  CVTSS2SI, CVTSD2SI, CVTSS2SQ, CVTSD2SQ, CVTTSS2SI, CVTTSD2SI, CVTTSS2SQ, CVTTSD2SQ,
  CONVERT_END,

  // Strings and checksums (sse-string.ts)
  /** imm is the instruction's: ECX, XMM0 and the flags that it gives. */
  PCMPISTRI = 288, PCMPISTRM, PCMPISTR_FLAGS,
  /** a = old checksum, b = data, imm = data bytes. */
  CRC32,
  STRING_END,

  /** Added to a kind: the 64-bit (MMX) form. The upper half of the result is zero. */
  MMX = 512,
}

/** Forms of a floating-point operation, numbered as the prefixes none, 66, F3, F2 select them. */
export const enum F { PS, PD, SS, SD }
