/** What is wrong inside a packed stream or an archive; the caller knows the file and adds it. */
export class StreamError extends Error {
  override readonly name: string = 'StreamError';
}
