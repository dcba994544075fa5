// The host's door to the trace (base/trace.ts). Between runs.

export { placeTrace, traceBytes } from "../base/trace";
