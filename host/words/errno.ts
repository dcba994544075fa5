/** What the system's error codes mean to somebody who typed a command line. */

const MEANING: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file', EISDIR: 'it is a folder', ENOTDIR: 'part of its path is no folder', EACCES: 'permission denied', EPERM: 'not permitted',
  EROFS: 'the file system is read-only', ENOSPC: 'the disk is full', EMFILE: 'too many files are open', ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links go in a circle', EEXIST: 'it is there already', EBUSY: 'it is in use', ETXTBSY: 'it is being executed', ENXIO: 'nobody is at its other end',
  EADDRINUSE: 'the address is in use already', EADDRNOTAVAIL: 'this host has no such address', ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the other end reset the connection', ETIMEDOUT: 'no answer came', EHOSTUNREACH: 'the host cannot be reached', ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'there is no host of that name', EAI_AGAIN: 'names cannot be looked up now', EINVAL: 'the system does not take it', ENOTSUP: 'the system cannot do it',
  EPIPE: 'the other end has gone', ENOTEMPTY: 'it is not empty', EIO: 'the device failed',
};

/** The code in words; the code itself where there are none. */
export function meaningOf(code: string): string {
  return MEANING[code] ?? code;
}

/** `(E..): ..., copyfile '/x' -> '/y'`: what cannot be is the second. */
const OF_COPY = /(E[A-Z_]{2,}): [^,'"]*, (?:copyfile|rename|link|symlink) '[^']*' -> '([^']*)'/g;
const SYSTEM_CALL = '(?:open|listen|connect|bind|read|write|stat|lstat|mkdir|scandir|access|ftruncate|copyfile|rename|unlink|rmdir|getaddrinfo)';
/** As Node writes them: `EACCES: permission denied, open '/x'`, `listen EADDRINUSE: address already in use 127.0.0.1:80`, `connect ECONNREFUSED 127.0.0.1:1`. */
const OF_FILE = new RegExp(`(E[A-Z_]{2,}): [^,'"]*, ${SYSTEM_CALL} '([^']*)'`, 'g');
const OF_OPEN_FILE = new RegExp(`(E[A-Z_]{2,}): [^,'"]*, (?:${SYSTEM_CALL}|fsync|close)(?![a-z '])`, 'g');
const OF_SOCKET = new RegExp(`${SYSTEM_CALL} (E[A-Z_]{2,})(?:: [a-z ]*[a-z])?(?: ([^ ]+))?`, 'g');

/** A message without codes: those in it are put into words. */
export function withoutCodes(message: string): string {
  const ofPath = (whole: string, code: string, path: string): string => (MEANING[code] === undefined ? whole : `${path}: ${MEANING[code]}`);
  return message
    .replace(OF_COPY, ofPath)
    .replace(OF_FILE, ofPath)
    .replace(OF_OPEN_FILE, (whole, code: string) => MEANING[code] ?? whole)
    .replace(OF_SOCKET, (whole, code: string, place?: string) => (MEANING[code] === undefined ? whole : `${MEANING[code]}${place === undefined ? '' : ` (${place.replace(/[.,;]$/, '')})`}`))
    .replace(/\bE[A-Z_]{3,}\b/g, meaningOf);
}
