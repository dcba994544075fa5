/** Sizes of the frames between a guest's agent and the host (host/guest/protocol.ts): apart from the program that carries them, which whoever reads frames does not need. */

/** `KIIIIIIILLLLLLL` and a line feed: kind, command, bytes that follow. */
export const FRAME_HEAD_BYTES = 16;
export const FRAME_BYTES = 32 * 1024;
export const FRAME_DATA_BYTES = FRAME_BYTES - FRAME_HEAD_BYTES;
