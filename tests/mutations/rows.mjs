// Rules that a working system hardly needs, each broken in one place, and the test that must notice.
//
//   rule      what is broken, and where it stands
//   file      the source, below the project's root
//   from, to  the text, which must be there once, and what it becomes
//   test      the file of tests; `named`: the start of the name of a test in it that must fail
//   module    true: assembly/ is changed, so that the module is built again (the kind that the test loads)

const NET = "host/net/nat/tcp";
const RULES = "tests/unit/net/tcp-rules.test.ts";
const FLOWS = "tests/unit/net/flows.test.ts";

export const rows = [
  {
    rule: "Karn: what is sent again is not timed",
    file: `${NET}/sender.ts`,
    from: "if (!again) this.timed ??= { seq: end, at: now };",
    to: "this.timed ??= { seq: end, at: now };",
    test: RULES,
    named: "Karn’s rule (RFC 6298, 3): what was sent twice is not timed nor is one that carries old bytes and new",
  },
  {
    rule: "Karn: sending again ends the timing",
    file: `${NET}/sender.ts`,
    from: "if (again && this.timed) this.timed = undefined;",
    to: "",
    test: RULES,
    named: "Karn’s rule (RFC 6298, 3): what was sent twice is not timed nor is one that the third duplicate",
  },
  {
    rule: "Karn: the time-out stays backed off",
    file: `${NET}/congestion.ts`,
    from: "this.rto = Math.min(MAX_RTO, this.rto * 2);",
    to: "",
    test: RULES,
    named: "Karn’s rule (RFC 6298, 3): what was sent twice is not timed after a time-out it is not, and the time-out stays backed off",
  },
  {
    rule: "older window: an overtaken segment",
    file: `${NET}/sender.ts`,
    from: "if (seqDiff(seq, this.windowSeq) < 0) return;",
    to: "",
    test: RULES,
    named: "an older window (RFC 9293, 3.10.7.4) does not come back with a segment that was overtaken",
  },
  {
    rule: "older window: an older acknowledgement",
    file: `${NET}/sender.ts`,
    from: "if (advance >= 0) this.updateWindow",
    to: "this.updateWindow",
    test: RULES,
    named: "an older window (RFC 9293, 3.10.7.4) nor one that is newer but acknowledges less",
  },
  {
    rule: "zero-window probes: there are any",
    file: `${NET}/flow.ts`,
    from: "?? (this.probeDue && this.sender.waits ? this.sender.probe(limit) : undefined)",
    to: "",
    test: RULES,
    named: "a shut window (RFC 9293, 3.8.6.1) is asked about with one byte",
  },
  {
    rule: "zero-window probes: of one byte",
    file: `${NET}/sender.ts`,
    from: "this.mss, Math.max(1, this.window))",
    to: "this.mss)",
    test: RULES,
    named: "a shut window (RFC 9293, 3.8.6.1) is asked about with one byte",
  },
  {
    rule: "zero-window probes: for as long as they are answered",
    file: `${NET}/sender.ts`,
    from: "if (this.window === 0) this.retries = 0;",
    to: "",
    test: RULES,
    named: "a shut window (RFC 9293, 3.8.6.1) is asked about with one byte",
  },
  {
    rule: "zero-window probes: no longer than that",
    file: `${NET}/flow.ts`,
    from: "if (this.sender.retries >= (opening ? SYN_RETRIES : RETRIES)) return this.fail('ETIMEDOUT');",
    to: "",
    test: RULES,
    named: "a shut window (RFC 9293, 3.8.6.1) of a guest that does not answer ends the connection",
  },
  {
    rule: "zero-window probes: the timer runs while the window holds bytes back",
    file: `${NET}/sender.ts`,
    from: "return this.inFlight > 0 || (!this.finAcked && (this.buffer.length > 0 || this.ended));",
    to: "return this.inFlight > 0;",
    test: RULES,
    named: "a shut window (RFC 9293, 3.8.6.1) is asked about with one byte",
  },
  {
    rule: "zero-window probes: what they carried goes again",
    file: `${NET}/sender.ts`,
    from: "if (this.window === 0 && window > 0) this.nxt = this.una;",
    to: "",
    test: RULES,
    named: "a shut window (RFC 9293, 3.8.6.1) is asked about with one byte",
  },
  {
    rule: "silly window: no small segments while more waits",
    file: `${NET}/sender.ts`,
    from: "return length >= this.widest / 2 && length >= 1 ? length : 0;",
    to: "return length >= 1 ? length : 0;",
    test: RULES,
    named: "a silly window (RFC 9293, 3.8.6.2) of the guest’s gets no small segments",
  },
  {
    rule: "silly window: half of the widest window, not of this one",
    file: `${NET}/sender.ts`,
    from: "this.widest = Math.max(widest, window);",
    to: "",
    test: RULES,
    named: "a silly window (RFC 9293, 3.8.6.2) of the guest’s gets no small segments",
  },
  {
    rule: "silly window: a window that is always small is used",
    file: `${NET}/sender.ts`,
    from: "return length >= this.widest / 2 && length >= 1 ? length : 0;",
    to: "return 0;",
    test: RULES,
    named: "a silly window (RFC 9293, 3.8.6.2) of a guest whose window is always small is filled by half",
  },
  {
    rule: "silly window: ours does not grow by little",
    file: `${NET}/receiver.ts`,
    from: "if (limit - before < Math.min(this.most / 2, mss)) return false;",
    to: "if (limit < before) return false;",
    test: RULES,
    named: "a silly window (RFC 9293, 3.8.6.2) of ours stays shut until the host’s socket has room for a segment",
  },
  {
    rule: "silly window: half of the largest of ours, not of this one",
    file: `${NET}/receiver.ts`,
    from: "Math.min(this.most / 2, mss)",
    to: "Math.min(limit / 2, mss)",
    test: RULES,
    named: "a silly window (RFC 9293, 3.8.6.2) of ours is never offered",
  },
  {
    rule: "memory: small pieces are gathered",
    file: "host/net/block.ts",
    from: "if (length > MOST_BYTES) return false;",
    to: "return false;",
    test: "tests/unit/net/queues.test.ts",
    named: "bytes that wait hold at most twice what is counted",
  },
  {
    rule: "memory: what an array costs is counted",
    file: "host/net/block.ts",
    from: "PIECE_COST = 256",
    to: "PIECE_COST = 0",
    test: "tests/unit/net/queues.test.ts",
    named: "frames that wait hold at most twice their bound",
  },
  {
    rule: "work: a full table looks at one connection",
    file: `${NET}/share.ts`,
    from: "if (flow.lastActive === known) return known < since ? flow : undefined;",
    to: "if (flow.lastActive === known && known < since) return flow;",
    test: FLOWS,
    named: "thousands of connections a frame costs the same with 8192 of them that opens one more",
  },
  {
    rule: "shares: a forwarded port has its own",
    file: "host/net/nat/forward.ts",
    from: "this.gatewayFor(guest), undefined, share)",
    to: "this.gatewayFor(guest))",
    test: FLOWS,
    named: "thousands of connections those into a forwarded port leave",
  },
];
