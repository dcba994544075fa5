/**
 * The ext4 file system as far as an image of ours uses it: Documentation/filesystems/ext4 of Linux 6.1. Blocks of 4 KiB, inodes of
 * 256 bytes, extents, no journal, no checksums; flex_bg, so that bitmaps and tables may lie anywhere; sparse_super2 without backups.
 */

export const BLOCK_BYTES = 4096;
/** A bitmap of one block has so many bits. */
export const GROUP_BLOCKS = 8 * BLOCK_BYTES;
export const INODE_BYTES = 256;
export const INODES_A_BLOCK = BLOCK_BYTES / INODE_BYTES;
export const DESCRIPTOR_BYTES = 32;
export const ROOT_INODE = 2;
/** Below it they are reserved; it is lost+found's. */
export const FIRST_INODE = 11;
/** Blocks kept for descriptors: for 512 GiB. */
export const DESCRIPTOR_BLOCKS = 32;
export const SUPERBLOCK_AT = 1024;
export const SUPERBLOCK_BYTES = 1024;
/** Blocks of one extent that has been written. */
export const EXTENT_BLOCKS = 32768;
export const EXTENT_MAGIC = 0xf30a;
export const EXTENT_BYTES = 12;
export const EXTENTS_IN_INODE = 4;
export const EXTENTS_IN_BLOCK = (BLOCK_BYTES - EXTENT_BYTES) / EXTENT_BYTES | 0;
/** i_flags: its blocks are told by extents. */
export const EXTENTS_FLAG = 0x8_0000;
/** i_block, where extents, a short link or a device number stand. */
export const INLINE_AT = 40;
export const INLINE_BYTES = 60;

/** Offsets in the superblock, and what stands there whatever is in the image. */
export const Superblock = {
  inodes: 0, blocks: 4, freeBlocks: 12, freeInodes: 16, logBlock: 24, logCluster: 28, groupBlocks: 32, groupClusters: 36, groupInodes: 40, writtenAt: 48,
  maxMounts: 54, magic: 56, state: 58, errors: 60, creator: 72, revision: 76, firstInode: 84, inodeBytes: 88, compatible: 92, incompatible: 96, readOnlyCompatible: 100,
  uuid: 104, name: 120, madeAt: 264, minExtra: 348, wantExtra: 350, logFlex: 372,
} as const;
export const MAGIC = 0xef53;
/** Cleanly unmounted. */
export const CLEAN = 1;
/** After an error go on. */
export const CONTINUE = 1;
/** Inode sizes and features are told. */
export const DYNAMIC = 1;
export const SPARSE_SUPER2 = 0x200;
/** filetype, extents, flex_bg. */
export const INCOMPATIBLE = 0x2 | 0x40 | 0x200;
/** large_file, dir_nlink, extra_isize. */
export const READ_ONLY_COMPATIBLE = 0x2 | 0x20 | 0x40;
export const EXTRA_BYTES = 32;
/** Groups that share metadata, as a power of two: as many as there are descriptors. */
export const LOG_FLEX = 12;

/** Offsets in a group's descriptor. */
export const Group = { blockBitmap: 0, inodeBitmap: 4, inodeTable: 8, freeBlocks: 12, freeInodes: 14, directories: 16 } as const;
/** Offsets in an inode. */
export const Inode = {
  mode: 0, user: 2, bytes: 4, accessed: 8, changed: 12, modified: 16, group: 24, links: 26, sectors: 28, flags: 32, bytesHigh: 108, userHigh: 120, groupHigh: 122, extra: 128,
} as const;
