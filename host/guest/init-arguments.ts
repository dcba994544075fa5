/** What of a guest's start the kernel command line decides. */

/** On the kernel command line of an imported guest: start our init, not the one it brings. */
export const IMPORTED_INIT_ARGUMENT = 'rdinit=/pintail/init';
/** Where the root file system is on a disk, which `root=` names. */
export const ROOT_INIT_ARGUMENT = 'rdinit=/pintail/root';
/** In the initial file system: what is to be put into that root, from its top. */
export const ADDED_FOLDER = 'pintail/added';

/** The command line names a disk with the root file system. */
export const namesRoot = (append: string): boolean => /(?:^| )root=\S/.test(append);
