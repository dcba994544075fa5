/** Paths of the guest. */

import { GuestError } from './errors.js';

/** The path, where it leads nowhere but down. */
export function checkGuestPath(guest: string): string {
  if (guest.split('/').includes('..')) throw new GuestError(`The guest path ${guest} has ".." in it`, 'Write it without.');
  return guest;
}

/** An absolute path as archives have it. */
export function relativePath(path: string): string {
  return path.split('/').filter((part) => part !== '' && part !== '.').join('/');
}
