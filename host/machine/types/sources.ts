/** Where bytes come from: files, input of commands, what a guest is given. */

import type { Bytes } from '../../bytes/view.js';

/** A file given by path (in a page: by address, relative to the page), by URL (`file:`, `http:`, `https:`, `data:`, `blob:`), or by content. */
export type FileSource = string | URL | Blob | Bytes;

/**
 * What a command reads. Chunks that come as they come (not with `worker`) make the run depend on when they come; while the
 * command waits for the next one, idle time follows the wall.
 */
export type InputSource = string | Bytes | AsyncIterable<Uint8Array>;

/** What is put into a prepared guest's initramfs: a file or folder by path, or a file by its content. */
export type AddedFile =
  | {
      /** Path on this machine. */
      host: string;
      /** Absolute path in the guest; with a slash at its end, a folder that it goes into. Default `/`. */
      guest?: string;
    }
  | {
      content: string | Bytes;
      /** Absolute path in the guest. */
      guest: string;
      /** Permission bits; default 0o644. */
      mode?: number;
    };

/** A file for a multiboot kernel, with the text that it finds beside it; default the file's path. */
export interface ModuleSource {
  file: FileSource;
  text?: string;
}
